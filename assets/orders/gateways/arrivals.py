"""In which order answers came into a folder, kept in a file, so that a cursor can point into it.

Names tell nothing of when a file came: one that sorts before those already read must still be found. Each
file is noted when it is first met, and a cursor counts notes. Not here: what answers say (``filedrop``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.kernel.identifiers import bytes_digest


@dataclass(frozen=True)
class Arrival:
    """A file as it was met.

    Attributes
    ----------
    fingerprint : str
        Changes when the file is written again.
    name : str
        In ``answers/``; one that a line can hold (``drop_folder.is_odd``).
    """

    fingerprint: str
    name: str

    @property
    def note(self) -> str:
        """The line that notes it."""
        return f"{self.fingerprint} {self.name}\n"


def arrival_of(path: Path) -> Arrival:
    """Return a file as it is now."""
    seen = path.stat()
    return Arrival(f"{seen.st_size}.{seen.st_mtime_ns}", path.name)


@dataclass(frozen=True)
class ArrivalBook:
    """The notes.

    Attributes
    ----------
    path : Path
        A line for each arrival; written under the folder's lock.
    """

    path: Path

    def read(self) -> tuple[Arrival, ...]:
        """Return all arrivals, oldest first; a note torn by a crash is none, also within a letter of several bytes."""
        if not self.path.exists():
            return ()
        # Notes that were damaged are of no file that is there; the others count.
        *lines, _torn = self.path.read_bytes().decode(errors="replace").split("\n")
        return tuple(Arrival(*line.split(" ", 1)) for line in lines if " " in line)

    def add(self, arrivals: Sequence[Arrival]) -> None:
        """Note arrivals; on disk before this returns."""
        if not arrivals:
            return
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            held = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            whole = held.rfind(b"\n") + 1
            os.ftruncate(descriptor, whole)
            text = "".join(arrival.note for arrival in arrivals).encode()
            while text:
                whole += (written := os.pwrite(descriptor, text, whole))
                text = text[written:]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cursor_after(arrivals: Sequence[Arrival], count: int) -> str:
    """Return the cursor behind the first ``count`` arrivals; empty before the first."""
    return f"{count}.{_digest(arrivals[:count])}" if count else ""


def count_before(arrivals: Sequence[Arrival], cursor: str) -> int:
    """Return how many arrivals a cursor has behind it; 0 where it is of other notes, so that nothing is missed."""
    digits, _, content = cursor.partition(".")
    count = int(digits) if digits.isdecimal() else 0
    return count if count <= len(arrivals) and content == _digest(arrivals[:count]) else 0


def _digest(arrivals: Sequence[Arrival]) -> str:
    return bytes_digest("".join(arrival.note for arrival in arrivals).encode())
