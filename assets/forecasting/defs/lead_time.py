"""The asset ``forecasting/lead_time``."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.forecasting.lead_time import lead_time_distributions
from assets.forecasting.pages import forecast_page as pages
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.forecasts import LEAD_TIME


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset, partitioned by plan date."""

    @published_asset(
        LEAD_TIME,
        ["forecasting", "lead_time"],
        "Learned from receipts, shrunk to the quote where they are few. Waiting for a departure is not in it.",
        ins=inputs(marts=["fct_lead_time", "feat_lead_time"]),
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def lead_time(
        context: dg.AssetExecutionContext, fct_lead_time: pd.DataFrame, feat_lead_time: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = lead_time_distributions(fct_lead_time, feat_lead_time, plan_date_of(context))
        return dg.MaterializeResult(value=found, metadata=shown(pages.lead_time_page(found)))

    return lead_time
