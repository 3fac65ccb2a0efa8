with source as (
    select * from {{ source("demand", "sales") }}
),

final as (
    select
        cast(site_id as varchar) as site_id,
        cast(item_id as varchar) as item_id,
        cast(sales_date as date) as sales_date,
        cast(sold_units as bigint) as sold_units,
        cast(in_stock_share as double) as in_stock_share,
        cast(unit_price as decimal(18, 4)) as unit_price,
        cast(is_promoted as boolean) as is_promoted,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
