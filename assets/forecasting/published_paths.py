"""Sample paths that agree with the published forecast: possible futures for whoever simulates.

Here: paths whose cumulative demand has the published distribution at the end of every bucket, and
whose buckets vary together as the calibration of intervals says. Not here: paths around a mean alone
(``paths``), or any model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.index import KEY
from assets.forecasting.intervals import IntervalForecast, interval_forecast
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS

# A path's level is kept within reason where residuals of long intervals are far beyond those of short ones.
MOST_LEVEL_CV2 = 1.0
LEAST_MEAN = 1e-9
LEAST_EXCESS = 1e-3


def published_paths(
    forecast: pd.DataFrame, calibration: pd.DataFrame, count: int, seed: int
) -> tuple[pd.DataFrame, Integers]:
    """Return possible futures of every item-site.

    A path is drawn bucket by bucket: a level shared by its buckets (gamma) and demand of each
    bucket (negative binomial around level times mean), so that what was sold before is added to.
    Then only its rank among the paths counts: it takes the published quantile of cumulative demand
    at that rank (the reordering of Iman and Conover 1982). Cumulative demand never falls, and is
    rounded to whole units. Item-sites are independent of one another.

    Parameters
    ----------
    forecast, calibration : DataFrame
        Frames ``DEMAND_FORECAST`` and ``INTERVAL_CALIBRATION`` of one plan date.
    count : int
        Paths, S.
    seed : int
        The same seed draws the same paths.

    Returns
    -------
    series : DataFrame
        ``item_id`` and ``site_id`` of each row, sorted.
    paths : array (n, H, S)
        Demand of each bucket, in base units.
    """
    known = interval_forecast(forecast, calibration)
    quantiles = _cumulative_quantiles(forecast, known)
    size, horizon = quantiles.shape[:2]
    random = np.random.default_rng(seed)
    mean = np.diff(known.cumulative, axis=1)
    level_cv2, excess = _spread(known, mean)
    level = random.gamma(1.0 / level_cv2[:, None], level_cv2[:, None], size=(size, count))
    cumulative = np.zeros((size, horizon + 1, count))
    for bucket in range(horizon):
        shifted = np.maximum(mean[:, bucket, None] * level, LEAST_MEAN)
        drawn = random.poisson(random.gamma(shifted / excess[:, bucket, None], excess[:, bucket, None]))
        # Ties of whole units are broken at random, else they would follow the order of the paths.
        proposed = cumulative[:, bucket] + drawn + random.random((size, count))
        rank = proposed.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        found = _at_ranks(quantiles[:, bucket], rank, count)
        cumulative[:, bucket + 1] = np.maximum(cumulative[:, bucket], found)
    whole = np.rint(cumulative).astype(np.int64)
    return known.series, whole[:, 1:] - whole[:, :-1]


def _cumulative_quantiles(forecast: pd.DataFrame, known: IntervalForecast) -> Reals:
    table = forecast.sort_values([*KEY, "bucket_index"], kind="stable")
    values = table[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64)
    quantiles: Reals = values.reshape(-1, known.horizon, len(LEVELS))
    return quantiles


def _spread(known: IntervalForecast, mean: Reals) -> tuple[Reals, Reals]:
    """Return the variation that all buckets of a path share, (n,), and each bucket's own beyond Poisson, (n, H)."""
    size, horizon = mean.shape
    rows, bucket = np.arange(size), np.tile(np.arange(horizon), (size, 1))
    alone = known.over(rows, bucket, bucket).std ** 2
    start, end = np.zeros(size, dtype=np.int64), np.full(size, horizon - 1, dtype=np.int64)
    together = known.over(rows, start, end).std ** 2
    pairs = np.maximum(mean.sum(axis=1) ** 2 - (mean**2).sum(axis=1), LEAST_MEAN)
    level_cv2 = np.clip((together - alone.sum(axis=1)) / pairs, LEAST_EXCESS, MOST_LEVEL_CV2)
    own = alone - level_cv2[:, None] * mean**2
    return level_cv2, np.maximum(own / np.maximum(mean, LEAST_MEAN) - 1.0, LEAST_EXCESS)


def _at_ranks(quantiles: Reals, rank: Integers, count: int) -> Reals:
    """Return the quantile of each rank: linear between the published ones and from 0, exponential beyond."""
    probability = (rank + 0.5) / count
    levels = np.concatenate([[0.0], LEVELS])
    knots = np.concatenate([np.minimum(quantiles[:, :1], 0.0), quantiles], axis=1)
    left = np.clip(np.searchsorted(levels, probability, side="right") - 1, 0, len(levels) - 2)
    low, high = np.take_along_axis(knots, left, axis=1), np.take_along_axis(knots, left + 1, axis=1)
    share = np.minimum((probability - levels[left]) / (levels[left + 1] - levels[left]), 1.0)
    decay = (quantiles[:, -1:] - quantiles[:, -2:-1]) / np.log((1.0 - LEVELS[-2]) / (1.0 - LEVELS[-1]))
    beyond = np.where(probability > LEVELS[-1], -np.log((1.0 - probability) / (1.0 - LEVELS[-1])) * decay, 0.0)
    found: Reals = low + share * (high - low) + beyond
    return found
