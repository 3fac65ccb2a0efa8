-- One row per item and site whose last bucket of sales stands out from its own recent past, and one
-- per site that tells how its whole assortment sold against usual.
with last_bucket as (
    select site_id, item_id, sold_units, is_promoted
    from recent_sales
    where sales_date >= getvariable('plan_date') - getvariable('bucket_days') and sold_units <> 0
),

factors as (
    -- Twenty times a slow mover's mean is one unit; given a sale, m / (1 - exp(-m)) is expected of a Poisson.
    select last_bucket.site_id, last_bucket.item_id, last_bucket.sold_units, means.mean_units,
        last_bucket.sold_units * (1 - exp(-means.mean_units)) / means.mean_units as factor
    from last_bucket
    join sales_means as means on means.site_id = last_bucket.site_id and means.item_id = last_bucket.item_id
    where last_bucket.sold_units > 0 and means.mean_units >= 0.05 and means.buckets >= 8
),

past as (
    select recent_sales.site_id, recent_sales.item_id,
        any_value(large.sold_units) as sold_units,
        any_value(large.is_promoted) as is_promoted,
        median(recent_sales.sold_units) as median_units,
        mad(recent_sales.sold_units) as mad_units,
        quantile_cont(recent_sales.sold_units, 0.95) as q95_units,
        max(recent_sales.sold_units) as most_units
    from recent_sales
    join last_bucket as large
        on large.site_id = recent_sales.site_id and large.item_id = recent_sales.item_id
        and abs(large.sold_units) >= 20
    where recent_sales.sales_date < getvariable('plan_date') - getvariable('bucket_days')
    group by recent_sales.site_id, recent_sales.item_id
    having count(*) >= 8
),

deviations as (
    -- The upper tail as scale, so that lumpy demand is not an outlier every week: ten of them are at least
    -- twice the most that was ever sold. A promotion sells thrice the usual without being news.
    select site_id, item_id,
        abs(sold_units - median_units) / greatest(
            1.4826 * mad_units, (q95_units - median_units) / 1.645, (most_units - median_units) / 5, 1)
            / if(is_promoted, 3, 1) as robust_z
    from past
),

final as (
    select 'demand_sales' as feed, site_id, item_id, robust_z from deviations where robust_z >= 5

    union all by name

    -- One item by exactly a dozen; a site as a whole by anything that no season explains.
    select 'demand_sales' as feed, site_id, item_id, factor as unit_jump_factor
    from factors
    where sold_units % 12 = 0 and sold_units >= 24 and mean_units >= 1 and factor between 9 and 16

    union all by name

    select 'demand_sales' as feed, site_id, '' as item_id,
        median(factor) as site_unit_factor, count(*) as unit_jump_items
    from factors
    group by site_id
    having count(*) >= 5
)

select * from final
