"""Whether the views of the SQL ledger are what its events make of them.

Events are read once, in the order of their positions. An order is compared after its last event and then let
go, so that memory holds the orders under way and the ids of the others. Not here: making the views
(``sql_projection``), or the chain (``sql_chain``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from assets.orders.codec import Codec
from assets.orders.events import ContentEvent
from assets.orders.evolve import evolve
from assets.orders.order import Order
from assets.orders.sql_events import pages
from assets.orders.sql_projection import chunks, reservations_of, row_of
from assets.orders.sql_schema import EVENTS, ORDERS, RESERVATIONS
from assets.orders.store import ORDER_EVENTS


@dataclass(frozen=True)
class ProjectionFault:
    """An order that does not stand where its events leave it.

    Attributes
    ----------
    order_id : str
        The order.
    detail : str
        Which column says what, and what its events say.
    """

    order_id: str
    detail: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"order {self.order_id} was changed where it stands: {self.detail}"


@dataclass
class _Stand:
    """Where events have left an order, and which were its last one and its last one with content."""

    order: Order | None = None
    places: dict[str, int] = field(default_factory=dict)

    def take(self, event: Any, position: int) -> None:
        self.order = evolve(self.order, event)
        self.places["position"] = position
        if isinstance(event, ContentEvent):
            self.places["content_position"] = position


def view_faults(connection: sa.Connection, codec: Codec) -> tuple[ProjectionFault, ...]:
    """Return orders and held stock that are not what the events say, by order; the chain must be sound."""
    latest = sa.select(EVENTS.c.stream, sa.func.max(EVENTS.c.version)).group_by(EVENTS.c.stream)
    last: dict[str, int] = {row[0]: row[1] for row in connection.execute(latest)}
    going: dict[str, _Stand] = {}
    known: set[str] = set()
    found: list[ProjectionFault] = []
    for rows in pages(connection):
        ended: dict[str, _Stand] = {}
        for row in rows:
            event = codec.from_json(row.event_type, row.schema_version, row.payload)
            if not isinstance(event, ORDER_EVENTS):
                continue
            going.setdefault(row.stream, _Stand()).take(event, row.position)
            if row.version == last[row.stream]:
                ended[row.stream] = going.pop(row.stream)
        found += _differences(connection, ended)
        known |= ended.keys()
    found += _strangers(connection, known)
    return tuple(sorted(found, key=lambda fault: fault.order_id))


def _differences(connection: sa.Connection, ended: dict[str, _Stand]) -> Iterator[ProjectionFault]:
    """Compare orders that no further event tells of with the views."""
    held = _held(connection, ended)
    missing = set(ended)
    for chunk in chunks(ended):
        for row in connection.execute(sa.select(ORDERS).where(ORDERS.c.order_id.in_(chunk))):
            stand = ended[row.order_id]
            missing.discard(row.order_id)
            assert stand.order is not None
            for column, value in (row_of(stand.order) | stand.places).items():
                if row._mapping[column] != value:
                    yield ProjectionFault(row.order_id, f"{column} = {row._mapping[column]}, by its events {value}")
            if held.get(row.order_id, []) != reservations_of(stand.order):
                yield ProjectionFault(row.order_id, "the stock that it holds is not what its events say")
    for order_id in missing:
        yield ProjectionFault(order_id, "it is not there")
        if order_id in held:
            yield ProjectionFault(order_id, "stock is held for it, and it is not there")


def _strangers(connection: sa.Connection, known: set[str]) -> Iterator[ProjectionFault]:
    """Return what the views have of orders that no event tells of."""
    for told, column in (
        ("no event tells of it", ORDERS.c.order_id),
        ("stock is held for it, and it is not there", RESERVATIONS.c.order_id),
    ):
        told_of: set[str] = set(connection.execute(sa.select(column).distinct()).scalars())
        yield from (ProjectionFault(order_id, told) for order_id in told_of - known)


def _held(connection: sa.Connection, order_ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for chunk in chunks(order_ids):
        for row in connection.execute(sa.select(RESERVATIONS).where(RESERVATIONS.c.order_id.in_(chunk))):
            found.setdefault(row.order_id, []).append(dict(row._mapping))
    # As orders list them, in any database's order of letters.
    return {key: sorted(rows, key=lambda row: (row["site_id"], row["item_id"])) for key, rows in found.items()}
