"""Rounds of bidding: prices, proposals, master, bound, until little is left to gain.

Column generation with prices smoothed towards those of the best bound (Wentges 1997). Bounded
in rounds, never in seconds. Not here: the award in whole plans.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Floats
from assets.rebalancing.market.agents import propose
from assets.rebalancing.market.bound import Bound, lagrangian
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.master import Master, Mixture
from assets.rebalancing.market.messages import Prices, Proposals


@dataclass(frozen=True)
class Budget:
    """How long to negotiate; deterministic.

    Attributes
    ----------
    rounds : int
        Most rounds of bidding.
    tolerance : float
        Bidding ends when master and bound differ by at most this share of the whole cost.
    smoothing : float
        Weight of the best bound's prices in the next round's.
    award_rounds, turns : int
        Most rounds of whole proposals, and most turns in which leftovers are offered.
    offers : int
        Most items that bid for leftovers in a turn.
    """

    rounds: int = 40
    tolerance: float = 1e-4
    smoothing: float = 0.5
    award_rounds: int = 2
    turns: int = 12
    offers: int = 150


@dataclass(frozen=True)
class Round:
    """What a round came to.

    Attributes
    ----------
    prices : Prices
        At which items bid.
    bids : Proposals
        Every item's optimum.
    fresh : int
        How many of them the master did not know.
    bound : int
        Best so far.
    value : float
        Of the master before the round, integer cost.
    """

    prices: Prices
    bids: Proposals
    fresh: np.ndarray
    bound: int
    value: float


Watch = Callable[[Round], None]


@dataclass(frozen=True)
class Bidding:
    """Where the rounds ended: the bound, what items do idle or free, the proposals, their last mixture."""

    bound: Bound
    idle: Proposals
    free: Proposals
    pool: Proposals
    mixture: Mixture
    rounds: int


def bid(network: Network, limits: Limits, idle: Proposals, free: Proposals, budget: Budget, watch: Watch) -> Bidding:
    """Negotiate prices.

    Parameters
    ----------
    network : Network
        Of the items that share the limits.
    limits : Limits
        Over the network's moves.
    idle, free : Proposals
        What items do if nothing may move, and if everything is free.
    budget : Budget
        When to stop.
    watch : callable
        Told of every round.
    """
    waiting, least = sum(idle.cost.tolist()), round(base_cost(network) * network.scale)
    nothing = Prices(0, np.zeros(len(limits)))
    best = lagrangian(free, nothing, limits.room, network.scale)
    master = Master(idle, limits, network.scale)
    watch(Round(nothing, free, master.add(free), best.value, float(waiting)))
    mixture, smoothing, heard = master.solve(), budget.smoothing, 1
    for number in range(1, budget.rounds + 1):
        value = waiting + mixture.value * network.scale
        if value - best.value <= budget.tolerance * abs(least + best.value):
            break
        prices = Prices(number, _smoothed(best.prices.per_limit, mixture.per_limit, smoothing))
        bids = propose(network, limits, prices)
        found = lagrangian(bids, prices, limits.room, network.scale)
        fresh = master.add(bids)
        # Without anything new the master's own prices decide whether all is said.
        smoothing = budget.smoothing if fresh.any() else smoothing / 2 if smoothing > 0.05 else 0.0
        best = found if found.value > best.value else best
        watch(Round(prices, bids, fresh, best.value, value))
        heard += 1
        if not fresh.any() and np.array_equal(prices.per_limit, mixture.per_limit):
            break
        mixture = master.solve()
    return Bidding(best, idle, free, master.pool, mixture, heard)


def base_cost(network: Network) -> float:
    """Return the part of the cost that no plan changes, in currency."""
    curves = network.curves
    return float(curves.base_holding.sum() + curves.base_shortage.sum() + curves.base_purchase.sum())


def _smoothed(best: Floats, master: Floats, weight: float) -> Floats:
    return np.asarray(weight * best + (1 - weight) * master)
