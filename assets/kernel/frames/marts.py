"""Frames of the dbt marts: what decisions read, one slice per plan date.

Every slice frame starts with ``plan_date``. ``fct_demand`` and ``fct_lead_time`` are long
facts, stored once with the time they became known.
"""

from __future__ import annotations

from assets.kernel.frames.schema import Column, Frame, date, flag, integer, money, real, text, time

_PLAN_DATE = date("plan_date", "Plan the row was made for.")
_ITEM = text("item_id", "Item.")
_SITE = text("site_id", "Site.")
_FEATURE_SET = text("feature_set_version", "Version of the feature definitions.")


def _units(name: str, description: str, *, nullable: bool = False) -> Column:
    return integer(name, description, unit="base units", nullable=nullable)


DIM_ITEM = Frame(
    "dim_item",
    "One row per plan date and item, as known at the cutoff.",
    (
        _PLAN_DATE,
        _ITEM,
        text("description", "Name a person knows the item by."),
        text("category", "Product category."),
        text("base_unit", "Unit of every quantity."),
        money("unit_cost", "Standard cost of one base unit."),
        money("unit_price", "List price of one base unit."),
        real("weight_kg_per_unit", "Shipping weight.", unit="kg"),
        real("volume_m3_per_unit", "Shipping volume.", unit="m3"),
        integer("shelf_life_days", "Days from receipt to expiry; null keeps for ever.", nullable=True),
        flag("is_sensitive", "Whether access to the item is restricted."),
    ),
    ("plan_date", "item_id"),
)
DIM_SITE = Frame(
    "dim_site",
    "One row per plan date and open site.",
    (
        _PLAN_DATE,
        _SITE,
        text("site_name", "Name of the site."),
        text("site_kind", "supply_dc, regional_warehouse, cross_dock (holds no stock) or store."),
        text("region", "Region."),
        text("timezone", "Time zone of the site."),
        integer("echelon", "0 where demand is met; else one more than the highest site it serves.", minimum=0),
        real("storage_m3", "Room for stock; null if unlimited.", nullable=True, unit="m3"),
        _units("dock_in_units_per_day", "Most the site receives a day; null if unlimited.", nullable=True),
        _units("dock_out_units_per_day", "Most the site ships a day; null if unlimited.", nullable=True),
        integer(
            "documents_per_day", "Most order documents a day, sent and received; null if unlimited.", nullable=True
        ),
    ),
    ("plan_date", "site_id"),
)
DIM_LANE = Frame(
    "dim_lane",
    "One row per plan date, origin, destination and mode between two known open sites, allowed lanes only.",
    (
        _PLAN_DATE,
        text("origin_id", "Site that ships."),
        text("destination_id", "Site that receives."),
        text("mode", "Mode of transport."),
        money("fixed_cost_per_departure", "Cost of a departure."),
        money("cost_per_kg", "Freight by weight."),
        money("cost_per_m3", "Freight by volume."),
        money("cost_per_unit", "Handling of one base unit."),
        real("capacity_kg", "Most a departure carries; null if unlimited.", nullable=True, unit="kg"),
        text("departure_days", "ISO weekdays of departure, such as 1,3,5; empty for every day."),
        integer("quoted_transit_days", "Departure to receipt, as quoted.", unit="days"),
        real("capacity_m3", "Most a departure holds; null if unlimited.", nullable=True, unit="m3"),
        real("truck_kg", "Most one truck carries; null where a departure is one vehicle.", nullable=True, unit="kg"),
        real("truck_m3", "Most one truck holds; null where a departure is one vehicle.", nullable=True, unit="m3"),
    ),
    ("plan_date", "origin_id", "destination_id", "mode"),
)
DIM_SOURCING = Frame(
    "dim_sourcing",
    "One row per plan date, item, supplier and receiving site that may be bought.",
    (
        _PLAN_DATE,
        _ITEM,
        text("supplier_id", "Supplier."),
        _SITE,
        money("unit_cost", "Purchase price of one base unit."),
        _units("minimum_order_units", "Smallest order line; 0 for none."),
        _units("order_multiple_units", "Order lines are multiples of this."),
        integer("quoted_lead_time_days", "Order to receipt, as quoted.", unit="days"),
        money("minimum_order_amount", "Smallest order document; 0 for none."),
        integer(
            "capacity_units_per_day",
            "Most the supplier ships a day: the lower of contract and signal.",
            nullable=True,
        ),
        _units(
            "supplier_capacity_units_per_day",
            "Most the supplier ships a day of all items; null if unlimited.",
            nullable=True,
        ),
        _units("minimum_document_units", "Smallest order document in base units; null for none.", nullable=True),
    ),
    ("plan_date", "item_id", "supplier_id", "site_id"),
)
DIM_ITEM_SITE = Frame(
    "dim_item_site",
    "One row per plan date, item and open site that is ranged there: the settings decisions obey.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        real("holding_cost_per_unit_day", "Standard cost times holding rate, by day.", unit="currency"),
        money("shortage_cost_per_unit", "Margin lost on one unit of unmet demand.", nullable=True),
        real("service_target", "Cycle service level promised; null: implied by the costs.", nullable=True),
        _units("presentation_minimum_units", "Stock the shelf must show."),
        _units("maximum_units", "Most the site may hold.", nullable=True),
        integer("review_days", "Days between ordering opportunities.", unit="days"),
        text("lifecycle", "new, active, ending or delisted."),
    ),
    ("plan_date", "item_id", "site_id"),
)
DIM_EVENT = Frame(
    "dim_event",
    "One row per plan date and calendar event, past or announced by the cutoff: of all, a region, a site, or one item.",
    (
        _PLAN_DATE,
        text("event_id", "Event."),
        text("event_name", "Name of the event, by which its occurrences are matched."),
        text("event_kind", "holiday, promotion or other."),
        text("region", "Region concerned; null for all.", nullable=True),
        text("site_id", "Site concerned; null for all.", nullable=True),
        text("item_id", "Item concerned; null for all.", nullable=True),
        date("start_date", "First day."),
        date("end_date", "Last day."),
        money("unit_price", "Planned price of a unit; null if unsaid.", nullable=True),
        time("available_at", "Since when the event is announced as it stands (UTC)."),
    ),
    ("plan_date", "event_id"),
)
FCT_DEMAND = Frame(
    "fct_demand",
    "One row per item, site, planning bucket and version of what was known of it.",
    (
        _ITEM,
        _SITE,
        date("bucket_start", "First day of the planning bucket."),
        _units("sold_units", "Net units sold, as the till says."),
        _units("demand_lower_bound_units", "Units that were certainly asked for: sales, at least 0."),
        real("in_stock_share", "Share of the bucket with stock on the shelf.", minimum=0, maximum=1),
        flag("is_censored", "Whether demand may have exceeded sales because the shelf was empty."),
        flag("is_promoted", "Whether a promotion ran."),
        money("unit_price", "Average price of a unit sold.", nullable=True),
        time("available_at", "When this version became known (UTC)."),
        text("batch_id", "Last batch behind the row."),
    ),
    ("item_id", "site_id", "bucket_start", "available_at"),
)
FCT_INVENTORY_POSITION = Frame(
    "fct_inventory_position",
    "One row per plan date, item and site that is ranged there or holds stock.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        date("counted_date", "Business date of the count; null if never counted.", nullable=True),
        _units("on_hand_units", "Physically there, as counted (may be negative in error)."),
        _units("reserved_units", "Promised to somebody."),
        _units("blocked_units", "In quality hold or damaged."),
        _units("expiring_units", "Expires before it can sell at the recent rate of sale."),
        _units(
            "available_units",
            "On hand less reserved, blocked, expiring and what our orders take that no shipment shows; at least 0.",
        ),
        date(
            "first_expiry_date",
            "Last day of sale of the first lot with available units, first expired first out; null if none expires.",
            nullable=True,
        ),
        _units("in_transit_units", "Shipped, or promised by an order of ours, to the site and not yet arrived."),
        _units("on_order_units", "Bought for the site, by a purchase order or an order of ours, and not yet received."),
        _units("position_units", "Available plus in transit plus on order."),
        money("stock_amount", "On hand at standard cost."),
        text("batch_ids", "Batches behind the row, comma separated."),
    ),
    ("plan_date", "item_id", "site_id"),
)
FCT_SCHEDULED_RECEIPT = Frame(
    "fct_scheduled_receipt",
    "One row per plan date, item, site, source and expected day of stock under way.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        date("expected_date", "Day it is expected, at the earliest the plan date."),
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _units("receipt_units", "Units still to come."),
        flag("is_late", "Whether the promised day has passed."),
    ),
    ("plan_date", "item_id", "site_id", "expected_date", "receipt_kind", "source_id"),
)
FCT_LEAD_TIME = Frame(
    "fct_lead_time",
    "One row per receipt of a purchase line or shipment line.",
    (
        text("observation_id", "Order or shipment and line."),
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _SITE,
        text("mode", "Mode of transport; `supplier` for purchases."),
        _ITEM,
        date("started_date", "Day of the order or departure."),
        date("received_date", "Day of receipt."),
        integer("lead_time_days", "Start to receipt.", unit="days", minimum=0),
        integer("quoted_days", "As quoted at the time; null if unknown.", unit="days", nullable=True),
        time("available_at", "When the receipt became known (UTC)."),
        text("batch_id", "Batch behind the row."),
    ),
    ("observation_id",),
)
FCT_OPEN_ORDER = Frame(
    "fct_open_order",
    "One row per plan date and line under way: of purchases, shipments, and orders of ours that neither shows yet; "
    "what is months past its promise is left out.",
    (
        _PLAN_DATE,
        text("observation_id", "Order or shipment and line."),
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _SITE,
        text("mode", "Mode of transport; `supplier` for purchases."),
        _ITEM,
        date("started_date", "Day of the order or departure."),
        integer("quoted_days", "As quoted at the time; null if unknown.", unit="days", nullable=True),
        _units("open_units", "Units still to come."),
    ),
    ("plan_date", "observation_id"),
)
FCT_COMMITMENT = Frame(
    "fct_commitment",
    "One row per plan date and line of an order of ours that was issued and not over at the cutoff, as our ledger "
    "said; its origin's available stock counts it no more.",
    (
        _PLAN_DATE,
        text("order_id", "Our order document."),
        integer("line_number", "Line of the order.", minimum=1),
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _SITE,
        text("mode", "Mode of transport; `supplier` for purchases."),
        _ITEM,
        date("departure_date", "Day it was to leave; of a purchase the day it was ordered."),
        date("arrival_date", "Day it was to arrive."),
        _units("promised_units", "Promised by the other side, or asked for while it has not answered."),
        _units("open_units", "Of these, neither received nor shown by a purchase order or shipment."),
        money("value_amount", "Value of what was promised."),
        text("batch_id", "Batch behind the row."),
    ),
    ("plan_date", "order_id", "line_number"),
)
FEAT_ITEM_SITE = Frame(
    "feat_item_site",
    "One row per plan date, item and site that is ranged there.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        integer("history_buckets", "Buckets since the first sale known.", minimum=0),
        integer("observed_buckets", "Of those, buckets that were not censored.", minimum=0),
        real("mean_units_per_bucket", "Mean of uncensored demand over the recent window."),
        real("std_units_per_bucket", "Standard deviation over the same window."),
        real("cv2", "Squared coefficient of variation of non-zero demand (Syntetos and Boylan 2005)."),
        real("adi", "Average inter-demand interval in buckets (Syntetos and Boylan 2005)."),
        real(
            "seasonality_strength",
            "Share of variance that the season explains, 0 to 1.",
            minimum=0,
            maximum=1,
        ),
        real("trend_ratio", "Mean of the last quarter of the window over the window's mean."),
        real("promotion_share", "Share of buckets under promotion.", minimum=0, maximum=1),
        real("censored_share", "Share of buckets that were censored.", minimum=0, maximum=1),
        text("abc_class", "A, B or C by value sold over the network."),
        text("xyz_class", "X, Y or Z by variability."),
        text("demand_segment", "smooth, erratic, intermittent, lumpy, new, dying, seasonal or promoted."),
        real(
            "days_of_cover",
            "Available stock over mean demand; null without demand.",
            nullable=True,
            unit="days",
        ),
        _FEATURE_SET,
    ),
    ("plan_date", "item_id", "site_id"),
)
FEAT_LEAD_TIME = Frame(
    "feat_lead_time",
    "One row per plan date, kind, source, site and mode that may supply.",
    (
        _PLAN_DATE,
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _SITE,
        text("mode", "Mode of transport; `supplier` for purchases."),
        integer("observation_count", "Receipts known.", minimum=0),
        real("quoted_days", "Quote that decisions may fall back to.", unit="days"),
        real("mean_days", "Mean lead time, shrunk to the quote where receipts are few.", unit="days"),
        real("std_days", "Standard deviation, shrunk likewise.", unit="days", minimum=0),
        _FEATURE_SET,
    ),
    ("plan_date", "receipt_kind", "source_id", "site_id", "mode"),
)
MARTS: tuple[Frame, ...] = (
    DIM_ITEM,
    DIM_SITE,
    DIM_LANE,
    DIM_SOURCING,
    DIM_ITEM_SITE,
    DIM_EVENT,
    FCT_DEMAND,
    FCT_INVENTORY_POSITION,
    FCT_SCHEDULED_RECEIPT,
    FCT_LEAD_TIME,
    FCT_OPEN_ORDER,
    FCT_COMMITMENT,
    FEAT_ITEM_SITE,
    FEAT_LEAD_TIME,
)
