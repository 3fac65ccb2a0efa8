"""The step that raises the alerts of a plan date."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.forecasting.registry.registry import ModelRegistry
from assets.forecasting.registry.waiting import waiting_at
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.quality import ALERTS
from assets.kernel.published import Published
from assets.monitoring import pages
from assets.monitoring.alerts import alerts_of, drift_alerts, merge
from assets.monitoring.shift_alerts import shift_alerts, waiting_alerts
from assets.policy.registry import PolicyRegistry


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `monitoring/alerts`."""

    @published_asset(
        ALERTS,
        ["monitoring", "alerts"],
        "Of all gates, each cause once. Where the feeds stop the plan, their alerts are in `quality/feed_alerts` "
        "and this is not made. Money at stake is expected cost by the plan's own tables; do not add it up across "
        "alerts, which may speak of the same item-site.",
        # By the gates' own alerts and not by their verdicts: a stop on the plan must not skip this.
        ins=inputs(quality=["feed_alerts", "plan_alerts"], monitoring=["forecast_drift", "process_drift"]),
        # Read by itself where something is held: what that costs.
        deps=[
            ["quality", "forecast_verdicts"],
            ["marts", "fct_inventory_position"],
            ["marts", "feat_item_site"],
            ["forecasting", "demand_forecast"],
            ["inventory", "targets"],
            ["rebalancing", "plan_lines"],
            ["rebalancing", "plan_summary"],
        ],
        plan_dates=plan_dates,
        owners=["team:data-platform"],
        kinds={"python", "pandas"},
    )
    def alerts(
        context: dg.AssetExecutionContext,
        feed_alerts: pd.DataFrame,
        plan_alerts: pd.DataFrame,
        forecast_drift: pd.DataFrame,
        process_drift: pd.DataFrame,
        published: dg.ResourceParam[Published],
        models: dg.ResourceParam[ModelRegistry],
        policies: dg.ResourceParam[PolicyRegistry],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        day = plan_date_of(context)
        asked = waiting_at(models.log(), policies.active().forecast.recalibration, day)
        drifted = [drift_alerts(forecast_drift), shift_alerts(process_drift), waiting_alerts(asked, day)]
        found = merge([alerts_of(published, day), feed_alerts, plan_alerts, *drifted])
        return dg.MaterializeResult(value=found, metadata=shown(pages.alerts_page(found)))

    return alerts
