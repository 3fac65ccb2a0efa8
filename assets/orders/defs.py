"""Dagster face of orders: documents and lines of a plan date, and one partition per document.

``orders/order`` is an external asset: no job builds it, the daily documents log its
materializations. Not here: any rule of an order.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import dagster as dg
import pandas as pd
from dagster._core.storage.event_log import SqliteEventLogStorage

from assets.kernel.calendar import AsKnown
from assets.kernel.clock import Clock
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LINES
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders import pages
from assets.orders.order import Order
from assets.orders.plan_book import book_of_plan
from assets.orders.projections import (
    as_planned,
    documents_frame,
    lines_frame,
    orders_to_log,
    unlogged,
    withdrawn_orders,
)
from assets.orders.record import record
from assets.orders.store import OrderStore, RecordReport

ORDER_KEY = dg.AssetKey(["orders", "order"])
DOCUMENTS_KEY = dg.AssetKey(["orders", "documents"])
ORDER_PARTITIONS = "order_documents"
# The only tag by which the event log can be asked for the latest event of many partitions at once.
_DATA_VERSION = "dagster/data_version"
_OWNERS = ["team:replenishment"]
_READ_BY_COLUMN = (
    ["forecasting", "demand_forecast"],
    ["marts", "fct_demand"],
    ["marts", "fct_inventory_position"],
    ["marts", "feat_item_site"],
    ["raw", "batches"],
)


def build(plan_dates: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Return the assets of orders, partitioned by plan date except for ``orders/order``."""

    @dg.multi_asset(
        name="orders",
        outs={
            "documents": _out(
                DOCUMENTS,
                "One row per order document that the plan wants, with the revision, status and run the ledger "
                "gives it. A document whose lines stand keeps its revision; withdrawn ones are in the ledger alone.",
            ),
            "order_lines": _out(
                ORDER_LINES,
                "One row per order document and line, of its latest revision. Do not add up across plan "
                "dates: each plans the same stock anew.",
            ),
        },
        ins={
            "plan_lines": dg.AssetIn(["rebalancing", "plan_lines"]),
            "plan_summary": dg.AssetIn(["rebalancing", "plan_summary"]),
            "plan_verdicts": dg.AssetIn(["quality", "plan_verdicts"]),
        },
        deps=[dg.AssetKey(key) for key in _READ_BY_COLUMN],
        partitions_def=plan_dates,
        group_name="orders",
    )
    def orders_of_plan(
        context: dg.AssetExecutionContext,
        plan_lines: pd.DataFrame,
        plan_summary: pd.DataFrame,
        plan_verdicts: pd.DataFrame,
        published: dg.ResourceParam[Published],
        profile: dg.ResourceParam[NetworkProfile],
        orders: dg.ResourceParam[OrderStore],
        clock: dg.ResourceParam[Clock],
        as_known: dg.ResourceParam[AsKnown],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        book = book_of_plan(
            published, profile, dt.date.fromisoformat(context.partition_key), plan_lines=plan_lines,
            plan_summary=plan_summary, verdicts=plan_verdicts, today=clock.today(), as_known=as_known,
            run_id=context.run.run_id,
        )  # fmt: skip
        report = record(book, orders)
        logged = _log(context, orders_to_log(book, orders), withdrawn_orders(orders, report))
        planned = as_planned(book, orders)
        yield dg.Output(documents_frame(planned), "documents", metadata=_documents_page(planned, report, logged))
        yield dg.Output(lines_frame(planned), "order_lines", metadata=dict(pages.line_facts(planned)))

    return [orders_of_plan, _order_spec()]


def _out(frame: Frame, description: str) -> dg.AssetOut:
    name = "documents" if frame is DOCUMENTS else frame.name
    return dg.AssetOut(
        key=dg.AssetKey(["orders", name]),
        description=description,
        io_manager_key="parquet",
        metadata={"frame": frame.name},
        owners=_OWNERS,
        kinds={"python", "pandas"},
        code_version="1",
    )


def _order_spec() -> dg.AssetSpec:
    return dg.AssetSpec(
        ORDER_KEY,
        description="One partition per order document; one materialization per revision, with its lines, "
        "money, reason and everything that made it. Logged by `orders/documents`, never built by a job.",
        # A document belongs to one plan date, which its metadata name; the mapping of keys is not a rule
        # that Dagster could compute.
        deps=[dg.AssetDep(DOCUMENTS_KEY, partition_mapping=dg.AllPartitionMapping())],
        partitions_def=dg.DynamicPartitionsDefinition(name=ORDER_PARTITIONS),
        group_name="orders",
        owners=_OWNERS,
        kinds={"ledger"},
    )


def _log(context: dg.AssetExecutionContext, orders: Sequence[Order], withdrawn: Sequence[Order]) -> int:
    """Log revisions that have no materialization yet, also those of dead runs, and withdrawals."""
    missing = unlogged(orders, _logged(context.instance, [order.order_id for order in orders]))
    # All partitions in one call: one by one they would cost as much as the events.
    context.instance.add_dynamic_partitions(ORDER_PARTITIONS, [order.order_id for order in missing])
    with _event_log_kept_open(context.instance, context.run.run_id):
        for order in missing:
            context.log_event(_materialization(order))
        for order in withdrawn:
            context.log_event(_observation(order))
    return len(missing)


@contextmanager
def _event_log_kept_open(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Keep Dagster's SQLite event log open while many events are logged; others need no help.

    Dagster opens and closes three connections an event, and the last to close a WAL database
    checkpoints it. Holding one more open spares that; measured in the README.
    """
    storage = instance.event_log_storage
    paths = []
    if isinstance(storage, SqliteEventLogStorage):
        paths = [storage.path_for_shard(shard) for shard in (run_id, "index")]
    with ExitStack() as held:
        for path in paths:
            connection = held.enter_context(closing(sqlite3.connect(path)))
            connection.execute("select count(*) from sqlite_master").fetchone()  # opens the file at last
        yield


def _logged(instance: dg.DagsterInstance, order_ids: Sequence[str]) -> Mapping[str, str]:
    if not order_ids:
        return {}
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        ORDER_KEY, dg.DagsterEventType.ASSET_MATERIALIZATION, [_DATA_VERSION], asset_partitions=order_ids
    )
    return {order_id: found[_DATA_VERSION] for order_id, found in tags.items()}


def _observation(order: Order) -> dg.AssetObservation:
    facts = {"status": order.status.value, "reason": order.status_reason}
    return dg.AssetObservation(ORDER_KEY, partition=order.order_id, metadata=facts, tags=pages.event_tags(order))


def _materialization(order: Order) -> dg.AssetMaterialization:
    made_by = order.document.provenance
    return dg.AssetMaterialization(
        ORDER_KEY,
        description=order.document.reason,
        partition=order.order_id,
        tags={_DATA_VERSION: order.data_version, **pages.event_tags(order)},
        metadata={
            "lines": _table(pages.line_records(order)),
            "reasons": _table(pages.reason_records(order)),
            **pages.document_facts(order),
            "batch_ids": dg.MetadataValue.json(list(made_by.batch_ids)),
            "made_in_run": dg.MetadataValue.dagster_run(made_by.run_id),
            "made_from": dg.MetadataValue.asset(DOCUMENTS_KEY),
        },
    )


def _documents_page(
    orders: Sequence[Order], report: RecordReport, logged: int
) -> dict[str, dg.MetadataValue[Any] | Any]:
    top = pages.top_documents(orders)
    tables = {"most_valuable": _table(top)} if top else {}
    return {**pages.book_facts(orders, report), "logged_documents": logged, **tables}


def _table(records: Sequence[dict[str, pages.Scalar]]) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.table([dg.TableRecord(record) for record in records])
