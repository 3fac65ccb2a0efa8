"""The step that tells which levels have shifted: demand, lead times, feeds."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, plan_date_of, published_asset, shown
from assets.kernel.frames.monitoring import PROCESS_DRIFT
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring import drift_pages
from assets.monitoring.process_drift import process_drift
from assets.monitoring.watched import told_before, watched_signals


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `monitoring/process_drift`."""

    @published_asset(
        PROCESS_DRIFT,
        ["monitoring", "process_drift"],
        "Demand is what was certainly asked for; what stock-outs hid is not in it. Of a hundred signals that never "
        "shift five cross the limit in a year: a row is a reason to look, not a proof.",
        # Read by themselves: some columns of long tables.
        deps=[
            ["marts", "fct_demand"],
            ["marts", "feat_item_site"],
            ["marts", "fct_lead_time"],
            ["raw", "batches"],
            ["forecasting", "lead_time"],
        ],
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def drift(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        published: dg.ResourceParam[Published],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        day = plan_date_of(context)
        signals = watched_signals(published, day, profile.calendar.bucket)
        table = process_drift(signals, day, told_before(published, day))
        return dg.MaterializeResult(value=table, metadata=shown(drift_pages.process_page(table, signals)))

    return drift
