"""What each line saves, and lines that save too little.

A line's gain is the item's cost without it less its cost with it, the other lines of today
fixed and later buckets planned anew. Not here: lots (``lots``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow, Variant, solve_flows, started
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.lots import Incumbent, copies, first_items


def line_gains(network: Network, units: Ints, cost: Ints, chosen: Ints) -> Floats:
    """Return what each line saves, by solving its item without it.

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
        Currency.
    """
    owner = first_items(network)[chosen]
    variant_units, offset = copies(network, owner, units)
    variant_units[offset + chosen - network.first_start[owner]] = 0
    without = solve_flows(network, Variant(owner, variant_units))
    return np.asarray((without.cost - cost[owner]) / network.scale)


def drop_small_gains(
    network: Network, best: Incumbent, known: Incumbent | None = None, *, exact: bool = True
) -> Incumbent:
    """Drop transfer lines that save less than the release asks.

    Parameters
    ----------
    network : Network
        Of every item.
    best : Incumbent
        Plan of whole lots.
    known : Incumbent, optional
        Plan whose lines were cleared already; those that are the same are judged again only
        where another line of the item goes.
    exact : bool
        Whether lines that pass the bound are judged by solving without them; baselines are not.

    Notes
    -----
    What a line saves is at most what leaving later would cost, which needs no solving: lines
    that fail this bound go first, then those that fail exactly. Lines to one destination stand
    in for each other, so that the smallest of a destination goes in a round.
    """
    moves, rules, owner = network.problem.moves, network.problem.release.guardrails, first_items(network)
    units, cost = best.units.copy(), best.cost.copy()
    changed = np.ones(len(units), dtype=bool) if known is None else units != known.units
    transfer, destination = moves.is_transfer[network.first], moves.destination[network.first]
    least = rules.minimum_gain_amount
    for judge in (_bounds, _exact) if exact else (_bounds,):
        dirty, lines = np.unique(owner[changed]), np.flatnonzero(transfer & (units > 0) & changed)
        while len(dirty):
            dropped = _smallest(destination, lines, judge(network, units, cost, dirty, lines), least)
            units[dropped] = 0
            dirty = np.unique(owner[dropped])
            flow = solve_flows(network, Variant(dirty, copies(network, dirty, units)[0]))
            # The exact gains differ from this plan by one line each.
            network, cost[dirty] = started(network, flow), flow.cost
            lines = np.flatnonzero(transfer & (units > 0) & np.isin(owner, dirty))
    return Incumbent(units, cost)


def _bounds(network: Network, units: Ints, _cost: Ints, items: Ints, lines: Ints) -> Floats:
    flow = solve_flows(network, Variant(items, copies(network, items, units)[0]))
    return delay_bounds(network, flow, units, lines)


def _exact(network: Network, units: Ints, cost: Ints, _items: Ints, lines: Ints) -> Floats:
    return line_gains(network, units, cost, lines)


def _smallest(destination: Ints, lines: Ints, gains: Floats, least: float) -> Ints:
    """Return, of the lines below the least gain, the smallest one of each destination."""
    small = ~constraints.minimum_gain(gains, least)
    lines, gains = lines[small], gains[small]
    order = np.lexsort((lines, gains, destination[lines]))
    return lines[order[np.unique(destination[lines][order], return_index=True)[1]]]


def delay_bounds(network: Network, flow: Flow, units: Ints, lines: Ints) -> Floats:
    """Return the most each line can save: what it costs to send the same by the next departure.

    ``gain <= sum over the delay of f_d(x - q) - f_d(x), plus f_o(x + q) - f_o(x) while it waits``.
    Infinite for lateral moves, whose later departures are limited, and without a next one.

    Parameters
    ----------
    network : Network
        Of every item.
    flow : Flow
        Plan of the items that own the lines.
    units, lines : int array
        Plan in the order of ``network.first``, and positions in it.
    """
    moves, rows = network.problem.moves, network.first[lines]
    later = _next_departure(network, rows)
    bound = np.full(len(lines), np.inf)
    usable = np.flatnonzero((later >= 0) & ~moves.lateral[rows])
    if not len(usable):
        return bound
    now, then, quantity = rows[usable], later[usable], units[lines[usable]]
    supply = chain_supply(network, flow)
    extra = (network.move_cost[then] - network.move_cost[now]) * quantity / network.scale
    arrive = _stretch_cost(network, supply, moves.destination[now], moves.arrival[now], moves.arrival[then], -quantity)
    wait = _stretch_cost(network, supply, moves.origin[now], 0 * now, moves.bucket[then], quantity)
    bound[usable] = extra + arrive + wait
    return bound


def _next_departure(network: Network, rows: Ints) -> Ints:
    """Return the next free move of the same lane and item after each first-bucket move; -1 for none."""
    moves = network.problem.moves
    later = np.flatnonzero((moves.blocked == 0) & (moves.bucket > 0) & moves.is_transfer)
    modes, mode = np.unique(moves.mode.astype(str), return_inverse=True)

    def key(chosen: Ints) -> Ints:
        ends = moves.origin[chosen] * np.int64(len(network.problem.item_sites)) + moves.destination[chosen]
        return np.asarray(ends * len(modes) + mode[chosen])

    order = later[np.lexsort((moves.bucket[later], key(later)))]
    keys = key(order)
    place = np.searchsorted(keys, key(rows))
    found = np.minimum(place, max(0, len(order) - 1))
    if not len(order):
        return np.full(len(rows), -1, dtype=np.int64)
    return np.where(keys[found] == key(rows), order[found], -1)


def chain_supply(network: Network, flow: Flow) -> Ints:
    """Return the cumulative supply of every item-site and bucket in a flow, shape (n, T + 1)."""
    supply = np.zeros((len(network.problem.item_sites), network.problem.horizon + 1), dtype=np.int64)
    segment = network.segment[flow.arcs]
    on_curve = segment >= 0
    np.add.at(
        supply, (network.curves.row[segment[on_curve]], network.curves.bucket[segment[on_curve]]), flow.flows[on_curve]
    )
    return supply


def _stretch_cost(network: Network, supply: Ints, site: Ints, start: Ints, stop: Ints, change: Ints) -> Floats:
    """Return what changing the supply of sites by ``change`` costs over buckets start..stop-1."""
    length = np.maximum(0, stop - start)
    line = np.repeat(np.arange(len(site)), length)
    bucket = np.arange(len(line)) - np.repeat(np.cumsum(length) - length, length) + start[line]
    before = supply[site[line], bucket]
    after = np.maximum(0, before + change[line])
    cost = network.curves.cost_at(site[line], bucket, after) - network.curves.cost_at(site[line], bucket, before)
    return np.bincount(line, weights=cost, minlength=len(site)).astype(np.float64)
