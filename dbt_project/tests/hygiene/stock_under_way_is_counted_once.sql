{{ config(meta={"dagster": {"ref": {"name": "fct_inventory_position"}}}) }}

-- What the positions call incoming is what the scheduled receipts will bring.
with receipts as (
    select
        item_id,
        site_id,
        sum(receipt_units) as receipt_units
    from {{ ref("fct_scheduled_receipt") }}
    where plan_date = {{ plan_date() }}
    group by item_id, site_id
)

select
    positions.item_id,
    positions.site_id,
    positions.in_transit_units,
    positions.on_order_units,
    receipts.receipt_units
from {{ ref("fct_inventory_position") }} as positions
left join receipts on positions.item_id = receipts.item_id and positions.site_id = receipts.site_id
where
    positions.plan_date = {{ plan_date() }}
    and positions.in_transit_units + positions.on_order_units <> coalesce(receipts.receipt_units, 0)
