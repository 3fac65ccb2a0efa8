"""What to order once for one item and site: the newsvendor with every kind of demand.

The published cases of this theory; targets of a network use the same ratio on the forecast's own
distribution (``lead_time_demand``, ``targets``). Not here: lead times (``base_stock``), fixed costs
(``order_quantity``, ``reorder_level``, ``reorder_quantity``), or anything that reads a frame.

Notation: ``h`` holding cost per unit left, ``p`` shortage cost per unit short, ``F`` the
distribution of demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from assets.inventory.demand_distributions.families import poisson, tabulated
from assets.inventory.demand_distributions.lattice import Lattice
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class BaseStock:
    """An order-up-to level and what it costs per period.

    Attributes
    ----------
    level : float
        Units.
    cost : float
        Expected holding and shortage cost per period.
    """

    level: float
    cost: float


def critical_ratio(holding_cost: float, shortage_cost: float) -> float:
    """Return ``p / (p + h)``: the quantile of demand that balances both costs.

    Arrow, Harris and Marschak (1951).

    Raises
    ------
    EquipoiseError
        If a cost is negative or no finite number, or both are 0.

    Examples
    --------
    >>> round(critical_ratio(0.18, 0.70), 4)
    0.7955
    """
    if not (holding_cost >= 0 and shortage_cost >= 0 and 0 < holding_cost + shortage_cost < np.inf):
        raise EquipoiseError(
            f"holding cost {holding_cost} and shortage cost {shortage_cost} have no critical ratio",
            where="newsvendor",
            remedy="Give finite costs of at least 0, one of them above",
        )
    return shortage_cost / (shortage_cost + holding_cost)


def newsvendor_normal(holding_cost: float, shortage_cost: float, mean: float, std: float) -> BaseStock:
    """Return the optimal order of a newsvendor with normal demand.

    ``S = mean + z std`` with ``z`` the critical ratio's normal quantile, at a cost of
    ``(h + p) phi(z) std`` (Snyder and Shen 2019, section 4.3).

    Examples
    --------
    >>> answer = newsvendor_normal(0.18, 0.70, 50, 8)  # Snyder and Shen 2019, example 4.1
    >>> round(answer.level, 4), round(answer.cost, 4)
    (56.604, 1.9976)
    """
    _require_spread(std)
    z = float(ndtri(critical_ratio(holding_cost, shortage_cost)))
    density = float(np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi))
    return BaseStock(mean + z * std, (holding_cost + shortage_cost) * density * std)


def newsvendor_poisson(holding_cost: float, shortage_cost: float, mean: float) -> BaseStock:
    """Return the optimal whole order of a newsvendor with Poisson demand.

    The least ``S`` with ``F(S)`` at the critical ratio (Snyder and Shen 2019, section 4.3).

    Examples
    --------
    >>> newsvendor_poisson(0.18, 0.70, 50).level
    56.0
    """
    return newsvendor_lattice(holding_cost, shortage_cost, poisson(mean))


def newsvendor_discrete(holding_cost: float, shortage_cost: float, probability: Mapping[int, float]) -> BaseStock:
    """Return the optimal order of a newsvendor with any discrete demand.

    Parameters
    ----------
    holding_cost, shortage_cost : float
        Per unit.
    probability : mapping
        Demand to probability; adds up to 1.
    """
    return newsvendor_lattice(holding_cost, shortage_cost, tabulated(probability))


def newsvendor_lattice(holding_cost: float, shortage_cost: float, demand: Lattice) -> BaseStock:
    """Return the optimal order of a newsvendor with demand on a lattice, the least where several are.

    Examples
    --------
    >>> answer = newsvendor_lattice(1, 4, poisson(6))  # Snyder and Shen 2019, example 4.7, no fixed cost
    >>> answer.level, round(answer.cost, 4)
    (8.0, 3.5701)
    """
    level = demand.quantile(critical_ratio(holding_cost, shortage_cost))
    cost = demand.holding_and_shortage(np.array([level]), holding_cost, shortage_cost)
    return BaseStock(level, float(cost[0]))


def newsvendor_lognormal(holding_cost: float, shortage_cost: float, log_mean: float, log_std: float) -> BaseStock:
    """Return the optimal order of a newsvendor with lognormal demand.

    ``S = exp(m + z s)``; of demand above ``S`` the expectation is ``exp(m + s^2 / 2) Phi(s - z)``
    (Snyder and Shen 2019, appendix C).

    Parameters
    ----------
    holding_cost, shortage_cost : float
        Per unit.
    log_mean, log_std : float
        Of the logarithm of demand.

    Examples
    --------
    >>> answer = newsvendor_lognormal(1, 0.1765, 6, 0.3)  # Snyder and Shen 2019, problem 4.8(b)
    >>> round(answer.level, 4), round(answer.cost, 4)
    (295.6266, 29.4425)
    """
    _require_spread(log_std)
    ratio = critical_ratio(holding_cost, shortage_cost)
    z = float(ndtri(ratio))
    level, mean = float(np.exp(log_mean + z * log_std)), float(np.exp(log_mean + log_std**2 / 2.0))
    short = mean * float(ndtr(log_std - z)) - level * (1.0 - ratio)
    return BaseStock(level, holding_cost * (level - mean) + (holding_cost + shortage_cost) * short)


def unit_margins(revenue: float, purchase_cost: float, salvage_value: float) -> tuple[float, float]:
    """Return what a unit too many and a unit too few cost one who sells: ``(c - v, r - c)``.

    Raises
    ------
    EquipoiseError
        Unless ``salvage value <= purchase cost <= revenue``, one of them strictly.

    Examples
    --------
    >>> holding, shortage = unit_margins(1.0, 0.3, 0.12)  # Snyder and Shen 2019, example 4.2
    >>> round(newsvendor_normal(holding, shortage, 50, 8).level, 3)
    56.604
    """
    if not salvage_value <= purchase_cost <= revenue or salvage_value == revenue:
        raise EquipoiseError(
            f"revenue {revenue}, purchase cost {purchase_cost} and salvage value {salvage_value} are out of order",
            where="newsvendor",
            remedy="Give a salvage value up to the purchase cost, and that up to the revenue",
        )
    return purchase_cost - salvage_value, revenue - purchase_cost


def _require_spread(std: float) -> None:
    if not std >= 0:
        raise EquipoiseError(
            f"standard deviation {std} is below 0", where="newsvendor", remedy="Give one of at least 0"
        )
