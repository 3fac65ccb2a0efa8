with source as (
    select * from {{ source("tms", "shipments") }}
),

final as (
    select
        cast(shipment_id as varchar) as shipment_id,
        cast(line_number as bigint) as line_number,
        cast(item_id as varchar) as item_id,
        cast(origin_id as varchar) as origin_id,
        cast(destination_id as varchar) as destination_id,
        cast(mode as varchar) as mode,
        cast(shipped_units as bigint) as shipped_units,
        cast(departed_date as date) as departed_date,
        cast(expected_date as date) as expected_date,
        cast(arrived_date as date) as arrived_date,
        cast(status as varchar) as status,
        cast(order_reference as varchar) as order_reference,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
