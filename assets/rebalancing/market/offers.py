"""What single items would do with what is left of the limits, each as if it came first.

A limit over several moves of an item cannot be an arc's capacity. Moves are capped one by one,
and where they break a limit together they are scaled down and capped again, so that an offer
always fits what it was shown. Not here: who gets what of the offers (``award``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import UNLIMITED, Flags, Floats, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices, Proposals, joined
from assets.rebalancing.market.parts import capped, part
from assets.rebalancing.market.supply_executor import priced, proposals, whole_plans

SLACK = 1e-12


def offers(network: Network, limits: Limits, prices: Prices, items: Ints, allowed: Floats) -> tuple[Proposals, Flags]:
    """Return a whole plan of each item at the prices, and which of them fit what they were allowed.

    Parameters
    ----------
    network : Network
        At its own costs.
    limits : Limits
        Over the network's moves.
    prices : Prices
        Of the limits.
    items : int array, shape (k,)
        Ascending.
    allowed : float array, shape (k, L)
        Most that each item may use of each limit.
    """
    some = part(network, items)
    mine = limits.take(slice(None), some.moves)
    at_prices = priced(some.network, mine, prices)
    most = _alone(some.network, mine, allowed)
    found = proposals(some.network, mine, whole_plans(capped(at_prices, most)))
    over = np.flatnonzero(~_within(found, allowed))
    if len(over):
        found = _again(some.network, at_prices, mine, found, most, over, allowed)
    return replace(found, item=items, units=_wide(found, some.moves, len(network.problem.moves))), _within(
        found, allowed
    )


def _within(found: Proposals, allowed: Floats) -> Flags:
    return np.asarray((found.use.toarray() <= allowed + SLACK * np.abs(allowed)).all(axis=1))


def _alone(network: Network, limits: Limits, allowed: Floats) -> Ints:
    """Return the most units of each move if it were its item's only one, shape (m,)."""
    limit, move, use = _entries(limits)
    item = network.problem.item_sites.item[network.problem.moves.destination[move]]
    room = np.maximum(0.0, allowed[item, limit])
    most = np.full(len(network.problem.moves), float(UNLIMITED))
    np.minimum.at(most, move, np.floor(room / use * (1 + SLACK)))
    return most.astype(np.int64)


def _again(
    network: Network, at_prices: Network, limits: Limits, found: Proposals, most: Ints, over: Ints, allowed: Floats
) -> Proposals:
    """Scale down the moves of the items that broke a limit with several at once, and let them plan again."""
    limit, move, _ = _entries(limits)
    item = network.problem.item_sites.item[network.problem.moves.destination[move]]
    asked = found.use.toarray()
    share = np.where(asked > allowed, np.maximum(0.0, allowed) / np.where(asked > 0, asked, 1.0), 1.0)
    factor = np.ones(len(most))
    np.minimum.at(factor, move, share[item, limit])
    units = np.asarray(found.units.sum(axis=0)).ravel().astype(np.int64)
    less = np.floor(units * factor).astype(np.int64)
    moves = network.problem.moves
    lot = constraints.lot_below(less, moves.minimum, np.maximum(1, moves.multiple))
    touched = np.zeros(len(most), dtype=bool)
    touched[move] = True
    scaled = np.where(touched, np.where(moves.bucket == 0, lot, less), most)
    again = part(capped(at_prices, np.minimum(most, scaled)), over)
    plain = part(network, over)
    better = proposals(plain.network, limits.take(slice(None), plain.moves), whole_plans(again.network))
    return _replaced(found, over, better, plain.moves)


def _replaced(found: Proposals, rows: Ints, better: Proposals, moves: Ints) -> Proposals:
    """Return proposals with some rows exchanged."""
    chosen = np.arange(len(found))
    chosen[rows] = len(found) + np.arange(len(rows))
    wide = replace(better, item=rows, units=_wide(better, moves, found.units.shape[1]))
    return joined([found, wide]).take(chosen)


def _wide(found: Proposals, moves: Ints, count: int) -> csr_array:
    """Return units over the moves of the whole."""
    units = found.units
    return csr_array((units.data, moves[units.indices], units.indptr), shape=(units.shape[0], count))


def _entries(limits: Limits) -> tuple[Ints, Ints, Floats]:
    """Return limit, move and use per unit wherever a move uses a limit."""
    limit = np.repeat(np.arange(len(limits)), np.diff(limits.use.indptr))
    taken = limits.use.data > 0
    return limit[taken], limits.use.indices[taken].astype(np.int64), limits.use.data[taken]
