"""Reorder level and order-up-to level, (s, S), under periodic review with a fixed cost of an order.

At each review a position of at most ``s`` is raised to ``S``. Not here: continuous review with unit
demands (``reorder_quantity``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assets.inventory.demand_distributions.lattice import Lattice, Reals
from assets.inventory.single_echelon.newsvendor import newsvendor_lattice
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class ReorderLevel:
    """Order up to ``upto`` when the inventory position is at most ``reorder``.

    Attributes
    ----------
    reorder, upto : int
        Units.
    cost : float
        Expected fixed, holding and shortage cost per period.
    """

    reorder: int
    upto: int
    cost: float


@dataclass(frozen=True)
class ReorderLevelModel:
    """What (s, S) policies of one item and site cost.

    Attributes
    ----------
    holding_cost, shortage_cost : float
        Per unit at the end of a period.
    fixed_cost : float
        Per order.
    demand : Lattice
        Whole units of one period; not always 0.
    lead_time : int
        Periods until an order arrives; 0 is in time for the period's own demand.

    Raises
    ------
    EquipoiseError
        If a cost is below 0, one of holding and shortage is 0, or there is no demand.
    """

    holding_cost: float
    shortage_cost: float
    fixed_cost: float
    demand: Lattice
    lead_time: int = 0

    def __post_init__(self) -> None:
        if not (self.holding_cost > 0 and self.shortage_cost > 0 and self.fixed_cost >= 0):
            raise EquipoiseError(
                f"holding cost {self.holding_cost}, shortage cost {self.shortage_cost}, fixed cost {self.fixed_cost}",
                where="reorder level",
                remedy="Give holding and shortage costs above 0 and a fixed cost of at least 0",
            )
        if self.demand.start < 0 or self.demand.step != 1.0 or not self.demand.mean > 0 or self.lead_time < 0:
            raise EquipoiseError(
                f"demand of mean {self.demand.mean:g} from {self.demand.points[0]:g} at a step of "
                f"{self.demand.step:g}, lead time {self.lead_time}",
                where="reorder level",
                remedy="Give demand in whole units of at least 0, above 0 on average, and a lead time of at least 0",
            )

    @cached_property
    def protection_demand(self) -> Lattice:
        """Demand of the lead time and one review period."""
        return self.demand.times(self.lead_time + 1)

    def cost(self, reorder: int, upto: int) -> float:
        """Return the expected cost per period of ``(s, S)`` by renewal.

        ``(K + sum m(j) G(S - j)) / sum m(j)`` over ``j = 0 ... S - s - 1``, where ``m(j)`` is the
        expected number of periods of an order cycle that begin ``j`` below ``S``
        (Zheng and Federgruen 1991, equation 2).

        Examples
        --------
        >>> from assets.inventory.demand_distributions.families import poisson
        >>> model = ReorderLevelModel(1, 4, 5, poisson(6))  # Snyder and Shen 2019, example 4.7
        >>> round(model.cost(6, 18), 4)
        10.1938
        """
        if upto <= reorder:
            raise EquipoiseError(
                f"order-up-to level {upto} is not above reorder level {reorder}",
                where="reorder level",
                remedy="Give a higher order-up-to level",
            )
        visits = self._visits(upto - reorder)
        return float((self.fixed_cost + visits @ self._position(reorder + 1, upto)[::-1]) / visits.sum())

    def best(self) -> ReorderLevel:
        """Return the optimal (s, S) (Zheng and Federgruen 1991).

        ``S`` rises from the minimum of ``G`` while ``G(S)`` is below the best cost so far; ``s``
        follows it upwards while a period there would cost less than the average.

        Examples
        --------
        >>> from assets.inventory.demand_distributions.families import poisson
        >>> best = ReorderLevelModel(1, 4, 5, poisson(6)).best()  # Snyder and Shen 2019, example 4.7
        >>> best.reorder, best.upto, round(best.cost, 4)
        (4, 10, 8.0341)
        """
        top = int(newsvendor_lattice(self.holding_cost, self.shortage_cost, self.protection_demand).level)
        reorder = top - 1
        while self.cost(reorder, top) > self._at(reorder):
            reorder -= 1
        best, upto = ReorderLevel(reorder, top, self.cost(reorder, top)), top + 1
        while self._at(upto) <= best.cost:
            if self.cost(best.reorder, upto) < best.cost:
                best = self._raised(best.reorder, upto)
            upto += 1
        return best

    def _raised(self, reorder: int, upto: int) -> ReorderLevel:
        while reorder + 1 < upto and self.cost(reorder, upto) <= self._at(reorder + 1):
            reorder += 1
        return ReorderLevel(reorder, upto, self.cost(reorder, upto))

    def _at(self, position: int) -> float:
        return float(self._position(position, position)[0])

    def _position(self, low: int, high: int) -> Reals:
        positions = np.arange(low, high + 1, dtype=float)
        return self.protection_demand.holding_and_shortage(positions, self.holding_cost, self.shortage_cost)

    def _visits(self, count: int) -> Reals:
        mass = np.concatenate([np.zeros(self.demand.start), self.demand.mass, np.zeros(count)])
        stay = 1.0 - mass[0]
        visits = np.zeros(count)
        visits[0] = 1.0 / stay
        for below in range(1, count):
            visits[below] = mass[1 : below + 1] @ visits[below - 1 :: -1] / stay
        return visits
