"""Dagster face of forecasting: lead times, demand forecasts and their scores."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.forecasting import pages
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.lead_time import lead_time_distributions
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, published_outs, shown
from assets.kernel.frames.decisions import DEMAND_FORECAST, FORECAST_SCORES, LEAD_TIME
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry

_GROUP = "forecasting"
_OWNERS = ["team:planning-science"]
_OUTPUTS = {
    DEMAND_FORECAST: "Champion of the segment's backtest, calibrated conformally.",
    FORECAST_SCORES: "Out-of-stock buckets are never scored; a segment without an origin scores 0 over 0 origins.",
}


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""
    return [_lead_time(plan_dates), _demand(plan_dates)]


def _lead_time(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        LEAD_TIME,
        [_GROUP, "lead_time"],
        "Learned from receipts, shrunk to the quote where they are few. Waiting for a departure is not in it.",
        ins=inputs(marts=["fct_lead_time", "feat_lead_time"]),
        plan_dates=plan_dates,
        owners=_OWNERS,
        kinds={"python", "pandas"},
    )
    def lead_time(
        context: dg.AssetExecutionContext, fct_lead_time: pd.DataFrame, feat_lead_time: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = lead_time_distributions(fct_lead_time, feat_lead_time, plan_date_of(context))
        return dg.MaterializeResult(value=found, metadata=shown(pages.lead_time_page(found)))

    return lead_time


def _demand(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="demand_forecast",
        outs=published_outs(_GROUP, _OUTPUTS, owners=_OWNERS, kinds={"python", "statsforecast"}),
        ins=inputs(marts=["fct_demand", "feat_item_site", "dim_item", "dim_site"]),
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def demand_forecast(
        context: dg.AssetExecutionContext,
        fct_demand: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        dim_item: pd.DataFrame,
        dim_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        made = forecast_demand(
            fct_demand, feat_item_site, policies.active(), profile.calendar, plan_date_of(context),
            profile.horizon_buckets, items=dim_item, sites=dim_site,
        )  # fmt: skip
        page = pages.forecast_page(made.forecast, fct_demand)
        yield dg.Output(made.forecast, "demand_forecast", metadata=shown(page))
        yield dg.Output(made.scores, "forecast_scores", metadata=shown(pages.scores_page(made.scores)))

    return demand_forecast
