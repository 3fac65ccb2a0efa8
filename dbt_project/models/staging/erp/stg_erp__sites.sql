with source as (
    select * from {{ source("erp", "sites") }}
),

final as (
    select
        cast(site_id as varchar) as site_id,
        cast(site_name as varchar) as site_name,
        cast(site_kind as varchar) as site_kind,
        cast(region as varchar) as region,
        cast(timezone as varchar) as timezone,
        cast(is_open as boolean) as is_open,
        cast(storage_m3 as double) as storage_m3,
        cast(dock_in_units_per_day as bigint) as dock_in_units_per_day,
        cast(dock_out_units_per_day as bigint) as dock_out_units_per_day,
        cast(documents_per_day as bigint) as documents_per_day,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
