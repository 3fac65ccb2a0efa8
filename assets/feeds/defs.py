"""Dagster face of feeds: one asset per raw table, and what of them a plan date knows.

Not here: reading, casting or refusing anything (``raw``).
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from assets.feeds import pages, raw
from assets.feeds.contract import FeedTable, contract
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import AsKnown
from assets.kernel.frames import Frame
from assets.kernel.frames.feeds import FEED_BATCHES, FEED_STATE
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.warehouse import Warehouse

_GROUP = "feeds"
_OWNERS = ["team:data-platform"]
_CODE_VERSION = "1"


def build(plan_dates: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """Return the raw tables, and the batches and digests a plan date knows."""
    tables = [_raw_table(table, plan_dates) for table in contract()]
    return [*tables, _batches(plan_dates), _state(plan_dates)]


def _raw_table(table: FeedTable, plan_dates: dg.PartitionsDefinition[Any]) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", table.name],
        group_name=_GROUP,
        owners=[f"team:{table.owner}"],
        kinds={"duckdb"},
        partitions_def=plan_dates,
        description=_description(table),
        metadata={"dagster/column_schema": _column_schema(table.frame), "dagster/table_name": f"raw.{table.name}"},
        code_version=_CODE_VERSION,
    )
    def raw_table(
        home: dg.ResourceParam[NetworkHome],
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.MaterializeResult[None]:
        landing = LandingArea(home.landing, profile.clock)
        with warehouse.connect() as connection:
            raw.prepare(connection)
            report = raw.ingest(connection, table, landing, profile.calendar)
            page = pages.raw_table_page(connection, table, report)
        return dg.MaterializeResult(metadata=_metadata(page))

    return raw_table


def _batches(plan_dates: dg.PartitionsDefinition[Any]) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", "batches"],
        deps=[["raw", table.name] for table in contract()],
        group_name=_GROUP,
        owners=_OWNERS,
        kinds={"duckdb", "parquet"},
        partitions_def=plan_dates,
        description=f"{FEED_BATCHES.grain} Rejected batches are in it, with the reason.",
        metadata={"frame": FEED_BATCHES.name},
        io_manager_key="parquet",
        code_version=_CODE_VERSION,
    )
    def batches(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = dt.date.fromisoformat(context.partition_key)
        with warehouse.connect() as connection:
            raw.prepare(connection)
            known = raw.feed_batches(connection, plan_date, profile.calendar.cutoff(plan_date, as_known))
        return dg.MaterializeResult(value=known, metadata=_metadata(pages.batches_page(known)))

    return batches


def _state(plan_dates: dg.PartitionsDefinition[Any]) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", "state"],
        deps=[["raw", table.name] for table in contract()],
        group_name=_GROUP,
        owners=_OWNERS,
        kinds={"duckdb", "parquet"},
        partitions_def=plan_dates,
        description=f"{FEED_STATE.grain} Digests compare within one network only.",
        metadata={"frame": FEED_STATE.name},
        io_manager_key="parquet",
        code_version=_CODE_VERSION,
    )
    def state(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = dt.date.fromisoformat(context.partition_key)
        with warehouse.connect() as connection:
            raw.prepare(connection)
            known = raw.feed_state(connection, plan_date, profile.calendar.cutoff(plan_date, as_known))
        return dg.MaterializeResult(value=known, metadata=_metadata(pages.state_page(known)))

    return state


def _description(table: FeedTable) -> str:
    hours = table.lateness.total_seconds() / 3600
    return (
        f"{table.frame.grain} Every batch that has landed is taken in once ({table.arrival}); rows that "
        f"cannot be used go to quarantine with the reason. Contracted {hours:g} hours after the end of the "
        "business date. Append-only: later copies of a row stand beside earlier ones, so do not count rows "
        "before staging."
    )


def _column_schema(frame: Frame) -> dg.TableSchema:
    columns = [
        dg.TableColumn(
            column.name,
            column.duckdb_type,
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=column.nullable),
        )
        for column in frame.columns
    ]
    return dg.TableSchema(columns=columns)


def _metadata(page: pages.Page) -> Mapping[str, Any]:
    return {name: _table(value) if isinstance(value, list) else value for name, value in page.items()}


def _table(records: list[dict[str, pages.Plain]]) -> dg.TableMetadataValue:
    columns = [dg.TableColumn(name) for name in records[0]] if records else [dg.TableColumn("nothing yet")]
    return dg.MetadataValue.table([dg.TableRecord(r) for r in records], schema=dg.TableSchema(columns=columns))
