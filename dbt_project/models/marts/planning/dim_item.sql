with source as (
    select * from {{ ref("int_item") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        item_id,
        description,
        category,
        base_unit,
        unit_cost,
        unit_price,
        weight_kg_per_unit,
        volume_m3_per_unit,
        shelf_life_days,
        is_sensitive
    from source
    where {{ after_the_gate() }}
)

select * from final
