with source as (
    select * from {{ source("erp", "sourcing") }}
),

final as (
    select
        cast(item_id as varchar) as item_id,
        cast(supplier_id as varchar) as supplier_id,
        cast(site_id as varchar) as site_id,
        cast(unit_cost as decimal(18, 4)) as unit_cost,
        cast(minimum_order_units as bigint) as minimum_order_units,
        cast(order_multiple_units as bigint) as order_multiple_units,
        cast(quoted_lead_time_days as bigint) as quoted_lead_time_days,
        cast(minimum_order_amount as decimal(18, 4)) as minimum_order_amount,
        cast(capacity_units_per_day as bigint) as capacity_units_per_day,
        cast(minimum_document_units as bigint) as minimum_document_units,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
