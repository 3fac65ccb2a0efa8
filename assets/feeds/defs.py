"""Dagster face of feeds: one asset per raw table, and what of them a plan date knows.

Not here: reading, casting or refusing anything (``raw``).
"""

from collections.abc import Callable

import dagster as dg
import pandas as pd

from assets.feeds import pages, raw
from assets.feeds.contract import FeedTable, contract
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import AsKnown
from assets.kernel.defs import PlanDates, column_schema, plan_date_of, published_asset, shown
from assets.kernel.frames import Frame
from assets.kernel.frames.feeds import FEED_BATCHES, FEED_STATE
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.page import Page
from assets.kernel.warehouse import Warehouse

_GROUP = "feeds"


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the raw tables, and the batches and digests a plan date knows."""
    rejected, digests = "Rejected batches are in it, with the reason.", "Digests compare within one network only."
    return [
        *(_raw_table(table, plan_dates) for table in contract()),
        _known(FEED_BATCHES, "batches", rejected, raw.feed_batches, pages.batches_page, plan_dates),
        _known(FEED_STATE, "state", digests, raw.feed_state, pages.state_page, plan_dates),
    ]


def _raw_table(table: FeedTable, plan_dates: PlanDates) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", table.name],
        group_name=_GROUP,
        owners=[f"team:{table.owner}"],
        kinds={"duckdb"},
        partitions_def=plan_dates,
        description=_description(table),
        metadata={"dagster/column_schema": column_schema(table.frame), "dagster/table_name": f"raw.{table.name}"},
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
        return dg.MaterializeResult(metadata=shown(page))

    return raw_table


def _known(
    frame: Frame, name: str, caveat: str, read: Callable[..., pd.DataFrame], page: Callable[..., Page], dates: PlanDates
) -> dg.AssetsDefinition:
    """Return a table of what a plan date knows of all feeds."""

    @published_asset(
        frame,
        ["raw", name],
        caveat,
        deps=[("raw", table.name) for table in contract()],
        plan_dates=dates,
        group=_GROUP,
        owners=["team:data-platform"],
        kinds={"duckdb", "parquet"},
    )
    def known(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        warehouse: dg.ResourceParam[Warehouse],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = plan_date_of(context)
        with warehouse.connect() as connection:
            raw.prepare(connection)
            found = read(connection, plan_date, profile.calendar.cutoff(plan_date, as_known))
        return dg.MaterializeResult(value=found, metadata=shown(page(found)))

    return known


def _description(table: FeedTable) -> str:
    hours = table.lateness.total_seconds() / 3600
    return (
        f"{table.frame.grain} Every batch that has landed is taken in once ({table.arrival}); rows that "
        f"cannot be used go to quarantine with the reason. Contracted {hours:g} hours after the end of the "
        "business date. Append-only: later copies of a row stand beside earlier ones, so do not count rows "
        "before staging."
    )
