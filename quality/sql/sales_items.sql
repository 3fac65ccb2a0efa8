-- One row per item and site whose last bucket of sales stands out from its own recent past.
with last_bucket as (
    select site_id, item_id, sold_units, is_promoted
    from recent_sales
    where sales_date >= getvariable('plan_date') - getvariable('bucket_days')
),

past as (
    select recent_sales.site_id, recent_sales.item_id,
        median(recent_sales.sold_units) as median_units,
        mad(recent_sales.sold_units) as mad_units,
        quantile_cont(recent_sales.sold_units, 0.95) as q95_units,
        max(recent_sales.sold_units) as most_units,
        avg(recent_sales.sold_units) as mean_units
    from recent_sales
    join last_bucket on last_bucket.site_id = recent_sales.site_id and last_bucket.item_id = recent_sales.item_id
    where recent_sales.sales_date < getvariable('plan_date') - getvariable('bucket_days')
        and last_bucket.sold_units <> 0
    group by recent_sales.site_id, recent_sales.item_id
    having count(*) >= 8
),

judged as (
    select last_bucket.site_id, last_bucket.item_id, last_bucket.sold_units, last_bucket.is_promoted,
        past.mean_units,
        -- Twenty times a slow mover's mean is one unit; given a sale, m / (1 - exp(-m)) is expected of a Poisson.
        case when last_bucket.sold_units > 0 and past.mean_units >= 0.05
            then last_bucket.sold_units * (1 - exp(-past.mean_units)) / past.mean_units end as factor,
        -- The upper tail as scale, so that lumpy demand is not an outlier every week: ten of them are
        -- at least twice the most that was ever sold.
        abs(last_bucket.sold_units - past.median_units) / greatest(
            1.4826 * past.mad_units, (past.q95_units - past.median_units) / 1.645,
            (past.most_units - past.median_units) / 5, 1) as robust_z
    from last_bucket join past on past.site_id = last_bucket.site_id and past.item_id = last_bucket.item_id
),

site_factors as (
    select site_id, median(factor) as site_factor, count(factor) as selling_items from judged group by site_id
),

final as (
    select 'demand_sales' as feed, site_id, item_id,
        -- A promotion sells thrice the usual without being news.
        case when abs(sold_units) >= 10 and robust_z >= 5 then robust_z / if(is_promoted, 3, 1) end as robust_z,
        -- One item by exactly a dozen; a site as a whole by anything that no season explains.
        case when sold_units % 12 = 0 and sold_units >= 24 and mean_units >= 1 and factor between 9 and 16
            then factor end as unit_jump_factor
    from judged

    union all by name

    select 'demand_sales' as feed, site_id, '' as item_id,
        site_factor as site_unit_factor,
        selling_items as unit_jump_items
    from site_factors
    where selling_items >= 5
)

select * from final where item_id = '' or robust_z is not null or unit_jump_factor is not null
