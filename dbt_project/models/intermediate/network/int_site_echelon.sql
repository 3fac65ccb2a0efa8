with recursive sites as (
    select
        site_id,
        site_kind = 'store' as meets_demand
    from {{ ref("int_site") }}
    where is_open
),

-- What a store ships (lateral lanes, returns) never raises it, so only other origins count.
downward as (
    select distinct
        lanes.origin_id,
        lanes.destination_id
    from {{ ref("int_lane") }} as lanes
    inner join sites on lanes.origin_id = sites.site_id
    where not sites.meets_demand
),

reaches as (
    select
        origin_id,
        destination_id
    from downward
    union
    select
        reaches.origin_id,
        downward.destination_id
    from reaches
    inner join downward on reaches.destination_id = downward.origin_id
),

-- Without the lanes that lie on a cycle no path is endless, so the recursion below ends.
acyclic as (
    select
        downward.origin_id,
        downward.destination_id
    from downward
    left join reaches
        on
            downward.destination_id = reaches.origin_id
            and downward.origin_id = reaches.destination_id
    where reaches.origin_id is null
),

levels as (
    select
        site_id,
        if(meets_demand, 0, 1) as echelon
    from sites
    union
    select
        acyclic.origin_id as site_id,
        levels.echelon + 1 as echelon
    from levels
    inner join acyclic on levels.site_id = acyclic.destination_id
),

final as (
    select
        site_id,
        cast(max(echelon) as bigint) as echelon
    from levels
    group by site_id
)

select * from final
