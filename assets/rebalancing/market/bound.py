"""The Lagrangian bound: what every item would cost at given prices, less what the limits would be paid.

``sum_i min_x (c_i(x) + p A x) - p b`` is at most the cost of any plan within the limits, for any
p >= 0. Not here: which prices make it high (``rounds``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from assets.rebalancing.item_sites import Floats
from assets.rebalancing.market.messages import Prices, Proposals


@dataclass(frozen=True)
class Bound:
    """A proven bound and what proves it.

    Attributes
    ----------
    value : int
        Integer cost.
    prices : Prices
        At which it holds.
    bids : Proposals
        Optima of every item at these prices, in order.
    """

    value: int
    prices: Prices
    bids: Proposals


def lagrangian(bids: Proposals, prices: Prices, room: Floats, scale: float) -> Bound:
    """Return the bound that the items' optima at some prices prove.

    Parameters
    ----------
    bids : Proposals
        Optima of every item at the prices.
    prices : Prices
        Currency per unit of each limit.
    room : float array, shape (L,)
        What moves may use of each limit.
    scale : float
        Integer cost of one unit of currency.

    Notes
    -----
    What limits are paid is rounded up, and a step more for the sum's own rounding.
    """
    return Bound(sum(bids.bid.tolist()) - income(prices, room, scale), prices, bids)


def income(prices: Prices, room: Floats, scale: float) -> int:
    """Return what limits are paid, rounded up, as an integer cost."""
    amount = math.fsum(prices.per_limit * room) * scale
    return math.ceil(amount) + 1 if amount else 0
