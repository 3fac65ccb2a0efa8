"""What a unit costs at a site: the cheapest way there, and the cheapest that replenishment usually takes.

Not here: what it is worth there (``value``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.item_sites import Flags, Floats, ItemSites
from assets.rebalancing.moves import Moves


def landed_costs(item_sites: ItemSites, moves: Moves) -> Floats:
    """Return the cheapest purchase plus transport to each item-site, in currency per unit.

    Sites that no source reaches are valued at standard cost, and so is what they could send on.
    """
    free = moves.blocked == 0
    bought, sent = free & ~moves.is_transfer, free & moves.is_transfer
    cost = _relax(_bought(item_sites, moves, bought, moves.price), moves, sent, moves.usual_transport)
    return _relax(np.where(np.isfinite(cost), cost, item_sites.unit_cost), moves, sent, moves.usual_transport)


def replacement_costs(item_sites: ItemSites, moves: Moves, landed: Floats) -> Floats:
    """Return what a unit costs on the cheapest usual way, holding on the way included, in currency per unit.

    Parameters
    ----------
    item_sites, moves : ItemSites, Moves
        Of the problem.
    landed : float array, shape (n,)
        Landed costs, which stand where no usual way leads, and below which nothing costs.
    """
    usual = (moves.blocked == 0) & moves.usual
    bought, sent = usual & ~moves.is_transfer, usual & moves.is_transfer
    cost = _relax(_bought(item_sites, moves, bought, moves.unit_amount), moves, sent, moves.unit_amount)
    return np.where(np.isfinite(cost), np.maximum(cost, landed), landed)


def _bought(item_sites: ItemSites, moves: Moves, bought: Flags, amount: Floats) -> Floats:
    cost = np.full(len(item_sites), np.inf)
    np.minimum.at(cost, moves.destination[bought], amount[bought])
    return cost


def _relax(cost: Floats, moves: Moves, sent: Flags, amount: Floats) -> Floats:
    origin, destination = moves.origin[sent], moves.destination[sent]
    for _ in range(len(cost) + 1):
        better = cost.copy()
        np.minimum.at(better, destination, cost[origin] + amount[sent])
        if np.array_equal(better, cost):
            break
        cost = better
    return cost
