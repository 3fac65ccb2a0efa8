"""Who gets how much when a warehouse is short: first come first served, or where it is worth most.

Each rule keeps what is owed to every retailer in many simulated systems at once. Not here: levels
(``distribution_levels``) or the flow of stock (``distribution_simulation``).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from assets.inventory.demand_distributions.lattice import Integers, Reals
from assets.inventory.stochastic_service.distribution import DistributionSystem
from assets.inventory.stochastic_service.distribution_levels import losses


class Rationing(Protocol):
    """Takes orders and says what is shipped; what is not shipped stays owed."""

    def begin(self) -> None:
        """Forget what is owed: another simulation starts."""
        ...

    def ship(self, orders: Integers, available: Integers) -> Integers:
        """Return what is shipped to each retailer now.

        Parameters
        ----------
        orders : array (M, N)
            New orders of ``N`` retailers in ``M`` simulated systems, in units.
        available : array (M,)
            What the warehouse can ship.

        Returns
        -------
        array (M, N)
            Never more than is owed to a retailer, and in total the lesser of what is available and
            what is owed.
        """
        ...


class FirstComeFirstServed:
    """Serves the oldest orders first; within a period in the random order of their customers."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._waiting: list[Integers] = []

    def begin(self) -> None:
        """Forget the orders that wait; the generator goes on where it stands."""
        self._waiting = []

    def ship(self, orders: Integers, available: Integers) -> Integers:
        """Return what is shipped (see ``Rationing.ship``)."""
        self._waiting.append(orders.copy())
        shipped, rest = np.zeros_like(orders), available.copy()
        for batch in self._waiting:
            part = self._drawn(batch, np.minimum(rest, batch.sum(axis=1)))
            batch -= part
            shipped += part
            rest = rest - part.sum(axis=1)
        self._waiting = [batch for batch in self._waiting if batch.any()]
        return shipped

    def _drawn(self, batch: Integers, count: Integers) -> Integers:
        """Return ``count`` units drawn from a batch without looking whose they are."""
        if (count == batch.sum(axis=1)).all():
            return batch.copy()
        drawn, others = np.zeros_like(batch), batch.sum(axis=1)
        for place in range(batch.shape[1]):
            others = others - batch[:, place]
            drawn[:, place] = self._generator.hypergeometric(batch[:, place], others, count)
            count = count - drawn[:, place]
        return drawn


class Myopic:
    """Leaves unserved those units whose lack costs least when what is shipped arrives.

    Minimises the sum of the retailers' expected cost at the end of their own lead times, looking no
    further (Federgruen and Zipkin 1984); with convex costs unit by unit is optimal.
    """

    def __init__(self, system: DistributionSystem, retailer_levels: tuple[int, ...]) -> None:
        self._system, self._levels = system, np.array(retailer_levels, dtype=np.int64)
        self._losses: Reals = losses(system, self._levels, 16)
        self._owed: Integers | None = None

    def begin(self) -> None:
        """Forget what is owed."""
        self._owed = None

    def ship(self, orders: Integers, available: Integers) -> Integers:
        """Return what is shipped (see ``Rationing.ship``)."""
        owed = orders if self._owed is None else self._owed + orders
        lacking = np.maximum(owed.sum(axis=1) - available, 0)
        if lacking.max(initial=0) >= self._losses.shape[1]:
            self._losses = losses(self._system, self._levels, 2 * int(lacking.max()))
        left, retailers = np.zeros_like(owed), np.arange(owed.shape[1])
        rows = np.flatnonzero(lacking)
        while rows.size:
            worth = self._losses[retailers, np.minimum(left[rows], self._losses.shape[1] - 1)]
            chosen = np.where(left[rows] < owed[rows], worth, np.inf).argmin(axis=1)
            left[rows, chosen] += 1
            lacking[rows] -= 1
            rows = rows[lacking[rows] > 0]
        self._owed = left
        return owed - left
