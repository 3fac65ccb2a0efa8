with supply as (
    select * from {{ ref("int_supply") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        item_id,
        site_id,
        expected_date,
        receipt_kind,
        source_id,
        cast(sum(open_units) as bigint) as receipt_units,
        bool_or(is_late) as is_late
    from supply
    where {{ after_the_gate() }}
    group by item_id, site_id, expected_date, receipt_kind, source_id
)

select * from final
