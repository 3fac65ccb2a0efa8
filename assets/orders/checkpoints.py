"""Ends of the ledger's chain, kept in a file outside its database.

Whoever changes the database cannot change what was written here at the time: a tail that was cut off
and a chain that was made anew are seen. A line is written before an append commits and one after, so that
a crash between them is told from an event that no append put there. Not here: what a chain is (``chain``).
"""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.orders.chain import Checkpoint

BEGUN, COMMITTED = "begun", "committed"
_LONGEST = 256
"""Bytes, more than any line has."""


@dataclass(frozen=True)
class CheckpointFile:
    """Checkpoints of one ledger, a line each, readable by their owner only.

    Attributes
    ----------
    path : Path
        Made with the first line.
    """

    path: Path

    def begin(self, position: int, chain_hash: str) -> None:
        """Note how far an append is about to come; on disk before this returns."""
        self._write(f"{position} {chain_hash} {BEGUN}\n", "nothing was recorded")

    def commit(self, position: int, chain_hash: str) -> None:
        """Note how far an append came."""
        self._write(f"{position} {chain_hash} {COMMITTED}\n", f"what was recorded up to {position} stands")

    def read(self) -> tuple[Checkpoint, ...]:
        """Return all checkpoints, in the order in which they were written.

        Raises
        ------
        EquipoiseError
            If a line is none. The last one may be torn by a crash; it is left out then.
        """
        if not self.path.exists():
            return ()
        *lines, _torn = self.path.read_text("utf-8", errors="replace").split("\n")
        return tuple(self._point(number, line) for number, line in enumerate(lines, 1) if line)

    def _point(self, number: int, line: str) -> Checkpoint:
        parts = line.split(" ")
        if len(parts) == 3 and parts[0].isdecimal() and len(parts[1]) == 64 and parts[2] in (BEGUN, COMMITTED):
            return Checkpoint(int(parts[0]), parts[1], parts[2] == COMMITTED)
        raise EquipoiseError(
            f"line {number} is no checkpoint",
            where=str(self.path),
            remedy="Restore the file from a backup, or move it away to begin anew",
        )

    def _write(self, line: str, stands: str) -> None:
        try:
            self._append(line.encode())
        except OSError as error:
            raise EquipoiseError(
                f"a checkpoint cannot be written ({error.strerror}); {stands}", where=str(self.path),
                remedy="Make room on the disk, or the file writable, and run it again",
            ) from error  # fmt: skip

    def _append(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending: lines of two processes do not mix.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            whole = _end_of_whole_lines(descriptor)
            if os.write(descriptor, line) < len(line):
                # A full disk takes a part of it; the next line must not be glued to that.
                os.ftruncate(descriptor, whole)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _end_of_whole_lines(descriptor: int) -> int:
    """Return the size of a file after a last line that a crash or a full disk has torn is taken off."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _LONGEST, max(0, size - _LONGEST))
    torn = len(tail) - tail.rfind(b"\n") - 1
    if torn:
        os.ftruncate(descriptor, size - torn)
    return size - torn
