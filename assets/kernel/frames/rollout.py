"""Frames of releases that decide beside the active one: shadows, and the canary with its guards."""

from __future__ import annotations

from assets.kernel.frames.schema import Frame, date, flag, integer, money, real, text

_PLAN_DATE = date("plan_date", "Plan the row belongs to.")
_ITEM = text("item_id", "Item.")
_RELEASE = text("policy_release", "Release that decides beside the active one.")
_ACTIVE = text("active_release", "Release that decided the plan.")

SHADOW_PLANS = Frame(
    "shadow_plans",
    "One row per plan date and release at stage shadow: what it would have decided on the snapshot of the plan.",
    (
        _PLAN_DATE,
        _RELEASE,
        _ACTIVE,
        money("cost_amount", "Expected cost of its plan by its own terms."),
        money("active_cost_amount", "Expected cost of the active plan by the active terms."),
        money(
            "decided_amount",
            "What its decisions of today cost by the active prices, later ones being best; guardrails and shared "
            "limits of later buckets aside. Null where they cannot be priced so.",
            nullable=True,
        ),
        money("active_decided_amount", "The same of what the active plan decided.", nullable=True),
        integer("purchase_lines", "Purchase lines of its plan.", minimum=0),
        integer("transfer_lines", "Transfer and expedite lines of its plan.", minimum=0),
        integer("documents", "Documents of its plan.", minimum=0),
        integer("active_documents", "Documents of the active plan.", minimum=0),
        integer("differing_documents", "Documents of either that the other has not, or has with other lines."),
        text("settled_by", "As in PLAN_SUMMARY."),
        text("plan_digest", "Digest of its lines."),
    ),
    ("plan_date", "policy_release"),
)
SHADOW_DIFFERENCES = Frame(
    "shadow_differences",
    "One row per plan date, shadow, kind, origin and destination whose document is not the active plan's.",
    (
        _PLAN_DATE,
        _RELEASE,
        text("kind", "transfer, purchase or expedite."),
        text("origin_id", "Supplier or site that sends."),
        text("destination_id", "Site that receives."),
        text("shadow_order_id", "The shadow's document; empty for none."),
        text("order_id", "The active plan's document; empty for none."),
        integer("shadow_units", "Units in the shadow's document.", unit="base units", minimum=0),
        integer("active_units", "Units in the active plan's document.", unit="base units", minimum=0),
        money("shadow_value_amount", "Value of the shadow's document."),
        money("active_value_amount", "Value of the active plan's document."),
        integer("changed_lines", "Lines that only one has, or that have other units, dates or values.", minimum=0),
    ),
    ("plan_date", "policy_release", "kind", "origin_id", "destination_id"),
)
SHADOW_LEVELS = Frame(
    "shadow_levels",
    "One row per plan date, shadow and site at which the levels that it would hand to an ERP are not the active ones.",
    (
        _PLAN_DATE,
        _RELEASE,
        text("site_id", "Site that its ERP replenishes."),
        integer("differing_item_sites", "Item-sites of the site whose levels differ.", minimum=0),
        integer("priced_item_sites", "Of these, those that both releases leave to the ERP: in the money.", minimum=0),
        integer("shadow_only_item_sites", "Those that only the shadow leaves to it: not in the money.", minimum=0),
        integer("active_only_item_sites", "Those that only the active one leaves to it: not in the money.", minimum=0),
        money("allowed_stock_amount", "Stock up to the shadow's maxima less that up to the active ones, at cost."),
        real(
            "average_stock_units",
            "Stock on hand on average by its levels, less that by the active ones.",
            unit="base units",
        ),
        money("holding_per_day_amount", "What holding the difference of average stock costs a day."),
    ),
    ("plan_date", "policy_release", "site_id"),
)
CANARY_ITEMS = Frame(
    "canary_items",
    "One row per plan date and item that the release at stage canary decided for; the active one decided the others.",
    (
        _PLAN_DATE,
        _ITEM,
        _RELEASE,
        _ACTIVE,
        money("decided_amount", "What its decisions for the item cost by the active prices.", nullable=True),
        money("active_decided_amount", "What those of the active release would have cost.", nullable=True),
    ),
    ("plan_date", "item_id"),
)
CANARY_GUARDS = Frame(
    "canary_guards",
    "One row per plan date and guard of the release at stage canary: what it says by then.",
    (
        _PLAN_DATE,
        _RELEASE,
        text("metric", "cost, lost_sales, rejections or failures."),
        integer("days", "Observations behind it.", minimum=0),
        real("mean_difference", "How much worse the canary did on average; null without observations.", nullable=True),
        real("p_value", "Always valid: it may be looked at every day."),
        real("tolerance", "Difference that is tolerated."),
        flag("broken", "Whether the guard is broken."),
        text("finding", "In words."),
        flag("rolled_back", "Whether the canary was taken back now, by this or another guard."),
    ),
    ("plan_date", "policy_release", "metric"),
)
