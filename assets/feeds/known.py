"""What the raw tables held at a cutoff: the batches a plan could know of, and a digest of their rows.

A row counts if it was available by the cutoff and is dated before the plan date: by its own
date where the table has one, else by the business date of its batch. The digest is taken from
the values, not from the recorded hashes, so that a row changed underneath is seen. Not here:
taking batches in (``raw``).
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pandas as pd

from assets.feeds.contract import FeedTable, contract
from assets.feeds.row_faults import values_text_sql
from assets.kernel.calendar import HINDSIGHT, AsKnown
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
    dated = [table for table in contract() if table.date_column]
    whole = connection.execute(
        """select feed, batch_id, business_date, available_at, row_count, accepted_rows, quarantined_rows,
            content_hash, status, reason
        from raw.batches
        where business_date < ? and available_at <= ? and (accepted_rows = 0 or not list_contains(?, feed))""",
        [plan_date, moment, [table.name for table in dated]],
    ).df()
    found = [whole, *(_by_row(connection, table, plan_date, moment) for table in dated)]
    return FEED_BATCHES.conform(pd.concat(found, ignore_index=True).assign(plan_date=pd.Timestamp(plan_date)))


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
    known = AsKnown.NOW if cutoff >= HINDSIGHT else AsKnown.THEN
    state = pd.DataFrame(rows).assign(plan_date=pd.Timestamp(plan_date), as_known=known.value)
    state["batch_count"] = state["feed"].map(accepted).fillna(0).astype("int64")
    return FEED_STATE.conform(state)


def _by_row(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, plan_date: dt.date, moment: dt.datetime
) -> pd.DataFrame:
    return connection.execute(
        f"""select feed, batch_id,
            if(row_availability = 'row', rows.last_date, batches.business_date) as business_date,
            if(row_availability = 'row', rows.last_available_at, batches.available_at) as available_at,
            row_count, accepted_rows, quarantined_rows, content_hash, status, reason
        from raw.batches as batches join (
            select _batch_id, max(_business_date) as last_date, max(_available_at) as last_available_at
            from raw.{table.name} where {table.date_column} < ? and _available_at <= ? group by _batch_id
        ) as rows on rows._batch_id = batch_id
        where feed = ?""",
        [plan_date, moment, table.name],
    ).df()


def _state(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, plan_date: dt.date, moment: dt.datetime
) -> dict[str, object]:
    found = connection.execute(
        f"""select count(*), max(_business_date),
            coalesce(sum(md5_number_lower(concat_ws(chr(31), _batch_id, {values_text_sql(table, "known")}))), 0)
        from raw.{table.name} as known where {table.date_column or "_business_date"} < ? and _available_at <= ?""",
        [plan_date, moment],
    ).fetchone()
    count, latest, total = found or (0, None, 0)
    digest = f"{int(total):032x}"
    return {"feed": table.name, "row_count": count, "latest_business_date": latest, "row_digest": digest}


def _naive(instant: dt.datetime) -> dt.datetime:
    return instant.astimezone(dt.UTC).replace(tzinfo=None)
