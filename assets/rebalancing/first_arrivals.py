"""When an order placed now can first be sold: where a site's protection begins.

Not here: what demand looks like from there on (``projection``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.item_sites import Flags, Ints, ItemSites
from assets.rebalancing.moves import Moves
from assets.rebalancing.problem import Problem


def first_arrivals(problem: Problem) -> Ints:
    """Return the first bucket that a normal order placed now reaches, shape (n,); T for none.

    A cross-dock has nothing to send but what is brought there, so that an order through it takes
    both ways. Lateral moves and expedites are not normal; they count where nothing else comes.
    """
    item_sites, moves, horizon = problem.item_sites, problem.moves, problem.horizon
    result = np.full(len(item_sites), horizon, dtype=np.int64)
    free = moves.blocked == 0
    for chosen in (_supplied(item_sites, moves, free & moves.usual), free):
        found = np.full(len(result), horizon, dtype=np.int64)
        np.minimum.at(found, moves.destination[chosen], moves.arrival[chosen])
        result = np.where(result >= horizon, found, result)
    return result


def earliest_arrivals(problem: Problem) -> Ints:
    """Return the first bucket that any move reaches, shape (n,); T for none."""
    result = np.full(len(problem.item_sites), problem.horizon, dtype=np.int64)
    free = problem.moves.blocked == 0
    np.minimum.at(result, problem.moves.destination[free], problem.moves.arrival[free])
    return result


def _supplied(item_sites: ItemSites, moves: Moves, chosen: Flags) -> Flags:
    """Return which of the chosen moves leave a site that holds stock, or a cross-dock when something reaches it."""
    through = chosen & moves.is_transfer & item_sites.cross_dock[moves.origin]
    supplied = chosen & ~through
    open_ = np.flatnonzero(through)
    reached = np.zeros(item_sites.known_supply.shape, dtype=bool)
    fresh = np.flatnonzero(supplied & item_sites.cross_dock[moves.destination])
    while len(open_) and len(fresh):
        reached[moves.destination[fresh], moves.arrival[fresh]] = True
        goes = reached[moves.origin[open_], moves.bucket[open_]]
        fresh, open_ = open_[goes], open_[~goes]
        supplied[fresh] = True
    return supplied
