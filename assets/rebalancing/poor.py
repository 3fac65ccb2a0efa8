"""What lines of today on one departure are worth together, in whole lots.

What they save is what their items cost without them, the other lines of today as they are. Not
here: what becomes of a departure that is worth less than it costs (``consolidated``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.lots import copies, first_items
from assets.rebalancing.market.closing import FIRST_RIDERS
from assets.rebalancing.market.departures import Departures


def worth_in_lots(network: Network, departures: Departures, units: Ints, cost: Ints) -> Floats:
    """Return what the lines on each departure save together; less where that is more than it costs.

    Parameters
    ----------
    network : Network
        Of every item.
    departures : Departures
        Over its moves.
    units, cost : int array
        Plan in the order of ``network.first``, and its integer cost by item.

    Notes
    -----
    Items are solved by turns, twice as many each, those with most units first, until what they
    lose is more than the departure costs.
    """
    row, owner = departures.row[network.first], first_items(network)
    every = np.zeros(len(departures.row), dtype=np.int64)
    every[network.first] = units
    bills, worth = departures.beyond(every), np.zeros(len(departures))
    waiting = {k: _riders(owner, (row == k) & (units > 0), units) for k in np.flatnonzero(bills > 0).tolist()}
    begin, size = 0, FIRST_RIDERS
    while waiting:
        asked = [(k, riders[begin : begin + size]) for k, riders in waiting.items()]
        items = np.concatenate([part for _, part in asked])
        departure = np.repeat([k for k, _ in asked], [len(part) for _, part in asked])
        fixed, offset = copies(network, items, units)
        counts = np.diff(network.first_start)[items]
        place = np.arange(len(fixed)) - np.repeat(offset, counts) + np.repeat(network.first_start[items], counts)
        fixed[row[place] == np.repeat(departure, counts)] = 0
        flow = solve_flows(network, Variant(items, fixed))
        worth += np.bincount(departure, weights=(flow.cost - cost[items]) / network.scale, minlength=len(worth))
        begin, size = begin + size, 2 * size
        waiting = {k: riders for k, riders in waiting.items() if len(riders) > begin and worth[k] < bills[k]}
    return worth


def _riders(owner: Ints, on: np.ndarray, units: Ints) -> Ints:
    items, place = np.unique(owner[on], return_inverse=True)
    carried = np.bincount(place, weights=units[on], minlength=len(items))
    return items[np.lexsort((items, -carried))]
