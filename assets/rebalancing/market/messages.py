"""What agents say to one another: proposals, prices, awards, refusals.

Messages are frozen and typed. Proposals of many items travel as one batch of arrays; its
elements are single proposals. Not here: how anybody makes up their mind (``supply_executor``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from assets.rebalancing.item_sites import Floats, Ints


@dataclass(frozen=True)
class Prices:
    """What one unit of each limit costs.

    Attributes
    ----------
    round : int
        Counted from 0, where everything is free.
    per_limit : float array, shape (L,)
        Currency per unit of the limit; never negative.
    """

    round: int
    per_limit: Floats


@dataclass(frozen=True)
class Proposals:
    """Plans of many items; ``k`` of them.

    Attributes
    ----------
    item : int array, shape (k,)
        Item of each.
    cost, bid : int array, shape (k,)
        Integer cost of the plan by itself, and with the prices that it was made at.
    units : sparse int array, shape (k, m)
        Units of every move, of the first bucket and later ones alike.
    use : sparse float array, shape (k, L)
        Use of each limit.
    """

    item: Ints
    cost: Ints
    bid: Ints
    units: csr_array
    use: csr_array

    def __len__(self) -> int:
        return len(self.item)

    def take(self, chosen: Ints) -> Proposals:
        """Return the proposals at ``chosen``."""
        return Proposals(
            self.item[chosen], self.cost[chosen], self.bid[chosen],
            csr_array(self.units[chosen]), csr_array(self.use[chosen]),
        )  # fmt: skip

    def keys(self) -> list[bytes]:
        """Return what tells one plan from another."""
        units, ends = self.units, self.units.indptr.tolist()
        return [
            int(item).to_bytes(8, "little")
            + units.indices[ends[k] : ends[k + 1]].astype(np.int64).tobytes()
            + units.data[ends[k] : ends[k + 1]].tobytes()
            for k, item in enumerate(self.item.tolist())
        ]


def joined(batches: list[Proposals]) -> Proposals:
    """Return several batches as one."""
    return Proposals(
        np.concatenate([batch.item for batch in batches]),
        np.concatenate([batch.cost for batch in batches]),
        np.concatenate([batch.bid for batch in batches]),
        csr_array(vstack([batch.units for batch in batches])),
        csr_array(vstack([batch.use for batch in batches])),
    )


def units_of(plans: Proposals) -> Ints:
    """Return the units of every move in plans of different items, shape (m,)."""
    units = np.zeros(plans.units.shape[1], dtype=np.int64)
    units[plans.units.indices] = plans.units.data
    return units


SAVES_NOTHING = "saves nothing beside the plan that it has"
OVER_ITS_SHARE = "asks for more than is left"
BESIDE_OTHERS = "breaks the limit beside those that save more"


@dataclass(frozen=True)
class Refusal:
    """Why a plan was not taken.

    Attributes
    ----------
    item : int
        Whose plan.
    cost : int
        Integer cost of the plan by itself.
    payment : float
        What it would have paid, in currency.
    limit : str
        The first limit that it would break; empty where it saves nothing.
    reason : str
        In words.
    """

    item: int
    cost: int
    payment: float
    limit: str
    reason: str

    @property
    def saves_nothing(self) -> bool:
        """Whether the item is as well off with what it has."""
        return self.reason == SAVES_NOTHING


@dataclass(frozen=True)
class Award:
    """What each item may do in the end.

    Attributes
    ----------
    plans : Proposals
        One an item, in order.
    refusals : tuple of Refusal
        What was asked for on the way and not granted.
    turns : int
        How often leftovers were offered.
    pool : Proposals, optional
        Whole plans that a small market chose among.
    """

    plans: Proposals
    refusals: tuple[Refusal, ...]
    turns: int
    pool: Proposals | None = None
