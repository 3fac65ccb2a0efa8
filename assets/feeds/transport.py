"""How bytes become rows: CSV, Parquet and tables read over SQL.

A file that cannot be read whole is told in one line. Nothing is cast or judged here: CSV
columns stay text, Parquet columns stay as typed by the sender (``row_faults`` casts).
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Column, Frame, Kind

FORMATS = (".csv", ".parquet")
_SEPARATORS = ",;\t"
_CSV_BLOCK_BYTES = 1 << 24
_NOT_CONVERTED = (pa.ArrowException, OverflowError, TypeError, ValueError)


@dataclass(frozen=True)
class MalformedRow:
    """A line of a CSV that has not as many fields as the header."""

    row_number: int
    reason: str
    text: str


@dataclass(frozen=True)
class SentFile:
    """One readable file of a batch.

    Attributes
    ----------
    path : Path
        The file.
    schema : pa.Schema
        Columns as sent; all text for CSV.
    row_count : int
        Rows in it, malformed ones included.
    table : pa.Table or None
        Rows of a CSV; ``None`` for Parquet, which the warehouse reads itself.
    row_numbers : tuple of int or None
        Numbers (from 1) of the rows in ``table`` where malformed ones are missing between them.
    malformed : tuple of MalformedRow
        Lines that are not rows.
    """

    path: Path
    schema: pa.Schema
    row_count: int
    table: pa.Table | None = None
    row_numbers: tuple[int, ...] | None = None
    malformed: tuple[MalformedRow, ...] = ()


def open_file(path: Path) -> SentFile:
    """Open one file of a feed.

    Raises
    ------
    EquipoiseError
        If it is empty, truncated, not UTF-8, not of a known format, or names a column twice.
    """
    if path.suffix not in FORMATS:
        raise EquipoiseError(
            "the file is neither CSV nor Parquet", where=str(path), remedy="Send a .csv or a .parquet file"
        )
    if not path.exists():
        raise EquipoiseError("the file is missing", where=str(path), remedy="Land the batch again")
    if path.stat().st_size == 0:
        raise EquipoiseError(
            "the file is empty", where=str(path), remedy="Send it again; without rows it still has a header"
        )
    sent = _open_csv(path) if path.suffix == ".csv" else _open_parquet(path)
    names = [name.lower() for name in sent.schema.names]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise EquipoiseError(
            f"columns {', '.join(twice)} stand twice", where=str(path), remedy="Name every column once"
        )
    return sent


def _open_parquet(path: Path) -> SentFile:
    try:
        with pq.ParquetFile(path) as file:
            return SentFile(path, file.schema_arrow.remove_metadata(), file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise EquipoiseError(
            f"the Parquet file is truncated or damaged: {error}",
            where=str(path),
            remedy="Have it written again and send it anew",
        ) from error


def _open_csv(path: Path) -> SentFile:
    _require_utf8(path)
    header, separator = _header(path)
    invalid: list[Any] = []

    def keep(row: Any) -> str:
        invalid.append(row)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            path,
            # One thread: only then do malformed rows know their number.
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_CSV_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=keep
            ),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
    except pa.ArrowException as error:
        raise EquipoiseError(
            f"the CSV cannot be parsed: {error}", where=str(path), remedy="Quote fields by the rules of RFC 4180"
        ) from error
    return _csv_file(path, table, invalid)


def _csv_file(path: Path, table: pa.Table, invalid: list[Any]) -> SentFile:
    if not invalid:
        return SentFile(path, table.schema, table.num_rows, table)
    # Arrow counts the header as row 1.
    malformed = tuple(
        MalformedRow(row.number - 1, f"it has {row.actual_columns} fields, the header {row.expected_columns}", row.text)
        for row in invalid
    )
    bad = {row.row_number for row in malformed}
    total = table.num_rows + len(malformed)
    numbers = tuple(number for number in range(1, total + 1) if number not in bad)
    return SentFile(path, table.schema, total, table, numbers, malformed)


def _require_utf8(path: Path) -> None:
    # Before Arrow sees it, which tells of a bad byte in a malformed line only on stderr.
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_CSV_BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise EquipoiseError(
                f"the CSV is not UTF-8 ({error})",
                where=str(path),
                remedy=f"Convert it, for instance by `iconv -f latin1 -t utf-8 {path.name}`, and send it again",
            ) from error


def _header(path: Path) -> tuple[list[str], str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline()
        separator = max(_SEPARATORS, key=line.count)
        file.seek(0)
        names = next(csv.reader(file, delimiter=separator), [])
    if not any(name.strip() for name in names):
        raise EquipoiseError("the CSV has no header", where=str(path), remedy="Send the column names first")
    return names, separator


def latest_date(file: SentFile, column: str, not_after: dt.date) -> dt.date | None:
    """Return the latest ISO date in a column up to ``not_after``, or ``None`` where it holds none."""
    if column not in file.schema.names:
        return None
    try:
        table = file.table if file.table is not None else pq.read_table(file.path, columns=[column])
    except (pa.ArrowException, OSError):
        # Damaged inside; it is rejected when it is taken in.
        return None
    texts = pc.utf8_slice_codeunits(table.column(column).cast(pa.string()), 0, 10)
    dates = texts.filter(pc.match_substring_regex(texts, r"^\d{4}-\d{2}-\d{2}$"))
    texts = sorted(text for text in dates.unique().to_pylist() if text <= not_after.isoformat())
    for text in reversed(texts):
        with suppress(ValueError):
            return dt.date.fromisoformat(text)
    return None


def to_arrow(frame: Frame, data: pd.DataFrame) -> pa.Table:
    """Return ``data`` as an Arrow table, typed by ``frame`` where its values allow it.

    What does not fit keeps its own type, or becomes text where it has several, so that faulty
    data can be written as they are and judged later.
    """
    declared = {column.name: column for column in frame.columns}
    names = [str(name) for name in data.columns]
    arrays = [_to_array(data.iloc[:, index], declared.get(name)) for index, name in enumerate(names)]
    return pa.Table.from_arrays(arrays, names=names)


def _to_array(values: pd.Series[Any], column: Column | None) -> pa.Array:
    for wanted in _wanted_types(column):
        try:
            array = pa.array(values, type=wanted, from_pandas=True)
        except _NOT_CONVERTED:
            continue
        # A chunked or dictionary array has no part in an equal digest of equal values.
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    return pa.array([None if _is_missing(v) else str(v) for v in values], type=pa.string())


def _wanted_types(column: Column | None) -> tuple[Any, ...]:
    if column is None:
        return (None,)
    # Money stays a float on its way; the warehouse rounds it to DECIMAL once.
    return (pa.float64() if column.kind is Kind.MONEY else column.arrow_type, None)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


def read_sql(url: str, queries: Iterable[tuple[str, str]]) -> Iterable[tuple[str, pd.DataFrame | EquipoiseError]]:
    """Read queries over one SQLAlchemy URL.

    Parameters
    ----------
    url : str
        SQLAlchemy URL; its password never shows in a message.
    queries : iterable of (name, SQL)
        What to read.

    Yields
    ------
    (name, data or error)
        Rows as the database typed them, or why they could not be read; the others go on.

    Raises
    ------
    EquipoiseError
        If the database cannot be reached.
    """
    import sqlalchemy as sa

    try:
        engine = sa.create_engine(url)
        connection = engine.connect()
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise EquipoiseError(
            f"the database cannot be opened: {_first_line(error)}",
            where=_without_password(url),
            remedy="Check the URL, the driver and the network",
        ) from error
    with connection:
        for name, query in queries:
            try:
                result = connection.execute(sa.text(query))
                rows = [tuple(row) for row in result.fetchall()]
                # Objects: pandas would turn whole numbers beside a null into floats.
                yield name, pd.DataFrame(rows, columns=list(result.keys()), dtype=object)
            except sa.exc.SQLAlchemyError as error:
                connection.rollback()
                yield (
                    name,
                    EquipoiseError(
                        f"the query failed: {_first_line(error)}",
                        where=f"{_without_password(url)}, {query}",
                        remedy="Name the table or the query that holds it",
                    ),
                )
    engine.dispose()


def table_names(url: str) -> list[str]:
    """Return the tables and views of a database's default schema, sorted."""
    import sqlalchemy as sa

    try:
        engine = sa.create_engine(url)
        inspector = sa.inspect(engine)
        names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise EquipoiseError(
            f"the database cannot be opened: {_first_line(error)}",
            where=_without_password(url),
            remedy="Check the URL, the driver and the network",
        ) from error
    engine.dispose()
    return names


def _without_password(url: str) -> str:
    import sqlalchemy as sa

    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "SQL URL"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
