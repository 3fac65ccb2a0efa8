"""Probability integral transform of counts against published quantiles, and what is read off it.

A calibrated distribution gives transforms that are uniform. Demand is a lattice: a transform is an
interval, in which the randomised one is drawn (Czado, Gneiting and Held 2009). Not here: errors of
points and quantiles (``scores``), or which windows are judged (``scorecard``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from assets.forecasting.history.arrays import Reals

HISTOGRAM_BINS = 10
# Half a unit below nothing, where P(D <= -1) = 0 is read.
_BELOW_NOTHING = -0.5


def pit_bounds(actual: Reals, quantiles: Reals, levels: Reals) -> tuple[Reals, Reals]:
    """Return P(D < d) and P(D <= d) of each outcome d, from quantiles of its distribution.

    ``P(D <= d)`` is the line through the quantiles, read half a unit above d. It is right for both
    kinds of quantiles: a lattice quantile at d says that ``P(D <= d)`` is at least its level, and
    less than the next level, whose quantile is at d + 1 or beyond; a continuous one, of a mean plus
    pooled residuals, is the quantile of demand spread half a unit to both sides. The tail above the
    last quantile is as long as the step before it (at least a unit), the one below ends at nothing.

    Parameters
    ----------
    actual : array (n,)
        Outcomes, in base units.
    quantiles : array (n, K)
        At ``levels``; they do not fall and are at least 0.
    levels : array (K,)
        Rising, between 0 and 1.

    Returns
    -------
    lower, upper : array (n,)

    Examples
    --------
    >>> quantiles = np.array([[0.0, 1.0, 2.0, 4.0]])
    >>> lower, upper = pit_bounds(np.array([1.0]), quantiles, np.array([0.1, 0.3, 0.7, 0.9]))
    >>> lower.round(6), upper.round(6)
    (array([0.2]), array([0.5]))
    """
    tail = quantiles[:, -1:] + np.maximum(quantiles[:, -1:] - quantiles[:, -2:-1], 1.0)
    knots = np.concatenate([np.full((len(quantiles), 1), _BELOW_NOTHING), quantiles, tail], axis=1)
    shares = np.concatenate([[0.0], levels, [1.0]])
    return share_below(actual - 0.5, knots, shares), share_below(actual + 0.5, knots, shares)


def share_below(value: Reals, knots: Reals, shares: Reals) -> Reals:
    """Return the line through (knots, shares) at each value; at a step, its upper end.

    Parameters
    ----------
    value : array (n,)
        Anything ordered.
    knots : array (n, K)
        Of each value's own law; they do not fall.
    shares : array (K,)
        Of the law at the knots, from 0 to 1.
    """
    passed = (knots <= value[:, None]).sum(axis=1)
    left, right = np.clip(passed - 1, 0, None), np.clip(passed, None, len(shares) - 1)
    row = np.arange(len(value))
    width = knots[row, right] - knots[row, left]
    part = np.where(width > 0, (value - knots[row, left]) / np.where(width > 0, width, 1.0), 0.0)
    share: Reals = np.where(passed > 0, shares[left] + part * (shares[right] - shares[left]), 0.0)
    return share


def randomised_pit(lower: Reals, upper: Reals, *identity: npt.NDArray[np.integer[Any]]) -> Reals:
    """Return one number of each interval, drawn by what the row is and not by where it stands.

    Parameters
    ----------
    lower, upper : array (n,)
        As ``pit_bounds`` returns them.
    *identity : array of integers (n,)
        What tells rows apart: series, origin, buckets ahead.

    Examples
    --------
    >>> rows = np.array([3, 4])
    >>> both = randomised_pit(np.zeros(2), np.ones(2), rows)
    >>> bool((both[::-1] == randomised_pit(np.zeros(2), np.ones(2), rows[::-1])).all())
    True
    """
    drawn: Reals = lower + (upper - lower) * _uniform(*identity)
    return drawn


def _uniform(*identity: npt.NDArray[np.integer[Any]]) -> Reals:
    """Return a number in [0, 1) for each row: SplitMix64 (Steele, Lea and Flood 2014) over its identity."""
    state = np.zeros(identity[0].shape, dtype=np.uint64)
    for part in identity:
        state = state + part.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(11)).astype(np.float64) / 2.0**53


def pit_coverage(lower: Reals, upper: Reals, low: float, high: float) -> float | None:
    """Return the share of randomised transforms between two levels, expected over their draws.

    A band of published quantiles holds whole atoms and so too many outcomes of small counts; this
    share is ``high - low`` wherever the distribution is right. ``None`` without outcomes.

    >>> round(pit_coverage(np.array([0.0, 0.5]), np.array([0.5, 1.0]), 0.1, 0.9), 6)
    0.8
    """
    return float(np.mean(_share_within(lower, upper, low, high))) if lower.size else None


def pit_histogram(lower: Reals, upper: Reals, bins: int = HISTOGRAM_BINS) -> Reals:
    """Return the share of transforms in equal bins, flat where calibrated (Czado et al. 2009, eq. 2).

    >>> pit_histogram(np.array([0.0]), np.array([0.5]), 4)
    array([0.5, 0.5, 0. , 0. ])
    """
    if not lower.size:
        return np.zeros(bins)
    edges = np.arange(bins + 1) / bins
    return np.array(
        [_share_within(lower, upper, edges[place], edges[place + 1]).mean() for place in range(bins)], dtype=np.float64
    )


def calibration_error(histogram: Reals) -> float | None:
    """Return the share of transforms in the wrong bin: half the sum of distances from flat; 0 is calibrated.

    ``None`` without transforms.

    >>> calibration_error(np.array([0.5, 0.5, 0.0, 0.0]))
    0.5
    """
    return float(np.abs(histogram - 1.0 / len(histogram)).sum() / 2.0) if histogram.sum() > 0 else None


def _share_within(lower: Reals, upper: Reals, low: float, high: float) -> Reals:
    width = upper - lower
    overlap = np.clip(np.minimum(upper, high) - np.maximum(lower, low), 0.0, None)
    inside = (lower >= low) & ((lower < high) | (high >= 1.0))
    share: Reals = np.where(width > 0, overlap / np.where(width > 0, width, 1.0), inside.astype(np.float64))
    return share
