"""Dagster face of inventory: placement, stock targets, and the demand that an order placed now is there for."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.inventory.master_data import MasterData
from assets.inventory.pages import placement_page, protection_page, service_page, targets_page
from assets.inventory.placement import place_stock
from assets.inventory.protection_demand import protection_demand as demand_between_arrivals
from assets.inventory.recent_demand import read_recent
from assets.inventory.target_service import target_service
from assets.inventory.targets import set_targets
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, published_outs, shown
from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.targets import PLACEMENT, TARGET_SERVICE
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry

_MARTS = ("dim_item_site", "dim_site", "dim_lane", "dim_sourcing", "dim_item", "feat_item_site")
_FORECASTS = ("demand_forecast", "lead_time")
_OUTPUTS = {
    PLACEMENT: "The same every day of a week unless settings, sources or the release change; reads demand by itself.",
    TARGETS: "A store covers a quantile of demand over lead time and review, a warehouse what its placement asks "
    "for. Local to the site: do not add up base stock along a chain.",
    TARGET_SERVICE: "Expected of the base stocks, unmet demand being backordered; with lost sales more is met.",
}


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""
    return [_stock_targets(plan_dates), _protection_demand(plan_dates)]


def _stock_targets(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="stock_targets",
        outs=published_outs("inventory", _OUTPUTS, owners=["team:planning-science"], kinds={"python", "pandas"}),
        ins=inputs(forecasting=_FORECASTS, marts=(*_MARTS, "fct_lead_time", "fct_open_order", "feat_lead_time")),
        deps=[dg.AssetKey(["marts", "fct_demand"])],
        group_name="inventory",
        partitions_def=plan_dates,
    )
    def stock_targets(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        lead_time: pd.DataFrame,
        dim_item_site: pd.DataFrame,
        dim_site: pd.DataFrame,
        dim_lane: pd.DataFrame,
        dim_sourcing: pd.DataFrame,
        dim_item: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        fct_lead_time: pd.DataFrame,
        fct_open_order: pd.DataFrame,
        feat_lead_time: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        published: dg.ResourceParam[Published],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        plan_date, release = plan_date_of(context), policies.active()
        master = MasterData(dim_item_site, dim_site, dim_lane, dim_sourcing, dim_item, feat_item_site)
        placed = place_stock(
            read_recent(published, plan_date), fct_lead_time, fct_open_order, feat_lead_time, master,
            release, profile.calendar, plan_date,
        )  # fmt: skip
        found = set_targets(demand_forecast, lead_time, master, release, profile.calendar, plan_date, placed)
        service = target_service(found, feat_item_site)
        yield dg.Output(placed, "placement", metadata=shown(placement_page(placed)))
        yield dg.Output(found, "targets", metadata=shown(targets_page(found)))
        yield dg.Output(service, "target_service", metadata=shown(service_page(service)))

    return stock_targets


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
