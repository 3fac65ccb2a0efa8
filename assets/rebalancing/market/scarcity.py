"""What is scarce after the market has settled: limits with a price or more asked for than there is.

It tells of every move which scarce limits it uses and what a unit pays for them. Not here:
how prices come about (``rounds``), and sentences (``reasons``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csc_array

from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import TOLERANCE, Limits, no_limits
from assets.rebalancing.market.settlement import Settlement

TRACE = 0.005
"""Half a cent: limits whose whole room is worth less carry a trace of smoothing, not a price."""


@dataclass(frozen=True)
class Scarcity:
    """Scarce limits and their prices over the moves of a problem.

    Attributes
    ----------
    limits : Limits
        The scarce ones only.
    prices : float array, shape (S,)
        Currency per unit of each.
    used : float array, shape (S,)
        What the plan uses of each, what it intends for later buckets included.
    """

    limits: Limits
    prices: Floats
    used: Floats

    @property
    def left(self) -> Floats:
        """What is left of each limit, shape (S,)."""
        return np.asarray(self.limits.room - self.used)

    @cached_property
    def per_unit(self) -> Floats:
        """Currency that a unit of each move pays for its use of scarce limits, shape (m,)."""
        return np.asarray(self.limits.use.T @ self.prices)

    @cached_property
    def per_unit_left(self) -> Floats:
        """The part of ``per_unit`` that is for limits of which some is left, shape (m,)."""
        some = self.left > TOLERANCE * np.maximum(1.0, self.limits.room)
        return np.asarray(self.limits.use.T @ np.where(some, self.prices, 0.0))

    @cached_property
    def _by_move(self) -> csc_array:
        return csc_array(self.limits.use)

    def names_of(self, move: int) -> list[str]:
        """Return the scarce limits that a move uses up, by name."""
        start, stop = self._by_move.indptr[move : move + 2]
        rows = self._by_move.indices[start:stop][self._by_move.data[start:stop] > 0]
        return sorted(self.limits.names[k] for k in rows.tolist())

    @cached_property
    def touched(self) -> Flags:
        """Which moves use up a scarce limit, shape (m,)."""
        touched = np.zeros(self.limits.use.shape[1], dtype=bool)
        touched[self.limits.use.indices[self.limits.use.data > 0]] = True
        return touched


def plenty(moves: int) -> Scarcity:
    """Return what is scarce where nothing is."""
    return Scarcity(no_limits(moves), np.zeros(0), np.zeros(0))


def is_scarce(price: Floats, room: Floats, asked: Floats) -> Flags:
    """Return which limits have a price that is more than a trace, or are asked for too much."""
    return np.asarray((price * np.maximum(room, 1.0) >= TRACE) | (asked > room))


def scarce_rows(settlement: Settlement) -> Ints:
    """Return the positions of the settlement's limits that are scarce."""
    return np.flatnonzero(settlement.negotiating & is_scarce(settlement.prices, settlement.room, settlement.asked))


def scarcity(limits: Limits, settlement: Settlement) -> Scarcity:
    """Return what is scarce after a settlement over ``limits``, which may come in any order."""
    rows = scarce_rows(settlement)
    return Scarcity(limits.ordered().take(rows), settlement.prices[rows], settlement.used[rows])
