"""The core of a network that is no tree, by an integer program over whole service times.

Not here: what hangs on the core by one arc (``tree``), or the solver (``kernel.solvers``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from assets.inventory.guaranteed_service.levels import Floats
from assets.inventory.guaranteed_service.tree import FoldedStage, Folding
from assets.kernel.solvers.integer_program import IntegerProgram, least_cost

Ints = npt.NDArray[np.int64]

SCALE = 1e4
"""What the dearest pair of service times costs in the program: solvers' tolerances are absolute."""


@dataclass(frozen=True)
class CoreAnswer:
    """Service times of the core.

    Attributes
    ----------
    times : dict of int to (int, int)
        Inbound and outbound service time by place.
    bound : float
        Money; no service times of the core cost less.
    """

    times: dict[int, tuple[int, int]]
    bound: float


@dataclass
class _Program:
    """The program while it grows: blocks of columns, and entries of its rows."""

    costs: list[Floats] = field(default_factory=list)
    whole: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    limits: list[tuple[Floats, Floats]] = field(default_factory=list)
    columns: int = 0
    rows: int = 0

    def add_columns(self, costs: Floats, *, whole: bool = False) -> Ints:
        self.costs.append(costs)
        self.whole.append(np.full(len(costs), whole))
        self.columns += len(costs)
        return np.arange(self.columns - len(costs), self.columns)

    def add_rows(self, lower: Floats, upper: Floats) -> Ints:
        self.limits.append((lower, upper))
        self.rows += len(lower)
        return np.arange(self.rows - len(lower), self.rows)

    def put(self, rows: Ints, columns: Ints, value: float) -> None:
        self.entries.append((rows, columns, np.full(len(columns), value)))

    def built(self, scale: float) -> IntegerProgram:
        rows, columns, values = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        lower, upper = (np.concatenate(parts) for parts in zip(*self.limits, strict=True))
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(self.rows, self.columns))
        costs = np.concatenate(self.costs) * scale
        whole = np.concatenate(self.whole)
        return IntegerProgram(costs, np.zeros(self.columns), np.ones(self.columns), whole, matrix, lower, upper)


def solve_core(folding: Folding) -> CoreAnswer:
    """Return the best service times of the core, proven.

    A column ``x_j(si, s)`` chooses both service times of stage ``j``; ``u_j(t)`` and ``v_j(t)`` say
    that its outbound and inbound service time is at least ``t``. An arc from ``i`` to ``j`` asks
    for ``v_j(t) >= u_i(t)`` at every ``t``. On a tree these rows alone make the columns whole; on
    a general network the relaxation is mostly whole too, and branching on ``u`` does the rest.

    Raises
    ------
    EquipoiseError
        If the search spends its nodes without a solution.
    """
    if not folding.core:
        return CoreAnswer({}, 0.0)
    program = _Program()
    costs = {at: _costs(folding.stages[at]) for at in folding.core}
    dearest = max(float(np.max(one, where=np.isfinite(one), initial=0.0)) for one in costs.values())
    scale = SCALE / dearest if dearest > 0 else 1.0
    steps = {at: _add_stage(program, costs[at]) for at in folding.core}
    for at in folding.core:
        for above in folding.stages[at].level.upstream:
            if above in steps:
                _add_arc(program, steps[above][1], steps[at][0])
    answer = least_cost(program.built(scale), "guaranteed service")
    services = {at: round(float(answer.solution[steps[at][1]].sum())) for at in folding.core}
    return CoreAnswer(_with_inbound(folding, costs, services), answer.bound / scale)


def _costs(stage: FoldedStage) -> Floats:
    """Return the cost of every pair of service times, that of everything folded into the stage included."""
    own = stage.pair_costs(0, len(stage.inbound_costs))
    return np.asarray(own + stage.inbound_costs[:, None] + stage.service_costs[None, :])


def _add_stage(program: _Program, costs: Floats) -> tuple[Ints, Ints]:
    """Add the columns of a stage, and return those of its inbound and outbound steps."""
    inbound, service = (found.astype(np.int64) for found in np.nonzero(np.isfinite(costs)))
    pairs = program.add_columns(costs[inbound, service])
    one = np.ones(1)
    program.put(np.repeat(program.add_rows(one, one), len(pairs)), pairs, 1.0)
    return (
        _add_steps(program, pairs, inbound, costs.shape[0] - 1, whole=False),
        _add_steps(program, pairs, service, costs.shape[1] - 1, whole=True),
    )


def _add_steps(program: _Program, pairs: Ints, times: Ints, longest: int, *, whole: bool) -> Ints:
    """Add ``u(t)`` for ``t`` from 1 to the longest, ``u(t) - u(t + 1)`` being what is chosen at ``t``."""
    steps = program.add_columns(np.zeros(longest), whole=whole)
    rows = program.add_rows(np.zeros(longest), np.zeros(longest))
    program.put(rows, steps, 1.0)
    program.put(rows[:-1], steps[1:], -1.0)
    late = times >= 1
    program.put(rows[times[late] - 1], pairs[late], -1.0)
    return steps


def _add_arc(program: _Program, service: Ints, inbound: Ints) -> None:
    rows = program.add_rows(np.zeros(len(service)), np.full(len(service), np.inf))
    program.put(rows, inbound[: len(service)], 1.0)
    program.put(rows, service, -1.0)


def _with_inbound(folding: Folding, costs: dict[int, Floats], services: dict[int, int]) -> dict[int, tuple[int, int]]:
    """Return the best inbound service time to each outbound one, no input being later."""
    times = {}
    for at, service in services.items():
        level = folding.stages[at].level
        least = max((services[above] for above in level.upstream if above in services), default=level.supply_time)
        times[at] = (least + int(np.argmin(costs[at][least:, service])), service)
    return times
