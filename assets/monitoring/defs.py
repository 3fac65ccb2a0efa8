"""Dagster face of monitoring: the alerts of a plan date. Not here: raising or sending one."""

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.quality import ALERTS
from assets.monitoring import pages
from assets.monitoring.alerts import merge, raise_alerts


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of monitoring."""

    @published_asset(
        ALERTS,
        ["monitoring", "alerts"],
        "Of all gates, each cause once. Where the feeds stop the plan, their alerts are in `quality/feed_alerts` "
        "and this is not made.",
        # By the gates' own alerts and not by their verdicts: a stop on the plan must not skip this.
        ins=inputs(quality=["feed_alerts", "forecast_verdicts", "plan_alerts"]),
        plan_dates=plan_dates,
        owners=["team:data-platform"],
        kinds={"python", "pandas"},
    )
    def alerts(
        context: dg.AssetExecutionContext,
        feed_alerts: pd.DataFrame,
        forecast_verdicts: pd.DataFrame,
        plan_alerts: pd.DataFrame,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = merge([feed_alerts, raise_alerts([forecast_verdicts], plan_date_of(context)), plan_alerts])
        return dg.MaterializeResult(value=found, metadata=shown(pages.alerts_page(found)))

    return [alerts]
