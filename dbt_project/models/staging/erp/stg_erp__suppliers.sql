with source as (
    select * from {{ source("erp", "suppliers") }}
),

final as (
    select
        cast(supplier_id as varchar) as supplier_id,
        cast(supplier_name as varchar) as supplier_name,
        cast(country as varchar) as country,
        cast(capacity_units_per_day as bigint) as capacity_units_per_day,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
