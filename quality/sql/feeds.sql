-- One row per feed: how old it is, what was refused of it, how much of it came.
with accepted as (select * from known_batches where status = 'accepted'),

dates as (select distinct feed, business_date from accepted),

gaps as (
    select feed, business_date - lag(business_date) over (partition by feed order by business_date) as gap_days
    from dates
    where business_date >= getvariable('plan_date') - 56
),

-- A feed that rests on Sundays is not stale on Mondays; ten gaps are enough to know its habit.
habits as (
    select feed, case when count(gap_days) >= 10 then quantile_disc(gap_days, 0.9) end as usual_gap_days
    from gaps group by feed
),

latest as (select feed, max(business_date) as latest_date, count(*) as batch_count from accepted group by feed),

last_day as (
    select accepted.feed, sum(row_count) as sent_rows, sum(accepted_rows) as latest_rows,
        sum(quarantined_rows) as quarantined_rows
    from accepted join latest on latest.feed = accepted.feed and latest.latest_date = accepted.business_date
    group by accepted.feed
),

daily as (
    select accepted.feed, accepted.business_date, sum(accepted_rows) as row_count
    from accepted join latest on latest.feed = accepted.feed and latest.latest_date > accepted.business_date
    where accepted.business_date >= getvariable('plan_date') - 56
    group by accepted.feed, accepted.business_date
),

usual as (select feed, median(row_count) as usual_rows from daily group by feed),

refused as (
    select known_batches.feed, count(*) as rejected_batches
    from known_batches left join latest on latest.feed = known_batches.feed
    where status = 'rejected' and coalesce(covers, '') = ''
        and (latest.latest_date is null or known_batches.business_date > latest.latest_date)
    group by known_batches.feed
),

final as (
    select
        feed_rules.feed, '' as site_id, '' as item_id,
        coalesce(latest.batch_count, 0) as batch_count,
        case when feed_rules.is_required and latest.batch_count is null then 1 else 0 end as required_missing,
        getvariable('plan_date') - latest.latest_date as age_days,
        greatest(feed_rules.maximum_age_days, getvariable('bucket_days'), habits.usual_gap_days) as age_limit_days,
        age_days - age_limit_days as overdue_days,
        coalesce(refused.rejected_batches, 0) as rejected_batches,
        case when overdue_days > 0 then refused.rejected_batches end as rejected_overdue_batches,
        case when overdue_days <= 0 then refused.rejected_batches end as rejected_in_time_batches,
        last_day.latest_rows,
        last_day.quarantined_rows,
        last_day.quarantined_rows / nullif(last_day.sent_rows, 0) as quarantined_share,
        -- A single bad row is no corrupt master, however short the master is.
        case when last_day.quarantined_rows > 1 then quarantined_share end as corrupt_share,
        case when feed_rules.is_whole and usual.usual_rows >= 10
            then last_day.latest_rows / usual.usual_rows end as row_ratio
    from feed_rules
    left join latest on latest.feed = feed_rules.feed
    left join habits on habits.feed = feed_rules.feed
    left join last_day on last_day.feed = feed_rules.feed
    left join usual on usual.feed = feed_rules.feed
    left join refused on refused.feed = feed_rules.feed

    union all by name

    select 'all' as feed, '' as site_id, '' as item_id,
        count(*) filter (feed_rules.is_required and latest.batch_count is null) as required_missing_tables
    from feed_rules left join latest on latest.feed = feed_rules.feed
)

select * from final
