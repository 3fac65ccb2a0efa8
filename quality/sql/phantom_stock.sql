-- One row per item and site that counts stock, used to sell on most days and has not sold for a fortnight
-- (or four weekly buckets): how many buckets of sales were to be expected, which the shelf may not have had.
with latest as (select site_id, max(business_date) as latest_date from site_counts group by site_id),

silent as (
    select site_id, item_id, count(*) as silent_buckets
    from recent_sales
    where sales_date >= getvariable('plan_date') - getvariable('silence_days')
    group by site_id, item_id
    having max(sold_units) <= 0
        and count(*) >= getvariable('silence_days') / getvariable('bucket_days')
),

expected as (
    -- Selling buckets, not units: a lumpy item is silent for weeks; a promotion is not usual.
    select silent.site_id, silent.item_id,
        any_value(silent.silent_buckets) * avg(if(past.sold_units > 0, 1, 0)) as phantom_buckets
    from silent
    join recent_sales as past on past.site_id = silent.site_id and past.item_id = silent.item_id
    where past.sales_date < getvariable('plan_date') - getvariable('silence_days') and not past.is_promoted
    group by silent.site_id, silent.item_id
    having count(*) >= 8
),

final as (
    select 'wms_inventory' as feed, expected.site_id, expected.item_id,
        any_value(expected.phantom_buckets) as phantom_buckets
    from expected
    join latest on latest.site_id = expected.site_id
        and latest.latest_date >= getvariable('plan_date') - getvariable('bucket_days') - 1
    join site_counts on site_counts.site_id = latest.site_id and site_counts.business_date = latest.latest_date
    join known_wms_inventory as rows
        on rows._batch_id = site_counts.batch_id and rows.site_id = expected.site_id
        and rows.item_id = expected.item_id
    where expected.phantom_buckets >= 3
    group by expected.site_id, expected.item_id
    having sum(rows.on_hand_units - rows.reserved_units - rows.blocked_units) > 0
)

select * from final
