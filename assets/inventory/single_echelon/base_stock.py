"""Order-up-to levels of one site when unmet demand waits: the newsvendor over lead time and review.

Not here: fixed costs (``reorder_level``, ``reorder_quantity``) or demand that is lost (``lost_sales``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.inventory.demand_distributions.lattice import Lattice
from assets.inventory.demand_distributions.over_lead_time import convolved
from assets.inventory.single_echelon.newsvendor import (
    BaseStock,
    critical_ratio,
    newsvendor_lattice,
    newsvendor_normal,
)
from assets.kernel.errors import EquipoiseError


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
    if lead_time < 0 or review < 0:
        raise EquipoiseError(
            f"lead time {lead_time} and review {review} periods", where="base stock", remedy="Give both at least 0"
        )
    periods = lead_time + review
    return newsvendor_normal(holding_cost, shortage_cost, mean * periods, std * float(np.sqrt(periods)))


def base_stock_empirical(holding_cost: float, shortage_cost: float, demand: Sequence[float]) -> float:
    """Return the least observed demand whose empirical distribution reaches the critical ratio.

    >>> base_stock_empirical(1.0, 3.0, [4, 1, 3, 2])
    3.0
    """
    ratio = critical_ratio(holding_cost, shortage_cost)
    if not len(demand):
        raise EquipoiseError("no demand was observed", where="empirical base stock", remedy="Give at least one period")
    return float(np.quantile(np.asarray(demand, dtype=float), ratio, method="inverted_cdf"))


def base_stock_random_lead_time(
    holding_cost: float, shortage_cost: float, demand: Lattice, lead_time: Lattice
) -> BaseStock:
    """Return the optimal base stock for discrete demand over a random number of periods.

    Orders do not cross; the position covers the demand of ``lead_time`` periods, review included.

    Examples
    --------
    >>> from assets.inventory.demand_distributions.families import constant, poisson
    >>> base_stock_random_lead_time(1, 4, poisson(2), constant(3)).level  # Poisson(6): example 4.7
    8.0
    """
    return newsvendor_lattice(holding_cost, shortage_cost, convolved(demand, lead_time))
