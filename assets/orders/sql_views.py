"""Whether the views of the SQL ledger are what its events make of them.

Events are read once, in the order of their positions. An order is compared after its last event and then let
go, so that memory holds the orders under way and the ids of the others. Rows are compared as they lie: a flag
of 2 or another way to write a date reads the same afterwards and is missed by every query. Not here: making the
views (``sql_projection``), or the chain (``sql_chain``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from assets.kernel.errors import EquipoiseError
from assets.orders.chain import Fault, FaultKind
from assets.orders.codec import Codec
from assets.orders.events import ContentEvent, LedgerEvent
from assets.orders.evolve import evolve
from assets.orders.order import Order
from assets.orders.sql_events import RowFault, misshapen_rows, named, pages, shown, stored
from assets.orders.sql_projection import PROJECTION, chunks, reservations_of, row_of
from assets.orders.sql_schema import EVENTS, ORDERS, PROJECTIONS, RESERVATIONS
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
        return f"order {shown(self.order_id)} was changed where it stands: {self.detail}"


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


ViewFault = Fault | RowFault | ProjectionFault


def view_faults(connection: sa.Connection, codec: Codec, last_position: int) -> tuple[ViewFault, ...]:
    """Return orders and held stock that are not what the events say, by order; the chain must be sound."""
    walk = _Walk(codec, dict(_last_versions(connection)))
    found: list[ProjectionFault] = []
    for rows in pages(connection):
        ended = walk.ended(rows)
        found += _differences(connection, ended)
        walk.known |= ended.keys()
    found += _strangers(connection, walk.known | walk.unreadable)
    orders = sorted(found, key=lambda fault: shown(fault.order_id))
    return (*walk.faults, *orders, *_place_of_views(connection, last_position))


def form_faults(connection: sa.Connection) -> tuple[RowFault, ...]:
    """Return rows of the views that no append can have written, whatever the events say."""
    return tuple(fault for table in (ORDERS, RESERVATIONS, PROJECTIONS) for fault in misshapen_rows(connection, table))


def _last_versions(connection: sa.Connection) -> Iterator[tuple[str, int]]:
    latest = sa.select(EVENTS.c.stream, sa.func.max(EVENTS.c.version)).group_by(EVENTS.c.stream)
    return ((row[0], row[1]) for row in connection.execute(latest))


@dataclass
class _Walk:
    """Orders under way while events are read, and what became of the others.

    Attributes
    ----------
    last : dict of int
        Version of the last event of each stream.
    known, unreadable : set of str
        Orders that were compared, and streams with an event that this release cannot read.
    """

    codec: Codec
    last: dict[str, int]
    going: dict[str, _Stand] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def ended(self, rows: Iterable[sa.Row[Any]]) -> dict[str, _Stand]:
        """Return the orders whose last events are among some events."""
        found: dict[str, _Stand] = {}
        for row in rows:
            if row.stream in self.unreadable:
                continue
            try:
                is_order = self._taken(row)
            except EquipoiseError as error:
                self.faults.append(Fault(FaultKind.UNREADABLE, row.position, error.what))
                self.unreadable.add(row.stream)
                self.going.pop(row.stream, None)
                continue
            if is_order and row.version == self.last[row.stream]:
                found[row.stream] = self.going.pop(row.stream)
        return found

    def _taken(self, row: sa.Row[Any]) -> bool:
        """Take an event if it is an order's, and tell whether it was."""
        event: LedgerEvent = self.codec.from_json(row.event_type, row.schema_version, row.payload)
        if not isinstance(event, ORDER_EVENTS):
            return False
        self.going.setdefault(row.stream, _Stand()).take(event, row.position)
        return True


def _differences(connection: sa.Connection, ended: dict[str, _Stand]) -> Iterator[ProjectionFault]:
    """Compare orders that no further event tells of with the views."""
    held = _held(connection, ended)
    missing = set(ended)
    for chunk in chunks(ended):
        for row in connection.execute(stored(connection, ORDERS).where(ORDERS.c.order_id.in_(chunk))).mappings():
            stand = ended[row["order_id"]]
            missing.discard(row["order_id"])
            assert stand.order is not None
            told = row_of(stand.order) | stand.places
            yield from (ProjectionFault(row["order_id"], detail) for detail in _other_values(row, told))
            yield from _other_stock(row["order_id"], held.get(row["order_id"], []), reservations_of(stand.order))
    for order_id in missing:
        yield ProjectionFault(order_id, "it is not there")
        if order_id in held:
            yield ProjectionFault(order_id, "stock is held for it, and it is not there")


def _other_values(row: Mapping[Any, Any], told: Mapping[Any, Any]) -> Iterator[str]:
    for column, value in told.items():
        written = _written(value)
        if row[column] != written or isinstance(row[column], float):
            yield f"{column} = {shown(row[column])}, by its events {shown(written)}"


def _written(value: Any) -> Any:
    """Return a value as it lies in SQLite."""
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _other_stock(
    order_id: str, rows: Iterable[Mapping[Any, Any]], told: Iterable[Mapping[Any, Any]]
) -> Iterator[ProjectionFault]:
    """Compare the stock that is held for an order with what its events say."""
    there = {(row["site_id"], row["item_id"]): row for row in rows}
    for hold in told:
        row = there.pop((hold["site_id"], hold["item_id"]), None)
        wrong = ["it is not there"] if row is None else list(_other_values(row, hold))
        yield from (ProjectionFault(order_id, f"{RESERVATIONS.name}, {_stock(hold)}: {detail}") for detail in wrong)
    for row in there.values():
        yield ProjectionFault(order_id, f"{RESERVATIONS.name}, {_stock(row)}: its events do not hold it")


def _stock(row: Mapping[Any, Any]) -> str:
    return named(row, ("site_id", "item_id"))


def _strangers(connection: sa.Connection, known: set[str]) -> Iterator[ProjectionFault]:
    """Return what the views have of orders that no event tells of."""
    for told, table in (
        ("no event tells of it", ORDERS),
        ("stock is held for it, and it is not there", RESERVATIONS),
    ):
        told_of: set[Any] = set(connection.execute(sa.select(table.c.order_id).distinct()).scalars())
        yield from (ProjectionFault(order_id, told) for order_id in told_of - known)


def _held(connection: sa.Connection, order_ids: Iterable[str]) -> dict[str, list[Mapping[Any, Any]]]:
    found: dict[str, list[Mapping[Any, Any]]] = {}
    for chunk in chunks(order_ids):
        query = stored(connection, RESERVATIONS).where(RESERVATIONS.c.order_id.in_(chunk))
        for row in connection.execute(query).mappings():
            found.setdefault(row["order_id"], []).append(row)
    return found


def _place_of_views(connection: sa.Connection, last: int) -> Iterator[RowFault]:
    """Tell whether the views say that they are where the ledger is."""
    rows = {row["name"]: row for row in connection.execute(stored(connection, PROJECTIONS)).mappings()}
    own = rows.pop(PROJECTION, None)
    if own is None and last:
        yield RowFault(PROJECTIONS.name, f"name {PROJECTION}", "it is not there")
    if own is not None:
        wrong = _other_values(own, {"position": last})
        yield from (RowFault(PROJECTIONS.name, f"name {PROJECTION}", detail) for detail in wrong)
    for name in rows:
        yield RowFault(PROJECTIONS.name, f"name {shown(name)}", "there is no such view")
