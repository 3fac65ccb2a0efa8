"""Dagster face of orders: documents and lines of a plan date, and one partition per document.

``orders/order`` is an external asset: no job builds it, the daily documents log its
materializations. Not here: any rule of an order, and how its events are logged (``order_events``).
"""

from collections.abc import Iterator, Sequence

import dagster as dg
import pandas as pd

from assets.kernel.calendar import AsKnown
from assets.kernel.clock import Clock
from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_out, shown
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LEVELS, ORDER_LINES
from assets.kernel.network import NetworkProfile
from assets.kernel.page import Page
from assets.kernel.published import Published
from assets.orders import pages
from assets.orders.defs import levels_there as standing
from assets.orders.defs.order_events import DOCUMENTS_KEY, ORDER_KEY, ORDER_PARTITIONS, log_orders, prune_orders
from assets.orders.levels_there import LevelsThere, require_still
from assets.orders.order import Order
from assets.orders.plan_book import book_of_plan
from assets.orders.projections import (
    as_planned,
    documents_frame,
    levels_frame,
    lines_frame,
    orders_to_log,
    withdrawn_orders,
)
from assets.orders.record import record
from assets.orders.store import OrderStore
from assets.orders.wanted_levels import LevelTables
from assets.policy.registry import PolicyRegistry

__all__ = ["DOCUMENTS_KEY", "ORDER_KEY", "build"]

_OWNERS = ["team:replenishment"]
_KINDS = {"python", "pandas"}
_READ_BY_COLUMN = (
    ["forecasting", "demand_forecast"],
    ["marts", "fct_demand"],
    ["marts", "fct_inventory_position"],
    ["marts", "feat_item_site"],
    ["raw", "batches"],
)


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Return the assets of orders, partitioned by plan date except for ``orders/order``."""

    @dg.multi_asset(
        name="orders",
        outs={
            "documents": published_out(
                DOCUMENTS,
                ["orders", "documents"],
                "A document whose lines stand keeps its revision; withdrawn ones are in the ledger alone.",
                grain="One row per order document that the plan wants, with the revision, status and run the ledger "
                "gives it.",
                owners=_OWNERS,
                kinds=_KINDS,
            ),
            "order_lines": published_out(
                ORDER_LINES,
                ["orders", "order_lines"],
                "Do not add up across plan dates: each plans the same stock anew.",
                grain="One row per order document and line that moves something, of its latest revision.",
                owners=_OWNERS,
                kinds=_KINDS,
            ),
            "order_levels": published_out(
                ORDER_LEVELS,
                ["orders", "order_levels"],
                "Only what differs from what the ERP acknowledged before; all levels in force are those of "
                "`orders/levels_there` with these over them.",
                owners=_OWNERS,
                kinds=_KINDS,
            ),
        },
        ins=inputs(
            rebalancing=["plan_lines", "plan_summary", "canary_items", "decisions"],
            quality=["plan_verdicts"],
            inventory=["targets"],
            marts=["dim_item_site", "dim_sourcing"],
            orders=["levels_there"],
        ),
        deps=[dg.AssetKey(key) for key in _READ_BY_COLUMN],
        partitions_def=plan_dates,
        group_name="orders",
    )
    def orders_of_plan(
        context: dg.AssetExecutionContext,
        plan_lines: pd.DataFrame,
        plan_summary: pd.DataFrame,
        canary_items: pd.DataFrame,
        decisions: pd.DataFrame,
        plan_verdicts: pd.DataFrame,
        targets: pd.DataFrame,
        dim_item_site: pd.DataFrame,
        dim_sourcing: pd.DataFrame,
        levels_there: pd.DataFrame,
        published: dg.ResourceParam[Published],
        profile: dg.ResourceParam[NetworkProfile],
        orders: dg.ResourceParam[OrderStore],
        levels: dg.ResourceParam[LevelsThere],
        clock: dg.ResourceParam[Clock],
        policies: dg.ResourceParam[PolicyRegistry],
        as_known: dg.ResourceParam[AsKnown],
        order_partition_days: dg.ResourceParam[int],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        require_still(levels_there, levels.of(plan_date_of(context)), plan_date_of(context))
        tables = LevelTables(decisions, targets, dim_item_site, dim_sourcing, levels_there)
        book = book_of_plan(
            published, profile, plan_date_of(context), plan_lines=plan_lines, plan_summary=plan_summary,
            verdicts=plan_verdicts, today=clock.today(), dispatch_days=policies.active().dispatch.window_days,
            as_known=as_known, run_id=context.run.run_id, canary_items=canary_items, levels=tables,
        )  # fmt: skip
        report = record(book, orders)
        logged = log_orders(context, orders_to_log(book, orders), withdrawn_orders(orders, report))
        prune_orders(context.instance, orders, clock, order_partition_days)
        planned = as_planned(book, orders)
        yield from _tables(planned, len(levels_there), pages.documents_page(planned, report, logged))

    return [standing.build(plan_dates), orders_of_plan, _order_spec()]


def _tables(planned: Sequence[Order], there: int, page: Page) -> Iterator[dg.Output[pd.DataFrame]]:
    yield dg.Output(documents_frame(planned), "documents", metadata=shown(page))
    yield dg.Output(lines_frame(planned), "order_lines", metadata=shown(pages.lines_page(planned)))
    told = pages.levels_page(planned, there)
    yield dg.Output(levels_frame(planned), "order_levels", metadata=shown(told))


def _order_spec() -> dg.AssetSpec:
    return dg.AssetSpec(
        ORDER_KEY,
        description="One partition per order document; one materialization per revision, with its lines, "
        "money, reason and everything that made it. Logged by `orders/documents`, never built by a job. A partition "
        "goes a set time after its order ended; `equipoise orders ID` tells of it from the ledger for ever.",
        # A document belongs to one plan date, which its metadata name; the mapping of keys is not a rule
        # that Dagster could compute.
        deps=[dg.AssetDep(DOCUMENTS_KEY, partition_mapping=dg.AllPartitionMapping())],
        partitions_def=dg.DynamicPartitionsDefinition(name=ORDER_PARTITIONS),
        group_name="orders",
        owners=_OWNERS,
        kinds={"ledger"},
    )
