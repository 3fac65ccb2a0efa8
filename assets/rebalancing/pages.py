"""What the asset pages of a plan show, as plain values: numbers, tables and one plot.

Not here: Dagster, and anything the plan does not already say.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import pandas as pd

from assets.kernel.frames.decisions import PLAN_FAULTS
from assets.kernel.page import Markdown, Page, Plain
from assets.rebalancing.charge_reasons import DOCUMENT, TRUCK
from assets.rebalancing.plan import Plan

TOP_LINES = 10


def published(plan: Plan) -> list[tuple[str, pd.DataFrame, Page]]:
    """Return every table of a plan: its name, its rows and its page."""
    return [
        ("plan_lines", plan.lines, lines_page(plan)),
        ("decisions", plan.decisions, decisions_page(plan)),
        ("plan_summary", plan.summary, summary_page(plan)),
        ("plan_costs", plan.costs, costs_page(plan)),
        ("plan_faults", faults_table(plan), faults_page(plan)),
        ("announced_lines", plan.announced, announced_page(plan)),
        ("shared_limits", plan.shared_limits, limits_page(plan)),
        ("market_transcript", plan.transcript, transcript_page(plan)),
        ("coordination_graph", plan.graph, graph_page(plan)),
        ("canary_items", plan.canary, canary_page(plan)),
    ]


def faults_table(plan: Plan) -> pd.DataFrame:
    """Return PLAN_FAULTS of a plan."""
    date, number = plan.summary["plan_date"].iloc[0], range(1, len(plan.faults) + 1)
    rows = pd.DataFrame({"number": list(number), "fault": list(plan.faults)}).assign(plan_date=date)
    return PLAN_FAULTS.conform(rows)


def faults_page(plan: Plan) -> Page:
    """Return what the page of the faults shows: all of them."""
    return {"faults": len(plan.faults), "left_out": faults_list(plan)}


def lines_page(plan: Plan) -> Page:
    """Return what the page of the plan's lines shows."""
    return {**plan_numbers(plan), "top_lines": top_lines(plan), "left_out": faults_list(plan)}


def decisions_page(plan: Plan) -> Page:
    """Return what the page of the decisions shows."""
    return {f"decided_{name}": count for name, count in decision_counts(plan.decisions).items()}


def summary_page(plan: Plan) -> Page:
    """Return what the page of the summary shows."""
    return {**plan_numbers(plan), "policies": policies_table(plan.summary), "saving": saving_plot(plan.summary)}


def costs_page(plan: Plan) -> Page:
    """Return what the page of the costs by item shows: the items whose plan costs most."""
    columns = ["item_id", "cost_amount", "holding_amount", "shortage_amount", "transport_amount", "purchase_amount"]
    ours = plan.costs.loc[plan.costs["policy"] == "joint_plan", columns]
    dearest = ours.sort_values(["cost_amount", "item_id"], ascending=[False, True]).head(TOP_LINES)
    return {"items": len(ours), "dearest_items": _markdown(dearest)}


def announced_page(plan: Plan) -> Page:
    """Return what the page of the announced lines shows: how many of them the plan changes."""
    return {"known_lines": len(plan.announced), **_counted(plan)}


def _counted(plan: Plan) -> dict[str, Plain]:
    counts = _joint(plan)[["announced_lines", "changed_lines", "avoided_changes"]]
    return {str(name): None if pd.isna(count) else int(count) for name, count in counts.items()}


def limits_page(plan: Plan) -> Page:
    """Return what the page of the shared limits shows: the dearest of them, and what they were paid."""
    charged = plan.shared_limits["kind"].isin([TRUCK, DOCUMENT])
    limits, trucks = plan.shared_limits.loc[~charged], plan.shared_limits.loc[plan.shared_limits["kind"] == TRUCK]
    columns = ["limit_id", "unit", "capacity", "fixed", "asked", "used", "price"]
    worth = (limits["price"] * limits["used"]).rename("worth")
    dearest = limits.loc[worth.sort_values(ascending=False, kind="stable").index].head(TOP_LINES)
    return {
        "limits": len(limits),
        "can_bind": int(limits["component"].notna().sum()),
        "asked_for_too_much": int((limits["asked"] > (limits["capacity"] - limits["fixed"]).clip(lower=0)).sum()),
        "priced": int((limits["price"] > 0).sum()),
        "departures_open": f"{int((trucks['used'] > 0).sum())} of {len(trucks)}",
        "trucks": int(trucks["used"].sum()),
        "trucks_cost": round(float((trucks["used"] * trucks["truck_amount"]).sum()), 2),
        "worth_of_room_used": round(float(worth.sum()), 2),
        "dearest_limits": _markdown(dearest[columns]),
    }


def transcript_page(plan: Plan) -> Page:
    """Return what the page of the transcript shows: how long it took, who got what, and why others did not."""
    said = plan.transcript
    refused = said.loc[said["outcome"] == "refused"]
    columns = ["round", "agent", "subject", "bid", "price", "outcome", "reason"]
    return {
        "negotiations": int(said["deal"].nunique()),
        "rounds": int(said["round"].max()) + 1 if len(said) else 0,
        "proposals": int((said["outcome"] == "proposed").sum()),
        "awards": int((said["outcome"] == "awarded").sum()),
        "refusals": len(refused),
        "first_refusals": _markdown(refused.head(TOP_LINES)[columns]),
    }


def graph_page(plan: Plan) -> Page:
    """Return what the page of the coordination graph shows: its components, the largest first."""
    sizes = plan.graph.groupby("component").agg(
        items=("item_id", "nunique"), limits=("limit_id", "nunique"), paid_amount=("paid_amount", "sum")
    )
    largest = sizes.reset_index().sort_values(["items", "component"], ascending=[False, True])
    return {
        "edges": len(plan.graph),
        "components": len(sizes),
        "largest_component_items": int(sizes["items"].max()) if len(sizes) else 0,
        "largest_components": _markdown(largest.head(TOP_LINES)),
    }


def canary_page(plan: Plan) -> Page:
    """Return what the page of the canary shows: for how much it decides, and what that costs by the active prices."""
    table = plan.canary
    costs = plan.costs.loc[plan.costs["policy"] == "joint_plan"].set_index("item_id")["cost_amount"]
    return {
        "policy_release": str(table["policy_release"].iloc[0]) if len(table) else "none",
        "items": len(table),
        "cost_share": round(float(costs.reindex(table["item_id"]).sum() / (costs.sum() or 1.0)), 4),
        "decided": round(float(table["decided_amount"].sum()), 2),
        "active_would_have_decided": round(float(table["active_decided_amount"].sum()), 2),
    }


def plan_numbers(plan: Plan) -> dict[str, Plain]:
    """Return the figures a planner asks for first: cost, bound, both gaps, lines and gain."""
    kinds = plan.lines["kind"].value_counts()
    return {
        "cost": round(plan.cost, 2),
        "bound": round(plan.bound, 2),
        "gap_share": round(plan.gap, 6),
        "decidable_gap_share": round(plan.decidable_gap, 6),
        "value_error_bound": round(float(_joint(plan)["value_error_bound"]), 4),
        "transfer_lines": int(kinds.get("transfer", 0)),
        "purchase_lines": int(kinds.get("purchase", 0)),
        "expedite_lines": int(kinds.get("expedite", 0)),
        "gain": round(float(plan.lines["gain_amount"].sum()), 2),
        **_counted(plan),
        "settled_by": str(_joint(plan)["settled_by"]),
        "scarce_limits": int(_joint(plan)["scarce_limits"]),
        "plan_digest": plan.plan_digest,
    }


def _joint(plan: Plan) -> pd.Series[Any]:
    return plan.summary.loc[plan.summary["policy"] == "joint_plan"].iloc[0]


def top_lines(plan: Plan) -> Markdown:
    """Return the lines that gain most, as a markdown table."""
    columns = ["kind", "item_id", "origin_id", "destination_id", "quantity_units", "gain_amount", "reason"]
    best = plan.lines.sort_values(["gain_amount", "item_id", "destination_id"], ascending=[False, True, True])
    return _markdown(best.head(TOP_LINES)[columns])


def policies_table(summary: pd.DataFrame) -> Markdown:
    """Return the joint plan and the baselines side by side, as a markdown table."""
    columns = ["policy", "cost_amount", "holding_amount", "shortage_amount", "transport_amount", "purchase_amount",
               "purchase_lines", "transfer_lines", "broken_limits"]  # fmt: skip
    return _markdown(summary.sort_values(["cost_amount", "policy"])[columns])


def decision_counts(decisions: pd.DataFrame) -> dict[str, int]:
    """Return how many item-sites got each decision."""
    return {str(k): int(v) for k, v in decisions["decision"].value_counts().sort_index().items()}


def faults_list(plan: Plan) -> Markdown:
    """Return what was left out as faulty, one line each."""
    return Markdown("\n".join(f"- {fault}" for fault in plan.faults) or "Nothing was left out as faulty.")


def saving_plot(summary: pd.DataFrame) -> Markdown:
    """Return a bar chart of what each policy saves against doing nothing, as a markdown image."""
    from matplotlib.figure import Figure

    cost = summary.set_index("policy")["cost_amount"]
    saved = (cost["do_nothing"] - cost.drop("do_nothing")).sort_values()
    figure = Figure(figsize=(6, 1.8), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(saved.index), list(saved.to_numpy()), color="#3b6ea5")
    axes.set_xlabel("expected cost avoided against doing nothing today")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return Markdown(f"![saving](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})")


def _markdown(table: pd.DataFrame) -> Markdown:
    def cell(value: Any) -> str:
        return f"{value:.2f}" if isinstance(value, float) else str(value).replace("|", "/")

    head = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    return Markdown(
        "\n".join([*head, *("| " + " | ".join(map(cell, row)) + " |" for row in table.itertuples(index=False))])
    )
