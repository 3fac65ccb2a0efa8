with open_lines as (
    select * from {{ ref("int_open_line") }}
),

final as (
    select
        line_id,
        receipt_kind,
        item_id,
        site_id,
        source_id,
        open_units,
        greatest(coalesce(promised_date, {{ plan_date() }}), {{ plan_date() }}) as expected_date,
        coalesce(promised_date < {{ plan_date() }}, false) as is_late,
        order_reference,
        is_commitment,
        batch_id
    from open_lines
    where not is_given_up
)

select * from final
