"""The envelope of a batch: who sent it, of what day, and since when it is known.

Also the rule by which a contracted time of availability follows from a business date. Not
here: files (``landing``) and rows (``raw``).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, computed_field

from assets.feeds.contract import SCHEMA_VERSION, FeedTable
from assets.kernel.calendar import PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest

ENVELOPE_FILE = "envelope.json"
BATCH_ID_DIGITS = 16
RowAvailability = Literal["batch", "row"]


def _in_utc(instant: dt.datetime) -> dt.datetime:
    if instant.tzinfo is None:
        raise ValueError(f"time {instant} has no time zone")
    return instant.astimezone(dt.UTC)


Instant = Annotated[dt.datetime, AfterValidator(_in_utc)]


class Envelope(BaseModel):
    """What is said of a batch beside its rows.

    Attributes
    ----------
    source, table : str
        The table of the contract.
    schema_version : str
        Version of the contract the sender wrote to.
    business_date : date
        Last business date the batch speaks of.
    produced_at, available_at, landed_at : datetime
        UTC. Plans obey ``available_at``; the others are for the audit.
    row_availability : str
        ``batch``: all rows became known at ``available_at``. ``row``: each row became known at
        the end of the bucket its date column names, plus the contracted lateness (histories).
    row_count : int
        Rows sent.
    content_hash : str
        Digest of the content as sent.
    files : tuple of str
        Files beside the envelope, in row order.
    covers : tuple of str or None
        Scope values a snapshot speaks for, such as site ids, even those without a row;
        ``None``: those in its rows.
    edition : int
        How often the sender had spoken of the business date before, where it does so several times a day: what
        says again what an earlier edition said is then a batch of its own. 0 for the first.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    source: str
    table: str
    schema_version: str = SCHEMA_VERSION
    business_date: dt.date
    produced_at: Instant
    available_at: Instant
    row_availability: RowAvailability = "batch"
    landed_at: Instant
    row_count: int = Field(ge=0)
    content_hash: str
    files: tuple[str, ...]
    covers: tuple[str, ...] | None = None
    edition: int = Field(default=0, ge=0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def batch_id(self) -> str:
        """Digest of source, table, business date and content hash: what makes a batch the same."""
        parts = [self.source, self.table, self.business_date.isoformat(), self.content_hash]
        parts += [str(self.edition)] if self.edition else []
        return digest(*parts)[:BATCH_ID_DIGITS]

    def write(self, directory: Path) -> Path:
        """Write the envelope into the folder of its batch and return its path."""
        path = directory / ENVELOPE_FILE
        partial = path.with_suffix(".partial")
        partial.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        os.replace(partial, path)
        return path


def read_envelope(path: Path) -> Envelope:
    """Read an envelope from its file or from the folder that holds it.

    Raises
    ------
    EquipoiseError
        If it is absent or does not validate.
    """
    path = path / ENVELOPE_FILE if path.is_dir() else path
    try:
        return Envelope.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise EquipoiseError(
            f"the envelope cannot be read: {error}", where=str(path), remedy="Remove the batch and land it again"
        ) from error


def require_scope_ids(covers: Sequence[str] | None, *, where: str) -> None:
    """Require that the scope values a batch speaks for can stand in one list.

    Raises
    ------
    EquipoiseError
        If one contains a comma, which parts them in the warehouse (``raw.batches``).
    """
    for scope in covers or ():
        if "," in scope:
            raise EquipoiseError(
                f"the batch covers {scope!r}, and an id must not contain a comma",
                where=where,
                remedy="List each id by itself, or give it another id",
            )


def end_of_day(day: dt.date, timezone: str) -> dt.datetime:
    """Return the UTC time at which ``day`` ends in ``timezone``.

    >>> end_of_day(dt.date(2024, 7, 1), "Europe/Berlin").isoformat()
    '2024-07-01T22:00:00+00:00'
    """
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZoneInfo(timezone))
    return midnight.astimezone(dt.UTC)


def batch_available_at(table: FeedTable, business_date: dt.date, timezone: str) -> dt.datetime:
    """Return the contracted time of availability of a batch: end of its day plus the lateness."""
    return end_of_day(business_date, timezone) + table.lateness


def row_available_at(table: FeedTable, day: dt.date, calendar: PlanCalendar) -> dt.datetime:
    """Return when a row dated ``day`` became known: end of its bucket plus the lateness."""
    last_day = calendar.bucket_start(calendar.start_of_bucket(day), 1) - dt.timedelta(days=1)
    return batch_available_at(table, last_day, calendar.timezone)
