"""Whole lots and no cycles: bounded branching on the moves of the first bucket.

Each candidate fixes some first-bucket moves of an item and is judged by solving its flow
again, exactly. Candidates of all items are solved together. Not here: least gains (``gains``)
and the relaxed flow's proof (``plan``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.arcs import has_room
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Flow, Variant, free_variant, gather, solve_flows, started
from assets.rebalancing.item_sites import Flags, Ints

LOT_ROUNDS = 4
FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Incumbent:
    """The best whole plan of each item so far.

    Attributes
    ----------
    units : int array
        Units of every free first-bucket move, in the order of ``network.first``.
    cost : int array, shape (items,)
        Integer cost of each item; ``FAR`` where no candidate was feasible.
    """

    units: Ints
    cost: Ints


def search(network: Network, relaxed: Flow, allowed: Flags, known: Incumbent | None = None) -> Incumbent:
    """Return plans of whole lots without cycles.

    Parameters
    ----------
    network : Network
        Of every item.
    relaxed : Flow
        Optimum without lots, of every item in order.
    allowed : bool array, shape (len(network.first),)
        Moves that may be used; baselines forbid some.
    known : Incumbent, optional
        What the search found with every move allowed. It stands for items whose relaxed
        optimum and plan use nothing that is forbidden now.

    Notes
    -----
    Nearest lot first, then a one-lot search; cycles are broken on their cheaper side. Every
    step re-solves the flow, from the relaxed optimum and then from the plan of whole lots.
    """
    start, items = np.where(allowed, FREE_UNITS, 0), np.arange(network.items)
    best = Incumbent(relaxed.units.copy(), np.full(network.items, FAR))
    if known is not None:
        touched = ~allowed & ((relaxed.units > 0) | (known.units > 0))
        items = np.unique(first_items(network)[touched])
        mine = np.isin(first_items(network), items)
        best = Incumbent(np.where(mine, relaxed.units, known.units), known.cost.copy())
    network = started(network, relaxed)
    units = _without_cycles(network, _nearest_lots(network, best.units, start, items), start)
    flow = solve_flows(network, Variant(items, copies(network, items, units)[0]))
    best.cost[items] = np.where(flow.broken, FAR, flow.cost)
    return _one_lot_search(started(network, flow), Incumbent(units, best.cost), start, items)


def first_items(network: Network) -> Ints:
    """Return the item of each move in ``network.first``."""
    return np.repeat(np.arange(network.items), np.diff(network.first_start))


def evaluate(network: Network, units: Ints) -> Flow:
    """Solve every item with all first-bucket moves fixed to ``units``."""
    return solve_flows(network, Variant(np.arange(network.items), units))


def copies(network: Network, items: Ints, units: Ints) -> tuple[Ints, Ints]:
    """Return the units of items in turn, and where each one's begin."""
    positions, counts = gather(network.first_start, items)
    return units[positions].copy(), np.cumsum(counts) - counts


def _lots(network: Network) -> tuple[Ints, Ints]:
    moves = network.problem.moves
    return moves.minimum[network.first], np.maximum(1, moves.multiple[network.first])


def _bad_lots(network: Network, units: Ints) -> Flags:
    minimum, multiple = _lots(network)
    return ~constraints.is_lot(units, minimum, multiple)


def _nearest_lots(network: Network, units: Ints, start: Ints, active: Ints) -> Ints:
    """Fix broken lots to the nearest, solve the rest again, until every move is whole."""
    minimum, multiple = _lots(network)
    capacity = network.problem.moves.capacity[network.first]
    fixed, owner = start.copy(), first_items(network)
    forbidden = (start == 0) & (units > 0)
    dirty = np.intersect1d(active, owner[_bad_lots(network, units) | forbidden])
    for _ in range(LOT_ROUNDS):
        if not len(dirty):
            return units
        mine = np.isin(owner, dirty)
        below, above = (f(units, minimum, multiple) for f in (constraints.lot_below, constraints.lot_above))
        nearest = np.where((units - below <= above - units) | (above > capacity), below, above)
        lotted = mine & (constraints.smallest_lot(minimum, multiple) > 1) & _bad_lots(network, units)
        fixed = np.where(lotted, nearest, fixed)
        flow = solve_flows(network, Variant(dirty, copies(network, dirty, fixed)[0]))
        units = units.copy()
        units[mine] = flow.units
        dirty = np.unique(owner[_bad_lots(network, units)])
    # What still is not whole goes down to the lot below: always within stock and limits.
    return np.where(_bad_lots(network, units), constraints.lot_below(units, minimum, multiple), units)


def _cycle_sites(network: Network, units: Ints) -> Ints:
    return constraints.cycles(network.problem.moves, units, network.first)


def _without_cycles(network: Network, units: Ints, start: Ints) -> Ints:
    """Break cycles: at each site on one, forbid giving or receiving, whichever costs less."""
    moves, owner, item = network.problem.moves, first_items(network), network.problem.item_sites.item
    lateral = moves.lateral[network.first]
    lotted = constraints.smallest_lot(*_lots(network)) > 1
    fixed = np.where(lotted, units, start)
    for _ in range(2 * LOT_ROUNDS):
        sites = _cycle_sites(network, units)
        if not len(sites):
            return units
        # One site an item and round: breaking one often breaks the others.
        sites = sites[np.unique(item[sites], return_index=True)[1]]
        out = np.where(np.isin(moves.origin[network.first], sites) & lateral, 0, fixed)
        into = np.where(np.isin(moves.destination[network.first], sites) & lateral, 0, fixed)
        dirty = item[sites]
        tries = [solve_flows(network, Variant(dirty, copies(network, dirty, f)[0])) for f in (out, into)]
        keep_out = np.zeros(network.items, dtype=bool)
        keep_out[dirty] = tries[0].cost <= tries[1].cost
        mine = np.isin(owner, dirty)
        fixed = np.where(mine, np.where(keep_out[owner], out, into), fixed)
        units = units.copy()
        units[mine] = np.where(keep_out[owner[mine]], tries[0].units, tries[1].units)
    stuck = np.isin(owner, item[_cycle_sites(network, units)])
    return np.where(stuck & lateral, 0, units)


def _one_lot_search(network: Network, best: Incumbent, start: Ints, active: Ints) -> Incumbent:
    """Try one lot more and one lot less on each purchase in turn; keep what lowers an item's cost."""
    minimum, multiple = _lots(network)
    today = network.problem.moves.take(network.first)
    capacity, smallest = today.capacity, constraints.smallest_lot(minimum, multiple)
    owner, open_ = first_items(network), start == FREE_UNITS
    improved = np.isin(np.arange(network.items), active)
    for _ in range(LOT_ROUNDS):
        lotted = np.flatnonzero(open_ & (smallest > 1) & improved[owner])
        now = best.units[lotted]
        up = np.where(now == 0, smallest[lotted], now + multiple[lotted])
        down = np.where(now <= smallest[lotted], 0, now - multiple[lotted])
        tried = np.concatenate([up, down])
        moves = np.concatenate([lotted, lotted])
        sensible = (tried != best.units[moves]) & (tried <= capacity[moves])
        sensible &= has_room(network.problem.item_sites, today, best.units, moves, tried)
        better = _try_moves(network, best, moves[sensible], tried[sensible])
        improved = better.cost < best.cost
        best = better
        if not improved.any():
            break
    return best


def _try_moves(network: Network, best: Incumbent, moves: Ints, tried: Ints) -> Incumbent:
    """Return the incumbent with, for each item, the best of the single changes if it is better."""
    owner = first_items(network)[moves]
    units, offset = copies(network, owner, best.units)
    units[offset + moves - network.first_start[owner]] = tried
    flow = solve_flows(network, Variant(owner, units))
    cost = np.where(flow.broken, FAR, flow.cost)
    order = np.lexsort((np.arange(len(moves)), cost, owner))
    winners = order[np.unique(owner[order], return_index=True)[1]]
    winners = winners[cost[winners] < best.cost[owner[winners]]]
    new_units, new_cost = best.units.copy(), best.cost.copy()
    new_units[moves[winners]] = tried[winners]
    new_cost[owner[winners]] = cost[winners]
    return Incumbent(new_units, new_cost)


def relaxed_optimum(network: Network) -> Flow:
    """Return the optimum without lots, least gains and cycles: its cost is a lower bound."""
    return solve_flows(network, free_variant(network, np.arange(network.items)))
