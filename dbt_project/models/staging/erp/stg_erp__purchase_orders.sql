with source as (
    select * from {{ source("erp", "purchase_orders") }}
),

final as (
    select
        cast(purchase_order_id as varchar) as purchase_order_id,
        cast(line_number as bigint) as line_number,
        cast(item_id as varchar) as item_id,
        cast(supplier_id as varchar) as supplier_id,
        cast(site_id as varchar) as site_id,
        cast(ordered_units as bigint) as ordered_units,
        cast(received_units as bigint) as received_units,
        cast(ordered_date as date) as ordered_date,
        cast(promised_date as date) as promised_date,
        cast(received_date as date) as received_date,
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
