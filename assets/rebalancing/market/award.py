"""The award: whole plans within every limit.

The mixture of whole proposals decides for the items that it takes whole; the others wait, and
then what is left is offered, turn by turn, to those that lose most at the prices. Every state
on the way is within the limits, and cost never rises. A small market then chooses anew among all plans
that are a line away from the award. Not here: prices and the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.lots import FAR
from assets.rebalancing.market.constraint_evaluator import whole
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.lot_plans import lot_plans
from assets.rebalancing.market.master import WHOLE_SHARE
from assets.rebalancing.market.messages import (
    BESIDE_OTHERS,
    OVER_ITS_SHARE,
    SAVES_NOTHING,
    Award,
    Prices,
    Proposals,
    Refusal,
    joined,
    units_of,
)
from assets.rebalancing.market.mixing import is_small, mixed, whole_mixture
from assets.rebalancing.market.offers import SLACK, offers
from assets.rebalancing.market.pool import Mixture, Pool
from assets.rebalancing.market.rounds import Bidding, Budget, base_cost
from assets.rebalancing.market.supply_executor import paid, propose_whole

LOT_TURNS = 3
"""Most times that a small market chooses anew."""
DEAREST_SHARE = 1e-5
"""Items that lose less than this share of an average item's cost at the prices do not bid for leftovers."""


@dataclass(frozen=True)
class State:
    """A plan of every item and the use of all, kept within the limits."""

    plans: Proposals
    use: Floats


def award(network: Network, limits: Limits, bidding: Bidding, today: Proposals | None, budget: Budget) -> Award:
    """Return whole plans of every item within the limits.

    Parameters
    ----------
    network : Network
        Of the items that share the limits, at its own costs.
    limits : Limits
        Over the network's moves.
    bidding : Bidding
        Prices and proposals that the rounds ended with.
    today : Proposals, optional
        Whole plans of every item as if there were no limits.
    budget : Budget
        Rounds of whole proposals, and turns.
    """
    waiting, scale, prices = bidding.idle, network.scale, bidding.bound.prices
    pool = Pool(waiting)
    proposed = bidding.pool.take(
        np.flatnonzero(whole(network, np.arange(len(network.problem.moves)), bidding.pool.units))
    )
    for batch in (proposed, today):
        if batch is not None:
            pool.add(batch)
    mixture = mixed(waiting, pool.proposals, limits, scale, prices.per_limit, bidding.gain)
    for number in range(budget.award_rounds):
        at = prices if number == 0 else Prices(prices.round, mixture.per_limit)
        if not pool.add(propose_whole(network, limits, at)).any():
            break
        mixture = mixed(waiting, pool.proposals, limits, scale, mixture.per_limit, bidding.gain)
    every = pool.proposals if pool.size else waiting
    mixtures = [mixture, whole_mixture(waiting, pool.proposals, limits, scale)]
    found = [
        _completed(network, limits, bidding, _fixed(limits, waiting, every, one), budget)
        for one in mixtures
        if one is not None
    ]
    best = min(found, key=_cost)
    return _lot_by_lot(network, limits, bidding, best, pool, budget) if is_small(waiting, limits) else best


def _lot_by_lot(network: Network, limits: Limits, bidding: Bidding, found: Award, pool: Pool, budget: Budget) -> Award:
    """Choose anew among plans that are a line away from the award, while that saves anything."""
    waiting, enough = bidding.idle, _enough(network, bidding, budget)
    asked, everybody = units_of(bidding.free)[network.first], np.ones(len(waiting), dtype=bool)
    for _ in range(LOT_TURNS):
        pool.add(found.plans)
        units = units_of(found.plans)[network.first]
        pool.add(lot_plans(network, limits, bidding.bound.prices, units, asked, everybody))
        found = replace(found, pool=pool.proposals)
        mixture = whole_mixture(waiting, pool.proposals, limits, network.scale)
        if mixture is None or _cost(found) <= enough:
            break
        state = _fixed(limits, waiting, pool.proposals, mixture)
        better = _completed(network, limits, bidding, state, budget)
        if _cost(better) >= _cost(found):
            break
        found = replace(better, pool=pool.proposals)
    return found


def _cost(found: Award) -> int:
    return int(found.plans.cost.sum())


def _completed(network: Network, limits: Limits, bidding: Bidding, state: State, budget: Budget) -> Award:
    """Offer what is left: first to those who would pay, then what nobody would pay for."""
    prices, enough = bidding.bound.prices, _enough(network, bidding, budget)
    nothing = Prices(prices.round, np.zeros(len(limits)))
    found: list[Award] = []
    for at, optimal in ((prices, bidding.bound.bids.bid), (nothing, bidding.free.bid)):
        found.append(_leftovers(network, limits, at, state, optimal, budget, enough))
        state = State(found[-1].plans, _sum(found[-1].plans))
    return Award(state.plans, found[0].refusals + found[1].refusals, found[0].turns + found[1].turns)


def _enough(network: Network, bidding: Bidding, budget: Budget) -> float:
    """Return the integer cost at which the asked gap is reached; none is where none is asked."""
    whole_cost = abs(base_cost(network) * network.scale + bidding.bound.value)
    return bidding.bound.value + budget.gap * whole_cost if budget.gap else -np.inf


def _fixed(limits: Limits, waiting: Proposals, pool: Proposals, mixture: Mixture) -> State:
    """Take what the master takes whole; every other item waits.

    Where one that waits would have freed room for others, those that use most wait as well.
    """
    taken = np.flatnonzero(mixture.share >= WHOLE_SHARE)
    chosen = np.arange(len(waiting))
    chosen[pool.item[taken]] = len(waiting) + taken
    every = joined([waiting, pool])
    while True:
        plans = every.take(chosen)
        use = _sum(plans)
        over = np.flatnonzero(use > limits.room * (1 + SLACK))
        if not len(over):
            return State(plans, use)
        asked = plans.use[:, [over[0]]].toarray().ravel()
        chosen[int(asked.argmax())] = int(asked.argmax())


def _sum(plans: Proposals) -> Floats:
    return np.asarray(plans.use.sum(axis=0)).ravel()


def _leftovers(
    network: Network, limits: Limits, prices: Prices, state: State, optimal: Ints, budget: Budget, enough: float
) -> Award:
    """Offer what is left until nobody gains by it."""
    refusals: list[Refusal] = []
    content = np.zeros(len(state.plans), dtype=bool)
    for turn in range(budget.turns):
        items = _losers(network, state, prices, np.where(content, FAR, optimal), budget.offers)
        if not len(items) or state.plans.cost.sum() <= enough:
            return Award(state.plans, tuple(refusals), turn)
        mine = state.plans.take(items)
        left = limits.room - state.use
        found, fit = offers(network, limits, prices, items, np.maximum(0.0, left) + mine.use.toarray())
        state, refused = _granted(limits, prices, state, mine, found, fit)
        refusals += refused
        # Whoever saves nothing with all that is left need not be asked again.
        content[[refusal.item for refusal in refused if refusal.saves_nothing]] = True
    return Award(state.plans, tuple(refusals), budget.turns)


def _losers(network: Network, state: State, prices: Prices, optimal: Ints, most: int) -> Ints:
    """Return the items that lose most at the prices against their own optimum, ascending."""
    now = state.plans.cost + (state.plans.use @ prices.per_limit) * network.scale
    lost = np.where(optimal < FAR, now - optimal, 0.0)
    least = max(1.0, DEAREST_SHARE * float(np.abs(now).sum()) / max(1, len(now)))
    losers = np.flatnonzero(lost > least)
    order = np.lexsort((losers, -lost[losers]))
    return np.sort(losers[order[:most]])


def _granted(
    limits: Limits, prices: Prices, state: State, mine: Proposals, found: Proposals, fit: Flags
) -> tuple[State, list[Refusal]]:
    """Grant offers, the largest saving first, as long as the limits hold."""
    saving, payment = mine.cost - found.cost, paid(found, prices)
    change = found.use.toarray() - mine.use.toarray()
    use, chosen, refused = state.use.copy(), np.arange(len(state.plans)), []
    for k in np.lexsort((found.item, -saving)).tolist():
        item = int(found.item[k])
        over = np.flatnonzero(use + change[k] > np.maximum(limits.room, use))
        if saving[k] > 0 and fit[k] and not len(over):
            use += change[k]
            chosen[item] = len(state.plans) + k
        else:
            limit = limits.names[over[0]] if saving[k] > 0 and len(over) else ""
            reason = SAVES_NOTHING if saving[k] <= 0 else BESIDE_OTHERS if limit else OVER_ITS_SHARE
            refused.append(Refusal(item, int(found.cost[k]), float(payment[k]), limit, reason))
    plans = joined([state.plans, found]).take(chosen)
    return State(plans, _sum(plans)), refused
