"""What follows from a network at each stage: its unit cost, its pooled demand, the service times worth looking at.

Not here: the service times that are chosen (``tree``, ``general``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.inventory.guaranteed_service.network import Stage, StageNetwork

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """One stage, ready to be solved.

    Attributes
    ----------
    name : str
    upstream, downstream : tuple of int
        Places of the neighbours in the order of the levels.
    processing_time, supply_time : int
        Periods.
    unit_cost : float
        Money that a unit is worth here.
    demand_mean : float
        Units per period, of all demand downstream and here.
    demand_bound : float
        Units of safety stock for one period of net replenishment time; it grows with the root.
    holding_cost : float
        Money that the safety stock for one period costs.
    longest_inbound, longest_service : int
        Above these no inbound and outbound service time can be, or needs to be.
    """

    name: str
    upstream: tuple[int, ...]
    downstream: tuple[int, ...]
    processing_time: int
    supply_time: int
    unit_cost: float
    demand_mean: float
    demand_bound: float
    holding_cost: float
    longest_inbound: int
    longest_service: int

    def stock_costs(self) -> Floats:
        """Return what the safety stock costs at each net replenishment time from 0 on."""
        periods = np.arange(self.longest_inbound + self.processing_time + 1, dtype=float)
        return np.asarray(self.holding_cost * np.sqrt(periods))


def network_levels(network: StageNetwork) -> list[Level]:
    """Return the stages of a network without faults, each after those upstream of it.

    A unit's cost is what the stage adds and what its inputs cost. The demand bound of stage ``j``
    pools the external demands ``e`` that it serves, ``u`` units of ``j`` going into one of ``e``:
    ``(sum (u_je z_e std_e)^p_j)^(1/p_j)`` (Graves and Willems 2000, section 2; Humair and Willems
    2011, appendix 2.4, for several ways from ``j`` to ``e``). The longest inbound service time is
    that of the slowest input, and the longest service time adds the processing time to it (Graves
    and Willems 2000, footnote to the dynamic program), unless limits are below.
    """
    order = network.order()
    place = {name: at for at, name in enumerate(order)}
    named = {stage.name: stage for stage in network.stages}
    stages = [named[name] for name in order]
    upstream: list[dict[int, float]] = [{} for _ in order]
    downstream: list[dict[int, float]] = [{} for _ in order]
    for arc in network.arcs:
        upstream[place[arc.downstream]][place[arc.upstream]] = arc.units
        downstream[place[arc.upstream]][place[arc.downstream]] = arc.units
    costs = _unit_costs(stages, upstream)
    demands = _pooled_demands(stages, downstream)
    times = _longest_times(stages, upstream, downstream)
    return [
        Level(
            name=stage.name,
            upstream=tuple(sorted(upstream[at])),
            downstream=tuple(sorted(downstream[at])),
            processing_time=int(stage.processing_time),
            supply_time=int(stage.supply_time),
            unit_cost=costs[at],
            demand_mean=demands[at][0],
            demand_bound=demands[at][1],
            holding_cost=network.holding_rate * costs[at] * demands[at][1],
            longest_inbound=times[at][0],
            longest_service=times[at][1],
        )
        for at, stage in enumerate(stages)
    ]


def _unit_costs(stages: list[Stage], upstream: list[dict[int, float]]) -> list[float]:
    costs: list[float] = []
    for stage, inputs in zip(stages, upstream, strict=True):
        bought = math.fsum(units * costs[at] for at, units in inputs.items())
        costs.append(float(stage.added_cost + bought if stage.unit_cost is None else stage.unit_cost))
    return costs


def _pooled_demands(stages: list[Stage], downstream: list[dict[int, float]]) -> list[tuple[float, float]]:
    """Return mean and bound of each stage's demand."""
    units: list[dict[int, float]] = [{} for _ in stages]
    for at in range(len(stages) - 1, -1, -1):
        served = units[at]
        if stages[at].demand is not None:
            served[at] = 1.0
        for below, per_unit in downstream[at].items():
            for end, count in units[below].items():
                served[end] = served.get(end, 0.0) + per_unit * count
    return [_pooled(stages, stage.pooling, served) for stage, served in zip(stages, units, strict=True)]


def _pooled(stages: list[Stage], pooling: float, served: dict[int, float]) -> tuple[float, float]:
    demands = [(count, demand) for end, count in served.items() if (demand := stages[end].demand) is not None]
    bounds = [count * demand.safety_factor * demand.std for count, demand in demands]
    # Scaled by the largest, so that high powers neither overflow nor vanish.
    largest = max(bounds, default=0.0)
    spread = math.fsum((bound / largest) ** pooling for bound in bounds) ** (1.0 / pooling) if largest > 0 else 0.0
    return math.fsum(count * demand.mean for count, demand in demands), largest * spread


def _longest_times(
    stages: list[Stage], upstream: list[dict[int, float]], downstream: list[dict[int, float]]
) -> list[tuple[int, int]]:
    times: list[tuple[int, int]] = []
    for stage, inputs, outputs in zip(stages, upstream, downstream, strict=True):
        inbound = max([stage.supply_time, *(times[at][1] for at in inputs)])
        limits = [stage.max_service_time, *(stages[at].max_inbound_service_time for at in outputs)]
        service = min([inbound + stage.processing_time, *(limit for limit in limits if limit is not None)])
        times.append((int(inbound), int(service)))
    return times
