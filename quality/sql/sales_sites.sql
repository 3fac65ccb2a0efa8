-- One row per open site that sells, or should: how old its last sales are, and whether all lines came.
with latest as (
    select site_id, max(sales_date) as sales_date,
        max(sales_date) + cast(getvariable('bucket_days') - 1 as integer) as latest_date
    from known_demand_sales group by site_id
),

days as (
    select site_id, sales_date, count(*) as row_count from recent_sales group by site_id, sales_date
),

gaps as (
    select site_id, sales_date - lag(sales_date) over (partition by site_id order by sales_date) as gap_days
    from days
),

habits as (
    select site_id, case when count(gap_days) >= 10 then quantile_disc(gap_days, 0.9) end as usual_gap_days
    from gaps group by site_id
),

usual as (
    select days.site_id, median(row_count) as usual_rows
    from days join latest on latest.site_id = days.site_id and days.sales_date < latest.sales_date
    group by days.site_id
    having count(*) >= 4
),

final as (
    select
        'demand_sales' as feed, known_sites.site_id, '' as item_id,
        case when latest.site_id is null then 1 else 0 end as never_seen,
        getvariable('plan_date') - latest.latest_date as age_days,
        greatest(feed_rules.maximum_age_days, getvariable('bucket_days'), habits.usual_gap_days) as age_limit_days,
        age_days - age_limit_days as overdue_days,
        days.row_count as latest_rows,
        case when usual.usual_rows >= 10 then days.row_count / usual.usual_rows end as row_ratio
    from known_sites
    join feed_rules on feed_rules.feed = 'demand_sales'
    left join latest on latest.site_id = known_sites.site_id
    left join habits on habits.site_id = known_sites.site_id
    left join days on days.site_id = latest.site_id and days.sales_date = latest.sales_date
    left join usual on usual.site_id = known_sites.site_id
    where known_sites.is_open and (known_sites.site_kind = 'store' or latest.site_id is not null)
)

select * from final
