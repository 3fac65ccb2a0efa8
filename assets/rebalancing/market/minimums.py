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
from assets.rebalancing.market.limits import TOLERANCE


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

    Raises
    ------
    EquipoiseError
        If a minimum or an amount is negative or no number.
    """

    names: tuple[str, ...]
    least: Floats
    use: csr_array
    others: Floats

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

    def take(self, moves: Any) -> Minimums:
        """Return the documents over some of the moves."""
        return replace(self, use=csr_array(self.use[:, moves]))


def no_minimums(moves: int) -> Minimums:
    """Return the documents of a problem whose orders may be of any size."""
    return Minimums((), np.zeros(0), csr_array((0, moves)), np.zeros(0))
