with source as (
    select * from {{ ref("int_item_site") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        item_id,
        site_id,
        holding_cost_per_unit_day,
        shortage_cost_per_unit,
        service_target,
        presentation_minimum_units,
        maximum_units,
        review_days,
        lifecycle
    from source
    where {{ after_the_gate() }}
)

select * from final
