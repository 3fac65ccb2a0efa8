with source as (
    select * from {{ source("erp", "item_site_settings") }}
),

final as (
    select
        cast(item_id as varchar) as item_id,
        cast(site_id as varchar) as site_id,
        cast(holding_rate_per_year as double) as holding_rate_per_year,
        cast(shortage_cost_per_unit as decimal(18, 4)) as shortage_cost_per_unit,
        cast(service_target as double) as service_target,
        cast(presentation_minimum_units as bigint) as presentation_minimum_units,
        cast(maximum_units as bigint) as maximum_units,
        cast(review_days as bigint) as review_days,
        cast(lifecycle as varchar) as lifecycle,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
