"""Whole units drawn from any distribution by one table: the alias method over many distributions at once.

A family of demand is a table of probabilities (``inventory.demand_distributions``), so that one sampler serves
Poisson, negative binomial, gamma, observed and forecast demand, and lead times. Not here: chance (``streams``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.inventory.demand_distributions.lattice import Lattice
from assets.kernel.errors import EquipoiseError
from assets.twin.day import Floats, Ints
from assets.twin.fast.streams import Bits

LARGEST_TABLE = 4096
"""Outcomes of one distribution; wider ones are put on coarser cells."""
_HALF = np.uint64((1 << 32) - 1)
_TOO_MANY_UNITS = 1 << 40


@dataclass(frozen=True)
class Outcomes:
    """Distributions of whole units as alias tables (Walker 1977), all of one width, a power of two.

    Attributes
    ----------
    width_bits : int
        The tables have ``2 ** width_bits`` columns.
    kept : int array, shape (rows * columns,)
        Of 2^32, how often a column keeps what falls on it.
    units : int array, shape (2 * rows * columns,)
        By turns the units of a column, and those of its alias.
    """

    width_bits: int
    kept: NDArray[np.uint64]
    units: Ints

    @classmethod
    def of(cls, laws: Sequence[Lattice], largest: int = LARGEST_TABLE) -> Outcomes:
        """Return the tables of some distributions, a row each, on no more cells than ``largest``.

        Raises
        ------
        EquipoiseError
            If one has units below 0, parts of units, or more than can be counted.
        """
        laws = [_whole(law, largest) for law in laws]
        bits = max((max(law.mass.size for law in laws) - 1).bit_length(), 0)
        mass = np.zeros((len(laws), 1 << bits))
        points = np.zeros((len(laws), 1 << bits), dtype=np.int64)
        for row, law in enumerate(laws):
            mass[row, : law.mass.size] = law.mass
            points[row, : law.mass.size] = law.points.astype(np.int64)
        return cls(bits, *_alias(mass / mass.sum(axis=1, keepdims=True), points))

    def drawn(self, bits: Bits, first: Ints) -> Ints:
        """Return units for 64 drawn bits each.

        Parameters
        ----------
        bits : uint64 array, shape (n, R)
        first : int array, shape (n, 1)
            ``row << width_bits`` of each item-site.
        """
        column = (bits >> np.uint64(64 - self.width_bits)).astype(np.int64) if self.width_bits else np.zeros((), int)
        place = column + first
        np.bitwise_and(bits, _HALF, out=bits)
        moved = bits >= self.kept.take(place)
        np.left_shift(place, 1, out=place)
        np.add(place, moved, out=place)
        return np.asarray(self.units.take(place))


def _whole(law: Lattice, largest: int) -> Lattice:
    """Return a distribution of whole units on at most so many cells."""
    if law.start < 0 or law.step != np.floor(law.step) or not float(law.points[-1]) < _TOO_MANY_UNITS:
        raise EquipoiseError(
            f"units from {law.points[0]:g} to {law.points[-1]:g} in steps of {law.step:g}", where="fast twin",
            remedy="Give whole units of at least 0 that can be counted",
        )  # fmt: skip
    if law.mass.size <= largest:
        return law
    step = int(law.step)
    cell = step * -(-law.mass.size // largest)
    # Each point goes to the nearest cell of the coarser lattice, so that the mean stays to half a cell of noise.
    place = np.rint(law.points / cell).astype(np.int64)
    return Lattice(int(place[0]), np.bincount(place - place[0], weights=law.mass).astype(np.float64), float(cell))


def _alias(mass: Floats, points: Ints) -> tuple[NDArray[np.uint64], Ints]:
    """Return how often columns keep what falls on them, and both units of each."""
    rows, columns = mass.shape
    left = mass * columns
    kept, alias = np.ones_like(left), np.tile(np.arange(columns), (rows, 1))
    every, open_ = np.arange(rows), np.ones_like(left, dtype=bool)
    for _ in range(columns - 1):
        least = np.where(open_, left, np.inf).argmin(axis=1)
        most = np.where(open_, left, -np.inf).argmax(axis=1)
        share = np.minimum(left[every, least], 1.0)
        kept[every, least], alias[every, least] = share, most
        left[every, most] -= 1.0 - share
        open_[every, least] = False
    whole = np.rint(np.clip(kept, 0.0, 1.0) * 2.0**32).astype(np.uint64)
    both = np.stack([points, np.take_along_axis(points, alias, axis=1)], axis=2)
    return whole.ravel(), both.ravel()
