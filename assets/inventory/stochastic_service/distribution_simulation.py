"""One warehouse and its retailers, simulated: many systems at once, period by period.

Judges rationing rules, and checks the exact cost of ``distribution``. Not here: the rules
(``rationing``).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from assets.inventory.demand_distributions.lattice import Integers, Reals
from assets.inventory.stochastic_service.distribution import DistributionSystem, require_levels
from assets.inventory.stochastic_service.rationing import Rationing
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class Run:
    """How long to simulate.

    Attributes
    ----------
    systems : int
        Independent systems, each with its own demand.
    periods, warm_up : int
        Periods that are counted, and those before them that are not.
    seed : int
    """

    systems: int = 2_000
    periods: int = 200
    warm_up: int = 50
    seed: int = 0


@dataclass(frozen=True)
class SimulatedCost:
    """Cost per period, in transit included, and its standard error over the systems."""

    mean: float
    error: float


class _Lane:
    """What is on its way: shipped now, there after so many periods."""

    def __init__(self, lead_time: int, shape: tuple[int, ...]) -> None:
        self._under_way: deque[Integers] = deque(np.zeros(shape, dtype=np.int64) for _ in range(lead_time))

    def move(self, shipped: Integers) -> Integers:
        self._under_way.append(shipped)
        return self._under_way.popleft()

    @property
    def units(self) -> Integers | int:
        return sum(self._under_way)


def simulate(
    system: DistributionSystem,
    warehouse_level: int,
    retailer_levels: tuple[int, ...],
    rationing: Rationing,
    run: Run = Run(),
) -> SimulatedCost:
    """Return what base stocks cost under a rationing rule when reviewed every period.

    In each period retailers order what was demanded in the one before, and the warehouse as much;
    then its own order arrives, it ships by the rule, shipments arrive, customers come, and stock and
    shortage are counted.

    Raises
    ------
    EquipoiseError
        Unless the review is 1, lead times are whole periods, and there is a level a retailer.
    """
    _require_periods(system)
    require_levels(system, warehouse_level, retailer_levels)
    rationing.begin()
    generator = np.random.default_rng(run.seed)
    count, rates = len(system.retailers), np.array([retailer.rate for retailer in system.retailers])
    stock = np.full(run.systems, warehouse_level, dtype=np.int64)
    net = np.tile(np.array(retailer_levels, dtype=np.int64), (run.systems, 1))
    inbound = _Lane(int(system.lead_time), (run.systems,))
    lanes = [_Lane(int(retailer.lead_time), (run.systems,)) for retailer in system.retailers]
    demand, total = np.zeros((run.systems, count), dtype=np.int64), np.zeros(run.systems)
    for period in range(-run.warm_up, run.periods):
        stock = stock + inbound.move(demand.sum(axis=1))
        shipped = rationing.ship(demand, stock)
        stock = stock - shipped.sum(axis=1)
        demand = generator.poisson(rates, (run.systems, count))
        arrived = np.stack([lane.move(shipped[:, place]) for place, lane in enumerate(lanes)], axis=1)
        net = net + arrived - demand
        if period >= 0:
            total += _period_cost(system, stock, net, lanes)
    mean = total / run.periods
    return SimulatedCost(float(mean.mean()), float(mean.std(ddof=1) / np.sqrt(run.systems)))


def _period_cost(system: DistributionSystem, stock: Integers, net: Integers, lanes: list[_Lane]) -> Reals:
    holding = np.array([retailer.holding_cost for retailer in system.retailers])
    shortage = np.array([retailer.shortage_cost for retailer in system.retailers])
    retail = np.maximum(net, 0) @ holding + np.maximum(-net, 0) @ shortage
    moving = sum(lane.units for lane in lanes)
    cost: Reals = retail + system.holding_cost * (stock + moving)
    return cost


def _require_periods(system: DistributionSystem) -> None:
    times = [system.lead_time, *(retailer.lead_time for retailer in system.retailers)]
    if system.review != 1.0 or any(time != int(time) for time in times):
        raise EquipoiseError(
            f"review {system.review:g} and lead times {', '.join(f'{time:g}' for time in times)}",
            where="simulated distribution system",
            remedy="Give a review of 1 and lead times in whole periods",
        )
