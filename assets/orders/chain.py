"""The ledger's hash chain: each event carries a digest of itself and of the one before it.

Pure: what a chain is, and what is wrong with one. Not here: where events and checkpoints are kept
(``sql_store``, ``checkpoints``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

GENESIS = "0" * 64
"""What stands before the first event."""


@dataclass(frozen=True)
class Link:
    """An event as it is stored.

    Attributes
    ----------
    position : int
        Place among all events, from 1; no part of the digest, which its predecessor fixes.
    recorded_at : str
        ISO 8601, UTC.
    payload : str
        Canonical JSON of the event.
    previous_hash, chain_hash : str
        Digest of the event before, and of this one after it; 64 hexadecimal digits.
    """

    position: int
    stream: str
    version: int
    event_type: str
    schema_version: int
    recorded_at: str
    payload: str
    previous_hash: str = ""
    chain_hash: str = ""

    def hash_after(self, previous: str) -> str:
        """Return the SHA-256 of this event after one whose digest is ``previous``."""
        content = [
            previous, self.stream, self.version, self.event_type,
            self.schema_version, self.recorded_at, self.payload,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """The end of the chain as an append wrote it outside the database.

    Attributes
    ----------
    position, chain_hash : int, str
        The last event of the append, and its digest.
    committed : bool
        Whether the append is known to have ended; one that was only begun may have been undone by a crash.
    """

    position: int
    chain_hash: str
    committed: bool


class FaultKind(StrEnum):
    """What was done to an event."""

    CHANGED = "changed"
    REMOVED = "removed"
    REPLACED = "replaced or removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT_OFF = "cut off"
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Fault:
    """Something that no append can have done.

    Attributes
    ----------
    kind : FaultKind
        What was done.
    position : int
        The event concerned, or the first of those.
    detail : str
        What shows it.
    """

    kind: FaultKind
    position: int
    detail: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"event {self.position} was {self.kind}: {self.detail}"


def chain_faults(
    links: Iterable[Link], checkpoints: Sequence[Checkpoint] = (), *, complete: bool = False
) -> tuple[Fault, ...]:
    """Return what is wrong with a chain, by position; nothing if no event was touched.

    An event whose digest is not its own was changed. One whose digest is, but which does not name the
    event before it, names another one that is there (it was moved, or something was put before it) or one
    that is not (that was replaced or removed).

    Parameters
    ----------
    links : iterable of Link
        All events, in the order of their positions.
    checkpoints : sequence of Checkpoint
        Ends that were written elsewhere: they show a tail that was cut off, and a chain made anew.
    complete : bool
        Whether every append wrote a checkpoint among these, so that what is beyond the last was put there
        by something else.
    """
    stored = list(links)
    found = [*_positions(stored), *_links(stored), *_ends(stored, checkpoints, complete)]
    return tuple(sorted(found, key=lambda fault: (fault.position, fault.kind)))


def _positions(stored: list[Link]) -> Iterator[Fault]:
    expected = 1
    for link in stored:
        if link.position > expected:
            yield Fault(FaultKind.REMOVED, expected, f"the next event that is there is {link.position}")
        if link.position < 1:
            yield Fault(FaultKind.INSERTED, link.position, "the first event is 1")
        expected = max(expected, link.position + 1)


def _links(stored: list[Link]) -> Iterator[Fault]:
    position = {link.chain_hash: link.position for link in stored}
    before: Link | None = None
    for link in stored:
        own = link.hash_after(link.previous_hash) == link.chain_hash
        if not own:
            yield Fault(FaultKind.CHANGED, link.position, "its content and its digest do not agree")
        elif link.previous_hash != (GENESIS if before is None else before.chain_hash):
            yield from _misplaced(link, before, position)
        before = link


def _misplaced(link: Link, before: Link | None, position: dict[str, int]) -> Iterator[Fault]:
    """Tell why an event whose own digest is right does not follow the one before it."""
    if link.previous_hash == GENESIS or link.previous_hash in position:
        if before is not None and before.previous_hash == link.previous_hash:
            yield Fault(FaultKind.INSERTED, before.position, f"event {link.position} follows the one before it")
        else:
            follows = position.get(link.previous_hash, 0)
            yield Fault(
                FaultKind.REORDERED, link.position, f"it follows event {follows}" if follows else "it is the first"
            )
    elif before is None:
        yield Fault(FaultKind.REMOVED, link.position, "the event that it follows is not there")
    elif before.hash_after(before.previous_hash) == before.chain_hash:
        yield Fault(FaultKind.REPLACED, before.position, f"event {link.position} follows one that is not there")


def _ends(stored: list[Link], checkpoints: Sequence[Checkpoint], complete: bool) -> Iterator[Fault]:
    digest = {link.position: link.chain_hash for link in stored}
    last, agreed = max(digest, default=0), 0
    known = max((point.position for point in checkpoints), default=0)
    ended = max((point.position for point in checkpoints if point.committed), default=0)
    if ended > last:
        yield Fault(FaultKind.CUT_OFF, last + 1, f"a checkpoint tells of events up to {ended}")
    if complete and last > known:
        yield Fault(FaultKind.INSERTED, known + 1, "no append that wrote a checkpoint put it there")
    committed = {(point.position, point.chain_hash) for point in checkpoints if point.committed}
    for position, chain_hash in sorted(committed):
        if position not in digest:
            continue
        if digest[position] != chain_hash:
            detail = f"the checkpoint of event {position} has another digest; that of event {agreed} is right"
            yield Fault(FaultKind.REWRITTEN, agreed + 1, detail if agreed else detail.split(";")[0])
            return
        agreed = position
