"""Serial systems in closed form: newsvendor bounds on the optimal levels, and their mean as a heuristic.

Not here: the exact answer (``serial``), which these bracket.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.inventory.stochastic_service.serial import SerialSystem


@dataclass(frozen=True)
class LevelBounds:
    """Bounds of the optimal echelon base stocks, in units, the stage that serves customers first.

    Attributes
    ----------
    lower, upper : tuple of float
    heuristic : tuple of float
        Their mean, down to a multiple of demand's step where it lies between two.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    heuristic: tuple[float, ...]


def newsvendor_bounds(system: SerialSystem) -> LevelBounds:
    """Return newsvendor bounds of the optimal echelon base stocks (Shang and Song 2003, theorem 1).

    With demand over the lead times of stages 1 to j, the quantile at ``(p + U) / (p + U + d)`` where
    ``U`` is the holding cost above stage j, and ``d`` is that of stages 1 to j for the lower bound
    and that of stage j alone for the upper.

    Examples
    --------
    >>> from assets.inventory.stochastic_service.serial import normal_demand
    >>> system = SerialSystem((3.0, 2.0, 2.0), (1.0, 1.0, 2.0), 37.12, normal_demand(5, 1, 0.001))
    >>> [round(level, 2) for level in newsvendor_bounds(system).heuristic]  # Snyder and Shen 2019, example 6.1
    [6.49, 12.03, 22.63]
    """
    costs = np.array(system.echelon_holding_costs)
    upstream = system.shortage_cost + np.append(np.cumsum(costs[::-1])[::-1][1:], 0.0)
    lower, upper, middle = [], [], []
    for stage, lead_time in enumerate(np.cumsum(system.lead_times)):
        demand = system.demand(float(lead_time))
        lower.append(demand.quantile(upstream[stage] / (upstream[stage] + costs[: stage + 1].sum())))
        upper.append(demand.quantile(upstream[stage] / (upstream[stage] + costs[stage])))
        mean = (lower[-1] + upper[-1]) / 2.0
        middle.append(float(np.floor(mean / demand.step + 1e-9) * demand.step))
    return LevelBounds(tuple(lower), tuple(upper), tuple(middle))
