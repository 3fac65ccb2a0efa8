"""The step that adds up the key figures of a plan date."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, plan_date_of, published_asset, shown
from assets.kernel.frames.kpis import KPIS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.kpis.page import kpi_page
from assets.monitoring.kpis.reading import Reader
from assets.monitoring.kpis.totals import key_figures
from assets.orders.store import OrderStore

# Read by columns, not as whole tables.
_READ = (
    ["reporting", "rpt_daily_service"],
    ["reporting", "rpt_daily_stock"],
    ["reporting", "rpt_daily_supply"],
    ["reporting", "rpt_naive_error"],
    ["marts", "dim_item"],
    ["marts", "dim_item_site"],
    ["marts", "dim_site"],
    ["marts", "feat_item_site"],
    ["marts", "fct_demand"],
    ["forecasting", "demand_estimate"],
    ["inventory", "targets"],
    ["rebalancing", "plan_summary"],
    ["orders", "documents"],
    ["orders", "order_lines"],
    ["raw", "batches"],
)


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `monitoring/kpis`."""

    @published_asset(
        KPIS,
        ["monitoring", "kpis"],
        "Numerators and denominators add up over the members of a dimension; values do not, and windows overlap. "
        "Demand is censored: what an empty shelf lost is an estimate. Orders, forecasts and targets look back 56 "
        "plan dates at most.",
        deps=_READ,
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def kpis(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        published: dg.ResourceParam[Published],
        orders: dg.ResourceParam[OrderStore],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        day = plan_date_of(context)
        facts = Reader(published, orders, profile.name, day, profile.calendar).facts()
        found = key_figures(facts, day)
        return dg.MaterializeResult(value=found, metadata=shown(kpi_page(found, facts)))

    return kpis
