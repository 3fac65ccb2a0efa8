with source as (
    select * from {{ source("wms", "stock_movements") }}
),

final as (
    select
        cast(movement_id as varchar) as movement_id,
        cast(site_id as varchar) as site_id,
        cast(item_id as varchar) as item_id,
        cast(movement_date as date) as movement_date,
        cast(movement_kind as varchar) as movement_kind,
        cast(moved_units as bigint) as moved_units,
        cast(reference as varchar) as reference,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
