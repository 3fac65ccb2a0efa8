"""Which departures of today leave: all are open at first, and each that saves less than it costs closes.

Items plan by the relaxed flow, for nothing on what is open. Not here: what is tried of one departure
(``departure_search``, ``full_trucks``), whole lots (``consolidated``), and limits that items share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow, started
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.departure_search import Search
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.full_trucks import filled, with_room
from assets.rebalancing.market.shares import at_shares, started_again

A_LITTLE_FULLER = 1.0001
"""Times the load by which riders decide: those to whom today and later are the same ride today."""


@dataclass(frozen=True)
class Open:
    """Which departures leave.

    Attributes
    ----------
    network : Network
        Everything open, with its relaxed optimum as the start of what is solved next.
    departures : Departures
        With the shares by which units decide now.
    shut : bool array, shape (d,)
        Departures that stay.
    trucks : int array, shape (d,)
        Most trucks of each that leave.
    free : Flow
        Relaxed optimum of every item, all departures open.
    worth : float array, shape (d,)
        What riders of a departure that stays would have saved by it, in currency.
    """

    network: Network
    departures: Departures
    shut: Flags
    trucks: Ints
    free: Flow
    worth: Floats


def close(network: Network, departures: Departures) -> Open:
    """Return which departures leave.

    Parameters
    ----------
    network : Network
        Of every item, all departures open.
    departures : Departures
        Over its moves.
    """
    return ways(network, departures, most=1)[0]


def ways(network: Network, departures: Departures, most: int = 2) -> list[Open]:
    """Return which departures leave, and which do if some are filled, if that pays anywhere.

    The second way is cheaper by the relaxed flow; in whole lots and within limits it may not be.

    Parameters
    ----------
    network, departures : Network, Departures
        As ``close`` takes them.
    most : int
        Ways to look for.
    """
    free = lots.relaxed_optimum(network)
    search = Search.of(started(network, free), departures, free)
    search.settle()
    found = [_opened(search, free)]
    further = filled(search) if most > 1 else search
    if further is not search:
        further.settle()
        found.append(_opened(further, free))
    return found


def sooner(opened: Open, units: Ints) -> Open | None:
    """Return the same departures with what could as well leave later on those that leave with room; none if none does.

    Parameters
    ----------
    opened : Open
        Which departures leave.
    units : int array, shape (m,)
        Of every move, as it would go out.
    """
    departures = opened.departures
    room = with_room(opened.network, departures, units)
    if not room.any():
        return None
    departures = departures.at_fill(np.where(room, A_LITTLE_FULLER * departures.fill, departures.fill))
    network = at_shares(opened.network, departures)
    network = started_again(network, np.zeros(len(network.first), dtype=bool))[0]
    return replace(opened, network=network, departures=departures)


def _opened(search: Search, free: Flow) -> Open:
    """Return what leaves, of several trucks as many as pay."""
    departures = search.departures
    trucks = np.minimum(departures.trucks(search.every), departures.most)
    for row in np.flatnonzero(departures.sized & (trucks > np.maximum(1, departures.paid))).tolist():
        trucks[row] = search.without_last(row)[0]
    return Open(search.network, departures, search.shut.copy(), trucks, free, search.worth.copy())
