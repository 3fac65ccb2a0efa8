with source as (
    select * from {{ source("erp", "items") }}
),

final as (
    select
        cast(item_id as varchar) as item_id,
        cast(description as varchar) as description,
        cast(category as varchar) as category,
        cast(base_unit as varchar) as base_unit,
        cast(unit_cost as decimal(18, 4)) as unit_cost,
        cast(unit_price as decimal(18, 4)) as unit_price,
        cast(weight_kg_per_unit as double) as weight_kg_per_unit,
        cast(volume_m3_per_unit as double) as volume_m3_per_unit,
        cast(shelf_life_days as bigint) as shelf_life_days,
        cast(is_sensitive as boolean) as is_sensitive,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
