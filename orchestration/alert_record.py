"""The record of alerts: what each channel is owed, and what it was sent.

A message is owed from when its alert is first delivered until its channel takes it, whatever the
plan date is by then. Not here: which channels hear of an alert, and sending (``alerts``).
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

Key = tuple[str, str]
"""Alert and channel."""


class AlertRecord:
    """Lines of a file, only ever added to: one when a message is owed, one when it went out.

    Parameters
    ----------
    file : TextIO
        Open for reading and appending, under a lock.

    Attributes
    ----------
    owed : dict
        Alert and channel to message, in the order in which they were first owed.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._sent: set[Key] = set()
        self.owed: dict[Key, Mapping[Any, Any]] = {}
        file.seek(0)
        for row in map(json.loads, file):
            self._take((row["alert_id"], row["channel"]), row.get("message"))

    def owe(self, key: Key, message: Mapping[Any, Any]) -> None:
        """Note that a channel is owed a message, unless it was before."""
        if key not in self._sent and key not in self.owed:
            self._add(key, {"message": dict(message)})
            self._take(key, message)

    def sent(self, key: Key) -> None:
        """Note that a message went out."""
        self._add(key, {})
        self._take(key, None)

    def _take(self, key: Key, message: Mapping[Any, Any] | None) -> None:
        if message is not None:
            self.owed[key] = message
            return
        self.owed.pop(key, None)
        self._sent.add(key)

    def _add(self, key: Key, more: dict[str, Any]) -> None:
        self._file.write(json.dumps({"alert_id": key[0], "channel": key[1], **more}, default=str) + "\n")
        self._file.flush()


@contextmanager
def opened(path: Path) -> Iterator[AlertRecord]:
    """Open the record while the block runs; whoever else delivers waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield AlertRecord(file)
