"""Valid rows of any table of the contract, made from its frame, for tests to land or to spoil."""

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd

from assets.feeds import raw
from assets.feeds.contract import FeedTable
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.clock import FixedClock
from assets.kernel.frames import Column, Kind

DAY = dt.date(2024, 4, 2)
NOON_AFTER = dt.datetime(2024, 4, 3, 12, tzinfo=dt.UTC)
LANDED = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
CALENDAR = PlanCalendar(Bucket.DAY, "UTC")


def rows_of(table: FeedTable, count: int = 3, day: dt.date = DAY) -> pd.DataFrame:
    """Return ``count`` valid rows with different keys, dated ``day``."""
    return pd.DataFrame(
        {column.name: [_value(column, number, day) for number in range(count)] for column in table.frame.columns}
    )


def landing_in(folder: Path) -> LandingArea:
    """Return a landing area whose audit clock stands still."""
    return LandingArea(folder / "landing", FixedClock(LANDED))


def warehouse() -> duckdb.DuckDBPyConnection:
    """Return a warehouse in memory, with every raw table."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    raw.prepare(connection)
    return connection


def reasons(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Return row number to reason of everything in quarantine."""
    return dict(connection.execute("select row_number, reason from raw.quarantine order by 1").fetchall())


def _value(column: Column, number: int, day: dt.date) -> object:
    match column.kind:
        case Kind.TEXT if column.pattern:
            return f"{number % 7 + 1},{(number + 2) % 7 + 1}"
        case Kind.TEXT:
            return f"{column.name} {number}"
        case Kind.INTEGER:
            return int(max(1, column.minimum or 0)) + number
        case Kind.REAL:
            return 0.5
        case Kind.MONEY:
            return 1.25 + number
        case Kind.FLAG:
            return number % 2 == 0
        case _:
            return pd.Timestamp(day)
