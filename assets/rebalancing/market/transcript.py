"""The transcript: who said what at which price, one row a statement.

Columns are round, agent, subject, bid, price, outcome, reason. Here are the row and the words that
agents share; what each says is said in its own module. Not here: deciding anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices, Proposals

NAMED = 3
"""Most limits that a plan's row names, the dearest first."""


class Row(NamedTuple):
    """One statement.

    Attributes
    ----------
    round : int
        Of bidding; the award's rows carry the last, and say which one's prices they are at.
    agent : str
        demand_planner, supply_executor, constraint_evaluator or conflict_resolver.
    subject : str
        Item, limit or site.
    bid : float
        What the plan saves against waiting or what one more unit is worth, in currency; or use of
        the limit in its own unit; or what a site's room is worth at the prices, in currency.
    price : float
        A plan's room at the prices in currency, price per unit of the limit, or what a site pays.
    outcome : str
        needed, proposed, declined, refused or awarded of an item; scarce, full or free of a limit; charged of a
        site.
    reason : str
        In words.
    """

    round: int
    agent: str
    subject: str
    bid: float
    price: float
    outcome: str
    reason: str


def saved(waiting: Proposals, item: Ints | Sequence[int], cost: Ints | Sequence[int], scale: float) -> Floats:
    """Return what plans save against waiting, where nothing moves now or later, in currency.

    Parameters
    ----------
    waiting : Proposals
        Of every item, in order.
    item, cost : int array, shape (k,)
        Whose plans, and their integer cost.
    scale : float
        Integer cost of one unit of currency.
    """
    return np.asarray((waiting.cost[np.asarray(item, dtype=np.int64)] - np.asarray(cost, dtype=np.int64)) / scale)


def uses(limits: Limits, prices: Prices, use: csr_array) -> list[str]:
    """Return what each plan uses in words, by what it pays for it, and of how many more; empty for none.

    Where nothing is paid, by the share that it takes of a limit.
    """
    limit, ends = use.indices, use.indptr.tolist()
    share = use.data / np.maximum(limits.room[limit], 1e-9)
    paid_for = use.data * prices.per_limit[limit]
    told = []
    for start, stop in pairwise(ends):
        mine = [j for j in range(start, stop) if use.data[j] > 0]
        mine.sort(key=lambda j: (-paid_for[j], -share[j], limit[j]))
        named = [f"{use.data[j]:.6g} of {limits.names[limit[j]]}" for j in mine[:NAMED]]
        more = [f"of {len(mine) - NAMED} more"] if len(mine) > NAMED else []
        told.append(listed(named + more))
    return told


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words.

    >>> listed(["2 of a", "1 of b", "of 4 more"])
    '2 of a, 1 of b and of 4 more'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
