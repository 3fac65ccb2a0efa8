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
in_cycles as (
    select
        demand.item_id,
        demand.site_id,
        demand.bucket_start,
        demand.is_stocked_out,
        count(receipts.item_id) over (
            partition by demand.item_id, demand.site_id
            order by demand.bucket_start
        ) as cycle_number
    from demand
    semi join receipts as replenished
        on demand.item_id = replenished.item_id and demand.site_id = replenished.site_id
    left join receipts
        on
            demand.item_id = receipts.item_id
            and demand.site_id = receipts.site_id
            and demand.bucket_start = receipts.bucket_start
    where demand.is_served
),

cycles as (
    select
        item_id,
        site_id,
        bool_or(is_stocked_out) as had_stock_out,
        lead(min(bucket_start)) over (partition by item_id, site_id order by cycle_number) as closed_in
    from in_cycles
    where cycle_number > 0
    group by item_id, site_id, cycle_number
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
        count(cycles.item_id) as closed_cycle_count,
        count(cycles.item_id) filter (where not cycles.had_stock_out) as served_cycle_count,
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
