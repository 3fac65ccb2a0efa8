with latest as (
    {{ latest_snapshot(ref("stg_tms__lanes"), ["origin_id", "destination_id", "mode"]) }}
),

open_sites as (
    select * from {{ ref("int_site") }} where is_open
),

-- A lane to nowhere, or from a site to itself, cannot be used.
final as (
    select
        latest.origin_id,
        latest.destination_id,
        latest.mode,
        latest.fixed_cost_per_departure,
        latest.cost_per_kg,
        latest.cost_per_m3,
        latest.cost_per_unit,
        latest.capacity_kg,
        coalesce(latest.departure_days, '') as departure_days,
        latest.quoted_transit_days,
        latest.capacity_m3,
        latest.truck_kg,
        latest.truck_m3,
        latest.batch_id
    from latest
    inner join open_sites as origins on latest.origin_id = origins.site_id
    inner join open_sites as destinations on latest.destination_id = destinations.site_id
    where latest.is_allowed and latest.origin_id <> latest.destination_id
)

select * from final
