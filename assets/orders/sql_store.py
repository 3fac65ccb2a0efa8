"""The ledger on SQL: SQLite in WAL mode for one machine, PostgreSQL for several.

Writers queue for one row (PostgreSQL) or for the file (SQLite), so positions have no gaps and
appear in commit order; each event is chained to the one before it. Readers never wait: they see the
last commit. Not here: tables (``sql_schema``), connections (``sql_engine``), orders as they stand
(``sql_projection``), what is wrong with a ledger (``sql_chain``), the meaning of events (``order``).
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from assets.kernel.clock import Clock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.orders.chain import GENESIS, Link
from assets.orders.checkpoints import CheckpointFile
from assets.orders.codec import event_type, from_json, to_json
from assets.orders.events import SCHEMA_VERSION
from assets.orders.order import Order
from assets.orders.sql_chain import Verified, verified
from assets.orders.sql_engine import open_engine, prepare_schema
from assets.orders.sql_projection import order_of, orders_by_id, project, with_content
from assets.orders.sql_schema import EVENTS, HEAD, ORDERS
from assets.orders.store import EVERY_ORDER, Append, OrderFilter, Recorded, VersionConflict, sorted_orders


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

    Raises
    ------
    EquipoiseError
        On first use, if the database cannot be reached or belongs to a newer release.
    """

    def __init__(self, url: str, clock: Clock | None = None, checkpoints: CheckpointFile | None = None) -> None:
        self._clock = clock or WallClock()
        self._checkpoints = checkpoints
        self._engine = open_engine(url)
        self._where = self._engine.url.render_as_string(hide_password=True)
        self._prepared = False

    def append(self, appends: Sequence[Append]) -> int:
        """Record events of several orders, all or none, and return the last position."""
        with self._writing() as connection:
            count = sum(len(entry.events) for entry in appends)
            last = _claim(connection, count)
            before = {entry.order_id for entry in appends}
            stands = {order.order_id: order for order in orders_by_id(connection, before)}
            recorded = list(self._recorded(appends, stands, last - count))
            links = _chained(recorded, _end_of_chain(connection, last - count, self._where))
            _insert(connection, links, recorded)
            project(connection, recorded, stands, last)
            if links and self._checkpoints is not None:
                self._checkpoints.begin(last, links[-1].chain_hash)
        if links and self._checkpoints is not None:
            self._checkpoints.commit(last, links[-1].chain_hash)
        return last

    def history(self, order_id: str) -> tuple[Recorded, ...]:
        """Return all events of an order, oldest first."""
        query = sa.select(EVENTS).where(EVENTS.c.order_id == order_id).order_by(EVENTS.c.version)
        with self._reading() as connection:
            return tuple(_recorded_event(row) for row in connection.execute(query))

    def events(self, after: int = 0, limit: int = 1000) -> tuple[Recorded, ...]:
        """Return events beyond position ``after``, oldest first, at most ``limit``."""
        query = sa.select(EVENTS).where(EVENTS.c.position > after).order_by(EVENTS.c.position).limit(limit)
        with self._reading() as connection:
            return tuple(_recorded_event(row) for row in connection.execute(query))

    def orders(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Order, ...]:
        """Return orders as they stand, by plan date and id."""
        query = with_content()
        for column, value in (
            (ORDERS.c.network, wanted.network),
            (ORDERS.c.plan_date, wanted.plan_date),
            (ORDERS.c.channel, wanted.channel),
            (ORDERS.c.status, wanted.status),
        ):
            query = query if value is None else query.where(column == value)
        if wanted.latest is not None:
            query = query.order_by(ORDERS.c.position.desc()).limit(wanted.latest)
        with self._reading() as connection:
            if wanted.order_ids is not None:
                found = orders_by_id(connection, wanted.order_ids, query)
            else:
                found = [order_of(row) for row in connection.execute(query)]
        return sorted_orders(found)

    def rebuild(self) -> int:
        """Make the projection again from the events, in one transaction, and return its position."""
        with self._writing() as connection:
            last = _claim(connection, 0)
            connection.execute(sa.delete(ORDERS))
            rows = connection.execute(sa.select(EVENTS).order_by(EVENTS.c.position))
            project(connection, [_recorded_event(row) for row in rows], {}, last)
        return last

    def verify(self) -> Verified:
        """Look for everything in the ledger that no append can have left there.

        Writers wait meanwhile: what one of them appends is in the checkpoints before it is in the ledger.
        """
        with self._writing() as connection:
            points = self._checkpoints.read() if self._checkpoints is not None else ()
            # Of a ledger that several machines share, each has the checkpoints of its own appends.
            alone = connection.dialect.name == "sqlite" and bool(points)
            return verified(connection, points, complete=alone)

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def _recorded(self, appends: Sequence[Append], stands: dict[str, Order], position: int) -> Iterator[Recorded]:
        versions = {order_id: order.version for order_id, order in stands.items()}
        now = self._clock.now()
        for entry in appends:
            stored = versions.get(entry.order_id, 0)
            if stored != entry.expected_version:
                raise VersionConflict(entry.order_id, entry.expected_version, stored)
            for version, event in enumerate(entry.events, stored + 1):
                position += 1
                yield Recorded(position, entry.order_id, version, event, now)
            versions[entry.order_id] = stored + len(entry.events)

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
            raise EquipoiseError(
                f"the ledger does not answer: {getattr(error, 'orig', None) or error}",
                where=self._where,
                remedy="Check that it is reachable and that no process has held it for long",
            ) from error

    def _prepare(self) -> None:
        if not self._prepared:
            with self._told():
                prepare_schema(self._engine)
            self._prepared = True


def _claim(connection: sa.Connection, count: int) -> int:
    """Take the next ``count`` positions; other writers wait here until this one ends."""
    connection.execute(sa.update(HEAD).values(position=HEAD.c.position + count))
    return int(connection.execute(sa.select(HEAD.c.position)).scalar_one())


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


def _chained(recorded: Sequence[Recorded], previous: str) -> list[Link]:
    """Return events as they are stored, each chained to the one before it."""
    found: list[Link] = []
    for entry in recorded:
        link = Link(
            position=entry.position,
            order_id=entry.order_id,
            version=entry.version,
            event_type=event_type(entry.event),
            schema_version=SCHEMA_VERSION,
            recorded_at=_stored_time(entry.recorded_at).isoformat(),
            payload=to_json(entry.event),
            previous_hash=previous,
        )
        previous = link.hash_after(previous)
        found.append(replace(link, chain_hash=previous))
    return found


def _stored_time(at: dt.datetime) -> dt.datetime:
    """Return a time as it is stored: UTC, naive."""
    return at.astimezone(dt.UTC).replace(tzinfo=None)


def _insert(connection: sa.Connection, links: Sequence[Link], recorded: Sequence[Recorded]) -> None:
    rows = [
        asdict(link) | {"recorded_at": _stored_time(entry.recorded_at)}
        for link, entry in zip(links, recorded, strict=True)
    ]
    if rows:
        connection.execute(sa.insert(EVENTS), rows)


def _recorded_event(row: sa.Row[Any]) -> Recorded:
    event = from_json(row.event_type, row.schema_version, row.payload)
    at = row.recorded_at.replace(tzinfo=dt.UTC)
    return Recorded(row.position, row.order_id, row.version, event, at)
