"""Orders as tables and as plain records, for the asset, the command line and programs.

Read from the ledger, never from the warehouse, so they answer while a run writes. Not here:
the state of one order (``order``) or where it is kept (``store``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LEVELS, ORDER_LINES
from assets.orders.events import NEVER_SENT, Channel, Document, OrderBook, OrderLine
from assets.orders.order import ENDED, Order, OrderStatus
from assets.orders.store import OrderFilter, OrderStore, Recorded, RecordReport, sorted_orders

REPAIR_WINDOW = 1000
"""Orders, latest first, that every run compares with what Dagster has logged."""
_ENOUGH = 1000
_PAGE = 1000


@dataclass(frozen=True)
class Moved:
    """Orders that changed, and the position of the ledger up to which these are all."""

    orders: tuple[Order, ...]
    position: int


def proposals(documents: Iterable[Document]) -> tuple[Order, ...]:
    """Return documents as fresh orders that no ledger has seen."""
    return tuple(Order(document, 1, OrderStatus.PROPOSED) for document in documents)


def documents_frame(orders: Iterable[Order]) -> pd.DataFrame:
    """Return orders as frame ``order_documents``; one row per order, money as numbers."""
    return _frame(DOCUMENTS, [_document_row(order) for order in orders])


def lines_frame(orders: Iterable[Order]) -> pd.DataFrame:
    """Return the lines of orders as frame ``order_lines``; one row per order and line that moves something."""
    rows = [
        {"order_id": order.order_id, **_without_levels(line)}
        for order in orders
        for line in order.document.lines
        if line.levels is None
    ]
    return _frame(ORDER_LINES, rows)


def levels_frame(orders: Iterable[Order]) -> pd.DataFrame:
    """Return the levels that orders hand over as frame ``order_levels``; one row per order and line."""
    rows = [
        {
            "order_id": order.order_id, "line_number": line.line_number, "site_id": order.document.destination_id,
            "item_id": line.item_id, "receipt_kind": line.mode, "reason": line.reason, **asdict(line.levels),
        }
        for order in orders
        for line in order.document.lines
        if line.levels is not None
    ]  # fmt: skip
    return _frame(ORDER_LEVELS, rows)


def as_planned(book: OrderBook, store: OrderStore) -> tuple[Order, ...]:
    """Return a book's documents with the revision, status and run that the ledger gives them.

    Content and provenance are the book's: a document that did not change keeps its revision, but
    what is published beside this plan's tables must say what this plan says, so that a replay of
    the plan finds the same.
    """
    stands = {order.order_id: order for order in store.orders(_of(book))}
    return tuple(_restated(stands[document.order_id], document) for document in book.content)


def orders_to_log(book: OrderBook, store: OrderStore) -> tuple[Order, ...]:
    """Return a book's orders and those that changed last, whose run may have died before it logged them."""
    # What a shadow wants is in the ledger and in its own tables; it is no partition.
    shown = (Channel.LIVE, Channel.BACKFILL)
    latest = (
        order
        for channel in shown
        for order in store.orders(OrderFilter(network=book.network, channel=channel, latest=REPAIR_WINDOW))
    )
    return sorted_orders({order.order_id: order for order in (*latest, *store.orders(_of(book)))}.values())


def moved_since(store: OrderStore, network: str, position: int, enough: int = _ENOUGH, page: int = _PAGE) -> Moved:
    """Return the live orders of a network that more than a plan changed after a position.

    What a plan alone changed (proposals that nobody spoke of, withdrawals) its own run logs.

    Parameters
    ----------
    position : int
        Of the ledger; one beyond its end, of a ledger that was put back since, counts as its end.
    enough : int
        Orders after which it stops: the next time goes on at the position that was reached.
    page : int
        Events read at once.
    """
    found: dict[str, Order] = {}
    reached = min(position, store.append(()))
    while len(found) < enough and (events := store.events(reached, page)):
        reached = events[-1].position
        found |= {order.order_id: order for order in _changed_last(store, network, events)}
    return Moved(sorted_orders(found.values()), reached)


def _changed_last(store: OrderStore, network: str, events: Sequence[Recorded]) -> list[Order]:
    """Return the orders that more than a plan changed and whose last event is among these, the later ones aside."""
    streams = tuple(sorted({recorded.stream for recorded in events}))
    wanted = OrderFilter(network=network, channel=Channel.LIVE, order_ids=streams)
    moved = [order for order in store.orders(wanted) if not order.withdrawn and not _untouched(order)]
    later = {header.order_id for header in store.headers(replace(wanted, changed_after=events[-1].position))}
    return [order for order in moved if order.order_id not in later]


def _untouched(order: Order) -> bool:
    return order.status is OrderStatus.PROPOSED and order.approval is None and not order.overridden_by


def withdrawn_orders(store: OrderStore, report: RecordReport) -> tuple[Order, ...]:
    """Return the orders that a recording withdrew."""
    return store.orders(OrderFilter(order_ids=report.withdrawn)) if report.withdrawn else ()


def as_records(orders: Iterable[Order]) -> list[dict[str, Any]]:
    """Return orders as JSON-ready records: what ``equipoise orders --json`` prints.

    Money is a number at four decimals; dates are ISO 8601.
    """
    return [_record(order) for order in orders]


def unlogged(orders: Iterable[Order], logged: Mapping[str, str]) -> tuple[Order, ...]:
    """Return orders whose latest revision has no materialization yet.

    Parameters
    ----------
    orders : iterable of Order
        As the ledger has them.
    logged : mapping
        Order id to the data version that was last logged.
    """
    return tuple(
        order
        for order in orders
        if order.status is not OrderStatus.CANCELLED and logged.get(order.order_id) != order.data_version
    )


def over_since(
    store: OrderStore, order_ids: Sequence[str], *, today: dt.date, now: dt.datetime, days: int
) -> tuple[str, ...]:
    """Return, of some orders, those that were over days ago and of which nothing was heard since.

    A live order is over when it has ended. A document of a backfill goes no further and is over with its plan date.

    Parameters
    ----------
    order_ids : sequence of str
        Orders in question.
    today, now : date, datetime
        By the network's clock; plan dates are compared with the first, records with the second.
    days : int
        Since its plan date and since its last event.
    """
    length = dt.timedelta(days=days)
    wanted = OrderFilter(order_ids=tuple(order_ids), planned_before=today - length, silent_since=now - length)
    return tuple(
        header.order_id for header in store.headers(wanted) if header.status in ENDED or header.channel in NEVER_SENT
    )


def _of(book: OrderBook) -> OrderFilter:
    return OrderFilter(network=book.network, plan_date=book.plan_date, channel=book.channel)


def _restated(order: Order, document: Document) -> Order:
    made_by = replace(document.provenance, run_id=order.document.provenance.run_id)
    return replace(order, document=replace(document, provenance=made_by))


def _document_row(order: Order) -> dict[str, Any]:
    document = order.document
    made_by = asdict(document.provenance)
    return {
        "order_id": order.order_id,
        "plan_date": document.plan_date,
        "channel": document.channel.value,
        "kind": document.kind,
        "origin_id": document.origin_id,
        "destination_id": document.destination_id,
        "revision": order.revision,
        "status": order.status.value,
        "line_count": len(document.lines),
        "quantity_units": document.quantity_units,
        "value_amount": document.value_amount,
        "gain_amount": document.gain_amount,
        "reason": document.reason,
        "content_digest": document.content_digest,
        **made_by,
        "batch_ids": ",".join(document.provenance.batch_ids),
    }


def _without_levels(line: OrderLine) -> dict[str, Any]:
    told = asdict(line)
    del told["levels"]
    return told


def _levels_record(line: OrderLine) -> dict[str, Any]:
    """Return the levels of a line as a part of its record; nothing where it has none."""
    if line.levels is None:
        return {}
    told = asdict(line.levels)
    return {"levels": told | {"promised_service": float(told["promised_service"])}}


def _record(order: Order) -> dict[str, Any]:
    document, made_by = order.document, order.document.provenance
    return {
        "order_id": order.order_id,
        "kind": document.kind,
        "plan_date": document.plan_date.isoformat(),
        "channel": document.channel.value,
        "origin": document.origin_id,
        "destination": document.destination_id,
        "status": order.status.value,
        "revision": order.revision,
        "value": float(document.value_amount),
        "gain": float(document.gain_amount),
        "reason": document.reason,
        "lines": [
            {
                "item": line.item_id,
                "quantity": line.quantity_units,
                "value": float(line.value_amount),
                "mode": line.mode,
                "departure_date": line.departure_date.isoformat(),
                "arrival_date": line.arrival_date.isoformat(),
                "gain": float(line.gain_amount),
                "reason": line.reason,
                **_levels_record(line),
            }
            for line in document.lines
        ],
        **asdict(made_by),
        "batch_ids": list(made_by.batch_ids),
        "content_digest": document.content_digest,
    }


def _frame(frame: Frame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        return frame.empty()
    data = pd.DataFrame(rows)
    for name in data.columns[data.map(lambda value: isinstance(value, Decimal)).any()]:
        data[name] = data[name].astype("float64")
    return frame.conform(data)
