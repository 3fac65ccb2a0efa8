"""The frames that a forecast leaves: one row per item-site and bucket, and one per segment and candidate.

Not here: the numbers in them (``segment_forecasts``, ``evaluation``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.index import DECISION_LEVEL, KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.registry.selection import Selection
from assets.forecasting.segment_forecasts import ForecastArrays
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.forecasts import DEMAND_FORECAST, FORECAST_SCORES, QUANTILE_COLUMNS


def forecast_frame(
    panel: SeriesPanel, arrays: ForecastArrays, together: Reals, stamp: str, calendar: PlanCalendar, plan_date: dt.date
) -> pd.DataFrame:
    """Return frame ``DEMAND_FORECAST``, stamped with the version of data and models.

    ``together`` is the correlation of errors with the item's other sites, by series.
    """
    size, horizon = arrays.mean.shape
    labels = panel.index.assign(model=arrays.model)[[*KEY, "demand_segment", DECISION_LEVEL, "model"]]
    frame = pd.DataFrame({name: np.repeat(labels[name].to_numpy(), horizon) for name in labels})
    frame["plan_date"] = pd.Timestamp(plan_date)
    frame["bucket_index"] = np.tile(np.arange(horizon), size)
    starts = pd.to_datetime([calendar.bucket_start(plan_date, index) for index in range(horizon)])
    frame["bucket_start"] = np.tile(starts.to_numpy(), size)
    frame["mean_units"] = arrays.mean.ravel()
    frame["cumulative_mean_units"] = np.cumsum(arrays.mean, axis=1).ravel()
    frame["cumulative_std_units"] = arrays.deviation.ravel()
    frame["site_correlation"] = np.repeat(together, horizon)
    for place, name in enumerate(QUANTILE_COLUMNS):
        frame[name] = arrays.quantiles[:, :, place].ravel()
    return DEMAND_FORECAST.conform(frame.assign(model_version=stamp))


def scores_frame(selection: Selection, panel: SeriesPanel, plan_date: dt.date) -> pd.DataFrame:
    """Return frame ``FORECAST_SCORES``: the candidates of each segment of a selection."""
    count = panel.index["demand_segment"].value_counts()
    rows = [
        {
            "plan_date": pd.Timestamp(plan_date),
            "demand_segment": choice.segment,
            "series_count": int(count.get(choice.segment, 0)),
            "origin_count": choice.origin_count,
            "is_champion": score.model == choice.champion,
            **asdict(score),
        }
        for choice in selection.choices
        for score in choice.scores
    ]
    frame = pd.DataFrame(rows) if rows else FORECAST_SCORES.empty()
    optional = [column.name for column in FORECAST_SCORES.columns if column.nullable]
    return FORECAST_SCORES.conform(frame.astype(dict.fromkeys(optional, "float64")))
