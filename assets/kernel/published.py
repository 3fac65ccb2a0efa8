"""Published tables: immutable Parquet by (table, plan date, run), and a pointer to the latest.

Readers follow the pointer and never meet a lock. A pointer is replaced in one rename, so a
reader sees the old table or the new one and nothing between.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.identifiers import bytes_digest


@dataclass(frozen=True)
class Publication:
    """What a pointer says.

    Attributes
    ----------
    table : str
        Name of the published table.
    plan_date : str
        ISO date.
    run_id : str
        Run that published it.
    path : str
        Parquet file, relative to the published folder.
    rows : int
        Number of rows.
    digest : str
        Digest of the content; equal content has an equal digest on every run.
    """

    table: str
    plan_date: str
    run_id: str
    path: str
    rows: int
    digest: str


@dataclass(frozen=True)
class Published:
    """The published tables of one network.

    Parameters
    ----------
    root : Path
        Folder of tables.
    """

    root: Path

    def write(self, frame: Frame, data: pd.DataFrame, plan_date: dt.date, run_id: str) -> Publication:
        """Publish ``data`` as the latest version of ``frame`` for a plan date.

        Raises
        ------
        EquipoiseError
            If ``data`` does not conform to ``frame``.
        """
        return self.write_arrow(frame.name, frame.to_arrow(data), plan_date, run_id)

    def write_arrow(self, name: str, table: pa.Table, plan_date: dt.date, run_id: str) -> Publication:
        """Publish an Arrow table, already sorted by its key."""
        relative = Path(name) / plan_date.isoformat() / f"{run_id}.parquet"
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        pq.write_table(table, partial, compression="zstd")
        os.replace(partial, path)
        publication = Publication(
            name, plan_date.isoformat(), run_id, str(relative), table.num_rows, arrow_digest(table)
        )
        pointer = self._pointer(name, plan_date)
        partial = pointer.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(asdict(publication), indent=1))
        os.replace(partial, pointer)
        return publication

    def read(self, frame: Frame, plan_date: dt.date) -> pd.DataFrame:
        """Return the latest version of ``frame`` for a plan date.

        Raises
        ------
        EquipoiseError
            If nothing was published for it, or if what was has not the columns that ``frame`` declares.
        """
        publication = self.latest(frame.name, plan_date)
        if publication is None:
            raise EquipoiseError(
                f"nothing is published for {plan_date}",
                where=f"table {frame.name}",
                remedy=f"Run `equipoise plan --date {plan_date}`",
            )
        return _typed(frame, pq.read_table(self.root / publication.path), plan_date)

    def of_run(self, frame: Frame, plan_date: dt.date, run_id: str) -> pd.DataFrame | None:
        """Return what a run published of ``frame`` for a plan date, or ``None``."""
        path = self.root / frame.name / plan_date.isoformat() / f"{run_id}.parquet"
        return _typed(frame, pq.read_table(path), plan_date) if path.exists() else None

    def beside(self, frame: Frame, plan_date: dt.date, run_id: str) -> pd.DataFrame:
        """Return what a run published of ``frame`` for a plan date; the latest where that run published none.

        Raises
        ------
        EquipoiseError
            As ``read``.
        """
        mine = self.of_run(frame, plan_date, run_id)
        return self.read(frame, plan_date) if mine is None else mine

    def part(
        self,
        frame: Frame,
        plan_date: dt.date,
        columns: Sequence[str],
        *,
        run_id: str | None = None,
        where: pc.Expression | None = None,
    ) -> pd.DataFrame | None:
        """Return some columns and rows of a table, without reading the others.

        ``None`` if it was not published, or not with these columns as ``frame`` declares them: by
        another version of Equipoise.

        Parameters
        ----------
        frame : Frame
            The table.
        plan_date : date
            Plan date.
        columns : sequence of str
            Columns wanted, in order; rows come in the order of the table.
        run_id : str, optional
            Run that published it; the latest if not given.
        where : Expression, optional
            Rows wanted, by any columns of the table.
        """
        publication = self.latest(frame.name, plan_date)
        of_run = f"{frame.name}/{plan_date.isoformat()}/{run_id}.parquet"
        path = self.root / (of_run if run_id else publication.path if publication else "none")
        if not path.is_file():
            return None
        narrow = Frame(frame.name, frame.grain, tuple(frame.column(name) for name in columns))
        if not _holds(narrow, pq.read_schema(path)):
            return None
        return narrow.from_arrow(pq.read_table(path, columns=list(columns), filters=where))

    def run_ids(self, name: str, plan_date: dt.date) -> list[str]:
        """Return the runs that published a table for a plan date: the latest, then the others by their ids."""
        latest = self.latest(name, plan_date)
        runs = sorted(path.stem for path in (self.root / name / plan_date.isoformat()).glob("*.parquet"))
        return sorted(runs, key=lambda run_id: latest is None or run_id != latest.run_id)

    def latest(self, name: str, plan_date: dt.date) -> Publication | None:
        """Return the pointer of a table and plan date, or ``None``."""
        pointer = self._pointer(name, plan_date)
        return Publication(**json.loads(pointer.read_text())) if pointer.exists() else None

    def plan_dates(self, name: str) -> list[dt.date]:
        """Return the plan dates that a table was published for, in order."""
        folders = (self.root / name).glob("*/latest.json")
        return sorted(dt.date.fromisoformat(pointer.parent.name) for pointer in folders)

    def _pointer(self, name: str, plan_date: dt.date) -> Path:
        return self.root / name / plan_date.isoformat() / "latest.json"


def _typed(frame: Frame, table: pa.Table, plan_date: dt.date) -> pd.DataFrame:
    """Return a published table as ``frame``, whose declaration may have changed since it was written."""
    if not _holds(frame, table.schema):
        raise EquipoiseError(
            "it was made by another version of Equipoise",
            where=f"table {frame.name} of {plan_date}",
            remedy=f"Run `equipoise plan --date {plan_date}`",
        )
    return frame.from_arrow(table)


def _holds(frame: Frame, schema: pa.Schema) -> bool:
    """Return whether a file has the columns that ``frame`` declares."""
    kept = dict(zip(schema.names, schema.types, strict=True))
    return all(kept.get(column.name) == column.arrow_type for column in frame.columns)


def arrow_digest(table: pa.Table) -> str:
    """Return the digest of a table's names, types and values, whatever its chunks and its nulls' bytes.

    >>> import pyarrow as pa
    >>> whole = pa.table({"a": [1, 2]})
    >>> arrow_digest(whole) == arrow_digest(pa.concat_tables([whole.slice(0, 1), whole.slice(1)]))
    True
    """
    sink = pa.BufferOutputStream()
    columns = [column for field in table.schema for column in _settled(table.column(field.name))]
    names = [f"{index}" for index in range(len(columns))]
    whole = pa.Table.from_arrays(columns, names=names).combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    declared = "\n".join(f"{field.name} {field.type}" for field in table.schema)
    return bytes_digest(declared.encode() + sink.getvalue().to_pybytes())


def _settled(column: pa.ChunkedArray) -> list[pa.ChunkedArray]:
    """Return a column's values, and which of them stand, in bytes that depend on nothing else.

    What lies in memory beneath a null, and in the last byte of a bitmap, is left to chance by
    whoever made the array.
    """
    standing = []
    if column.null_count:
        standing = [pc.is_valid(column).cast(pa.uint8())]
        values = column.drop_null()
        if not len(values):
            return standing
        column = pc.fill_null(column, values[0])
    return [column.cast(pa.uint8()) if pa.types.is_boolean(column.type) else column, *standing]
