-- One row per item and site whose latest count stands out: negative, or out of scale with what was
-- counted, sold and received before (a unit of measure); and one per site where many items do.
with latest as (select site_id, max(business_date) as latest_date from site_counts group by site_id),

counts as (
    select rows.site_id, rows.item_id, site_counts.business_date,
        sum(rows.on_hand_units) as units,
        sum(least(rows.on_hand_units, 0)) as negative_units
    from site_counts
    join latest on latest.site_id = site_counts.site_id and site_counts.business_date >= latest.latest_date - 28
    join known_wms_inventory as rows
        on rows._batch_id = site_counts.batch_id and rows.site_id = site_counts.site_id
    group by rows.site_id, rows.item_id, site_counts.business_date
),

now as (
    select counts.* from counts join latest
        on latest.site_id = counts.site_id and latest.latest_date = counts.business_date
),

before as (
    select counts.site_id, counts.item_id, median(counts.units) as median_units,
        min(counts.business_date) as first_date,
        arg_min(counts.units, counts.business_date) as first_units
    from counts join latest on latest.site_id = counts.site_id and counts.business_date < latest.latest_date
    group by counts.site_id, counts.item_id
),

moved as (
    select site_id, item_id, sales_date as moved_date, -sold_units as units from recent_sales
    union all
    select site_id, item_id, received_date, received_units from latest_purchase_orders
    where received_date is not null
    union all
    select destination_id, item_id, arrived_date, shipped_units from latest_shipments
    where arrived_date is not null
    union all
    select origin_id, item_id, departed_date, -shipped_units from latest_shipments
),

candidates as (
    select now.site_id, now.item_id, now.business_date, now.units,
        before.median_units, before.first_units, before.first_date
    from now join before on before.site_id = now.site_id and before.item_id = now.item_id
    where now.units >= 6 * greatest(before.median_units, 1) and now.units >= 24
        or now.units >= 1 and 6 * now.units <= before.median_units and before.median_units >= 24
),

rolled as (
    -- What the first count of the window says must be there now.
    select candidates.site_id, candidates.item_id,
        any_value(candidates.units) as units,
        any_value(candidates.median_units) as median_units,
        any_value(candidates.first_units) + coalesce(sum(moved.units), 0) as expected_units
    from candidates
    left join moved on moved.site_id = candidates.site_id and moved.item_id = candidates.item_id
        and moved.moved_date > candidates.first_date and moved.moved_date <= candidates.business_date
    group by candidates.site_id, candidates.item_id
),

factors as (
    select site_id, item_id, units,
        case
            when units > median_units then units / greatest(expected_units, median_units, 1)
            when least(expected_units, median_units) >= 24 then least(expected_units, median_units) / units
        end as factor
    from rolled
),

shares as (
    -- Items with enough units, now or before, for a dozen to be told from one.
    select now.site_id,
        count(*) filter (greatest(now.units, before.median_units) >= 24) as judged_items,
        count(*) filter (factors.factor >= 8) as jumped_items
    from now
    join before on before.site_id = now.site_id and before.item_id = now.item_id
    left join factors on factors.site_id = now.site_id and factors.item_id = now.item_id
    group by now.site_id
),

receipts as (
    select (select count(*) from latest_purchase_orders) + (select count(*) from latest_shipments) as known
),

jumps as (
    -- Without receipts a full shelf looks like a jump; then only a site as a whole can tell.
    select factors.site_id, factors.item_id, factors.factor
    from factors cross join receipts
    where factors.factor >= 8 and receipts.known > 0
),

final as (
    select 'wms_inventory' as feed, now.site_id, now.item_id,
        nullif(-now.negative_units, 0) as negative_units,
        jumps.factor as unit_jump_factor
    from now left join jumps on jumps.site_id = now.site_id and jumps.item_id = now.item_id
    where now.negative_units < 0 or jumps.factor is not null

    union all by name

    select 'wms_inventory' as feed, site_id, '' as item_id,
        case when jumped_items >= 3 then jumped_items / judged_items end as unit_jump_share,
        jumped_items as unit_jump_items
    from shares
    where jumped_items > 0
)

select * from final
