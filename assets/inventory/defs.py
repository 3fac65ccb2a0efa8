"""Dagster face of inventory: the stock targets, and the demand that an order placed now is there for."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import dagster as dg
import pandas as pd

from assets.inventory.pages import protection_page, targets_page
from assets.inventory.protection_demand import protection_demand as demand_between_arrivals
from assets.inventory.targets import set_targets
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, shown
from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry

_MARTS = ("dim_item_site", "dim_site", "dim_lane", "dim_sourcing", "dim_item", "feat_item_site")
_FORECASTS = ("demand_forecast", "lead_time")


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""
    return [_targets(plan_dates), _protection_demand(plan_dates)]


def _targets(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        TARGETS,
        ["inventory", "targets"],
        "A quantile of demand over lead time and review, from each site's normal source. Local to the site: "
        "do not add up base stock along a chain.",
        ins=inputs(forecasting=_FORECASTS, marts=_MARTS),
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def targets(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        lead_time: pd.DataFrame,
        dim_item_site: pd.DataFrame,
        dim_site: pd.DataFrame,
        dim_lane: pd.DataFrame,
        dim_sourcing: pd.DataFrame,
        dim_item: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = set_targets(
            demand_forecast, lead_time, dim_item_site, dim_site, dim_lane, dim_sourcing, dim_item,
            feat_item_site, policies.active(), profile.calendar, plan_date_of(context),
        )  # fmt: skip
        return dg.MaterializeResult(value=found, metadata=shown(targets_page(found)))

    return targets


def _protection_demand(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        PROTECTION_DEMAND,
        ["inventory", "protection_demand"],
        "Calibrated on windows of as many buckets. With lead times random only mean and spread are told; the plan "
        "uses the quantiles at the mean lead time.",
        ins=inputs(forecasting=(*_FORECASTS, "interval_calibration"), marts=_MARTS[:-1]),
        plan_dates=plan_dates,
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
    )
    def protection_demand(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        interval_calibration: pd.DataFrame,
        lead_time: pd.DataFrame,
        dim_item_site: pd.DataFrame,
        dim_site: pd.DataFrame,
        dim_lane: pd.DataFrame,
        dim_sourcing: pd.DataFrame,
        dim_item: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = demand_between_arrivals(
            demand_forecast, interval_calibration, lead_time, dim_item_site, dim_site, dim_lane, dim_sourcing,
            dim_item, profile.calendar, plan_date_of(context),
        )  # fmt: skip
        return dg.MaterializeResult(value=found, metadata=shown(protection_page(found)))

    return protection_demand
