"""The ledger on SQL: SQLite in WAL mode for one machine, PostgreSQL for several.

Writers queue for one row (PostgreSQL) or for the file (SQLite), so positions have no gaps and
appear in commit order. Readers never wait: they see the last commit. Not here: tables
(``sql_schema``), connections (``sql_engine``), the meaning of events (``order``).
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from assets.kernel.clock import Clock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.orders.codec import event_type, from_json, to_json
from assets.orders.events import SCHEMA_VERSION, OrderProposed, OrderRevised
from assets.orders.order import Order, OrderStatus, evolve
from assets.orders.sql_engine import open_engine, prepare_schema, upsert
from assets.orders.sql_schema import EVENTS, HEAD, ORDERS, PROJECTIONS
from assets.orders.store import EVERY_ORDER, Append, OrderFilter, Recorded, VersionConflict, sorted_orders

_PROJECTION = "orders"
_IDS_PER_STATEMENT = 5000  # SQLite takes 32,766 parameters a statement


def ledger_url(home: NetworkHome, url: str = "") -> str:
    """Return the URL of a network's ledger: ``url`` where one is set, else SQLite in its home."""
    return url or f"sqlite:///{home.ledger}"


class SqlOrderStore:
    """Orders in a SQL database.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://user@host/database``.
    clock : Clock, optional
        Stamps events for the audit; the wall clock by default.

    Raises
    ------
    EquipoiseError
        On first use, if the database cannot be reached or belongs to a newer release.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._clock = clock or WallClock()
        self._engine = open_engine(url)
        self._where = self._engine.url.render_as_string(hide_password=True)
        self._prepared = False

    def append(self, appends: Sequence[Append]) -> int:
        """Record events of several orders, all or none, and return the last position."""
        with self._writing() as connection:
            count = sum(len(entry.events) for entry in appends)
            last = _claim(connection, count)
            before = {entry.order_id for entry in appends}
            stands = {order.order_id: order for order in _orders_by_id(connection, before)}
            recorded = list(self._recorded(appends, stands, last - count))
            _insert(connection, recorded)
            _project(connection, recorded, stands, last)
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
        query = _with_content()
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
                found = _orders_by_id(connection, wanted.order_ids, query)
            else:
                found = [_order(row) for row in connection.execute(query)]
        return sorted_orders(found)

    def rebuild(self) -> int:
        """Make the projection again from the events, in one transaction, and return its position."""
        with self._writing() as connection:
            last = _claim(connection, 0)
            connection.execute(sa.delete(ORDERS))
            rows = connection.execute(sa.select(EVENTS).order_by(EVENTS.c.position))
            _project(connection, [_recorded_event(row) for row in rows], {}, last)
        return last

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


def _insert(connection: sa.Connection, recorded: Sequence[Recorded]) -> None:
    rows = [
        {
            "position": entry.position,
            "order_id": entry.order_id,
            "version": entry.version,
            "event_type": event_type(entry.event),
            "schema_version": SCHEMA_VERSION,
            "recorded_at": entry.recorded_at.astimezone(dt.UTC).replace(tzinfo=None),
            "payload": to_json(entry.event),
        }
        for entry in recorded
    ]
    if rows:
        connection.execute(sa.insert(EVENTS), rows)


def _project(connection: sa.Connection, recorded: Iterable[Recorded], stands: dict[str, Order], position: int) -> None:
    """Bring the view of orders to ``position``, in the caller's transaction."""
    orders: dict[str, Order] = dict(stands)
    changed: dict[str, dict[str, Any]] = {}
    for entry in recorded:
        orders[entry.order_id] = order = evolve(orders.get(entry.order_id), entry.event)
        row = changed.setdefault(entry.order_id, {})
        row |= _row(order) | {"position": entry.position}
        if isinstance(entry.event, OrderProposed | OrderRevised):
            row["content_position"] = entry.position
    keep = "content_position"
    upsert(connection, ORDERS, [row for row in changed.values() if keep in row], ("order_id",))
    for row in changed.values():
        if keep not in row:
            connection.execute(sa.update(ORDERS).where(ORDERS.c.order_id == row["order_id"]).values(row))
    upsert(connection, PROJECTIONS, [{"name": _PROJECTION, "position": position}], ("name",))


def _row(order: Order) -> dict[str, Any]:
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


def _with_content() -> sa.Select[Any]:
    return sa.select(ORDERS, EVENTS.c.event_type, EVENTS.c.schema_version, EVENTS.c.payload).join(
        EVENTS, EVENTS.c.position == ORDERS.c.content_position
    )


def _orders_by_id(
    connection: sa.Connection, order_ids: Iterable[str], query: sa.Select[Any] | None = None
) -> list[Order]:
    asked = sorted(set(order_ids))
    base = _with_content() if query is None else query
    found: list[Order] = []
    for start in range(0, len(asked), _IDS_PER_STATEMENT):
        chunk = asked[start : start + _IDS_PER_STATEMENT]
        found += [_order(row) for row in connection.execute(base.where(ORDERS.c.order_id.in_(chunk)))]
    return found


def _order(row: sa.Row[Any]) -> Order:
    event = from_json(row.event_type, row.schema_version, row.payload)
    if not isinstance(event, OrderProposed | OrderRevised):
        raise EquipoiseError(
            f"content position {row.content_position} holds {row.event_type}",
            where=f"order {row.order_id}",
            remedy="Make the projection again with SqlOrderStore.rebuild()",
        )
    return Order(event.document, row.revision, OrderStatus(row.status), row.status_reason, row.version)


def _recorded_event(row: sa.Row[Any]) -> Recorded:
    event = from_json(row.event_type, row.schema_version, row.payload)
    at = row.recorded_at.replace(tzinfo=dt.UTC)
    return Recorded(row.position, row.order_id, row.version, event, at)
