with source as (
    select * from {{ ref("int_sourcing") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        item_id,
        supplier_id,
        site_id,
        unit_cost,
        minimum_order_units,
        order_multiple_units,
        quoted_lead_time_days,
        minimum_order_amount,
        capacity_units_per_day,
        supplier_capacity_units_per_day,
        minimum_document_units
    from source
    where {{ after_the_gate() }}
)

select * from final
