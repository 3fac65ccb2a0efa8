"""What base stocks over several echelons cost, by the first two moments of what is owed downstream.

An approximation for whole networks at once, where the exact evaluations (``serial``, ``distribution``) have
one chain or two echelons. Not here: which base stocks are compared (``placement``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAST_VARIANCE = 1e-12


@dataclass(frozen=True)
class EchelonSystem:
    """``n`` stages, each replenished by one other or from outside.

    Attributes
    ----------
    parent : array (n,)
        Stage that replenishes it, on a higher echelon; -1 for the outside, which never owes.
    echelon : array (n,)
        0 where demand is met.
    mean, variance : array (n,)
        Of demand per bucket, what is served downstream included.
    transit, transit_variance : array (n,)
        Mean time from order to arrival if the parent has stock, in buckets, and its variance.
    wait_variance : array (n,)
        Variance of the wait for a departure within that time, squared buckets.
    review : array (n,)
        Buckets between orders, at least 1.
    holding, shortage : array (n,)
        Cost per unit and bucket of stock; per unit of demand from outside that is not met, 0 where there is none.
    """

    parent: Integers
    echelon: Integers
    mean: Reals
    variance: Reals
    transit: Reals
    transit_variance: Reals
    wait_variance: Reals
    review: Reals
    holding: Reals
    shortage: Reals

    @property
    def protection_mean(self) -> Reals:
        """Expected demand from an order to the arrival of the next."""
        mean: Reals = self.mean * (self.transit + self.review)
        return mean

    @property
    def protection_std(self) -> Reals:
        """Standard deviation of the same."""
        std: Reals = np.sqrt(self.variance * (self.transit + self.review) + self.mean**2 * self.transit_variance)
        return std

    @property
    def serves(self) -> npt.NDArray[np.bool_]:
        """Whether a stage replenishes others."""
        serves = np.zeros(len(self.parent), dtype=np.bool_)
        serves[self.parent[self.parent >= 0]] = True
        return serves

    @property
    def lumps(self) -> Reals:
        """Variance of what has been ordered from a stage, because stages order for a review at a time."""
        lumps = np.zeros(len(self.parent))
        rows = np.flatnonzero(self.parent >= 0)
        np.add.at(lumps, self.parent[rows], self.mean[rows] ** 2 * (self.review[rows] ** 2 - 1.0) / 12.0)
        return lumps

    def with_below(self, values: Reals) -> Reals:
        """Return values added up over each stage and all that it serves, directly or through others."""
        total = values.copy()
        for echelon in range(int(self.echelon.max(initial=0))):
            rows = np.flatnonzero((self.echelon == echelon) & (self.parent >= 0))
            np.add.at(total, self.parent[rows], total[rows])
        return total


@dataclass(frozen=True)
class EchelonCost:
    """What base stocks cost by stage.

    Attributes
    ----------
    holding, shortage : array (n,)
        Per bucket.
    owed_mean, owed_variance : array (n,)
        Units ordered by the stage that its parent has not sent for want of stock.
    """

    holding: Reals
    shortage: Reals
    owed_mean: Reals
    owed_variance: Reals

    @property
    def total(self) -> Reals:
        """Holding and shortage."""
        return self.holding + self.shortage


def echelon_cost(system: EchelonSystem, levels: Reals) -> EchelonCost:
    """Return what base stocks cost, the highest echelon first.

    A stage with base stock ``S`` has on hand ``(S - X)+`` and owes ``(X - S)+``, with ``X`` the demand since the
    orders that have arrived were placed, and what its parent owed it then. ``X`` is taken as normal; a parent's
    shortage is shared in proportion to demand, unit by unit (Graves 1985, equations 8 to 10, for a review of
    one; here averaged over the buckets of a review). Unmet demand counts once, in the bucket that it arises.

    Parameters
    ----------
    system : EchelonSystem
    levels : array (n,)
        Base stocks, in units.
    """
    count = len(levels)
    serves, lumps = system.serves, system.lumps
    held, lost, backlog, backlog_variance, owed, owed_variance = np.zeros((6, count))
    above = np.where(system.parent >= 0, system.parent, 0)
    share = np.where(system.parent >= 0, system.mean / np.maximum(system.mean[above], 1e-12), 0.0)
    share = np.clip(share, 0.0, 1.0)
    for echelon in range(int(system.echelon.max(initial=0)), -1, -1):
        rows = np.flatnonzero(system.echelon == echelon)
        up, part = above[rows], share[rows]
        owed[rows] = part * backlog[up]
        owed_variance[rows] = part**2 * backlog_variance[up] + part * (1.0 - part) * backlog[up]
        review, level = system.review[rows], levels[rows]

        def demand(extra: Reals, spread: Reals, rows: Integers = rows) -> tuple[Reals, Reals]:
            mean = system.mean[rows] * (system.transit[rows] + extra) + owed[rows]
            timing = system.mean[rows] ** 2 * (system.transit_variance[rows] + system.wait_variance[rows] + spread)
            variance = (
                system.variance[rows] * (system.transit[rows] + extra) + timing + lumps[rows] + owed_variance[rows]
            )
            return mean, np.sqrt(np.maximum(variance, LEAST_VARIANCE))

        # Customers come after the morning's arrivals and are counted in the evening; orders come with the morning.
        counted = np.where(serves[rows], -1.0, 1.0)
        mean, std = demand((review + counted) / 2.0, (review**2 - 1.0) / 12.0)
        short, squared = _excess(level, mean, std)
        backlog[rows] = short
        backlog_variance[rows] = np.maximum(squared - short**2, 0.0)
        held[rows] = level - mean + short
        none = np.zeros(len(rows))
        missed = _excess(level, *demand(review, none))[0] - _excess(level, *demand(none, none))[0]
        lost[rows] = np.maximum(missed, 0.0) / review
    return EchelonCost(system.holding * held, system.shortage * lost, owed, owed_variance)


def _excess(level: Reals, mean: Reals, std: Reals) -> tuple[Reals, Reals]:
    """Return the first two moments of what a normal demand exceeds a level by."""
    k = (level - mean) / std
    density, above = np.exp(-(k**2) / 2.0) / np.sqrt(2.0 * np.pi), ndtr(-k)
    first: Reals = std * (density - k * above)
    second: Reals = std**2 * ((1.0 + k**2) * above - k * density)
    return np.maximum(first, 0.0), np.maximum(second, 0.0)
