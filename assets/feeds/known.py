"""What the raw tables held at a cutoff: the batches a plan could know of, and a digest of their rows.

The digest is taken from the values, not from the recorded hashes, so that a row changed
underneath is seen. Not here: taking batches in (``raw``).
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pandas as pd

from assets.feeds.contract import FeedTable, contract
from assets.feeds.row_faults import values_text_sql
from assets.kernel.frames.feeds import FEED_BATCHES, FEED_STATE


def feed_batches(connection: duckdb.DuckDBPyConnection, plan_date: dt.date, cutoff: dt.datetime) -> pd.DataFrame:
    """Return every batch known at the cutoff, rejected ones included.

    A history whose rows became known one by one is known from its first row on; its business
    date and time are then those of the last row known.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse on which ``prepare`` ran.
    plan_date : date
        Only what is dated before it counts.
    cutoff : datetime
        Aware; only what was available by then counts.

    Returns
    -------
    DataFrame
        Frame ``FEED_BATCHES``.
    """
    moment = _naive(cutoff)
    whole = connection.execute(
        """select feed, batch_id, business_date, available_at, row_count, accepted_rows, quarantined_rows,
            content_hash, status, reason
        from raw.batches
        where business_date < ? and available_at <= ? and (row_availability = 'batch' or accepted_rows = 0)""",
        [plan_date, moment],
    ).df()
    histories = [_histories(connection, table, plan_date, moment) for table in _with_histories(connection)]
    found = pd.concat([whole, *histories], ignore_index=True) if histories else whole
    return FEED_BATCHES.conform(found.assign(plan_date=pd.Timestamp(plan_date)))


def feed_state(connection: duckdb.DuckDBPyConnection, plan_date: dt.date, cutoff: dt.datetime) -> pd.DataFrame:
    """Return, per feed, how many rows were known at the cutoff and a digest of their values.

    The digest is the sum of a 64-bit hash of each row, so that neither the order of rows nor the
    number of threads matters.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse on which ``prepare`` ran.
    plan_date : date
        Only what is dated before it counts.
    cutoff : datetime
        Aware; only what was available by then counts.

    Returns
    -------
    DataFrame
        Frame ``FEED_STATE``, one row per table of the contract.
    """
    batches = feed_batches(connection, plan_date, cutoff)
    accepted = batches[batches["status"] == "accepted"].groupby("feed").size()
    rows = [_state(connection, table, plan_date, _naive(cutoff)) for table in contract()]
    state = pd.DataFrame(rows).assign(plan_date=pd.Timestamp(plan_date))
    state["batch_count"] = state["feed"].map(accepted).fillna(0).astype("int64")
    return FEED_STATE.conform(state)


def _with_histories(connection: duckdb.DuckDBPyConnection) -> list[FeedTable]:
    rows = connection.execute("select distinct feed from raw.batches where row_availability = 'row'").fetchall()
    feeds = {row[0] for row in rows}
    return [table for table in contract() if table.name in feeds]


def _histories(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, plan_date: dt.date, moment: dt.datetime
) -> pd.DataFrame:
    return connection.execute(
        f"""select feed, batch_id, rows.business_date, rows.available_at, row_count, accepted_rows,
            quarantined_rows, content_hash, status, reason
        from raw.batches join (
            select _batch_id, max(_business_date) as business_date, max(_available_at) as available_at
            from raw.{table.name} where _business_date < ? and _available_at <= ? group by _batch_id
        ) as rows on rows._batch_id = batch_id
        where row_availability = 'row' and feed = ?""",
        [plan_date, moment, table.name],
    ).df()


def _state(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, plan_date: dt.date, moment: dt.datetime
) -> dict[str, object]:
    found = connection.execute(
        f"""select count(*), max(_business_date),
            coalesce(sum(md5_number_lower(concat_ws(chr(31), _batch_id, {values_text_sql(table, "known")}))), 0)
        from raw.{table.name} as known where _business_date < ? and _available_at <= ?""",
        [plan_date, moment],
    ).fetchone()
    count, latest, total = found or (0, None, 0)
    digest = f"{int(total):032x}"
    return {"feed": table.name, "row_count": count, "latest_business_date": latest, "row_digest": digest}


def _naive(instant: dt.datetime) -> dt.datetime:
    return instant.astimezone(dt.UTC).replace(tzinfo=None)
