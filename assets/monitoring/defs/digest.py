"""The step that tells a plan date in a few lines."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, plan_date_of, published_asset, shown
from assets.kernel.frames.quality import DIGEST
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring import pages
from assets.monitoring.report.compose import compose
from assets.monitoring.report.digest import digest_frame


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `monitoring/digest`."""

    @published_asset(
        DIGEST,
        ["monitoring", "digest"],
        "As planned; what was approved, sent or refused since is in the ledger, which `equipoise report` reads too.",
        # Read by itself: each in part, and whatever else is published.
        deps=[
            ["monitoring", "alerts"], ["monitoring", "forecast_drift"],
            ["monitoring", "process_drift"], ["monitoring", "kpis"], ["monitoring", "regret"], ["orders", "documents"],
            ["rebalancing", "plan_summary"], ["forecasting", "champions"],
        ],
        plan_dates=plan_dates,
        owners=["team:replenishment"],
        kinds={"python", "jinja"},
    )  # fmt: skip
    def digest(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        published: dg.ResourceParam[Published],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        lines = digest_frame(compose(published, profile, plan_date_of(context)))
        return dg.MaterializeResult(value=lines, metadata=shown(pages.digest_page(lines)))

    return digest
