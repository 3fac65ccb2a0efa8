-- One row per item and site whose latest count stands out: negative, or out of scale with what was
-- counted, sold and received before (a unit of measure); and one per site where many items do.
with ranked as (
    select site_id, business_date, batch_id,
        row_number() over (partition by site_id order by business_date desc) as age,
        count(*) over (partition by site_id) as counts,
        max(business_date) over (partition by site_id) as latest_date
    from site_counts
),

compared as (
    -- The latest count and a few older ones: enough to see a jump for weeks, little enough to read.
    select site_id, business_date, batch_id, age, latest_date from ranked
    where business_date >= latest_date - 28 and (age in (1, 4, 8, 15, 22) or age = 2 and counts < 8)
),

counts as (
    select rows.site_id, rows.item_id, compared.age, compared.business_date,
        sum(rows.on_hand_units) as units,
        sum(least(rows.on_hand_units, 0)) as negative_units
    from compared
    join known_wms_inventory as rows
        on rows._batch_id = compared.batch_id and rows.site_id = compared.site_id
        and rows._business_date = compared.business_date
    group by rows.site_id, rows.item_id, compared.age, compared.business_date
),

now as (select * from counts where age = 1),

before as (
    select site_id, item_id, median(units) as median_units,
        min(business_date) as first_date, arg_min(units, business_date) as first_units
    from counts where age > 1
    group by site_id, item_id
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
