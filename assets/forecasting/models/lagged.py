"""A global model by mlforecast and LightGBM: lags, calendar, price, promotion and hierarchy, bucket after bucket.

The only importer of mlforecast. Not here: its place in a menu (``network_models``), or the boosted model
of the daily plan (``boosted``), which this one is measured against.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.censoring import History
from assets.forecasting.history.drivers import Prices, carried_prices
from assets.forecasting.history.index import codes_of, key_order
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.boosted_lessons import BOOSTING, teaching_rows
from assets.kernel.calendar import Bucket

# Buckets back of single lags, widths of rolling means of the series, and of its groups.
LAGS = {Bucket.DAY: (1, 7, 14, 28), Bucket.WEEK: (1, 2, 3, 4, 52)}
WINDOWS = {Bucket.DAY: (7, 28, 91), Bucket.WEEK: (4, 13, 26, 52)}
GROUP_WINDOWS = {Bucket.DAY: (7, 28), Bucket.WEEK: (4, 13)}
SEASON_WINDOWS = {Bucket.DAY: (7, 8), Bucket.WEEK: (52, 2)}
SMOOTHING = {Bucket.DAY: 0.05, Bucket.WEEK: 0.1}
GROUPS = ("category", "site_id")
STATIC = ("item_id", *GROUPS)
MODEL = "trees"
# Latest buckets that teach: two seasons of weeks, half a year of days; lags reach further back. The season of
# the year of days is out of the demand that it sees (``yearly``).
MOST_BUCKETS = {Bucket.DAY: 182, Bucket.WEEK: 104}
# Below this many lessons a leaf holds all of them, and nothing is learned.
LEAST_LESSONS = 1_000


@dataclass(frozen=True)
class Growth:
    """How the trees are grown.

    Attributes
    ----------
    n_estimators : int
        Trees.
    learning_rate : float
        Share of each tree that counts.
    num_leaves, min_child_samples : int
        Size of a tree.
    """

    n_estimators: int = 200
    learning_rate: float = 0.05
    num_leaves: int = 31
    min_child_samples: int = 200

    def parameters(self) -> dict[str, Any]:
        """Return LightGBM's parameters: Poisson's loss, on one thread, the same trees to the bit."""
        return {
            **asdict(self),
            "objective": "poisson",
            "reg_lambda": 5.0,
            "colsample_bytree": 0.6,
            "subsample": 0.8,
            "subsample_freq": 1,
            "random_state": 3,
            "deterministic": True,
            "force_row_wise": True,
            "n_jobs": 1,
            "verbosity": -1,
        }


GROWTH = Growth()


def settings(bucket: Bucket) -> dict[str, Any]:
    """Return all that the model depends on beside the data."""
    return {
        "growth": asdict(GROWTH),
        "lags": LAGS[bucket],
        "windows": WINDOWS[bucket],
        "group_windows": GROUP_WINDOWS[bucket],
        "season_window": SEASON_WINDOWS[bucket],
        "smoothing": SMOOTHING[bucket],
        "static": STATIC,
        "buckets": MOST_BUCKETS[bucket],
        "series": BOOSTING[bucket].most_series,
    }


def lagged_means(panel: SeriesPanel, history: History, phase: Integers) -> Reals | None:
    """Return the mean demand of each bucket ahead by a model fitted on the panel's own past.

    Forecast one bucket after the other, the mean of each being a lag of those after it. A bucket that is not
    wholly known is a lag by its estimate and teaches nothing: its weight is 0.

    Parameters
    ----------
    panel : SeriesPanel
        What is known, with the drivers of past and horizon where there are any.
    history : History
        What models see of it: nothing that drove the past, so that drivers as features tell what is left of them.
    phase : array (H,)
        Season positions of the buckets ahead.

    Returns
    -------
    array (n, H) or None
        Base units, without what drives the buckets ahead; the same for any order of the series. None where the
        past teaches too little.
    """
    order = key_order(panel.index)
    sorted_panel = panel.take(order)
    past = _past(sorted_panel, history.units[order])
    lessons = past[past["series"].isin(teaching_rows(sorted_panel, BOOSTING[panel.bucket].most_series))]
    since = panel.length - MOST_BUCKETS[panel.bucket]
    recent = lessons[lessons["bucket"] >= since]
    if recent["known"].sum() < LEAST_LESSONS or not recent.loc[recent["known"] > 0, "units"].any():
        return None
    with warnings.catch_warnings():
        # A lag from before a series began is unknown, and trees read it so.
        warnings.filterwarnings("ignore", "Found null values")
        model = _fitted(lessons, since, panel.bucket)
        found = model.predict(len(phase), new_df=past, X_df=_ahead(sorted_panel, phase))
    means = np.empty((panel.size, len(phase)))
    means[order] = found[MODEL].to_numpy(dtype=np.float64).reshape(means.shape)
    return means


def _fitted(lessons: pd.DataFrame, since: int, bucket: Bucket) -> Any:
    """Fit trees to the buckets from ``since`` on; lags reach further back."""
    model = _model(bucket)
    columns = {"id_col": "series", "time_col": "bucket", "target_col": "units", "weight_col": "known"}
    features = model.preprocess(lessons, **columns, static_features=list(STATIC), dropna=False)
    recent = features[features["bucket"] >= since]
    return model.fit_models(recent[["known", *model.ts.features_order_]], recent["units"].to_numpy())


def _model(bucket: Bucket) -> Any:
    # Importing both takes seconds.
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExponentiallyWeightedMean, RollingMean, RollingStd, SeasonalRollingMean

    groups = [RollingMean(width, min_samples=1, groupby=[group]) for width in GROUP_WINDOWS[bucket] for group in GROUPS]
    transforms = [
        *(RollingMean(width, min_samples=1) for width in WINDOWS[bucket]),
        *groups,
        RollingStd(WINDOWS[bucket][1], min_samples=2),
        ExponentiallyWeightedMean(SMOOTHING[bucket]),
        SeasonalRollingMean(*SEASON_WINDOWS[bucket], min_samples=1),
    ]
    trees = LGBMRegressor(**GROWTH.parameters())
    return MLForecast(models={MODEL: trees}, freq=1, lags=list(LAGS[bucket]), lag_transforms={1: transforms})


def _past(panel: SeriesPanel, units: Reals) -> pd.DataFrame:
    """Return a row a series and bucket since the series began."""
    row, bucket = np.nonzero(np.arange(panel.length) >= np.minimum(panel.begins, panel.length - 1)[:, None])
    cell = (row, bucket)
    told = {
        "series": row,
        "bucket": bucket,
        "units": units[cell],
        "known": panel.observed[cell].astype(np.float64),
        "season": panel.phase[bucket],
        **{name: codes_of(panel.index, name)[row] for name in STATIC},
        **{name: values[cell] for name, values in _drivers(panel, 0).items()},
    }
    return pd.DataFrame(told)


def _ahead(panel: SeriesPanel, phase: Integers) -> pd.DataFrame:
    """Return a row a series and bucket ahead: its season position, and what is announced of it."""
    count, horizon = panel.size, len(phase)
    told = {
        "series": np.repeat(np.arange(count), horizon),
        "bucket": np.tile(panel.length + np.arange(horizon), count),
        "season": np.tile(phase, count),
        **{name: values[:, panel.length :].reshape(-1) for name, values in _drivers(panel, horizon).items()},
    }
    return pd.DataFrame(told)


def _drivers(panel: SeriesPanel, horizon: int) -> dict[str, Reals]:
    """Return promotion, price and events of the past and of some buckets ahead, shape (n, T + H) each.

    Nothing is announced of buckets beyond those that the panel tells of.
    """
    if panel.drivers is None:
        return {}
    announced, stop = panel.drivers.announced, panel.length + horizon
    beyond = ((0, 0), (0, max(stop - announced.planned.shape[1], 0)))
    promoted = np.pad(announced.planned[:, :stop], beyond)
    promoted[:, : panel.length] |= panel.drivers.promoted
    shares = announced.shares[announced.scope]
    told: dict[str, Reals] = {"promoted": promoted.astype(np.float64)}
    for place in range(len(announced.names)):
        told[f"event {place}"] = np.pad(shares[:, place, :stop].astype(np.float64), beyond)
    if panel.drivers.price is not None:
        later = np.full((panel.size, horizon), np.nan, dtype=np.float32)
        if announced.price is not None:
            ahead = announced.price[:, panel.length : stop]
            later[:, : ahead.shape[1]] = ahead
        told["price"] = _relative(np.concatenate([panel.drivers.price, later], axis=1), promoted, panel.length)
    return told


def _relative(price: Prices, promoted: Flags, length: int) -> Reals:
    """Return prices over the mean of each series' past; the latest usual one goes on where none is told."""
    carried = carried_prices(price, ~promoted).astype(np.float64)
    known = np.isfinite(carried[:, :length])
    mean = np.where(known, carried[:, :length], 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    relative: Reals = carried / np.where(mean > 0, mean, 1.0)[:, None]
    return relative
