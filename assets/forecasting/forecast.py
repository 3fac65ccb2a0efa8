"""Demand per item and site as calibrated distributions of cumulative demand: the entry point.

Here: the order of the steps. Each stands in its own module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import pandas as pd

from assets.forecasting.forecast_frames import forecast_frame, scores_frame
from assets.forecasting.history.effects_table import effects_table
from assets.forecasting.history.ending import DELISTED, ENDING, lifecycles
from assets.forecasting.history.phase import season_phase
from assets.forecasting.history.ranged import series_to_forecast, with_decision_levels
from assets.forecasting.history.remembered import remembered_panel
from assets.forecasting.history.without_drivers import taken_of
from assets.forecasting.last_stretch import last_stretch
from assets.forecasting.registry.prescribed import Prescribed
from assets.forecasting.registry.selection import Selection
from assets.forecasting.segment_forecasts import forecast_series, known_at_plan
from assets.kernel.calendar import PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import FORECAST_EFFECTS
from assets.kernel.identifiers import digest
from assets.policy.release import Release


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
    recent : DataFrame or None
        Demand of the last stretch, to hold against the forecast (``last_stretch``).
    """

    forecast: pd.DataFrame
    scores: pd.DataFrame
    selection: Selection
    effects: pd.DataFrame = field(default_factory=FORECAST_EFFECTS.empty)
    recent: pd.DataFrame | None = None


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
    models: Prescribed | None = None,
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
    models : Prescribed, optional
        What the registry rules of the models; chosen for the first time without it.

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
    rules = release.forecast
    ranged = series_to_forecast(demand, features, items, sites)
    ranged = with_decision_levels(ranged, features, items, settings, release)
    panel = remembered_panel(
        demand, ranged, calendar, plan_date, rules.history_buckets,
        events=events, horizon=horizon_buckets, origins=rules.origins,
    )  # fmt: skip
    prescribed = models or Prescribed()
    chosen = prescribed.chosen(panel, rules, horizon_buckets, plan_date)
    taken, phase = taken_of(panel), season_phase(calendar, plan_date, 0, horizon_buckets)
    declared = lifecycles(panel.index, settings)
    known = known_at_plan(panel, taken, chosen, rules, phase, declared == ENDING)
    arrays, fitted = forecast_series(known, chosen, rules, declared == DELISTED)
    complete = replace(chosen, fitted=fitted, boosted=known.boosted)
    # Whoever plans the date again, with the selection that this run leaves, stamps the same.
    stamp = digest(panel.data_digest(), (complete if prescribed.selection is None else chosen).version)
    return DemandForecast(
        forecast_frame(panel, arrays, chosen.correlation.of(panel.index), stamp, calendar, plan_date),
        scores_frame(complete, panel, plan_date), complete, effects_table(taken, plan_date), last_stretch(known),
    )  # fmt: skip


def _require_horizon(horizon_buckets: int, plan_date: dt.date) -> None:
    if horizon_buckets < 1:
        raise EquipoiseError(
            f"{horizon_buckets} buckets ahead are to be forecast",
            where=f"horizon of the plan of {plan_date}",
            remedy="Forecast at least one",
        )
