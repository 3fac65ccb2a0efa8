"""Frames of what stands behind stock targets: where stock is placed, and what the targets promise together."""

from __future__ import annotations

from assets.kernel.frames.schema import Frame, date, integer, money, real, text

_PLAN_DATE = date("plan_date", "Plan the row belongs to.")

PLACEMENT = Frame(
    "placement",
    "One row per plan date, item and site: how the item's warehouses hold stock in the week of the plan date. Costs "
    "are expected ones per bucket at the row's own site. For what an item costs, sum one cost column over its sites; "
    "do not add the columns to one another, each being another way to place the same item.",
    (
        _PLAN_DATE,
        text("item_id", "Item."),
        text("site_id", "Site."),
        integer("echelon", "Echelon of the site.", minimum=0),
        date("week_start", "Monday up to which demand and lead times were looked at."),
        text(
            "placement",
            "local, guaranteed_service or stochastic_service: what costs the item least; local where demand is met.",
        ),
        integer(
            "inbound_service_buckets", "Service time of its source under guaranteed service.", unit="buckets", minimum=0
        ),
        integer("service_buckets", "Its own service time under guaranteed service.", unit="buckets", minimum=0),
        real("guaranteed_stock_units", "Safety stock under guaranteed service.", unit="base units", minimum=0),
        real(
            "safety_factor",
            "Standard deviations of protection demand that base stock stands above its mean; null where local.",
            nullable=True,
        ),
        real("local_cost_amount", "Holding and shortage if every site looked after itself.", unit="currency"),
        real("guaranteed_cost_amount", "The same under guaranteed service.", unit="currency"),
        real("placed_cost_amount", "The same as placed.", unit="currency"),
    ),
    ("plan_date", "item_id", "site_id"),
)
TARGET_SERVICE = Frame(
    "target_service",
    "One row per plan date, echelon, ABC class and demand segment: what the targets of its item-sites promise "
    "together. Shares are weighted by demand; stock of echelons adds up, demand does not.",
    (
        _PLAN_DATE,
        integer("echelon", "Echelon of the sites.", minimum=0),
        text("abc_class", "A, B or C by value sold over the network."),
        text("demand_segment", "Segment of demand; none where the site has no demand of its own."),
        integer("item_sites", "Item-sites.", minimum=0),
        real("demand_units", "Expected demand per bucket, what is served downstream included.", unit="base units"),
        real("promised_service", "Mean of what is promised, whichever measure.", minimum=0, maximum=1),
        real("cycle_service", "Expected share of review cycles without a shortage.", minimum=0, maximum=1),
        real("fill_rate", "Expected share of demand met from stock.", minimum=0, maximum=1),
        real("ready_rate", "Expected share of buckets that end with stock.", minimum=0, maximum=1),
        integer("base_stock_units", "Base stock.", unit="base units"),
        real("stock_units", "Expected stock on hand at the end of a bucket.", unit="base units"),
        money("stock_amount", "The same at standard cost."),
        money("target_amount", "Base stock at standard cost."),
    ),
    ("plan_date", "echelon", "abc_class", "demand_segment"),
)
