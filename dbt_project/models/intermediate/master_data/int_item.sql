with latest as (
    {{ latest_snapshot(ref("stg_erp__items"), ["item_id"]) }}
),

final as (
    select
        item_id,
        description,
        category,
        base_unit,
        unit_cost,
        unit_price,
        weight_kg_per_unit,
        volume_m3_per_unit,
        shelf_life_days,
        is_sensitive,
        batch_id
    from latest
)

select * from final
