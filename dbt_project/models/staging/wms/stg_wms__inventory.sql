with source as (
    select * from {{ source("wms", "inventory") }}
),

final as (
    select
        cast(site_id as varchar) as site_id,
        cast(item_id as varchar) as item_id,
        cast(lot_id as varchar) as lot_id,
        cast(expiry_date as date) as expiry_date,
        cast(on_hand_units as bigint) as on_hand_units,
        cast(reserved_units as bigint) as reserved_units,
        cast(blocked_units as bigint) as blocked_units,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
