{{ config(materialized="table") }}

{%- set season = "isodow(demand.bucket_start)" -%}
{%- if var("bucket") == "week" -%}
    {%- set season = "(least(week(demand.bucket_start), 52) - 1) // 4" -%}
{%- endif -%}

with demand as (
    select * from {{ ref("int_demand") }}
),

sold as (
    select
        item_id,
        site_id,
        min(bucket_start) filter (where sold_units > 0) as first_sale,
        count(*) filter (where not is_censored) as observed_ever
    from demand
    group by item_id, site_id
),

history as (
    select
        demand.item_id,
        demand.site_id,
        demand.bucket_start,
        demand.demand_lower_bound_units as units,
        cast(demand.demand_lower_bound_units as hugeint) * demand.demand_lower_bound_units as squared_units,
        demand.is_censored,
        demand.is_promoted,
        demand.bucket_start >= {{ window_start(var("recent_window_buckets")) }} as is_recent,
        demand.bucket_start >= {{ window_start((var("recent_window_buckets") | int) // 4) }} as is_latest,
        -- Weeks by fours, as forecasting tells them: it knows a week by its ISO number, not by its month.
        {{ season }} as season
    from demand
    inner join sold on demand.item_id = sold.item_id and demand.site_id = sold.site_id
    where
        demand.bucket_start >= sold.first_sale
        and demand.bucket_start >= {{ window_start(var("history_window_buckets")) }}
),

-- Sums of integers only: exact, and so the same on any number of threads.
moments as (
    select
        item_id,
        site_id,
        count(*) as known_buckets,
        count(*) filter (where is_censored) as censored_buckets,
        count(*) filter (where is_promoted) as promoted_buckets,
        count(*) filter (where not is_censored) as observed_buckets,
        coalesce(sum(units) filter (where not is_censored), 0) as observed_units,
        coalesce(sum(squared_units) filter (where not is_censored), 0) as observed_squares,
        count(*) filter (where not is_censored and units > 0) as selling_buckets,
        count(*) filter (where not is_censored and is_recent) as recent_buckets,
        coalesce(sum(units) filter (where not is_censored and is_recent), 0) as recent_units,
        coalesce(sum(squared_units) filter (where not is_censored and is_recent), 0) as recent_squares,
        count(*) filter (where not is_censored and is_latest) as latest_buckets,
        coalesce(sum(units) filter (where not is_censored and is_latest), 0) as latest_units
    from history
    group by item_id, site_id
),

seasons as (
    select
        item_id,
        site_id,
        season,
        count(*) as season_buckets,
        sum(units) as season_units
    from history
    where not is_censored
    group by item_id, site_id, season
),

-- Between-season sum of squares, before the correction for the mean; added up in a fixed order.
season_totals as (
    select
        item_id,
        site_id,
        count(*) as season_count,
        sum(cast(season_units as double) * season_units / season_buckets order by season) as season_squares
    from seasons
    group by item_id, site_id
),

final as (
    select
        sold.item_id,
        sold.site_id,
        sold.first_sale,
        sold.observed_ever,
        coalesce(moments.known_buckets, 0) as known_buckets,
        coalesce(moments.censored_buckets, 0) as censored_buckets,
        coalesce(moments.promoted_buckets, 0) as promoted_buckets,
        coalesce(moments.observed_buckets, 0) as observed_buckets,
        coalesce(moments.observed_units, 0) as observed_units,
        coalesce(moments.observed_squares, 0) as observed_squares,
        coalesce(moments.selling_buckets, 0) as selling_buckets,
        coalesce(moments.recent_buckets, 0) as recent_buckets,
        coalesce(moments.recent_units, 0) as recent_units,
        coalesce(moments.recent_squares, 0) as recent_squares,
        coalesce(moments.latest_buckets, 0) as latest_buckets,
        coalesce(moments.latest_units, 0) as latest_units,
        coalesce(season_totals.season_count, 0) as season_count,
        coalesce(season_totals.season_squares, 0) as season_squares
    from sold
    left join moments on sold.item_id = moments.item_id and sold.site_id = moments.site_id
    left join season_totals on sold.item_id = season_totals.item_id and sold.site_id = season_totals.site_id
)

select * from final
