"""Frames of the decisions: targets, plans and orders."""

from __future__ import annotations

from assets.kernel.frames.forecasts import QUANTILE_LEVELS, interval_column
from assets.kernel.frames.schema import Column, Frame, date, flag, integer, money, real, text

_PLAN_DATE = date("plan_date", "Plan the row belongs to.")
_ITEM = text("item_id", "Item.")
_SITE = text("site_id", "Site.")


def _units(name: str, description: str, *, nullable: bool = False) -> Column:
    return integer(name, description, unit="base units", nullable=nullable)


def _real_units(name: str, description: str, *, nullable: bool = False) -> Column:
    return real(name, description, unit="base units", nullable=nullable)


TARGETS = Frame(
    "targets",
    "One row per plan date, item and site: the base stock that the promise needs.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        integer("echelon", "Echelon of the site.", minimum=0),
        text(
            "receipt_kind",
            "How the site is normally replenished: purchase or transfer; none where nothing serves it.",
        ),
        text("source_id", "Supplier or site it is normally replenished from; empty for none."),
        real("lead_time_mean_days", "Mean lead time from that source.", unit="days"),
        real("lead_time_std_days", "Its standard deviation.", unit="days"),
        integer("protection_buckets", "Review plus lead time, in buckets rounded up.", minimum=1),
        real("critical_ratio", "Quantile of demand the base stock covers.", minimum=0, maximum=1),
        text("critical_ratio_source", "cost or service: what the ratio came from."),
        money("shortage_cost_per_unit", "Given, or implied by the service target."),
        money(
            "service_price_per_unit",
            "What a service target that asks for more than the given cost adds to it: the floor's shadow price; 0 "
            "where it does not bind, null where no cost is given.",
            nullable=True,
        ),
        real("holding_cost_per_unit_bucket", "Cost of holding one unit for one bucket.", unit="currency"),
        _real_units(
            "protection_mean_units",
            "Expected demand over review and lead time from the plan date on, not rounded up to buckets; of this name "
            "`protection_demand` has another one.",
        ),
        _real_units("protection_std_units", "Its standard deviation, lead-time variability included."),
        _units("base_stock_units", "Order up to this position."),
        _units("safety_stock_units", "Base stock less expected demand over the protection interval."),
        _units("reorder_point_units", "Order when the position falls to this."),
        _units("protection_units", "Stock a donor keeps."),
        _units("maximum_units", "Most the site may hold; null if unlimited.", nullable=True),
        money("target_amount", "Base stock at standard cost."),
        text("placement", "local, guaranteed_service or stochastic_service: what the base stock follows from."),
        text("service_measure", "cycle_service or fill_rate: what is promised."),
        real("promised_service", "How much of it is promised, the source owing nothing.", minimum=0, maximum=1),
        real("expected_cycle_service", "Share of review cycles without a shortage.", minimum=0, maximum=1),
        real("expected_fill_rate", "Share of demand met from stock.", minimum=0, maximum=1),
        real("expected_ready_rate", "Share of buckets that end with stock.", minimum=0, maximum=1),
        _real_units("expected_stock_units", "Stock on hand at the end of a bucket."),
        money("expected_stock_amount", "The same at standard cost."),
        _real_units("demand_mean_units", "Expected demand per bucket, what is served downstream included."),
    ),
    ("plan_date", "item_id", "site_id"),
)
PROTECTION_DEMAND = Frame(
    "protection_demand",
    "One row per plan date, item and site that forecasts demand and has a source: demand from the arrival of an "
    "order placed now to the arrival of the next. Do not add quantiles up across items or sites.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        integer("first_bucket", "Bucket in which an order placed now can be sold, at its mean lead time.", minimum=0),
        integer("last_bucket", "Last bucket before the next order's arrival, at the same lead time.", minimum=0),
        _real_units("mean_units", "Expected demand of these buckets."),
        _real_units("std_units", "Its standard deviation, the lead time being its mean."),
        _real_units(
            "protection_mean_units",
            "Expected demand between the two arrivals, lead times random; `targets` has another of this name.",
        ),
        _real_units("protection_std_units", "Its standard deviation."),
        *(
            _real_units(interval_column(level), f"{level:.0%} quantile of demand of these buckets.")
            for level in QUANTILE_LEVELS
        ),
    ),
    ("plan_date", "item_id", "site_id"),
)
PLAN_LINES = Frame(
    "plan_lines",
    "One row per plan date, kind, item, origin and destination that the plan acts on now.",
    (
        _PLAN_DATE,
        text("kind", "transfer, purchase or expedite."),
        _ITEM,
        text("origin_id", "Supplier or site that sends."),
        text("destination_id", "Site that receives."),
        text("mode", "Mode of transport; `supplier` for purchases."),
        _units("quantity_units", "Units to send."),
        date("departure_date", "Day it leaves or is ordered."),
        date("arrival_date", "Day it is expected."),
        money("line_amount", "Quantity at purchase price or standard cost."),
        money("transport_amount", "Freight and handling of the line."),
        money(
            "gain_amount", "Expected cost avoided by the line, net of what it costs, before the bill of its departure."
        ),
        money("limits_amount", "What its use of scarce shared limits is worth to others, at their shadow prices."),
        text("reason", "Why, in one sentence."),
        text("binding_constraints", "Names of the constraints and shared limits that bind here, comma separated."),
        text(
            "next_best",
            "The cheapest other way to bring as much by unit prices, or to wait, and what it costs about more; "
            "`equipoise explain` solves again without the line.",
        ),
    ),
    ("plan_date", "kind", "item_id", "origin_id", "destination_id", "mode"),
)
DECISIONS = Frame(
    "decisions",
    "One row per plan date, item and site that was planned or held: what was decided and why, even if nothing moves.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        text("decision", "buy, move_in, move_out, expedite, wait or held."),
        _units("available_units", "Stock that can be used now."),
        _units("incoming_units", "In transit and on order."),
        _units("base_stock_units", "Target of the site."),
        _real_units("protection_mean_units", "Expected demand over the protection interval."),
        real("marginal_value", "What one more unit here now would save.", nullable=True, unit="currency"),
        _units("inbound_units", "Units the plan brings in."),
        _units("outbound_units", "Units the plan takes out."),
        text("reason", "Why, in one sentence."),
        text("binding_constraints", "Names of the constraints and shared limits that bind here, comma separated."),
        text("next_best", "The cheapest action not taken by unit prices, and what its first unit would cost more."),
        text(
            "flips_when",
            "What would have to change by unit prices or gains, lots and least gains apart; `equipoise explain` finds "
            "the smallest change of an input by solving again.",
        ),
    ),
    ("plan_date", "item_id", "site_id"),
)
PLAN_SUMMARY = Frame(
    "plan_summary",
    "One row per plan date and policy: the plan and what the public baselines would have cost on the same snapshot.",
    (
        _PLAN_DATE,
        text("policy", "joint_plan, do_nothing, no_transfers, greedy_pairs or min_max."),
        money("cost_amount", "Expected cost over the horizon, in the model: the five parts that follow."),
        money(
            "holding_amount",
            "Of that, holding on site, under way, and of what a slower way decides early.",
        ),
        money("shortage_amount", "Of that, unmet demand expected and what upstream reserves fall short of their most."),
        money("transport_amount", "Of that, transport and handling of every move that starts in the horizon."),
        money("purchase_amount", "Of that, purchases plus the fall in the landed value of stock there and under way."),
        money("change_amount", "Of that, the price of changing what was announced; nothing leaves the till."),
        money("bound_amount", "Proven lower bound of the cost; null for baselines.", nullable=True),
        real("gap_share", "(cost - bound) / cost; null for baselines.", nullable=True),
        real(
            "decidable_gap_share",
            "(cost - bound) / (cost of doing nothing - bound); null for baselines.",
            nullable=True,
        ),
        integer("purchase_lines", "Purchase lines.", minimum=0),
        integer("transfer_lines", "Transfer lines.", minimum=0),
        integer("item_sites", "Item-sites planned.", minimum=0),
        integer("held_item_sites", "Item-sites left out by verdicts.", minimum=0),
        real("value_error_bound", "Largest error of the piecewise-linear value curves.", unit="currency"),
        text("plan_digest", "Digest of the plan's lines."),
        text("policy_release", "Policy release that decided."),
        text(
            "settled_by",
            "items: each by itself, no shared limit was broken; market: items negotiated; fallback: the award broke a "
            "limit and nothing starts; baseline.",
        ),
        integer("scarce_limits", "Shared limits that are priced or asked for too much; 0 for baselines.", minimum=0),
        integer(
            "broken_limits",
            "Shared limits that its moves of today and later would break; null for baselines where only some items "
            "were planned again.",
            nullable=True,
            minimum=0,
        ),
        integer(
            "announced_lines",
            "Lines of earlier plans that could still be changed, of the items planned now; null where changing them "
            "costs nothing, and for baselines.",
            nullable=True,
            minimum=0,
        ),
        integer("changed_lines", "Of these, lines that the plan changes; null as before.", nullable=True, minimum=0),
        integer(
            "avoided_changes",
            "Lines that the same plan without a price of changes would change, less those that are changed; null as "
            "before.",
            nullable=True,
        ),
        text("replanned", "Items and sites that were planned again on top of another run; empty for the whole plan."),
        text("base_run_id", "Run whose rows of other items stand; empty for the whole plan."),
    ),
    ("plan_date", "policy"),
)
PLAN_COSTS = Frame(
    "plan_costs",
    "One row per plan date, policy and item: its part of the plan's cost, and of what baselines would have cost.",
    (
        _PLAN_DATE,
        text("policy", "joint_plan, do_nothing, no_transfers, greedy_pairs or min_max."),
        _ITEM,
        money("cost_amount", "Expected cost over the horizon, in the model: the five parts that follow."),
        money(
            "holding_amount",
            "Of that, holding on site, under way, and of what a slower way decides early.",
        ),
        money("shortage_amount", "Of that, unmet demand expected and what upstream reserves fall short of their most."),
        money("transport_amount", "Of that, transport and handling of every move that starts in the horizon."),
        money("purchase_amount", "Of that, purchases plus the fall in the landed value of stock there and under way."),
        money("change_amount", "Of that, the price of changing what was announced."),
        money(
            "bound_amount",
            "Proven lower bound of the item's cost if it shared nothing; null for baselines.",
            nullable=True,
        ),
        integer("purchase_lines", "Purchase lines.", minimum=0),
        integer("transfer_lines", "Transfer lines.", minimum=0),
    ),
    ("plan_date", "policy", "item_id"),
)
PLAN_FAULTS = Frame(
    "plan_faults",
    "One row per plan date and kind of fault: what a plan left out, could not keep or had to relax.",
    (
        _PLAN_DATE,
        integer("number", "In the order in which they were found, from 1.", minimum=1),
        text("fault", "What is wrong, how it was planned all the same, and the first three names."),
    ),
    ("plan_date", "number"),
)
ANNOUNCED_LINES = Frame(
    "announced_lines",
    "One row per plan date and line that orders of the date announced before it was planned now.",
    (
        _PLAN_DATE,
        text("kind", "transfer, purchase or expedite."),
        _ITEM,
        text("origin_id", "Supplier or site that sends."),
        text("destination_id", "Site that receives."),
        text("mode", "Mode of transport; `supplier` for purchases."),
        _units("quantity_units", "Units announced."),
        date("departure_date", "Day it leaves or is ordered."),
        date("arrival_date", "Day it is expected."),
        money("line_amount", "Quantity at purchase price or standard cost."),
        money("transport_amount", "Freight and handling of the line."),
        money("gain_amount", "Expected cost avoided by the line, as it was announced."),
        text("reason", "Why it was ordered, in one sentence."),
        text("order_id", "Document that announced it."),
    ),
    ("plan_date", "kind", "item_id", "origin_id", "destination_id", "mode"),
)
DOCUMENTS = Frame(
    "order_documents",
    "One row per order document of the plan date and channel.",
    (
        text("order_id", "Digest of network, plan date, kind, origin, destination and channel."),
        _PLAN_DATE,
        text("channel", "live or backfill."),
        text("kind", "transfer, purchase, expedite or parameters."),
        text("origin_id", "Supplier or site that sends; empty for parameters."),
        text("destination_id", "Site that receives."),
        integer("revision", "1 for the first version; one more each time its content changes.", minimum=1),
        text("status", "State of the document in the ledger."),
        integer("line_count", "Lines.", minimum=0),
        _units("quantity_units", "Units over all lines."),
        money("value_amount", "Value over all lines."),
        money("gain_amount", "Expected cost avoided over all lines."),
        text("reason", "Why, in one sentence."),
        text("content_digest", "Digest of the lines."),
        text("plan_digest", "Digest of the plan that made it."),
        text("policy_release", "Policy release that decided."),
        text("model_version", "Forecast model versions behind it."),
        text("feature_version", "Feature set behind it."),
        text("batch_ids", "Feed batches behind it, comma separated."),
        text("run_id", "Dagster run that made this revision."),
    ),
    ("order_id",),
)
ORDER_LINES = Frame(
    "order_lines",
    "One row per order document and line.",
    (
        text("order_id", "Document."),
        integer("line_number", "Line, from 1.", minimum=1),
        _ITEM,
        text("mode", "Mode of transport; `supplier` for purchases."),
        _units("quantity_units", "Units to send."),
        date("departure_date", "Day it leaves or is ordered."),
        date("arrival_date", "Day it is expected."),
        money("value_amount", "Quantity at purchase price or standard cost."),
        money("transport_amount", "Freight and handling."),
        money("gain_amount", "Expected cost avoided by the line."),
        text("reason", "Why, in one sentence."),
        text("binding_constraints", "Names of the constraints that bind, comma separated."),
    ),
    ("order_id", "line_number"),
)
ORDER_LEVELS = Frame(
    "order_levels",
    "One row per document of kind parameters and line: the levels by which an ERP is to replenish an item at a site.",
    (
        text("order_id", "Document."),
        integer("line_number", "Line, from 1.", minimum=1),
        _SITE,
        _ITEM,
        text("receipt_kind", "How the ERP is supplied: purchase or transfer."),
        text("source_id", "Supplier or site that it is ordered from."),
        _units("reorder_point_units", "Order when the position has fallen to this."),
        _units("minimum_units", "Stock that is to be left when the next receipt comes."),
        _units("maximum_units", "Order up to this, in whole lots."),
        text("service_measure", "cycle_service or fill_rate: what is promised."),
        real("promised_service", "How much of it is promised.", minimum=0, maximum=1),
        flag("is_withdrawn", "Whether the ERP is to order it no more."),
        _units("former_reorder_point_units", "Acknowledged before; null for none.", nullable=True),
        _units("former_maximum_units", "Acknowledged before; null for none.", nullable=True),
        text("reason", "Why, in one sentence."),
    ),
    ("order_id", "line_number"),
)
LEVELS_THERE = Frame(
    "levels_there",
    "One row per plan date, site and item whose levels an ERP was told before it, and per line sent on the date.",
    (
        _PLAN_DATE,
        _SITE,
        _ITEM,
        flag("of_this_date", "Whether a document of the plan date itself carried it, acknowledged or not."),
        flag(
            "erp_orders", "Whether the ERP orders by levels of ours; false of the plan date's own, which count later."
        ),
        flag("is_certain", "Whether it is known that just these levels, or none, stand there."),
        text("order_id", "Document that carried it last."),
        text("receipt_kind", "How the ERP is supplied: purchase or transfer."),
        text("source_id", "Supplier or site that it is ordered from."),
        _units("reorder_point_units", "Order when the position has fallen to this."),
        _units("minimum_units", "Stock that is to be left when the next receipt comes."),
        _units("maximum_units", "Order up to this, in whole lots."),
        text("service_measure", "cycle_service or fill_rate: what was promised."),
        real("promised_service", "How much of it was promised.", minimum=0, maximum=1),
        flag("is_withdrawn", "Whether the ERP was told to order it no more."),
        _units("approved_reorder_point_units", "Last that a person approved, or the first of all.", nullable=True),
        _units("approved_maximum_units", "Last that a person approved, or the first of all.", nullable=True),
    ),
    ("plan_date", "site_id", "item_id", "of_this_date"),
)
