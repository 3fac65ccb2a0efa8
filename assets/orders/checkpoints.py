"""Ends of the ledger's chain, kept in a file outside its database.

Whoever changes the database cannot change what was written here at the time: a tail that was cut off
and a chain that was made anew are seen. A line is written before an append commits and one after, so that
a crash between them is told from an event that no append put there. Not here: what a chain is (``chain``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.orders.chain import Checkpoint

BEGUN, COMMITTED = "begun", "committed"


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
        self._write(f"{position} {chain_hash} {BEGUN}\n")

    def commit(self, position: int, chain_hash: str) -> None:
        """Note how far an append came."""
        self._write(f"{position} {chain_hash} {COMMITTED}\n")

    def read(self) -> tuple[Checkpoint, ...]:
        """Return all checkpoints, in the order in which they were written.

        Raises
        ------
        EquipoiseError
            If a line is none. The last one may be torn by a crash; it is left out then.
        """
        if not self.path.exists():
            return ()
        *lines, _torn = self.path.read_text("utf-8").split("\n")
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

    def _write(self, line: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending: lines of two processes do not mix.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
