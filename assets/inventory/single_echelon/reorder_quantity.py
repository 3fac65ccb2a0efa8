"""Reorder point and order quantity, (r, Q), under continuous review with a fixed cost of an order.

The position never falls below ``r`` and is uniform on ``r + 1 ... r + Q`` (``r`` to ``r + Q`` for
continuous demand), so that the cost is that of a newsvendor averaged over it. Not here: periodic
review (``reorder_level``), where a review may find the position well below the reorder point.

Notation: ``K`` fixed cost of an order, ``l`` demand rate per unit of time, ``G(y)`` holding and
shortage cost per unit of time at inventory position ``y``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from assets.inventory.demand_distributions.lattice import Lattice, Reals
from assets.inventory.single_echelon.newsvendor import newsvendor_lattice, newsvendor_normal
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class ReorderQuantity:
    """Order ``quantity`` whenever the inventory position falls to ``point``.

    Attributes
    ----------
    point, quantity : float
        Units.
    cost : float
        Expected fixed, holding and shortage cost per unit of time.
    """

    point: float
    quantity: float
    cost: float


def best_reorder_quantity(
    holding_cost: float, shortage_cost: float, fixed_cost: float, rate: float, lead_time_demand: Lattice
) -> ReorderQuantity:
    """Return the optimal (r, Q) for unit demands, exactly (Federgruen and Zheng 1992).

    ``c(r, Q) = (K l + sum of G(y) over y = r + 1 ... r + Q) / Q``. ``G`` is convex: the best ``Q``
    positions are next to each other around its minimum, and the best ``Q`` is the first at which the
    next cheapest position would cost more than the average.

    Parameters
    ----------
    holding_cost, shortage_cost : float
        Per unit and unit of time.
    fixed_cost : float
        Per order.
    rate : float
        Demand in units per unit of time.
    lead_time_demand : Lattice
        Whole units demanded over the lead time.

    Raises
    ------
    EquipoiseError
        If a cost is below 0, one of holding and shortage is 0, or there is no demand.

    Examples
    --------
    >>> from assets.inventory.demand_distributions.families import poisson
    >>> best = best_reorder_quantity(20, 150, 100, 1.5, poisson(3))  # Snyder and Shen 2019, example 5.8
    >>> best.point, best.quantity, round(best.cost, 2)
    (3.0, 5.0, 107.92)
    """
    _require(holding_cost, shortage_cost, fixed_cost, rate)
    best = newsvendor_lattice(holding_cost, shortage_cost, lead_time_demand)
    low = high = int(best.level)

    def position_cost(y: int) -> float:
        level = np.array([float(y)])
        return float(lead_time_demand.holding_and_shortage(level, holding_cost, shortage_cost)[0])

    total = fixed_cost * rate + best.cost
    below, above = position_cost(low - 1), position_cost(high + 1)
    while min(below, above) < total / (high - low + 1):
        total += min(below, above)
        if below < above:
            low, below = low - 1, position_cost(low - 2)
        else:
            high, above = high + 1, position_cost(high + 2)
    quantity = high - low + 1
    return ReorderQuantity(float(low - 1), float(quantity), total / quantity)


def reorder_quantity_cost(
    policy: tuple[int, int],
    holding_cost: float,
    shortage_cost: float,
    fixed_cost: float,
    rate: float,
    lead_time_demand: Lattice,
) -> float:
    """Return the expected cost per unit of time of a given ``(r, Q)`` with unit demands.

    Examples
    --------
    >>> from assets.inventory.demand_distributions.families import poisson
    >>> round(reorder_quantity_cost((8, 12), 20, 150, 100, 1.5, poisson(3)), 4)  # example 5.8, other levels
    242.5282
    """
    point, quantity = policy
    _require(holding_cost, shortage_cost, fixed_cost, rate)
    _require_quantity(quantity)
    positions: Reals = point + 1.0 + np.arange(quantity, dtype=float)
    cost = lead_time_demand.holding_and_shortage(positions, holding_cost, shortage_cost)
    return float((fixed_cost * rate + cost.sum()) / quantity)


@dataclass(frozen=True)
class NormalReorder:
    """The (r, Q) model with continuous demand that is normal over the lead time.

    Attributes
    ----------
    holding_cost, shortage_cost : float
        Per unit and unit of time.
    fixed_cost : float
        Per order.
    rate : float
        Demand in units per unit of time.
    mean, std : float
        Of demand over the lead time, in units.
    """

    holding_cost: float
    shortage_cost: float
    fixed_cost: float
    rate: float
    mean: float
    std: float

    def __post_init__(self) -> None:
        _require(self.holding_cost, self.shortage_cost, self.fixed_cost, self.rate)
        if not self.std > 0:
            raise EquipoiseError(
                f"standard deviation {self.std} of demand over the lead time",
                where="reorder quantity",
                remedy="Give one above 0, or use the economic order quantity",
            )

    def cost(self, point: float, quantity: float) -> float:
        """Return ``(K l + integral of G from r to r + Q) / Q`` (Snyder and Shen 2019, section 5.3).

        Examples
        --------
        >>> model = NormalReorder(0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5)  # example 5.1
        >>> round(model.cost(126.8, 328.5), 4)
        78.0712
        """
        _require_quantity(quantity)
        held = (point + quantity / 2.0 - self.mean) * quantity * self.holding_cost
        short = self._second_loss(point) - self._second_loss(point + quantity)
        return (self.fixed_cost * self.rate + held + (self.holding_cost + self.shortage_cost) * short) / quantity

    def point_for(self, quantity: float) -> float:
        """Return the best reorder point of a given quantity: ``G(r) = G(r + Q)``.

        Examples
        --------
        >>> model = NormalReorder(0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5)
        >>> round(model.point_for(318), 3)  # Snyder and Shen 2019, example 5.2
        127.788
        """
        _require_quantity(quantity)
        best = newsvendor_normal(self.holding_cost, self.shortage_cost, self.mean, self.std).level
        root = brentq(lambda r: self._position(r) - self._position(r + quantity), best - quantity, best, xtol=1e-10)
        return float(root)

    def best(self) -> ReorderQuantity:
        """Return the optimal (r, Q): where the marginal position costs the average, ``G(r(Q)) = c``."""
        ratio = (self.holding_cost + self.shortage_cost) / self.shortage_cost
        low = float(np.sqrt(2.0 * self.fixed_cost * self.rate / self.holding_cost * ratio))

        def excess(quantity: float) -> float:
            point = self.point_for(quantity)
            return self._position(point) - self.cost(point, quantity)

        high = max(2.0 * low, self.std)
        while excess(high) < 0:
            high *= 2.0
        quantity = float(brentq(excess, 1e-6 * self.std, high, xtol=1e-9))
        point = self.point_for(quantity)
        return ReorderQuantity(point, quantity, self.cost(point, quantity))

    def _position(self, position: float) -> float:
        z = (position - self.mean) / self.std
        short = self.std * (_density(z) - z * (1.0 - float(ndtr(z))))
        return self.holding_cost * (position - self.mean) + (self.holding_cost + self.shortage_cost) * short

    def _second_loss(self, position: float) -> float:
        # The integral of the expected shortage from a position upwards.
        z = (position - self.mean) / self.std
        return self.std**2 / 2.0 * ((z**2 + 1.0) * float(ndtr(-z)) - z * _density(z))


def _density(z: float) -> float:
    return float(np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi))


def _require(holding_cost: float, shortage_cost: float, fixed_cost: float, rate: float) -> None:
    if not (holding_cost > 0 and shortage_cost > 0 and fixed_cost >= 0):
        raise EquipoiseError(
            f"holding cost {holding_cost}, shortage cost {shortage_cost} and fixed cost {fixed_cost}",
            where="reorder quantity",
            remedy="Give holding and shortage costs above 0 and a fixed cost of at least 0",
        )
    if not rate > 0:
        raise EquipoiseError(
            f"demand of {rate} per unit of time", where="reorder quantity", remedy="Give a demand above 0"
        )


def _require_quantity(quantity: float) -> None:
    if not quantity > 0:
        raise EquipoiseError(f"order quantity {quantity}", where="reorder quantity", remedy="Give one above 0")
