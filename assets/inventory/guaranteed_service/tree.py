"""The dynamic program on trees: stages with one neighbour left are folded into it, one after another.

On a tree this ends with one stage a component, whose best service times decide all others. What has
cycles keeps a core, each of whose stages carries the costs of everything folded into it. Not here:
the core (``general``).

Notation of Graves and Willems (2000): ``S`` outbound and ``SI`` inbound service time, ``T``
processing time; a stage's net replenishment time is ``SI + T - S``, and an arc from ``i`` to ``j``
asks for ``SI_j >= S_i``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from assets.inventory.guaranteed_service.levels import Floats, Level

BLOCK = 4_000_000
"""Most pairs of service times costed at once; bounds the memory of deep networks, changes no number."""


@dataclass
class FoldedStage:
    """A stage, and the costs of what was folded into it.

    Attributes
    ----------
    level : Level
    inbound_costs : float array, shape (longest inbound + 1,)
        Least cost of the folded stages upstream at each inbound service time; infinite below the supply time.
    service_costs : float array, shape (longest service + 1,)
        Least cost of the folded stages downstream at each outbound service time.
    """

    level: Level
    inbound_costs: Floats = field(init=False)
    service_costs: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.inbound_costs = np.zeros(self.level.longest_inbound + 1)
        self.inbound_costs[: self.level.supply_time] = np.inf
        self.service_costs = np.zeros(self.level.longest_service + 1)

    def pair_costs(self, start: int, stop: int) -> Floats:
        """Return the cost of the stage's own stock by inbound (``start`` to ``stop``) and outbound service time."""
        late = np.full(self.level.longest_service, np.inf)
        padded = np.concatenate([late, self.level.stock_costs()])
        windows = sliding_window_view(padded, self.level.longest_service + 1)
        ahead = self.level.processing_time
        return np.asarray(windows[ahead + start : ahead + stop, ::-1])

    def costs_by_service(self) -> Floats:
        """Return the least cost of the stage and all folded into it, at each outbound service time."""
        best = np.full(len(self.service_costs), np.inf)
        for start, stop in self._blocks():
            costs = self.pair_costs(start, stop) + self.inbound_costs[start:stop, None]
            np.minimum(best, costs.min(axis=0), out=best)
        return best + self.service_costs

    def costs_by_inbound(self) -> Floats:
        """Return the least cost of the stage and all folded into it, at each inbound service time."""
        best = [(self.pair_costs(*block) + self.service_costs).min(axis=1) for block in self._blocks()]
        return np.concatenate(best) + self.inbound_costs

    def best_inbound(self, service: int) -> int:
        """Return the inbound service time that is best with an outbound one."""
        ahead = self.level.processing_time - service
        start = max(0, -ahead)
        costs = self.level.stock_costs()[start + ahead : len(self.inbound_costs) + ahead]
        return start + int(np.argmin(costs + self.inbound_costs[start:]))

    def best_service(self, inbound: int) -> int:
        """Return the outbound service time that is best with an inbound one."""
        longest = inbound + self.level.processing_time
        last = min(longest, self.level.longest_service)
        costs = self.level.stock_costs()[longest - last : longest + 1][::-1]
        return int(np.argmin(costs + self.service_costs[: last + 1]))

    def _blocks(self) -> list[tuple[int, int]]:
        count = len(self.inbound_costs)
        size = max(1, BLOCK // len(self.service_costs))
        return [(start, min(start + size, count)) for start in range(0, count, size)]


@dataclass(frozen=True)
class Fold:
    """A stage that was folded into a neighbour (or into none, if it was the last), and its costs on the way."""

    stage: int
    into: int | None
    costs: Floats


@dataclass(frozen=True)
class Folding:
    """Stages after folding: ``folds`` in their order, and the places of the ``core`` that is left."""

    stages: list[FoldedStage]
    folds: list[Fold]
    core: list[int]

    def unfold(self, chosen: dict[int, tuple[int, int]]) -> list[tuple[int, int]]:
        """Return inbound and outbound service time of every stage, given those of the core."""
        times = dict(chosen)
        for fold in reversed(self.folds):
            times[fold.stage] = _unfolded(self.stages[fold.stage], fold, times)
        return [times[at] for at in range(len(self.stages))]


def fold_trees(levels: list[Level], *, keep: bool = False) -> Folding:
    """Fold every stage that hangs on the network by one arc.

    Steps 1 to 4 of the algorithm of Graves and Willems (2000, section 4), each stage's functions
    over all its service times at once.

    Parameters
    ----------
    levels : list of Level
    keep : bool
        Whether to leave all to the core, to test it.
    """
    folding = Folding([FoldedStage(level) for level in levels], [], [])
    neighbours = [set(level.upstream) | set(level.downstream) for level in levels]
    loose = [] if keep else [at for at, near in enumerate(neighbours) if len(near) <= 1]
    for at in loose:
        into = next(iter(neighbours[at]), None)
        folding.folds.append(_folded(folding.stages, at, into))
        if into is not None:
            neighbours[into].remove(at)
            if len(neighbours[into]) == 1:
                loose.append(into)
            neighbours[at].clear()
    folding.core.extend(sorted(set(range(len(levels))) - set(loose)))
    return folding


def _folded(stages: list[FoldedStage], at: int, into: int | None) -> Fold:
    if into is not None and into in stages[at].level.upstream:
        costs = stages[at].costs_by_inbound()
        least = np.minimum.accumulate(costs[::-1])[::-1]
        stages[into].service_costs += least[: len(stages[into].service_costs)]
        return Fold(at, into, costs)
    costs = stages[at].costs_by_service()
    if into is not None:
        least = np.minimum.accumulate(costs)
        added = stages[into].inbound_costs
        added[: len(least)] += least
        added[len(least) :] += least[-1]
    return Fold(at, into, costs)


def _unfolded(stage: FoldedStage, fold: Fold, times: dict[int, tuple[int, int]]) -> tuple[int, int]:
    if fold.into is not None and fold.into in stage.level.upstream:
        quoted = times[fold.into][1]
        inbound = quoted + int(np.argmin(fold.costs[quoted:]))
        return inbound, stage.best_service(inbound)
    awaited = len(fold.costs) if fold.into is None else times[fold.into][0] + 1
    service = int(np.argmin(fold.costs[:awaited]))
    return stage.best_inbound(service), service
