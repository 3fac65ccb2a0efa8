"""The GovernanceLog port: streams of governance events, appended at an expected version.

``MemoryGovernanceLog`` is the fake; the ledger is the real one. ``settle`` reads, decides and appends, and does
so again where somebody else was faster. Not here: what events mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assets.governance.events import Event
from assets.kernel.errors import EquipoiseError

_ATTEMPTS = 8


class StreamConflict(EquipoiseError):  # noqa: N818 - the pattern's own name
    """Somebody else appended to a stream since it was read."""

    def __init__(self, stream: str, expected: int, stored: int) -> None:
        super().__init__(
            f"stored version = {stored}, expected = {expected}: somebody else changed it meanwhile",
            where=f"stream {stream}",
            remedy="Read it again and decide again",
        )


class GovernanceLog(Protocol):
    """Where governance events live."""

    def history(self, stream: str) -> tuple[Event, ...]:
        """Return all events of a stream, oldest first; empty if there are none."""
        ...

    def append(self, stream: str, expected_version: int, events: Sequence[Event]) -> None:
        """Record events of one stream, all or none; the version is the number of events before.

        Raises
        ------
        StreamConflict
            If the stream does not stand at the expected version. Nothing is recorded then.
        """
        ...


Decide = Callable[[tuple[Event, ...]], Sequence[Event]]


def settle(log: GovernanceLog, stream: str, decide: Decide) -> tuple[Event, ...]:
    """Append what is decided on a stream's history, and return it.

    Parameters
    ----------
    log : GovernanceLog
        Where the stream lives.
    stream : str
        Name of the stream.
    decide : callable
        History to new events, pure; called again with a newer history after a conflict.

    Raises
    ------
    StreamConflict
        If somebody else was faster eight times in a row.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        history = log.history(stream)
        events = tuple(decide(history))
        if not events:
            return ()
        try:
            log.append(stream, len(history), events)
        except StreamConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return events
    raise AssertionError("the last attempt returns or raises")


@dataclass
class MemoryGovernanceLog:
    """Keeps events for as long as the process lives. For tests and what-ifs."""

    _streams: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def history(self, stream: str) -> tuple[Event, ...]:
        """Return all events of a stream, oldest first."""
        return tuple(self._streams.get(stream, ()))

    def append(self, stream: str, expected_version: int, events: Sequence[Event]) -> None:
        """Record events of one stream, all or none."""
        stored = len(self._streams.get(stream, ()))
        if stored != expected_version:
            raise StreamConflict(stream, expected_version, stored)
        strangers = [event for event in events if event.stream != stream]
        if strangers:
            raise ValueError(f"{strangers[0]} does not belong to stream {stream}")
        self._streams[stream] += events
