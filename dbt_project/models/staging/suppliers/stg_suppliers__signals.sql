with source as (
    select * from {{ source("suppliers", "signals") }}
),

final as (
    select
        cast(supplier_id as varchar) as supplier_id,
        cast(item_id as varchar) as item_id,
        cast(signal_date as date) as signal_date,
        cast(capacity_units_per_day as bigint) as capacity_units_per_day,
        cast(confirmed_date as date) as confirmed_date,
        cast(reliability_share as double) as reliability_share,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
