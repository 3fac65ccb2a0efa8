{#- A line this many days past its promise is taken for lost: it would else arrive today, every day. -#}
{%- set longest_overdue_days = 60 -%}

with known_items as (
    select item_id from {{ ref("int_item") }}
),

open_sites as (
    select site_id from {{ ref("int_site") }} where is_open
),

order_lines as (
    select * from {{ ref("stg_erp__purchase_orders") }}
    where {{ as_known("ordered_date") }}
    {{ latest_version(["purchase_order_id", "line_number"]) }}
),

shipment_lines as (
    select * from {{ ref("stg_tms__shipments") }}
    where {{ as_known("departed_date") }}
    {{ latest_version(["shipment_id", "line_number"]) }}
),

quotes as (
    select
        item_id,
        supplier_id,
        site_id,
        quoted_lead_time_days
    from {{ ref("int_sourcing") }}
),

transits as (
    select
        origin_id,
        destination_id,
        mode,
        quoted_transit_days
    from {{ ref("int_lane") }}
),

-- A receipt dated at or after the plan date has not happened for this plan, even with hindsight.
purchases as (
    select
        order_lines.item_id,
        order_lines.site_id,
        'purchase' as receipt_kind,
        order_lines.supplier_id as source_id,
        'supplier' as mode,
        order_lines.purchase_order_id || '/' || order_lines.line_number as line_id,
        order_lines.ordered_date as started_date,
        order_lines.ordered_units
        - if(order_lines.received_date < {{ plan_date() }}, order_lines.received_units, 0) as open_units,
        coalesce(
            order_lines.promised_date,
            order_lines.ordered_date + cast(quotes.quoted_lead_time_days as integer)
        ) as promised_date,
        order_lines.order_reference,
        false as is_commitment,
        order_lines.batch_id
    from order_lines
    left join quotes
        on
            order_lines.item_id = quotes.item_id
            and order_lines.supplier_id = quotes.supplier_id
            and order_lines.site_id = quotes.site_id
    where
        order_lines.status = 'open'
        or (order_lines.status = 'received' and order_lines.received_date >= {{ plan_date() }})
),

transfers as (
    select
        shipment_lines.item_id,
        shipment_lines.destination_id as site_id,
        'transfer' as receipt_kind,
        shipment_lines.origin_id as source_id,
        shipment_lines.mode,
        shipment_lines.shipment_id || '/' || shipment_lines.line_number as line_id,
        shipment_lines.departed_date as started_date,
        shipment_lines.shipped_units as open_units,
        coalesce(
            shipment_lines.expected_date,
            shipment_lines.departed_date + cast(transits.quoted_transit_days as integer)
        ) as promised_date,
        shipment_lines.order_reference,
        false as is_commitment,
        shipment_lines.batch_id
    from shipment_lines
    left join transits
        on
            shipment_lines.origin_id = transits.origin_id
            and shipment_lines.destination_id = transits.destination_id
            and shipment_lines.mode = transits.mode
    where
        shipment_lines.status = 'in_transit'
        or (shipment_lines.status = 'arrived' and shipment_lines.arrived_date >= {{ plan_date() }})
),

-- What our orders were promised and neither feed shows yet.
commitments as (
    select
        item_id,
        site_id,
        receipt_kind,
        source_id,
        mode,
        'ledger/' || order_id || '/' || line_number as line_id,
        departure_date as started_date,
        open_units,
        arrival_date as promised_date,
        order_id as order_reference,
        true as is_commitment,
        batch_id
    from {{ ref("int_commitment") }}
),

lines as (
    select * from purchases
    union all
    select * from transfers
    union all
    select * from commitments
),

final as (
    select
        lines.line_id,
        lines.receipt_kind,
        lines.item_id,
        lines.site_id,
        lines.source_id,
        lines.mode,
        lines.started_date,
        lines.open_units,
        lines.promised_date,
        coalesce(lines.promised_date < {{ plan_date() }} - {{ longest_overdue_days }}, false) as is_given_up,
        lines.order_reference,
        lines.is_commitment,
        lines.batch_id
    from lines
    inner join known_items on lines.item_id = known_items.item_id
    inner join open_sites on lines.site_id = open_sites.site_id
    where lines.open_units > 0
)

select * from final
