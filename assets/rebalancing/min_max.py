"""Min/max as ERPs do it, a baseline under the interface of ``baselines``: same guardrails and lots.

Each item-site looks at itself alone. The maximum is its base stock and the minimum one unit below
(no cost per order line, so (s, S) becomes (S - 1, S)). Not here: any forecast of what others need,
lateral moves, or the least gain, which takes a model of cost that an ERP does not have.
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import UNLIMITED, Ints


def min_max(network: Network) -> Ints:
    """Order up to the base stock where the position is at or below one unit less.

    Parameters
    ----------
    network : Network
        Of every item.

    Returns
    -------
    int array, shape (len(network.first),)
        Units of the first-bucket moves.

    Notes
    -----
    Position is available plus incoming, less what is sent today. Lower echelons ask first; a site
    with less than all ask for serves the emptiest, by position over base stock, first. Purchases are
    rounded up to a lot, and down to one where the maximum stock or the supplier allows no more.
    """
    item_sites, moves = network.problem.item_sites, network.problem.moves
    units = np.zeros(len(network.first), dtype=np.int64)
    position, left = item_sites.available + item_sites.incoming, item_sites.available.copy()
    source = _normal_moves(network)
    for echelon in np.unique(item_sites.echelon):
        wanted = item_sites.base_stock - position
        rows = np.flatnonzero((item_sites.echelon == echelon) & (wanted > 0) & (source >= 0))
        fullness = position[rows] / np.maximum(item_sites.base_stock[rows], 1)
        for row in rows[np.lexsort((rows, fullness))].tolist():
            place = int(source[row])
            move = int(network.first[place])
            origin, ask = int(moves.origin[move]), int(min(wanted[row], moves.capacity[move]))
            if origin >= 0:
                units[place] = min(ask, left[origin])
                left[origin] -= units[place]
                position[origin] -= units[place]
            else:
                units[place] = _lot(network, row, move, int(position[row]))
    return units


def _lot(network: Network, row: int, move: int, position: int) -> int:
    """Return the lot that brings a position to the base stock, or the largest that is allowed."""
    item_sites, moves = network.problem.item_sites, network.problem.moves
    minimum, multiple = moves.minimum[move : move + 1], moves.multiple[move : move + 1]
    up = constraints.lot_above(item_sites.base_stock[row : row + 1] - position, minimum, multiple)
    maximum = int(item_sites.maximum[row])
    room = UNLIMITED if maximum >= UNLIMITED else max(0, maximum - position)
    most = np.minimum(moves.capacity[move : move + 1], room)
    return int(np.where(up <= most, up, constraints.lot_below(most, minimum, multiple))[0])


def _normal_moves(network: Network) -> Ints:
    """Return, by item-site, the position in ``network.first`` of the move from its normal source; -1 for none.

    The cheapest of them, then the soonest to arrive; expediting is not normal.
    """
    item_sites, every = network.problem.item_sites, network.problem.moves
    moves = every.take(network.first)
    normal = (moves.origin == item_sites.parent[moves.destination]) & (moves.kind != "expedite") & ~moves.lateral
    rows = np.flatnonzero(normal)
    rows = rows[np.lexsort((rows, moves.arrival[rows], moves.unit_amount[rows], moves.destination[rows]))]
    found = np.full(len(item_sites), -1, dtype=np.int64)
    destination, first = np.unique(moves.destination[rows], return_index=True)
    found[destination] = rows[first]
    return found
