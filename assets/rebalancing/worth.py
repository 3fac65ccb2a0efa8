"""What lines of today on one departure or document are worth together, in whole lots.

What they save is what their items cost without them, the other lines of today as they are. Not
here: what becomes of one that is worth less than it costs (``consolidated``, ``documented``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.lots import copies, first_items
from assets.rebalancing.market.departure_search import FIRST_RIDERS


def worth_in_lots(network: Network, row: Ints, asked: Floats, units: Ints, cost: Ints) -> Floats:
    """Return what the lines of each group save together; less where that is more than asked, shape (g,).

    Parameters
    ----------
    network : Network
        Of every item.
    row : int array, shape (m,)
        Group of each move, a departure or a document; -1 for none.
    asked : float array, shape (g,)
        Currency that a group has to save; one of which nothing is asked is not looked at.
    units, cost : int array
        Plan in the order of ``network.first``, and its integer cost by item.

    Notes
    -----
    Items are solved by turns, twice as many each, those with most units first, until what they
    lose is more than is asked.
    """
    row, owner, worth = row[network.first], first_items(network), np.zeros(len(asked))
    waiting = {k: _riders(owner, (row == k) & (units > 0), units) for k in np.flatnonzero(asked > 0).tolist()}
    begin, size = 0, FIRST_RIDERS
    while waiting:
        parts = [(k, riders[begin : begin + size]) for k, riders in waiting.items()]
        items = np.concatenate([part for _, part in parts])
        group = np.repeat([k for k, _ in parts], [len(part) for _, part in parts])
        fixed, offset = copies(network, items, units)
        counts = np.diff(network.first_start)[items]
        place = np.arange(len(fixed)) - np.repeat(offset, counts) + np.repeat(network.first_start[items], counts)
        fixed[row[place] == np.repeat(group, counts)] = 0
        flow = solve_flows(network, Variant(items, fixed))
        worth += np.bincount(group, weights=(flow.cost - cost[items]) / network.scale, minlength=len(worth))
        begin, size = begin + size, 2 * size
        waiting = {k: riders for k, riders in waiting.items() if len(riders) > begin and worth[k] < asked[k]}
    return worth


def _riders(owner: Ints, on: np.ndarray, units: Ints) -> Ints:
    items, place = np.unique(owner[on], return_inverse=True)
    carried = np.bincount(place, weights=units[on], minlength=len(items))
    return items[np.lexsort((items, -carried))]
