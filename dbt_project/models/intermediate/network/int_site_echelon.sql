with recursive sites as (
    select
        site_id,
        site_kind = 'store' as meets_demand,
        case site_kind when 'supply_dc' then 2 when 'store' then 0 else 1 end as kind_rank
    from {{ ref("int_site") }}
    where is_open
),

-- What a store ships (lateral lanes, returns) never raises it, so only other origins count.
downward as (
    select distinct
        lanes.origin_id,
        lanes.destination_id,
        origins.kind_rank > destinations.kind_rank as leads_down
    from {{ ref("int_lane") }} as lanes
    inner join sites as origins on lanes.origin_id = origins.site_id
    inner join sites as destinations on lanes.destination_id = destinations.site_id
    where not origins.meets_demand
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

-- Of a cycle only the lanes that lead down in kind are supply; the others are help between equals or
-- returns. No cycle leads down all the way, so no path is endless and the recursion below ends.
served as (
    select
        downward.origin_id,
        downward.destination_id
    from downward
    left join reaches
        on
            downward.destination_id = reaches.origin_id
            and downward.origin_id = reaches.destination_id
    where reaches.origin_id is null or downward.leads_down
),

levels as (
    select
        site_id,
        if(meets_demand, 0, 1) as echelon
    from sites
    union
    select
        served.origin_id as site_id,
        levels.echelon + 1 as echelon
    from levels
    inner join served on levels.site_id = served.destination_id
),

final as (
    select
        site_id,
        cast(max(echelon) as bigint) as echelon
    from levels
    group by site_id
)

select * from final
