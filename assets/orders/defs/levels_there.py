"""The step that tells which levels stand in ERPs, before a plan that reads it."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.kernel.defs import PlanDates, plan_date_of, published_asset, shown
from assets.kernel.frames.decisions import LEVELS_THERE
from assets.orders import pages
from assets.orders.levels_there import LevelsThere


def build(plan_dates: PlanDates) -> dg.AssetsDefinition:
    """Return the asset `orders/levels_there`."""

    @published_asset(
        LEVELS_THERE,
        ["orders", "levels_there"],
        "By what ERPs acknowledged; what their people change by hand is not known. The plan of the date orders nothing "
        "for what an ERP orders by itself.",
        # What stops a plan stops all of it, although nothing of the feeds is in this table.
        deps=[["quality", "verdicts"]],
        plan_dates=plan_dates,
        owners=["team:replenishment"],
        kinds={"python", "pandas"},
        # The plan reads it, and none of the plan's tables is behind it.
        group="rebalancing",
    )
    def there(context: dg.AssetExecutionContext, levels: dg.ResourceParam[LevelsThere]) -> dg.Output[pd.DataFrame]:
        found = levels.of(plan_date_of(context))
        return dg.Output(found, metadata=shown(pages.levels_there_page(found)))

    return there
