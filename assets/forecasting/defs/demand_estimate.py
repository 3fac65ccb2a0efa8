"""The step that tells what stock-outs hid of past demand, and what stands out of it."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.forecasting.demand_estimate import demand_estimate as estimated
from assets.forecasting.pages.estimate_page import anomalies_page, estimate_page
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_outs, shown
from assets.kernel.frames.forecasts import DEMAND_ANOMALIES, DEMAND_ESTIMATE
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry

_GROUP = "forecasting"
_OUTPUTS = {
    DEMAND_ESTIMATE: "Filled as the models are; the raw sale stays beside it. Lost units are demand, not sales lost "
    "for good.",
    DEMAND_ANOMALIES: "Found from both sides of a bucket. Spikes are cut for models of single series; "
    "dips and shifts are shown only.",
}


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the step that makes both tables, partitioned by plan date."""

    @dg.multi_asset(
        name="demand_estimate",
        outs=published_outs(_GROUP, _OUTPUTS, owners=["team:planning-science"], kinds={"python", "pandas"}),
        ins=inputs(marts=["fct_demand", "dim_event", "feat_item_site", "dim_item", "dim_site"]),
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def demand_estimate(
        context: dg.AssetExecutionContext,
        fct_demand: pd.DataFrame,
        dim_event: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        dim_item: pd.DataFrame,
        dim_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        made = estimated(
            fct_demand, feat_item_site, policies.active(), profile.calendar, plan_date_of(context),
            horizon_buckets=profile.horizon_buckets, events=dim_event, items=dim_item, sites=dim_site,
        )  # fmt: skip
        page = estimate_page(made.estimate, fct_demand, profile.calendar)
        yield dg.Output(made.estimate, "demand_estimate", metadata=shown(page))
        yield dg.Output(made.anomalies, "demand_anomalies", metadata=shown(anomalies_page(made.anomalies)))

    return demand_estimate
