-- Rows of the latest batches that could not be used: two rows of one key that differ, and the items and
-- sites whose stock is unknown because their row was refused.
with latest as (
    select feed, max(business_date) as latest_date from known_batches where status = 'accepted' group by feed
),

refused as (
    select quarantine.feed, quarantine.reason,
        json_extract_string(try_cast(quarantine.payload as json), '$.site_id') as site_id,
        json_extract_string(try_cast(quarantine.payload as json), '$.item_id') as item_id
    from raw.quarantine as quarantine
    join known_batches on known_batches.batch_id = quarantine.batch_id and known_batches.status = 'accepted'
    join latest on latest.feed = known_batches.feed and latest.latest_date = known_batches.business_date
    -- Rows of a history become known one by one.
    where quarantine._available_at <= getvariable('cutoff')
),

final as (
    select refused.feed, '' as site_id, '' as item_id,
        count(*) as conflicting_rows,
        -- One id that stands twice is one item to hold, however short the master is.
        case when count(distinct coalesce(refused.item_id, refused.site_id)) > 1
            then count(*) / nullif(any_value(rules.sent_rows), 0) end as conflicting_share,
        cast(null as bigint) as refused_rows
    from refused join (
        select known_batches.feed, sum(row_count) as sent_rows
        from known_batches join latest
            on latest.feed = known_batches.feed and latest.latest_date = known_batches.business_date
        where status = 'accepted' group by known_batches.feed
    ) as rules on rules.feed = refused.feed
    where refused.reason like '%which differs%'
    group by refused.feed

    union all

    select 'erp_items', '', item_id, count(*), null, null
    from refused
    where feed = 'erp_items' and item_id is not null and reason like '%which differs%'
    group by item_id

    union all

    select 'wms_inventory', refused.site_id, refused.item_id, null, null, count(*)
    from refused
    join known_sites on known_sites.site_id = refused.site_id
    join known_items on known_items.item_id = refused.item_id
    where refused.feed = 'wms_inventory'
    group by refused.site_id, refused.item_id
)

select * from final
