with latest as (
    {{ latest_snapshot(ref("stg_erp__sourcing"), ["item_id", "supplier_id", "site_id"]) }}
),

suppliers as (
    {{ latest_snapshot(ref("stg_erp__suppliers"), ["supplier_id"]) }}
),

items as (
    select * from {{ ref("int_item") }}
),

open_sites as (
    select * from {{ ref("int_site") }} where is_open
),

signals as (
    select * from {{ ref("stg_suppliers__signals") }}
    where {{ as_known("signal_date") }}
    qualify row_number() over (
        partition by supplier_id, item_id
        order by signal_date desc, available_at desc, batch_id desc, batch_row desc
    ) = 1
),

final as (
    select
        latest.item_id,
        latest.supplier_id,
        latest.site_id,
        latest.unit_cost,
        latest.minimum_order_units,
        greatest(latest.order_multiple_units, 1) as order_multiple_units,
        latest.quoted_lead_time_days,
        latest.minimum_order_amount,
        -- least() passes over nulls: a capacity nobody states limits nothing.
        least(latest.capacity_units_per_day, signals.capacity_units_per_day) as capacity_units_per_day,
        suppliers.capacity_units_per_day as supplier_capacity_units_per_day,
        latest.minimum_document_units,
        latest.batch_id
    from latest
    inner join items on latest.item_id = items.item_id
    inner join suppliers on latest.supplier_id = suppliers.supplier_id
    inner join open_sites on latest.site_id = open_sites.site_id
    left join signals on latest.supplier_id = signals.supplier_id and latest.item_id = signals.item_id
)

select * from final
