"""The step that raises the alerts of a plan date."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.quality import ALERTS
from assets.monitoring import pages
from assets.monitoring.alerts import drift_alerts, merge, raise_alerts


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `monitoring/alerts`."""

    @published_asset(
        ALERTS,
        ["monitoring", "alerts"],
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
