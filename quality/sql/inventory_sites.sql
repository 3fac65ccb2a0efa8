-- One row per open site: how old its count is, and whether all of it came.
with counts as (
    select site_counts.site_id, site_counts.business_date, count(rows.item_id) as row_count
    from site_counts
    left join known_wms_inventory as rows
        on rows._batch_id = site_counts.batch_id and rows.site_id = site_counts.site_id
        and rows._business_date >= getvariable('plan_date') - 29
    where site_counts.business_date >= getvariable('plan_date') - 29
    group by site_counts.site_id, site_counts.business_date
),

latest as (select site_id, max(business_date) as latest_date from site_counts group by site_id),

gaps as (
    select site_id, business_date - lag(business_date) over (partition by site_id order by business_date) as gap_days
    from site_counts
    where business_date >= getvariable('plan_date') - 56
),

habits as (
    select site_id, case when count(gap_days) >= 10 then quantile_disc(gap_days, 0.9) end as usual_gap_days
    from gaps group by site_id
),

usual as (
    select counts.site_id, median(row_count) as usual_rows
    from counts join latest on latest.site_id = counts.site_id and counts.business_date < latest.latest_date
    group by counts.site_id
),

refused as (
    select covered.site_id, count(distinct covered.batch_id) as rejected_batches
    from (
        select batch_id, business_date, trim(unnest(string_split(covers, ','))) as site_id
        from known_batches
        where feed = 'wms_inventory' and status = 'rejected' and coalesce(covers, '') <> ''
    ) as covered
    left join latest on latest.site_id = covered.site_id
    where latest.latest_date is null or covered.business_date > latest.latest_date
    group by covered.site_id
),

final as (
    select
        'wms_inventory' as feed, known_sites.site_id, '' as item_id,
        case when latest.site_id is null then 1 else 0 end as never_seen,
        getvariable('plan_date') - latest.latest_date as age_days,
        greatest(feed_rules.maximum_age_days, getvariable('bucket_days'), habits.usual_gap_days) as age_limit_days,
        age_days - age_limit_days as overdue_days,
        case when overdue_days > 0 then refused.rejected_batches end as rejected_overdue_batches,
        case when overdue_days <= 0 then refused.rejected_batches end as rejected_in_time_batches,
        counts.row_count as latest_rows,
        case when usual.usual_rows >= 10 then counts.row_count / usual.usual_rows end as row_ratio
    from known_sites
    join feed_rules on feed_rules.feed = 'wms_inventory'
    left join latest on latest.site_id = known_sites.site_id
    left join habits on habits.site_id = known_sites.site_id
    left join counts on counts.site_id = latest.site_id and counts.business_date = latest.latest_date
    left join usual on usual.site_id = known_sites.site_id
    left join refused on refused.site_id = known_sites.site_id
    where known_sites.is_open
)

select * from final
