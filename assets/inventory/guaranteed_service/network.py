"""Stages and arcs of a guaranteed-service network, and every fault that it can have.

What a planner states, in whole periods and money. Not here: what follows from it (``levels``), or
where the safety stock goes (``placement``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True)
class Demand:
    """Independent demand from outside the network.

    Attributes
    ----------
    mean, std : float
        Units per period.
    safety_factor : float
        ``z``: demand over ``t`` periods is promised up to ``mean t + z std sqrt(t)``.
    """

    mean: float
    std: float
    safety_factor: float


@dataclass(frozen=True)
class Stage:
    """A process and the place where its output may be stocked.

    Attributes
    ----------
    name : str
    processing_time : int
        Periods from having every input to having the output.
    added_cost : float
        Money that the stage adds to a unit; what comes in is added to it.
    unit_cost : float, optional
        Money that a unit is worth here, where it is not the sum of what was added.
    max_service_time : int, optional
        Longest outbound service time that may be quoted, in periods; any where absent.
    max_inbound_service_time : int, optional
        Longest time that the stage may wait for its inputs; any where absent.
    supply_time : int
        Periods that a source outside the network takes; the inbound service time is never below.
    demand : Demand, optional
        Demand from outside at this stage.
    pooling : float
        ``p``, how demands downstream are pooled: their bounds add up to the power ``p``. 1 pools
        nothing, 2 pools as independent demands do.
    """

    name: str
    processing_time: int
    added_cost: float = 0.0
    unit_cost: float | None = None
    max_service_time: int | None = None
    max_inbound_service_time: int | None = None
    supply_time: int = 0
    demand: Demand | None = None
    pooling: float = 2.0


@dataclass(frozen=True)
class Arc:
    """``units`` of the output of ``upstream`` go into one unit of ``downstream``."""

    upstream: str
    downstream: str
    units: float = 1.0


@dataclass(frozen=True)
class StageNetwork:
    """Stages, what flows between them, and what holding costs.

    Attributes
    ----------
    stages : tuple of Stage
    arcs : tuple of Arc
    holding_rate : float
        Share of a unit's cost that holding it costs, per year if the answer is to be per year.

    Examples
    --------
    >>> broken = StageNetwork((Stage("a", -1), Stage("b", 2)), (Arc("a", "c"),))
    >>> for fault in broken.consistency():
    ...     print(fault)
    stage a: processing time -1 is not a whole number of at least 0
    arc a -> c: there is no stage c
    no stage has demand
    """

    stages: tuple[Stage, ...]
    arcs: tuple[Arc, ...] = ()
    holding_rate: float = 1.0

    def consistency(self) -> list[str]:
        """Return every fault, each naming its stage or arc; nothing if the network can be solved."""
        faults = [] if _is_amount(self.holding_rate) else [f"holding rate {self.holding_rate} is not at least 0"]
        counted = Counter(stage.name for stage in self.stages)
        faults += [f"stage {name}: named {times} times" for name, times in counted.items() if times > 1]
        faults += [f"stage {stage.name}: {fault}" for stage in self.stages for fault in _stage_faults(stage)]
        faults += [f"arc {arc.upstream} -> {arc.downstream}: {fault}" for arc, fault in self._arc_faults()]
        if not any(stage.demand for stage in self.stages):
            faults.append("no stage has demand")
        return faults + self._cycle()

    def _arc_faults(self) -> Iterator[tuple[Arc, str]]:
        names = {stage.name for stage in self.stages}
        counted = Counter((arc.upstream, arc.downstream) for arc in self.arcs)
        for arc in self.arcs:
            for name in sorted({arc.upstream, arc.downstream} - names):
                yield arc, f"there is no stage {name}"
            if not _is_amount(arc.units) or arc.units == 0:
                yield arc, f"units {arc.units} are not above 0"
            if counted.pop((arc.upstream, arc.downstream), 1) > 1:
                yield arc, "given more than once"

    def _cycle(self) -> list[str]:
        try:
            self.order()
        except CycleError as error:
            return [f"cycle {' -> '.join(error.args[1])}"]
        return []

    def order(self) -> list[str]:
        """Return the names of all stages, each after those upstream of it, whatever order they came in."""
        waits: dict[str, list[str]] = {stage.name: [] for stage in sorted(self.stages, key=lambda one: one.name)}
        for arc in sorted(self.arcs, key=lambda one: (one.downstream, one.upstream)):
            if arc.downstream in waits and arc.upstream in waits:
                waits[arc.downstream].append(arc.upstream)
        return list(TopologicalSorter(waits).static_order())


def _stage_faults(stage: Stage) -> Iterator[str]:
    limits = (stage.max_service_time, stage.max_inbound_service_time)
    for name, periods in zip(_TIMES, (stage.processing_time, stage.supply_time, *limits), strict=True):
        if periods is not None and not _is_whole(periods):
            yield f"{name} {periods} is not a whole number of at least 0"
    for name, amount in (("added cost", stage.added_cost), ("unit cost", stage.unit_cost)):
        if amount is not None and not _is_amount(amount):
            yield f"{name} {amount} is not at least 0"
    if not _is_amount(stage.pooling) or stage.pooling < 1:
        yield f"pooling {stage.pooling} is not at least 1"
    if limits[1] is not None and stage.supply_time > limits[1]:
        yield f"supply time {stage.supply_time} is above the longest inbound service time {limits[1]}"
    if stage.demand is not None:
        yield from _demand_faults(stage.demand)


def _demand_faults(demand: Demand) -> Iterator[str]:
    amounts = (("mean", demand.mean), ("std", demand.std), ("safety factor", demand.safety_factor))
    for name, amount in amounts:
        if not _is_amount(amount):
            yield f"demand {name} {amount} is not at least 0"


def _is_whole(periods: float) -> bool:
    return _is_amount(periods) and float(periods).is_integer()


def _is_amount(amount: float) -> bool:
    return math.isfinite(amount) and amount >= 0


_TIMES = ("processing time", "supply time", "longest service time", "longest inbound service time")
