"""The conflict resolver: what bids meet in, and who gets it; it asks the other agents and decides nothing for them.

It opens the bidding (``rounds``), makes the award (``award``), and says what each limit was asked
for and what each item gets. Not here: the needs, the plans and the rules that it is told.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats
from assets.rebalancing.market.award import award
from assets.rebalancing.market.limits import TOLERANCE, Limits
from assets.rebalancing.market.messages import Award, Prices, Proposals, units_of
from assets.rebalancing.market.payments import room_by_sites
from assets.rebalancing.market.rounds import Bidding, Budget, Round, Watch, bid
from assets.rebalancing.market.supply_executor import paid
from assets.rebalancing.market.transcript import Row, saved, uses

AGENT = "conflict_resolver"


def resolve(
    network: Network, limits: Limits, waiting: Proposals, free: Proposals, today: Proposals | None, budget: Budget,
    watch: Watch,
) -> tuple[Bidding, Award]:  # fmt: skip
    """Return where the bidding ended, and what everybody may do.

    Parameters
    ----------
    network, limits : Network, Limits
        Of the items that share the limits.
    waiting, free : Proposals
        What items do if nothing may move, and if everything is free.
    today : Proposals, optional
        Whole plans of every item as if there were no limits.
    budget, watch : Budget, callable
        When to stop, and who is told of every round.
    """
    bidding = bid(network, limits, waiting, free, budget, watch)
    return bidding, award(network, limits, bidding, today, budget)


def meetings(limits: Limits, round_: Round) -> list[Row]:
    """Return the rows of limits that are priced or asked for too much in a round, and by how many bids.

    A limit is scarce where the bids ask for more than its room, full where they fill it at a
    price, and free where they leave room though it has one.
    """
    prices, bids = round_.prices, round_.bids
    asked = np.asarray(bids.use.sum(axis=0)).ravel()
    new, before = (_by(bids, who) for who in (round_.fresh, ~round_.fresh))
    rows = []
    for k in np.flatnonzero((prices.per_limit > 0) | (asked > limits.room)).tolist():
        said = [
            f"{amount[k]:.6g} by {count[k]} {word if count[k] == 1 else plural}"
            for (amount, count), word, plural in (
                (new, "new bid", "new bids"), (before, "bid as before", "bids as before"),
            )
            if count[k]
        ]  # fmt: skip
        reason = f"{asked[k]:.6g} asked for, {limits.room[k]:.6g} there" + (": " if said else "") + ", ".join(said)
        price, outcome = float(prices.per_limit[k]), _outcome(float(asked[k]), float(limits.room[k]))
        rows.append(Row(prices.round, AGENT, limits.names[k], float(asked[k]), price, outcome, reason))
    return rows


def awards(
    network: Network, limits: Limits, waiting: Proposals, found: Award, prices: Prices, round_: int
) -> list[Row]:
    """Return the rows of what each item gets and pays after round ``round_``, at the prices of the best bound."""
    names, plans = network.problem.item_sites.item_ids, found.plans
    amounts, saving = paid(plans, prices), saved(waiting, plans.item, plans.cost, network.scale)
    return [
        Row(
            round_,
            AGENT,
            names[k],
            float(saving[k]),
            float(amounts[k]),
            "awarded",
            f"gets {use}, at the prices of round {prices.round}" if use else "gets nothing that is shared",
        )
        for k, use in enumerate(uses(limits, prices, plans.use))
    ]


def charges(
    network: Network, limits: Limits, found: Award, prices: Prices, paid_by_site: Floats, round_: int
) -> list[Row]:
    """Return the rows of what each site pays for the room that its lines of today take."""
    worth = room_by_sites(network, limits, prices.per_limit, units_of(found.plans))
    at = f"the prices of round {prices.round}"
    lost = f"what the others lose by its lines of today; its room is bid at {at}"
    why = f"its room at {at}" if found.pool is None else lost
    return [
        Row(round_, AGENT, network.problem.item_sites.site_ids[site], float(worth[site]), float(paid_by_site[site]),
            "charged", f"pays {why}")
        for site in np.flatnonzero((worth > 0) | (paid_by_site > 0)).tolist()
    ]  # fmt: skip


def _outcome(asked: float, room: float) -> str:
    if asked > room:
        return "scarce"
    return "full" if asked >= room * (1 - TOLERANCE) else "free"


def _by(bids: Proposals, who: Flags) -> tuple[np.ndarray, np.ndarray]:
    """Return what some of the bids use of each limit, and how many of them use any."""
    use = csr_array(bids.use[np.flatnonzero(who)])
    count = np.bincount(use.indices[use.data != 0], minlength=use.shape[1])
    return np.asarray(use.sum(axis=0)).ravel(), count
