"""What arrived, in numbers: one row per feed, site and item that has something to say.

All heavy reading happens in DuckDB, so that what the expectations judge stays small at any
size of history. Not here: what is good or bad (``suites/``), and judging it (``gate``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from assets.kernel.frames.quality import PROFILES
from quality.known import Known, lay_out
from quality.scans import generic_queries

QUERIES = Path(__file__).parent / "sql"
PLACE = ["feed", "site_id", "item_id"]


def profile_feeds(connection: duckdb.DuckDBPyConnection, known: Known) -> pd.DataFrame:
    """Measure every feed as the plan knows it.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse with the schema ``raw``; it is only read.
    known : Known
        Plan date, cutoff and bucket.

    Returns
    -------
    DataFrame
        Conforms to ``PROFILES``: one row per feed, site, item and measure that could be taken.
    """
    lay_out(connection, known)
    specific = [path.read_text() for path in sorted(QUERIES.glob("*.sql"))]
    parts = [_measured(connection, query) for query in (*specific, *generic_queries())]
    return as_profiles(pd.concat(parts, ignore_index=True), known)


def as_profiles(measured: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Return long rows (feed, site_id, item_id, measure, value) as the frame ``PROFILES``."""
    return PROFILES.conform(measured.assign(plan_date=pd.Timestamp(known.plan_date)))


def wide(profiles: pd.DataFrame) -> pd.DataFrame:
    """Return profiles with one row per feed, site and item, and a column per measure.

    What was not measured is NaN. Rows are sorted by feed, site and item.
    """
    table = profiles.pivot(index=PLACE, columns="measure", values="value")
    table.columns.name = None
    return table.sort_index().reset_index()


def _measured(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """Run a query of one row per place and return its measures below one another."""
    rows: pd.DataFrame = connection.execute(query).df()
    for column in PLACE:
        rows[column] = rows[column].astype("object")
    long = rows.melt(PLACE, var_name="measure", value_name="value")
    long["value"] = pd.to_numeric(long["value"], errors="coerce").astype("float64")
    return long.dropna(subset=["value"])
