"""From landing to raw: every good row into the warehouse once, every other into quarantine.

Raw tables are append-only. A batch is taken whole in one transaction; batches sent alike are
taken together, because a statement costs more than its rows. Not here: what makes a row
unusable (``row_faults``) and what was known at a cutoff (``known``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from assets.feeds.contract import FeedTable, contract
from assets.feeds.envelope import Envelope
from assets.feeds.intake import OpenedBatch, open_batch, take_alike
from assets.feeds.known import feed_batches, feed_state
from assets.feeds.landing import LandingArea
from assets.feeds.row_faults import quoted
from assets.kernel.calendar import PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import QUARANTINE

__all__ = ["BatchOutcome", "IngestReport", "feed_batches", "feed_state", "ingest", "newest_batches", "prepare"]

# What no file can be to blame for; it must be seen, not put on a batch's record.
_OURS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.InternalException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
)
_BATCHES_AT_ONCE = 256
_ROWS_AT_ONCE = 4_000_000
_BATCH_COLUMNS = """
    batch_id varchar primary key, source varchar, table_name varchar, feed varchar, business_date date,
    available_at timestamp, landed_at timestamp, row_count bigint, accepted_rows bigint,
    quarantined_rows bigint, content_hash varchar, status varchar, reason varchar, covers varchar,
    row_availability varchar
"""
_LINEAGE_COLUMNS = """
    _batch_id varchar, _business_date date, _available_at timestamp, _landed_at timestamp,
    _row_hash varchar, _row_number bigint
"""


@dataclass(frozen=True)
class BatchOutcome:
    """What became of one batch.

    Attributes
    ----------
    envelope : Envelope
        The batch.
    accepted_rows, quarantined_rows : int
        They add up to the rows sent.
    reason : str
        Why it was rejected, or what is noted of an accepted one.
    accepted : bool
        Whether its good rows went on.
    """

    envelope: Envelope
    accepted_rows: int
    quarantined_rows: int
    reason: str = ""
    accepted: bool = True


@dataclass(frozen=True)
class IngestReport:
    """What one ingest of a table took in.

    Attributes
    ----------
    table : str
        Raw table.
    outcomes : tuple of BatchOutcome
        New batches, in the order taken.
    unreadable : tuple of str
        Batch folders whose envelope cannot be read, told in one line each; they stay outside.
    """

    table: str
    outcomes: tuple[BatchOutcome, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def batches(self) -> int:
        """Number of batches taken, rejected ones included."""
        return len(self.outcomes)

    @property
    def accepted_rows(self) -> int:
        """Rows that went on."""
        return sum(outcome.accepted_rows for outcome in self.outcomes)

    @property
    def quarantined_rows(self) -> int:
        """Rows that did not."""
        return sum(outcome.quarantined_rows for outcome in self.outcomes)

    @property
    def rejected(self) -> tuple[BatchOutcome, ...]:
        """Batches rejected whole."""
        return tuple(outcome for outcome in self.outcomes if not outcome.accepted)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the schema ``raw`` and every table in it that is not there yet."""
    connection.execute("create schema if not exists raw")
    for table in contract():
        columns = ", ".join(f"{quoted(c.name)} {c.duckdb_type}" for c in table.frame.columns)
        connection.execute(f"create table if not exists raw.{table.name} ({columns}, {_LINEAGE_COLUMNS})")
        for later in (column for column in table.frame.columns if column.optional):
            # A warehouse made before the column joined the contract lacks it.
            connection.execute(
                f"alter table raw.{table.name} add column if not exists {later.name} {later.duckdb_type}"
            )
    connection.execute(f"create table if not exists raw.batches ({_BATCH_COLUMNS})")
    columns = ", ".join(f"{c.name} {c.duckdb_type}" for c in QUARANTINE.columns)
    connection.execute(f"create table if not exists raw.quarantine ({columns}, _available_at timestamp)")


def ingest(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, landing: LandingArea, calendar: PlanCalendar
) -> IngestReport:
    """Take every landed batch of ``table`` that is not in the warehouse yet.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse on which :func:`prepare` ran.
    table : FeedTable
        Table of the contract.
    landing : LandingArea
        Where batches lie.
    calendar : PlanCalendar
        Says when a row of a history became known.

    Returns
    -------
    IngestReport
        Empty where nothing new has landed. Bad rows and unreadable batches never raise.
    """
    taken = connection.execute("select batch_id from raw.batches where feed = ?", [table.name]).fetchall()
    known = {row[0] for row in taken}
    envelopes: list[Envelope] = []
    unreadable: list[str] = []
    for batch_id in landing.batch_ids(table):
        if batch_id not in known:
            try:
                envelopes.append(landing.read(table, batch_id))
            except EquipoiseError as error:
                unreadable.append(str(error))
    envelopes.sort(key=lambda e: (e.business_date, e.available_at, e.batch_id))
    outcomes = [
        outcome
        for some in _portions(envelopes)
        for outcome in _take_portion(connection, table, landing, calendar, some)
    ]
    return IngestReport(table.name, tuple(outcomes), tuple(unreadable))


def newest_batches(connection: duckdb.DuckDBPyConnection, table: FeedTable, count: int = 10) -> list[dict[str, object]]:
    """Return the newest batches of a table, newest first, as plain records."""
    rows = connection.execute(
        """select business_date, batch_id, content_hash, row_count, accepted_rows, quarantined_rows, status, reason
        from raw.batches where feed = ? order by business_date desc, available_at desc, batch_id limit ?""",
        [table.name, count],
    )
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _portions(envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Split batches so that one portion fits in memory."""
    portion: list[Envelope] = []
    rows = 0
    for envelope in envelopes:
        if portion and (len(portion) >= _BATCHES_AT_ONCE or rows + envelope.row_count > _ROWS_AT_ONCE):
            yield portion
            portion, rows = [], 0
        portion.append(envelope)
        rows += envelope.row_count
    if portion:
        yield portion


def _take_portion(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    landing: LandingArea,
    calendar: PlanCalendar,
    envelopes: Sequence[Envelope],
) -> list[BatchOutcome]:
    outcomes: list[BatchOutcome] = []
    alike: dict[tuple[str, ...], list[OpenedBatch]] = {}
    for envelope in envelopes:
        try:
            opened = open_batch(table, landing.directory(envelope), envelope)
            alike.setdefault(opened.shape, []).append(opened)
        except EquipoiseError as error:
            outcomes.append(_reject(connection, envelope, f"{error.what}. {error.remedy}"))
    for group in alike.values():
        outcomes.extend(_take(connection, table, calendar, group))
    return outcomes


def _take(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, calendar: PlanCalendar, group: list[OpenedBatch]
) -> list[BatchOutcome]:
    """Take batches of one shape in one transaction; if that fails, find the one at fault."""
    connection.begin()
    try:
        counts = take_alike(connection, table, calendar, group)
        outcomes = [
            BatchOutcome(batch.envelope, accepted, quarantined, batch.note)
            for batch, (accepted, quarantined) in zip(group, counts, strict=True)
        ]
        _record(connection, outcomes)
        connection.commit()
    except _OURS:
        connection.rollback()
        raise
    except (duckdb.Error, pa.ArrowException) as error:
        connection.rollback()
        if len(group) == 1:
            return [_reject(connection, group[0].envelope, f"the file cannot be read to its end: {error}")]
        return [outcome for batch in group for outcome in _take(connection, table, calendar, [batch])]
    except BaseException:
        connection.rollback()
        raise
    return outcomes


def _reject(connection: duckdb.DuckDBPyConnection, envelope: Envelope, reason: str) -> BatchOutcome:
    """Put a batch on record as rejected whole, with one row in quarantine that says why."""
    outcome = BatchOutcome(envelope, 0, envelope.row_count, " ".join(reason.split()), accepted=False)
    payload = json.dumps({"files": list(envelope.files), "rows": envelope.row_count})
    connection.begin()
    connection.execute(
        "insert into raw.quarantine values (?, ?, 0, ?, ?, ?, ?)",
        [
            f"{envelope.source}_{envelope.table}",
            envelope.batch_id,
            outcome.reason,
            payload,
            envelope.business_date,
            envelope.available_at.replace(tzinfo=None),
        ],
    )
    _record(connection, [outcome])
    connection.commit()
    return outcome


def _record(connection: duckdb.DuckDBPyConnection, outcomes: Sequence[BatchOutcome]) -> None:
    fresh = pd.DataFrame([_batch_row(outcome) for outcome in outcomes])
    connection.register("fresh_batches", fresh)
    connection.execute("insert into raw.batches by name select * from fresh_batches")
    connection.unregister("fresh_batches")


def _batch_row(outcome: BatchOutcome) -> dict[str, object]:
    envelope = outcome.envelope
    return {
        "batch_id": envelope.batch_id,
        "source": envelope.source,
        "table_name": envelope.table,
        "feed": f"{envelope.source}_{envelope.table}",
        "business_date": envelope.business_date,
        "available_at": envelope.available_at.replace(tzinfo=None),
        "landed_at": envelope.landed_at.replace(tzinfo=None),
        "row_count": envelope.row_count,
        "accepted_rows": outcome.accepted_rows,
        "quarantined_rows": outcome.quarantined_rows,
        "content_hash": envelope.content_hash,
        "status": "accepted" if outcome.accepted else "rejected",
        "reason": outcome.reason,
        "covers": None if envelope.covers is None else ",".join(envelope.covers),
        "row_availability": envelope.row_availability,
    }
