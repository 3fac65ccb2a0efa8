"""Orders as they stand, as the SQL ledger keeps them: a view that events alone make.

Not here: the events (``sql_store``), or whether the view is what they make of it (``sql_chain``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from assets.kernel.errors import EquipoiseError
from assets.orders.codec import from_json
from assets.orders.events import OrderProposed, OrderRevised
from assets.orders.order import Order, OrderStatus, evolve
from assets.orders.sql_engine import upsert
from assets.orders.sql_schema import EVENTS, ORDERS, PROJECTIONS
from assets.orders.store import Recorded

PROJECTION = "orders"
_IDS_PER_STATEMENT = 5000  # SQLite takes 32,766 parameters a statement


def project(connection: sa.Connection, recorded: Iterable[Recorded], stands: dict[str, Order], position: int) -> None:
    """Bring the view of orders to ``position``, in the caller's transaction.

    Parameters
    ----------
    connection : Connection
        Inside a transaction that may write.
    recorded : iterable of Recorded
        Events beyond what the view knows, oldest first.
    stands : dict
        Orders as the view has them, by id; those without an entry are new.
    position : int
        Of the last event.
    """
    orders: dict[str, Order] = dict(stands)
    changed: dict[str, dict[str, Any]] = {}
    for entry in recorded:
        orders[entry.order_id] = order = evolve(orders.get(entry.order_id), entry.event)
        row = changed.setdefault(entry.order_id, {})
        row |= row_of(order) | {"position": entry.position}
        if isinstance(entry.event, OrderProposed | OrderRevised):
            row["content_position"] = entry.position
    keep = "content_position"
    upsert(connection, ORDERS, [row for row in changed.values() if keep in row], ("order_id",))
    for row in changed.values():
        if keep not in row:
            connection.execute(sa.update(ORDERS).where(ORDERS.c.order_id == row["order_id"]).values(row))
    upsert(connection, PROJECTIONS, [{"name": PROJECTION, "position": position}], ("name",))


def row_of(order: Order) -> dict[str, Any]:
    """Return an order's columns in the view, but for positions."""
    document = order.document
    return {
        "order_id": order.order_id,
        "network": document.network,
        "plan_date": document.plan_date,
        "channel": document.channel.value,
        "status": order.status.value,
        "status_reason": order.status_reason,
        "revision": order.revision,
        "version": order.version,
    }


def with_content() -> sa.Select[Any]:
    """Return a query of the view joined with the events that hold its content."""
    return sa.select(ORDERS, EVENTS.c.event_type, EVENTS.c.schema_version, EVENTS.c.payload).join(
        EVENTS, EVENTS.c.position == ORDERS.c.content_position
    )


def orders_by_id(
    connection: sa.Connection, order_ids: Iterable[str], query: sa.Select[Any] | None = None
) -> list[Order]:
    """Return the orders of some ids, among those that a query with content admits."""
    asked = sorted(set(order_ids))
    base = with_content() if query is None else query
    found: list[Order] = []
    for start in range(0, len(asked), _IDS_PER_STATEMENT):
        chunk = asked[start : start + _IDS_PER_STATEMENT]
        found += [order_of(row) for row in connection.execute(base.where(ORDERS.c.order_id.in_(chunk)))]
    return found


def order_of(row: sa.Row[Any]) -> Order:
    """Return the order that a row with content tells of.

    Raises
    ------
    EquipoiseError
        If the row points at an event that holds no content.
    """
    event = from_json(row.event_type, row.schema_version, row.payload)
    if not isinstance(event, OrderProposed | OrderRevised):
        raise EquipoiseError(
            f"content position {row.content_position} holds {row.event_type}",
            where=f"order {row.order_id}",
            remedy="Make it again with `equipoise ledger rebuild`",
        )
    return Order(event.document, row.revision, OrderStatus(row.status), row.status_reason, row.version)
