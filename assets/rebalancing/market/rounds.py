"""Rounds of bidding: prices, proposals, master, bound, until little is left to gain.

Column generation. The prices are those of a smoothed master; where the linear one is small, it has
the last word. While much is left to gain they are drawn towards those of the best bound (Wentges
1997). Bounded in rounds, never in seconds. Not here: the award in whole plans.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Floats
from assets.rebalancing.market.bound import Bound, lagrangian
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.master import Master
from assets.rebalancing.market.messages import Prices, Proposals
from assets.rebalancing.market.pool import Mixture, Pool
from assets.rebalancing.market.smoothed import smoothed
from assets.rebalancing.market.supply_executor import propose

EXACT_ROWS = 1_500
"""Most items and limits of a component for which the linear master is asked as well."""
NEAR_SHARE = 1e-6
"""Least share in the smooth mixture of proposals that the linear master begins with."""
COARSE = 5e-3
"""Share of the whole cost that may still be gained from which on a smooth mixture's prices are taken as they are."""
OF_THE_GAP = 0.25
"""Share of the asked gap that bidding may leave: the rest is for the award."""


@dataclass(frozen=True)
class Budget:
    """How long to negotiate; deterministic.

    Attributes
    ----------
    rounds : int
        Most rounds of bidding.
    tolerance : float
        Bidding ends when master and bound differ by at most this share of the whole cost.
    gap : float
        Asked gap, as a share of the whole cost; nothing goes on for what is better. 0 asks for
        the best that the other numbers allow.
    smoothing : float
        Weight of the best bound's prices in the next round's.
    award_rounds, turns : int
        Most rounds of whole proposals, and most turns in which leftovers are offered.
    offers : int
        Most items that bid for leftovers in a turn.
    """

    rounds: int = 40
    tolerance: float = 1e-4
    gap: float = 0.0
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
        Which of them nobody had proposed before.
    bound : int
        Best so far.
    value : float
        Of the master before the round, integer cost: what the bound could still become by the
        proposals until then.
    """

    prices: Prices
    bids: Proposals
    fresh: np.ndarray
    bound: int
    value: float


Watch = Callable[[Round], None]


@dataclass(frozen=True)
class Bidding:
    """Where the rounds ended: bound, what items do idle or free, proposals, what is left to gain in currency."""

    bound: Bound
    idle: Proposals
    free: Proposals
    pool: Proposals
    gain: float
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
    auction = Auction(network, limits, idle, free, budget, watch)
    mixture = _smooth_rounds(auction)
    if network.items + len(limits) <= EXACT_ROWS:
        mixture = _exact_rounds(auction, mixture)
    gain = max(0.0, auction.value(mixture) - auction.best.value) / network.scale
    return Bidding(auction.best, idle, free, auction.pool.proposals, gain, auction.heard)


class Auction:
    """What was said so far, beginning with what items do if everything is free."""

    def __init__(
        self, network: Network, limits: Limits, idle: Proposals, free: Proposals, budget: Budget, watch: Watch
    ) -> None:
        self.network, self.limits, self.idle, self.budget = network, limits, idle, budget
        self._watch, self._waiting = watch, sum(idle.cost.tolist())
        self._least = round(base_cost(network) * network.scale)
        nothing = Prices(0, np.zeros(len(limits)))
        self.pool, self.best, self.heard = Pool(idle), lagrangian(free, nothing, limits.room, network.scale), 0
        self._hear(nothing, free, float(self._waiting))

    @property
    def open(self) -> bool:
        """Whether rounds are left."""
        return self.heard <= self.budget.rounds

    def value(self, mixture: Mixture) -> float:
        """Return the integer cost of a mixture."""
        return float(self._waiting + mixture.value * self.network.scale)

    def is_close(self, value: float) -> bool:
        """Return whether master and bound are close enough."""
        most = max(self.budget.tolerance, OF_THE_GAP * self.budget.gap)
        return self.off(value) <= most

    def off(self, value: float) -> float:
        """Return how far a master's value is above the best bound, as a share of the whole cost."""
        return float((value - self.best.value) / max(1.0, abs(self._least + self.best.value)))

    def ask(self, per_limit: Floats, value: float) -> tuple[Proposals, bool]:
        """Return what every item does at the prices, and whether any of it is new."""
        prices = Prices(self.heard, per_limit)
        bids = propose(self.network, self.limits, prices)
        found = lagrangian(bids, prices, self.limits.room, self.network.scale)
        self.best = found if found.value > self.best.value else self.best
        return bids, self._hear(prices, bids, value)

    def _hear(self, prices: Prices, bids: Proposals, value: float) -> bool:
        fresh = self.pool.add(bids)
        self.heard += 1
        self._watch(Round(prices, bids, fresh, self.best.value, value))
        return bool(fresh.any())


def _smooth_rounds(auction: Auction) -> Mixture:
    """Ask at the prices of the smoothed master, the sharper the less is left to gain."""
    idle, limits, scale = auction.idle, auction.limits, auction.network.scale
    mixture, said = Mixture(0.0, np.zeros(0), np.zeros(len(limits))), True
    gain = (auction.value(mixture) - auction.best.value) / scale
    while True:
        mixture = smoothed(idle, auction.pool.proposals, limits, scale, mixture.per_limit, gain)
        value = auction.value(mixture)
        if auction.is_close(value) or not auction.open:
            return mixture
        weight = auction.budget.smoothing if auction.off(value) > COARSE else 0.0
        fresh = auction.ask(_smoothed(auction.best.prices.per_limit, mixture.per_limit, weight), value)[1]
        if not fresh and not said:
            return mixture
        said, gain = fresh, max(0.0, value - auction.best.value) / scale


def _exact_rounds(auction: Auction, mixture: Mixture) -> Mixture:
    """Go on with the linear master, from the proposals that the smooth mixture uses."""
    master = Master(auction.idle, auction.limits, auction.network.scale)
    master.add(auction.pool.proposals.take(np.flatnonzero(mixture.share > NEAR_SHARE)))
    mixture, smoothing = master.solve(), auction.budget.smoothing
    while auction.open and not auction.is_close(auction.value(mixture)):
        per_limit = _smoothed(auction.best.prices.per_limit, mixture.per_limit, smoothing)
        bids = auction.ask(per_limit, auction.value(mixture))[0]
        fresh = master.add(bids).any()
        # Without anything new the master's own prices decide whether all is said.
        smoothing = auction.budget.smoothing if fresh else smoothing / 2 if smoothing > 0.05 else 0.0
        if not fresh and np.array_equal(per_limit, mixture.per_limit):
            break
        mixture = master.solve()
    return mixture


def base_cost(network: Network) -> float:
    """Return the part of the cost that no plan changes, in currency."""
    return network.fixed_amount


def _smoothed(best: Floats, master: Floats, weight: float) -> Floats:
    return np.asarray(weight * best + (1 - weight) * master)
