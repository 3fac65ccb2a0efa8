"""The writer lock: one process at a time may open the warehouse, and it says who it is.

The lock is the operating system's, so that a killed holder frees it at once. Dagster's own
record of the killed run is closed by ``orchestration.recovery``.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from assets.kernel.errors import EquipoiseError

WRITER = "writer.lock"
_POLL_SECONDS = 0.2


@contextmanager
def hold(path: Path, holder: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock at ``path`` while the block runs.

    Parameters
    ----------
    path : Path
        Lock file; made if absent.
    holder : str
        Who holds it, such as ``equipoise plan 2025-01-31`` or a run id.
    wait_seconds : float
        How long to wait for another holder.

    Raises
    ------
    EquipoiseError
        If another process still holds it after the wait; the message names the holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Append mode makes the file without emptying what the present holder wrote.
    with path.open("a+") as handle:
        _acquire(handle, path, wait_seconds)
        handle.seek(0)
        handle.truncate()
        json.dump({"holder": holder, "pid": os.getpid()}, handle)
        handle.flush()
        try:
            yield
        finally:
            handle.seek(0)
            handle.truncate()
            fcntl.flock(handle, fcntl.LOCK_UN)


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return who holds the lock at ``path``, or ``None`` if it is free."""
    if not path.exists():
        return None
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _named(handle)
        fcntl.flock(handle, fcntl.LOCK_UN)
        return None


def _acquire(handle: IO[str], path: Path, wait_seconds: float) -> None:
    waited = 0.0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if waited >= wait_seconds:
                held = _named(handle)
                raise EquipoiseError(
                    f"{held['holder']} (process {held['pid']}) is writing",
                    where=str(path),
                    remedy="Wait until it has ended; reading commands work meanwhile",
                ) from None
            time.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS


def _named(handle: IO[str]) -> dict[str, Any]:
    handle.seek(0)
    try:
        return dict(json.loads(handle.read()))
    except json.JSONDecodeError:
        return {"holder": "another process", "pid": "unknown"}
