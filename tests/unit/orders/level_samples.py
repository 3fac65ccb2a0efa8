"""Levels of a small network, and the tables that they follow from, for the tests of documents that hand them over."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from unit.orders.order_samples import PLAN_DATE, evidence, rows_of

from assets.kernel.frames.decisions import DECISIONS, LEVELS_THERE, TARGETS
from assets.kernel.frames.marts import DIM_ITEM_SITE, DIM_SOURCING
from assets.orders.documents import content_digest
from assets.orders.events import Channel, Document, OrderBook
from assets.orders.level_documents import levels_let_out, with_levels
from assets.orders.levels_there import LedgerLevels
from assets.orders.order import Order
from assets.orders.store import OrderStore
from assets.orders.wanted_levels import HANDED_OVER, LevelTables

NOTHING_THERE = LEVELS_THERE.empty()
BASE_STOCKS = (("S1", "I1", 12), ("S1", "I2", 5), ("S2", "I1", 8))


def tables(
    base_stocks: Sequence[tuple[str, str, int]] = BASE_STOCKS,
    *,
    there: pd.DataFrame = NOTHING_THERE,
    ours: Sequence[tuple[str, str]] = (),
    held: Sequence[tuple[str, str]] = (),
    plan_date: dt.date = PLAN_DATE,
    lots: Sequence[dict[str, Any]] = (),
    **target: Any,
) -> LevelTables:
    """Return tables in which item-sites are handed over with a base stock each; ``ours`` are planned, ``held`` held."""
    keys = [(site, item) for site, item, _ in base_stocks]
    decided = [
        *(key | {"decision": "wait", "binding_constraints": HANDED_OVER} for key in _named(keys)),
        *(key | {"decision": "buy", "binding_constraints": "order_multiple"} for key in _named(ours)),
        *(key | {"decision": "held", "binding_constraints": "verdict_hold"} for key in _named(held)),
    ]
    targets = [
        {
            "site_id": site, "item_id": item, "receipt_kind": "transfer", "source_id": "DC1", "base_stock_units": units,
            "reorder_point_units": max(units - 1, 0), "safety_stock_units": units // 3, "maximum_units": None,
            "service_measure": "cycle_service", "promised_service": 0.95, **target,
        }
        for site, item, units in base_stocks
    ]  # fmt: skip
    settings = [key | {"presentation_minimum_units": 0} for key in _named(keys)]
    date = {"plan_date": pd.Timestamp(plan_date)}
    return LevelTables(
        rows_of(DECISIONS, [row | date for row in decided]),
        rows_of(TARGETS, [row | date for row in targets]),
        rows_of(DIM_ITEM_SITE, [row | date for row in settings]),
        rows_of(DIM_SOURCING, [row | date for row in lots]),
        there,
    )


def book(levels: LevelTables, plan_date: dt.date = PLAN_DATE, channel: Channel = Channel.LIVE) -> OrderBook:
    """Return the book of a plan that wants nothing but levels."""
    verdicts = pd.DataFrame(columns=["action", "site_id", "item_id"])
    told = levels_let_out(levels, verdicts)
    return with_levels(OrderBook("sample", plan_date, channel, (), "run-1"), told, evidence())


def wanted(store: OrderStore, plan_date: dt.date = PLAN_DATE, *args: Any, **options: Any) -> OrderBook:
    """Return the book of a plan that knows what the ledger says of levels."""
    there = LedgerLevels(store, "sample").of(plan_date)
    return book(tables(*args, there=there, plan_date=plan_date, **options), plan_date)


def told(document: Document) -> dict[str, tuple[int, int, int]]:
    """Return reorder point, minimum and maximum by item."""
    return {
        line.item_id: (line.levels.reorder_point_units, line.levels.minimum_units, line.levels.maximum_units)
        for line in document.lines
        if line.levels is not None
    }


def with_maximum(order: Order, units: int) -> Document:
    """Return the document of an order whose first line has another maximum."""
    first, *others = order.document.lines
    assert first.levels is not None
    lines = (replace(first, levels=replace(first.levels, maximum_units=units)), *others)
    return replace(order.document, lines=lines, content_digest=content_digest(lines))


def _named(keys: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"site_id": site, "item_id": item} for site, item in keys]
