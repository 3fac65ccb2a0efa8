"""Stored rows as they lie, what of them no append writes, and stored events, some thousand at a time.

Memory does not grow with the ledger. SQLite keeps a value of any type in any column, and dates as text that a
reader may take for another: rows are looked at before anything turns them into dates, flags and text. Not here:
what events mean (``codec``, ``evolve``), or writing them (``sql_store``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from assets.orders.chain import Link, SpoiltLink
from assets.orders.sql_schema import EVENTS

EVENTS_AT_ONCE = 20_000
_SHOWN_BYTES = 20


class NoText(bytes):
    """What SQLite calls text and is no UTF-8."""


@dataclass(frozen=True)
class RowFault:
    """A row that is not as any append leaves it.

    Attributes
    ----------
    table, row : str
        Where it is, and which one.
    detail : str
        What is wrong with it.
    """

    table: str
    row: str
    detail: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.table}, {self.row}: {self.detail}"


@contextmanager
def as_it_lies(connection: sa.Connection) -> Iterator[None]:
    """Have SQLite hand over text that is none as ``NoText`` instead of failing; PostgreSQL lets none in."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    before, driver.text_factory = driver.text_factory, _text
    try:
        yield
    finally:
        driver.text_factory = before


def _text(raw: bytes) -> str | NoText:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NoText(raw)


def stored(connection: sa.Connection, table: sa.Table) -> sa.Select[Any]:
    """Return a query of a table's rows as they lie in SQLite, or would: dates are text, flags are 0 and 1."""
    plain = _unread if connection.dialect.name == "sqlite" else _written
    columns: list[sa.ColumnElement[Any]] = [plain(column).label(column.name) for column in table.c]
    return sa.select(*columns)


def _unread(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.type_coerce(column, sa.types.NullType())


def _written(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.Boolean):
        return sa.cast(column, sa.Integer)
    if not isinstance(column.type, sa.Date | sa.DateTime):
        return column
    form = "YYYY-MM-DD" if isinstance(column.type, sa.Date) else "YYYY-MM-DD HH24:MI:SS.US"
    # PostgreSQL knows days before Christ, after the year 9999 and at the end of time; Python fails at them.
    told = sa.and_(sa.func.isfinite(column), sa.extract("year", column).between(dt.MINYEAR, dt.MAXYEAR))
    return sa.case((told, sa.func.to_char(column, form)), else_=sa.cast(column, sa.Text))


def shown(value: Any) -> str:
    """Return a stored value in one line."""
    if isinstance(value, bytes):
        kind = "text that is no UTF-8" if isinstance(value, NoText) else "bytes"
        return f"{kind} x'{value[:_SHOWN_BYTES].hex()}'{'...' if len(value) > _SHOWN_BYTES else ''}"
    if value is None:
        return "null"
    return str(value) if not isinstance(value, str) or value.isprintable() else ascii(value)


def named(row: Mapping[Any, Any], columns: Sequence[str]) -> str:
    """Return which row it is, by some of its columns."""
    return ", ".join(f"{name} {shown(row[name])}" for name in columns)


def misshapen(row: Mapping[Any, Any], table: sa.Table) -> str:
    """Return what of a row as it lies has a type or a form that no append writes; nothing if all is well."""
    wrong = [
        f"{name} = {shown(row[name])}, which is no {what}"
        for name, what, fits in _forms(table)
        if not fits(row[name])
    ]  # fmt: skip
    return "; ".join(wrong)


@cache
def _forms(table: sa.Table) -> tuple[tuple[str, str, Callable[[Any], bool]], ...]:
    return tuple((column.name, *_form(column)) for column in table.c)


def _form(column: sa.Column[Any]) -> tuple[str, Callable[[Any], bool]]:
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return "flag of 0 or 1", lambda value: type(value) is int and value in (0, 1)
    if isinstance(kind, sa.Integer):
        return "whole number", lambda value: type(value) is int
    if isinstance(kind, sa.DateTime):
        return "time as it is written", _is_time
    if isinstance(kind, sa.Date):
        return "date as it is written", lambda value: _is_date(value) or (value is None and bool(column.nullable))
    return "text", lambda value: type(value) is str


def _is_date(value: Any) -> bool:
    try:
        return bool(dt.date.fromisoformat(value).isoformat() == value)
    except (TypeError, ValueError):
        return False


def _is_time(value: Any) -> bool:
    try:
        return bool(dt.datetime.fromisoformat(value).isoformat(" ", "microseconds") == value)
    except (TypeError, ValueError):
        return False


def misplaced_rows(connection: sa.Connection) -> Iterator[RowFault]:
    """Yield the events that have no number for a place; no walk along positions meets them."""
    if connection.dialect.name != "sqlite":
        return
    query = stored(connection, EVENTS).where(sa.func.typeof(EVENTS.c.position) != "integer")
    for row in connection.execute(query).mappings():
        yield RowFault(EVENTS.name, named(row, ("position", "stream", "version")), misshapen(row, EVENTS))


def misshapen_rows(connection: sa.Connection, table: sa.Table) -> Iterator[RowFault]:
    """Yield the rows of a table that no append can have written as they lie."""
    keys = [column.name for column in table.primary_key]
    query, lots = stored(connection, table), {"yield_per": EVENTS_AT_ONCE}
    for row in connection.execute(query, execution_options=lots).mappings():
        wrong = misshapen(row, table)
        if wrong:
            yield RowFault(table.name, named(row, keys), wrong)


def pages(connection: sa.Connection, columns: sa.Select[Any] | None = None) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield all events in the order of their positions, as they are meant or as a query of them has them."""
    query = (sa.select(EVENTS) if columns is None else columns).order_by(EVENTS.c.position).limit(EVENTS_AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        yield rows
        rows = connection.execute(query.where(EVENTS.c.position > rows[-1].position)).all()


@dataclass(frozen=True)
class StoredLinks:
    """All events that have a place, as links of the chain; read anew each time they are walked."""

    connection: sa.Connection

    def __iter__(self) -> Iterator[Link | SpoiltLink]:
        """Return the links in the order of their positions."""
        query = stored(self.connection, EVENTS)
        if self.connection.dialect.name == "sqlite":
            query = query.where(sa.func.typeof(EVENTS.c.position) == "integer")
        return (_stored_link(row) for rows in pages(self.connection, query) for row in rows)


def _stored_link(row: sa.Row[Any]) -> Link | SpoiltLink:
    values = row._mapping
    wrong = misshapen(values, EVENTS)
    if not wrong:
        recorded_at = dt.datetime.fromisoformat(row.recorded_at).isoformat()
        return Link(**{**values, "recorded_at": recorded_at})
    previous, own = (value if type(value) is str else "" for value in (row.previous_hash, row.chain_hash))
    return SpoiltLink(row.position, previous, own, wrong)


def link_of(row: sa.Row[Any]) -> Link:
    """Return an event as it is meant as a link of the chain."""
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
