"""Dagster face of monitoring: drift of forecasts and alerts of a plan date. Not here: judging or sending."""

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.monitoring import FORECAST_DRIFT
from assets.kernel.frames.quality import ALERTS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring import pages
from assets.monitoring.alerts import drift_alerts, merge, raise_alerts
from assets.monitoring.drift import forecast_drift
from assets.monitoring.earlier_forecasts import in_force_since, last_requests, outcome_windows

_GROUP = "monitoring"


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of monitoring."""
    return [_forecast_drift(plan_dates), _alerts(plan_dates)]


def _forecast_drift(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        FORECAST_DRIFT,
        [_GROUP, "forecast_drift"],
        "Forecasts are those that earlier plan dates published as it was known then, the last 28 at most; do not add "
        "up over plan dates, which look back at the same windows.",
        ins=inputs(forecasting=["forecast_scores", "champions"]),
        # Read by itself: four weeks of it, not the whole history.
        deps=[["marts", "fct_demand"]],
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def drift(
        context: dg.AssetExecutionContext,
        forecast_scores: pd.DataFrame,
        champions: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        published: dg.ResourceParam[Published],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        day = plan_date_of(context)
        windows = outcome_windows(published, day, profile.calendar, profile.horizon_buckets)
        since = in_force_since(published, day, champions)
        found = forecast_drift(windows, forecast_scores, last_requests(published, day), day, since)
        return dg.MaterializeResult(value=found.table, metadata=shown(pages.drift_page(found)))

    return drift


def _alerts(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        ALERTS,
        [_GROUP, "alerts"],
        "Of all gates, each cause once. Where the feeds stop the plan, their alerts are in `quality/feed_alerts` "
        "and this is not made.",
        # By the gates' own alerts and not by their verdicts: a stop on the plan must not skip this.
        ins=inputs(quality=["feed_alerts", "forecast_verdicts", "plan_alerts"], monitoring=["forecast_drift"]),
        plan_dates=plan_dates,
        owners=["team:data-platform"],
        kinds={"python", "pandas"},
    )
    def alerts(
        context: dg.AssetExecutionContext,
        feed_alerts: pd.DataFrame,
        forecast_verdicts: pd.DataFrame,
        plan_alerts: pd.DataFrame,
        forecast_drift: pd.DataFrame,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        raised = raise_alerts([forecast_verdicts], plan_date_of(context))
        found = merge([feed_alerts, raised, plan_alerts, drift_alerts(forecast_drift)])
        return dg.MaterializeResult(value=found, metadata=shown(pages.alerts_page(found)))

    return alerts
