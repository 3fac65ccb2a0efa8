"""Connections to the ledger's database, and its tables made once, for SQLite and PostgreSQL.

What differs between the two stands here and nowhere else. Not here: any statement about orders.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import NullPool

from assets.kernel.errors import EquipoiseError
from assets.orders.sql_schema import HEAD, SCHEMA_RELEASE

BUSY_TIMEOUT_S = 30
"""A writer that waits longer for another gives up, and one that holds the ledger as long and does nothing is ended."""
_DISK_FULL, _LOCK_TIMEOUT, _IDLE_TIMEOUT = "53100", "55P03", "25P03"
_LIMITS = ("lock_timeout", "idle_in_transaction_session_timeout")
# Orders change often and few go on: a plain scan of an index marks what is dead in it, and the next one passes it by.
_PLAIN_SCANS = "select set_config('enable_bitmapscan', 'off', true)"
_LIMITED = ", ".join(
    f"case when current_setting('{name}') = '0' then set_config('{name}', '{BUSY_TIMEOUT_S}s', true) end"
    for name in _LIMITS
)
_MIGRATING = threading.Lock()


def open_engine(url: str) -> sa.Engine:
    """Return an engine for SQLite or PostgreSQL; nothing is connected yet.

    Raises
    ------
    EquipoiseError
        If the URL is not one of a database of these two.
    """
    address = _address(url)
    if address.get_backend_name() == "postgresql":
        own = address.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(own, pool_pre_ping=True, connect_args=_named(address))
        sa.event.listen(engine, "begin", _begin_postgresql)
        return engine
    # A connection per transaction: nothing is held between them, and forks share nothing.
    engine = sa.create_engine(address, poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_S})
    sa.event.listen(engine, "connect", _configure_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _named(address: sa.URL) -> dict[str, str]:
    """Return what tells others whose session it is."""
    name = address.query.get("application_name") or f"equipoise {socket.gethostname()}/{os.getpid()}"
    return {"application_name": str(name)}


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    except sa.exc.ArgumentError:
        address = None
    if address is None or address.get_backend_name() not in ("sqlite", "postgresql"):
        raise EquipoiseError(
            "the ledger's URL names no SQLite or PostgreSQL database",
            where="EQUIPOISE_LEDGER_URL",
            remedy="Write it as postgresql://USER@HOST:PORT/NAME or sqlite:///FILE, or unset it",
        )
    return address


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions on its own: a deferred one that turns into a
    # writer fails at once instead of waiting its turn.
    connection.isolation_level = None
    connection.execute("pragma synchronous = full")  # an order once recorded survives a power cut


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("begin immediate" if _writes(connection) else "begin")


def _begin_postgresql(connection: sa.Connection) -> None:
    """Have a transaction scan indexes plainly, and a writing one wait and idle within limits, unless others are set."""
    # Of this transaction alone, so that it holds behind a pooler and reaches nobody else.
    connection.exec_driver_sql(f"{_PLAIN_SCANS}, {_LIMITED}" if _writes(connection) else _PLAIN_SCANS)


def _writes(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("writes", False))


def unanswered(error: Exception, where: str, engine: sa.Engine | None = None) -> EquipoiseError:
    """Return what a ledger that fails says of it: what happened, and what to do.

    Parameters
    ----------
    engine : Engine, optional
        Asked who holds the ledger, where a writer has waited in vain.
    """
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None)
    if state == _LOCK_TIMEOUT:
        return EquipoiseError(
            f"another writer holds it, and this one has given up: {_holder(engine)}. Nothing was recorded", where=where,
            remedy="Run it again; if the same one still holds it, end that process, or its session",
        )  # fmt: skip
    if state == _IDLE_TIMEOUT:
        return EquipoiseError(
            "this process held it and did nothing for too long, so that the database ended its session. Nothing was "
            "recorded", where=where, remedy="Run it again",
        )  # fmt: skip
    name = str(getattr(cause, "sqlite_errorname", "") or "")
    full = name == "SQLITE_FULL" or state == _DISK_FULL
    if full or name.startswith("SQLITE_IOERR"):
        return EquipoiseError(
            f"the ledger cannot be written or read: {cause}. What was not recorded whole was not recorded at all",
            where=where, remedy="Make room on its disk, see that the disk is whole, and run it again",
        )  # fmt: skip
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return EquipoiseError(
            f"the ledger cannot be opened for writing: {cause}", where=where,
            remedy="Make the file and its folder writable for whoever runs this",
        )  # fmt: skip
    return EquipoiseError(
        f"the ledger does not answer: {cause}", where=where,
        remedy="Check that it is reachable and that no process has held it for long",
    )  # fmt: skip


_HOLDER = sa.text("""
    select
        a.application_name, a.usename, a.pid, a.state,
        extract(epoch from clock_timestamp() - a.xact_start) as seconds
    from pg_locks as l inner join pg_stat_activity as a on l.pid = a.pid
    where l.relation = to_regclass(:head) and l.mode = 'RowExclusiveLock' and l.granted
        and a.wait_event_type is distinct from 'Lock' and a.pid <> pg_backend_pid()
    order by a.xact_start
    limit 1
""")


def _holder(engine: sa.Engine | None) -> str:
    """Return which session holds the ledger's head, as far as the database tells us."""
    unknown = "who, the database does not say"
    if engine is None:
        return unknown
    try:
        with engine.connect() as connection:
            found = connection.execute(_HOLDER, {"head": HEAD.name}).one_or_none()
    except sa.exc.DBAPIError:
        return unknown
    if found is None:
        return "it has let go meanwhile"
    who = f"session {found.pid} of {found.usename} ({found.application_name or 'no name'})"
    return f"{who}, {found.state}, for {float(found.seconds or 0):.0f} s"


def require_schema(release: int | None, where: str) -> None:
    """Raise unless the tables are those that this release's statements are written for.

    Raises
    ------
    EquipoiseError
        If a newer release made them, or nobody can tell.
    """
    if not isinstance(release, int):
        raise EquipoiseError(
            f"the row of {HEAD.name} is gone or names no schema: somebody changed the ledger", where=where,
            remedy="Restore a backup from before; its checkpoints tell how far it was",
        )  # fmt: skip
    if release != SCHEMA_RELEASE:
        raise EquipoiseError(
            f"the ledger has schema {release}, this release knows {SCHEMA_RELEASE}", where=where,
            remedy="Install the release that wrote it",
        )  # fmt: skip


def prepare_schema(engine: sa.Engine) -> None:
    """Make the tables once, or bring those of an older release here; a reader that finds them takes no lock.

    Raises
    ------
    EquipoiseError
        If a newer release made them.
    """
    _open_wal(engine)
    release = _schema_release(engine)
    if release is None or (isinstance(release, int) and release < SCHEMA_RELEASE):
        _migrate(engine)
        release = _schema_release(engine)
    require_schema(release, engine.url.render_as_string(hide_password=True))


def _open_wal(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    if engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    raw = engine.raw_connection()
    try:
        # Only the first ever connection changes the mode; asking takes no lock.
        if raw.cursor().execute("pragma journal_mode").fetchone()[0] != "wal":
            raw.cursor().execute("pragma journal_mode = wal")
    finally:
        raw.close()


def _schema_release(engine: sa.Engine) -> int | None:
    with engine.begin() as connection:
        if not sa.inspect(connection).has_table(HEAD.name):
            return None
        return connection.execute(sa.select(HEAD.c.schema_release)).scalar()


def _migrate(engine: sa.Engine) -> None:
    """Bring the tables to this release in one transaction; whoever comes second waits and finds them."""
    # Importing it takes a while, and only the first use of a ledger asks for it.
    from assets.orders.migrations import upgrade

    # Alembic keeps what it works on for the whole process: one thread at a time.
    with _MIGRATING, engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            # Two first users at once would both create; one waits here instead.
            connection.execute(sa.text("select pg_advisory_xact_lock(4503599627)"))
        upgrade(connection)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]], key: tuple[str, ...]) -> None:
    """Insert rows; where ``key`` exists replace its row, or leave it if ``key`` is empty."""
    if not rows:
        return
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    if key:
        others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in key}
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=others)
    else:
        statement = statement.on_conflict_do_nothing()
    connection.execute(statement, list(rows))
