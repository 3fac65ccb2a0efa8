"""The other side over a folder: takes the files that ``filedrop`` wrote, and answers with files.

What it has read it remembers in its store, so that it may be stopped at any time. Faults can be put in front
of its next steps. Not here: what it makes of an order (``counterpart``).
"""

from __future__ import annotations

import csv
import io
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.arrivals import arrival_of
from assets.orders.gateways.counterpart.counterpart import Counterpart
from assets.orders.gateways.counterpart.spoiling import spoilt_confirmation
from assets.orders.gateways.drop_folder import DropFolder, answer_name, write_whole
from assets.orders.gateways.faults import Fault
from assets.orders.gateways.filedrop import csv_digest
from assets.orders.gateways.port import NotUnderstood
from assets.orders.gateways.wire import canonical, order_totals
from assets.orders.gateways.wire_reading import parsed, read_cancel, read_order

WRONG_CSV = "the CSV is not the one that the document names, or its totals differ"


class CounterpartCrash(Exception):  # noqa: N818 - scripted, for tests and drills
    """The other side went down in the middle of its work, as scripted."""


@dataclass
class FolderFace:
    """Reads orders from a folder and writes answers to it.

    Attributes
    ----------
    counterpart : Counterpart
        Who carries orders out.
    folder : DropFolder
        Shared with the gateway.
    faults : deque of Fault
        Each happens once, at the next step that it concerns.
    complaints : list of str
        What could not be read, for whoever runs the other side.
    """

    counterpart: Counterpart
    folder: DropFolder
    faults: deque[Fault] = field(default_factory=deque)
    complaints: list[str] = field(default_factory=list)

    def poll(self) -> int:
        """Read what is new, answer what is to be answered, and return how many files were read."""
        self.folder.make()
        new = [path for path in sorted(self.folder.orders.glob("[!.]*.json"), key=_turn) if self._is_new(path)]
        for path in new:
            self._take(path)
        self._answer()
        return len(new)

    def _take(self, path: Path) -> None:
        seen = arrival_of(path)
        if self._next_is(Fault.CRASH_BEFORE_COMMIT):
            raise CounterpartCrash(path.name)
        try:
            content = parsed(path.read_bytes(), where=str(path))
            if isinstance(content, dict) and content.get("schema") == "equipoise.cancel":
                self.counterpart.cancel(read_cancel(content, where=str(path)))
            else:
                self._take_order(path, content)
        except NotUnderstood as fault:
            self.complaints.append(str(fault))
        if self._next_is(Fault.CRASH_AFTER_COMMIT):
            raise CounterpartCrash(path.name)
        self.counterpart.store.keep_fingerprint(path.name, seen.fingerprint)

    def _take_order(self, path: Path, content: Any) -> None:
        message = read_order(content, where=str(path))
        named = message.pop("csv", None)
        self.counterpart.submit(message, "" if _csv_agrees(path.with_suffix(".csv"), named, message) else WRONG_CSV)

    def _answer(self) -> None:
        for sequence, reference, body in self.counterpart.store.undelivered():
            message = parsed(body, where="store of the other side")
            fault = self._next_of(Fault.WRONG_TOTALS, Fault.SCHEMA_CHANGE, Fault.DUPLICATE_REPLY)
            text = canonical(spoilt_confirmation(message, fault)).encode()
            write_whole(self.folder.answers / answer_name(reference, sequence), text)
            if fault is Fault.DUPLICATE_REPLY:
                write_whole(self.folder.answers / answer_name(reference, sequence, "again"), text)
            self.counterpart.store.deliver(sequence)

    def _is_new(self, path: Path) -> bool:
        return self.counterpart.store.fingerprint(path.name) != arrival_of(path).fingerprint

    def _next_is(self, fault: Fault) -> bool:
        return self._next_of(fault) is fault

    def _next_of(self, *faults: Fault) -> Fault | None:
        return self.faults.popleft() if self.faults and self.faults[0] in faults else None


def open_face(counterpart: Counterpart, folder: Path) -> FolderFace:
    """Return a face over a folder.

    Raises
    ------
    EquipoiseError
        If the folder cannot be made.
    """
    face = FolderFace(counterpart, DropFolder(folder))
    try:
        face.folder.make()
    except OSError as error:
        raise EquipoiseError(
            f"the folder cannot be used: {error.strerror}", where=str(folder), remedy="Name one that can be written to"
        ) from error
    return face


def _turn(path: Path) -> tuple[bool, str]:
    """Return what sorts files: orders by reference and revision, then cancellations."""
    return (path.name.endswith("-cancel.json"), path.name)


def _csv_agrees(path: Path, named: Any, message: dict[str, Any]) -> bool:
    if not isinstance(named, dict) or named.get("name") != path.name or not path.exists():
        return False
    content = path.read_bytes()
    if csv_digest(content) != named.get("sha256"):
        return False
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    return bool(order_totals(rows) == message["totals"])
