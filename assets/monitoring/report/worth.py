"""What the plan is worth: its cost, bound and gap, beside the public baselines on the same snapshot.

Not here: solving any of it (``rebalancing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assets.kernel.frames.decisions import DOCUMENTS, PLAN_FAULTS, PLAN_SUMMARY
from assets.monitoring.report.day import Day, Row

Summary = Mapping[str, Mapping[Any, Any]]
"""Policy to its row of the plan's summary."""
JOINT_PLAN = "joint_plan"
POLICIES = {
    JOINT_PLAN: "this plan",
    "no_transfers": "no lateral transfers",
    "greedy_pairs": "greedy pairs",
    "min_max": "min/max",
    "do_nothing": "do nothing",
}
"""Policies in the order in which they are shown."""
_PARTS = ("holding_amount", "shortage_amount", "transport_amount", "purchase_amount", "change_amount")
_COUNTS = ("item_sites", "held_item_sites", "scarce_limits")
_BEST = 3


def worth(day: Day) -> Row:
    """Return what a plan costs and saves.

    Returns
    -------
    dict
        ``plan`` (of the joint plan; empty without one), ``policies`` (cost of each and how much more than
        the plan), ``best`` (the orders that gain most) and ``faults`` (what the plan left out or relaxed).
    """
    columns = [
        "policy", "cost_amount", *_PARTS, "bound_amount", "gap_share", "decidable_gap_share", *_COUNTS, "settled_by",
    ]  # fmt: skip
    rows = day.part(PLAN_SUMMARY, columns).to_dict("records")
    summary: Summary = {str(row["policy"]): row for row in rows}
    return {
        "plan": _plan(summary) if JOINT_PLAN in summary else {},
        "policies": _policies(summary) if JOINT_PLAN in summary else [],
        "best": _best(day),
        "faults": [str(fault) for fault in day.part(PLAN_FAULTS, ["fault"])["fault"]],
    }


def _plan(summary: Summary) -> Row:
    joint = summary[JOINT_PLAN]
    told: Row = {name: _number(joint[name]) for name in ("cost_amount", *_PARTS, "bound_amount")}
    told |= {name: _number(joint[name]) for name in ("gap_share", "decidable_gap_share")}
    told |= {name: int(joint[name]) for name in _COUNTS}
    told["settled_by"] = str(joint["settled_by"])
    told["saves_amount"] = _beside(summary, "do_nothing")
    told["transfers_gain_amount"] = _beside(summary, "no_transfers")
    return told


def _policies(summary: Summary) -> list[Row]:
    return [
        {
            "policy": name,
            "cost_amount": _number(summary[policy]["cost_amount"]),
            "costs_more_amount": _beside(summary, policy),
        }
        for policy, name in POLICIES.items()
        if policy in summary
    ]


def _best(day: Day) -> list[Row]:
    told = ["order_id", "kind", "origin_id", "destination_id", "line_count", "value_amount", "gain_amount", "reason"]
    documents = day.part(DOCUMENTS, told).sort_values(
        ["gain_amount", "order_id"], ascending=[False, True], kind="stable"
    )
    return [
        {
            "order_id": row["order_id"],
            "about": f"{row['kind']} {row['origin_id']} to {row['destination_id']}",
            "lines": int(row["line_count"]),
            "value_amount": float(row["value_amount"]),
            "gain_amount": float(row["gain_amount"]),
            "reason": row["reason"],
        }
        for row in documents.head(_BEST).to_dict("records")
    ]


def _beside(summary: Summary, policy: str) -> float | None:
    """Return how much more a policy costs than the plan."""
    if policy not in summary:
        return None
    return round(float(summary[policy]["cost_amount"]) - float(summary[JOINT_PLAN]["cost_amount"]), 4)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
