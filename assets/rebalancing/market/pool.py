"""Proposals heard so far, each plan once.

Not here: mixing them (``smoothed``, ``master``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing.item_sites import Flags, Floats
from assets.rebalancing.market.messages import Proposals, joined


@dataclass(frozen=True)
class Mixture:
    """The cheapest mixture of proposals within the limits, or a smooth one near it.

    Attributes
    ----------
    value : float
        Currency, less that of waiting. Of a smooth mixture what the proposals prove at its prices.
    share : float array, shape (k,)
        Of each proposal; what is left of an item waits.
    per_limit : float array, shape (L,)
        Price of each limit, currency per unit.
    """

    value: float
    share: Floats
    per_limit: Floats


class Pool:
    """Plans that items have proposed; waiting is not one of them.

    Parameters
    ----------
    idle : Proposals
        What each item costs if it waits, in order.
    """

    def __init__(self, idle: Proposals) -> None:
        self.idle = idle
        self._batches: list[Proposals] = []
        self._known: set[bytes] = set(idle.keys())

    @property
    def proposals(self) -> Proposals:
        """Every proposal, in the order in which they came."""
        return joined(self._batches) if self._batches else self.idle.take(np.zeros(0, dtype=np.int64))

    @property
    def size(self) -> int:
        """Number of proposals."""
        return sum(len(batch) for batch in self._batches)

    def add(self, proposals: Proposals) -> Flags:
        """Take proposals in; return which of them were new."""
        keys = proposals.keys()
        fresh = np.zeros(len(keys), dtype=bool)
        for k, key in enumerate(keys):
            if key not in self._known:
                self._known.add(key)
                fresh[k] = True
        if fresh.any():
            self._batches.append(proposals.take(np.flatnonzero(fresh)))
        return fresh
