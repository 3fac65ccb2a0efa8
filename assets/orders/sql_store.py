"""The ledger on SQL: SQLite in WAL mode for one machine, PostgreSQL for several.

Writers queue for one row (PostgreSQL) or for the file (SQLite), so positions have no gaps and
appear in commit order; each event is chained to the one before it. Readers never wait: they see the
last commit. Not here: tables (``sql_schema``), connections (``sql_engine``), orders as they stand
(``sql_projection``), what is wrong with a ledger (``sql_chain``), the meaning of events (``order``).
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from assets.kernel.clock import Clock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.orders.chain import GENESIS, Link
from assets.orders.checkpoints import CheckpointFile
from assets.orders.codec import Codec, event_type
from assets.orders.events import SCHEMA_VERSION, LedgerEvent
from assets.orders.handling import Handling
from assets.orders.headers import OrderHeader, sorted_headers
from assets.orders.order import Order
from assets.orders.sql_chain import Verified, has_own_tables, verified
from assets.orders.sql_engine import open_engine, prepare_schema, require_schema, unanswered
from assets.orders.sql_events import pages
from assets.orders.sql_projection import PROJECTION, chunks, claims, orders_by_id, project
from assets.orders.sql_queries import handlings, headers, whole_orders
from assets.orders.sql_schema import EVENTS, HEAD, ORDERS, PROJECTIONS, RESERVATIONS
from assets.orders.store import (
    EVERY_ORDER,
    Append,
    OrderFilter,
    Oversold,
    Recorded,
    StockGuard,
    VersionConflict,
    claims_of,
    sorted_orders,
)


class SqlOrderStore:
    """Orders in a SQL database.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://user@host/database``.
    clock : Clock, optional
        Stamps events for the audit; the wall clock by default.
    checkpoints : CheckpointFile, optional
        Where ends of the chain are written outside the database.
    kinds : sequence of type, optional
        Events of streams that are no order's.

    Raises
    ------
    EquipoiseError
        On first use, if the database cannot be reached or belongs to a newer release.
    """

    def __init__(
        self,
        url: str,
        clock: Clock | None = None,
        checkpoints: CheckpointFile | None = None,
        kinds: Sequence[type[LedgerEvent]] = (),
    ) -> None:
        self._codec = Codec(kinds)
        self._clock = clock or WallClock()
        self._checkpoints = checkpoints
        self._engine = open_engine(url)
        self._where = self._engine.url.render_as_string(hide_password=True)
        self._prepared = False

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        """Record events of several streams, all or none, and return the last position."""
        with self._writing() as connection:
            count = sum(len(entry.events) for entry in appends)
            last = _claim(connection, count, self._where)
            streams = {entry.stream for entry in appends}
            stands = {order.order_id: order for order in orders_by_id(connection, streams, self._codec)}
            recorded = list(self._recorded(connection, appends, stands, last - count))
            links = self._chained(recorded, _end_of_chain(connection, last - count, self._where))
            _insert(connection, links, recorded)
            project(connection, recorded, stands, last)
            if guard is not None:
                _require_stock(connection, guard, streams, stands.values())
            if links and self._checkpoints is not None:
                self._checkpoints.begin(last, links[-1].chain_hash)
        if links and self._checkpoints is not None:
            self._checkpoints.commit(last, links[-1].chain_hash)
        return last

    def history(self, stream: str, last: int | None = None) -> tuple[Recorded, ...]:
        """Return all events of a stream, or so many of the last, oldest first."""
        query = sa.select(EVENTS).where(EVENTS.c.stream == stream).order_by(EVENTS.c.version.desc()).limit(last)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(self._recorded_event(row) for row in reversed(rows))

    def events(self, after: int = 0, limit: int = 1000) -> tuple[Recorded, ...]:
        """Return events beyond position ``after``, oldest first, at most ``limit``."""
        query = sa.select(EVENTS).where(EVENTS.c.position > after).order_by(EVENTS.c.position).limit(limit)
        with self._reading() as connection:
            return tuple(self._recorded_event(row) for row in connection.execute(query))

    def orders(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Order, ...]:
        """Return orders as they stand, by plan date and id."""
        with self._reading() as connection:
            return sorted_orders(whole_orders(connection, wanted, self._codec))

    def headers(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[OrderHeader, ...]:
        """Return orders as they stand without their lines, by plan date and id."""
        with self._reading() as connection:
            return sorted_headers(headers(connection, wanted))

    def handlings(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Handling, ...]:
        """Return what people did to orders, by plan date and id."""
        with self._reading() as connection:
            found = handlings(connection, wanted)
        return tuple(sorted(found, key=lambda handled: (handled.plan_date, handled.order_id)))

    def shared_time(self) -> dt.datetime | None:
        """Return the time in UTC by the database's clock; ``None`` of a file, which is of one machine."""
        if self._engine.dialect.name == "sqlite":
            return None
        with self._reading() as connection:
            told: dt.datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return told.astimezone(dt.UTC)

    def rebuild(self) -> int:
        """Make the views again from the events, in one transaction, and return their position."""
        with self._writing() as connection:
            return self._rebuilt(connection)

    def _rebuilt(self, connection: sa.Connection) -> int:
        last = _claim(connection, 0, self._where)
        connection.execute(sa.delete(ORDERS))
        connection.execute(sa.delete(RESERVATIONS))
        for rows in pages(connection):
            recorded = [self._recorded_event(row) for row in rows]
            touched = {entry.stream for entry in recorded if entry.version > 1}
            stands = {order.order_id: order for order in orders_by_id(connection, touched, self._codec)}
            project(connection, recorded, stands, rows[-1].position)
        return last

    def verify(self) -> Verified:
        """Look for everything in the ledger that no append can have left there.

        Writers wait meanwhile: what one of them appends is in the checkpoints before it is in the ledger.
        """
        # Opening it as usual asks the head and makes views again, and fails at what is to be named here.
        if not self._prepared and not has_own_tables(self._engine):
            self._prepare()
        found = self._examined()
        if found.views_wait and not self._prepared:
            self._prepare()
            found = self._examined()
        return found

    def _examined(self) -> Verified:
        with self._told(), self._engine.execution_options(writes=True).begin() as connection:
            connection.execute(sa.select(HEAD.c.only).with_for_update())  # SQLite's writers wait for the file
            points = self._checkpoints.read() if self._checkpoints is not None else ()
            # Of a ledger that several machines share, each has the checkpoints of its own appends.
            alone = connection.dialect.name == "sqlite" and bool(points)
            return verified(connection, points, self._codec, complete=alone)

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def _recorded(
        self, connection: sa.Connection, appends: Sequence[Append], stands: dict[str, Order], position: int
    ) -> Iterator[Recorded]:
        versions = {order_id: order.version for order_id, order in stands.items()}
        versions |= _versions(connection, {entry.stream for entry in appends} - versions.keys())
        now = self._clock.now()
        for entry in appends:
            stored = versions.get(entry.stream, 0)
            if stored != entry.expected_version:
                raise VersionConflict(entry.stream, entry.expected_version, stored)
            for version, event in enumerate(entry.events, stored + 1):
                position += 1
                yield Recorded(position, entry.stream, version, event, now)
            versions[entry.stream] = stored + len(entry.events)

    def _chained(self, recorded: Sequence[Recorded], previous: str) -> list[Link]:
        """Return events as they are stored, each chained to the one before it."""
        found: list[Link] = []
        for entry in recorded:
            link = Link(
                position=entry.position,
                stream=entry.stream,
                version=entry.version,
                event_type=event_type(entry.event),
                schema_version=SCHEMA_VERSION,
                recorded_at=_stored_time(entry.recorded_at).isoformat(),
                payload=self._codec.to_json(entry.event),
                previous_hash=previous,
            )
            previous = link.hash_after(previous)
            found.append(replace(link, chain_hash=previous))
        return found

    def _recorded_event(self, row: sa.Row[Any]) -> Recorded:
        event = self._codec.from_json(row.event_type, row.schema_version, row.payload)
        return Recorded(row.position, row.stream, row.version, event, row.recorded_at.replace(tzinfo=dt.UTC))

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        self._prepare()
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        self._prepare()
        engine = self._engine.execution_options(writes=True)
        with self._told(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.IntegrityError, sa.exc.ProgrammingError):
            raise  # a fault of this module, not of the database
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            raise unanswered(error, self._where, self._engine) from error

    def _prepare(self) -> None:
        if self._prepared:
            return
        with self._told():
            prepare_schema(self._engine)
        self._prepared = True
        with self._reading() as connection:
            behind = _views_are_behind(connection)
        if behind:
            self.rebuild()


def _claim(connection: sa.Connection, count: int, where: str) -> int:
    """Take the next ``count`` positions; other writers wait here until this one ends.

    Raises
    ------
    EquipoiseError
        If a newer release has changed the tables since this process looked.
    """
    connection.execute(sa.update(HEAD).values(position=HEAD.c.position + count))
    head = connection.execute(sa.select(HEAD.c.position, HEAD.c.schema_release)).one()
    require_schema(head.schema_release, where)
    return int(head.position)


def _end_of_chain(connection: sa.Connection, position: int, where: str) -> str:
    """Return the digest of the last event.

    Raises
    ------
    EquipoiseError
        If it is not there: nothing is appended to a ledger whose end was taken away.
    """
    if position == 0:
        return GENESIS
    found = connection.execute(sa.select(EVENTS.c.chain_hash).where(EVENTS.c.position == position)).scalar()
    if found is None:
        raise EquipoiseError(
            f"event {position}, the last, is not there",
            where=where,
            remedy="See what was done to the ledger with `equipoise ledger verify`, and restore a backup",
        )
    return str(found)


def _versions(connection: sa.Connection, streams: set[str]) -> dict[str, int]:
    """Return the events of streams that no view knows, of those that have any.

    Each is looked up by itself: asked for together, a database that knows no better reads all events.
    """
    found: dict[str, int] = {}
    for chunk in chunks(streams):
        asked = sa.values(sa.column("stream", sa.String), name="asked").data([(one,) for one in chunk]).cte()
        of_stream = EVENTS.c.stream == asked.c.stream
        last = sa.select(sa.func.max(EVENTS.c.version)).where(of_stream).scalar_subquery()
        rows = connection.execute(sa.select(asked.c.stream, last))
        found |= {str(row[0]): int(row[1]) for row in rows if row[1] is not None}
    return found


def _require_stock(connection: sa.Connection, guard: StockGuard, newcomers: set[str], before: Iterable[Order]) -> None:
    wanted = {
        (row.site_id, row.item_id)
        for chunk in chunks(newcomers)
        for row in connection.execute(
            sa.select(RESERVATIONS.c.site_id, RESERVATIONS.c.item_id).where(RESERVATIONS.c.order_id.in_(chunk))
        )
    }
    held = claims(connection, guard.network, wanted, guard.plan_date)
    shortages = guard.shortages(held, newcomers, claims_of(before))
    if shortages:
        raise Oversold(shortages)


def _views_are_behind(connection: sa.Connection) -> bool:
    """Tell whether a release that changed the views left them to be made again."""
    seen = connection.execute(sa.select(PROJECTIONS.c.position).where(PROJECTIONS.c.name == PROJECTION)).scalar()
    last = connection.execute(sa.select(HEAD.c.position)).scalar()
    return bool(last) and seen == 0


def _stored_time(at: dt.datetime) -> dt.datetime:
    """Return a time as it is stored: UTC, naive."""
    return at.astimezone(dt.UTC).replace(tzinfo=None)


def _insert(connection: sa.Connection, links: Sequence[Link], recorded: Sequence[Recorded]) -> None:
    rows = [
        vars(link) | {"recorded_at": _stored_time(entry.recorded_at)}
        for link, entry in zip(links, recorded, strict=True)
    ]
    if rows:
        connection.execute(sa.insert(EVENTS), rows)
