with known_items as (
    select item_id from {{ ref("int_item") }}
),

open_sites as (
    select site_id from {{ ref("int_site") }} where is_open
),

order_lines as (
    select * from {{ ref("stg_erp__purchase_orders") }}
    where {{ as_known("ordered_date") }} and ordered_date >= {{ plan_date() }} - 364
    {{ latest_version(["purchase_order_id", "line_number"]) }}
),

shipment_lines as (
    select * from {{ ref("stg_tms__shipments") }}
    where {{ as_known("departed_date") }} and departed_date >= {{ plan_date() }} - 364
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

-- What was cancelled was never due.
purchases as (
    select
        'purchase/' || order_lines.purchase_order_id || '/' || order_lines.line_number as line_id,
        'purchase' as receipt_kind,
        order_lines.item_id,
        order_lines.supplier_id as source_id,
        order_lines.site_id,
        'supplier' as mode,
        order_lines.ordered_date as started_date,
        coalesce(
            order_lines.promised_date,
            order_lines.ordered_date + cast(quotes.quoted_lead_time_days as integer)
        ) as promised_date,
        case when order_lines.received_units > 0 then order_lines.received_date end as told_date,
        order_lines.ordered_units as asked_units,
        order_lines.received_units as told_units,
        cast(null as date) as lost_date,
        order_lines.status = 'open' as is_told_open
    from order_lines
    left join quotes
        on
            order_lines.item_id = quotes.item_id
            and order_lines.supplier_id = quotes.supplier_id
            and order_lines.site_id = quotes.site_id
    where order_lines.status <> 'cancelled'
),

transfers as (
    select
        'transfer/' || shipment_lines.shipment_id || '/' || shipment_lines.line_number as line_id,
        'transfer' as receipt_kind,
        shipment_lines.item_id,
        shipment_lines.origin_id as source_id,
        shipment_lines.destination_id as site_id,
        shipment_lines.mode,
        shipment_lines.departed_date as started_date,
        coalesce(
            shipment_lines.expected_date,
            shipment_lines.departed_date + cast(transits.quoted_transit_days as integer)
        ) as promised_date,
        case when shipment_lines.status = 'arrived' then shipment_lines.arrived_date end as told_date,
        shipment_lines.shipped_units as asked_units,
        if(shipment_lines.status = 'arrived', shipment_lines.shipped_units, 0) as told_units,
        case when shipment_lines.status = 'lost' then shipment_lines.business_date end as lost_date,
        shipment_lines.status = 'in_transit' as is_told_open
    from shipment_lines
    left join transits
        on
            shipment_lines.origin_id = transits.origin_id
            and shipment_lines.destination_id = transits.destination_id
            and shipment_lines.mode = transits.mode
),

lines as (
    select * from purchases
    union all
    select * from transfers
),

final as (
    select
        lines.line_id,
        lines.receipt_kind,
        lines.item_id,
        lines.source_id,
        lines.site_id,
        lines.mode,
        lines.started_date,
        lines.promised_date,
        case when lines.told_date < {{ plan_date() }} then lines.told_date end as received_date,
        lines.asked_units,
        if(lines.told_date < {{ plan_date() }}, lines.told_units, 0) as received_units,
        lines.lost_date,
        lines.lost_date is null
        and (lines.is_told_open or coalesce(lines.told_date >= {{ plan_date() }}, false)) as is_open
    from lines
    inner join known_items on lines.item_id = known_items.item_id
    inner join open_sites on lines.site_id = open_sites.site_id
)

select * from final
