with source as (
    select * from {{ source("ledger", "commitments") }}
),

final as (
    select
        cast(order_id as varchar) as order_id,
        cast(line_number as bigint) as line_number,
        cast(kind as varchar) as kind,
        cast(item_id as varchar) as item_id,
        cast(origin_id as varchar) as origin_id,
        cast(destination_id as varchar) as destination_id,
        cast(mode as varchar) as mode,
        cast(accepted_units as bigint) as accepted_units,
        cast(shipped_units as bigint) as shipped_units,
        cast(received_units as bigint) as received_units,
        cast(departure_date as date) as departure_date,
        cast(arrival_date as date) as arrival_date,
        cast(value_amount as decimal(18, 4)) as value_amount,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
