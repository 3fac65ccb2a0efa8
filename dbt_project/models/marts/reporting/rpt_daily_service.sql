with segments as (
    {{ segments() }}
),

items as (
    select * from {{ ref("int_item") }}
),

demand as (
    select
        demand.item_id,
        demand.site_id,
        demand.bucket_start,
        demand.in_stock_share,
        demand.in_stock_share < 1 as is_stocked_out,
        demand.demand_lower_bound_units as served_units,
        demand.sold_units * items.unit_cost as cost_of_sales,
        coalesce(segments.demand_segment, 'none') as demand_segment,
        coalesce(segments.is_served, false) as is_served
    from {{ ref("int_demand") }} as demand
    inner join items on demand.item_id = items.item_id
    left join segments on demand.item_id = segments.item_id and demand.site_id = segments.site_id
    where demand.bucket_start >= {{ reported_since() }}
),

standing_receipts as (
    select
        item_id,
        site_id,
        received_date
    from {{ ref("fct_lead_time") }}
    where {{ as_known("received_date") }} and received_date >= {{ reported_since() }}
    qualify row_number() over (partition by observation_id order by available_at desc) = 1
),

receipts as (
    select distinct
        item_id,
        site_id,
        {{ bucket_of("received_date") }} as bucket_start
    from standing_receipts
),

-- The bucket of a receipt belongs to the cycle that it begins.
begun as (
    select
        item_id,
        site_id,
        bucket_start,
        lead(bucket_start) over (partition by item_id, site_id order by bucket_start) as closed_in
    from receipts
),

empty_shelves as (
    select
        item_id,
        site_id,
        bucket_start
    from demand
    where is_stocked_out and is_served
),

failed as (
    select distinct
        begun.item_id,
        begun.site_id,
        begun.closed_in
    from empty_shelves
    asof join begun
        on
            empty_shelves.item_id = begun.item_id
            and empty_shelves.site_id = begun.site_id
            and empty_shelves.bucket_start >= begun.bucket_start
    where begun.closed_in is not null
),

cycles as (
    select
        begun.item_id,
        begun.site_id,
        begun.closed_in,
        failed.item_id is not null as had_stock_out
    from begun
    left join failed
        on
            begun.item_id = failed.item_id
            and begun.site_id = failed.site_id
            and begun.closed_in = failed.closed_in
    where begun.closed_in is not null
),

final as (
    select
        {{ plan_date() }} as plan_date,
        demand.bucket_start as day,
        demand.site_id,
        demand.demand_segment,
        count(*) filter (where demand.is_served) as known_count,
        count(*) filter (where demand.is_served and demand.is_stocked_out) as stocked_out_count,
        -- DECIMAL, so that the sum does not depend on the order of adding.
        cast(
            coalesce(
                sum(cast(demand.in_stock_share as decimal(18, 9))) filter (where demand.is_served), 0
            ) as double
        ) as in_stock_buckets,
        cast(coalesce(sum(demand.served_units) filter (where demand.is_served), 0) as bigint) as served_units,
        count(cycles.item_id) filter (where demand.is_served) as closed_cycle_count,
        count(cycles.item_id) filter (
            where demand.is_served and not cycles.had_stock_out
        ) as served_cycle_count,
        {{ money("sum(demand.cost_of_sales)") }} as cost_of_sales_amount
    from demand
    left join cycles
        on
            demand.item_id = cycles.item_id
            and demand.site_id = cycles.site_id
            and demand.bucket_start = cycles.closed_in
    where {{ after_the_gate() }}
    group by demand.bucket_start, demand.site_id, demand.demand_segment
)

select * from final
