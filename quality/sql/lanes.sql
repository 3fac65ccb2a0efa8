-- One row: lanes that begin or end where nothing is, or go nowhere.
with final as (
    select 'tms_lanes' as feed, '' as site_id, '' as item_id,
        count(*) filter (origins.site_id is null or destinations.site_id is null) as lanes_to_nowhere,
        count(*) filter (lanes.origin_id = lanes.destination_id) as lanes_to_itself
    from judged_tms_lanes as lanes
    left join known_sites as origins on origins.site_id = lanes.origin_id and origins.is_open
    left join known_sites as destinations on destinations.site_id = lanes.destination_id and destinations.is_open
)

select * from final
