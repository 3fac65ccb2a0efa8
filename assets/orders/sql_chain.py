"""What is wrong with a whole ledger on SQL: its chain, its head, and then its views.

Not here: what a chain is (``chain``), appending to it (``sql_store``), or the views (``sql_views``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assets.orders.chain import Checkpoint, Fault, FaultKind, examined
from assets.orders.codec import Codec
from assets.orders.sql_events import StoredLinks
from assets.orders.sql_schema import HEAD
from assets.orders.sql_views import ProjectionFault, view_faults


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
    """

    events: int
    last_hash: str
    checkpoints: int
    faults: tuple[Fault | ProjectionFault, ...]


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
    chain = examined(StoredLinks(connection), checkpoints, complete=complete)
    faults = (*chain.faults, *_head(connection, chain.last_position))
    committed = sum(point.committed for point in checkpoints)
    # What orders should be is not known where events were touched.
    return Verified(chain.events, chain.last_hash, committed, faults or view_faults(connection, codec))


def _head(connection: sa.Connection, last: int) -> Iterator[Fault]:
    heads: Sequence[int] = connection.execute(sa.select(HEAD.c.position)).scalars().all()
    if heads != [last]:
        told = f"the ledger's head says {', '.join(map(str, heads)) or 'nothing'}"
        kind = FaultKind.CUT_OFF if heads and heads[0] > last else FaultKind.INSERTED
        yield Fault(kind, last + (kind is FaultKind.CUT_OFF), told)
