"""What departures add to the bound: every unit pays the least share of its departure that there can be.

Any plan's bill is at least the sum of those shares, so that the optimum at these prices, every
departure open and every document free, is at most what any plan costs. Limits come in by their
shadow prices. Not here: the market's own bound (``bound``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.costs import of_items, units_of_flow
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import Floats
from assets.rebalancing.market.bound import income
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices
from assets.rebalancing.market.parts import part


@dataclass(frozen=True)
class ChargedBound:
    """A lower bound of what any plan costs, departures included.

    Attributes
    ----------
    amount : float
        In currency.
    by_item : float array, shape (items,)
        Of every item as if no limit were shared; the sum is no more than the least cost.
    """

    amount: float
    by_item: Floats


def charged_bound(network: Network, departures: Departures, limits: Limits, prices: Floats, free: Flow) -> ChargedBound:
    """Return the bound of plans within limits that pay for departures.

    Parameters
    ----------
    network : Network
        Of every item, everything open.
    departures, limits : Departures, Limits
        Over its moves.
    prices : float array, shape (L,)
        Of the limits; any that are not below 0 prove a bound.
    free : Flow
        Relaxed optimum of every item.
    """
    share = departures.least_shares(largest_units(network), units_of_flow(network, free)) - departures.spread
    alone = lots.relaxed_optimum(_at(network, share))
    units, item = units_of_flow(network, alone), network.problem.item_sites.item[network.problem.moves.destination]
    bare = replace(network, problem=replace(network.problem, departures=None))
    own = of_items(bare, units).sum(axis=1).to_numpy(np.float64)
    by_item = own + np.bincount(item, weights=(share + departures.spread) * units, minlength=network.items)
    least, per_move = alone.cost.copy(), limits.use.T @ prices
    paying = np.unique(item[per_move != 0])
    if len(paying):
        some = part(network, paying)
        least[paying] = lots.relaxed_optimum(_at(some.network, (share + per_move)[some.moves])).cost
    total = (int(least.sum()) - income(Prices(0, prices), limits.room, network.scale)) / network.scale
    return ChargedBound(network.fixed_amount + total, by_item.astype(np.float64))


def _at(network: Network, prices: Floats) -> Network:
    """Return a network at prices of moves, rounded down to money steps: what is least there is never too high."""
    step = TIE_STEPS / network.scale
    return network.priced(np.floor(prices / step) * step)
