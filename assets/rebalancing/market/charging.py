"""What departures add to the bound: every unit pays the least share of its departure that there can be.

Any plan's bill is at least the sum of those shares, so that the optimum at these prices, every
departure open and every document free, is at most what any plan costs. Limits come in by their
shadow prices. Not here: the market's own bound (``bound``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

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
from assets.rebalancing.repriced import repriced


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
        Of every item, everything open, with the relaxed optimum as its start.
    departures, limits : Departures, Limits
        Over its moves.
    prices : float array, shape (L,)
        Of the limits; any that are not below 0 prove a bound.
    free : Flow
        Relaxed optimum of every item.
    """
    share = departures.least_shares(largest_units(network), units_of_flow(network, free))
    step = TIE_STEPS / network.scale
    share = np.floor((share - departures.spread) / step) * step
    alone = repriced(network, share)
    units = units_of_flow(network, alone)
    bare = replace(network, problem=replace(network.problem, departures=None))
    own = of_items(bare, units).sum(axis=1).to_numpy(np.float64)
    item = network.problem.item_sites.item[network.problem.moves.destination]
    by_item = own + np.bincount(item, weights=(share + departures.spread) * units, minlength=network.items)
    if prices.any():
        per_move = share + limits.use.T @ prices
        alone = repriced(network, np.floor(per_move / step) * step)
    total = (int(alone.cost.sum()) - income(Prices(0, prices), limits.room, network.scale)) / network.scale
    return ChargedBound(network.fixed_amount + total, by_item)
