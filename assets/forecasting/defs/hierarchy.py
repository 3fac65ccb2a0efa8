"""The step that adds the demand forecast up over items, sites, regions and categories."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.forecasting.hierarchy.forecast import forecast_hierarchy
from assets.forecasting.pages.coherence_page import coherence_page, hierarchy_page
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_outs, shown
from assets.kernel.frames.forecasts import COHERENCE, HIERARCHY_FORECAST
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry

_GROUP = "forecasting"
_OUTPUTS = {
    HIERARCHY_FORECAST: "Groups overlap: add up within a level only.",
    COHERENCE: "Reconciliation is tested and reported here; the item-site forecast stays as it is.",
}


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the step that makes both tables, partitioned by plan date."""

    @dg.multi_asset(
        name="hierarchy_forecast",
        outs=published_outs(
            _GROUP, _OUTPUTS, owners=["team:planning-science"], kinds={"python", "hierarchicalforecast"}
        ),
        ins=inputs(
            forecasting=["demand_forecast", "champions"], marts=["fct_demand", "dim_event", "dim_item", "dim_site"]
        ),
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def hierarchy_forecast(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        champions: pd.DataFrame,
        fct_demand: pd.DataFrame,
        dim_event: pd.DataFrame,
        dim_item: pd.DataFrame,
        dim_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        models: dg.ResourceParam[ModelRegistry],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        made = forecast_hierarchy(
            demand_forecast, fct_demand, dim_item, dim_site, policies.active(), profile.calendar,
            plan_date_of(context), events=dim_event, tested=models.tested(champions),
            mean_factors=models.mean_factors(champions),
        )  # fmt: skip
        yield dg.Output(made.forecast, "hierarchy_forecast", metadata=shown(hierarchy_page(made.forecast)))
        yield dg.Output(made.coherence, "coherence", metadata=shown(coherence_page(made.coherence)))

    return hierarchy_forecast
