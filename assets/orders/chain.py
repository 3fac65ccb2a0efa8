"""The ledger's hash chain: each event carries a digest of itself and of the one before it.

Pure: what a chain is, and what is wrong with one. Not here: where events and checkpoints are kept
(``sql_store``, ``checkpoints``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

GENESIS = "0" * 64
"""What stands before the first event."""
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


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
        return hashlib.sha256(_ENCODER.encode(content).encode()).hexdigest()


@dataclass(frozen=True)
class SpoiltLink:
    """An event that lies there as no append writes one, so that it has no content to make a digest of.

    Attributes
    ----------
    position : int
        Place among all events.
    previous_hash, chain_hash : str
        As they are stored; nothing where that is no text.
    detail : str
        What is wrong with it.
    """

    position: int
    previous_hash: str
    chain_hash: str
    detail: str


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
    UNREADABLE = "recorded as nothing that this release reads"


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


@dataclass(frozen=True)
class Examined:
    """A chain that was walked from end to end.

    Attributes
    ----------
    events, last_position, last_hash : int, int, str
        How many there are, the highest position, and the digest of the last one.
    faults : tuple of Fault
        By position; nothing if no event was touched.
    """

    events: int
    last_position: int
    last_hash: str
    faults: tuple[Fault, ...]


def chain_faults(
    links: Iterable[Link | SpoiltLink], checkpoints: Sequence[Checkpoint] = (), *, complete: bool = False
) -> tuple[Fault, ...]:
    """Return what is wrong with a chain, as ``examined`` finds it."""
    return examined(links, checkpoints, complete=complete).faults


def examined(
    links: Iterable[Link | SpoiltLink], checkpoints: Sequence[Checkpoint] = (), *, complete: bool = False
) -> Examined:
    """Walk a chain and say what is wrong with it; memory does not grow with its length.

    An event whose digest is not its own was changed. One whose digest is, but which does not name the
    event before it, names another one that is there (it was moved, or something was put before it) or one
    that is not (that was replaced or removed).

    Parameters
    ----------
    links : iterable of Link or SpoiltLink
        All events, in the order of their positions; walked a second time where one is out of place.
    checkpoints : sequence of Checkpoint
        Ends that were written elsewhere: they show a tail that was cut off, and a chain made anew.
    complete : bool
        Whether every append wrote a checkpoint among these, so that what is beyond the last was put there
        by something else.
    """
    walk = _Walk(frozenset(point.position for point in checkpoints if point.committed))
    for link in links:
        walk.step(link)
    if walk.misplaced:
        named = {link.previous_hash for link, _ in walk.misplaced}
        position = {link.chain_hash: link.position for link in links if link.chain_hash in named}
        for place, before in walk.misplaced:
            walk.faults.extend(_misplaced(place, before, position))
    walk.faults.extend(_ends(walk, checkpoints, complete))
    faults = tuple(sorted(walk.faults, key=lambda fault: (fault.position, fault.kind)))
    return Examined(walk.events, walk.last, walk.before.chain_hash if walk.before else GENESIS, faults)


@dataclass(frozen=True, slots=True)
class _Place:
    """A link without its content.

    Attributes
    ----------
    own : bool
        Whether its digest is that of its content.
    """

    position: int
    previous_hash: str
    chain_hash: str
    own: bool


@dataclass
class _Walk:
    """What is known of a chain so far.

    Attributes
    ----------
    asked : frozenset of int
        Positions whose digests are kept.
    """

    asked: frozenset[int]
    events: int = 0
    last: int = 0
    before: _Place | None = None
    digest: dict[int, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    misplaced: list[tuple[_Place, _Place | None]] = field(default_factory=list)

    def step(self, link: Link | SpoiltLink) -> None:
        """Look at the next event."""
        wrong = _wrong(link)
        own = not wrong
        place = _Place(link.position, link.previous_hash, link.chain_hash, own)
        if link.position > self.last + 1:
            self._found(FaultKind.REMOVED, self.last + 1, f"the next event that is there is {link.position}")
        if link.position < 1:
            self._found(FaultKind.INSERTED, link.position, "the first event is 1")
        if not own:
            self._found(FaultKind.CHANGED, link.position, wrong)
        elif link.previous_hash != (self.before.chain_hash if self.before else GENESIS):
            self.misplaced.append((place, self.before))
        if link.position in self.asked:
            self.digest[link.position] = link.chain_hash
        self.events, self.last, self.before = self.events + 1, max(self.last, link.position), place

    def _found(self, kind: FaultKind, position: int, detail: str) -> None:
        self.faults.append(Fault(kind, position, detail))


def _wrong(link: Link | SpoiltLink) -> str:
    """Return what an event shows to be changed by itself."""
    if isinstance(link, SpoiltLink):
        return link.detail
    own = link.hash_after(link.previous_hash) == link.chain_hash
    return "" if own else "its content and its digest do not agree"


def _misplaced(link: _Place, before: _Place | None, position: dict[str, int]) -> Iterator[Fault]:
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
    elif before.own:
        yield Fault(FaultKind.REPLACED, before.position, f"event {link.position} follows one that is not there")


def _ends(walk: _Walk, checkpoints: Sequence[Checkpoint], complete: bool) -> Iterator[Fault]:
    last, digest, agreed = walk.last, walk.digest, 0
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
