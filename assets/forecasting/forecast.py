"""Demand per item and site as calibrated distributions of cumulative demand: the entry point.

Here: the order of the steps and the frames that leave. Each step stands in its own module.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.analogue import forecast_from_analogues
from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.effects_table import effects_table
from assets.forecasting.history.ending import DELISTED, ENDING, fading, lifecycles
from assets.forecasting.history.index import DECISION_LEVEL, KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.phase import season_phase
from assets.forecasting.history.ranged import series_to_forecast, with_decision_levels
from assets.forecasting.history.remembered import remembered_panel
from assets.forecasting.history.segments import rows_by_segment
from assets.forecasting.history.without_drivers import Taken, taken_of, without_drivers
from assets.forecasting.models.candidates import candidate
from assets.forecasting.models.known import Candidate, Known, learned
from assets.forecasting.registry.championship import selected
from assets.forecasting.registry.records import Pin
from assets.forecasting.registry.selection import Selection, rules_digest
from assets.kernel.calendar import PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import (
    DEMAND_FORECAST,
    FORECAST_EFFECTS,
    FORECAST_SCORES,
    QUANTILE_COLUMNS,
    QUANTILE_LEVELS,
)
from assets.kernel.identifiers import digest
from assets.policy.release import ForecastRules, Release

ANALOGUE = "analogue"
UNINFORMED = "uninformed"
ENDED = "ended"


@dataclass(frozen=True)
class DemandForecast:
    """What forecasting publishes.

    Attributes
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``.
    scores : DataFrame
        Frame ``FORECAST_SCORES``.
    selection : Selection
        Champions, calibrations and fitted parameters, for runs that update without selecting.
    effects : DataFrame
        Frame ``FORECAST_EFFECTS``: what promotions, prices and events do to demand.
    """

    forecast: pd.DataFrame
    scores: pd.DataFrame
    selection: Selection
    effects: pd.DataFrame = field(default_factory=FORECAST_EFFECTS.empty)


@dataclass
class _Arrays:
    mean: Reals
    deviation: Reals
    quantiles: Reals
    model: npt.NDArray[np.object_]


def forecast_demand(
    demand: pd.DataFrame,
    features: pd.DataFrame,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
    horizon_buckets: int,
    *,
    events: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
    settings: pd.DataFrame | None = None,
    selection: Selection | None = None,
    standing: Selection | None = None,
    pins: Mapping[str, Pin] | None = None,
    promotion_margin: float | None = None,
) -> DemandForecast:
    """Forecast every ranged item-site that meets demand.

    Parameters
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``; rows from the plan date on are not looked at.
    features : DataFrame
        Frame ``FEAT_ITEM_SITE``: what is ranged, and its segment.
    release : Release
        Menus, origins, history, and the decision level of what nobody states costs or service of.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        First bucket forecast.
    horizon_buckets : int
        Buckets ahead.
    events : DataFrame, optional
        Frame ``DIM_EVENT``: promotions, prices and holidays, of which those ahead are known too.
    items, sites : DataFrame, optional
        Frames ``DIM_ITEM`` (category, for seasons and analogues) and ``DIM_SITE`` (echelon). A site
        that serves others and sells nothing itself is not forecast: what it must hold follows
        from the sites below it.
    settings : DataFrame, optional
        Frame ``DIM_ITEM_SITE``, for what a stock-out is worth, at which models are compared, and for
        lifecycles: nothing is expected of what is delisted, and what is ending fades.
    selection : Selection, optional
        Of an earlier run: its champions and calibrations are used and nothing is backtested or
        fitted again, except to series that it does not know. Scores are then that run's.
    standing : Selection, optional
        Without ``selection``: what is in force, whose champions stay unless a challenger beats
        them by the margin.
    pins : mapping, optional
        Segment to the model that a person set; no test replaces it.
    promotion_margin : float, optional
        Least gain of a challenger; the release's if not given.

    Returns
    -------
    DemandForecast
        No value of ``forecast`` is missing or infinite. Quantiles are of demand accumulated from the plan
        date. Scores are null where there was nothing to score.

    Raises
    ------
    EquipoiseError
        If the selection was made under other rules or for another horizon, nothing is ahead, or an
        item-site is ranged twice.
    """
    _require_horizon(horizon_buckets, plan_date)
    ranged = series_to_forecast(demand, features, items, sites)
    ranged = with_decision_levels(ranged, features, items, settings, release)
    panel = remembered_panel(
        demand, ranged, calendar, plan_date, release.forecast.history_buckets,
        events=events, horizon=horizon_buckets, origins=release.forecast.origins,
    )  # fmt: skip
    rules = rules_digest(release.forecast, calendar.bucket, horizon_buckets)
    if selection is None:
        margin = release.forecast.promotion_margin if promotion_margin is None else promotion_margin
        chosen = _selected(panel, release.forecast, horizon_buckets, plan_date, rules, standing, margin)
    else:
        selection.require_rules(rules)
        chosen = selection
    chosen = chosen.pinned(pins or {})
    taken = taken_of(panel)
    phase = season_phase(calendar, plan_date, 0, horizon_buckets)
    declared = lifecycles(panel.index, settings)
    known = _known(panel, taken, chosen, release.forecast, phase, declared == ENDING)
    arrays, fitted = _forecast_segments(known, chosen, release.forecast)
    _forecast_thin(known, arrays)
    _end(arrays, declared == DELISTED)
    complete = replace(chosen, fitted=fitted, boosted=known.boosted)
    # Whoever plans the date again, with the selection that this run leaves, stamps the same.
    stamp = digest(panel.data_digest(), (complete if selection is None else chosen).version)
    return DemandForecast(
        _forecast_frame(panel, arrays, stamp, calendar, plan_date), _scores_frame(complete, panel, plan_date),
        complete, effects_table(taken, plan_date),
    )  # fmt: skip


def _require_horizon(horizon_buckets: int, plan_date: dt.date) -> None:
    if horizon_buckets < 1:
        raise EquipoiseError(
            f"{horizon_buckets} buckets ahead are to be forecast",
            where=f"horizon of the plan of {plan_date}",
            remedy="Forecast at least one",
        )


def _selected(
    panel: SeriesPanel,
    rules: ForecastRules,
    horizon: int,
    plan_date: dt.date,
    version: str,
    standing: Selection | None,
    margin: float,
) -> Selection:
    found = backtest(panel, rules, horizon)
    return selected(found, horizon, plan_date, version, standing=standing, margin=margin)


def _known(
    panel: SeriesPanel,
    taken: Taken,
    selection: Selection,
    rules: ForecastRules,
    phase: Integers,
    ending: Flags,
) -> Known:
    """Return what is known at the plan date, the model of all series among it if a champion asks it."""
    champions = [
        candidate(selection.of_segment(segment, rules)[0], panel.bucket) for segment in rows_by_segment(panel.index)
    ]
    plain, driven = without_drivers(panel, taken.effects)
    if ending.any():
        driven = fading(plain, ending, len(phase)) * (1.0 if driven is None else driven)
    boosted = selection.boosted or learned(champions, plain, phase)
    return Known(panel, fill_censored(plain, driven=driven), phase, plain, np.arange(panel.size), boosted)


def _forecast_segments(known: Known, selection: Selection, rules: ForecastRules) -> tuple[_Arrays, pd.DataFrame]:
    panel, shape = known.panel, (known.panel.size, len(known.phase))
    model = np.full(panel.size, "", dtype=object)
    arrays = _Arrays(np.zeros(shape), np.zeros(shape), np.zeros((*shape, len(QUANTILE_LEVELS))), model)
    fitted = [selection.fitted.head(0)]
    for segment, rows in rows_by_segment(panel.index).items():
        name, calibration = selection.of_segment(segment, rules)
        choice, series = candidate(name, panel.bucket), panel.index.iloc[rows]
        found = choice.forecast(known, rows, selection.fitted_to(choice, series))
        cumulative, level = np.cumsum(found.mean, axis=1), found.mean.mean(axis=1)
        arrays.mean[rows] = calibration.mean_of(found.mean)
        arrays.deviation[rows] = calibration.deviation_of(cumulative, level)
        arrays.quantiles[rows] = calibration.quantiles_of(cumulative, level)
        arrays.model[rows] = np.where(found.stood_in, choice.fallback, choice.name)
        fitted.append(_fitted(choice, series, found.fitted))
    return arrays, pd.concat([part for part in fitted if len(part)] or fitted[:1], ignore_index=True)


def _fitted(choice: Candidate, series: pd.DataFrame, parameters: Reals) -> pd.DataFrame:
    known = np.isfinite(parameters).all(axis=1) if choice.fits else np.zeros(len(series), dtype=bool)
    columns = {name: parameters[known, place] for place, name in enumerate(choice.fits)}
    return series[known][KEY].assign(model=choice.name, **columns)


def _forecast_thin(known: Known, arrays: _Arrays) -> None:
    thin = known.panel.is_thin
    borrowed = forecast_from_analogues(known.panel, known.history, known.phase)
    arrays.mean[thin] = borrowed.mean
    arrays.deviation[thin] = borrowed.deviation
    arrays.quantiles[thin] = borrowed.quantiles
    arrays.model[thin] = np.where(borrowed.informed, ANALOGUE, UNINFORMED)


def _end(arrays: _Arrays, ended: Flags) -> None:
    arrays.mean[ended], arrays.deviation[ended], arrays.quantiles[ended] = 0.0, 0.0, 0.0
    arrays.model[ended] = ENDED


def _forecast_frame(
    panel: SeriesPanel, arrays: _Arrays, stamp: str, calendar: PlanCalendar, plan_date: dt.date
) -> pd.DataFrame:
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
    for place, name in enumerate(QUANTILE_COLUMNS):
        frame[name] = arrays.quantiles[:, :, place].ravel()
    return DEMAND_FORECAST.conform(frame.assign(model_version=stamp))


def _scores_frame(selection: Selection, panel: SeriesPanel, plan_date: dt.date) -> pd.DataFrame:
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
