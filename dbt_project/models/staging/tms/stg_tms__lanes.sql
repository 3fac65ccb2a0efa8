with source as (
    select * from {{ source("tms", "lanes") }}
),

final as (
    select
        cast(origin_id as varchar) as origin_id,
        cast(destination_id as varchar) as destination_id,
        cast(mode as varchar) as mode,
        cast(fixed_cost_per_departure as decimal(18, 4)) as fixed_cost_per_departure,
        cast(cost_per_kg as decimal(18, 4)) as cost_per_kg,
        cast(cost_per_m3 as decimal(18, 4)) as cost_per_m3,
        cast(cost_per_unit as decimal(18, 4)) as cost_per_unit,
        cast(capacity_kg as double) as capacity_kg,
        cast(departure_days as varchar) as departure_days,
        cast(quoted_transit_days as bigint) as quoted_transit_days,
        cast(is_allowed as boolean) as is_allowed,
        cast(capacity_m3 as double) as capacity_m3,
        cast(truck_kg as double) as truck_kg,
        cast(truck_m3 as double) as truck_m3,
        cast(_batch_id as varchar) as batch_id,
        cast(_row_number as bigint) as batch_row,
        cast(_business_date as date) as business_date,
        cast(_available_at as timestamp) as available_at,
        cast(_landed_at as timestamp) as landed_at
    from source
)

select * from final
