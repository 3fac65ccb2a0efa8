"""Batches of one shape into their raw table and into quarantine, by a handful of statements.

Whole-batch rules are applied when a batch is opened; row rules come from ``row_faults``.
Transactions and the record of batches are the caller's (``raw``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.feeds import row_faults, transport
from assets.feeds.contract import SCHEMA_VERSION, FeedTable
from assets.feeds.envelope import Envelope, row_available_at
from assets.feeds.row_faults import quoted
from assets.kernel.calendar import PlanCalendar
from assets.kernel.errors import EquipoiseError

_GLOB = set("*?[")
_NOT_REFUSED = """anti join refused
    on refused._ordinal = judged._ordinal and refused._row_number = judged._row_number"""

_NO_DAYS = "select 0 as _ordinal, 0 as _row_number, null::date as day where false"


@dataclass(frozen=True)
class OpenedBatch:
    """A batch whose files can be read and have the contract's columns.

    Attributes
    ----------
    envelope : Envelope
        The batch.
    files : tuple of SentFile
        Its files, in row order.
    note : str
        What is remarkable but no fault.
    """

    envelope: Envelope
    files: tuple[transport.SentFile, ...]
    note: str

    @property
    def shape(self) -> tuple[str, ...]:
        """What batches must share to be taken by one statement."""
        fields = (f"{field.name} {field.type}" for field in self.files[0].schema)
        return (self.files[0].path.suffix, self.envelope.row_availability, *fields)


def open_batch(table: FeedTable, directory: Path, envelope: Envelope) -> OpenedBatch:
    """Open the files of a batch.

    Raises
    ------
    EquipoiseError
        If the batch is unusable as a whole: a file unreadable, columns missing or renamed, rows
        lost on the way, another schema version.
    """
    if envelope.schema_version != SCHEMA_VERSION:
        raise _fault(
            envelope,
            f"schema version {envelope.schema_version} is not {SCHEMA_VERSION}",
            "Send the batch in the version of the contract",
        )
    files = tuple(transport.open_file(directory / name) for name in envelope.files)
    if len({str(file.schema) for file in files}) != 1:
        raise _fault(envelope, "its files differ in their columns or types", "Send files of the same columns")
    names = files[0].schema.names
    missing = [column.name for column in table.frame.columns if not (column.optional or column.name in names)]
    unexpected = ", ".join(name for name in names if name not in table.frame.names)
    if missing:
        raise _fault(
            envelope,
            f"schema drift: missing columns {', '.join(missing)}; unexpected columns {unexpected or 'none'}",
            "Send the columns of the contract, or agree on a new version of it",
        )
    counted = sum(file.row_count for file in files)
    if counted != envelope.row_count:
        raise _fault(
            envelope,
            f"the envelope declares {envelope.row_count} rows and the files hold {counted}",
            "Send the whole batch again",
        )
    return OpenedBatch(envelope, files, f"unexpected columns {unexpected} were ignored" if unexpected else "")


def take_alike(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    calendar: PlanCalendar,
    batches: Sequence[OpenedBatch],
) -> list[tuple[int, int]]:
    """Append the good rows of batches of one shape to their raw table, the others to quarantine.

    Returns
    -------
    list of (int, int)
        Accepted and quarantined rows of each batch.
    """
    by_row = batches[0].envelope.row_availability == "row" and bool(table.date_column)
    try:
        connection.register("arriving", _arriving(batches))
        _open_relation(connection, batches)
        described = connection.execute("describe sent").fetchall()
        types = {row[0]: row[1] for row in described if not row[0].startswith("_")}
        _temporary(connection, "judged", row_faults.judged_sql(table, types))
        _temporary(connection, "repeated", row_faults.repeated_sql(table))
        _temporary(connection, "refused", row_faults.refused_sql(table))
        some_dated = by_row and _count(connection, "refused") > 0
        _temporary(connection, "refused_days", _refused_days(table) if some_dated else _NO_DAYS)
        connection.register("known_from", _known_from(connection, table, calendar, by_row))
        _append(connection, table, by_row)
        _quarantine(connection, table, list(types), batches)
        return _counts(connection, batches)
    finally:
        for name in ("sent_rows", "arriving", "known_from", "malformed"):
            connection.unregister(name)


def _fault(envelope: Envelope, what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where=f"batch {envelope.batch_id}", remedy=remedy)


def _temporary(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    connection.execute(f"create or replace temp table {name} as {query}")


def _arriving(batches: Sequence[OpenedBatch]) -> pa.Table:
    envelopes = [batch.envelope for batch in batches]
    return pa.table(
        {
            "_ordinal": pa.array(range(len(batches)), pa.int32()),
            "batch_id": pa.array([e.batch_id for e in envelopes]),
            "business_date": pa.array([e.business_date for e in envelopes], pa.date32()),
            "available_at": pa.array([_naive(e.available_at) for e in envelopes], pa.timestamp("us")),
            "landed_at": pa.array([_naive(e.landed_at) for e in envelopes], pa.timestamp("us")),
        }
    )


def _open_relation(connection: duckdb.DuckDBPyConnection, batches: Sequence[OpenedBatch]) -> None:
    """Make ``sent``: the rows as sent, with the ordinal of their batch and their number in it."""
    files = [file for batch in batches for file in batch.files]
    if any(file.table is not None or _GLOB & set(str(file.path)) for file in files):
        connection.register("sent_rows", _numbered_rows(batches))
        connection.execute("create or replace temp view sent as select * from sent_rows")
        return
    places = [
        (ordinal, sum(file.row_count for file in batch.files[:position]) + 1)
        for ordinal, batch in enumerate(batches)
        for position in range(len(batch.files))
    ]
    # A table of the catalogue, not of Python: the view is bound again by every query.
    _temporary(
        connection,
        "sent_files",
        "select * from (values "
        + ", ".join(f"({i}, {ordinal}::integer, {first})" for i, (ordinal, first) in enumerate(places))
        + ") as places (_file, _ordinal, _first)",
    )
    paths = ", ".join(row_faults.literal(str(file.path)) for file in files)
    connection.execute(
        f"""create or replace temp view sent as
        select places._ordinal, places._first + rows.file_row_number as _row_number, rows.*
        from read_parquet([{paths}], hive_partitioning = false) as rows
        join sent_files as places on places._file = rows.file_index"""
    )


def _numbered_rows(batches: Sequence[OpenedBatch]) -> pa.Table:
    parts = []
    for ordinal, batch in enumerate(batches):
        first = 1
        for file in batch.files:
            rows = pq.read_table(file.path) if file.table is None else file.table
            numbers = file.row_numbers or range(1, rows.num_rows + 1)
            rows = rows.append_column("_ordinal", pa.array([ordinal] * rows.num_rows, pa.int32()))
            placed = pa.array([first - 1 + number for number in numbers], pa.int64())
            parts.append(rows.append_column("_row_number", placed))
            first += file.row_count
    return pa.concat_tables(parts)


def _refused_days(table: FeedTable) -> str:
    """Return the query for the day of each refused row whose date is not itself the fault."""
    day = f"judged.{quoted(table.date_column)}"
    return f"""
        select refused._ordinal, refused._row_number, {day} as day
        from refused
        join judged on judged._ordinal = refused._ordinal and judged._row_number = refused._row_number
        join arriving on arriving._ordinal = refused._ordinal
        where {day} between date '{row_faults.EARLIEST_DATE}' and arriving.business_date
    """


def _known_from(
    connection: duckdb.DuckDBPyConnection, table: FeedTable, calendar: PlanCalendar, by_row: bool
) -> pa.Table:
    """Return when rows of each date became known; empty unless rows are known one by one."""
    days: list[dt.date] = []
    if by_row:
        date = quoted(table.date_column)
        found = connection.execute(
            f"select distinct {date} from judged where _fault is null union select day from refused_days order by 1"
        )
        days = [row[0] for row in found.fetchall()]
    times = [_naive(row_available_at(table, day, calendar)) for day in days]
    return pa.table({"day": pa.array(days, pa.date32()), "known_at": pa.array(times, pa.timestamp("us"))})


def _append(connection: duckdb.DuckDBPyConnection, table: FeedTable, by_row: bool) -> None:
    values = ", ".join(f"judged.{quoted(name)}" for name in table.frame.names)
    date = f"judged.{quoted(table.date_column)}" if by_row else "arriving.business_date"
    known_at = "known_from.known_at" if by_row else "arriving.available_at"
    known = f"join known_from on known_from.day = {date}" if by_row else ""
    some_refused = _count(connection, "refused") > 0
    good = _NOT_REFUSED if some_refused else ""
    connection.execute(
        f"""insert into raw.{table.name}
        select {values}, arriving.batch_id, {date}, {known_at}, arriving.landed_at,
            md5({row_faults.values_text_sql(table, "judged")}), judged._row_number
        from judged join arriving on arriving._ordinal = judged._ordinal {known} {good}"""
    )


def _quarantine(
    connection: duckdb.DuckDBPyConnection,
    table: FeedTable,
    names: list[str],
    batches: Sequence[OpenedBatch],
) -> None:
    if _count(connection, "refused") > 0:
        connection.execute(
            f"""insert into raw.quarantine
            select {row_faults.literal(table.name)}, arriving.batch_id, sent._row_number, refused.reason,
                {row_faults.payload_sql(names)}, coalesce(known_from.day, arriving.business_date),
                coalesce(known_from.known_at, arriving.available_at)
            from refused
            join sent on sent._ordinal = refused._ordinal and sent._row_number = refused._row_number
            join arriving on arriving._ordinal = refused._ordinal
            left join refused_days on refused_days._ordinal = refused._ordinal
                and refused_days._row_number = refused._row_number
            left join known_from on known_from.day = refused_days.day"""
        )
    lines = [(i, number, line) for i, batch in enumerate(batches) for number, line in _malformed(batch)]
    if lines:
        connection.register("malformed", _malformed_rows(lines))
        connection.execute(
            f"""insert into raw.quarantine
            select {row_faults.literal(table.name)}, arriving.batch_id, malformed.row_number, malformed.reason,
                cast(to_json(struct_pack(line := malformed.line)) as varchar), arriving.business_date,
                arriving.available_at
            from malformed join arriving on arriving._ordinal = malformed._ordinal"""
        )


def _malformed(batch: OpenedBatch) -> list[tuple[int, transport.MalformedRow]]:
    """Return the lines of a batch that are no rows, with their number in the batch."""
    found: list[tuple[int, transport.MalformedRow]] = []
    before = 0
    for file in batch.files:
        found.extend((before + line.row_number, line) for line in file.malformed)
        before += file.row_count
    return found


def _malformed_rows(lines: Sequence[tuple[int, int, transport.MalformedRow]]) -> pa.Table:
    return pa.table(
        {
            "_ordinal": pa.array([ordinal for ordinal, _, _ in lines], pa.int32()),
            "row_number": pa.array([number for _, number, _ in lines], pa.int64()),
            "reason": pa.array([line.reason for _, _, line in lines]),
            "line": pa.array([line.text for _, _, line in lines]),
        }
    )


def _counts(connection: duckdb.DuckDBPyConnection, batches: Sequence[OpenedBatch]) -> list[tuple[int, int]]:
    rows = connection.execute("select _ordinal, count(*) from judged group by all").fetchall()
    judged: dict[int, int] = dict(rows)
    rows = connection.execute("select _ordinal, count(*) from refused group by all").fetchall()
    refused: dict[int, int] = dict(rows)
    return [
        (judged.get(i, 0) - refused.get(i, 0), refused.get(i, 0) + len(_malformed(batch)))
        for i, batch in enumerate(batches)
    ]


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"select count(*) from {name}").fetchone()
    return int(row[0]) if row else 0


def _naive(instant: dt.datetime) -> dt.datetime:
    """Return a UTC time without its zone, as the warehouse holds it."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None)
