"""Serial systems under stochastic service, exactly: an echelon base stock for every stage.

A stage orders from the next one upstream, the last from a source that never runs out; unmet demand
waits. Not here: bounds and heuristics (``serial_bounds``) or several customers of one stage
(``distribution``).

Echelon stock of a stage is all that is there or further down, in transit included, less what is owed
to customers. Costs are per unit of time; lead times are in that unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.inventory.demand_distributions.families import normal, poisson
from assets.inventory.demand_distributions.lattice import Lattice, Reals
from assets.kernel.errors import EquipoiseError

# Demand over a given lead time; all on one step.
DemandOver = Callable[[float], Lattice]


@dataclass(frozen=True)
class SerialSystem:
    """Stages in a row, the one that serves customers first.

    Attributes
    ----------
    echelon_holding_costs : tuple of float
        What a unit costs more at a stage than one stage upstream, per unit of time; the local cost of
        a stage is the sum of its own and those upstream of it (see ``echelon_costs``).
    lead_times : tuple of float
        From the stage upstream to each stage.
    shortage_cost : float
        Per unit owed to customers and unit of time.
    demand : callable
        Lead time to the distribution of demand over it.

    Raises
    ------
    EquipoiseError
        If the numbers of costs and lead times differ, or one is out of range.
    """

    echelon_holding_costs: tuple[float, ...]
    lead_times: tuple[float, ...]
    shortage_cost: float
    demand: DemandOver

    def __post_init__(self) -> None:
        costs, times = self.echelon_holding_costs, self.lead_times
        if not costs or len(costs) != len(times):
            raise _error(f"{len(costs)} holding costs for {len(times)} lead times", "Give one of each a stage")
        if not (min(costs) > 0 and self.shortage_cost > 0):
            raise _error(
                f"echelon holding costs {costs} and shortage cost {self.shortage_cost}",
                "Give costs above 0; a stage that adds no value holds no stock and can be left out",
            )
        if not min(times) >= 0:
            raise _error(f"lead times {times}", "Give lead times of at least 0")

    @property
    def local_holding_cost(self) -> float:
        """Holding cost of a unit at the stage that serves customers."""
        return sum(self.echelon_holding_costs)


@dataclass(frozen=True)
class SerialPlan:
    """Optimal echelon base stocks and their cost.

    Attributes
    ----------
    echelon_levels : tuple of float
        In units, the stage that serves customers first.
    cost : float
        Expected cost per unit of time: all stock, what is in transit between stages included, and
        shortage. What is in transit from the outside source to the last stage is not held yet.
    """

    echelon_levels: tuple[float, ...]
    cost: float

    @property
    def local_levels(self) -> tuple[float, ...]:
        """Local base stocks with the same effect, in units."""
        least = np.minimum.accumulate(self.echelon_levels[::-1])[::-1]
        return tuple(float(level) for level in np.diff(least, prepend=0.0))


def optimal_levels(system: SerialSystem) -> SerialPlan:
    """Return the optimal echelon base stocks, exactly on the lattice of demand.

    From the customers' stage upwards (Clark and Scarf 1960; Chen and Zheng 1994): what position ``y``
    costs a stage is ``C_j(y) = E[h_j (y - D_j) + V_j(y - D_j)]``, where ``V_1`` charges shortage and
    ``V_(j + 1)(x) = C_j(min(x, S_j))`` what the stage downstream suffers when no more than ``x`` is
    there for it; ``S_j`` minimises ``C_j``.

    Examples
    --------
    >>> quick = SerialSystem((0.25,) * 4, (0.25,) * 4, 9, poisson_demand(16))
    >>> round(optimal_levels(quick).cost, 2)  # Shang and Song 2003, table 1, row 1: 12.687
    12.69
    """
    levels, cost = [], 0.0
    value = _Piecewise.shortage(system)
    for holding, lead_time in zip(system.echelon_holding_costs, system.lead_times, strict=True):
        position = value.held(holding).before(system.demand(lead_time))
        place = int(np.argmin(position.values))
        levels.append(position.point(place))
        cost = float(position.values[place])
        value = position.capped(place)
    return SerialPlan(tuple(levels), cost)


def system_cost(system: SerialSystem, echelon_levels: tuple[float, ...]) -> float:
    """Return the expected cost of given echelon base stocks, on the lattice of demand.

    Examples
    --------
    >>> system = SerialSystem((3.0, 2.0, 2.0), (1.0, 1.0, 2.0), 37.12, normal_demand(5, 1, 0.01))
    >>> round(system_cost(system, (6.49, 12.02, 22.71)), 2)  # Snyder and Shen 2019, example 6.1
    47.66
    """
    if len(echelon_levels) != len(system.lead_times):
        raise _error(
            f"{len(echelon_levels)} levels for {len(system.lead_times)} stages", "Give one echelon base stock a stage"
        )
    value, cost = _Piecewise.shortage(system, echelon_levels), 0.0
    for level, holding, lead_time in zip(echelon_levels, system.echelon_holding_costs, system.lead_times, strict=True):
        position = value.held(holding).before(system.demand(lead_time))
        place = position.place(level)
        cost = float(position.values[place])
        value = position.capped(place)
    return cost


def echelon_costs(local_holding_costs: tuple[float, ...]) -> tuple[float, ...]:
    """Return the echelon holding costs of local ones, the stage that serves customers first.

    Examples
    --------
    >>> echelon_costs((7.0, 4.0, 2.0))  # Snyder and Shen 2019, example 6.1
    (3.0, 2.0, 2.0)
    """
    return tuple(float(cost) for cost in -np.diff(local_holding_costs, append=0.0))


def poisson_demand(rate: float) -> DemandOver:
    """Return Poisson demand of ``rate`` units per unit of time."""
    _require_rate(rate)
    return lambda lead_time: poisson(rate * lead_time)


def normal_demand(mean: float, std: float, step: float) -> DemandOver:
    """Return normal demand on cells of ``step`` units; ``mean`` and ``std`` per unit of time."""
    _require_rate(mean)
    return lambda lead_time: normal(mean * lead_time, std * float(np.sqrt(lead_time)), step)


@dataclass(frozen=True)
class _Piecewise:
    """A convex cost on a lattice that goes on in straight lines beyond its ends."""

    start: int
    step: float
    values: Reals
    left: float
    right: float

    @classmethod
    def shortage(cls, system: SerialSystem, levels: tuple[float, ...] = ()) -> _Piecewise:
        """Return what echelon stock of the customers' stage costs beside holding: ``(p + H) [x]-``."""
        total = system.demand(sum(system.lead_times))
        reach = int(np.ceil(max(total.points[-1], *levels, 1.0) / total.step)) + 1
        low = -int(np.ceil(total.points[-1] / total.step)) - 1
        points = np.arange(low, reach + 1) * total.step
        slope = system.shortage_cost + system.local_holding_cost
        return cls(low, total.step, slope * np.maximum(-points, 0.0), -slope, 0.0)

    def point(self, place: int) -> float:
        return (self.start + place) * self.step

    def place(self, level: float) -> int:
        return int(np.clip(round(level / self.step) - self.start, 0, self.values.size - 1))

    def held(self, holding: float) -> _Piecewise:
        points = np.arange(self.start, self.start + self.values.size) * self.step
        return _Piecewise(
            self.start, self.step, self.values + holding * points, self.left + holding, self.right + holding
        )

    def before(self, demand: Lattice) -> _Piecewise:
        """Return the expectation before demand, ``E[f(y - D)]``, on the same points."""
        low, high = demand.start, demand.start + demand.mass.size - 1
        below = self.values[0] + self.left * self.step * np.arange(-max(high, 0), 0)
        above = self.values[-1] + self.right * self.step * np.arange(1, max(-low, 0) + 1)
        padded = np.concatenate([below, self.values, above])
        # Point y needs f(y - high) ... f(y - low).
        first = max(high, 0) - high
        window = padded[first : first + self.values.size + demand.mass.size - 1]
        values = np.convolve(window, demand.mass, mode="valid")
        return _Piecewise(self.start, self.step, values, self.left, self.right)

    def capped(self, place: int) -> _Piecewise:
        values = self.values.copy()
        values[place:] = values[place]
        return _Piecewise(self.start, self.step, values, self.left, 0.0)


def _require_rate(rate: float) -> None:
    if not rate > 0:
        raise _error(f"demand of {rate} per unit of time", "Give a demand above 0")


def _error(what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where="serial system", remedy=remedy)
