{#- Which staged table refers to an item or a site through which column. -#}
{%- set references = [
    ("erp_sourcing", "stg_erp__sourcing", "item_id", "item"),
    ("erp_sourcing", "stg_erp__sourcing", "site_id", "site"),
    ("erp_item_site_settings", "stg_erp__item_site_settings", "item_id", "item"),
    ("erp_item_site_settings", "stg_erp__item_site_settings", "site_id", "site"),
    ("erp_purchase_orders", "stg_erp__purchase_orders", "item_id", "item"),
    ("erp_purchase_orders", "stg_erp__purchase_orders", "site_id", "site"),
    ("wms_inventory", "stg_wms__inventory", "item_id", "item"),
    ("wms_inventory", "stg_wms__inventory", "site_id", "site"),
    ("wms_stock_movements", "stg_wms__stock_movements", "item_id", "item"),
    ("wms_stock_movements", "stg_wms__stock_movements", "site_id", "site"),
    ("tms_lanes", "stg_tms__lanes", "origin_id", "site"),
    ("tms_lanes", "stg_tms__lanes", "destination_id", "site"),
    ("tms_shipments", "stg_tms__shipments", "item_id", "item"),
    ("tms_shipments", "stg_tms__shipments", "origin_id", "site"),
    ("tms_shipments", "stg_tms__shipments", "destination_id", "site"),
    ("demand_sales", "stg_demand__sales", "item_id", "item"),
    ("demand_sales", "stg_demand__sales", "site_id", "site"),
    ("suppliers_signals", "stg_suppliers__signals", "item_id", "item"),
    ("ledger_commitments", "stg_ledger__commitments", "item_id", "item"),
    ("ledger_commitments", "stg_ledger__commitments", "destination_id", "site"),
] -%}

with items as (
    select item_id as id from {{ ref("int_item") }}
),

sites as (
    select site_id as id from {{ ref("int_site") }}
),

{% for feed, model, column, entity in references -%}
{{ feed }}_{{ column }} as (
    select
        '{{ feed }}' as feed,
        '{{ column }}' as reference_column,
        staged.{{ column }} as unknown_id,
        staged.batch_id,
        staged.batch_row,
        staged.business_date
    from {{ ref(model) }} as staged
    anti join {{ entity }}s as known on staged.{{ column }} = known.id
    where {{ as_known() }}
),

{% endfor -%}

final as (
    {% for feed, model, column, entity in references -%}
    select * from {{ feed }}_{{ column }}
    {%- if not loop.last %}
    union all
    {% endif -%}
    {%- endfor %}
)

select * from final
