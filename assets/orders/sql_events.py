"""Stored events, some thousand at a time, so that memory does not grow with the ledger.

Not here: what they mean (``codec``, ``evolve``), or writing them (``sql_store``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from assets.orders.chain import Link
from assets.orders.sql_schema import EVENTS

EVENTS_AT_ONCE = 20_000


def pages(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield all events in the order of their positions."""
    query = sa.select(EVENTS).order_by(EVENTS.c.position).limit(EVENTS_AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        yield rows
        rows = connection.execute(query.where(EVENTS.c.position > rows[-1].position)).all()


@dataclass(frozen=True)
class StoredLinks:
    """All events as links of the chain; read anew each time they are walked."""

    connection: sa.Connection

    def __iter__(self) -> Iterator[Link]:
        """Return the links in the order of their positions."""
        return (link_of(row) for rows in pages(self.connection) for row in rows)


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
