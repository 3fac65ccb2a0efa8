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
from assets.twin.fast.sharing import Sharing


@dataclass(frozen=True)
class Orders:
    """Units wanted on normal ways, and from the item-site that may help out in this bucket.

    Attributes
    ----------
    ways, lateral : int array, shape (n, R)
        Units.
    kept : int array, shape (n, 1)
        Units that an item-site does not give away to help out.
    least : int array, shape (n, 1)
        Units below which helping an item-site out does not pay.
    """

    ways: Ints
    lateral: Ints
    kept: Ints
    least: Ints


Decision = Ints | Orders | list[Lines]


class Policy(Protocol):
    """What decides: units wanted on every normal way, shape (n, R), with help or not, or each replication's lines."""

    def decide(self, bucket: int, books: Books) -> Decision:
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
        return np.asarray(np.maximum(missing, 0, out=missing))


@dataclass(frozen=True)
class NetworkBaseStock:
    """Base stock over echelons, and help from the side.

    An item-site also orders what those that it supplies still miss, as if it owed it to them; whoever is short of
    what must last until an order could arrive takes from a neighbour that keeps enough.

    Attributes
    ----------
    level : int array, shape (n, 1)
        S.
    needed : int array, shape (n, 1)
        Position below which an item-site is short.
    kept : int array, shape (n, 1)
        Units that a donor keeps.
    least : int array, shape (K, n, 1)
        Units below which help from the k-th donor does not pay.
    supplied : tuple of Sharing
        Who is supplied by whom, those that supply nobody first; what ``stages`` returned.
    """

    level: Ints
    needed: Ints
    kept: Ints
    least: Ints
    supplied: tuple[Sharing, ...]

    def decide(self, bucket: int, books: Books) -> Orders:
        """Return the units that are missing; what comes from the side is not ordered again."""
        short = np.maximum(self.needed - books.position, 0)
        missing = self.level - books.position
        for shares in self.supplied:
            missing[shares.name] += shares.summed(np.maximum(missing[shares.rows], 0))
        return Orders(np.maximum(missing, 0), short, self.kept, self.least[bucket % len(self.least)])


def stages(origin: Ints) -> tuple[Sharing, ...]:
    """Return who is supplied by whom, in the order in which orders travel up; none of it in a circle.

    Raises
    ------
    EquipoiseError
        If item-sites supply each other in a circle.
    """
    height, rows = np.zeros(len(origin), dtype=np.int64), np.flatnonzero(origin >= 0)
    for _ in range(len(origin) + 1):
        before = height.copy()
        np.maximum.at(height, origin[rows], before[rows] + 1)
        if np.array_equal(before, height):
            groups = [np.where((height == step) & (origin >= 0), origin, -1) for step in range(int(height.max()))]
            return tuple(shares for shares in map(Sharing.of, groups) if shares)
    raise EquipoiseError("item-sites supply each other in a circle", where="fast twin", remedy="Break the circle")


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
