"""The step that forecasts demand: the forecast, its scores, the champions that made it and their calibration."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import datetime as dt
from collections.abc import Iterator
from functools import partial

import dagster as dg
import pandas as pd

from assets.forecasting.daily import DayForecast, day_of, forecast_day
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.driver_presence import has_drivers
from assets.forecasting.history.effects_table import effects_page
from assets.forecasting.intervals import interval_calibration
from assets.forecasting.pages import forecast_page as pages
from assets.forecasting.pages.announcements import Calendar
from assets.forecasting.pages.champions_page import champions_frame, champions_page
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.calendar import AsKnown
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_outs, shown
from assets.kernel.frames.forecasts import (
    CHAMPIONS,
    DEMAND_FORECAST,
    FORECAST_EFFECTS,
    FORECAST_SCORES,
    INTERVAL_CALIBRATION,
)
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry

_GROUP = "forecasting"
_MARTS = ("fct_demand", "dim_event", "feat_item_site", "dim_item", "dim_site", "dim_item_site")
_OUTPUTS = {
    DEMAND_FORECAST: "Champion of the segment's backtest, calibrated conformally.",
    FORECAST_SCORES: "Out-of-stock buckets are never scored; a segment without an origin has no scores.",
    FORECAST_EFFECTS: "Learned from the past that the plan knows; a driver without one says so.",
    CHAMPIONS: "Chosen and fitted anew after the release's days, or where drift or new drivers ask; else updated.",
    INTERVAL_CALIBRATION: "Of the selection used; with the means it gives demand over any protection interval.",
}


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the step that makes the tables, partitioned by plan date."""

    @dg.multi_asset(
        name="demand_forecast",
        outs=published_outs(_GROUP, _OUTPUTS, owners=["team:planning-science"], kinds={"python", "statsforecast"}),
        ins=inputs(marts=_MARTS),
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def demand_forecast(
        context: dg.AssetExecutionContext,
        fct_demand: pd.DataFrame,
        dim_event: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        dim_item: pd.DataFrame,
        dim_site: pd.DataFrame,
        dim_item_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        published: dg.ResourceParam[Published],
        models: dg.ResourceParam[ModelRegistry],
        as_known: dg.ResourceParam[AsKnown],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        plan_date, release = plan_date_of(context), policies.active()
        make = partial(
            forecast_demand, fct_demand, feat_item_site, release, profile.calendar, plan_date,
            profile.horizon_buckets, events=dim_event, items=dim_item, sites=dim_site, settings=dim_item_site,
        )  # fmt: skip
        driven = has_drivers(fct_demand, dim_event, profile.calendar, plan_date, release.forecast.history_buckets)
        day = day_of(published, plan_date, release, profile, as_known, feat_item_site, _MARTS, driven)
        found = forecast_day(models, day, make)
        calendar = Calendar(dim_event, found.made.effects, dim_item, dim_site)
        yield from _outputs(found, plan_date, fct_demand, calendar)

    return demand_forecast


def _outputs(
    found: DayForecast, plan_date: dt.date, demand: pd.DataFrame, calendar: Calendar
) -> Iterator[dg.Output[pd.DataFrame]]:
    made, champions = found.made, champions_frame(found)
    sensitive = set(calendar.items.loc[calendar.items["is_sensitive"], "item_id"])
    page = pages.forecast_page(made.forecast, demand, made.scores, sensitive, recent=made.recent, calendar=calendar)
    yield dg.Output(made.forecast, "demand_forecast", metadata=shown(page))
    yield dg.Output(made.scores, "forecast_scores", metadata=shown(pages.scores_page(made.scores)))
    yield dg.Output(made.effects, "forecast_effects", metadata=shown(effects_page(made.effects)))
    yield dg.Output(champions, "champions", metadata=shown(champions_page(champions)))
    yield dg.Output(interval_calibration(made.selection, plan_date), "interval_calibration")
