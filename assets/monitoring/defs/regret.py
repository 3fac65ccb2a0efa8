"""The regret ledger of a plan date. Not here: judging a decision."""

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.monitoring import REGRET
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.regret.page import regret_page
from assets.monitoring.regret.reading import RegretDay, regret_of
from assets.orders.store import OrderStore


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset."""

    @published_asset(
        REGRET,
        ["monitoring", "regret"],
        "Live orders only. Value is against not sending, or against what the plan had wanted; other decisions are "
        "taken as they were. Rows of one line by several decisions do not add up.",
        ins=inputs(marts=["dim_item"]),
        # Read by itself: the items and days of what became known, not the whole history.
        deps=[
            ["marts", "fct_demand"],
            ["marts", "fct_inventory_position"],
            ["forecasting", "demand_estimate"],
            ["orders", "order_lines"],
        ],
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "ledger"},
    )
    def regret(
        context: dg.AssetExecutionContext,
        dim_item: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        published: dg.ResourceParam[Published],
        orders: dg.ResourceParam[OrderStore],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = regret_of(RegretDay(published, orders, profile, plan_date_of(context)))
        sensitive = set(dim_item.loc[dim_item["is_sensitive"], "item_id"])
        return dg.MaterializeResult(value=found, metadata=shown(regret_page(found, sensitive)))

    return regret
