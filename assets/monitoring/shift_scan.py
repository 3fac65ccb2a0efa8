"""Whether the level of a series has shifted against its own past, with a known rate of false alarms.

The latest points, in windows of a few lengths, are held against a reference stretch before them. Here: the
statistic and its limits, for any numbers. Not here: which numbers are watched (``signals``), nor tables.

The statistic is a scan over windows (Siegmund 1985, ch. II): for window ``w`` the difference of means over its
standard deviation, which holds the error of the reference's mean and what neighbours in time have in common;
Student's law with the reference's degrees of freedom turns it into a normal score, so that short references
alarm no oftener. The largest over the windows is compared with one limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assets.forecasting.history.arrays import Flags, Integers, Reals

LARGEST_CORRELATION = 0.9
"""Correlation of neighbours is held below this: beyond, nothing short of a trend could be told."""


@dataclass(frozen=True)
class ScanPlan:
    """How a kind of series is watched.

    Attributes
    ----------
    windows : tuple of int
        Lengths of the latest stretch that are compared, in points.
    span : int
        Points over which the rate of false alarms holds.
    limit : float
        At which a series alarms; 5 % of series that never shift do so once in ``span`` points.
    """

    windows: tuple[int, ...]
    span: int
    limit: float


DAILY = ScanPlan((14, 28), 364, 3.75)
"""Fifty-two weeks of days."""
WEEKLY = ScanPlan((4, 12), 52, 3.25)
"""Fifty-two weeks."""
BY_EVENT = ScanPlan((10, 20), 100, 3.25)
"""A hundred events in their order, such as receipts of a supplier."""


@dataclass(frozen=True)
class Scan:
    """What a scan of ``n`` series over ``t`` watched points found.

    Attributes
    ----------
    score : array (n, t)
        Largest normal score over the windows after each point, with the sign of the shift.
    window : int array (n, t)
        Points of the window that it belongs to; 0 before any window is full.
    limit : float
        Of the plan.
    """

    score: Reals
    window: Integers
    limit: float

    @property
    def alarms(self) -> Flags:
        """Whether each series is beyond the limit after each point, shape (n, t)."""
        return np.asarray(np.abs(self.score) >= self.limit)


def normal_scores(values: Reals, reference: Reals) -> Reals:
    """Return the rank of each value within its reference as a standard normal number.

    Parameters
    ----------
    values : array (n, t)
        Numbers of any unit.
    reference : array (n, r)
        The stretch that each series is held against.

    Notes
    -----
    Blom's (1958) mid-rank: ``Phi^-1((below + equal / 2 + 1/2) / (r + 1))``. One wild value counts as one large one.

    Examples
    --------
    >>> normal_scores(np.array([[2.0, 99.0]]), np.array([[1.0, 2.0, 3.0]])).round(2)
    array([[0.  , 1.15]])
    """
    ordered, count = np.sort(reference, axis=1), reference.shape[1]
    ranks = [
        (np.searchsorted(row, value, "left") + np.searchsorted(row, value, "right")) / 2.0
        for row, value in zip(ordered, values, strict=True)
    ]
    scores: Reals = stats.norm.ppf((np.array(ranks).reshape(values.shape) + 0.5) / (count + 1.0))
    return scores


def scan(reference: Reals, watched: Reals, plan: ScanPlan) -> Scan:
    """Scan series for shifts of level.

    Parameters
    ----------
    reference : array (n, r)
        Points before those watched, in time order; at least 8.
    watched : array (n, t)
        Points that follow.
    plan : ScanPlan
        Windows and limit.
    """
    base, latest = normal_scores(reference, reference), normal_scores(watched, reference)
    mean, deviation = base.mean(axis=1, keepdims=True), base.std(axis=1, ddof=1, keepdims=True)
    steady = deviation <= 0.0  # all alike: any other value is told by its rank alone
    standard = (latest - mean) / np.where(steady, 1.0, deviation)
    correlation = _neighbours(base - mean)
    count = reference.shape[1]
    freedom = np.maximum(count * (1.0 - correlation) / (1.0 + correlation) - 1.0, 2.0)
    score, window = np.zeros(watched.shape), np.zeros(watched.shape, dtype=np.int64)
    sums = np.cumsum(np.pad(standard, ((0, 0), (1, 0))), axis=1)
    for length in (one for one in plan.windows if one <= watched.shape[1]):
        means = (sums[:, length:] - sums[:, :-length]) / length
        variance = _variance(length, correlation) + _variance(count, correlation)
        found = _as_normal(means / np.sqrt(variance), freedom)
        larger = np.abs(found) > np.abs(score[:, length - 1 :])
        score[:, length - 1 :] = np.where(larger, found, score[:, length - 1 :])
        window[:, length - 1 :] = np.where(larger, length, window[:, length - 1 :])
    return Scan(score, window, plan.limit)


def _neighbours(centred: Reals) -> Reals:
    """Return the correlation of points one apart, shape (n, 1): at least 0, less the bias of short stretches undone."""
    power = (centred**2).sum(axis=1, keepdims=True)
    products = (centred[:, 1:] * centred[:, :-1]).sum(axis=1, keepdims=True)
    raw = np.divide(products, power, out=np.zeros_like(power), where=power > 0)
    # Kendall (1954): the estimate of r points is low by (1 + 3 rho) / r. Undone at every sign: a step at 0 would
    # let the last bit of a sum decide.
    bounded: Reals = np.clip(raw + (1.0 + 3.0 * raw) / centred.shape[1], 0.0, LARGEST_CORRELATION)
    return bounded


def _variance(count: int, correlation: Reals) -> Reals:
    """Return the variance of the mean of ``count`` standard points whose correlation falls by ``rho`` a step."""
    rho = correlation
    sums: Reals = count * (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho**count) / (1.0 - rho) ** 2
    return sums / count**2


def _as_normal(statistic: Reals, freedom: Reals) -> Reals:
    tail = stats.t.logsf(np.abs(statistic), freedom)
    # Through logarithms, so that what is far out keeps its order.
    size: Reals = -stats.norm.ppf(np.exp(np.maximum(tail, -700.0)))
    return np.sign(statistic) * size
