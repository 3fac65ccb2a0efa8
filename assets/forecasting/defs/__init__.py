"""Dagster face of forecasting: one module an asset, gathered here.

Not here: any asset; a table that is new gets a module of its own beside the others.
"""

import dagster as dg

from assets.forecasting.defs import demand_estimate, demand_forecast, hierarchy, lead_time
from assets.kernel.defs import PlanDates

__all__ = ["build"]


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage, partitioned by plan date."""
    return [step.build(plan_dates) for step in (lead_time, demand_estimate, demand_forecast, hierarchy)]
