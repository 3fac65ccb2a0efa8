"""Random changes of the type or the form of what the ledger's tables hold, and how the line begins that names each.

SQLite keeps anything in any column; PostgreSQL has types, and lets in the times that Python has not.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sqlalchemy as sa

from assets.orders.sql_schema import EVENTS, HEAD, ORDERS, PROJECTIONS, RESERVATIONS

Change = Callable[[sa.Connection], object]
Rows = dict[str, list[dict[str, Any]]]
Kind = Callable[[np.random.Generator], tuple[Change, str]]
TABLES = (EVENTS, ORDERS, RESERVATIONS, PROJECTIONS, HEAD)


def form_kinds(rows: Rows, dialect: str) -> dict[str, Kind]:
    """Return the changes of form that a database permits, each of which tells how its line begins."""
    kinds: dict[str, Kind] = {
        f"form in {table.name}": partial(reformed, table=table, rows=rows[table.name], dialect=dialect)
        for table in TABLES
        if any(fits(column, dialect) for column in table.c)
    }
    return kinds | {"no head": without_head, "place of the views": place_of_views}


def fits(column: sa.Column[Any], dialect: str) -> bool:
    """Tell whether a database keeps anything in a column that its type does not mean."""
    if dialect != "sqlite":
        return isinstance(column.type, sa.Date | sa.DateTime)
    return column is not HEAD.c.only  # SQLite's own number of the row


def reformed(
    random: np.random.Generator, table: sa.Table, rows: list[dict[str, Any]], dialect: str
) -> tuple[Change, str]:
    row = rows[int(random.integers(len(rows)))]
    column = table.c[str(random.choice([column.name for column in table.c if fits(column, dialect)]))]
    forms = sqlite_forms(column, row[column.name]) if dialect == "sqlite" else postgres_forms(column)
    value = forms[int(random.integers(len(forms)))]
    where = sa.and_(*(key == row[key.name] for key in table.primary_key))
    statement = sa.update(table).where(where).values({column.name: value})
    return lambda connection: connection.execute(statement), beginning(column, row)


def sqlite_forms(column: sa.Column[Any], value: Any) -> list[Any]:
    """Return what SQLite takes instead of a value: other types, broken text, and dates that read the same."""
    text = str(value).encode()
    forms = [as_is(text), as_is(b""), sa.cast(as_is(text + b"\xff"), sa.Text)]
    if isinstance(column.type, sa.Boolean):
        return [*forms, as_is(2), as_is(-1), as_is(0.5), as_is("yes")]
    if isinstance(column.type, sa.Integer):
        return [*forms, as_is("zz"), as_is(value + 0.5), as_is("1e")]
    if isinstance(column.type, sa.DateTime):
        written = value.isoformat(" ", "microseconds")
        return [*forms, *map(as_is, ("yesterday", value.isoformat(), f"{written}+00:00", f"{written}\0", 5))]
    if isinstance(column.type, sa.Date):
        day = value or dt.date(2026, 1, 5)
        return [*forms, *map(as_is, ("never", f"{day:%G-W%V-%u}", f"{day:%Y%m%d}", f"{day}\0", f" {day}"))]
    return forms


def postgres_forms(column: sa.Column[Any]) -> list[Any]:
    days = ("infinity", "-infinity", "10000-01-01", "2026-01-05 BC")
    return [sa.cast(sa.literal(day, sa.Text), column.type) for day in days]


class AsIs(sa.types.UserDefinedType[Any]):
    """A type that changes nothing, whatever column a value goes to."""

    cache_ok = True


def as_is(value: Any) -> Any:
    """Return a value that nothing converts on its way to the database."""
    return sa.literal(value, AsIs())


def beginning(column: sa.Column[Any], row: dict[str, Any]) -> str:
    """Return how the line begins that names a column of a row that was there."""
    name, table = column.name, column.table
    if table is EVENTS:
        if name == "position":
            return f"{EVENTS.name}, position "
        return f"event {row['position']} was changed: {name} = "
    if table is HEAD:
        return f"{HEAD.name}, only 1: {name} = "
    wrong = "it is not there" if column.primary_key else f"{name} = "
    if table is PROJECTIONS:
        return f"{PROJECTIONS.name}, name orders: {wrong}"
    stock = f"{table.name}, site_id {row['site_id']}, item_id {row['item_id']}: " if table is RESERVATIONS else ""
    return f"order {row['order_id']} was changed where it stands: {stock}{wrong}"


def without_head(_random: np.random.Generator) -> tuple[Change, str]:
    return lambda connection: connection.execute(sa.delete(HEAD)), f"{HEAD.name}, only 1: it is not there"


def place_of_views(random: np.random.Generator) -> tuple[Change, str]:
    moved = sa.update(PROJECTIONS).values(position=PROJECTIONS.c.position + int(random.choice([-1, 1, 7])))
    statement = (moved, sa.delete(PROJECTIONS))[int(random.integers(2))]
    return lambda connection: connection.execute(statement), f"{PROJECTIONS.name}, name orders: "
