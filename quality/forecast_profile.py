"""Measures of forecasts and targets: possible at all, and near to what was sold.

Items and sites are listed only where something stands out. Not here: bounds (``suites/``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, QUANTILE_COLUMNS
from assets.kernel.frames.quality import PROFILES

# Below a few units a ratio says nothing.
_FEW_UNITS = 3.0
_SOME_UNITS = 10.0
_SPREADS = 6.0
# Totals between these shares of history are not worth listing.
_USUAL_RATIO = (0.2, 4.0)
_LEAST_HISTORY_BUCKETS = 4
_KEY = ["item_id", "site_id"]


def profile_forecasts(
    forecast: pd.DataFrame, targets: pd.DataFrame, features: pd.DataFrame, plan_date: dt.date
) -> pd.DataFrame:
    """Measure the forecasts and targets of a plan date.

    Parameters
    ----------
    forecast, targets, features : DataFrame
        Conform to ``DEMAND_FORECAST``, ``TARGETS`` and ``FEAT_ITEM_SITE``.
    plan_date : date
        Plan they were made for.

    Returns
    -------
    DataFrame
        Conforms to ``PROFILES``.
    """
    totals = _totals(forecast)
    parts = [
        _feed_rows("demand_forecast", len(forecast)),
        _feed_rows("targets", len(targets)),
        _long(_shape(forecast), "demand_forecast"),
        _long(_against_history(totals, features), "demand_forecast"),
        _long(_missing(totals, targets), "demand_forecast"),
        _long(_targets(targets), "targets"),
    ]
    measured = pd.concat(parts, ignore_index=True)
    return PROFILES.conform(measured.assign(plan_date=pd.Timestamp(plan_date)))


def _shape(forecast: pd.DataFrame) -> pd.DataFrame:
    """Return by item and site how far quantiles cross, cumulatives fall and values are below zero."""
    ordered = forecast.sort_values([*_KEY, "bucket_index"], ignore_index=True)
    quantiles = ordered[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64)
    cumulative = ordered["cumulative_mean_units"].to_numpy(dtype=np.float64)
    values = ordered[_reals(DEMAND_FORECAST, ordered)].to_numpy(dtype=np.float64)
    finite = np.isfinite(values)
    fall = np.zeros(len(ordered))
    if len(ordered) > 1:
        same = (ordered[_KEY].to_numpy()[1:] == ordered[_KEY].to_numpy()[:-1]).all(axis=1)
        fall[1:] = np.where(same, _positive(cumulative[:-1] - cumulative[1:]), 0.0)
    measures = ordered[_KEY].assign(
        crossing_units=_positive(quantiles[:, :-1] - quantiles[:, 1:]).max(axis=1, initial=0.0),
        shrinking_units=fall,
        negative_units=_positive(-values).max(axis=1, initial=0.0),
        not_finite=(~finite).sum(axis=1),
    )
    return measures.groupby(_KEY, as_index=False).agg(
        {"crossing_units": "max", "shrinking_units": "max", "negative_units": "max", "not_finite": "sum"}
    )


def _totals(forecast: pd.DataFrame) -> pd.DataFrame:
    grouped = forecast.groupby(_KEY, as_index=False)
    return grouped.agg(
        buckets=("bucket_index", "nunique"),
        horizon=("bucket_index", "max"),
        total_units=("cumulative_mean_units", "max"),
    )


def _against_history(totals: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    known = features.loc[features["observed_buckets"] >= _LEAST_HISTORY_BUCKETS, [*_KEY, "mean_units_per_bucket"]]
    both = totals.merge(known, on=_KEY)
    past = both["mean_units_per_bucket"] * both["buckets"]
    ratio = (both["total_units"] + _FEW_UNITS) / (past + _FEW_UNITS)
    low, high = _USUAL_RATIO
    return both[_KEY].assign(total_ratio=ratio.where((ratio < low) | (ratio > high)))


def _missing(totals: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the buckets without a forecast where demand is met; upstream sites have none of their own."""
    served = targets.loc[targets["echelon"] == 0, _KEY]
    horizon = int(totals["buckets"].max()) if len(totals) else 1
    both = served.merge(totals[[*_KEY, "buckets"]], on=_KEY, how="left")
    return both[_KEY].assign(missing_buckets=horizon - both["buckets"].fillna(0.0))


def _targets(targets: pd.DataFrame) -> pd.DataFrame:
    values = targets[_reals(TARGETS, targets)].to_numpy(dtype=np.float64)
    explained = targets["protection_mean_units"] + _SPREADS * targets["protection_std_units"] + _SOME_UNITS
    ratio = targets["base_stock_units"] / explained
    return targets[_KEY].assign(
        negative_units=_positive(-targets["base_stock_units"].to_numpy(dtype=np.float64)),
        not_finite=(~np.isfinite(values)).sum(axis=1),
        target_ratio=ratio.where(ratio > _USUAL_RATIO[1]),
    )


def _reals(frame: Frame, table: pd.DataFrame) -> list[str]:
    """Return the columns that hold numbers and may not be missing."""
    told = [column.name for column in frame.columns if not column.nullable]
    return [name for name in told if pd.api.types.is_numeric_dtype(table[name])]


def _positive(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return values above zero; what is no number is judged by itself."""
    return np.where(np.isfinite(values) & (values > 0), values, 0.0)


def _feed_rows(feed: str, rows: int) -> pd.DataFrame:
    return pd.DataFrame({"feed": [feed], "site_id": [""], "item_id": [""], "measure": ["rows"], "value": [float(rows)]})


def _long(measures: pd.DataFrame, feed: str) -> pd.DataFrame:
    """Return wide measures below one another, only what is not zero."""
    long = measures.melt(_KEY, var_name="measure", value_name="value").dropna(subset=["value"])
    long["value"] = long["value"].astype("float64")
    return long.loc[long["value"] != 0].assign(feed=feed)
