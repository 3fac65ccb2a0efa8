"""Closed answers for one site and one item: newsvendor and base stock.

The published cases of this theory; targets of a network use the same ratio on the forecast's own
distribution (``lead_time_demand``, ``targets``). Not here: anything that reads a frame.

Notation: ``h`` holding cost per unit left, ``p`` shortage cost per unit short, ``F`` the
distribution of demand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, gammaln, ndtri

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
        If a cost is negative, or both are 0.

    Examples
    --------
    >>> round(critical_ratio(0.18, 0.70), 4)
    0.7955
    """
    if holding_cost < 0 or shortage_cost < 0 or holding_cost + shortage_cost == 0:
        raise EquipoiseError(
            f"holding cost {holding_cost} and shortage cost {shortage_cost} have no critical ratio",
            where="newsvendor",
            remedy="Give costs of at least 0, one of them above",
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
    top = int(np.ceil(mean + 12.0 * np.sqrt(mean) + 12.0))
    units = np.arange(top + 1, dtype=float)
    cumulative = gammaincc(units + 1.0, mean) if mean > 0 else np.ones(top + 1)
    level = int(np.argmax(cumulative >= critical_ratio(holding_cost, shortage_cost)))
    logs = units * np.log(mean) - mean - gammaln(units + 1.0) if mean > 0 else np.where(units == 0, 0.0, -np.inf)
    return BaseStock(float(level), _expected_cost(holding_cost, shortage_cost, level, units, np.exp(logs)))


def newsvendor_discrete(holding_cost: float, shortage_cost: float, probability: Mapping[int, float]) -> BaseStock:
    """Return the optimal order of a newsvendor with any discrete demand.

    Parameters
    ----------
    holding_cost, shortage_cost : float
        Per unit.
    probability : mapping
        Demand to probability; adds up to 1.
    """
    units = np.array(sorted(probability), dtype=float)
    mass = np.array([probability[int(unit)] for unit in units])
    ratio = critical_ratio(holding_cost, shortage_cost)
    place = int(np.argmax(np.cumsum(mass) >= ratio - 1e-12))
    cost = _expected_cost(holding_cost, shortage_cost, units[place], units, mass)
    return BaseStock(float(units[place]), cost)


def base_stock_normal(
    holding_cost: float,
    shortage_cost: float,
    mean: float,
    std: float,
    lead_time: float,
    *,
    review: float = 1.0,
) -> BaseStock:
    """Return the optimal base stock when unmet demand waits and demand is normal.

    Demand over ``lead_time + review`` periods takes the place of one period's (Snyder and Shen
    2019, section 4.3, with a lead time).

    Examples
    --------
    >>> round(base_stock_normal(0.18, 0.70, 50, 8, 4).level, 4)  # Snyder and Shen 2019, example 4.4
    264.7669
    """
    periods = lead_time + review
    return newsvendor_normal(holding_cost, shortage_cost, mean * periods, std * float(np.sqrt(periods)))


def base_stock_empirical(holding_cost: float, shortage_cost: float, demand: Sequence[float]) -> float:
    """Return the least observed demand whose empirical distribution reaches the critical ratio.

    >>> base_stock_empirical(1.0, 3.0, [4, 1, 3, 2])
    3.0
    """
    ratio = critical_ratio(holding_cost, shortage_cost)
    return float(np.quantile(np.asarray(demand, dtype=float), ratio, method="inverted_cdf"))


def _expected_cost(
    holding_cost: float,
    shortage_cost: float,
    level: float,
    units: np.ndarray[tuple[int], np.dtype[np.float64]],
    mass: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> float:
    left = np.maximum(level - units, 0.0) @ mass
    short = np.maximum(units - level, 0.0) @ mass
    return float(holding_cost * left + shortage_cost * short)
