"""Errors that all series of an origin share, and how far they widen what a few origins tell.

A pool of residuals of three origins holds three draws of the error that the series of an origin
have in common, however many series there are; the plan meets a fourth. Here: the share of variance
that lies between origins, and the factor that quantiles and deviation are widened by. Not here:
the pools (``calibrate``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.kernel.frames.forecasts import QUANTILE_LEVELS

_LEVELS: Reals = np.array(QUANTILE_LEVELS)
# Degrees of freedom that the share usual in the network weighs: those of three origins.
USUAL_FREEDOM = 2.0
# A pool of one origin says nothing of the next where all its variance is shared: no share is that large.
MOST_SHARE = 0.9


@dataclass(frozen=True)
class OriginSums:
    """Residuals added up by pool, origin and number of buckets.

    Attributes
    ----------
    count, total, square : array (G, O, H)
        How many there are, their sum, and the sum of their squares.
    """

    count: Reals
    total: Reals
    square: Reals

    @property
    def origins(self) -> Reals:
        """Origins that tell of each pool, shape (G, H)."""
        told: Reals = (self.count > 0).sum(axis=1).astype(np.float64)
        return told

    def plus(self, other: OriginSums) -> OriginSums:
        """Add the sums of fewer buckets, which are the first of these."""
        found = {name: values.copy() for name, values in vars(self).items()}
        for name, values in found.items():
            more = getattr(other, name)
            values[:, :, : more.shape[2]] += more
        return OriginSums(**found)


@dataclass(frozen=True)
class UsualShares:
    """Share of variance between origins that is usual in a network.

    Attributes
    ----------
    cumulative, intervals : array (H,)
        Of windows from the origin, and of those of any beginning, by number of buckets.
    """

    cumulative: Reals
    intervals: Reals


@dataclass(frozen=True)
class Stretch:
    """Factors of the distance from the median, and of the deviation.

    Attributes
    ----------
    quantiles : array (G, H, 13)
        At ``QUANTILE_LEVELS``; at least 1.
    deviation : array (G, H)
        At least 1.
    """

    quantiles: Reals
    deviation: Reals


def origin_sums(residual: Reals, counted: Flags, pool: Integers, origin: Integers, pools: int) -> OriginSums:
    """Add residuals up.

    Parameters
    ----------
    residual : array (n, H)
        Of each series and origin.
    counted : array (n, H)
        Which of them count.
    pool, origin : array (n,)
        Where each row belongs; pools are numbered from 0.
    pools : int
        How many there are.
    """
    names, place = np.unique(origin, return_inverse=True)
    cell = pool * len(names) + place.reshape(-1)
    order = np.argsort(cell, kind="stable")
    cells, first = np.unique(cell[order], return_index=True)
    value = np.where(counted, residual, 0.0)[order]
    found = []
    for part in (counted[order].astype(np.float64), value, value**2):
        sums = np.zeros((pools * len(names), residual.shape[1]))
        if len(cells):
            sums[cells] = np.add.reduceat(part, first, axis=0)
        found.append(sums.reshape(pools, len(names), residual.shape[1]))
    return OriginSums(*found)


def shared_share(sums: OriginSums) -> Reals:
    """Return the share of the variance of residuals that lies between origins, shape (G, H).

    The estimate of a one-way layout of unequal cells, from the mean squares between and within
    (Searle, Casella and McCulloch 1992, section 3.6), 0 where it is negative or there is one origin.

    >>> values = np.array([[1.0], [3.0], [11.0], [13.0]])
    >>> one = np.zeros(4, dtype=np.int64)
    >>> shared_share(origin_sums(values, values > 0, one, np.array([5, 5, 9, 9]), 1)).round(3)
    array([[0.961]])
    """
    size, whole = sums.count.sum(axis=1), np.maximum(sums.count.sum(axis=1), 1.0)
    freedom = np.maximum(sums.origins - 1.0, 1.0)
    explained = (sums.total**2 / np.maximum(sums.count, 1.0)).sum(axis=1)
    inside = np.maximum(sums.square.sum(axis=1) - explained, 0.0) / np.maximum(size - sums.origins, 1.0)
    between = np.maximum(explained - sums.total.sum(axis=1) ** 2 / whole, 0.0) / freedom
    typical = (size - (sums.count**2).sum(axis=1) / whole) / freedom
    excess = np.maximum(between - inside, 0.0) / np.maximum(typical, 1.0)
    told = (sums.origins > 1) & (size > sums.origins) & (excess + inside > 0)
    share: Reals = np.where(told, excess / np.where(told, excess + inside, 1.0), 0.0)
    return share


def stretch(sums: OriginSums, usual: Reals) -> Stretch:
    """Return how much wider the next origin's residuals are than the pool of those seen.

    With ``O`` origins and a share ``s`` between them, a pool's variance is ``1 - s / O`` of the
    whole, and a new residual around the pool's mean has ``1 + s / O``. The share itself is learned
    from a few origins: quantiles are Student's, of Satterthwaite's (1946) degrees of freedom. A pool's
    own share counts with the degrees of freedom of its origins and the usual one with
    ``USUAL_FREEDOM``, as variances are moderated where each is of few (Smyth 2004). All
    factors go to 1 as origins grow.

    Parameters
    ----------
    sums : OriginSums
        Of the pools.
    usual : array (H,)
        Share between origins that is usual in the network.
    """
    origins = np.maximum(sums.origins, 1.0)
    freedom = origins - 1.0 + USUAL_FREEDOM
    share = ((origins - 1.0) * shared_share(sums) + USUAL_FREEDOM * usual) / freedom
    share = np.minimum(share, MOST_SHARE)
    deviation = np.sqrt((1.0 + share / origins) / (1.0 - share / origins))
    new = np.maximum(share * (1.0 + 1.0 / origins), 1e-9)
    effective = freedom * ((1.0 + share / origins) / new) ** 2
    return Stretch(deviation[:, :, None] * _student(effective), deviation)


def _student(freedom: Reals) -> Reals:
    """Return the quantiles of Student's law over those of the normal one, 1 at the median."""
    normal = ndtri(_LEVELS)
    middle = np.abs(normal) < 1e-9
    ratio = stdtrit(freedom[:, :, None], _LEVELS) / np.where(middle, 1.0, normal)
    factor: Reals = np.where(middle, 1.0, np.maximum(ratio, 1.0))
    return factor
