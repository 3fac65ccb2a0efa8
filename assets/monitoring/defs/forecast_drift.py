"""The step that compares forecasts of earlier plan dates with the demand known since."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.monitoring import FORECAST_DRIFT
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring import pages
from assets.monitoring.drift import forecast_drift
from assets.monitoring.earlier_forecasts import in_force_since, last_requests, outcome_windows


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `monitoring/forecast_drift`."""

    @published_asset(
        FORECAST_DRIFT,
        ["monitoring", "forecast_drift"],
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
