"""Plans of items around those that they have: one line of today at every number of lots that it could be.

A small market chooses among them all at once: prices alone leave open who gets the last lot. Not here:
the choice (``mixing``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows, started
from assets.rebalancing.item_sites import Flags, Ints
from assets.rebalancing.lots import copies, evaluate, first_items
from assets.rebalancing.market.constraint_evaluator import whole
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices, Proposals
from assets.rebalancing.market.supply_executor import priced, proposals
from assets.rebalancing.spare import spare_units

MOST_LOTS = 16
"""Most numbers of lots that are tried of a line."""
MOST_PLANS = 1_000
"""Most plans of all items together."""


def standing(network: Network, limits: Limits, prices: Prices, units: Ints) -> Proposals:
    """Return the plan of every item with these units today; what leaves later is planned at the prices.

    Parameters
    ----------
    network : Network
        At its own costs.
    limits : Limits
        Over the network's moves.
    prices : Prices
        Of the limits.
    units : int array, shape (len(network.first),)
        Of the first bucket.
    """
    return proposals(network, limits, evaluate(priced(network, limits, prices), units))


def lot_plans(network: Network, limits: Limits, prices: Prices, units: Ints, asked: Ints, items: Flags) -> Proposals:
    """Return plans of some items that differ from what they have by one line that uses a limit.

    Parameters
    ----------
    network, limits, prices : Network, Limits, Prices
        As ``standing`` takes them.
    units, asked : int array, shape (len(network.first),)
        What items have today, and what they would take for nothing: the most that is tried is a lot above both.
    items : bool array, shape (items,)
        Whose lines are changed.
    """
    move, tried = _changes(network, limits, units, asked, items)
    dear, owner = priced(network, limits, prices), first_items(network)[move]
    dear = started(dear, evaluate(dear, units))
    fixed, offset = copies(dear, owner, units)
    fixed[offset + move - network.first_start[owner]] = tried
    flow = solve_flows(dear, Variant(owner, fixed))
    found = proposals(network, limits, flow)
    allowed = ~flow.broken & whole(network, np.arange(len(network.problem.moves)), found.units)
    return found.take(np.flatnonzero(allowed))


def _changes(network: Network, limits: Limits, units: Ints, asked: Ints, items: Flags) -> tuple[Ints, Ints]:
    """Return which lines are changed, as positions in ``network.first``, and to what."""
    moves, owner = network.problem.moves.take(network.first), first_items(network)
    multiple = np.maximum(1, moves.multiple)
    smallest = constraints.smallest_lot(moves.minimum, multiple)
    arcs = network.arc_start[owner] + np.arange(len(owner)) - network.first_start[owner]
    most = np.minimum(units + spare_units(network, units), network.capacity[arcs])
    top = np.maximum(units, asked)
    most = np.minimum(most, np.where(top < smallest, smallest, top // multiple * multiple + multiple))
    shares = np.zeros(len(network.problem.moves), dtype=bool)
    shares[limits.use.indices[limits.use.data != 0]] = True
    chosen = np.flatnonzero(items[owner] & shares[network.first] & (most >= smallest))
    each = min(MOST_LOTS, MOST_PLANS // max(1, len(chosen)))
    found = [
        (row, lot)
        for row in chosen.tolist()
        for lot in _numbers(int(units[row]), int(smallest[row]), int(multiple[row]), int(most[row]), each)
    ]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _numbers(now: int, smallest: int, multiple: int, most: int, count: int) -> list[int]:
    """Return what a line could carry instead: nothing and the lots next to what it has first, then others evenly.

    >>> _numbers(4, 2, 2, 10, 9)
    [0, 2, 6, 8, 10]
    >>> _numbers(40, 1, 1, 100, 5)
    [0, 39, 41, 50, 100]
    """
    lots = [0, *range(smallest, most + 1, multiple)]
    others = [lot for lot in lots if lot != now]
    if len(others) <= count:
        return others
    near = sorted(others, key=lambda lot: (abs(lot - now), lot))[: count // 2]
    kept = {0, *near}
    step = np.unique(np.linspace(0, len(others) - 1, max(0, count - len(kept)) + 1).astype(np.int64)[1:])
    return sorted(kept | {others[k] for k in step.tolist()})[:count] if count else []
