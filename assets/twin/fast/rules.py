"""Rules that order from the inventory position alone, for all item-sites and replications at once.

Each is a port's implementation: it says what every item-site wants on its normal way of supply. Not here: what of
it can leave (``bucket``), or a planner that decides lines (``planner``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Ints, Lines
from assets.twin.fast.books import Books


class Policy(Protocol):
    """What decides: units wanted of every normal way, shape (n, R), or lines for each replication."""

    def decide(self, bucket: int, books: Books) -> Ints | list[Lines]:
        """Decide from the books as the bucket begins, before anything arrives; they are read, never written."""


@dataclass(frozen=True)
class MinMax:
    """(s, S), min/max: where the position is at the minimum or below, order up to the maximum.

    Attributes
    ----------
    minimum, maximum : int array, shape (n, 1) or (n, R)
        s and S.
    """

    minimum: Ints
    maximum: Ints

    def __post_init__(self) -> None:
        if (self.minimum > self.maximum).any():
            raise EquipoiseError("a minimum is above its maximum", where="fast twin", remedy="Give s of at most S")

    def decide(self, _bucket: int, books: Books) -> Ints:
        """Return the units up to the maximum of those that order."""
        return np.where(books.position <= self.minimum, self.maximum - books.position, 0)


@dataclass(frozen=True)
class BaseStock:
    """Order up to a level in every bucket in which an order can start.

    Attributes
    ----------
    level : int array, shape (n, 1) or (n, R)
        S.
    """

    level: Ints

    def decide(self, _bucket: int, books: Books) -> Ints:
        """Return the units that are missing to the level."""
        missing = self.level - books.position
        return np.maximum(missing, 0, out=missing)


@dataclass(frozen=True)
class ReorderQuantity:
    """(r, Q), (r, nQ): where the position is at r or below, order the fewest lots of Q that lift it above r.

    Attributes
    ----------
    point, quantity : int array, shape (n, 1) or (n, R)
        r, and Q of at least 1.
    """

    point: Ints
    quantity: Ints

    def __post_init__(self) -> None:
        if (self.quantity < 1).any():
            raise EquipoiseError("a lot is below one unit", where="fast twin", remedy="Give Q of at least 1")

    def decide(self, _bucket: int, books: Books) -> Ints:
        """Return whole lots."""
        short = self.point - books.position
        return np.where(short >= 0, (short // self.quantity + 1) * self.quantity, 0)
