"""Frames of the market of shared limits: what items share, who bid what, and who can touch whom."""

from __future__ import annotations

from assets.kernel.frames.schema import Frame, date, integer, money, real, text

_PLAN_DATE = date("plan_date", "Plan the row belongs to.")
_ITEM = text("item_id", "Item.")

SHARED_LIMITS = Frame(
    "shared_limits",
    "One row per plan date and limit that items share, as a feed or the policy states it.",
    (
        _PLAN_DATE,
        text("limit_id", "What it holds, where and on which date."),
        text(
            "kind",
            "lane_weight, lane_volume, dock_in, dock_out, storage, supplier_capacity, budget, truck_weight, "
            "truck_volume or other; truck for a departure of today, document for an order document that has a minimum, "
            "documents for those that a site handles.",
        ),
        text("unit", "Unit of the figures: kg, m3, base units, currency, trucks or documents."),
        real("capacity", "What there is; of a document the least that it comes to, if it goes out."),
        real("fixed", "Used by what can no longer change."),
        real("asked", "What moves would use if nothing were shared."),
        real("used", "What the plan's moves use, those of later buckets included; below 0 where they free room."),
        real("price", "Shadow price: what one unit more would save.", unit="currency per unit"),
        integer("component", "Component of the coordination graph; null if it cannot bind.", nullable=True, minimum=0),
        integer("deal", "Negotiation that it was part of; null for none.", nullable=True, minimum=0),
        money("truck_amount", "What a truck that leaves costs, whatever it carries; null for no truck.", nullable=True),
        money(
            "worth_amount",
            "What lines save together by a departure that leaves, at least, or would have by one that stays, before "
            "its bill; null for others.",
            nullable=True,
        ),
        real(
            "fill_share",
            "Load by which units of a departure decide, as a share of a truck: each pays for its part of it; null for "
            "no truck.",
            nullable=True,
        ),
    ),
    ("plan_date", "limit_id"),
)
MARKET_TRANSCRIPT = Frame(
    "market_transcript",
    "One row per plan date and statement of the market: who bid what at which price, and what came of it.",
    (
        _PLAN_DATE,
        integer("statement", "In the order in which they were made, from 0.", minimum=0),
        integer("deal", "Negotiation, from 0.", minimum=0),
        integer(
            "round",
            "Round of bidding: in round 0 items bid as if nothing were shared. An award is made after the bidding and "
            "bears the number of its last round.",
            minimum=0,
        ),
        text(
            "agent",
            "demand_planner states what items need, supply_executor plans them, constraint_evaluator refuses what "
            "breaks a limit, conflict_resolver says what limits are asked for and who gets what.",
        ),
        text("subject", "Item, limit or site spoken of."),
        real(
            "bid",
            "Of a plan what it saves over the horizon in currency, before it pays its price: cost if nothing of the "
            "item moves, now or later, less the plan's. Of needs what one more unit is worth at most, in currency. Of "
            "a limit what all bids of the round use of it, in its unit. Of a site what the room that its lines of "
            "today take is worth at the prices, in currency.",
        ),
        real(
            "price",
            "Of a plan its room at the prices, in currency; of a limit its price per unit; of a site what it pays, in "
            "currency. 0 where needs are stated.",
        ),
        text(
            "outcome",
            "Of items: needed, proposed, awarded, refused, or declined where what is left of the limits saves nothing "
            "beside what the item has. Of limits: scarce where the bids of the round ask for more than the room, full "
            "where they fill it at a price, free where they leave room though it has a price. Of sites: charged.",
        ),
        text(
            "reason",
            "What a plan asks for or gets of the limits, the dearest three by name; why it is refused; what there is "
            "of a limit, and how much of it new bids of the round and those heard before ask for. Bids that were "
            "heard before have no row of their own.",
        ),
    ),
    ("plan_date", "statement"),
)
COORDINATION_GRAPH = Frame(
    "coordination_graph",
    "One row per plan date, item and shared limit that can bind and that the item can use.",
    (
        _PLAN_DATE,
        _ITEM,
        text("limit_id", "Shared limit."),
        integer("component", "Items and limits of one number can touch one another.", minimum=0),
        real("used", "What the item's moves use of the limit, in its unit."),
        money("paid_amount", "That, at the limit's shadow price."),
    ),
    ("plan_date", "item_id", "limit_id"),
)
