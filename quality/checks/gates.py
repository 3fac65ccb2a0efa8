"""Profiles, verdicts, alerts and quarantine as assets. Not here: the checks that enforce verdicts.

Gates after the first are groups of their own, so that the collapsed graph has no cycle.
"""

from collections.abc import Callable, Iterator

import dagster as dg
import pandas as pd

from assets.feeds.contract import FeedTable, contract
from assets.kernel.calendar import AsKnown
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_asset, published_outs, shown
from assets.kernel.frames import Frame
from assets.kernel.frames.quality import (
    FEED_ALERTS,
    FORECAST_VERDICTS,
    PLAN_ALERTS,
    PLAN_VERDICTS,
    PROFILES,
    QUARANTINE,
    VERDICTS,
)
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.page import Page
from assets.kernel.warehouse import Warehouse
from assets.monitoring.alerts import raise_alerts
from quality import pages
from quality.forecast_profile import profile_forecasts
from quality.gate import run_gate
from quality.known import Known
from quality.plan_profile import SharedUse, profile_plan
from quality.profiles import profile_feeds
from quality.quarantine import quarantined
from quality.suite import read_suite
from quality.verdicts import write_to_warehouse

_OWNERS = ["team:data-platform"]
_GATE = {"python", "greatexpectations"}
_OF_PROFILES = "Taken from the raw tables as known at the cutoff, in DuckDB; shares and ratios do not add up."
_OF_QUARANTINE = "Of the last four weeks; older rows stay in the warehouse."
_FEEDS_GATE = {
    VERDICTS: "Of the feeds; the marts wait for it.",
    FEED_ALERTS: "Of the feeds alone; published before a stop can skip what follows.",
}
_PLAN_GATE = {
    PLAN_VERDICTS: "Of the plan; the orders wait for it.",
    PLAN_ALERTS: "Of the plan alone; published before a stop can skip the orders.",
}

Results = Iterator[dg.MaterializeResult[pd.DataFrame]]


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the gates, what they read and what they leave."""
    return [
        _measured(PROFILES, _OF_PROFILES, profile_feeds, pages.profiles_page, plan_dates),
        _feeds_gate(plan_dates),
        _measured(QUARANTINE, _OF_QUARANTINE, quarantined, pages.quarantine_page, plan_dates),
        _forecasts_gate(plan_dates),
        _plan_gate(plan_dates),
    ]


def staging_of(table: FeedTable) -> tuple[str, str]:
    """Return the key of the staging table that a feed becomes."""
    return "staging", f"stg_{table.source}__{table.table}"


def raw_of(table: FeedTable) -> tuple[str, str]:
    """Return the key of the raw table that a feed is taken into."""
    return "raw", table.name


def _measured(
    frame: Frame, caveat: str, measure: Callable[..., pd.DataFrame], page: Callable[..., Page], plan_dates: PlanDates
) -> dg.AssetsDefinition:
    """Return a table that is read off the raw tables as the plan date knows them."""

    @published_asset(
        frame,
        ["quality", frame.name],
        caveat,
        deps=[raw_of(table) for table in contract()],
        plan_dates=plan_dates,
        owners=_OWNERS,
        kinds={"duckdb", "parquet"},
    )
    def measured(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        with warehouse.connect() as connection:
            found = measure(connection, Known.of(profile.calendar, plan_date_of(context), as_known))
        return dg.MaterializeResult(value=found, metadata=shown(page(found)))

    return measured


def _feeds_gate(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="feeds_gate",
        outs=published_outs("quality", _FEEDS_GATE, owners=_OWNERS, kinds=_GATE),
        ins=inputs(quality=["profiles"]),
        deps=[dg.AssetKey(key) for table in contract() for key in (raw_of(table), staging_of(table))],
        partitions_def=plan_dates,
        group_name="quality",
    )
    def feeds_gate(
        context: dg.AssetExecutionContext,
        profiles: pd.DataFrame,
        home: dg.ResourceParam[NetworkHome],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Results:
        plan_date = plan_date_of(context)
        verdicts = run_gate(read_suite("feeds"), profiles, plan_date, home.data_docs)
        with warehouse.connect() as connection:
            write_to_warehouse(connection, verdicts, plan_date)
        yield _result("verdicts", verdicts, home)
        yield dg.MaterializeResult(asset_key=["quality", "feed_alerts"], value=raise_alerts([verdicts], plan_date))

    return feeds_gate


def _forecasts_gate(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        FORECAST_VERDICTS,
        ["quality", "forecast_verdicts"],
        "Of forecasts and targets; what is held is left out of the plan.",
        ins=inputs(forecasting=["demand_forecast"], inventory=["targets"], marts=["feat_item_site"]),
        plan_dates=plan_dates,
        group="forecast_gate",
        owners=_OWNERS,
        kinds=_GATE,
    )
    def forecast_verdicts(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        targets: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        home: dg.ResourceParam[NetworkHome],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = plan_date_of(context)
        profiles = profile_forecasts(demand_forecast, targets, feat_item_site, plan_date)
        verdicts = run_gate(read_suite("forecasts"), profiles, plan_date, home.data_docs)
        return _result("forecast_verdicts", verdicts, home)

    return forecast_verdicts


def _plan_gate(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="plan_gate",
        outs=published_outs("quality", _PLAN_GATE, owners=_OWNERS, kinds=_GATE),
        ins={
            "position": dg.AssetIn(["marts", "fct_inventory_position"]),
            "sourcing": dg.AssetIn(["marts", "dim_sourcing"]),
            "lanes": dg.AssetIn(["marts", "dim_lane"]),
            "items": dg.AssetIn(["marts", "dim_item"]),
            **inputs(
                rebalancing=["plan_lines", "plan_summary", "shared_limits"], quality=["verdicts", "forecast_verdicts"]
            ),
        },
        partitions_def=plan_dates,
        group_name="plan_gate",
    )
    def plan_gate(
        context: dg.AssetExecutionContext,
        plan_lines: pd.DataFrame,
        position: pd.DataFrame,
        sourcing: pd.DataFrame,
        lanes: pd.DataFrame,
        items: pd.DataFrame,
        shared_limits: pd.DataFrame,
        plan_summary: pd.DataFrame,
        verdicts: pd.DataFrame,
        forecast_verdicts: pd.DataFrame,
        home: dg.ResourceParam[NetworkHome],
    ) -> Results:
        plan_date = plan_date_of(context)
        shared = SharedUse(lanes, items, shared_limits, plan_summary)
        profiles = profile_plan(plan_lines, position, sourcing, [verdicts, forecast_verdicts], plan_date, shared)
        found = run_gate(read_suite("plan"), profiles, plan_date, home.data_docs)
        yield _result("plan_verdicts", found, home)
        yield dg.MaterializeResult(asset_key=["quality", "plan_alerts"], value=raise_alerts([found], plan_date))

    return plan_gate


def _result(name: str, verdicts: pd.DataFrame, home: NetworkHome) -> dg.MaterializeResult[pd.DataFrame]:
    docs = {"data_docs": dg.MetadataValue.path(str(home.data_docs / "index.html"))}
    page = shown(pages.verdicts_page(verdicts))
    return dg.MaterializeResult(asset_key=["quality", name], value=verdicts, metadata={**page, **docs})
