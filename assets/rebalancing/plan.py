"""The joint plan: buy, move, expedite or wait, with its cost, its proven bound and its gap.

``solve`` is the one entry. Not here: arrays (``problem``), arcs (``expansion``), what goes out
(``settled``), sentences (``reasons``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from assets.kernel.frames.decisions import ANNOUNCED_LINES, PLAN_COSTS, PLAN_SUMMARY
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.identifiers import digest
from assets.rebalancing import baselines, charge_reasons, hedge, reasons
from assets.rebalancing.announced import with_frozen_decisions, with_frozen_lines, with_kept_lines
from assets.rebalancing.changes import Changes, changes
from assets.rebalancing.choice import Choice
from assets.rebalancing.consolidated import Consolidated, consolidated
from assets.rebalancing.costs import Costs, of_items, units_of_flow
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import unit_prices
from assets.rebalancing.gains import line_gains
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market import tables
from assets.rebalancing.market.charging import ChargedBound
from assets.rebalancing.market.limits import Limits, no_limits
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.problem import Problem
from assets.rebalancing.relaxed import relaxations
from assets.rebalancing.settled import MARKET, Settled


@dataclass(frozen=True)
class Plan:
    """A plan and its proof.

    Attributes
    ----------
    lines : DataFrame
        PLAN_LINES.
    decisions : DataFrame
        DECISIONS.
    summary : DataFrame
        PLAN_SUMMARY: the joint plan and the baselines.
    costs : DataFrame
        PLAN_COSTS: the same by item.
    shared_limits, transcript, graph : DataFrame
        SHARED_LIMITS, MARKET_TRANSCRIPT, COORDINATION_GRAPH.
    announced : DataFrame
        ANNOUNCED_LINES that the plan knew of.
    cost, bound : float
        Expected cost over the horizon and its proven lower bound, in currency, in the model.
    gap : float
        (cost - bound) / cost.
    decidable_gap : float
        (cost - bound) / (cost of doing nothing - bound).
    plan_digest : str
        Digest of the lines.
    faults : tuple of str
        What the snapshot got wrong and was left out, and what failed on the way.
    canary : DataFrame
        CANARY_ITEMS: what another release decided; empty if none did.
    """

    lines: pd.DataFrame
    decisions: pd.DataFrame
    summary: pd.DataFrame
    costs: pd.DataFrame
    shared_limits: pd.DataFrame
    transcript: pd.DataFrame
    graph: pd.DataFrame
    announced: pd.DataFrame
    cost: float
    bound: float
    gap: float
    decidable_gap: float
    plan_digest: str
    faults: tuple[str, ...]
    canary: pd.DataFrame = field(default_factory=CANARY_ITEMS.empty)


def solve(problem: Problem, limits: Limits | None = None) -> Plan:
    """Plan every item of a problem within the limits that they share, and compare with the public baselines.

    Parameters
    ----------
    problem : Problem
        One plan date.
    limits : Limits, optional
        Shared limits over its moves; those that the problem states if not given.

    Raises
    ------
    EquipoiseError
        If the solver finds no optimum, or a limit is no number.

    Notes
    -----
    The bound is the optimum of the flow without lots, least gains and cycles, within the limits
    by their prices. Where no limit is broken the plan is the cheapest whole plan per item among
    the search's and the baselines', so that it is never dearer than they are. Baselines are held
    to the limits today; what they intend later may break some, which the summary counts.
    """
    stated = problem.limits if problem.limits is not None else no_limits(len(problem.moves))
    return solve_network(expand_knowing_sales(problem), stated if limits is None else limits)


def solve_network(network: Network, shared: Limits, touching: Collection[str] = ()) -> Plan:
    """Plan every item of a network within limits over its moves; see ``solve``.

    ``touching`` names limits that can bind among items beside these: the graph tells of them too.
    """
    problem, standing = network.problem, network.problem.standing
    done = consolidated(network, shared)
    choice, found, shared = done.choice, done.found, done.limits
    changed = changes(choice.network, shared, found.every_unit)
    network, units = found.network, found.units
    gains = _own_gains(found)
    values = unit_prices(network, found.flow)
    lines = hedge.told(reasons.plan_lines(network, units, gains, values, found.scarcity), network, units, choice.hedges)
    lines = charge_reasons.told_lines(lines, network, done.charges, found.every_unit)
    lines = with_kept_lines(lines, changed.kept, problem.release.guardrails.announced_change_price)
    barred = done.charges.barred if done.charges else np.zeros(len(problem.moves), dtype=bool)
    decisions = reasons.decisions(network, units, values, gains, found.scarcity, barred)
    decisions = charge_reasons.told_decisions(decisions, network, done.charges, units, values)
    limits = tables.limits_table(choice.network, shared, found.settlement)
    return plan_of(
        lines=with_frozen_lines(lines, standing.frozen),
        decisions=with_frozen_decisions(decisions, standing.frozen),
        summary=_summary(done, changed),
        costs=plan_costs(choice, found.every_unit, done.bound),
        shared_limits=charge_reasons.with_charges(limits, network, done.charges, found.every_unit),
        transcript=tables.transcript_table(found.settlement, problem.plan_date),
        graph=tables.graph_table(choice.network, shared, found.settlement, touching),
        announced=ANNOUNCED_LINES.conform(standing.every),
        faults=(*problem.faults, *found.faults, *relaxations(network, found.flow, found.every_unit)),
    )


def plan_of(*, lines: pd.DataFrame, summary: pd.DataFrame, faults: tuple[str, ...], **others: pd.DataFrame) -> Plan:
    """Return a plan of its tables, digested; the digest and the numbers of lines go into the summary."""
    plan_digest = lines_digest(lines)
    joint = summary["policy"] == "joint_plan"
    bought = int((lines["kind"] == "purchase").sum())
    summary = summary.assign(
        plan_digest=np.where(joint, plan_digest, ""),
        purchase_lines=summary["purchase_lines"].where(~joint, bought),
        transfer_lines=summary["transfer_lines"].where(~joint, len(lines) - bought),
    )
    row = summary.loc[joint].iloc[0]
    return Plan(
        lines=lines, summary=PLAN_SUMMARY.conform(summary), cost=float(row["cost_amount"]),
        bound=float(row["bound_amount"]), gap=float(row["gap_share"]), decidable_gap=float(row["decidable_gap_share"]),
        plan_digest=plan_digest, faults=faults, **others,
    )  # fmt: skip


def _own_gains(found: Settled) -> Floats:
    """Return what each line saves before it pays for scarce limits and its departure; other ways pay for theirs."""
    chosen, departures = np.flatnonzero(found.units > 0), found.network.problem.departures
    per_unit = found.scarcity.per_unit + (0.0 if departures is None else departures.spread)
    paid = found.units[chosen] * per_unit[found.network.first[chosen]]
    return line_gains(found.network, found.units, found.flow.cost, chosen) + paid


def lines_digest(lines: pd.DataFrame) -> str:
    """Return the digest of what the lines order, not of what is said about them."""
    columns = ["kind", "item_id", "origin_id", "destination_id", "mode", "quantity_units", "departure_date"]
    return digest([[str(value) for value in row] for row in lines[columns].itertuples(index=False)])


def plan_costs(choice: Choice, units: Ints, bound: ChargedBound | None = None) -> pd.DataFrame:
    """Return PLAN_COSTS of a plan, given as the units of every move, and of the baselines as if nothing were shared.

    ``bound`` is that of plans which pay for departures, where any do.
    """
    network = choice.network
    parts = [_costs_by_item(network, "joint_plan", units)]
    least = of_items(network, units_of_flow(network, choice.relaxed)).sum(axis=1) if bound is None else bound.by_item
    # The bound is that of arcs, in whole steps; the plan's own cost is never below it.
    parts[0]["bound_amount"] = np.minimum(np.asarray(least), parts[0]["cost_amount"].to_numpy())
    parts += [_costs_by_item(network, name, units_of_flow(network, flow)) for name, flow in choice.policies.items()]
    return PLAN_COSTS.conform(pd.concat(parts, ignore_index=True))


def _costs_by_item(network: Network, policy: str, units: Ints) -> pd.DataFrame:
    problem, table = network.problem, of_items(network, units)
    first = network.first[units[network.first] > 0]
    item, sent = problem.item_sites.item[problem.moves.destination[first]], problem.moves.is_transfer[first]
    return table.add_suffix("_amount").assign(
        plan_date=pd.Timestamp(problem.plan_date),
        policy=policy,
        item_id=list(problem.item_sites.item_ids),
        cost_amount=table.sum(axis=1),
        bound_amount=np.nan,
        purchase_lines=np.bincount(item[~sent], minlength=network.items),
        transfer_lines=np.bincount(item[sent], minlength=network.items),
    )


def _summary(done: Consolidated, changed: Changes) -> pd.DataFrame:
    choice, limits, found = done.choice, done.limits, done.found
    network = choice.network
    joint = _summary_row(network, "joint_plan", found.costs, found.units)
    joint |= {
        "bound_amount": found.costs.total - found.over_bound,
        "settled_by": found.settled_by,
        "scarce_limits": len(found.scarcity.limits),
        "broken_limits": len(breaches(limits, found.every_unit)),
        "announced_lines": changed.announced,
        "changed_lines": changed.changed,
        "avoided_changes": changed.avoided,
    }
    rows = [joint]
    for name, flow in choice.policies.items():
        held = baselines.within(network, limits, flow)
        row = _summary_row(network, name, Costs.of(network, held), held.units)
        rows.append(row | {"broken_limits": len(breaches(limits, units_of_flow(network, held)))})
    return _with_gaps(pd.DataFrame(rows), done)


def _summary_row(network: Network, policy: str, costs: Costs, units: Ints) -> dict[str, object]:
    problem = network.problem
    used = problem.moves.take(network.first[units > 0])
    return {
        "plan_date": pd.Timestamp(problem.plan_date),
        "policy": policy,
        "cost_amount": costs.total,
        "holding_amount": costs.holding,
        "shortage_amount": costs.shortage,
        "transport_amount": costs.transport,
        "purchase_amount": costs.purchase,
        "change_amount": costs.change,
        "bound_amount": np.nan,
        "purchase_lines": int((~used.is_transfer).sum()),
        "transfer_lines": int(used.is_transfer.sum()),
        "item_sites": len(problem.item_sites),
        "held_item_sites": len(problem.held),
        "value_error_bound": network.curves.error_bound,
        "policy_release": problem.release.version,
        "settled_by": "baseline",
        "scarce_limits": 0,
        "announced_lines": None,
        "changed_lines": None,
        "avoided_changes": None,
        "replanned": "",
        "base_run_id": "",
    }


def _with_gaps(summary: pd.DataFrame, done: Consolidated) -> pd.DataFrame:
    """Add the two gaps.

    Items that negotiate would pay for limits if nothing started today, so that the market knows
    a higher lower bound of that cost than the baseline, which shares nothing later. Where
    departures cost something its bound is not the plan's.
    """
    summary = with_gaps(summary)
    if done.found.settled_by == MARKET and done.bound is None:
        summary.loc[summary["policy"] == "joint_plan", "decidable_gap_share"] = done.found.settlement.decidable_gap
    return summary


def with_gaps(summary: pd.DataFrame) -> pd.DataFrame:
    """Return a summary with the two gaps of its costs and bounds; both are nought where nothing can be decided.

    Doing nothing shares nothing later, so that it may cost less than any plan within the limits: then all of
    what could be decided is open.
    """
    nothing = summary.loc[summary["policy"] == "do_nothing", "cost_amount"].iloc[0]
    over = summary["cost_amount"] - summary["bound_amount"]
    cost, decidable = summary["cost_amount"].abs(), nothing - summary["bound_amount"]
    return summary.assign(
        gap_share=(over / cost.where(cost > 0, 1.0)).clip(lower=0),
        decidable_gap_share=(over / decidable).where(decidable > 1e-9, (over > 1e-9).astype("float64")).clip(lower=0),
    )
