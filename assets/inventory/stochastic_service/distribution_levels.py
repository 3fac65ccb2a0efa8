"""The best base stocks of one warehouse and its retailers, and a bound no policy can beat.

Not here: what given levels cost (``distribution``), or how stock is shared out when it is short
(``rationing``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.inventory.demand_distributions.lattice import ROUNDING, TAIL, Integers, Reals
from assets.inventory.single_echelon.newsvendor import critical_ratio
from assets.inventory.stochastic_service.distribution import (
    DistributionSystem,
    owed_by_warehouse,
    thinning,
    warehouse_stock_cost,
)


@dataclass(frozen=True)
class DistributionPlan:
    """Base stocks of a warehouse and its retailers.

    Attributes
    ----------
    warehouse_level : int
        Local base stock of the warehouse, in units.
    retailer_levels : tuple of int
        Base stock of each retailer, in units.
    cost : float
        Expected cost per unit of time, in transit included (``DistributionCost.total``).
    """

    warehouse_level: int
    retailer_levels: tuple[int, ...]
    cost: float


def best_levels(system: DistributionSystem) -> DistributionPlan:
    """Return the optimal base stocks under first come, first served, exactly.

    For a warehouse level each retailer is a newsvendor over what it is short of. Every warehouse
    level at which the warehouse can owe anything is tried: beyond it its own stock only grows.

    Examples
    --------
    >>> from assets.inventory.stochastic_service.distribution import Retailer
    >>> shop = Retailer(rate=6, lead_time=1, holding_cost=1, shortage_cost=4)
    >>> best_levels(DistributionSystem(0.5, 0, (shop, shop))).retailer_levels
    (8, 8)
    """
    top = int(system.warehouse_demand.points[-1])
    warehouse = np.array([warehouse_stock_cost(system, level) for level in range(top + 1)])
    owed = np.zeros((top + 1, top + 1))
    for level in range(top + 1):
        mass = owed_by_warehouse(system, level).mass
        owed[: mass.size, level] = mass
    # Equal retailers have equal answers.
    answers = {retailer: _answers(system, place, owed) for place, retailer in enumerate(system.retailers)}
    chosen = [answers[retailer] for retailer in system.retailers]
    cost = warehouse + system.in_transit_cost + sum(costs for _, costs in chosen)
    best = int(np.argmin(cost))
    return DistributionPlan(best, tuple(int(levels[best]) for levels, _ in chosen), float(cost[best]))


def balanced_levels(system: DistributionSystem) -> DistributionPlan:
    """Return the best base stocks if stock could be moved between retailers: a bound on any policy.

    The warehouse may then share out anew, each time it ships, all that retailers have and wait for.
    What they cost together at a total position ``x`` is the least sum of their own convex costs; the
    warehouse above them is the last stage of a serial system (Clark and Scarf 1960; Federgruen and
    Zipkin 1984). No policy costs less, whatever its rationing, and the levels are those of the policy
    that rations by ``rationing.myopic``.

    Returns
    -------
    DistributionPlan
        Its ``cost`` is the bound.
    """
    wanted, needed = _wanted(system, system.holding_cost), _wanted(system, 0.0)
    demand, full = system.warehouse_demand, int(wanted.sum())
    reach = int(demand.points[-1])
    # Least: retailers that never wait and pay for all their stock. Most: all they want after any demand.
    positions = np.arange(int(needed.sum()), full + reach + 1)
    given = _shared_out(system, wanted, full - int(positions[0]) + reach)
    # What is left for retailers after the warehouse's lead time, as units short of what they want.
    left = positions[:, None] - demand.points[None, :].astype(np.int64)
    retailers = given[np.maximum(full - left, 0)]
    # Echelon stock is counted before the demand of a review period, retailers' cost after it.
    held = system.holding_cost * (left - system.rate * system.review)
    cost = (held + retailers) @ demand.mass
    best = int(np.argmin(cost))
    position = int(positions[best])
    levels = wanted if position >= full else _least_shared(system, wanted, full - position)
    return DistributionPlan(max(position - full, 0), tuple(int(level) for level in levels), float(cost[best]))


def position_costs(system: DistributionSystem, retailer: int, levels: Integers) -> Reals:
    """Return what a retailer at a position costs beyond the warehouse's rate on its stock.

    ``(h_i - h_0) E[y - D]+ + (p_i + h_0) E[D - y]+``: the warehouse's rate is charged on all echelon
    stock apart.
    """
    one = system.retailers[retailer]
    at: Reals = np.asarray(levels, dtype=np.float64)
    short = system.retailer_demand[retailer].shortage(at)
    mean = system.retailer_demand[retailer].mean
    cost: Reals = (one.holding_cost - system.holding_cost) * (at - mean) + (
        one.holding_cost + one.shortage_cost
    ) * short
    return cost


def losses(system: DistributionSystem, levels: Integers, depth: int) -> Reals:
    """Return what each unit less costs each retailer below its level, shape (N, depth); rows rise."""
    rows = [
        np.diff(position_costs(system, place, np.arange(level, level - depth - 1, -1)))
        for place, level in enumerate(levels)
    ]
    table: Reals = np.stack(rows)
    return table


def _shared_out(system: DistributionSystem, wanted: Integers, depth: int) -> Reals:
    """Return the retailers' cost together by units short of what they want, shape (depth + 1,)."""
    start = sum(float(position_costs(system, place, wanted[[place]])[0]) for place in range(len(wanted)))
    # Convex costs: the cheapest way to lack n units is to lack the n cheapest.
    cheapest = np.sort(losses(system, wanted, depth), axis=None)[:depth]
    given: Reals = start + np.append(0.0, np.cumsum(cheapest))
    return given


def _wanted(system: DistributionSystem, paid_upstream: float) -> Integers:
    """Return what each retailer wants if so much of its holding cost is paid anyway."""
    ratios = [(one.shortage_cost + paid_upstream) / (one.shortage_cost + one.holding_cost) for one in system.retailers]
    levels = [demand.quantile(ratio) for demand, ratio in zip(system.retailer_demand, ratios, strict=True)]
    return np.array(levels, dtype=np.int64)


def _least_shared(system: DistributionSystem, wanted: Integers, short: int) -> Integers:
    order = np.argsort(losses(system, wanted, short), axis=None, kind="stable")[:short]
    less = np.bincount(order // short, minlength=len(wanted))
    levels: Integers = wanted - less
    return levels


def _answers(system: DistributionSystem, place: int, owed: Reals) -> tuple[Integers, Reals]:
    """Return a retailer's best level and its cost for every warehouse level from 0 up."""
    one, demand = system.retailers[place], system.retailer_demand[place]
    law = _outstanding_by_level(system, place, owed)
    columns = np.arange(law.shape[1])
    cumulative = np.minimum(np.cumsum(law, axis=0), 1.0)
    ratio = critical_ratio(one.holding_cost, one.shortage_cost)
    levels = (cumulative < ratio - ROUNDING).sum(axis=0)
    # E[O - y]+ is the sum of P(O > x) over x from y up; E[O] that from 0 up.
    above = np.cumsum((1.0 - cumulative)[::-1], axis=0)[::-1]
    short, mean = above[levels, columns], above[0]
    costs = one.holding_cost * (levels - mean + short) + one.shortage_cost * short
    return levels + demand.start, costs


def _outstanding_by_level(system: DistributionSystem, place: int, owed: Reals) -> Reals:
    """Return the distribution of a retailer's outstanding units, a column per warehouse level."""
    top, demand = len(owed) - 1, system.retailer_demand[place]
    part = thinning(top, system.retailers[place].rate / system.rate) @ owed
    # A small share of what is owed is never more than a few units.
    part = part[: int(np.flatnonzero(part.max(axis=1) > TAIL)[-1]) + 1]
    law = np.zeros((len(part) + demand.mass.size - 1, top + 1))
    for units, mass in enumerate(demand.mass):
        law[units : units + len(part)] += mass * part
    return law
