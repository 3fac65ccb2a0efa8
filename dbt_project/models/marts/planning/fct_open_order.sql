with open_lines as (
    select * from {{ ref("int_open_line") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        receipt_kind || '/' || line_id as observation_id,
        receipt_kind,
        source_id,
        site_id,
        mode,
        item_id,
        started_date,
        case when promised_date >= started_date then promised_date - started_date end as quoted_days,
        open_units
    from open_lines
    where
        not is_given_up
        and started_date < {{ plan_date() }}
        and {{ after_the_gate() }}
)

select * from final
