{{ config(materialized="table") }}

with known_items as (
    select item_id from {{ ref("int_item") }}
),

open_sites as (
    select site_id from {{ ref("int_site") }} where is_open
),

-- What is delisted today was ranged while it sold: without its zeros it would look as if it sold every day.
ranged as (
    select
        item_id,
        site_id
    from {{ ref("int_item_site") }}
),

-- A sale that was sent and refused is no zero. Of a week with other days told, it leaves a lower bound.
refused as (
    select distinct
        item_id,
        site_id,
        bucket_start
    from {{ ref("int_refused_sale") }}
),

versions as (
    select facts.*
    from {{ ref("fct_demand") }} as facts
    inner join known_items on facts.item_id = known_items.item_id
    inner join open_sites on facts.site_id = open_sites.site_id
    where {{ as_known("facts.bucket_start") }}
),

standing as (
    select *
    from versions
    qualify row_number() over (partition by item_id, site_id, bucket_start order by available_at desc) = 1
),

-- Some tills leave out what did not sell. Where a site reported a bucket at all, a ranged item
-- it does not mention after its first sale sold nothing; where the site is silent or its row was
-- refused, nobody knows.
reported as (
    select
        site_id,
        bucket_start,
        max(available_at) as available_at,
        max_by(batch_id, (available_at, batch_id)) as batch_id,
        row_number() over (partition by site_id order by bucket_start desc) as buckets_to_end
    from standing
    group by site_id, bucket_start
),

sold as (
    select
        standing.item_id,
        standing.site_id,
        min(standing.bucket_start) filter (where standing.sold_units > 0) as first_sale
    from standing
    inner join ranged on standing.item_id = ranged.item_id and standing.site_id = ranged.site_id
    group by standing.item_id, standing.site_id
),

-- Counting first keeps the expansion to the few series that have gaps.
gapped as (
    select
        sold.item_id,
        sold.site_id,
        sold.first_sale
    from sold
    inner join reported on sold.site_id = reported.site_id and sold.first_sale = reported.bucket_start
    inner join standing
        on
            sold.item_id = standing.item_id
            and sold.site_id = standing.site_id
            and sold.first_sale <= standing.bucket_start
    group by sold.item_id, sold.site_id, sold.first_sale, reported.buckets_to_end
    having count(*) < reported.buckets_to_end
),

zeros as (
    select
        gapped.item_id,
        gapped.site_id,
        reported.bucket_start,
        reported.available_at,
        reported.batch_id
    from gapped
    inner join reported on gapped.site_id = reported.site_id and gapped.first_sale < reported.bucket_start
    anti join standing
        on
            gapped.item_id = standing.item_id
            and gapped.site_id = standing.site_id
            and reported.bucket_start = standing.bucket_start
    anti join refused
        on
            gapped.item_id = refused.item_id
            and gapped.site_id = refused.site_id
            and reported.bucket_start = refused.bucket_start
),

final as (
    select
        {{ plan_date() }} as plan_date,
        standing.item_id,
        standing.site_id,
        standing.bucket_start,
        standing.sold_units,
        standing.demand_lower_bound_units,
        standing.in_stock_share,
        standing.is_censored or refused.item_id is not null as is_censored,
        standing.is_promoted,
        standing.unit_price,
        standing.available_at,
        standing.batch_id
    from standing
    left join refused
        on
            standing.item_id = refused.item_id
            and standing.site_id = refused.site_id
            and standing.bucket_start = refused.bucket_start
    union all
    select
        {{ plan_date() }} as plan_date,
        item_id,
        site_id,
        bucket_start,
        0 as sold_units,
        0 as demand_lower_bound_units,
        1.0 as in_stock_share,
        false as is_censored,
        false as is_promoted,
        cast(null as decimal(18, 4)) as unit_price,
        available_at,
        batch_id
    from zeros
)

select * from final
