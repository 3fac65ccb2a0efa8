"""The best action that is not taken, by solving again: without a line, or with one where there is none.

Not here: inputs that flip the decision (``flips``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.choice import choose
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Variant, solve_flows
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.merged import every_unit
from assets.rebalancing.spare import spare_units
from assets.rebalancing.what_if.case import Case, Decision, at_prices, decide, without


@dataclass(frozen=True)
class NextBest:
    """The best action not taken.

    Attributes
    ----------
    units : int array, shape (m,)
        Of every move that would start today instead.
    move : int or None
        The line that would be there and is not; ``None`` where the item waits.
    costs_more : float
        What it costs more than the plan over the horizon, payments for shared limits included, in
        currency; below 0 where it would save.
    """

    units: Ints
    move: int | None
    costs_more: float


def instead_of_line(case: Case, plan: Decision, move: int) -> NextBest:
    """Return what the item does if a move may not start today, everything else free.

    Parameters
    ----------
    case : Case
        As published.
    plan : Decision
        What it decided.
    move : int
        The line's move.
    """
    (other,) = decide([without(case, move)])
    more, moves = other.units - plan.units, case.problem.moves
    same_end = moves.destination == moves.destination[move]
    same_start = moves.is_transfer & (moves.origin == moves.origin[move])
    # What reaches the same site stands in for the line, else what leaves the same one.
    order = np.lexsort((np.arange(len(more)), -more, ~same_end))
    best = order[(more > 0)[order] & (same_end | same_start)[order]][:1]
    return NextBest(other.units, int(best[0]) if len(best) else None, other.cost - plan.cost)


def instead_of_nothing(case: Case, plan: Decision, site: int) -> NextBest | None:
    """Return the cheapest line that could touch an item-site today and is not planned.

    Each possible line is added to what starts today, in the quantity that suits it best, and
    later buckets are planned anew. ``None`` where no line can start.

    Parameters
    ----------
    case : Case
        As published.
    plan : Decision
        What the item decided.
    site : int
        Item-site without a line.
    """
    network = at_prices([case])
    network = network if network.problem.departures is not None else choose(network).network
    now = plan.units[network.first]
    position, units = _tries(network, now, _possible(network, now, site))
    if not len(position):
        return None
    item = np.zeros(len(position), dtype=np.int64)
    fixed = np.tile(now, (len(position), 1))
    fixed[np.arange(len(position)), position] = units
    found = solve_flows(network, Variant(item, fixed.ravel()))
    base = solve_flows(network, Variant(np.zeros(1, dtype=np.int64), now))
    cost = np.where(found.broken, np.inf, found.cost / network.scale + _bills(network, fixed))
    best = int(np.lexsort((units, position, cost))[0])
    if found.broken[best]:
        return None
    every = np.zeros(len(plan.units), dtype=np.int64)
    every[network.first] = fixed[best]
    before = float(base.cost[0] / network.scale + _bills(network, now[None, :])[0])
    return NextBest(every, int(network.first[position[best]]), float(cost[best]) - before)


def _bills(network: Network, units: Ints) -> Floats:
    """Return what departures cost beyond their shares for several plans of what starts today, one a row."""
    departures = network.problem.departures
    if departures is None:
        return np.zeros(len(units))
    return np.array([departures.beyond(every_unit(network, row)).sum() for row in units])


def _possible(network: Network, now: Ints, site: int) -> Ints:
    """Return the first-bucket moves of an item-site that could carry a lot beside what starts today."""
    moves = network.problem.moves.take(network.first)
    touching = (moves.destination == site) | (moves.origin == site)
    lot = constraints.smallest_lot(moves.minimum, np.maximum(1, moves.multiple))
    return np.flatnonzero(touching & (now == 0) & (spare_units(network, now) >= lot))


def _tries(network: Network, now: Ints, possible: Ints) -> tuple[Ints, Ints]:
    """Return lines to try: each move at its smallest lot, and at the lots around what the flow would send."""
    if not len(possible):
        return possible, possible
    moves = network.problem.moves
    minimum, multiple = moves.minimum[network.first][possible], np.maximum(1, moves.multiple[network.first][possible])
    free = np.tile(now, (len(possible), 1))
    free[np.arange(len(possible)), possible] = FREE_UNITS
    flow = solve_flows(network, Variant(np.zeros(len(possible), dtype=np.int64), free.ravel()))
    wanted = flow.units.reshape(free.shape)[np.arange(len(possible)), possible]
    lots = [
        constraints.smallest_lot(minimum, multiple),
        constraints.lot_below(wanted, minimum, multiple),
        constraints.lot_above(wanted, minimum, multiple),
    ]
    most = np.full(len(now), 0)
    most[possible] = moves.capacity[network.first][possible]
    pairs = np.unique(np.stack([np.tile(possible, len(lots)), np.concatenate(lots)], axis=1), axis=0)
    pairs = pairs[(pairs[:, 1] > 0) & (pairs[:, 1] <= most[pairs[:, 0]])]
    return pairs[:, 0], pairs[:, 1]
