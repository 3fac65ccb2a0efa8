"""Dagster face of quality: profiles, verdicts and quarantine as assets, and verdicts as checks.

A ``stop`` is a blocking check that runs in a step of its own: the gate's step succeeds and its
alerts are published, the check's step fails, and Dagster skips whatever needs the verdicts. Not
here: judging anything.
"""

import datetime as dt
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from assets.feeds.contract import FeedTable, contract
from assets.kernel.calendar import AsKnown
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
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.monitoring.alerts import raise_alerts
from quality import pages
from quality.forecast_profile import profile_forecasts
from quality.gate import run_gate
from quality.known import Known
from quality.plan_profile import profile_plan
from quality.profiles import profile_feeds
from quality.quarantine import quarantined
from quality.suite import read_suite
from quality.verdicts import judged, stopped, stops, write_to_warehouse

_GROUP = "quality"
# Gates further on are groups of their own, so that the collapsed graph has no cycle.
_FORECAST_GATE, _PLAN_GATE = "forecast_gate", "plan_gate"
_OWNERS = ["team:data-platform"]
_KINDS = {"python", "greatexpectations"}
_CODE_VERSION = "1"
_IO_MANAGER = "parquet"
NO_STOP = "no_stop_verdict"
# A verdict does not change by asking again.
_ONCE = dg.RetryPolicy(max_retries=0)
_FEED_OF_ASSET: dict[tuple[str, ...], str] = {("staging", f"stg_{t.source}__{t.table}"): t.name for t in contract()}
_FEED_OF_ASSET |= {("forecasting", "demand_forecast"): "demand_forecast", ("inventory", "targets"): "targets"}

Partitions = dg.PartitionsDefinition[Any]
Results = Iterator[dg.MaterializeResult[pd.DataFrame]]


def build(plan_dates: Partitions) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Return the gates, what they read and leave, and the checks that show and enforce them."""
    return [
        _profiles(plan_dates),
        _feeds_gate(plan_dates),
        _quarantine(plan_dates),
        _forecasts_gate(plan_dates),
        _plan_gate(plan_dates),
        _feeds_checks(plan_dates),
        _forecasts_checks(plan_dates),
        _plan_check(plan_dates),
    ]


def _profiles(plan_dates: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=["quality", "profiles"],
        deps=[_raw(table) for table in contract()],
        description=f"{PROFILES.grain} Taken from the raw tables as known at the cutoff, in DuckDB; shares and "
        "ratios do not add up.",
        kinds={"duckdb", "parquet"},
        group_name=_GROUP,
        owners=_OWNERS,
        partitions_def=plan_dates,
        metadata={"frame": PROFILES.name},
        io_manager_key=_IO_MANAGER,
        code_version=_CODE_VERSION,
    )
    def profiles(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        with warehouse.connect() as connection:
            measured = profile_feeds(connection, Known.of(profile.calendar, _plan_date(context), as_known))
        return dg.MaterializeResult(value=measured, metadata=_metadata(pages.profiles_page(measured)))

    return profiles


def _feeds_gate(plan_dates: Partitions) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="feeds_gate",
        outs={
            "verdicts": _out(
                VERDICTS, ["quality", "verdicts"], f"{VERDICTS.grain} Of the feeds; the marts wait for it."
            ),
            "feed_alerts": _out(
                FEED_ALERTS,
                ["quality", "feed_alerts"],
                f"{FEED_ALERTS.grain} Of the feeds alone; published before a stop can skip what follows.",
            ),
        },
        ins={"profiles": dg.AssetIn(["quality", "profiles"])},
        deps=[key for table in contract() for key in (_raw(table), _staging(table))],
        partitions_def=plan_dates,
        group_name=_GROUP,
    )
    def feeds_gate(
        context: dg.AssetExecutionContext,
        profiles: pd.DataFrame,
        home: dg.ResourceParam[NetworkHome],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Results:
        plan_date = _plan_date(context)
        verdicts = run_gate(read_suite("feeds"), profiles, plan_date, home.data_docs)
        with warehouse.connect() as connection:
            write_to_warehouse(connection, verdicts, plan_date)
        yield _result(["quality", "verdicts"], verdicts, home)
        yield dg.MaterializeResult(asset_key=["quality", "feed_alerts"], value=raise_alerts([verdicts], plan_date))

    return feeds_gate


def _quarantine(plan_dates: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=["quality", "quarantine"],
        deps=[_raw(table) for table in contract()],
        description=f"{QUARANTINE.grain} Of the last four weeks; older rows stay in the warehouse.",
        kinds={"duckdb", "parquet"},
        group_name=_GROUP,
        owners=_OWNERS,
        partitions_def=plan_dates,
        metadata={"frame": QUARANTINE.name},
        io_manager_key=_IO_MANAGER,
        code_version=_CODE_VERSION,
    )
    def quarantine(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        with warehouse.connect() as connection:
            rows = quarantined(connection, Known.of(profile.calendar, _plan_date(context), as_known))
        return dg.MaterializeResult(value=rows, metadata=_metadata(pages.quarantine_page(rows)))

    return quarantine


def _forecasts_gate(plan_dates: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=["quality", "forecast_verdicts"],
        ins={
            "demand_forecast": dg.AssetIn(["forecasting", "demand_forecast"]),
            "targets": dg.AssetIn(["inventory", "targets"]),
            "feat_item_site": dg.AssetIn(["marts", "feat_item_site"]),
        },
        description=f"{FORECAST_VERDICTS.grain} Of forecasts and targets; what is held is left out of the plan.",
        kinds=_KINDS,
        group_name=_FORECAST_GATE,
        owners=_OWNERS,
        partitions_def=plan_dates,
        metadata={"frame": FORECAST_VERDICTS.name},
        io_manager_key=_IO_MANAGER,
        code_version=_CODE_VERSION,
    )
    def forecast_verdicts(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        targets: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        home: dg.ResourceParam[NetworkHome],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = _plan_date(context)
        profiles = profile_forecasts(demand_forecast, targets, feat_item_site, plan_date)
        verdicts = run_gate(read_suite("forecasts"), profiles, plan_date, home.data_docs)
        return _result(["quality", "forecast_verdicts"], verdicts, home)

    return forecast_verdicts


def _plan_gate(plan_dates: Partitions) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="plan_gate",
        outs={
            "plan_verdicts": _out(
                PLAN_VERDICTS,
                ["quality", "plan_verdicts"],
                f"{PLAN_VERDICTS.grain} Of the plan; the orders wait for it.",
            ),
            "plan_alerts": _out(
                PLAN_ALERTS,
                ["quality", "plan_alerts"],
                f"{PLAN_ALERTS.grain} Of the plan alone; published before a stop can skip the orders.",
            ),
        },
        ins={
            "plan_lines": dg.AssetIn(["rebalancing", "plan_lines"]),
            "position": dg.AssetIn(["marts", "fct_inventory_position"]),
            "sourcing": dg.AssetIn(["marts", "dim_sourcing"]),
            "verdicts": dg.AssetIn(["quality", "verdicts"]),
            "forecast_verdicts": dg.AssetIn(["quality", "forecast_verdicts"]),
        },
        partitions_def=plan_dates,
        group_name=_PLAN_GATE,
    )
    def plan_gate(
        context: dg.AssetExecutionContext,
        plan_lines: pd.DataFrame,
        position: pd.DataFrame,
        sourcing: pd.DataFrame,
        verdicts: pd.DataFrame,
        forecast_verdicts: pd.DataFrame,
        home: dg.ResourceParam[NetworkHome],
    ) -> Results:
        plan_date = _plan_date(context)
        profiles = profile_plan(plan_lines, position, sourcing, [verdicts, forecast_verdicts], plan_date)
        found = run_gate(read_suite("plan"), profiles, plan_date, home.data_docs)
        yield _result(["quality", "plan_verdicts"], found, home)
        yield dg.MaterializeResult(asset_key=["quality", "plan_alerts"], value=raise_alerts([found], plan_date))

    return plan_gate


def _feeds_checks(plan_dates: Partitions) -> dg.AssetChecksDefinition:
    gate = dg.AssetKey(["quality", "verdicts"])
    stop = _check_spec(NO_STOP, gate, plan_dates, "No verdict on the feeds stops the plan.", blocking=True)
    shown = [
        _check_spec(
            "feeds_gate", _staging(t), plan_dates, f"No rule of the feeds gate fails for {t.name}.", deps=[gate]
        )
        for t in contract()
    ]

    @dg.multi_asset_check(name="feeds_gate_checks", specs=[stop, *shown], can_subset=True, retry_policy=_ONCE)
    def feeds_gate_checks(
        context: dg.AssetCheckExecutionContext, published: dg.ResourceParam[Published]
    ) -> Iterator[dg.AssetCheckResult]:
        verdicts = judged(published, VERDICTS, _plan_date(context))
        for key in sorted(context.selected_asset_check_keys):
            yield from _checked(key, verdicts)
        _block(context, verdicts)

    return feeds_gate_checks


def _forecasts_checks(plan_dates: Partitions) -> dg.AssetChecksDefinition:
    gate = dg.AssetKey(["quality", "forecast_verdicts"])
    described = "No rule of the forecasts gate fails for the table."
    keys = [dg.AssetKey(["forecasting", "demand_forecast"]), dg.AssetKey(["inventory", "targets"])]
    specs = [_check_spec("forecasts_gate", key, plan_dates, described, deps=[gate]) for key in keys]

    @dg.multi_asset_check(name="forecasts_gate_checks", specs=specs, can_subset=True, retry_policy=_ONCE)
    def forecasts_gate_checks(
        context: dg.AssetCheckExecutionContext, published: dg.ResourceParam[Published]
    ) -> Iterator[dg.AssetCheckResult]:
        verdicts = judged(published, FORECAST_VERDICTS, _plan_date(context))
        for key in sorted(context.selected_asset_check_keys):
            yield from _checked(key, verdicts)

    return forecasts_gate_checks


def _plan_check(plan_dates: Partitions) -> dg.AssetChecksDefinition:
    gate = dg.AssetKey(["quality", "plan_verdicts"])
    stop = _check_spec(NO_STOP, gate, plan_dates, "No verdict on the plan stops its orders.", blocking=True)

    @dg.multi_asset_check(name="plan_gate_check", specs=[stop], can_subset=True, retry_policy=_ONCE)
    def plan_gate_check(
        context: dg.AssetCheckExecutionContext, published: dg.ResourceParam[Published]
    ) -> Iterator[dg.AssetCheckResult]:
        verdicts = judged(published, PLAN_VERDICTS, _plan_date(context))
        for key in sorted(context.selected_asset_check_keys):
            yield from _checked(key, verdicts)
        _block(context, verdicts)

    return plan_gate_check


def _checked(key: dg.AssetCheckKey, verdicts: pd.DataFrame | None) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of one check; none where the plan date was not judged yet."""
    if verdicts is None:
        return
    feed = _FEED_OF_ASSET.get(tuple(key.asset_key.path))
    here = verdicts if feed is None else verdicts.loc[verdicts["feed"] == feed]
    blocked = stops(here)
    yield dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not blocked if key.name == NO_STOP else bool((here["action"] == "pass").all()),
        severity=dg.AssetCheckSeverity.ERROR if blocked else dg.AssetCheckSeverity.WARN,
        description=pages.told(here),
        metadata=_metadata(pages.offenders_page(here)),
    )


def _block(context: dg.AssetCheckExecutionContext, verdicts: pd.DataFrame | None) -> None:
    """Fail the step for the verdict that stops the run; Dagster's own error would only name the check."""
    asked = {key.name for key in context.selected_asset_check_keys}
    error = stopped(verdicts) if verdicts is not None and NO_STOP in asked else None
    if error is not None:
        raise error


def _check_spec(
    name: str,
    asset: dg.AssetKey,
    plan_dates: Partitions,
    description: str,
    *,
    blocking: bool = False,
    deps: list[dg.AssetKey] | None = None,
) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # Partitioned checks are in preview; without them a backfill would repaint today's check.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name,
            asset=asset,
            description=description,
            blocking=blocking,
            additional_deps=deps,
            partitions_def=plan_dates,
        )


def _out(frame: Frame, key: list[str], description: str) -> dg.AssetOut:
    return dg.AssetOut(
        key=key,
        description=description,
        io_manager_key=_IO_MANAGER,
        metadata={"frame": frame.name},
        owners=_OWNERS,
        kinds=_KINDS,
        code_version=_CODE_VERSION,
    )


def _result(key: list[str], verdicts: pd.DataFrame, home: NetworkHome) -> dg.MaterializeResult[pd.DataFrame]:
    docs = {"data_docs": dg.MetadataValue.path(str(home.data_docs / "index.html"))}
    return dg.MaterializeResult(
        asset_key=key, value=verdicts, metadata={**_metadata(pages.verdicts_page(verdicts)), **docs}
    )


def _raw(table: FeedTable) -> dg.AssetKey:
    return dg.AssetKey(["raw", table.name])


def _staging(table: FeedTable) -> dg.AssetKey:
    return dg.AssetKey(["staging", f"stg_{table.source}__{table.table}"])


def _plan_date(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> dt.date:
    return dt.date.fromisoformat(context.partition_key)


def _metadata(page: pages.Page) -> Mapping[str, Any]:
    return {name: _table(value) if isinstance(value, list) else value for name, value in page.items()}


def _table(rows: list[dict[str, pages.Plain]]) -> dg.TableMetadataValue:
    names = list(rows[0]) if rows else ["nothing"]
    return dg.MetadataValue.table(
        [dg.TableRecord(row) for row in rows], schema=dg.TableSchema([dg.TableColumn(name) for name in names])
    )
