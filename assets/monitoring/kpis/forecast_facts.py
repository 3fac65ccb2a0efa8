"""Rows of forecasts: windows of the next bucket with what figures of them take. Not here: reading, or any figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Reals
from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.monitoring.kpis.forecast_figures import BELOW_COLUMNS

NAIVE_COLUMNS = ("item_id", "site_id", "compared_buckets", "absolute_error_units")
"""What is read of ``RPT_NAIVE_ERROR``."""


def forecast_facts(windows: pd.DataFrame, naive: pd.DataFrame) -> pd.DataFrame:
    """Return one row per window, at its plan date.

    Parameters
    ----------
    windows : DataFrame
        ``forecast_outcomes.WINDOW_COLUMNS`` of the next bucket.
    naive : DataFrame
        ``NAIVE_COLUMNS``.
    """
    both = windows.merge(naive, on=["item_id", "site_id"], how="left")
    forecast, demand = both["forecast_units"].to_numpy(), both["demand_units"].to_numpy()
    known = both["is_known"].to_numpy(dtype=bool)
    error = np.abs(forecast - demand)
    scale = (both["absolute_error_units"] / both["compared_buckets"]).fillna(0.0).to_numpy(dtype=np.float64)
    scaled = known & (scale > 0)
    lower, upper = both["pit_lower"].to_numpy(), both["pit_upper"].to_numpy()
    facts = {
        "day": both["plan_date"],
        "site_id": both["site_id"],
        "demand_segment": both["demand_segment"],
        "window_count": 1,
        "error_units": forecast - demand,
        "demand_units": demand,
        "known_units": np.where(known, demand, 0.0),
        "absolute_error_units": np.where(known, error, 0.0),
        "pinball_units": np.where(known, both["pinball_units"].to_numpy(), 0.0),
        "scaled_error": np.where(scaled, error / np.where(scaled, scale, 1.0), 0.0),
        "scaled_count": scaled.astype(np.int64),
    }
    below = {name: share_below(lower, upper, level) for name, level in zip(BELOW_COLUMNS, QUANTILE_LEVELS, strict=True)}
    return pd.DataFrame(facts | below)


def share_below(lower: Reals, upper: Reals, level: float) -> Reals:
    """Return how much of each outcome's transform, spread evenly between its bounds, lies below a level.

    >>> share_below(np.array([0.2, 0.9]), np.array([0.6, 0.9]), 0.3).round(6)
    array([0.25, 0.  ])
    """
    width = upper - lower
    wide = width > 0
    share: Reals = np.where(wide, (level - lower) / np.where(wide, width, 1.0), (lower < level).astype(np.float64))
    return np.clip(share, 0.0, 1.0)
