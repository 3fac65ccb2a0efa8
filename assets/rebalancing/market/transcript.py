"""The transcript: who bid what at which price, and what came of it, one row a statement.

Columns are round, agent, subject, bid, price, outcome, reason. Not here: deciding anything.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

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
    fresh = np.flatnonzero(round_.fresh)
    rows = [
        Row(
            number,
            "supply_executor",
            names[bids.item[k]],
            bids.cost[k] / network.scale,
            float(amounts[k]),
            "proposed",
            f"asks for {use}" if use else "asks for nothing that is shared",
        )
        for k, use in zip(fresh.tolist(), _uses(limits, prices, bids.use[fresh]), strict=True)
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


def award_rows(network: Network, limits: Limits, award: Award, number: int, prices: Prices) -> list[Row]:
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
            f"{refusal.reason}: {refusal.limit}" if refusal.limit else refusal.reason,
        )
        for refusal in award.refusals
    ]
    return rows + [
        Row(
            number,
            "conflict_resolver",
            names[k],
            plans.cost[k] / network.scale,
            float(amounts[k]),
            "awarded",
            f"gets {use}" if use else "gets nothing that is shared",
        )
        for k, use in enumerate(_uses(limits, prices, plans.use))
    ]


def _uses(limits: Limits, prices: Prices, use: csr_array) -> list[str]:
    """Return what each plan uses in words: the limit that it pays most for, and how many more; empty for none.

    Where nothing is paid, the limit of which it takes the largest share.
    """
    limit, ends = use.indices, use.indptr.tolist()
    share = use.data / np.maximum(limits.room[limit], 1e-9)
    paid_for = use.data * prices.per_limit[limit]
    told = []
    for start, stop in pairwise(ends):
        mine = [j for j in range(start, stop) if use.data[j] > 0]
        if not mine:
            told.append("")
            continue
        best = max(mine, key=lambda j: (paid_for[j], share[j], -limit[j]))
        others = f" and of {len(mine) - 1} more" if len(mine) > 1 else ""
        told.append(f"{use.data[best]:.6g} of {limits.names[limit[best]]}{others}")
    return told
