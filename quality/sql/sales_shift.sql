-- One row per selling site: the population stability index of its sales, each item's relative to its
-- own reference mean, in the last window against the four windows before.
with binned as (
    select recent_sales.site_id,
        recent_sales.sales_date >= getvariable('plan_date') - getvariable('shift_days') as is_current,
        case
            when sold_units <= 0 then 0
            when sold_units < 0.5 * mean_units then 1
            when sold_units < 0.75 * mean_units then 2
            when sold_units < mean_units then 3
            when sold_units < 1.25 * mean_units then 4
            when sold_units < 1.5 * mean_units then 5
            when sold_units < 2 * mean_units then 6
            when sold_units < 3 * mean_units then 7
            else 8
        end as bin,
        count(*) as row_count
    from recent_sales
    join sales_means as means on means.site_id = recent_sales.site_id and means.item_id = recent_sales.item_id
    where means.mean_units > 0
    group by recent_sales.site_id, is_current, bin
),

windows as (
    select site_id,
        sum(row_count) filter (is_current) as current_rows,
        sum(row_count) filter (not is_current) as reference_rows,
        count(distinct bin) as bins
    from binned group by site_id
    having sum(row_count) filter (is_current) >= 50 and sum(row_count) filter (not is_current) >= 200
),

shares as (
    -- Half a row in every bin, so that an empty bin has a logarithm.
    select windows.site_id, grid.bin,
        (coalesce(sum(row_count) filter (is_current), 0) + 0.5) / (any_value(current_rows) + 4.5) as now_share,
        (coalesce(sum(row_count) filter (not is_current), 0) + 0.5) / (any_value(reference_rows) + 4.5) as then_share
    from windows cross join range(9) as grid (bin)
    left join binned on binned.site_id = windows.site_id and binned.bin = grid.bin
    group by windows.site_id, grid.bin
),

indices as (
    select site_id, sum((now_share - then_share) * ln(now_share / then_share) order by bin) as psi
    from shares group by site_id
),

final as (
    -- Under no shift the index is (1/n + 1/m) times a chi-square of bins - 1; its 99.9 % quantile
    -- (Wilson and Hilferty 1931) is what chance may do.
    select 'demand_sales' as feed, windows.site_id, '' as item_id, indices.psi,
        indices.psi - (1.0 / current_rows + 1.0 / reference_rows) * greatest(bins - 1, 1)
            * power(1 - 2 / (9.0 * greatest(bins - 1, 1)) + 3.09 * sqrt(2 / (9.0 * greatest(bins - 1, 1))), 3)
            as psi_excess
    from windows join indices on indices.site_id = windows.site_id
)

select * from final
