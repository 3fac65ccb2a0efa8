"""Conformal quantiles of demand over windows of buckets, from the residuals of the backtest.

Here: pooling scaled residuals within a segment and level group, of windows that begin at the
origin (cumulative demand) and of windows of the same length wherever they begin (demand of an
interval ahead), and applying the first. Not here: making the residuals (``backtest``), what is
widened before it is published (``published``), applying the second (``intervals``), or series
without any (``analogue``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.kernel.frames.forecasts import QUANTILE_LEVELS

LEVELS: Reals = np.array(QUANTILE_LEVELS)
MEDIAN = QUANTILE_LEVELS.index(0.5)
# Fewer residuals than this say too little of a 5 % tail; a wider pool speaks then.
MINIMUM_POOL = 50
GROUP_RESIDUALS = 150
MOST_GROUPS = 5
# Added to the mean under the root: a forecast of nothing may still be wrong by a unit.
SCALE_FLOOR_UNITS = 0.05
# Where nothing at all was backtested: counts twice as variable as Poisson.
UNTESTED_VARIANCE_RATIO = 2.0
RESIDUALS = ("quantiles", "deviation", "interval_quantiles", "interval_deviation")
"""Parts of a calibration that have a row for each level group."""


@dataclass(frozen=True)
class Calibration:
    """What a candidate's means lack, and its scaled residuals about them, by level group and number of buckets.

    Attributes
    ----------
    edges : array (G - 1,)
        Levels that part the groups, of corrected means.
    quantiles : array (G, H, 13)
        Of ``(demand - mean) / scale`` over the first 1 to H buckets, at ``QUANTILE_LEVELS``.
    deviation : array (G, H)
        Root mean square of the same.
    interval_quantiles : array (G, H, 13)
        As ``quantiles``, over 1 to H consecutive buckets, whichever bucket they begin with.
    interval_deviation : array (G, H)
        Root mean square of the same.
    mean_factor : float
        What the candidate's means are multiplied with before anything else.
    """

    edges: Reals
    quantiles: Reals
    deviation: Reals
    interval_quantiles: Reals
    interval_deviation: Reals
    mean_factor: float = 1.0

    def group(self, level: Reals) -> Integers:
        """Return the level group of each corrected mean per bucket."""
        return np.searchsorted(self.edges, level, side="right").astype(np.int64)

    def mean_of(self, mean: Reals) -> Reals:
        """Return the corrected means of what a candidate says, any shape."""
        return mean * self.mean_factor

    def quantiles_of(self, cumulative_mean: Reals, level: Reals) -> Reals:
        """Return quantiles of cumulative demand, shape (n, H, 13).

        They never cross, are at least 0, and do not fall with the horizon, because demand is
        never negative.

        Parameters
        ----------
        cumulative_mean : array (n, H)
            As the candidate says.
        level : array (n,)
            Its mean per bucket.
        """
        shape, mean = self.quantiles[self.group(self.mean_of(level))], self.mean_of(cumulative_mean)
        raw = mean[:, :, None] + scale(mean)[:, :, None] * shape
        return np.maximum.accumulate(np.maximum.accumulate(np.maximum(raw, 0.0), axis=1), axis=2)

    def deviation_of(self, cumulative_mean: Reals, level: Reals) -> Reals:
        """Return the standard deviation of cumulative demand, shape (n, H), of the same."""
        return scale(self.mean_of(cumulative_mean)) * self.deviation[self.group(self.mean_of(level))]


def scale(cumulative_mean: Reals) -> Reals:
    """Return the unit that residuals are measured in: the root of the mean, as counts vary."""
    return np.sqrt(cumulative_mean + SCALE_FLOOR_UNITS)


def order_quantiles(pool: Reals) -> Reals:
    """Return the quantiles of a pool at ``QUANTILE_LEVELS``, shape (13,).

    The order statistics at ``(n + 1) * level``, interpolated, the ends held (Hyndman and Fan 1996,
    type 6). One sort serves all levels: as ``numpy.quantile`` finds them, in a quarter of its time.

    >>> order_quantiles(np.arange(1.0, 100.0))[[0, 6, 12]].round(6).tolist()
    [1.0, 50.0, 99.0]
    """
    ordered = np.sort(pool)
    place = np.clip((len(ordered) + 1) * LEVELS - 1.0, 0.0, len(ordered) - 1.0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, len(ordered) - 1)
    found: Reals = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return found


def untested(horizon: int) -> Calibration:
    """Return the calibration of a network without any backtest: normal, twice Poisson's variance."""
    spread = float(np.sqrt(UNTESTED_VARIANCE_RATIO))
    quantiles = np.tile(spread * ndtri(LEVELS), (1, horizon, 1))
    deviation = np.full((1, horizon), spread)
    return Calibration(np.empty(0), quantiles, deviation, quantiles.copy(), deviation.copy())


def calibrate(outcomes: Outcomes, wider: Calibration) -> Calibration:
    """Pool the scaled residuals of a segment within groups of similar level.

    Quantiles are split-conformal order statistics at ``(n + 1) * level`` (Vovk, Gammerman and
    Shafer 2005), interpolated. A group and horizon with fewer than ``MINIMUM_POOL`` residuals
    takes those of the wider pool. Intervals stand as cumulative demand over as many buckets until
    ``with_intervals`` pools their own, which scoring a candidate needs not.

    Parameters
    ----------
    outcomes : Outcomes
        Backtest of the segment's champion.
    wider : Calibration
        Pool to fall back to.
    """
    level, (expected, actual, scored) = outcomes.level, outcomes.over(0)
    rows = len(level)
    groups = int(np.clip(rows // GROUP_RESIDUALS, 1, MOST_GROUPS))
    edges = np.quantile(level, np.arange(1, groups) / groups) if rows else np.empty(0)
    member = np.searchsorted(edges, level, side="right")
    found = _borrowed(edges, wider, wider.group(_centres(level, member, groups)))
    residual = (actual - expected) / scale(expected)
    for group in range(groups):
        for ahead in range(residual.shape[1]):
            pool = residual[(member == group) & scored[:, ahead], ahead]
            if pool.size >= MINIMUM_POOL:
                found.quantiles[group, ahead] = order_quantiles(pool)
                found.deviation[group, ahead] = np.sqrt(np.mean(pool**2))
                found.interval_quantiles[group, ahead] = found.quantiles[group, ahead]
                found.interval_deviation[group, ahead] = found.deviation[group, ahead]
    return found


def calibrated(outcomes: Outcomes, wider: Calibration) -> Calibration:
    """Return cumulative demand and intervals of any beginning, each from its own pool."""
    return with_intervals(calibrate(outcomes, wider), outcomes)


def with_intervals(calibration: Calibration, outcomes: Outcomes) -> Calibration:
    """Pool windows of each length over all buckets that they can begin with.

    Windows of one length differ little by where they begin once their mean is known, and those
    that begin elsewhere saw other weeks: the pool of all of them is steadier than that of one
    beginning (README). Where fewer than ``MINIMUM_POOL`` series and origins tell of a length,
    what the calibration holds stays: that of the same length from the origin, or the wider pool's.

    Parameters
    ----------
    calibration : Calibration
        Of the same outcomes, by ``calibrate``.
    outcomes : Outcomes
        Backtest of the segment's champion.
    """
    member = calibration.group(outcomes.level)
    starts = [_residuals(outcomes, first) for first in range(outcomes.mean.shape[1])]
    quantiles, deviation = calibration.interval_quantiles.copy(), calibration.interval_deviation.copy()
    for group in range(len(quantiles)):
        mine = member == group
        for place in range(quantiles.shape[1]):
            windows = [
                (residual[mine, place], scored[mine, place]) for residual, scored in starts[: len(starts) - place]
            ]
            if np.any([scored for _, scored in windows], axis=0).sum() >= MINIMUM_POOL:
                pool = np.concatenate([residual[scored] for residual, scored in windows])
                quantiles[group, place] = order_quantiles(pool)
                deviation[group, place] = np.sqrt(np.mean(pool**2))
    return replace(calibration, interval_quantiles=quantiles, interval_deviation=deviation)


def _residuals(outcomes: Outcomes, first: int) -> tuple[Reals, Flags]:
    expected, actual, scored = outcomes.over(first)
    return (actual - expected) / scale(expected), scored


def _centres(level: Reals, member: Integers, groups: int) -> Reals:
    chosen = [level[member == group] for group in range(groups)]
    return np.array([float(np.median(levels)) if levels.size else 0.0 for levels in chosen])


def _borrowed(edges: Reals, wider: Calibration, group: Integers) -> Calibration:
    own = {name: getattr(wider, name)[group] for name in RESIDUALS}
    return Calibration(edges, **own)
