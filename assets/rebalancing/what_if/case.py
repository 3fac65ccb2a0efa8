"""One item and the terms on which it plans; what it decides when it is solved again.

It plans as the daily plan does (``choice``): whole lots, no cycles, least gains. What others do
stands: their use of shared limits leaves it some room, and at the published prices it pays for
what it takes. Not here: which inputs to change (``inputs``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack

from assets.rebalancing import constraints, lots
from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.choice import Choice, choose
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow, started
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.filling import pinned
from assets.rebalancing.market.limits import TOLERANCE, Limits, no_limits
from assets.rebalancing.market.messages import Prices
from assets.rebalancing.market.offers import offers
from assets.rebalancing.market.parts import shut
from assets.rebalancing.market.shares import at_spread
from assets.rebalancing.problem import Problem
from assets.rebalancing.what_if.billed import billed, bills
from assets.rebalancing.what_if.copies import side_by_side


@dataclass(frozen=True)
class Case:
    """One item and the terms on which it plans.

    Attributes
    ----------
    problem : Problem
        Of one item; its limits are over its own moves.
    prices : float array, shape (L,)
        Currency that a unit of each limit costs.
    allowed : float array, shape (L,)
        Most that it may use of each limit; infinite where only the price counts.
    standing : int array, shape (m,)
        Units of its moves that start today as published: they stand against plans of the same cost.
    pins : int array, shape (m,)
        Units of lines that fill an order document: they stand whatever is decided; 0 for others.
    closed : int array, shape (m,)
        Units that moves could carry which do not go out today; 0 for others.
    spread : float array, shape (m,)
        Share of its departure by which a unit of each move decides, in currency, as the plan did.
    """

    problem: Problem
    prices: Floats
    allowed: Floats
    standing: Ints
    pins: Ints
    closed: Ints
    spread: Floats

    @property
    def limits(self) -> Limits:
        """Limits over the item's moves, by name."""
        return self.problem.limits or no_limits(len(self.problem.moves))

    @property
    def today(self) -> Flags:
        """Which moves start in the first bucket, shape (m,)."""
        return np.asarray(self.problem.moves.bucket == 0)


@dataclass(frozen=True)
class Decision:
    """What an item does.

    Attributes
    ----------
    units : int array, shape (m,)
        Of its moves that start today; 0 for later ones.
    cost : float
        Of its plan over the horizon with what it pays for limits, in currency, less what no plan changes.
    """

    units: Ints
    cost: float


def decide(cases: Sequence[Case]) -> list[Decision]:
    """Solve an item again in every case.

    Parameters
    ----------
    cases : sequence of Case
        Of the same item, with as many item-sites and moves each.
    """
    found: dict[int, Decision] = {}
    releases = [case.problem.release for case in cases]
    for release in {one.content_hash: one for one in releases}.values():
        mine = [k for k, other in enumerate(releases) if other == release]
        found.update(zip(mine, _decided([cases[k] for k in mine]), strict=True))
    return [found[k] for k in range(len(cases))]


def at_prices(cases: Sequence[Case]) -> Network:
    """Return the network of cases side by side, every move paying for its use of limits.

    Rounded down to money steps, as the market does.
    """
    every = side_by_side([case.problem for case in cases])
    per_move = np.concatenate([case.limits.use.T @ case.prices for case in cases])
    pins, closed, spread = (
        np.concatenate([getattr(case, name) for case in cases]) for name in ("pins", "closed", "spread")
    )
    if closed.any() and not per_move.any() and not pins.any():
        return _from_open(every, closed, spread)
    network = pinned(at_spread(expand_knowing_sales(every), spread), pins)
    step = TIE_STEPS / network.scale
    return network.priced(np.floor(per_move / step) * step) if per_move.any() else network


def _from_open(problem: Problem, closed: Ints, spread: Floats) -> Network:
    """Return the network with the start that the plan had: the optimum of what goes out, from that of everything."""
    moves = problem.moves
    network = at_spread(
        expand_knowing_sales(replace(problem, moves=replace(moves, capacity=moves.capacity + closed))), spread
    )
    return shut(started(network, lots.relaxed_optimum(network)), closed > 0)


def _decided(cases: Sequence[Case]) -> list[Decision]:
    network, shape = at_prices(cases), (len(cases), len(cases[0].problem.moves))
    charged = network.problem.departures is not None
    choice = billed(network) if charged else choose(network)
    standing = np.concatenate([case.standing for case in cases])
    flow = _tied(network if charged else choice.network, choice, standing)
    every, cost = units_of_flow(network, flow).reshape(shape), costs_of(network, flow)
    limits = cases[0].limits
    if len(limits):
        allowed = np.stack([case.allowed for case in cases])
        over = np.flatnonzero(~_within(limits, every, allowed))
        if len(over):
            every[over], cost[over] = _beside_others(choice, limits, over, allowed[over])
    today = cases[0].today
    return [Decision(np.where(today, units, 0), float(own)) for units, own in zip(every, cost, strict=True)]


def costs_of(network: Network, flow: Flow) -> Floats:
    """Return what each copy costs, with departures that it pays for, in currency, shape (copies,)."""
    own = flow.cost / network.scale
    if network.problem.departures is None:
        return np.asarray(own)
    return np.asarray(own + bills(network, flow))


def _tied(network: Network, choice: Choice, standing: Ints) -> Flow:
    """Return the flow of each copy, with its standing units where they cost as little as what was found."""
    now = standing[network.first]
    items = np.flatnonzero(_possible(network, standing))
    kept = np.isin(np.repeat(np.arange(network.items), np.diff(network.first_start)), items)
    tried = lots.evaluate(network, np.where(kept, now, choice.units))
    as_little = costs_of(network, tried) <= costs_of(choice.network, choice.flow) + 0.5 / network.scale
    tied = items[as_little[items] & ~tried.broken[items]]
    keeps = np.repeat(np.isin(np.arange(network.items), tied), np.diff(network.first_start))
    return lots.evaluate(network, np.where(keeps, now, choice.units))


def _possible(network: Network, units: Ints) -> Flags:
    """Return in which copies units of moves that start today are whole lots of what is there."""
    moves, sites = network.problem.moves, network.problem.item_sites
    sent = np.flatnonzero(units)
    lot = constraints.is_lot(units[sent], moves.minimum[sent], np.maximum(1, moves.multiple[sent]))
    fits = lot & (units[sent] <= moves.capacity[sent]) & (moves.blocked[sent] == 0)
    result = np.ones(network.items, dtype=bool)
    result[sites.item[moves.destination[sent[~fits]]]] = False
    given, sideways = np.zeros(len(sites), dtype=np.int64), np.zeros(len(sites), dtype=np.int64)
    out = sent[moves.is_transfer[sent]]
    np.add.at(given, moves.origin[out], units[out])
    np.add.at(sideways, moves.origin[out], np.where(moves.lateral[out], units[out], 0))
    over = (given > sites.available) | (sideways > np.where(sideways > 0, constraints.donor_protection(sites), 0))
    result[sites.item[over]] = False
    return result


def _within(limits: Limits, units: Ints, allowed: Floats) -> Flags:
    """Return which plans, one a row, keep to what they are allowed of every limit."""
    return np.asarray((units @ limits.use.T <= allowed + TOLERANCE * np.maximum(1.0, limits.room)).all(axis=1))


def _beside_others(choice: Choice, limits: Limits, items: Ints, allowed: Floats) -> tuple[Ints, Floats]:
    """Return units of every move, and costs, of items that must keep to what others leave.

    Where no plan is found that does, nothing starts today.
    """
    network, copies = choice.network, choice.network.items
    wide = Limits(
        limits.names, limits.kinds, limits.capacity, limits.fixed,
        csr_array(hstack([limits.use] * copies)), limits.families,
    )  # fmt: skip
    # The network's moves pay already.
    found, fit = offers(network, wide, Prices(0, np.zeros(len(limits))), items, np.minimum(allowed, 1e15))
    waiting = choice.policies["do_nothing"]
    shape = (copies, len(network.problem.moves) // copies)
    idle = units_of_flow(network, waiting).reshape(shape)[items]
    own = found.units.toarray().reshape(len(items), *shape)[np.arange(len(items)), items]
    units = np.where(fit[:, None], own, idle)
    cost = np.where(fit, found.cost, waiting.cost[items]) / network.scale
    departures = network.problem.departures
    if departures is not None:
        every = np.zeros((copies, shape[1]), dtype=np.int64)
        every[items] = units
        cost = cost + departures.beyond(every.ravel()).reshape(copies, -1).sum(axis=1)[items]
    return units, cost


def without(case: Case, move: int) -> Case:
    """Return a case in which a move does not start today; everything is worth what it was."""
    capacity = case.problem.moves.capacity.copy()
    capacity[move] = 0
    return replace(case, problem=replace(case.problem, moves=replace(case.problem.moves, capacity=capacity)))
