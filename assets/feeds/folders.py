"""What a user's folder of feed files holds: which batch each file belongs to, of what day.

Names and optional envelopes are read here. Not here: copying (``landing``) and judging (``raw``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.feeds import transport
from assets.feeds.contract import SCHEMA_VERSION, Arrival, FeedTable, contract, is_history
from assets.feeds.envelope import (
    ENVELOPE_FILE,
    Envelope,
    Instant,
    RowAvailability,
    batch_available_at,
    require_scope_ids,
)
from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import bytes_digest, digest

_SIDECAR = ".envelope.json"
_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
# Business date of a history that cannot be read or has no rows: it speaks of no day.
_NO_DAY = dt.date(1970, 1, 1)
_BESIDE = ("network.yaml", "readme.md", "readme.txt")


@dataclass(frozen=True)
class Problem:
    """Something sent that was not understood: what, where and the remedy."""

    what: str
    where: str
    remedy: str

    @classmethod
    def of(cls, error: EquipoiseError) -> Problem:
        """Return the problem that an error tells."""
        return cls(error.what, error.where, error.remedy)


class SentEnvelope(BaseModel):
    """What a sender may say of a batch; everything is optional."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    source: str | None = None
    table: str | None = None
    schema_version: str = SCHEMA_VERSION
    business_date: dt.date | None = None
    produced_at: Instant | None = None
    available_at: Instant | None = None
    row_availability: RowAvailability | None = None
    row_count: int | None = Field(default=None, ge=0)
    covers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SentBatch:
    """Files that make one batch.

    Attributes
    ----------
    table : FeedTable
        Table they are for.
    files : tuple of Path
        In name order.
    business_date : date or None
        ``None`` for a history that is dated by its rows.
    said : SentEnvelope
        What the sender says of it.
    """

    table: FeedTable
    files: tuple[Path, ...]
    business_date: dt.date | None
    said: SentEnvelope


def sent_batches(directory: Path, default_date: dt.date | None) -> tuple[list[SentBatch], list[Problem]]:
    """Return the batches in a user's folder, and what was not understood, by path.

    A snapshot's files in one folder are parts of one batch, because a part alone would replace
    the rest. Other files are a batch each, so that a bad one does not hold back its neighbours.

    Raises
    ------
    EquipoiseError
        If ``directory`` is not a folder.
    """
    if not directory.is_dir():
        raise EquipoiseError("there is no such folder", where=str(directory), remedy="Name the folder of feed files")
    parts: dict[tuple[str, ...], list[Path]] = {}
    batches: dict[tuple[str, ...], SentBatch] = {}
    problems: list[Problem] = []
    for path in _files(directory):
        try:
            sent = _sent_file(path, directory, default_date)
        except EquipoiseError as error:
            problems.append(Problem.of(error))
            continue
        key = _batch_key(path, sent)
        parts.setdefault(key, []).append(path)
        batches.setdefault(key, sent)
    whole = [SentBatch(sent.table, tuple(parts[key]), sent.business_date, sent.said) for key, sent in batches.items()]
    return whole, problems


def envelope_of(batch: SentBatch, timezone: str, landed_at: dt.datetime) -> tuple[Envelope, list[Problem]]:
    """Return the envelope of a user's batch, and which of its files cannot be read.

    An unreadable file is landed all the same, so that its rejection is on record; its batch then
    counts no rows but those it declares.
    """
    problems: list[Problem] = []
    files: list[transport.SentFile] = []
    for path in batch.files:
        try:
            files.append(transport.open_file(path))
        except EquipoiseError as error:
            problems.append(Problem.of(error))
    said = batch.said
    counted = sum(file.row_count for file in files) if not problems else 0
    business_date = batch.business_date or _latest_date(batch, files, landed_at.date())
    by_row: RowAvailability = "batch" if batch.business_date else "row"
    available_at = said.available_at or batch_available_at(batch.table, business_date, timezone)
    envelope = Envelope(
        source=batch.table.source,
        table=batch.table.table,
        schema_version=said.schema_version,
        business_date=business_date,
        produced_at=said.produced_at or available_at,
        available_at=available_at,
        row_availability=said.row_availability or by_row,
        landed_at=landed_at,
        row_count=counted if said.row_count is None else said.row_count,
        content_hash=_content_hash(batch.files),
        files=tuple(path.name for path in batch.files),
        covers=said.covers,
    )
    return envelope, problems


def _files(directory: Path) -> list[Path]:
    everything = sorted(path for path in directory.rglob("*") if path.is_file())
    return [path for path in everything if not _is_beside(path.relative_to(directory))]


def _is_beside(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or path.name.endswith((ENVELOPE_FILE, _SIDECAR)) or path.name.lower() in _BESIDE


def _sent_file(path: Path, directory: Path, default_date: dt.date | None) -> SentBatch:
    if path.suffix not in transport.FORMATS:
        raise EquipoiseError(
            "the file is neither CSV nor Parquet", where=str(path), remedy="Send a .csv or a .parquet file"
        )
    said = _said_of(path)
    relative = path.relative_to(directory)
    table = _table_of(relative, said, where=str(path))
    business_date = said.business_date or _date_in(relative, where=str(path)) or default_date
    require_scope_ids(said.covers, where=str(path))
    if business_date is None and not is_history(table):
        raise EquipoiseError(
            "neither the file's name nor an envelope tells the business date",
            where=str(path),
            remedy="Put it into a folder named YYYY-MM-DD, or give a default date",
        )
    return SentBatch(table, (path,), business_date, said)


def _batch_key(path: Path, sent: SentBatch) -> tuple[str, ...]:
    together = (path.parent / ENVELOPE_FILE).exists() or sent.table.arrival is Arrival.SNAPSHOT
    alone = not together or _sidecar(path) is not None
    return (sent.table.name, str(path if alone else path.parent), str(sent.business_date), path.suffix)


def _sidecar(path: Path) -> Path | None:
    candidates = (path.with_name(path.name + _SIDECAR), path.with_name(path.stem + _SIDECAR))
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _said_of(path: Path) -> SentEnvelope:
    envelope = _sidecar(path) or path.parent / ENVELOPE_FILE
    if not envelope.exists():
        return SentEnvelope()
    try:
        return SentEnvelope.model_validate_json(envelope.read_bytes())
    except ValidationError as error:
        raise EquipoiseError(
            f"the envelope cannot be read: {error}", where=str(envelope), remedy="Correct it or leave it out"
        ) from error


def _table_of(relative: Path, said: SentEnvelope, *, where: str) -> FeedTable:
    tables = {table.name: table for table in contract()}
    if said.source and said.table:
        found = tables.get(f"{said.source}_{said.table}")
    else:
        found = _table_in_folders(relative.parts, tables) or _table_in_stem(relative.stem, tables)
    if found is None:
        raise EquipoiseError(
            "the name tells no table of the feed contract",
            where=where,
            remedy=f"Name the file after one of {', '.join(tables)}",
        )
    return found


def _table_in_folders(parts: Sequence[str], tables: dict[str, FeedTable]) -> FeedTable | None:
    pairs = pairwise(parts)
    return next((tables[f"{a}_{b}"] for a, b in pairs if f"{a}_{b}" in tables), None)


def _table_in_stem(stem: str, tables: dict[str, FeedTable]) -> FeedTable | None:
    # The longest name first, so that no table hides behind a shorter one.
    for name in sorted(tables, key=len, reverse=True):
        if re.match(rf"{name}(?![a-z])", stem.lower()):
            return tables[name]
    return None


def _date_in(relative: Path, *, where: str) -> dt.date | None:
    found = _DATE.findall(str(relative.with_suffix("")))
    if not found:
        return None
    year, month, day = found[-1]
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError as error:
        raise EquipoiseError(
            f"{year}-{month}-{day} is not a date", where=where, remedy="Name the business date as YYYY-MM-DD"
        ) from error


def _latest_date(batch: SentBatch, files: Sequence[transport.SentFile], today: dt.date) -> dt.date:
    # A date to come in a history is a fault of its row and says nothing of the batch.
    days = [transport.latest_date(file, batch.table.date_column, today) for file in files]
    return max((day for day in days if day is not None), default=_NO_DAY)


def _content_hash(files: Sequence[Path]) -> str:
    hashes = [bytes_digest(path.read_bytes()) for path in files]
    return hashes[0] if len(hashes) == 1 else digest(*hashes)
