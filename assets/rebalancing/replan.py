"""Some items planned again on top of a published plan, with what the others use of shared limits held fixed.

For an event that touches an item or a site: the rows of the other items stand as they were
published. Not here: reading the published plan (``base``), and solving (``plan``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS, PLAN_COSTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.rebalancing.announced import units_of
from assets.rebalancing.base import SEPARATOR, Base
from assets.rebalancing.charge_reasons import DOCUMENT
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.limits import TOLERANCE, Limits, no_limits
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.scarcity import TRACE
from assets.rebalancing.market.shares import at_shares
from assets.rebalancing.market.tables import joined
from assets.rebalancing.plan import Plan, plan_of, solve_network, with_gaps
from assets.rebalancing.problem import Problem
from assets.rebalancing.settled import FALLBACK, ITEMS, MARKET

_ADDED = (
    "cost_amount", "holding_amount", "shortage_amount", "transport_amount", "purchase_amount", "change_amount",
    "purchase_lines", "transfer_lines",
)  # fmt: skip


def replan(
    problem: Problem, items: Ints, lines: pd.DataFrame, graph: pd.DataFrame, decided: pd.DataFrame | None = None
) -> Plan:
    """Plan some items of a problem again.

    Parameters
    ----------
    problem : Problem
        Of every item, as things are now.
    items : int array
        Positions in ``item_ids``, ascending.
    lines, graph : DataFrame
        PLAN_LINES and COORDINATION_GRAPH of the plan whose other items stand.
    decided : DataFrame, optional
        Its SHARED_LIMITS: units decide by the loads of departures that they did then.

    Returns
    -------
    Plan
        Of these items only; its limits count what the others use among what is fixed.

    Notes
    -----
    The graph knows what others intend later, but only of limits that could bind then; lines know
    what starts now, of every limit as it is now. The larger of the two is held fixed, so that a
    limit that has become tighter or is new is not filled twice. A departure that others ride on is
    open, its trucks are paid for; what of them the costs of others do not tell is owed by these items.
    """
    some = part(expand_knowing_sales(problem), items)
    shared = problem.limits or no_limits(len(problem.moves))
    names = {problem.item_sites.item_ids[k] for k in items.tolist()}
    mine = lines["item_id"].isin(names)
    others, ours = (units_of(problem.moves, problem.item_sites, part_) for part_ in (lines[~mine], lines[mine]))
    stands = shared.used(others)
    beside = _beside(shared.take(slice(None), some.moves), graph.loc[~graph["item_id"].isin(names)], stands)
    held = problem.held.loc[problem.held["item_id"].isin(names)]
    departures, minimums, documents = problem.departures, problem.minimums, problem.documents
    network = some.network
    if departures is not None and decided is not None:
        departures = departures.decided_at(decided)
        network = at_shares(network, departures.take(some.moves))
    alone = replace(
        network,
        problem=replace(
            network.problem,
            limits=beside,
            held=held,
            departures=departures.paid_by(others, ours).take(some.moves) if departures else None,
            minimums=minimums.beside(others).take(some.moves) if minimums else None,
            documents=documents.beside(others).take(some.moves) if documents else None,
        ),
    )
    return solve_network(alone, beside, frozenset(graph["limit_id"]))


def replan_on(base: Base, problem: Problem, only: Collection[str]) -> Plan:
    """Plan the items that ``only`` names again, and return the whole plan that comes of it.

    Parameters
    ----------
    base : Base
        Published plan.
    problem : Problem
        Of every item, as things are now.
    only : collection of str
        ``item=ID`` or ``site=ID`` each.

    Raises
    ------
    EquipoiseError
        If the published plan knows no such item or site, was decided by another policy release, or
        if none of its items can be planned now.

    Notes
    -----
    Rows of other items stand to the bit. Costs of all policies are those of the published plan less
    those of the items then, plus those of the items now; the bound is that of items which share
    nothing, so that it holds whatever the limits are, and the gap of a plan that was negotiated is
    stated wider than it was.
    """
    base.require_release(problem.release.version)
    return stamped(replan_items(base, problem, base.items_at(only)), only, base.run_id)


def replan_items(base: Base, problem: Problem, names: Collection[str]) -> Plan:
    """Plan items of a plan again as a problem has them, which may be another release's; see ``replan_on``.

    Raises
    ------
    EquipoiseError
        If none of the items can be planned now.
    """
    items = np.flatnonzero(np.isin(np.array(problem.item_sites.item_ids, dtype=object), list(names)))
    if not len(items):
        raise EquipoiseError(
            "nothing of it can be planned now: verdicts hold it, or it is ranged nowhere any more",
            where=", ".join(sorted(names)),
            remedy=f"See `equipoise verdicts --date {problem.plan_date}`, or plan the whole date",
        )
    again = replan(problem, items, base.lines, base.graph, base.shared_limits)
    moves = np.isin(problem.item_sites.item[problem.moves.destination], items)
    own = _touched(problem.limits, moves) | _charged(problem, moves)
    return _on_top(base, again, names, own)


def stamped(plan: Plan, only: Collection[str], base_run_id: str) -> Plan:
    """Return a plan whose summary says what was planned again on top of which run."""
    summary = plan.summary.assign(replanned=SEPARATOR.join(sorted(set(only))), base_run_id=base_run_id)
    return replace(plan, summary=PLAN_SUMMARY.conform(summary))


def _on_top(base: Base, again: Plan, names: Collection[str], own: dict[str, float]) -> Plan:
    graph = _others(COORDINATION_GRAPH, base.graph, again.graph, names)
    graph = graph.assign(component=joined(graph["item_id"], graph["limit_id"]))
    limits = _limits(base, again, own, graph)
    decisions = _others(DECISIONS, base.decisions, again.decisions, names)
    costs = _others(PLAN_COSTS, base.costs, again.costs, names)
    return plan_of(
        lines=_others(PLAN_LINES, base.lines, again.lines, names),
        decisions=decisions,
        summary=_summary(base, again, costs, limits, decisions, names),
        costs=costs,
        shared_limits=limits,
        transcript=_transcript(base, again),
        graph=graph,
        announced=again.announced,
        faults=again.faults,
    )


def _others(frame: Frame, base: pd.DataFrame, again: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """Return the rows of other items as they were, with those of the items planned again."""
    parts = [table for table in (base.loc[~base["item_id"].isin(names)], again) if len(table)]
    return frame.conform(pd.concat(parts, ignore_index=True)) if parts else again


def _touched(limits: Limits | None, moves: np.ndarray) -> dict[str, float]:
    """Return the limits that some moves use, with what is used by what can no longer change."""
    if limits is None:
        return {}
    uses = np.diff(limits.use[:, np.flatnonzero(moves)].indptr) > 0
    return {limits.names[k]: float(limits.fixed[k]) for k in np.flatnonzero(uses)}


def _charged(problem: Problem, moves: np.ndarray) -> dict[str, float]:
    """Return the departures and documents that some moves can be on, with what can no longer change of documents."""
    found: dict[str, float] = {}
    if problem.departures is not None:
        departures, rows = problem.departures, np.unique(problem.departures.row[moves])
        found |= {departures.names[k]: 0.0 for k in rows[rows >= 0].tolist()}
        found |= dict.fromkeys(_touched(departures.limits(departures.most), moves), 0.0)
    if problem.minimums is not None:
        uses = np.diff(problem.minimums.use[:, np.flatnonzero(moves)].indptr) > 0
        found |= {problem.minimums.names[k]: float(problem.minimums.others[k]) for k in np.flatnonzero(uses)}
    if problem.documents is not None:
        documents, rows = problem.documents, np.unique(problem.documents.row[moves])
        sites = np.flatnonzero(np.diff(documents.handles[:, rows[rows >= 0]].indptr))
        found |= {documents.sites[k]: float(documents.stand()[k]) for k in sites.tolist()}
    return found


def _limits(base: Base, again: Plan, own: dict[str, float], graph: pd.DataFrame) -> pd.DataFrame:
    """Return SHARED_LIMITS: those that the items can use as they are now, the others as they were."""
    was = base.shared_limits.set_index("limit_id")
    now = again.shared_limits.loc[again.shared_limits["limit_id"].isin(own)].set_index("limit_id")
    stated = pd.Series(own, dtype="float64").reindex(now.index)
    others = now["fixed"] - stated
    known = was.reindex(now.index)
    dealt = now["deal"].notna()
    now = now.assign(
        fixed=stated,
        asked=now["asked"] + others,
        used=now["used"] + others,
        price=now["price"].where(dealt, known["price"].fillna(0.0)),
        # Of what others pay for, and of what all would have saved, the published plan knows more.
        worth_amount=now["worth_amount"].combine(known["worth_amount"], np.fmax),
        deal=(now["deal"] + _deals(base)).where(dealt, known["deal"]),
    )
    table = pd.concat([part_ for part_ in (was.loc[~was.index.isin(now.index)], now) if len(part_)] or [was])
    of_limit = graph.drop_duplicates("limit_id").set_index("limit_id")["component"]
    return SHARED_LIMITS.conform(table.assign(component=of_limit.reindex(table.index)).reset_index(names="limit_id"))


def _deals(base: Base) -> int:
    """Return how many deals the published plan numbers."""
    return 1 + max([*base.transcript["deal"], *base.shared_limits["deal"].dropna()], default=-1)


def _transcript(base: Base, again: Plan) -> pd.DataFrame:
    """Return what was said, and then what was said again."""
    if again.transcript.empty:
        return base.transcript
    said = again.transcript.assign(
        statement=again.transcript["statement"] + len(base.transcript), deal=again.transcript["deal"] + _deals(base)
    )
    parts = [table for table in (base.transcript, said) if len(table)]
    return MARKET_TRANSCRIPT.conform(pd.concat(parts, ignore_index=True))


def _summary(
    base: Base, again: Plan, costs: pd.DataFrame, limits: pd.DataFrame, decisions: pd.DataFrame, names: Collection[str]
) -> pd.DataFrame:
    was, now = base.summary.set_index("policy"), again.summary.set_index("policy").reindex(base.summary["policy"])
    then = base.costs.loc[base.costs["item_id"].isin(names)]
    table = was.copy()
    for column in _ADDED:
        before, after = (part_.groupby("policy")[column].sum().reindex(was.index) for part_ in (then, again.costs))
        table[column] = was[column] + (after.fillna(0) - before.fillna(0)).astype(was[column].dtype)
    joint = costs.loc[costs["policy"] == "joint_plan", "bound_amount"]
    ours, room = "joint_plan", (limits["capacity"] - limits["fixed"]).clip(lower=0)
    added = _bounds(again.costs, names) - _bounds(base.costs, names)
    alone = was.loc[ours, "settled_by"] == ITEMS
    table.loc[ours, "bound_amount"] = was["bound_amount"].to_dict()[ours] + added if alone else float(joint.sum())
    dear = (limits["price"] * room.clip(lower=1.0) >= TRACE) | (limits["asked"] > room)
    table["item_sites"], table["held_item_sites"] = _counts(decisions)
    table["value_error_bound"] = np.fmax(was["value_error_bound"], now["value_error_bound"])
    table["broken_limits"] = pd.NA
    by = [row.loc[ours, "settled_by"] for row in (was, now)]
    table.loc[ours, "settled_by"] = next(name for name in (FALLBACK, MARKET, ITEMS) if name in by)
    table.loc[ours, "scarce_limits"] = int((limits["deal"].notna() & dear).sum())
    over = (limits["used"] > room + TOLERANCE * room.clip(lower=1.0)) & (limits["kind"] != DOCUMENT)
    table.loc[ours, "broken_limits"] = int(over.sum())
    counted = ["announced_lines", "changed_lines", "avoided_changes"]
    table[counted] = now[counted]
    return with_gaps(table.reset_index())


def _bounds(costs: pd.DataFrame, names: Collection[str]) -> float:
    mine = (costs["policy"] == "joint_plan") & costs["item_id"].isin(names)
    return float(costs.loc[mine, "bound_amount"].sum())


def _counts(decisions: pd.DataFrame) -> tuple[int, int]:
    held = int((decisions["decision"] == "held").sum())
    return len(decisions) - held, held


def _beside(limits: Limits, others: pd.DataFrame, stands: Floats) -> Limits:
    """Return limits whose fixed use includes that of other items; what frees room counts as well."""
    used = others.groupby("limit_id")["used"].sum().reindex(list(limits.names)).astype("float64")
    return replace(limits, fixed=limits.fixed + np.fmax(np.asarray(used, dtype=np.float64), stands))
