"""How far demand strays from its mean, and sample paths of it: one possible future a path.

For whoever decides or simulates over several buckets at once. Not here: the mean (``levels``,
``boosted``), or calibrated quantiles of cumulative demand (``calibrate``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.levels import deseasonalised
from assets.forecasting.history.panel import SeriesPanel

# Origins whose residuals count, one horizon apart: a year of weeks.
RESIDUAL_ORIGINS = 12
# Levels are cut into groups of as many residuals; a group's ratio is robust, its line is fitted over groups.
LEVEL_GROUPS = 20
# Share of the largest squared residuals of a group that is cut to the largest of the others:
# promotions and wholesale orders, which no stock is kept for.
SPIKE_SHARE = 0.02
# Counts never vary less than Poisson's; a line fitted to few residuals is kept within reason.
LEAST_RATIO, MOST_RATIO = 1.05, 4.0
MOST_GROWTH = 1.0
# Beyond this mean the ratio of variance to mean grows no further.
GROWTH_CEILING_UNITS = 20.0
# Squared coefficient of variation of the level that all buckets of a path share. Small: the residuals
# that the line is fitted to hold the error of the level already.
LEVEL_CV2 = 0.03
LEAST_MEAN = 1e-9


@dataclass(frozen=True)
class Dispersion:
    """Variance of a bucket's demand around a mean that is right.

    ``variance = mean (ratio + growth min(mean, 20))``; a level error shared by a path comes on top.

    Attributes
    ----------
    ratio : float
        Variance over mean of the slowest series.
    growth : float
        What each unit of mean adds to it.
    level_cv2 : float
        Squared coefficient of variation of the level, the same for all buckets of a path.
    """

    ratio: float = 1.5
    growth: float = 0.3
    level_cv2: float = LEVEL_CV2

    def variance_ratio(self, mean: Reals) -> Reals:
        """Return variance over mean of each bucket."""
        ratio: Reals = self.ratio + self.growth * np.minimum(mean, GROWTH_CEILING_UNITS)
        return ratio


def estimated_dispersion(panel: SeriesPanel, horizon: int, *, seasonal: bool = True) -> Dispersion:
    """Estimate how far demand strays from the shrunken exponential mean, over rolling origins.

    Residuals of all series are pooled in groups of similar mean, their largest squares cut; a line
    through the groups' ratios of variance to mean gives ``ratio`` and ``growth``, both within
    bounds. Without a residual the defaults stand.

    Parameters
    ----------
    panel : SeriesPanel
        What is known.
    horizon : int
        Buckets ahead.
    seasonal : bool
        Whether demand has a season.
    """
    mean, actual = _residuals(panel, horizon, seasonal)
    if len(mean) < LEVEL_GROUPS:
        return Dispersion()
    order = np.argsort(mean, kind="stable")
    groups = [group for group in np.array_split(order, LEVEL_GROUPS) if mean[group].sum() > 0]
    level = np.array([mean[group].mean() for group in groups])
    ratio = np.array([_variance_ratio(mean[group], actual[group]) for group in groups])
    return _line(np.minimum(level, GROWTH_CEILING_UNITS), ratio)


def sample_paths(mean: Reals, dispersion: Dispersion, count: int, seed: int) -> Integers:
    """Return possible futures of demand.

    The level of a path is gamma with mean 1, shared by its buckets; demand of a bucket is negative
    binomial around level times mean. Series are independent of one another.

    Parameters
    ----------
    mean : array (n, H)
        Mean demand of each bucket, rows in the order of their keys: the numbers drawn follow it.
    dispersion : Dispersion
        How far demand strays.
    count : int
        Paths, S.
    seed : int
        The same seed draws the same paths.

    Returns
    -------
    array (n, H, S)
        Base units.
    """
    random = np.random.default_rng(seed)
    level = np.ones((mean.shape[0], 1, count))
    if dispersion.level_cv2 > 0:
        level = random.gamma(1.0 / dispersion.level_cv2, dispersion.level_cv2, size=level.shape)
    shifted = np.maximum(mean[:, :, None] * level, LEAST_MEAN)
    excess = np.maximum(dispersion.variance_ratio(mean) - 1.0, 1e-3)[:, :, None]
    return random.poisson(random.gamma(shifted / excess, excess)).astype(np.int64)


def _residuals(panel: SeriesPanel, horizon: int, seasonal: bool) -> tuple[Reals, Reals]:
    cuts = [panel.length - horizon * (place + 1) for place in range(RESIDUAL_ORIGINS)]
    mean, actual = [np.empty(0)], [np.empty(0)]
    for cut in cuts:
        if cut < max(horizon, 1):
            break
        ahead = slice(cut, cut + horizon)
        expected = deseasonalised(panel.until(cut), seasonal=seasonal).base_means(panel.phase[ahead])
        counts = panel.observed[:, ahead] & (panel.begins < cut)[:, None]
        mean.append(expected[counts])
        actual.append(panel.demand[:, ahead][counts])
    return np.concatenate(mean), np.concatenate(actual)


def _variance_ratio(mean: Reals, actual: Reals) -> float:
    squared = (actual - mean) ** 2
    return float(np.minimum(squared, np.quantile(squared, 1.0 - SPIKE_SHARE)).sum() / mean.sum())


def _line(level: Reals, ratio: Reals) -> Dispersion:
    centred = level - level.mean()
    spread = float((centred**2).sum())
    growth = float(np.clip((centred * ratio).sum() / spread if spread > 0 else 0.0, 0.0, MOST_GROWTH))
    constant = float(np.clip(ratio.mean() - growth * level.mean(), LEAST_RATIO, MOST_RATIO))
    return Dispersion(constant, growth)
