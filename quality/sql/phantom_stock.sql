-- One row per item and site that counts stock, used to sell well and has sold nothing for a fortnight (or
-- four weekly buckets): the expected sales of that time, which the shelf may not really have had.
with latest as (select site_id, max(business_date) as latest_date from site_counts group by site_id),

stocked as (
    select rows.site_id, rows.item_id, sum(rows.on_hand_units) as on_hand_units
    from site_counts
    join latest on latest.site_id = site_counts.site_id and latest.latest_date = site_counts.business_date
    join known_wms_inventory as rows
        on rows._batch_id = site_counts.batch_id and rows.site_id = site_counts.site_id
    where latest.latest_date >= getvariable('plan_date') - getvariable('bucket_days') - 1
    group by rows.site_id, rows.item_id
    having sum(rows.on_hand_units) > 0
),

sold as (
    select site_id, item_id,
        count(*) filter (sales_date >= getvariable('plan_date') - getvariable('silence_days')) as silent_buckets,
        sum(sold_units) filter (sales_date >= getvariable('plan_date') - getvariable('silence_days')) as silent_units,
        avg(sold_units) filter (sales_date < getvariable('plan_date') - getvariable('silence_days')) as usual_units,
        count(*) filter (sales_date < getvariable('plan_date') - getvariable('silence_days')) as usual_buckets
    from recent_sales
    group by site_id, item_id
),

final as (
    select 'wms_inventory' as feed, stocked.site_id, stocked.item_id,
        sold.usual_units * sold.silent_buckets as phantom_units
    from stocked join sold on sold.site_id = stocked.site_id and sold.item_id = stocked.item_id
    where sold.silent_units = 0 and sold.usual_buckets >= 8
        and sold.silent_buckets >= getvariable('silence_days') / getvariable('bucket_days')
        and sold.usual_units * sold.silent_buckets >= 3
)

select * from final
