"""A distribution on equally spaced quantities: what it costs to hold against it, and its sums.

Not here: families of distributions (``families``) or lead times (``over_lead_time``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from assets.kernel.errors import EquipoiseError

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# What the tails of a family may lose on each side before the rest is scaled to 1.
TAIL = 1e-13
# Rounding of sums of probabilities: a ratio of exactly F(x) is reached at x.
ROUNDING = 1e-12
# Products of longer arrays go through the Fourier transform; short ones stay exact to the last bit.
DIRECT = 4_000_000


@dataclass(frozen=True)
class Lattice:
    """Probability of each of the quantities ``(start + k) step``.

    Attributes
    ----------
    start : int
        Place of the first quantity, in steps.
    mass : array (n,)
        Probabilities, which add up to 1.
    step : float
        Distance of two quantities, in units; 1 for whole units.

    Raises
    ------
    EquipoiseError
        If a probability is negative, or they do not add up to 1, or the step is not above 0.

    Examples
    --------
    >>> coin = Lattice(0, np.array([0.5, 0.5]))
    >>> two = coin.convolve(coin)
    >>> two.mean, two.variance, two.quantile(0.75)
    (1.0, 0.5, 1.0)
    """

    start: int
    mass: Reals
    step: float = 1.0

    def __post_init__(self) -> None:
        total = float(self.mass.sum())
        if not (self.step > 0 and self.mass.size and self.mass.min() >= 0 and abs(total - 1.0) < 1e-6):
            raise EquipoiseError(
                f"{self.mass.size} probabilities that add up to {total:.6g}, at a step of {self.step}",
                where="demand distribution",
                remedy="Give probabilities of at least 0 that add up to 1, and a step above 0",
            )

    @property
    def points(self) -> Reals:
        """Quantities, in units, shape (n,)."""
        points: Reals = np.arange(self.start, self.start + self.mass.size, dtype=float) * self.step
        return points

    @property
    def mean(self) -> float:
        """Expected quantity, in units."""
        return float(self.points @ self.mass)

    @property
    def variance(self) -> float:
        """Variance, in squared units."""
        return float((self.points - self.mean) ** 2 @ self.mass)

    @cached_property
    def cumulative(self) -> Reals:
        """Probability of at most each of the points, shape (n,)."""
        cumulative: Reals = np.minimum(np.cumsum(self.mass), 1.0)
        return cumulative

    def quantile(self, ratio: float) -> float:
        """Return the least quantity whose probability of not being exceeded reaches ``ratio``."""
        place = int(np.searchsorted(self.cumulative, ratio - ROUNDING))
        return float(self.points[min(place, self.mass.size - 1)])

    def convolve(self, other: Lattice) -> Lattice:
        """Return the distribution of the sum with an independent ``other`` of the same step."""
        if other.step != self.step:
            raise EquipoiseError(
                f"quantities a step of {self.step} and of {other.step} apart do not add up on one lattice",
                where="demand distribution",
                remedy="Use one step",
            )
        if self.mass.size * other.mass.size <= DIRECT:
            mass = np.convolve(self.mass, other.mass)
        else:
            mass = np.maximum(fftconvolve(self.mass, other.mass), 0.0)
        return Lattice(self.start + other.start, mass / mass.sum(), self.step)

    def times(self, count: int) -> Lattice:
        """Return the distribution of the sum of ``count`` independent copies (by squaring)."""
        result, square = Lattice(0, np.ones(1), self.step), self
        while count > 0:
            if count % 2:
                result = result.convolve(square)
            count //= 2
            square = square.convolve(square) if count else square
        return result

    def trimmed(self, tail: float = TAIL) -> Lattice:
        """Return the same without tails of at most ``tail`` on each side."""
        low = int(np.searchsorted(self.cumulative, tail, side="right"))
        high = int(np.searchsorted(self.cumulative, 1.0 - tail)) + 1
        mass = self.mass[low:high]
        return Lattice(self.start + low, mass / mass.sum(), self.step)

    def shortage(self, levels: Reals) -> Reals:
        """Return the expected quantity above each level, the loss function, in units."""
        points, above = self.points, np.append(1.0 - self.cumulative, 0.0)
        beyond = np.append(np.cumsum(above[:-1][::-1])[::-1] * self.step, 0.0)
        place = np.clip(np.ceil((levels - points[0]) / self.step - 1e-9).astype(int), 0, points.size - 1)
        shortage: Reals = beyond[place] + (points[place] - levels) * np.where(place > 0, above[place - 1], 1.0)
        return np.where(levels >= points[-1], 0.0, shortage)

    def holding_and_shortage(self, levels: Reals, holding_cost: float, shortage_cost: float) -> Reals:
        """Return ``h E[level - D]+ + p E[D - level]+`` for each level."""
        short = self.shortage(levels)
        cost: Reals = holding_cost * (levels - self.mean + short) + shortage_cost * short
        return cost


def mixture(parts: list[Lattice], weights: Reals) -> Lattice:
    """Return the distribution that is each part with its weight."""
    start = min(part.start for part in parts)
    mass = np.zeros(max(part.start + part.mass.size for part in parts) - start)
    for part, weight in zip(parts, weights, strict=True):
        mass[part.start - start : part.start - start + part.mass.size] += weight * part.mass
    return Lattice(start, mass, parts[0].step)


def distance(first: Lattice, second: Lattice) -> float:
    """Return the largest difference of the distribution functions (Kolmogorov), between 0 and 1."""
    points = np.union1d(first.points, second.points)
    return float(np.abs(_cumulative_at(first, points) - _cumulative_at(second, points)).max())


def _cumulative_at(law: Lattice, points: Reals) -> Reals:
    place = np.searchsorted(law.points, points + 1e-9 * law.step, side="right")
    at: Reals = np.append(0.0, law.cumulative)[place]
    return at
