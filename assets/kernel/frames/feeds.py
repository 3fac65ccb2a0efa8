"""Columns of the feed tables: what ERP, WMS, TMS, tills and suppliers say (feed contract v1).

Quantities are integers in the item's base unit, money is in the network's currency, times
are UTC and dates are local to the site. How each table arrives stands in ``assets.feeds``.
"""

from __future__ import annotations

from dataclasses import replace

from assets.kernel.frames.schema import Column, Frame, date, flag, integer, money, real, text, time

LARGEST_QUANTITY = 2**31 - 1
DEPARTURE_DAYS = r"\s*([1-7]\s*(,\s*[1-7]\s*)*)?"
"""ISO weekdays of a lane, comma separated; nothing for every day."""
_ITEM = text("item_id", "Item.")
_SITE = text("site_id", "Site.")


def _units(name: str, description: str, *, minimum: float | None = 0, nullable: bool = False) -> Column:
    return integer(
        name,
        description,
        unit="base units",
        minimum=-LARGEST_QUANTITY if minimum is None else minimum,
        maximum=LARGEST_QUANTITY,
        nullable=nullable,
    )


def _later(column: Column) -> Column:
    """Return a column that files agreed on before it may leave out."""
    return replace(column, optional=True)


_ORDER_REFERENCE = _later(text("order_reference", "Our order document, where it made this.", nullable=True))
ITEMS = Frame(
    "erp_items",
    "One row per item.",
    (
        _ITEM,
        text("description", "Name a person knows the item by."),
        text("category", "Product category, the level that analogues and segments use."),
        text("base_unit", "Unit that every quantity of the item is counted in."),
        money("unit_cost", "Standard cost of one base unit; what stock is valued at.", minimum=0),
        money("unit_price", "List price of one base unit.", minimum=0),
        real("weight_kg_per_unit", "Shipping weight.", unit="kg", minimum=0),
        real("volume_m3_per_unit", "Shipping volume.", unit="m3", minimum=0),
        integer("shelf_life_days", "Days from receipt to expiry; null keeps for ever.", nullable=True, minimum=1),
        flag("is_sensitive", "Whether access to the item is restricted and logged."),
    ),
    ("item_id",),
)
SITES = Frame(
    "erp_sites",
    "One row per site that holds or passes stock.",
    (
        _SITE,
        text("site_name", "Name a person knows the site by."),
        text("site_kind", "supply_dc, regional_warehouse, cross_dock (holds no stock) or store."),
        text("region", "Region, for guardrails and hierarchies."),
        text("timezone", "IANA time zone of the site's business dates."),
        flag("is_open", "Whether the site trades and may be planned."),
        _later(real("storage_m3", "Room for stock; null if unlimited.", nullable=True, unit="m3", minimum=0)),
        _later(_units("dock_in_units_per_day", "Most the site receives a day; null if unlimited.", nullable=True)),
        _later(_units("dock_out_units_per_day", "Most the site ships a day; null if unlimited.", nullable=True)),
        _later(
            integer(
                "documents_per_day", "Most order documents a day, sent and received; null if unlimited.", nullable=True
            )
        ),
    ),
    ("site_id",),
)
SUPPLIERS = Frame(
    "erp_suppliers",
    "One row per supplier.",
    (
        text("supplier_id", "Supplier."),
        text("supplier_name", "Name of the supplier."),
        text("country", "ISO 3166 country code.", nullable=True),
        _later(_units("capacity_units_per_day", "Most it ships a day of all items; null if unlimited.", nullable=True)),
    ),
    ("supplier_id",),
)
SOURCING = Frame(
    "erp_sourcing",
    "One row per item, supplier and receiving site that may be bought.",
    (
        _ITEM,
        text("supplier_id", "Supplier."),
        _SITE,
        money("unit_cost", "Purchase price of one base unit.", minimum=0),
        _units("minimum_order_units", "Smallest order line (MOQ); 0 for none."),
        _units("order_multiple_units", "Order lines are multiples of this; at least 1.", minimum=1),
        integer("quoted_lead_time_days", "Order to receipt, as quoted.", unit="days", minimum=0, maximum=730),
        money("minimum_order_amount", "Smallest order document; 0 for none.", minimum=0),
        integer(
            "capacity_units_per_day",
            "Most the supplier ships a day; null if unlimited.",
            nullable=True,
            minimum=0,
        ),
        _later(
            _units("minimum_document_units", "Smallest order document in base units; null for none.", nullable=True)
        ),
    ),
    ("item_id", "supplier_id", "site_id"),
)
ITEM_SITE_SETTINGS = Frame(
    "erp_item_site_settings",
    "One row per item and site that is ranged there.",
    (
        _ITEM,
        _SITE,
        real("holding_rate_per_year", "Holding cost as a share of standard cost.", unit="1/year", minimum=0),
        money(
            "shortage_cost_per_unit",
            "Margin lost on one unit of unmet demand, above its replacement cost; null: implied by the service target.",
            nullable=True,
            minimum=0,
        ),
        real(
            "service_target",
            "Cycle service level promised, 0 to 1; null: implied by the costs.",
            nullable=True,
            minimum=0,
            maximum=0.9999,
        ),
        _units("presentation_minimum_units", "Stock the shelf must show."),
        _units("maximum_units", "Most the site may hold; null if unlimited.", nullable=True),
        integer("review_days", "Days between ordering opportunities.", unit="days", minimum=1, maximum=365),
        text("lifecycle", "new, active, ending or delisted."),
    ),
    ("item_id", "site_id"),
)
PURCHASE_ORDERS = Frame(
    "erp_purchase_orders",
    "One row per purchase order line.",
    (
        text("purchase_order_id", "Purchase order."),
        integer("line_number", "Line of the order.", minimum=1),
        _ITEM,
        text("supplier_id", "Supplier."),
        _SITE,
        _units("ordered_units", "Ordered."),
        _units("received_units", "Received so far."),
        date("ordered_date", "Day the order was placed."),
        date("promised_date", "Day the supplier promised it for.", nullable=True),
        date("received_date", "Day of the last receipt; null while open.", nullable=True),
        text("status", "open, received or cancelled."),
        _ORDER_REFERENCE,
    ),
    ("purchase_order_id", "line_number"),
)
INVENTORY = Frame(
    "wms_inventory",
    "One row per site, item and lot, as counted at the end of the business date.",
    (
        _SITE,
        _ITEM,
        text("lot_id", "Lot; the item's id where lots are not kept."),
        date("expiry_date", "Last day the lot may be sold.", nullable=True),
        # Negative stock must land so that the gate can judge it.
        _units("on_hand_units", "Physically there.", minimum=None),
        _units("reserved_units", "Promised to somebody."),
        _units("blocked_units", "In quality hold or damaged."),
    ),
    ("site_id", "item_id", "lot_id"),
)
STOCK_MOVEMENTS = Frame(
    "wms_stock_movements",
    "One row per movement of stock at a site.",
    (
        text("movement_id", "Movement."),
        _SITE,
        _ITEM,
        date("movement_date", "Day of the movement."),
        text("movement_kind", "receipt, issue, sale, return, adjustment or scrap."),
        _units("moved_units", "Signed change of stock.", minimum=None),
        text("reference", "Document behind the movement.", nullable=True),
    ),
    ("movement_id",),
)
LANES = Frame(
    "tms_lanes",
    "One row per origin, destination and mode.",
    (
        text("origin_id", "Site that ships."),
        text("destination_id", "Site that receives."),
        text("mode", "Mode of transport, such as truck or van."),
        money("fixed_cost_per_departure", "Cost of a departure, whatever it carries.", minimum=0),
        money("cost_per_kg", "Freight by weight.", minimum=0),
        money("cost_per_m3", "Freight by volume.", minimum=0),
        money("cost_per_unit", "Handling of one base unit.", minimum=0),
        real("capacity_kg", "Most a departure carries; null if unlimited.", nullable=True, unit="kg", minimum=0),
        text(
            "departure_days",
            "ISO weekdays of departure, such as 1,3,5; empty for every day.",
            nullable=True,
            pattern=DEPARTURE_DAYS,
            form="a list of ISO weekdays such as 1,3,5",
        ),
        integer("quoted_transit_days", "Departure to receipt, as quoted.", unit="days", minimum=0, maximum=365),
        flag("is_allowed", "Whether rules allow the lane to be used."),
        _later(real("capacity_m3", "Most a departure holds; null if unlimited.", nullable=True, unit="m3", minimum=0)),
        _later(
            real(
                "truck_kg",
                "Most one truck carries; null where a departure is one vehicle.",
                nullable=True,
                unit="kg",
                minimum=0,
            )
        ),
        _later(
            real(
                "truck_m3",
                "Most one truck holds; null where a departure is one vehicle.",
                nullable=True,
                unit="m3",
                minimum=0,
            )
        ),
    ),
    ("origin_id", "destination_id", "mode"),
)
SHIPMENTS = Frame(
    "tms_shipments",
    "One row per shipment line between two sites.",
    (
        text("shipment_id", "Shipment."),
        integer("line_number", "Line of the shipment.", minimum=1),
        _ITEM,
        text("origin_id", "Site that shipped."),
        text("destination_id", "Site that receives."),
        text("mode", "Mode of transport."),
        _units("shipped_units", "Shipped."),
        date("departed_date", "Day of departure."),
        date("expected_date", "Day it is expected.", nullable=True),
        date("arrived_date", "Day it arrived; null while in transit.", nullable=True),
        text("status", "in_transit, arrived or lost."),
        _ORDER_REFERENCE,
    ),
    ("shipment_id", "line_number"),
)
SALES = Frame(
    "demand_sales",
    "One row per site, item and sales date (a week's first day where the network plans weeks).",
    (
        _SITE,
        _ITEM,
        date("sales_date", "Business date of the sales."),
        # Returns may exceed sales, so that a day's net can be negative.
        _units("sold_units", "Net units sold.", minimum=None),
        real("in_stock_share", "Share of the opening hours with stock on the shelf.", minimum=0, maximum=1),
        money("unit_price", "Average price of a unit sold that day.", nullable=True, minimum=0),
        flag("is_promoted", "Whether a promotion ran."),
    ),
    ("site_id", "item_id", "sales_date"),
)
EVENTS = Frame(
    "demand_events",
    "One row per calendar event: of all, of a region or a site, or of one item there.",
    (
        text("event_id", "Event."),
        text("event_name", "Name of the event; the same for all its occurrences, whenever they fall."),
        text("event_kind", "holiday, promotion or other."),
        text("region", "Region concerned; null for all.", nullable=True),
        date("start_date", "First day."),
        date("end_date", "Last day; before the first for an event that was called off."),
        _later(text("item_id", "Item concerned; null for all.", nullable=True)),
        _later(text("site_id", "Site concerned; null for all.", nullable=True)),
        _later(money("unit_price", "Planned price of a unit; null if unsaid.", nullable=True, minimum=0)),
    ),
    ("event_id",),
)
SUPPLIER_SIGNALS = Frame(
    "suppliers_signals",
    "One row per supplier, item and signal date.",
    (
        text("supplier_id", "Supplier."),
        _ITEM,
        date("signal_date", "Day the signal speaks of."),
        integer(
            "capacity_units_per_day",
            "What the supplier can ship a day; null if unsaid.",
            nullable=True,
            minimum=0,
        ),
        date("confirmed_date", "Day the supplier confirms delivery for.", nullable=True),
        real("reliability_share", "Share of recent lines delivered in full and on time.", minimum=0, maximum=1),
    ),
    ("supplier_id", "item_id", "signal_date"),
)
COMMITMENTS = Frame(
    "ledger_commitments",
    "One row per line of an order that was issued and is not over: what the other side has of it.",
    (
        text("order_id", "Our order document, which other feeds name as their order_reference."),
        integer("line_number", "Line of the order.", minimum=1),
        text("kind", "transfer, purchase or expedite (a transfer by a faster lane)."),
        _ITEM,
        text("origin_id", "Site that ships, or supplier."),
        text("destination_id", "Site that receives."),
        text("mode", "Mode of transport; `supplier` for purchases."),
        _units("accepted_units", "Promised by the other side; asked for, while it has not answered."),
        _units("shipped_units", "Left the origin, as the other side says; what arrived has left."),
        _units("received_units", "Arrived, as the other side says."),
        date("departure_date", "Day it was to leave the origin; of a purchase the day it was ordered."),
        date("arrival_date", "Day it was to arrive."),
        money("value_amount", "Value of what was promised.", minimum=0),
    ),
    ("order_id", "line_number"),
)
FEED_BATCHES = Frame(
    "feed_batches",
    "One row per plan date and batch that was known at the cutoff: where every lineage ends.",
    (
        date("plan_date", "Plan that could know of it."),
        text("feed", "Raw table, such as wms_inventory."),
        text("batch_id", "Digest of source, table, business date and content hash."),
        date("business_date", "Business date of the batch."),
        time("available_at", "When it (or its last row) became known (UTC)."),
        integer("row_count", "Rows sent.", minimum=0),
        integer("accepted_rows", "Rows that went on.", minimum=0),
        integer("quarantined_rows", "Rows that did not.", minimum=0),
        text("content_hash", "Digest of the files as sent."),
        text("status", "accepted or rejected."),
        text("reason", "Why it was rejected; empty if it was not."),
    ),
    ("plan_date", "feed", "batch_id"),
)
FEED_STATE = Frame(
    "feed_state",
    "One row per plan date and feed: digest of every raw row known at the cutoff, so that a replay sees a changed row.",
    (
        date("plan_date", "Plan."),
        text("feed", "Raw table."),
        text("as_known", "then: as known at the cutoff; now: with hindsight."),
        integer("batch_count", "Accepted batches known.", minimum=0),
        integer("row_count", "Raw rows known.", minimum=0),
        date("latest_business_date", "Latest business date among them; null without batches.", nullable=True),
        text("row_digest", "Order-free digest of the rows' values."),
    ),
    ("plan_date", "feed"),
)
