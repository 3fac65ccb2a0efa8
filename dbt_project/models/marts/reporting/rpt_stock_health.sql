with positions as (
    select * from {{ ref("fct_inventory_position") }} where plan_date = {{ plan_date() }}
),

features as (
    select * from {{ ref("feat_item_site") }} where plan_date = {{ plan_date() }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        positions.site_id,
        coalesce(features.abc_class, 'C') as abc_class,
        count(*) as item_count,
        count(*) filter (where positions.available_units = 0 and features.mean_units_per_bucket > 0)
            as stocked_out_item_count,
        count(*) filter (where positions.on_hand_units < 0) as negative_item_count,
        count(*) filter (where features.days_of_cover > 90) as overstocked_item_count,
        cast(sum(positions.on_hand_units) as bigint) as on_hand_units,
        cast(sum(positions.expiring_units) as bigint) as expiring_units,
        cast(sum(positions.in_transit_units + positions.on_order_units) as bigint) as incoming_units,
        {{ money("sum(positions.stock_amount)") }} as stock_amount
    from positions
    left join features on positions.item_id = features.item_id and positions.site_id = features.site_id
    where {{ after_the_gate() }}
    group by positions.site_id, coalesce(features.abc_class, 'C')
)

select * from final
