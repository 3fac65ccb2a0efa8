with latest as (
    {{ latest_snapshot(ref("stg_erp__item_site_settings"), ["item_id", "site_id"]) }}
),

items as (
    select * from {{ ref("int_item") }}
),

open_sites as (
    select * from {{ ref("int_site") }} where is_open
),

final as (
    select
        latest.item_id,
        latest.site_id,
        -- Four decimals of money are too coarse for a day of a cheap item.
        cast(items.unit_cost as double) * latest.holding_rate_per_year / 365 as holding_cost_per_unit_day,
        latest.shortage_cost_per_unit,
        latest.service_target,
        latest.presentation_minimum_units,
        latest.maximum_units,
        latest.review_days,
        latest.lifecycle,
        latest.batch_id
    from latest
    inner join items on latest.item_id = items.item_id
    inner join open_sites on latest.site_id = open_sites.site_id
)

select * from final
