with source as (
    select * from {{ ref("int_lane") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        origin_id,
        destination_id,
        mode,
        fixed_cost_per_departure,
        cost_per_kg,
        cost_per_m3,
        cost_per_unit,
        capacity_kg,
        departure_days,
        quoted_transit_days,
        capacity_m3,
        truck_kg,
        truck_m3
    from source
    where {{ after_the_gate() }}
)

select * from final
