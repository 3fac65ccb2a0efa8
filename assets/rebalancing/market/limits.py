"""Limits that items share: what each move uses of them per unit, and what there is.

``use @ units <= capacity - fixed`` for every limit, whatever its kind. Not here: how a lane's
weight or a budget becomes such a row (``kinds``), and prices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from assets.rebalancing.item_sites import Flags, Floats, Ints

KINDS = (
    "lane_weight", "lane_volume", "dock_in", "dock_out", "storage", "supplier_capacity", "budget", "truck_weight",
    "truck_volume", "other",
)  # fmt: skip
TOLERANCE = 1e-9
"""Share of a capacity by which sums in another order may differ."""


@dataclass(frozen=True)
class Limits:
    """Shared limits over the moves of a problem; ``L`` limits, ``m`` moves.

    Attributes
    ----------
    names : tuple of str
        Unique; what transcripts and refusals call a limit.
    kinds : tuple of str
        Each one of ``KINDS``.
    capacity, fixed : float array, shape (L,)
        What there is, and what is used by what can no longer change, in the limit's own unit.
    use : sparse float array, shape (L, m)
        Use per unit of each move, of the first bucket and later ones alike. Negative where a
        move frees room, as departures do in storage.
    families : tuple of str
        What each limit holds and where, the same on every date; the names if not given.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    capacity: Floats
    fixed: Floats
    use: csr_array
    families: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.families:
            object.__setattr__(self, "families", self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def room(self) -> Floats:
        """What moves may use, shape (L,): never less than nothing, so that waiting is always allowed."""
        return np.maximum(0.0, self.capacity - self.fixed)

    def used(self, units: Ints) -> Floats:
        """Return the use of each limit by units of every move, shape (L,)."""
        return np.asarray(self.use @ units.astype(np.float64))

    def ordered(self) -> Limits:
        """Return the limits by name, so that the order they came in never matters."""
        return self.take(np.argsort(np.array(self.names, dtype=object), kind="stable"))

    def take(self, chosen: Any, moves: Any = None) -> Limits:
        """Return the limits at ``chosen`` (positions or flags), over ``moves`` only if given."""
        rows = np.arange(len(self))[chosen]
        use = self.use[rows] if moves is None else self.use[rows][:, moves]
        return Limits(
            tuple(self.names[k] for k in rows), tuple(self.kinds[k] for k in rows),
            self.capacity[rows], self.fixed[rows], csr_array(use), tuple(self.families[k] for k in rows),
        )  # fmt: skip

    def consistency(self, moves: int) -> list[str]:
        """Return every fault, with names; empty if there is none.

        Parameters
        ----------
        moves : int
            Number of moves of the problem.
        """
        faults = [] if self.use.shape[1] == moves else [f"use speaks of {self.use.shape[1]} moves, there are {moves}"]
        doubles = sorted(name for name, count in Counter(self.names).items() if count > 1)
        faults += [f"{name}: stands more than once" for name in doubles]
        faults += [f"{n}: unknown kind {k}" for n, k in zip(self.names, self.kinds, strict=True) if k not in KINDS]
        faults += self._said("capacity is no number", np.isnan(self.capacity) | ~np.isfinite(self.fixed))
        faults += self._said("capacity is negative", self.capacity < 0)
        faults += self._said("use per unit is no finite number", self._with(~np.isfinite(self.use.data)))
        over = (self.capacity >= 0) & (self.fixed > self.capacity)
        frees = self._with(self.use.data < 0)
        faults += self._said("exceeded by what is fixed; no more comes in than leaves", over & frees)
        return faults + self._said("exceeded by what is fixed; nothing more is let in", over & ~frees)

    def _said(self, what: str, rows: Flags) -> list[str]:
        return [f"{self.names[k]}: {what}" for k in np.flatnonzero(rows)]

    def _with(self, entries: Flags) -> Flags:
        """Return which limits have one of the flagged entries."""
        row = np.repeat(np.arange(len(self)), np.diff(self.use.indptr))
        return np.asarray(np.bincount(row[entries], minlength=len(self)) > 0)


def no_limits(moves: int) -> Limits:
    """Return the limits of a problem that has none."""
    nothing = np.zeros(0)
    return Limits((), (), nothing, nothing, csr_array((0, moves)))


def together(parts: Iterable[Limits]) -> Limits:
    """Return limits of several kinds, over the same moves, as one."""
    parts = list(parts)
    return Limits(
        tuple(name for part in parts for name in part.names),
        tuple(kind for part in parts for kind in part.kinds),
        np.concatenate([part.capacity for part in parts]),
        np.concatenate([part.fixed for part in parts]),
        csr_array(vstack([part.use for part in parts])),
        tuple(family for part in parts for family in part.families),
    )
