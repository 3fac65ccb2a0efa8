"""Documents with a minimum: an order goes out with at least so much on it, or not at all.

``amount[d] = 0`` or ``amount[d] >= least[d]``, with ``amount = use @ units``. The amount is money for
a minimum order value and units for a minimum quantity. A linear master sees nothing of it: any
amount is a mixture of nothing and of enough, so that the bound leaves it out. Not here: which
documents go out (``filling``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import TOLERANCE, Limits

SUPPLIER, STOCKS = "what its supplier can send", "the maximum stocks"
"""What can keep a document below its minimum, beside the name of a shared limit."""


@dataclass(frozen=True)
class Minimums:
    """Documents over the moves of a problem; ``d`` of them.

    Attributes
    ----------
    names : tuple of str
        Unique.
    least : float array, shape (d,)
        Smallest amount of a document that goes out.
    use : sparse float array, shape (d, m)
        Amount per unit of each move; never negative.
    others : float array, shape (d,)
        Amount of lines that stand.
    reach : float array, shape (d,), optional
        Most that each can come to; not known if not given.
    hindered_by : tuple of str
        Of each whose reach is below its minimum by what, else empty; none known if not given.
    for_good : bool array, shape (d,), optional
        Which stay below it whatever was ordered before is through.

    Raises
    ------
    EquipoiseError
        If a minimum or an amount is negative or no number.
    """

    names: tuple[str, ...]
    least: Floats
    use: csr_array
    others: Floats
    reach: Floats | None = None
    hindered_by: tuple[str, ...] = ()
    for_good: Flags | None = None

    def __post_init__(self) -> None:
        """Refuse what no document can ask for."""
        entry = np.repeat(np.arange(len(self)), np.diff(self.use.indptr))
        checks = (
            ("minimum is negative or no number", ~((self.least >= 0) & np.isfinite(self.least))),
            ("amount per unit is negative or no number", entry[~((self.use.data >= 0) & np.isfinite(self.use.data))]),
        )
        for what, bad in checks:
            for name in np.array(self.names, dtype=object)[bad][:1]:
                raise EquipoiseError(what, where=f"document {name}", remedy="Correct it, or leave the minimum out")

    def __len__(self) -> int:
        return len(self.names)

    def amount(self, units: Ints) -> Floats:
        """Return the amount on each document, that of lines that stand included, shape (d,)."""
        return np.asarray(self.others + self.use @ units.astype(np.float64))

    def broken(self, units: Ints) -> Flags:
        """Return which documents these units are on and come to too little; what stands alone is not theirs."""
        own = np.asarray(self.use @ units.astype(np.float64))
        return np.asarray((own > 0) & (self.others + own < self.least * (1 - TOLERANCE)))

    def moves_of(self, which: Flags) -> Flags:
        """Return which moves are on some documents, shape (m,)."""
        moves = np.zeros(self.use.shape[1], dtype=bool)
        moves[self.use[np.flatnonzero(which)].indices] = True
        return moves

    def beside(self, units: Ints) -> Minimums:
        """Return documents on which units that stand are already."""
        return replace(self, others=self.amount(units))

    @property
    def never(self) -> Flags:
        """Which documents are known never to come to their minimum, shape (d,)."""
        return np.array([bool(by) for by in self.hindered_by] or [False] * len(self), dtype=bool)

    def reached(self, whole: Ints, kept: Ints, limits: Limits) -> Minimums:
        """Return documents with the most that each can come to, and what keeps it below its minimum.

        Each hindrance by itself, so that what is told to be out of reach is.

        Parameters
        ----------
        whole : int array, shape (m,)
            Most of each move in whole lots.
        kept : int array, shape (m,)
            The same, as far as maximum stocks leave room.
        limits : Limits
            That items share, over the same moves.
        """
        reach, by = self.amount(whole), np.full(len(self), "", dtype=object)
        carries, least = np.diff(self.use.indptr) > 0, self.least * (1 - TOLERANCE)
        by[carries & (reach < least)] = SUPPLIER
        beside = self.amount(kept)
        by[carries & (by == "") & (beside < least)] = STOCKS
        reach, for_good = np.minimum(reach, beside), by != ""
        for k in np.flatnonzero(carries & (by == "")).tolist():
            per_unit = self.use[[k]].toarray()[0]
            for row in _on(limits, per_unit > 0):
                use, room = limits.use[[row]].toarray()[0], float(limits.room[row])
                most = self.others[k] + _most(per_unit, kept, use, room)
                if most < min(least[k], reach[k]):
                    reach[k], by[k] = most, limits.names[row]
                    empty = self.others[k] + _most(per_unit, kept, use, max(room, float(limits.capacity[row])))
                    for_good[k] |= empty < least[k]
        return replace(self, reach=reach, hindered_by=tuple(by.tolist()), for_good=for_good)

    def take(self, moves: Any) -> Minimums:
        """Return the documents over some of the moves."""
        return replace(self, use=csr_array(self.use[:, moves]))


def _on(limits: Limits, moves: Flags) -> list[int]:
    """Return the limits that some moves use and that nothing frees."""
    frees = np.asarray(limits.use.minimum(0.0).sum(axis=1)).ravel() < 0
    return np.flatnonzero((np.asarray(limits.use @ moves.astype(np.float64)) > 0) & ~frees).tolist()


def _most(per_unit: Floats, most: Ints, use: Floats, room: float) -> float:
    """Return the largest amount within a limit by fractions of units, those that come to most by its use first."""
    on = np.flatnonzero(per_unit > 0)
    free = on[use[on] <= 0]
    held = on[use[on] > 0]
    held = held[np.argsort(-per_unit[held] / use[held], kind="stable")]
    used = use[held] * most[held]
    share = np.clip(room - (np.cumsum(used) - used), 0.0, used)
    return float(per_unit[free] @ most[free] + (share / use[held]) @ per_unit[held])


def no_minimums(moves: int) -> Minimums:
    """Return the documents of a problem whose orders may be of any size."""
    return Minimums((), np.zeros(0), csr_array((0, moves)), np.zeros(0))
