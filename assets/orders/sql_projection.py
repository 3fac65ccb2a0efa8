"""Orders as they stand, and the stock they hold, as the SQL ledger keeps them: views that events alone make.

Not here: the events (``sql_store``), or whether the views are what they make of them (``sql_chain``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from assets.kernel.errors import EquipoiseError
from assets.orders.codec import Codec
from assets.orders.events import ContentEvent
from assets.orders.evolve import evolve
from assets.orders.order import ENDED, Order, errand_of, held
from assets.orders.sql_engine import upsert
from assets.orders.sql_schema import EVENTS, ORDERS, PROJECTIONS, RESERVATIONS
from assets.orders.store import ORDER_EVENTS, Recorded, Stock

PROJECTION = "orders"
_IDS_PER_STATEMENT = 5000  # SQLite takes 32,766 parameters a statement


def project(
    connection: sa.Connection, recorded: Iterable[Recorded], stands: Mapping[str, Order], position: int
) -> None:
    """Bring the views to ``position``, in the caller's transaction.

    Parameters
    ----------
    connection : Connection
        Inside a transaction that may write.
    recorded : iterable of Recorded
        Events beyond what the views know, oldest first.
    stands : mapping
        Orders as the views have them, by id; those without an entry are new.
    position : int
        Of the last event.
    """
    orders: dict[str, Order] = dict(stands)
    places: dict[str, dict[str, int]] = {}
    for entry in recorded:
        if not isinstance(entry.event, ORDER_EVENTS):
            continue
        orders[entry.stream] = evolve(orders.get(entry.stream), entry.event)  # type: ignore[arg-type]
        place = places.setdefault(entry.stream, {})
        place["position"] = entry.position
        if isinstance(entry.event, ContentEvent):
            place["content_position"] = entry.position
    changed = {order_id: row_of(orders[order_id]) | place for order_id, place in places.items()}
    upsert(connection, ORDERS, [row for row in changed.values() if "content_position" in row], ("order_id",))
    _update(connection, [row for row in changed.values() if "content_position" not in row])
    _hold(connection, [orders[order_id] for order_id in changed], stands)
    upsert(connection, PROJECTIONS, [{"name": PROJECTION, "position": position}], ("name",))


def row_of(order: Order) -> dict[str, Any]:
    """Return an order's columns in the view, but for positions."""
    document = order.document
    return {
        "order_id": order.order_id,
        "network": document.network,
        "plan_date": document.plan_date,
        "channel": document.channel.value,
        "kind": document.kind,
        "origin_id": document.origin_id,
        "destination_id": document.destination_id,
        "quantity_units": document.quantity_units,
        "value_amount": str(document.value_amount),
        "gain_amount": str(document.gain_amount),
        "status": order.status.value,
        "status_reason": order.status_reason,
        "going_on": order.status not in ENDED,
        "in_outbox": errand_of(order) is not None,
        "revision": order.revision,
        "version": order.version,
        "state": _adapter().dump_json(order, exclude={"document"}, exclude_defaults=True).decode(),
    }


def reservations_of(order: Order) -> list[dict[str, Any]]:
    """Return an order's rows in the view of stock that is held."""
    network = order.document.network
    return [
        {
            "order_id": order.order_id, "site_id": hold.site_id, "item_id": hold.item_id, "network": network,
            "units": hold.units, "last_plan_date": order.document.plan_date if order.status in ENDED else None,
        }
        for hold in held(order)
    ]  # fmt: skip


def with_content() -> sa.Select[Any]:
    """Return a query of the view joined with the events that hold its content."""
    return sa.select(ORDERS, EVENTS.c.event_type, EVENTS.c.schema_version, EVENTS.c.payload).join(
        EVENTS, EVENTS.c.position == ORDERS.c.content_position
    )


def orders_by_id(
    connection: sa.Connection, order_ids: Iterable[str], codec: Codec, query: sa.Select[Any] | None = None
) -> list[Order]:
    """Return the orders of some ids, among those that a query with content admits."""
    base = with_content() if query is None else query
    found: list[Order] = []
    for chunk in chunks(order_ids):
        found += [order_of(row, codec) for row in connection.execute(base.where(ORDERS.c.order_id.in_(chunk)))]
    return found


def order_of(row: sa.Row[Any], codec: Codec) -> Order:
    """Return the order that a row with content tells of.

    Raises
    ------
    EquipoiseError
        If the row points at an event that holds no content, or says what no order can be.
    """
    event = codec.from_json(row.event_type, row.schema_version, row.payload)
    if not isinstance(event, ContentEvent):
        raise _spoilt(row, f"content position {row.content_position} holds {row.event_type}")
    try:
        state = _adapter_of_state().validate_json(row.state)
        return _adapter().validate_python(state | {"document": event.document})
    except ValidationError as error:
        raise _spoilt(row, f"its state cannot be read: {str(error).splitlines()[0]}") from error


def claims(
    connection: sa.Connection, network: str, stocks: Iterable[Stock], plan_date: dt.date | None = None
) -> dict[str, dict[Stock, int]]:
    """Return what orders of a network hold of some stocks, by order; of the snapshot of a plan date, if named."""
    asked = set(stocks)
    found: dict[str, dict[Stock, int]] = {}
    for sites in chunks({site_id for site_id, _ in asked}):
        query = sa.select(RESERVATIONS).where(RESERVATIONS.c.network == network, RESERVATIONS.c.site_id.in_(sites))
        if plan_date is not None:
            last = RESERVATIONS.c.last_plan_date
            query = query.where(sa.or_(last.is_(None), last >= plan_date))
        for row in connection.execute(query):
            if (row.site_id, row.item_id) in asked:
                found.setdefault(row.order_id, {})[row.site_id, row.item_id] = int(row.units)
    return found


def _update(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name != "order_id"}
        statement = sa.update(ORDERS).where(ORDERS.c.order_id == sa.bindparam("new_order_id")).values(values)
        connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def _hold(connection: sa.Connection, changed: Sequence[Order], stands: Mapping[str, Order]) -> None:
    """Bring the view of stock that is held to where orders leave it."""
    moved = [order for order in changed if _held_before(stands.get(order.order_id)) != reservations_of(order)]
    for chunk in chunks(order.order_id for order in moved if order.order_id in stands):
        connection.execute(sa.delete(RESERVATIONS).where(RESERVATIONS.c.order_id.in_(chunk)))
    rows = [row for order in moved for row in reservations_of(order)]
    if rows:
        connection.execute(sa.insert(RESERVATIONS), rows)


def _held_before(order: Order | None) -> list[dict[str, Any]]:
    return reservations_of(order) if order else []


def chunks(ids: Iterable[str]) -> Iterable[list[str]]:
    """Return ids in lots that a statement takes, sorted, each once."""
    asked = sorted(set(ids))
    return (asked[start : start + _IDS_PER_STATEMENT] for start in range(0, len(asked), _IDS_PER_STATEMENT))


@cache
def _adapter() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


@cache
def _adapter_of_state() -> TypeAdapter[dict[str, Any]]:
    return TypeAdapter(dict[str, Any])


def _spoilt(row: sa.Row[Any], what: str) -> EquipoiseError:
    return EquipoiseError(
        what, where=f"order {row.order_id}", remedy="Make the views again with `equipoise ledger rebuild`"
    )
