"""Whole lots, least gains and no cycles: bounded branching on the moves of the first bucket.

Each candidate fixes some first-bucket moves of an item and is judged by solving its flow
again, exactly. Candidates of all items are solved together. Not here: the relaxed flow's
proof (``plan``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Flow, Variant, free_variant, gather, solve_flows
from assets.rebalancing.item_sites import Flags, Floats, Ints

LOT_ROUNDS = 4
GAIN_ROUNDS = 6
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


def search(network: Network, relaxed: Flow, allowed: Flags) -> Incumbent:
    """Return whole-lot plans that obey every first-bucket guardrail.

    Parameters
    ----------
    network : Network
        Of every item.
    relaxed : Flow
        Optimum without lots, of every item in order.
    allowed : bool array, shape (len(network.first),)
        Moves that may be used; baselines forbid some.

    Notes
    -----
    Nearest lot first, then a one-lot search; cycles are broken on their cheaper side; transfer
    lines below the least gain are dropped, the smallest first. Every step re-solves the flow.
    """
    start = np.where(allowed, FREE_UNITS, 0)
    units = _without_cycles(network, _nearest_lots(network, relaxed.units, start), start)
    best = _evaluate(network, np.arange(network.items), units)
    best = _one_lot_search(network, best, start)
    return _drop_small_gains(network, best)


def line_gains(network: Network, units: Ints, cost: Ints, chosen: Ints) -> Floats:
    """Return what each line saves: the item's cost without it, less its cost with it.

    Parameters
    ----------
    network : Network
        Of every item.
    units, cost : int array
        Plan in the order of ``network.first``, and its integer cost by item.
    chosen : int array
        Positions in ``network.first``.

    Returns
    -------
    float array, shape (len(chosen),)
        Currency; later buckets are planned anew, other lines of today stay.
    """
    owner = first_items(network)[chosen]
    variant_units, offset = _copies(network, owner, units)
    variant_units[offset + chosen - network.first_start[owner]] = 0
    without = solve_flows(network, Variant(owner, variant_units))
    return np.asarray((without.cost - cost[owner]) / network.scale)


def first_items(network: Network) -> Ints:
    """Return the item of each move in ``network.first``."""
    return np.repeat(np.arange(network.items), np.diff(network.first_start))


def evaluate(network: Network, units: Ints) -> Flow:
    """Solve every item with all first-bucket moves fixed to ``units``."""
    return solve_flows(network, Variant(np.arange(network.items), units))


def _copies(network: Network, items: Ints, units: Ints) -> tuple[Ints, Ints]:
    """Return the units of items in turn, and where each one's begin."""
    positions, counts = gather(network.first_start, items)
    return units[positions].copy(), np.cumsum(counts) - counts


def _evaluate(network: Network, items: Ints, units: Ints) -> Incumbent:
    cost = np.full(network.items, FAR)
    flow = solve_flows(network, Variant(items, _copies(network, items, units)[0]))
    cost[items] = np.where(flow.broken, FAR, flow.cost)
    return Incumbent(units, cost)


def _lots(network: Network) -> tuple[Ints, Ints]:
    moves = network.problem.moves
    return moves.minimum[network.first], np.maximum(1, moves.multiple[network.first])


def _bad_lots(network: Network, units: Ints) -> Flags:
    minimum, multiple = _lots(network)
    return ~constraints.is_lot(units, minimum, multiple)


def _nearest_lots(network: Network, relaxed: Ints, start: Ints) -> Ints:
    """Fix broken lots to the nearest, solve the rest again, until every move is whole."""
    minimum, multiple = _lots(network)
    capacity = network.problem.moves.capacity[network.first]
    fixed, units = start.copy(), np.where(start == FREE_UNITS, relaxed, 0)
    items, owner = np.arange(network.items), first_items(network)
    forbidden = np.zeros(network.items, dtype=bool)
    forbidden[owner[(start == 0) & (relaxed > 0)]] = True
    dirty = np.unique(np.concatenate([owner[_bad_lots(network, units)], np.flatnonzero(forbidden)]))
    for _ in range(LOT_ROUNDS):
        if not len(dirty):
            return units
        mine = np.isin(owner, dirty)
        below, above = (f(units, minimum, multiple) for f in (constraints.lot_below, constraints.lot_above))
        nearest = np.where((units - below <= above - units) | (above > capacity), below, above)
        lotted = mine & (constraints.smallest_lot(minimum, multiple) > 1) & _bad_lots(network, units)
        fixed = np.where(lotted, nearest, fixed)
        flow = solve_flows(network, Variant(items[dirty], _copies(network, dirty, fixed)[0]))
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
        tries = [solve_flows(network, Variant(dirty, _copies(network, dirty, f)[0])) for f in (out, into)]
        keep_out = np.zeros(network.items, dtype=bool)
        keep_out[dirty] = tries[0].cost <= tries[1].cost
        mine = np.isin(owner, dirty)
        fixed = np.where(mine, np.where(keep_out[owner], out, into), fixed)
        units = units.copy()
        units[mine] = np.where(keep_out[owner[mine]], tries[0].units, tries[1].units)
    stuck = np.isin(owner, item[_cycle_sites(network, units)])
    return np.where(stuck & lateral, 0, units)


def _one_lot_search(network: Network, best: Incumbent, start: Ints) -> Incumbent:
    """Try one lot more and one lot less on each purchase in turn; keep what lowers an item's cost."""
    minimum, multiple = _lots(network)
    capacity = network.problem.moves.capacity[network.first]
    smallest = constraints.smallest_lot(minimum, multiple)
    owner, open_ = first_items(network), start == FREE_UNITS
    improved = np.ones(network.items, dtype=bool)
    for _ in range(LOT_ROUNDS):
        lotted = np.flatnonzero(open_ & (smallest > 1) & improved[owner])
        now = best.units[lotted]
        up = np.where(now == 0, smallest[lotted], now + multiple[lotted])
        down = np.where(now <= smallest[lotted], 0, now - multiple[lotted])
        tried = np.concatenate([up, down])
        moves = np.concatenate([lotted, lotted])
        sensible = (tried != best.units[moves]) & (tried <= capacity[moves])
        better = _try_moves(network, best, moves[sensible], tried[sensible])
        improved = better.cost < best.cost
        best = better
        if not improved.any():
            break
    return best


def _try_moves(network: Network, best: Incumbent, moves: Ints, tried: Ints) -> Incumbent:
    """Return the incumbent with, for each item, the best of the single changes if it is better."""
    owner = first_items(network)[moves]
    units, offset = _copies(network, owner, best.units)
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


def _drop_small_gains(network: Network, best: Incumbent) -> Incumbent:
    """Drop transfer lines that save less than the release asks, the smallest of an item first."""
    transfer = network.problem.moves.is_transfer[network.first]
    rules, owner = network.problem.release.guardrails, first_items(network)
    dirty = np.ones(network.items, dtype=bool)
    units, cost = best.units.copy(), best.cost.copy()
    for round_number in range(GAIN_ROUNDS):
        lines = np.flatnonzero(transfer & (units > 0) & dirty[owner])
        gains = line_gains(network, units, cost, lines)
        small = ~constraints.minimum_gain(gains, rules)
        lines, gains = lines[small], gains[small]
        if not len(lines):
            break
        if round_number < GAIN_ROUNDS - 1:
            order = np.lexsort((lines, gains, owner[lines]))
            lines = lines[order[np.unique(owner[lines][order], return_index=True)[1]]]
        units[lines] = 0
        dirty = np.isin(np.arange(network.items), owner[lines])
        items = np.flatnonzero(dirty)
        cost[items] = solve_flows(network, Variant(items, _copies(network, items, units)[0])).cost
    return Incumbent(units, cost)


def relaxed_optimum(network: Network) -> Flow:
    """Return the optimum without lots, least gains and cycles: its cost is a lower bound."""
    return solve_flows(network, free_variant(network, np.arange(network.items)))
