{{ config(unique_key=["item_id", "site_id", "bucket_start", "available_at"]) }}

with sales as (
    select * from {{ ref("stg_demand__sales") }}
),

{% if is_incremental() -%}
known_batches as (
    select distinct batch_id from {{ this }}
),

-- A new batch may correct or complete an old bucket: all that is known of it is added up again.
touched as (
    select distinct
        sales.item_id,
        sales.site_id,
        {{ bucket_of("sales.sales_date") }} as bucket_start
    from sales
    anti join known_batches on sales.batch_id = known_batches.batch_id
),

{% endif -%}
reported as (
    select
        sales.*,
        {{ bucket_of("sales.sales_date") }} as bucket_start
    from sales
    {% if is_incremental() -%}
    semi join touched
        on
            sales.item_id = touched.item_id
            and sales.site_id = touched.site_id
            and {{ bucket_of("sales.sales_date") }} = touched.bucket_start
    {% endif -%}
    where {{ after_the_gate() }}
    qualify row_number() over (
        partition by sales.item_id, sales.site_id, sales.sales_date, sales.available_at
        order by sales.business_date desc, sales.batch_id desc, sales.batch_row desc
    ) = 1
),

measured as (
    select
        item_id,
        site_id,
        bucket_start,
        sales_date,
        available_at,
        batch_id,
        sold_units,
        greatest(sold_units, 0) as lower_bound_units,
        -- DECIMAL, so that a bucket's mean does not depend on the order of adding.
        cast(in_stock_share as decimal(18, 9)) as in_stock_share,
        cast(is_promoted as integer) as promoted_days,
        cast(if(unit_price is null, 0, greatest(sold_units, 0)) as bigint) as priced_units,
        cast(coalesce(unit_price, 0) * greatest(sold_units, 0) as decimal(38, 4)) as sales_amount
    from reported
),

{% if var("bucket") == "week" -%}
-- A version of a bucket adds up the latest version of each of its days: every correction counts
-- by its difference from what it corrects.
changed as (
    select
        item_id,
        site_id,
        bucket_start,
        available_at,
        batch_id,
        sold_units - coalesce(lag(sold_units) over day, 0) as sold_units,
        lower_bound_units - coalesce(lag(lower_bound_units) over day, 0) as lower_bound_units,
        in_stock_share - coalesce(lag(in_stock_share) over day, 0) as in_stock_share,
        promoted_days - coalesce(lag(promoted_days) over day, 0) as promoted_days,
        priced_units - coalesce(lag(priced_units) over day, 0) as priced_units,
        sales_amount - coalesce(lag(sales_amount) over day, 0) as sales_amount,
        if(lag(available_at) over day is null, 1, 0) as reported_days
    from measured
    window day as (partition by item_id, site_id, sales_date order by available_at)
),

version_changes as (
    select
        item_id,
        site_id,
        bucket_start,
        available_at,
        max(batch_id) as batch_id,
        sum(sold_units) as sold_units,
        sum(lower_bound_units) as lower_bound_units,
        sum(in_stock_share) as in_stock_share,
        sum(promoted_days) as promoted_days,
        sum(priced_units) as priced_units,
        sum(sales_amount) as sales_amount,
        sum(reported_days) as reported_days
    from changed
    group by item_id, site_id, bucket_start, available_at
),

versions as (
    select
        item_id,
        site_id,
        bucket_start,
        available_at,
        batch_id,
        sum(sold_units) over so_far as sold_units,
        sum(lower_bound_units) over so_far as lower_bound_units,
        sum(in_stock_share) over so_far as in_stock_share,
        sum(promoted_days) over so_far as promoted_days,
        sum(priced_units) over so_far as priced_units,
        sum(sales_amount) over so_far as sales_amount,
        sum(reported_days) over so_far as reported_days
    from version_changes
    window so_far as (partition by item_id, site_id, bucket_start order by available_at)
),

{% else -%}
versions as (
    select
        *,
        1 as reported_days
    from measured
),

{% endif -%}
final as (
    select
        item_id,
        site_id,
        bucket_start,
        cast(sold_units as bigint) as sold_units,
        cast(lower_bound_units as bigint) as demand_lower_bound_units,
        cast(in_stock_share / reported_days as double) as in_stock_share,
        in_stock_share < reported_days as is_censored,
        promoted_days > 0 as is_promoted,
        cast(sales_amount / nullif(priced_units, 0) as decimal(18, 4)) as unit_price,
        available_at,
        batch_id
    from versions
)

select * from final
