"""The asset ``forecasting/lead_time``."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.forecasting.lead_time import learn_lead_times
from assets.forecasting.pages import forecast_page as pages
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.forecasts import LEAD_TIME


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset, partitioned by plan date."""

    @published_asset(
        LEAD_TIME,
        ["forecasting", "lead_time"],
        "Learned from orders received and still open, shrunk to the group and the quote where they are few. Waiting "
        "for a departure is not in it.",
        ins=inputs(marts=["fct_lead_time", "fct_open_order", "feat_lead_time"]),
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def lead_time(
        context: dg.AssetExecutionContext,
        fct_lead_time: pd.DataFrame,
        fct_open_order: pd.DataFrame,
        feat_lead_time: pd.DataFrame,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        learned = learn_lead_times(fct_lead_time, feat_lead_time, plan_date_of(context), fct_open_order)
        return dg.MaterializeResult(value=learned.distributions, metadata=shown(pages.lead_time_page(learned.evidence)))

    return lead_time
