"""The landing area: batches as they arrived, each in its folder with its envelope, never changed.

A batch appears in one rename, so that a reader sees all of it or nothing. The same batch
landed twice is one batch. Not here: what a user's folder means (``folders``), how bytes become
rows (``transport``), and judging rows (``raw``).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from assets.feeds import transport
from assets.feeds.contract import FeedTable, contract, is_history
from assets.feeds.envelope import (
    ENVELOPE_FILE,
    Envelope,
    RowAvailability,
    batch_available_at,
    read_envelope,
    require_scope_ids,
)
from assets.feeds.folders import Problem, envelope_of, sent_batches
from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError
from assets.kernel.published import arrow_digest

_PARTIAL = ".partial"


@dataclass(frozen=True)
class LandReport:
    """What came of landing a folder or a database.

    Attributes
    ----------
    landed : tuple of Envelope
        New batches.
    repeated : tuple of Envelope
        Batches that had landed before, with the same content.
    problems : tuple of Problem
        What was not understood; the rest has landed.
    """

    landed: tuple[Envelope, ...] = ()
    repeated: tuple[Envelope, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass
class _Tally:
    landed: list[Envelope] = field(default_factory=list)
    repeated: list[Envelope] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, envelope: Envelope, new: bool) -> None:
        (self.landed if new else self.repeated).append(envelope)

    def report(self) -> LandReport:
        return LandReport(tuple(self.landed), tuple(self.repeated), tuple(self.problems))


@dataclass(frozen=True)
class LandingArea:
    """The landing area of one network.

    Parameters
    ----------
    root : Path
        Folder of ``<source>/<table>/<batch_id>/``.
    clock : Clock
        Stamps ``landed_at``, which no plan reads.
    """

    root: Path
    clock: Clock

    def land_frame(
        self,
        table: FeedTable,
        data: pd.DataFrame,
        business_date: dt.date,
        *,
        available_at: dt.datetime,
        row_availability: RowAvailability = "batch",
        covers: Sequence[str] | None = None,
        produced_at: dt.datetime | None = None,
        edition: int = 0,
    ) -> Envelope:
        """Land a frame as one Parquet batch, faulty rows included.

        Parameters
        ----------
        table : FeedTable
            Table of the contract it belongs to.
        data : DataFrame
            Rows as sent; columns the contract does not know are kept.
        business_date : date
            Last business date the rows speak of.
        available_at : datetime
            Aware time since which the batch is known.
        row_availability : str
            ``row`` where each row became known at the end of its own bucket.
        covers : sequence of str or None
            Scope values a snapshot speaks for.
        produced_at : datetime or None
            When the sender made it; ``available_at`` if unsaid.
        edition : int
            How often the sender had spoken of the business date before.

        Returns
        -------
        Envelope
            Of this batch, or of the same batch landed before.

        Raises
        ------
        EquipoiseError
            If ``covers`` names a scope with a comma.
        """
        require_scope_ids(covers, where=f"{table.name} of {business_date}")
        arrow = transport.to_arrow(table.frame, data)
        envelope = Envelope(
            source=table.source,
            table=table.table,
            business_date=business_date,
            produced_at=produced_at or available_at,
            available_at=available_at,
            row_availability=row_availability,
            landed_at=self.clock.now(),
            row_count=arrow.num_rows,
            content_hash=arrow_digest(arrow),
            files=("part-0000.parquet",),
            covers=None if covers is None else tuple(covers),
            edition=edition,
        )

        def fill(directory: Path) -> None:
            pq.write_table(arrow, directory / envelope.files[0], compression="zstd", compression_level=1)

        return self._land(envelope, fill)[0]

    def land_files(self, directory: Path, *, timezone: str = "UTC", default_date: dt.date | None = None) -> LandReport:
        """Land a user's folder of files in the feed contract.

        Parameters
        ----------
        directory : Path
            Laid out as ``<source>/<table>/[YYYY-MM-DD/]*`` or ``<source>_<table>*``, CSV or
            Parquet, each with an optional envelope (``envelope.json`` or ``<file>.envelope.json``).
        timezone : str
            The network's; without an envelope a batch is known at the end of its business date
            there, plus the contracted lateness.
        default_date : date or None
            Business date of files that name none. Without it a history (a table of facts that
            dates its rows) is dated by its rows, each known from its own day on.

        Raises
        ------
        EquipoiseError
            If the folder does not exist.
        """
        batches, problems = sent_batches(directory, default_date)
        tally = _Tally(problems=list(problems))
        for batch in batches:
            envelope, faults = envelope_of(batch, timezone, self.clock.now())
            tally.problems.extend(faults)
            tally.add(*self._land(envelope, _copier(batch.files)))
        return tally.report()

    def land_sql(
        self,
        url: str,
        *,
        business_date: dt.date,
        tables: Mapping[str, str] | None = None,
        queries: Mapping[str, str] | None = None,
        timezone: str = "UTC",
        row_availability: RowAvailability = "batch",
    ) -> LandReport:
        """Land tables read over a SQLAlchemy URL.

        Parameters
        ----------
        url : str
            SQLAlchemy URL.
        business_date : date
            Last business date the tables speak of.
        tables : mapping or None
            Table of the contract (``wms_inventory``) to the table that holds it there. Without
            ``tables`` and ``queries``: every table of the contract found under its own name.
        queries : mapping or None
            Table of the contract to a query, where names or filters differ.
        timezone : str
            The network's, for the contracted time of availability.
        row_availability : str
            ``row``: each row of a history (facts that date themselves) is known from its own day on.
            What is updated in place stays ``batch``: its rows say more than was known on their day.

        Raises
        ------
        EquipoiseError
            If the database cannot be reached.
        """
        known = {table.name: table for table in contract()}
        if tables is None and queries is None:
            tables = {name: name for name in transport.table_names(url) if name in known}
        wanted = {name: f"select * from {there}" for name, there in (tables or {}).items()} | dict(queries or {})
        tally = _Tally(problems=[_unknown(name) for name in wanted if name not in known])
        for name, result in transport.read_sql(url, [(n, q) for n, q in wanted.items() if n in known]):
            if isinstance(result, EquipoiseError):
                tally.problems.append(Problem.of(result))
                continue
            self._land_whole(tally, known[name], result, business_date, timezone, row_availability)
        return tally.report()

    def land_frames(
        self, frames: Mapping[str, pd.DataFrame], *, business_date: dt.date, timezone: str = "UTC"
    ) -> LandReport:
        """Land tables of the contract that were read from another system, a batch each.

        Parameters
        ----------
        frames : mapping
            Raw table (``wms_inventory``) to its rows.
        business_date : date
            Last business date that they speak of.
        timezone : str
            The network's, for the contracted time of availability.
        """
        known, tally = {table.name: table for table in contract()}, _Tally()
        for name, rows in frames.items():
            self._land_whole(tally, known[name], rows, business_date, timezone, "batch")
        return tally.report()

    def _land_whole(
        self, tally: _Tally, table: FeedTable, rows: pd.DataFrame, business_date: dt.date, timezone: str,
        row_availability: RowAvailability,
    ) -> None:  # fmt: skip
        before = set(self.batch_ids(table))
        by_row = row_availability == "row" and is_history(table)
        envelope = self.land_frame(
            table,
            rows,
            business_date,
            available_at=batch_available_at(table, business_date, timezone),
            row_availability="row" if by_row else "batch",
        )
        tally.add(envelope, envelope.batch_id not in before)

    def batches(self, table: FeedTable | None = None) -> list[Envelope]:
        """Return the envelopes of every whole batch, by business date, availability and id."""
        tables = contract() if table is None else (table,)
        found = [self.read(one, batch_id) for one in tables for batch_id in self.batch_ids(one)]
        return sorted(found, key=lambda e: (e.business_date, e.available_at, e.source, e.table, e.batch_id))

    def batch_ids(self, table: FeedTable) -> list[str]:
        """Return the ids of a table's whole batches, sorted, without opening an envelope."""
        folder = self.root / table.source / table.table
        if not folder.exists():
            return []
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
        return sorted(name for name in names if (folder / name / ENVELOPE_FILE).exists())

    def read(self, table: FeedTable, batch_id: str) -> Envelope:
        """Return the envelope of one batch.

        Raises
        ------
        EquipoiseError
            If it cannot be read.
        """
        directory = self.root / table.source / table.table / batch_id
        envelope = read_envelope(directory)
        if self.directory(envelope) != directory:
            raise EquipoiseError(
                f"the envelope is of batch {envelope.source}/{envelope.table}/{envelope.batch_id}",
                where=str(directory),
                remedy="Remove the folder and land the batch again",
            )
        return envelope

    def directory(self, envelope: Envelope) -> Path:
        """Return the folder of a batch."""
        return self.root / envelope.source / envelope.table / envelope.batch_id

    def _land(self, envelope: Envelope, fill: Callable[[Path], object]) -> tuple[Envelope, bool]:
        """Put a batch in its place in one rename; return its envelope and whether it is new."""
        final = self.directory(envelope)
        if (final / ENVELOPE_FILE).exists():
            return read_envelope(final), False
        with self._partial() as directory:
            fill(directory)
            envelope.write(directory)
            final.parent.mkdir(parents=True, exist_ok=True)
            # A folder without an envelope is what a killed copy left behind.
            shutil.rmtree(final, ignore_errors=True)
            # Somebody who landed the same batch meanwhile landed the same content.
            with suppress(FileExistsError):
                os.rename(directory, final)
        return read_envelope(final), True

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        (self.root / _PARTIAL).mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(dir=self.root / _PARTIAL))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def content_hash(table: FeedTable, data: pd.DataFrame) -> str:
    """Return the content hash that a frame gets when it is landed."""
    return arrow_digest(transport.to_arrow(table.frame, data))


def _copier(files: Sequence[Path]) -> Callable[[Path], object]:
    def copy(directory: Path) -> None:
        for path in files:
            shutil.copyfile(path, directory / path.name)

    return copy


def _unknown(name: str) -> Problem:
    known = ", ".join(table.name for table in contract())
    return Problem("the feed contract has no such table", name, f"Use one of {known}")
