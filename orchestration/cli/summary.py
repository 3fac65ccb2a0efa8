"""What a planned day comes to: gathered from the published tables, shown after `plan` and `demo`.

Money is in the network's currency, quantities in base units. Not here: planning.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from assets.kernel.calendar import AsKnown
from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_FAULTS, PLAN_SUMMARY
from assets.kernel.frames.forecasts import CHAMPIONS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, counted
from orchestration.cli.console import cell, percent, table
from orchestration.cli.judgements import verdicts_of
from orchestration.cli.reading import only, read_if_any

JOINT = "joint_plan"
MOST_REASONS = 8
MOST_FAULTS = 3
_POLICIES = {
    JOINT: "joint plan",
    "no_transfers": "no lateral transfers",
    "greedy_pairs": "greedy pairs",
    "min_max": "min/max",
    "do_nothing": "do nothing",
}


def gather(home: NetworkHome, plan_date: dt.date) -> Record:
    """Return what was planned for ``plan_date``.

    Returns
    -------
    dict
        ``plan`` (the joint plan's row, with cost, bound and gap), ``policies`` (its and the
        baselines' costs), ``documents`` (totals by kind), ``held`` (item-sites left out, by
        reason), ``faults`` (what the plan left out, could not keep or had to relax), ``verdicts`` (counts by
        action), ``models`` (the selection that forecast), and the network's name and currency.
    """
    published = Published(home.published)
    profile = home.profile
    policies = read_if_any(published, PLAN_SUMMARY, plan_date)
    documents = read_if_any(published, DOCUMENTS, plan_date)
    order = list(_POLICIES)
    policies.sort(key=lambda row: order.index(row["policy"]) if row["policy"] in order else len(order))
    decisions = read_if_any(published, DECISIONS, plan_date)
    return {
        "network": profile.name,
        "currency": profile.currency,
        "plan_date": plan_date.isoformat(),
        "plan": next((row for row in policies if row["policy"] == JOINT), None),
        "policies": policies,
        "documents": by_kind(documents),
        "example_order": _example(documents),
        "decisions": dict(sorted(Counter(row["decision"] for row in decisions).items())),
        "held": held(decisions),
        "faults": [row["fault"] for row in read_if_any(published, PLAN_FAULTS, plan_date)],
        "verdicts": dict(sorted(Counter(row["action"] for row in verdicts_of(published, plan_date)).items())),
        "models": models_of(read_if_any(published, CHAMPIONS, plan_date)),
    }


def models_of(champions: list[Record]) -> Record | None:
    """Return which selection of models a plan used, and whether it was chosen for it."""
    found = only(champions)
    names = ("selected_for", "is_refit", "refit_reason", "selection_version")
    return {name: found[name] for name in names} if found else None


def by_kind(documents: list[Record]) -> list[Record]:
    """Return the totals of order documents by kind."""
    totals: dict[str, Record] = defaultdict(
        lambda: {"documents": 0, "lines": 0, "quantity": 0, "value": 0.0, "gain": 0.0}
    )
    for document in documents:
        total = totals[document["kind"]]
        total["documents"] += 1
        total["lines"] += document["line_count"]
        total["quantity"] += document["quantity_units"]
        total["value"] += document["value_amount"]
        total["gain"] += document["gain_amount"]
    return [
        {"kind": kind, **total, "value": round(total["value"], 2), "gain": round(total["gain"], 2)}
        for kind, total in sorted(totals.items())
    ]


def _example(documents: list[Record]) -> str | None:
    """Return the id of the transfer, or else the order, with the largest expected gain."""
    ranked = sorted(documents, key=lambda d: (d["kind"] != "transfer", -d["gain_amount"], d["order_id"]))
    return str(ranked[0]["order_id"]) if ranked else None


def held(decisions: list[Record]) -> list[Record]:
    """Return how many item-sites were held, by reason, the most frequent first."""
    found: dict[str, list[Record]] = defaultdict(list)
    for row in decisions:
        if row["decision"] == "held":
            found[row["reason"]].append(row)
    reasons = [
        {
            "reason": reason,
            "item_sites": len(rows),
            "sites": sorted({row["site_id"] for row in rows}),
            "items": len({row["item_id"] for row in rows}),
        }
        for reason, rows in found.items()
    ]
    return sorted(reasons, key=lambda row: (-row["item_sites"], row["reason"]))


def show(console: Console, day: Record) -> None:
    """Print a planned day for people.

    Parameters
    ----------
    console : Console
        Where to.
    day : dict
        What ``gather`` returned, with ``seconds`` by stage, ``channel``, ``as_known`` and ``remarks`` of the run.
    """
    unit = day["currency"]
    _show_head(console, day)
    for line in day.get("remarks", ()):
        console.print(line, markup=False, soft_wrap=True)
    if day["documents"]:
        rows = [[d["kind"], d["documents"], d["lines"], d["quantity"], d["value"], d["gain"]] for d in day["documents"]]
        heads = ["kind", "documents", "lines", "units", f"value {unit}", f"gain before departures {unit}"]
        console.print(table("Orders", heads, rows))
    if day["policies"]:
        console.print(_policy_table(day["policies"], unit))
    if day["held"]:
        rows = [[h["item_sites"], _sites(h["sites"]), h["reason"]] for h in day["held"][:MOST_REASONS]]
        console.print(table("Held: left out of the plan", ["item-sites", "sites", "why"], rows))
    if day.get("seconds"):
        console.print(_seconds_table(day["seconds"]))


def _show_head(console: Console, day: Record) -> None:
    plan: Record = day["plan"] or {}
    channel = f", channel {day['channel']}" if day.get("channel") else ""
    channel += ", with hindsight" if day.get("as_known") == AsKnown.NOW else ""
    console.print(f"\n[bold]{escape(day['network'])}, plan of {day['plan_date']}[/bold]{channel}")
    if not plan:
        console.print("No plan was decided.")
        return
    console.print(
        f"{cell(plan['item_sites'])} item-sites planned, {cell(plan['held_item_sites'])} held; "
        f"policy {escape(plan['policy_release'])}, plan digest {plan['plan_digest'][:12]}"
    )
    if plan["replanned"]:
        console.print(f"Only {plan['replanned']} planned again, on top of run {plan['base_run_id']}", markup=False)
    if plan["announced_lines"] is not None:
        console.print(
            f"Of {cell(plan['announced_lines'])} announced lines {cell(plan['changed_lines'])} are changed; without a "
            f"price of changes it would be {cell(plan['changed_lines'] + plan['avoided_changes'])}"
        )
    if plan["bound_amount"] is not None:
        console.print(
            f"Cost {cell(plan['cost_amount'])} {day['currency']}, proven bound {cell(plan['bound_amount'])}: "
            f"gap {percent(plan['decidable_gap_share']) or 'unknown'} of what could be decided, "
            f"{percent(plan['gap_share'])} of the whole cost"
        )
        console.print(
            f"No segment of a value curve lies more than {cell(plan['value_error_bound'])} {day['currency']} above it"
        )
    if models := day.get("models"):
        how = f"refit: {models['refit_reason']}" if models["is_refit"] else "reused"
        console.print(f"Forecast with models of {models['selected_for']}, {how}", markup=False)
    if asking := day.get("refit_requested"):
        console.print(f"Drift asks the next plan to choose models anew: {', '.join(asking)}", markup=False)
    if day["verdicts"]:
        counts = ", ".join(f"{count} {action}" for action, count in day["verdicts"].items())
        console.print(f"Quality verdicts: {counts}; alerts delivered now: {cell(day.get('alerts', 0))}")
    _show_faults(console, day["faults"])


def _show_faults(console: Console, faults: list[str]) -> None:
    if not faults:
        return
    console.print(f"{counted(faults, 'kind')} of fault, planned all the same:", markup=False)
    for fault in faults[:MOST_FAULTS]:
        console.print(f"  {fault}", markup=False, soft_wrap=True)
    if len(faults) > MOST_FAULTS:
        console.print(f"  and {len(faults) - MOST_FAULTS} more: rebalancing/plan_faults, or --json", markup=False)


def _policy_table(policies: list[Record], unit: str) -> Any:
    ours = next((row["cost_amount"] for row in policies if row["policy"] == JOINT), None)
    rows = [
        [
            _POLICIES.get(row["policy"], row["policy"]),
            row["cost_amount"],
            row["holding_amount"],
            row["shortage_amount"],
            row["transport_amount"],
            row["purchase_amount"],
            None if ours is None or row["policy"] == JOINT else row["cost_amount"] - ours,
            row["transfer_lines"],
            row["purchase_lines"],
        ]
        for row in policies
    ]
    heads = [
        "policy",
        "cost",
        "holding",
        "shortage",
        "transport",
        "net purchases",
        "costs more",
        "transfers",
        "purchases",
    ]
    return table(f"The plan and the baselines on the same snapshot, expected {unit} over the horizon", heads, rows)


def _seconds_table(seconds: dict[str, float]) -> Any:
    rows = [[stage, float(spent)] for stage, spent in seconds.items()]
    rows.append(["total", float(sum(seconds.values()))])
    return table("Seconds by stage", ["stage", "seconds"], rows)


def _sites(sites: list[str]) -> str:
    return ", ".join(sites) if len(sites) <= 3 else f"{', '.join(sites[:3])} and {len(sites) - 3} more"
