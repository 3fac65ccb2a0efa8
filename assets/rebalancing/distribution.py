"""Piecewise-linear distributions from published quantiles, many at once.

Not here: what a unit too many or too few costs (``value``).
"""

from __future__ import annotations

import numpy as np

from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.rebalancing.item_sites import Floats

LEVELS: Floats = np.array((0.0, *QUANTILE_LEVELS, 1.0))
"""Levels of the knots of a distribution, its two ends included."""

POINT_WEIGHTS: Floats = np.diff(
    np.concatenate([[0.0], (np.array(QUANTILE_LEVELS)[1:] + np.array(QUANTILE_LEVELS)[:-1]) / 2, [1.0]])
)
"""Probability of each published quantile when the distribution is taken as points."""


def knots(quantiles: Floats) -> Floats:
    """Add the two ends to published quantiles; the last axis grows from 13 to 15.

    The lower tail runs on at the density between the 1 % and 5 % quantiles, not below zero;
    the upper tail spans the distance between the 95 % and 99 % quantiles once more.
    """
    lower = quantiles[..., :1] - (quantiles[..., 1:2] - quantiles[..., :1]) * 0.25
    upper = quantiles[..., -1:] + (quantiles[..., -1:] - quantiles[..., -2:-1])
    lower = np.minimum(np.maximum(lower, 0.0), quantiles[..., :1])
    return np.concatenate([lower, quantiles, upper], axis=-1)


def _areas(at: Floats) -> Floats:
    """Return the integral of the distribution function up to each knot."""
    steps = np.diff(at, axis=-1) * (LEVELS[1:] + LEVELS[:-1]) / 2
    return np.concatenate([np.zeros((*at.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)


def integrated(at: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return E[(x - D)+], the integral of F up to x, and F(x); see ``expected_excess``."""
    position = np.full(np.broadcast_shapes(at[..., :1].shape, x.shape), -1)
    for knot in range(at.shape[-1]):
        position += at[..., knot, None] <= x
    below, last = position < 0, position >= at.shape[-1] - 1
    left, reached = np.clip(position, 0, at.shape[-1] - 2), np.clip(position, 0, None)
    start = np.take_along_axis(at, left, axis=-1)
    width = np.take_along_axis(at, left + 1, axis=-1) - start
    share = np.clip((x - start) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    level = LEVELS[left] + (LEVELS[left + 1] - LEVELS[left]) * share
    level = np.where(below, 0.0, np.where(last, 1.0, level))
    area = np.where(below, 0.0, np.take_along_axis(_areas(at), reached, axis=-1))
    distance = np.where(below, 0.0, x - np.take_along_axis(at, reached, axis=-1))
    # Beyond the last knot both levels are 1, so that the mean of the two holds everywhere.
    return np.asarray(area + distance * (LEVELS[reached] + level) / 2), level


def expected_excess(at: Floats, x: Floats) -> Floats:
    """Return E[(x - D)+], the integral of F up to x.

    Parameters
    ----------
    at : float array, shape (R, 15)
        Knots, see ``knots``.
    x : float array, shape (R, B)
        Points.

    Examples
    --------
    >>> import numpy as np
    >>> known = np.full((1, 15), 4.0)  # demand is 4 for certain
    >>> expected_excess(known, np.array([[3.0, 4.0, 6.0]])).tolist()
    [[0.0, 0.0, 2.0]]
    """
    return integrated(at, x)[0]


def mean(at: Floats) -> Floats:
    """Return E[D] of distributions with knots ``at``, shape (R,)."""
    return np.asarray(at[..., -1] - _areas(at)[..., -1])


def expected_shortage(at: Floats, x: Floats) -> Floats:
    """Return E[(D - x)+] at points ``x`` (R, B)."""
    return np.maximum(0.0, mean(at)[..., None] - x + expected_excess(at, x))


def as_points(values: Floats, weights: Floats) -> Floats:
    """Return 13 points at the published levels of discrete distributions, with their means.

    Parameters
    ----------
    values, weights : float array, shape (R, M)
        Support and probabilities.
    """
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    cumulative = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    levels = np.array(QUANTILE_LEVELS)
    position = (cumulative[:, None, :] < levels[None, :, None] - 1e-12).sum(axis=-1)
    points = np.take_along_axis(ordered, np.minimum(position, values.shape[-1] - 1), axis=-1)
    target, found = (values * weights).sum(axis=-1), points @ POINT_WEIGHTS
    scale = np.divide(target, found, out=np.ones_like(target), where=found > 0)
    return np.asarray(points * scale[:, None])
