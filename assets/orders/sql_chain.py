"""The chain as the SQL ledger keeps it: links of stored rows, and what is wrong with a whole ledger.

Not here: what a chain is (``chain``), or appending to it (``sql_store``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from assets.orders.chain import GENESIS, Checkpoint, Fault, FaultKind, Link, chain_faults
from assets.orders.codec import Codec
from assets.orders.events import ContentEvent
from assets.orders.evolve import evolve
from assets.orders.order import Order
from assets.orders.sql_projection import reservations_of, row_of
from assets.orders.sql_schema import EVENTS, HEAD, ORDERS, RESERVATIONS
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


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what is wrong with it.

    Attributes
    ----------
    events : int
        Events that are there.
    last_hash : str
        Digest of the last of them.
    checkpoints : int
        Ends of the chain that were found outside the database.
    faults : tuple
        Nothing if the ledger is sound.
    """

    events: int
    last_hash: str
    checkpoints: int
    faults: tuple[Fault | ProjectionFault, ...]


def link_of(row: sa.Row[Any]) -> Link:
    """Return a stored event as a link of the chain."""
    return Link(
        position=row.position,
        stream=row.stream,
        version=row.version,
        event_type=row.event_type,
        schema_version=row.schema_version,
        recorded_at=row.recorded_at.isoformat(),
        payload=row.payload,
        previous_hash=row.previous_hash,
        chain_hash=row.chain_hash,
    )


def verified(connection: sa.Connection, checkpoints: Sequence[Checkpoint], codec: Codec, *, complete: bool) -> Verified:
    """Look for everything in a ledger that no append can have left there.

    Parameters
    ----------
    connection : Connection
        Inside a transaction, so that all is of one moment.
    checkpoints : sequence of Checkpoint
        What was written outside the database, read within that transaction.
    codec : Codec
        Reads the events.
    complete : bool
        Whether every append left one there.
    """
    links = [link_of(row) for row in connection.execute(sa.select(EVENTS).order_by(EVENTS.c.position))]
    faults = (*chain_faults(links, checkpoints, complete=complete), *_head(connection, links))
    committed = sum(point.committed for point in checkpoints)
    # What orders should be is not known where events were touched.
    return Verified(
        len(links), links[-1].chain_hash if links else GENESIS, committed,
        faults or tuple(_projection(connection, links, codec)),
    )  # fmt: skip


def _head(connection: sa.Connection, links: list[Link]) -> Iterator[Fault]:
    heads: Sequence[int] = connection.execute(sa.select(HEAD.c.position)).scalars().all()
    last = max((link.position for link in links), default=0)
    if heads != [last]:
        told = f"the ledger's head says {', '.join(map(str, heads)) or 'nothing'}"
        kind = FaultKind.CUT_OFF if heads and heads[0] > last else FaultKind.INSERTED
        yield Fault(kind, last + (kind is FaultKind.CUT_OFF), told)


def _projection(connection: sa.Connection, links: list[Link], codec: Codec) -> Iterator[ProjectionFault]:
    orders, places = _as_events_leave_them(links, codec)
    held = _held(connection)
    for row in connection.execute(sa.select(ORDERS).order_by(ORDERS.c.order_id)):
        order = orders.pop(row.order_id, None)
        if order is None:
            yield ProjectionFault(row.order_id, "no event tells of it")
            continue
        for column, value in (row_of(order) | places[row.order_id]).items():
            if row._mapping[column] != value:
                yield ProjectionFault(row.order_id, f"{column} = {row._mapping[column]}, by its events {value}")
        if held.pop(row.order_id, []) != reservations_of(order):
            yield ProjectionFault(row.order_id, "the stock that it holds is not what its events say")
    for order_id in sorted(orders):
        yield ProjectionFault(order_id, "it is not there")
    for order_id in sorted(held):
        yield ProjectionFault(order_id, "stock is held for it, and it is not there")


def _as_events_leave_them(links: list[Link], codec: Codec) -> tuple[dict[str, Order], dict[str, dict[str, int]]]:
    orders: dict[str, Order] = {}
    places: dict[str, dict[str, int]] = {}
    for link in links:
        event = codec.from_json(link.event_type, link.schema_version, link.payload)
        if not isinstance(event, ORDER_EVENTS):
            continue
        orders[link.stream] = evolve(orders.get(link.stream), event)  # type: ignore[arg-type]
        place = places.setdefault(link.stream, {})
        place["position"] = link.position
        if isinstance(event, ContentEvent):
            place["content_position"] = link.position
    return orders, places


def _held(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    order_by = (RESERVATIONS.c.order_id, RESERVATIONS.c.site_id, RESERVATIONS.c.item_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(sa.select(RESERVATIONS).order_by(*order_by)):
        found.setdefault(row.order_id, []).append(dict(row._mapping))
    return found
