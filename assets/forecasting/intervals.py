"""Demand of any interval of buckets ahead, of many item-sites at once, from what forecasting publishes.

The cumulative quantiles of two buckets do not say how demand between them is spread: differences of
quantiles are too narrow, sums too wide, and differences of variances leave out that the error of the
level is shared. Here: the calibration of intervals as a table, and applying it. Not here: learning
it (``calibrate``), or which interval matters (``inventory``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.forecasting.analogue import negative_binomial_quantiles
from assets.forecasting.evaluation.calibrate import LEVELS, scale
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.index import KEY
from assets.forecasting.registry.selection import Selection
from assets.forecasting.segment_forecasts import ANALOGUE, ENDED, UNINFORMED
from assets.kernel.frames.forecasts import INTERVAL_CALIBRATION, RESIDUAL_COLUMNS

# Segment of the rows that stand for every segment without rows of its own.
NETWORK = ""
# A gamma surer than this is a Poisson rate that is known.
LEAST_INVERSE_SHAPE = 1e-6


@dataclass(frozen=True)
class IntervalDemand:
    """Distributions of demand over one interval each; leading axes as asked for.

    Attributes
    ----------
    mean, std : array (...)
        In base units.
    quantiles : array (..., 13)
        At ``QUANTILE_LEVELS``; at least 0, never crossing.
    """

    mean: Reals
    std: Reals
    quantiles: Reals


@dataclass(frozen=True)
class IntervalForecast:
    """What the distribution of any interval follows from, for ``n`` item-sites over ``H`` buckets.

    Attributes
    ----------
    series : DataFrame
        ``item_id`` and ``site_id``, sorted.
    cumulative : array (n, H + 1)
        Expected demand before each bucket and in all.
    group : array (n,)
        Row of the two tables that follow.
    quantiles : array (R, H, 13)
        Of residuals over the root of the mean, by number of buckets.
    deviation : array (R, H)
        Root mean square of the same.
    is_ended : array (n,)
        Of which nothing is expected: certainly 0.
    is_borrowed : array (n,)
        Forecast from analogues: a gamma-Poisson mixture.
    inverse_shape : array (n,)
        Of the gamma; 0 elsewhere.
    """

    series: pd.DataFrame
    cumulative: Reals
    group: Integers
    quantiles: Reals
    deviation: Reals
    is_ended: Flags
    is_borrowed: Flags
    inverse_shape: Reals

    @property
    def horizon(self) -> int:
        """Buckets forecast."""
        return int(self.cumulative.shape[1]) - 1

    def over(self, rows: Integers, first: Integers, last: Integers) -> IntervalDemand:
        """Return demand from bucket ``first`` to the end of bucket ``last``.

        Beyond the horizon the mean goes on at the horizon's average, and residuals are those of the
        longest interval known. Where ``last < first`` there is no demand. With the same ``first``
        no quantile falls when ``last`` rises.

        Parameters
        ----------
        rows : array (m,)
            Positions in ``series``.
        first, last : array (m,) or (m, K)
            Buckets, from 0.
        """
        shape, wide = first.shape, first.ndim == 2
        count = first.shape[1] if wide else 1
        row, start, end = np.repeat(rows, count), first.ravel(), last.ravel()
        mean = np.maximum(self._before(row, end + 1) - self._before(row, start), 0.0) * (end >= start)
        std, quantiles = self._calibrated(row, start, end, mean)
        borrowed = np.flatnonzero(self.is_borrowed[row])
        std[borrowed], quantiles[borrowed] = self._mixture(row[borrowed], mean[borrowed])
        none = (end < start) | self.is_ended[row]
        std[none], quantiles[none] = 0.0, 0.0
        return IntervalDemand(mean.reshape(shape), std.reshape(shape), quantiles.reshape(*shape, len(LEVELS)))

    def _before(self, row: Integers, bucket: Integers) -> Reals:
        stretch = np.maximum(bucket / self.horizon, 1.0)
        before: Reals = self.cumulative[row, np.clip(bucket, 0, self.horizon)] * stretch
        return before

    def _calibrated(self, row: Integers, start: Integers, end: Integers, mean: Reals) -> tuple[Reals, Reals]:
        group = self.group[row]
        length = np.clip(end - start + 1, 1, self.deviation.shape[1])
        std: Reals = scale(mean) * self.deviation[group, length - 1]
        quantiles = np.zeros((len(row), len(LEVELS)))
        for buckets in range(1, int(length.max(initial=1)) + 1):
            # Every shorter interval with the same first bucket is a lower bound.
            reached = np.flatnonzero(length >= buckets)
            to = np.where(length[reached] == buckets, end[reached] + 1, start[reached] + buckets)
            part = self._before(row[reached], to) - self._before(row[reached], start[reached])
            part = np.maximum(part, 0.0)[:, None]
            found = part + scale(part) * self.quantiles[group[reached], buckets - 1]
            quantiles[reached] = np.maximum(quantiles[reached], found)
        return std, np.maximum.accumulate(quantiles, axis=1)

    def _mixture(self, row: Integers, mean: Reals) -> tuple[Reals, Reals]:
        inverse = np.maximum(self.inverse_shape[row], LEAST_INVERSE_SHAPE)
        quantiles = negative_binomial_quantiles(mean[:, None], 1.0 / inverse)[:, 0]
        return np.sqrt(mean + mean**2 * inverse), quantiles


def interval_calibration(selection: Selection, plan_date: dt.date) -> pd.DataFrame:
    """Return the calibrations of intervals that a selection holds: frame ``INTERVAL_CALIBRATION``."""
    known = [(choice.segment, choice.calibration) for choice in selection.choices]
    parts = []
    for segment, calibration in [(NETWORK, selection.network), *known]:
        groups, horizon = calibration.interval_deviation.shape
        part = pd.DataFrame(calibration.interval_quantiles.reshape(-1, len(LEVELS)), columns=list(RESIDUAL_COLUMNS))
        part["level_group"] = np.repeat(np.arange(groups), horizon)
        part["interval_buckets"] = np.tile(np.arange(1, horizon + 1), groups)
        part["from_level_units"] = np.repeat(np.concatenate([[0.0], calibration.edges]), horizon)
        part["residual_deviation"] = calibration.interval_deviation.ravel()
        parts.append(part.assign(demand_segment=segment))
    return INTERVAL_CALIBRATION.conform(pd.concat(parts, ignore_index=True).assign(plan_date=pd.Timestamp(plan_date)))


def interval_forecast(forecast: pd.DataFrame, calibration: pd.DataFrame) -> IntervalForecast:
    """Join a forecast with the calibration of intervals published beside it.

    Parameters
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``.
    calibration : DataFrame
        Frame ``INTERVAL_CALIBRATION`` of the same plan date.
    """
    table = forecast.sort_values([*KEY, "bucket_index"], kind="stable", ignore_index=True)
    horizon = int(table["bucket_index"].max()) + 1 if len(table) else 1
    heads = table.iloc[::horizon].reset_index(drop=True)
    total = table["cumulative_mean_units"].to_numpy(dtype=np.float64).reshape(-1, horizon)
    cumulative = np.concatenate([np.zeros((len(total), 1)), np.maximum.accumulate(total, axis=1)], axis=1)
    rows = calibration.sort_values(["demand_segment", "level_group", "interval_buckets"], kind="stable")
    shape = (-1, int(rows["interval_buckets"].max()))
    borrowed = heads["model"].isin([ANALOGUE, UNINFORMED]).to_numpy(dtype=bool)
    std = table["cumulative_std_units"].to_numpy(dtype=np.float64).reshape(-1, horizon)[:, -1]
    excess = np.maximum(std**2 - total[:, -1], 0.0) / np.maximum(total[:, -1], 1e-12) ** 2
    return IntervalForecast(
        heads[KEY],
        cumulative,
        _groups(heads["demand_segment"], total[:, -1] / horizon, rows.iloc[:: shape[1]]),
        rows[list(RESIDUAL_COLUMNS)].to_numpy(dtype=np.float64).reshape(*shape, len(LEVELS)),
        rows["residual_deviation"].to_numpy(dtype=np.float64).reshape(shape),
        (heads["model"] == ENDED).to_numpy(dtype=bool),
        borrowed,
        np.where(borrowed, excess, 0.0),
    )


def _groups(segment: pd.Series[str], level: Reals, heads: pd.DataFrame) -> Integers:
    """Return the calibrated group of each series; ``heads`` has one row a group, sorted by segment and group."""
    known = heads["demand_segment"].to_numpy(dtype=object)
    edge = heads["from_level_units"].to_numpy(dtype=np.float64)
    asked = segment.where(segment.isin(set(known)), NETWORK).to_numpy(dtype=object)
    group = np.zeros(len(level), dtype=np.int64)
    for name in sorted(set(asked)):
        places, mine = np.flatnonzero(known == name), asked == name
        found = np.searchsorted(edge[places][1:], level[mine], side="right")
        group[mine] = places[found]
    return group
