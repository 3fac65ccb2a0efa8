"""Demand per item and site as calibrated distributions of cumulative demand: the entry point.

Here: the order of the steps and the frames that leave. Each step stands in its own module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd

from assets.forecasting.analogue import forecast_from_analogues
from assets.forecasting.backtest import SAMPLE_SERIES, SegmentBacktest, backtest
from assets.forecasting.calibrate import Calibration, calibrate, joined, untested
from assets.forecasting.candidates import candidate, forecast_means
from assets.forecasting.censoring import History, fill_censored
from assets.forecasting.segments import menu, rows_by_segment
from assets.forecasting.series import KEY, MINIMUM_OBSERVED, Integers, Reals, SeriesPanel, build_panel, season_phase
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.decisions import DEMAND_FORECAST, FORECAST_SCORES, QUANTILE_COLUMNS, QUANTILE_LEVELS
from assets.kernel.identifiers import digest
from assets.policy.release import ForecastRules, Release

ANALOGUE = "analogue"
UNINFORMED = "uninformed"


@dataclass(frozen=True)
class DemandForecast:
    """What forecasting publishes.

    Attributes
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``.
    scores : DataFrame
        Frame ``FORECAST_SCORES``.
    """

    forecast: pd.DataFrame
    scores: pd.DataFrame


@dataclass
class _Arrays:
    mean: Reals
    deviation: Reals
    quantiles: Reals
    model: list[str]


def forecast_demand(
    demand: pd.DataFrame,
    features: pd.DataFrame,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
    horizon_buckets: int,
    *,
    items: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
) -> DemandForecast:
    """Forecast every ranged item-site that meets demand.

    Parameters
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``; rows from the plan date on are not looked at.
    features : DataFrame
        Frame ``FEAT_ITEM_SITE``: what is ranged, and its segment.
    release : Release
        Menus, origins, history and decision quantile.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        First bucket forecast.
    horizon_buckets : int
        Buckets ahead.
    items, sites : DataFrame, optional
        Frames ``DIM_ITEM`` (category, for seasons and analogues) and ``DIM_SITE`` (echelon). A site
        that serves others and sells nothing itself is not forecast: what it must hold follows
        from the sites below it.

    Returns
    -------
    DemandForecast
        No value is missing or infinite. Quantiles are of demand accumulated from the plan date.
    """
    ranged = _to_forecast(demand, features, items, sites)
    panel = build_panel(demand, ranged, calendar, plan_date, release.forecast.history_buckets)
    history = fill_censored(panel)
    segments = backtest(panel, release.forecast, horizon_buckets)
    phase = season_phase(calendar, plan_date, 0, horizon_buckets)
    arrays = _forecast_segments(panel, history, segments, phase)
    _forecast_thin(panel, history, phase, arrays)
    stamp = model_version(panel, release.forecast, horizon_buckets)
    return DemandForecast(
        _forecast_frame(panel, arrays, stamp, calendar, plan_date),
        _scores_frame(segments, plan_date),
    )


def model_version(panel: SeriesPanel, rules: ForecastRules, horizon: int) -> str:
    """Return the digest of data version, candidates and parameters."""
    models = {
        segment: [asdict(candidate(name, panel.bucket, panel.season_length)) for name in menu(rules, segment)]
        for segment in rows_by_segment(panel.index)
    }
    settings = [rules.model_dump(mode="json"), horizon, MINIMUM_OBSERVED, SAMPLE_SERIES, version("statsforecast")]
    return digest(panel.data_digest(), models, settings)


def _to_forecast(
    demand: pd.DataFrame, features: pd.DataFrame, items: pd.DataFrame | None, sites: pd.DataFrame | None
) -> pd.DataFrame:
    ranged = features[[*KEY, "demand_segment"]]
    if sites is not None:
        ranged = ranged.merge(sites[["site_id", "echelon"]], on="site_id", how="inner")
        selling = pd.MultiIndex.from_frame(demand[KEY].drop_duplicates())
        sells = pd.MultiIndex.from_frame(ranged[KEY]).isin(selling)
        ranged = ranged[(ranged["echelon"] == 0).to_numpy() | sells]
    if items is None:
        return ranged.assign(category="")
    categories = items[["item_id", "category"]]
    return ranged.merge(categories, on="item_id", how="left").fillna({"category": ""})


def _forecast_segments(
    panel: SeriesPanel, history: History, segments: list[SegmentBacktest], phase: Integers
) -> _Arrays:
    horizon = len(phase)
    arrays = _Arrays(
        np.zeros((panel.size, horizon)),
        np.zeros((panel.size, horizon)),
        np.zeros((panel.size, horizon, len(QUANTILE_LEVELS))),
        [""] * panel.size,
    )
    network = calibrate(joined([found.outcomes for found in segments], horizon), untested(horizon))
    for found in segments:
        calibration: Calibration = calibrate(found.outcomes, network)
        mean = forecast_means(found.champion, panel, history, found.rows, phase)
        cumulative, level = np.cumsum(mean, axis=1), mean.mean(axis=1)
        arrays.mean[found.rows] = mean
        arrays.deviation[found.rows] = calibration.deviation_of(cumulative, level)
        arrays.quantiles[found.rows] = calibration.quantiles_of(cumulative, level)
        for row in found.rows:
            arrays.model[row] = found.champion.name
    return arrays


def _forecast_thin(panel: SeriesPanel, history: History, phase: Integers, arrays: _Arrays) -> None:
    thin = panel.is_thin
    borrowed = forecast_from_analogues(panel, history, phase)
    arrays.mean[thin] = borrowed.mean
    arrays.deviation[thin] = borrowed.deviation
    arrays.quantiles[thin] = borrowed.quantiles
    for row, informed in zip(np.flatnonzero(thin), borrowed.informed, strict=True):
        arrays.model[row] = ANALOGUE if informed else UNINFORMED


def _forecast_frame(
    panel: SeriesPanel, arrays: _Arrays, stamp: str, calendar: PlanCalendar, plan_date: dt.date
) -> pd.DataFrame:
    size, horizon = arrays.mean.shape
    labels = panel.index.assign(model=arrays.model).loc[np.repeat(np.arange(size), horizon)]
    frame = labels[[*KEY, "demand_segment", "model"]].reset_index(drop=True)
    frame["plan_date"] = pd.Timestamp(plan_date)
    frame["bucket_index"] = np.tile(np.arange(horizon), size)
    starts = pd.to_datetime([calendar.bucket_start(plan_date, index) for index in range(horizon)])
    frame["bucket_start"] = np.tile(starts.to_numpy(), size)
    frame["mean_units"] = arrays.mean.ravel()
    frame["cumulative_mean_units"] = np.cumsum(arrays.mean, axis=1).ravel()
    frame["cumulative_std_units"] = arrays.deviation.ravel()
    for place, name in enumerate(QUANTILE_COLUMNS):
        frame[name] = arrays.quantiles[:, :, place].ravel()
    return DEMAND_FORECAST.conform(frame.assign(model_version=stamp))


def _scores_frame(segments: list[SegmentBacktest], plan_date: dt.date) -> pd.DataFrame:
    rows = [
        {
            "plan_date": pd.Timestamp(plan_date),
            "demand_segment": found.segment,
            "series_count": len(found.rows),
            "origin_count": found.origin_count,
            "is_champion": score.model == found.champion.name,
            **asdict(score),
        }
        for found in segments
        for score in found.scores
    ]
    frame = pd.DataFrame(rows) if rows else FORECAST_SCORES.empty()
    frame["coverage_80"] = frame["coverage_80"].astype("float64")
    return FORECAST_SCORES.conform(frame)
