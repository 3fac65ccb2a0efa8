"""The transcript: who bid what at which price, and what came of it, one row a statement.

Columns are round, agent, subject, bid, price, outcome, reason. Not here: deciding anything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.market.agents import paid
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Award, Prices
from assets.rebalancing.market.rounds import Round


class Row(NamedTuple):
    """One statement.

    Attributes
    ----------
    round : int
        Of bidding; the award's rows carry the last.
    agent : str
        supply_executor, constraint_evaluator or conflict_resolver.
    subject : str
        Item or limit.
    bid : float
        Cost of the plan in currency, or use of the limit in its own unit.
    price : float
        What the plan pays in currency, or price per unit of the limit.
    outcome : str
        proposed, scarce, free, awarded or refused.
    reason : str
        In words, where there is one.
    """

    round: int
    agent: str
    subject: str
    bid: float
    price: float
    outcome: str
    reason: str


def round_rows(network: Network, limits: Limits, round_: Round) -> list[Row]:
    """Return the rows of a round: proposals that are new, and limits that are priced or asked for too much."""
    number, prices, bids = round_.prices.round, round_.prices, round_.bids
    names, amounts = network.problem.item_sites.item_ids, paid(bids, prices)
    rows = [
        Row(
            number,
            "supply_executor",
            names[bids.item[k]],
            bids.cost[k] / network.scale,
            float(amounts[k]),
            "proposed",
            "",
        )
        for k in np.flatnonzero(round_.fresh).tolist()
    ]
    asked = np.asarray(bids.use.sum(axis=0)).ravel()
    for k in np.flatnonzero((prices.per_limit > 0) | (asked > limits.room)).tolist():
        outcome = "scarce" if asked[k] > limits.room[k] else "free"
        reason = f"{asked[k]:.6g} asked for, {limits.room[k]:.6g} there"
        rows.append(
            Row(
                number,
                "conflict_resolver",
                limits.names[k],
                float(asked[k]),
                float(prices.per_limit[k]),
                outcome,
                reason,
            )
        )
    return rows


def award_rows(network: Network, award: Award, number: int, prices: Prices) -> list[Row]:
    """Return the rows of an award after round ``number``: what each item got and pays, and what was refused."""
    names, plans = network.problem.item_sites.item_ids, award.plans
    amounts = paid(plans, prices)
    rows = [
        Row(
            number,
            "constraint_evaluator",
            names[refusal.item],
            refusal.cost / network.scale,
            refusal.payment,
            "refused",
            f"{refusal.limit} {refusal.reason}".strip(),
        )
        for refusal in award.refusals
    ]
    return rows + [
        Row(number, "conflict_resolver", names[k], plans.cost[k] / network.scale, float(amounts[k]), "awarded", "")
        for k in range(len(plans))
    ]
