"""The restricted master: the cheapest mixture of proposals within the limits; its duals are the next prices.

One row an item (its shares add up to at most one; the rest waits, which uses nothing, so that
there always is an answer) and one row a limit. Not here: where proposals come from, and bounds.
"""

from __future__ import annotations

import numpy as np

from assets.kernel.solvers.linear_program import LinearProgram
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Proposals
from assets.rebalancing.market.pool import Mixture, Pool

WHOLE_SHARE = 1 - 1e-6
"""A proposal with this share of its item is taken whole."""


class Master:
    """The linear program over a growing pool of proposals.

    Parameters
    ----------
    idle : Proposals
        What each item costs if it waits, in order.
    limits : Limits
        Shared.
    scale : float
        Integer cost of one unit of currency.
    """

    def __init__(self, idle: Proposals, limits: Limits, scale: float) -> None:
        self.pool = Pool(idle)
        self._idle, self._limits, self._scale = idle, limits, scale
        self._program: LinearProgram | None = None
        self._row = np.ones(len(limits))
        self._money = 1.0

    def add(self, proposals: Proposals) -> Flags:
        """Take proposals into the pool; return which of them it did not know."""
        fresh = self.pool.add(proposals)
        chosen = np.flatnonzero(fresh)
        if len(chosen):
            self._take(proposals.take(chosen))
        return fresh

    def solve(self) -> Mixture:
        """Return the best mixture, from the basis of the last."""
        items, limits = len(self._idle), len(self._limits)
        if self._program is None:
            return Mixture(0.0, np.zeros(0), np.zeros(limits))
        optimum = self._program.solve()
        duals = np.maximum(0.0, -optimum.duals) * self._money
        return Mixture(optimum.value * self._money, optimum.columns, duals[items:] / self._row)

    def _take(self, proposals: Proposals) -> None:
        saving = (proposals.cost - self._idle.cost[proposals.item]) / self._scale
        if self._program is None:
            self._start(proposals, saving)
        assert self._program is not None
        starts, rows, values = _columns(proposals, self._row, len(self._idle))
        self._program.add(saving / self._money, starts, rows, values)

    def _start(self, proposals: Proposals, saving: Floats) -> None:
        """Make the program; rows and money are scaled so that its numbers are near one."""
        peak = np.zeros(len(self._limits))
        np.maximum.at(peak, proposals.use.indices, np.abs(proposals.use.data))
        self._row = np.where(peak > 0, peak, 1.0)
        self._money = float(np.abs(saving).mean()) or 1.0
        most = np.concatenate([np.ones(len(self._idle)), self._limits.room / self._row])
        self._program = LinearProgram(most, "market master")


def _columns(proposals: Proposals, scale: Floats, items: int) -> tuple[Ints, Ints, Floats]:
    """Return the entries of each proposal's column: its item's row first, then the limits it uses."""
    use, count = proposals.use, len(proposals)
    entries = np.diff(use.indptr) + 1
    starts = np.concatenate([[0], np.cumsum(entries)])
    rows, values = np.empty(int(starts[-1]), dtype=np.int64), np.ones(int(starts[-1]))
    rows[starts[:-1]] = proposals.item
    others = np.ones(len(rows), dtype=bool)
    others[starts[:-1]] = False
    rows[others], values[others] = items + use.indices, use.data / scale[use.indices]
    return starts[: count + 1].astype(np.int64), rows, values
