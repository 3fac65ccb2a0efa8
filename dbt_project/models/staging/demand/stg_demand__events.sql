with source as (
    select * from {{ source("demand", "events") }}
),

final as (
    select
        cast(event_id as varchar) as event_id,
        cast(event_name as varchar) as event_name,
        cast(event_kind as varchar) as event_kind,
        cast(region as varchar) as region,
        cast(start_date as date) as start_date,
        cast(end_date as date) as end_date,
        cast(item_id as varchar) as item_id,
        cast(site_id as varchar) as site_id,
        cast(unit_price as decimal(18, 4)) as unit_price,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
