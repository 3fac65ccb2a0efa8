"""What is wrong with a whole ledger on SQL: its chain, its head, and then its views; never an error of its own.

Not here: what a chain is (``chain``), appending to it (``sql_store``), or the views (``sql_views``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assets.orders.chain import Checkpoint, Fault, FaultKind, examined
from assets.orders.codec import Codec
from assets.orders.sql_events import RowFault, StoredLinks, as_it_lies, misplaced_rows, misshapen, named, stored
from assets.orders.sql_projection import PROJECTION
from assets.orders.sql_schema import HEAD, METADATA, PROJECTIONS, SCHEMA_RELEASE
from assets.orders.sql_views import ViewFault, form_faults, view_faults


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what is wrong with it.

    Attributes
    ----------
    events : int
        Events that are there.
    last_hash : str
        Digest of the last of them.
    checkpoints : int
        Ends of the chain that were found outside the database.
    faults : tuple
        Nothing if the ledger is sound.
    views_wait : bool
        Whether the events are sound, and a migration has left the views to be made again from them.
    """

    events: int
    last_hash: str
    checkpoints: int
    faults: tuple[ViewFault, ...]
    views_wait: bool = False


def verified(connection: sa.Connection, checkpoints: Sequence[Checkpoint], codec: Codec, *, complete: bool) -> Verified:
    """Look for everything in a ledger that no append can have left there.

    Parameters
    ----------
    connection : Connection
        Inside a transaction, so that all is of one moment.
    checkpoints : sequence of Checkpoint
        What was written outside the database, read within that transaction.
    codec : Codec
        Reads the events.
    complete : bool
        Whether every append left one there.
    """
    with as_it_lies(connection):
        chain = examined(StoredLinks(connection), checkpoints, complete=complete)
        events: tuple[Fault | RowFault, ...] = (*chain.faults, *misplaced_rows(connection))
        head = tuple(_head(connection, chain.last_position))
        touched = events or any(isinstance(fault, Fault) for fault in head)
        # What orders should be is not known where events were touched.
        views: tuple[ViewFault, ...] = (
            form_faults(connection) if touched else view_faults(connection, codec, chain.last_position)
        )
        waits = not events and not head and _views_wait(connection, chain.last_position)
    committed = sum(point.committed for point in checkpoints)
    return Verified(chain.events, chain.last_hash, committed, (*events, *head, *views), waits)


def has_own_tables(engine: sa.Engine) -> bool:
    """Tell whether a ledger's tables are those of this release, by what alembic wrote and not by its head."""
    # Importing it takes a while, and only verifying asks for it.
    from assets.orders.migrations import VERSION_TABLE

    version = sa.table(VERSION_TABLE, sa.column("version_num"))
    try:
        with engine.begin() as connection:
            there = set(sa.inspect(connection).get_table_names())
            if not {VERSION_TABLE, *METADATA.tables} <= there:
                return False
            return list(connection.execute(sa.select(version.c.version_num)).scalars()) == [f"{SCHEMA_RELEASE:04}"]
    except sa.exc.OperationalError:
        return False  # whoever opens it next tells why


def _head(connection: sa.Connection, last: int) -> Iterator[Fault | RowFault]:
    rows = connection.execute(stored(connection, HEAD)).mappings().all()
    wrong = [(row, misshapen(row, HEAD)) for row in rows]
    yield from (RowFault(HEAD.name, named(row, ("only",)), detail) for row, detail in wrong if detail)
    if not rows:
        yield RowFault(HEAD.name, "only 1", f"it is not there; the last event is {last}")
    if any(detail for _, detail in wrong) or not rows:
        return
    heads = [row["position"] for row in rows]
    if heads != [last]:
        kind = FaultKind.CUT_OFF if heads[0] > last else FaultKind.INSERTED
        told = f"the ledger's head says {', '.join(map(str, heads))}"
        yield Fault(kind, last + (kind is FaultKind.CUT_OFF), told)
    for row in rows:
        if row["schema_release"] != SCHEMA_RELEASE:
            detail = f"schema_release = {row['schema_release']}, its tables are those of {SCHEMA_RELEASE}"
            yield RowFault(HEAD.name, named(row, ("only",)), detail)


def _views_wait(connection: sa.Connection, last: int) -> bool:
    query = stored(connection, PROJECTIONS).where(PROJECTIONS.c.name == PROJECTION)
    return last > 0 and [row["position"] for row in connection.execute(query).mappings()] == [0]
