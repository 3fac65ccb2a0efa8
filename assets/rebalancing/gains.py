"""What each line saves, and lines that save too little.

A line's gain is the item's cost without it less its cost with it, the other lines of today
fixed and later buckets planned anew. Not here: lots (``lots``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows, started
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


def drop_small_gains(network: Network, best: Incumbent, known: Incumbent | None = None) -> Incumbent:
    """Drop lateral and expedited lines that save less than the release asks.

    Parameters
    ----------
    network : Network
        Of every item.
    best : Incumbent
        Plan of whole lots.
    known : Incumbent, optional
        Plan whose lines were cleared already; those that are the same are judged again only
        where another line of the item goes.

    Notes
    -----
    Usual lines are not judged: a day's wait costs a slow item little, day after day, so that it
    would never be replenished. Lines to one destination stand in for each other, so that the
    smallest of a destination goes in a round.
    """
    moves, owner = network.problem.moves, first_items(network)
    least = network.problem.release.guardrails.minimum_gain_amount
    units, cost = best.units.copy(), best.cost.copy()
    changed = np.ones(len(units), dtype=bool) if known is None else units != known.units
    judged, destination = ~moves.usual[network.first], moves.destination[network.first]
    lines = np.flatnonzero(judged & (units > 0) & changed)
    while len(lines):
        dropped = _smallest(destination, lines, line_gains(network, units, cost, lines), least)
        units[dropped] = 0
        dirty = np.unique(owner[dropped])
        flow = solve_flows(network, Variant(dirty, copies(network, dirty, units)[0]))
        # Gains differ from this plan by one line each.
        network, cost[dirty] = started(network, flow), flow.cost
        lines = np.flatnonzero(judged & (units > 0) & np.isin(owner, dirty))
    return Incumbent(units, cost)


def _smallest(destination: Ints, lines: Ints, gains: Floats, least: float) -> Ints:
    """Return, of the lines below the least gain, the smallest one of each destination."""
    small = ~constraints.minimum_gain(gains, least)
    lines, gains = lines[small], gains[small]
    order = np.lexsort((lines, gains, destination[lines]))
    return lines[order[np.unique(destination[lines][order], return_index=True)[1]]]
