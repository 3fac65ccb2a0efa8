"""The joint plan: buy, move, expedite or wait, with its cost, its proven bound and its gap.

``solve`` is the one entry. Not here: arrays (``problem``), arcs (``expansion``), sentences
(``lines``, ``reasons``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.identifiers import digest
from assets.rebalancing import reasons
from assets.rebalancing.choice import choose
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import Flow, unit_prices
from assets.rebalancing.gains import line_gains
from assets.rebalancing.item_sites import Floats
from assets.rebalancing.problem import Problem


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
    cost, bound : float
        Expected cost over the horizon and its proven lower bound, in currency, in the model.
    gap : float
        (cost - bound) / cost.
    decidable_gap : float
        (cost - bound) / (cost of doing nothing - bound).
    plan_digest : str
        Digest of the lines.
    faults : tuple of str
        What the snapshot got wrong and was left out.
    """

    lines: pd.DataFrame
    decisions: pd.DataFrame
    summary: pd.DataFrame
    cost: float
    bound: float
    gap: float
    decidable_gap: float
    plan_digest: str
    faults: tuple[str, ...]


def solve(problem: Problem, prices: Floats | None = None) -> Plan:
    """Plan every item of a problem and compare with the public baselines.

    Parameters
    ----------
    problem : Problem
        One plan date.
    prices : float array, shape (m,), optional
        Additive price per unit of each move, as a market of shared limits sets them. Cost and
        bound then include them.

    Raises
    ------
    EquipoiseError
        If the solver finds no optimum.

    Notes
    -----
    The bound is the optimum of the flow without lots, least gains and cycles. The plan is the
    cheapest whole plan per item among the search's and the baselines', so that it is never
    dearer than they are.
    """
    network = expand(problem)
    choice = choose(network if prices is None else network.priced(prices))
    network, units, flow, policies = choice.network, choice.units, choice.flow, choice.policies
    gains = line_gains(network, units, flow.cost, np.flatnonzero(units > 0))
    values = unit_prices(network, flow)
    lines = reasons.plan_lines(network, units, gains, values)
    decisions = reasons.decisions(network, units, values, gains)
    plan_digest = lines_digest(lines)
    bound = Costs.of(network, flow).total - _excess(network, flow, choice.relaxed)
    rows = [_summary_row(network, "joint_plan", flow, plan_digest, bound)]
    rows += [_summary_row(network, name, result, "", None) for name, result in policies.items()]
    summary = _with_decidable_gap(pd.DataFrame(rows))
    joint = summary.loc[summary["policy"] == "joint_plan"].iloc[0]
    return Plan(
        lines, decisions, summary,
        float(joint["cost_amount"]), float(joint["bound_amount"]), float(joint["gap_share"]),
        float(joint["decidable_gap_share"]), plan_digest, problem.faults,
    )  # fmt: skip


def lines_digest(lines: pd.DataFrame) -> str:
    """Return the digest of what the lines order, not of what is said about them."""
    columns = ["kind", "item_id", "origin_id", "destination_id", "mode", "quantity_units", "departure_date"]
    return digest([[str(value) for value in row] for row in lines[columns].itertuples(index=False)])


def _excess(network: Network, flow: Flow, relaxed: Flow) -> float:
    """Return cost less bound in currency, from integer costs, so that it is never negative."""
    return float(int(flow.cost.sum()) - int(relaxed.cost.sum())) / network.scale


@dataclass(frozen=True)
class Costs:
    """Parts of a plan's expected cost, in currency."""

    holding: float
    shortage: float
    transport: float
    purchase: float

    @property
    def total(self) -> float:
        """All parts together."""
        return self.holding + self.shortage + self.transport + self.purchase

    @classmethod
    def of(cls, network: Network, flow: Flow) -> Costs:
        """Add up a flow of every item."""
        curves, moves = network.curves, network.problem.moves
        segment, move = network.segment[flow.arcs], network.move[flow.arcs]
        on_curve, moved = segment >= 0, move >= 0
        stock, sent = flow.flows[on_curve], flow.flows[moved]
        return cls(
            float(
                curves.base_holding.sum()
                + (stock * curves.holding[segment[on_curve]]).sum()
                + (sent * moves.under_way[move[moved]]).sum()
            ),
            float(curves.base_shortage.sum() + (stock * curves.shortage[segment[on_curve]]).sum()),
            float((sent * moves.transport[move[moved]]).sum()),
            float(
                curves.base_purchase.sum()
                + (stock * curves.purchase[segment[on_curve]]).sum()
                + (sent * moves.price[move[moved]]).sum()
            ),
        )


def _summary_row(network: Network, policy: str, flow: Flow, plan_digest: str, bound: float | None) -> dict[str, object]:
    costs, problem = Costs.of(network, flow), network.problem
    used = problem.moves.take(network.first[flow.units > 0])
    return {
        "plan_date": pd.Timestamp(problem.plan_date),
        "policy": policy,
        "cost_amount": costs.total,
        "holding_amount": costs.holding,
        "shortage_amount": costs.shortage,
        "transport_amount": costs.transport,
        "purchase_amount": costs.purchase,
        "bound_amount": np.nan if bound is None else bound,
        "purchase_lines": int((~used.is_transfer).sum()),
        "transfer_lines": int(used.is_transfer.sum()),
        "item_sites": len(problem.item_sites),
        "held_item_sites": len(problem.held),
        "value_error_bound": network.curves.error_bound,
        "plan_digest": plan_digest,
        "policy_release": problem.release.version,
    }


def _with_decidable_gap(summary: pd.DataFrame) -> pd.DataFrame:
    """Add the two gaps; both are nought where nothing can be decided."""
    nothing = summary.loc[summary["policy"] == "do_nothing", "cost_amount"].iloc[0]
    over = summary["cost_amount"] - summary["bound_amount"]
    cost, decidable = summary["cost_amount"].abs(), nothing - summary["bound_amount"]
    summary["gap_share"] = (over / cost.where(cost > 0, 1.0)).clip(lower=0)
    summary["decidable_gap_share"] = (over / decidable.where(decidable > 1e-9, 1.0)).clip(lower=0)
    return PLAN_SUMMARY.conform(summary)
