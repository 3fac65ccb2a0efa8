"""Feed contract v1: which tables arrive, how, how late, and who answers for them.

The columns stand in ``assets.kernel.frames.feeds``; each source package lists its tables.
Not here: reading or judging anything.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame

SCHEMA_VERSION = "1"


class Arrival(StrEnum):
    """How a table arrives.

    ``SNAPSHOT``: a batch replaces what was known of the scope it covers. ``UPSERT``: a row
    replaces the row of the same key. ``APPEND``: a row is a fact that happened once; the same
    key again is a correction.
    """

    SNAPSHOT = "snapshot"
    UPSERT = "upsert"
    APPEND = "append"


@dataclass(frozen=True)
class FeedTable:
    """One table of the contract.

    Parameters
    ----------
    source, table : str
        Names of the source system and of the table within it.
    frame : Frame
        Columns and business key.
    arrival : Arrival
        How it arrives.
    owner : str
        Team that answers for it.
    lateness : timedelta
        From the end of the business date to the contracted time of availability.
    maximum_age_days : int
        Older than this at the plan date, the table (of a site) is stale.
    required : bool
        Whether a plan cannot start without it.
    scope_column : str
        Column whose values a snapshot batch covers, such as ``site_id``; empty for the whole table.
    date_column : str
        Column that dates a row, for histories whose rows became known one by one; empty for none.
    references : dict
        Column to "source.table.column" it must be found in.
    """

    source: str
    table: str
    frame: Frame
    arrival: Arrival
    owner: str
    lateness: dt.timedelta = dt.timedelta(hours=2)
    maximum_age_days: int = 1
    required: bool = True
    scope_column: str = ""
    date_column: str = ""
    references: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Name of the raw table, such as ``wms_inventory``."""
        return f"{self.source}_{self.table}"


def is_history(table: FeedTable) -> bool:
    """Return whether a table is of facts that date themselves: each can be known from its own day on."""
    return table.arrival is Arrival.APPEND and bool(table.date_column)


def contract() -> tuple[FeedTable, ...]:
    """Return every table of the contract, by source and then by dependency."""
    from assets.feeds import demand, erp, ledger, suppliers, tms, wms

    return (*erp.TABLES, *wms.TABLES, *tms.TABLES, *demand.TABLES, *suppliers.TABLES, *ledger.TABLES)


def feed_table(source: str, table: str) -> FeedTable:
    """Return one table of the contract.

    Raises
    ------
    EquipoiseError
        If the contract has no such table.
    """
    for candidate in contract():
        if (candidate.source, candidate.table) == (source, table):
            return candidate
    known = ", ".join(t.name for t in contract())
    raise EquipoiseError("the feed contract has no such table", where=f"{source}/{table}", remedy=f"Use one of {known}")
