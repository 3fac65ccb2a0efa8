"""Answers in a shared folder, read: what is new, what is newest of an order, what nobody can read.

A file is judged when it is first met: what is torn, of another schema version, or wrong in its totals goes to
``unreadable/`` with the reason, and the others go on. So does what has a name that no line can hold, whatever it says:
notes, alerts and the ledger name files. Not here: what is sent (``filedrop``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path

from assets.kernel.clock import Clock
from assets.orders.gateways.arrivals import Arrival, ArrivalBook, arrival_of, count_before, cursor_after
from assets.orders.gateways.drop_folder import DropFolder, answer_ending, answered_by, clean_name, is_odd
from assets.orders.gateways.folder_names import FolderNames, Stamp, settled_stamp
from assets.orders.gateways.port import Confirmation, Confirmations, NotUnderstood, Receipt
from assets.orders.gateways.wire_reading import parsed, read_confirmation

MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class AnswerReader:
    """Reads ``answers/``.

    Attributes
    ----------
    folder : DropFolder
        Where they lie.
    book : ArrivalBook
        In which order they came.
    clock : Clock
        Tells how old a file is.
    page : int
        Most confirmations returned at once.
    settle_s : float
        Seconds for which a file that cannot be read may still be growing.
    now : callable
        Seconds since 1970 by the clock of the folder's machine or behind it (``folder_clock``), by which a change is
        long enough ago to be told from the next one.
    """

    folder: DropFolder
    book: ArrivalBook
    clock: Clock
    page: int
    settle_s: float
    now: Callable[[], float]
    _listing: FolderNames = field(init=False, repr=False)
    _readings: dict[str, tuple[Stamp, tuple[int, Confirmation]]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_listing", FolderNames(self.folder.answers, _is_answer, _endings, self.now))

    def confirmations(self, since: str) -> Confirmations:
        """Return what came after a cursor; under the folder's lock."""
        unreadable = self._meet_new_files()
        arrivals = self.book.read()
        start = count_before(arrivals, since)
        found: dict[str, Confirmation] = {}
        end = start
        for arrival in arrivals[start:]:
            if len(found) == self.page:
                break
            end += 1
            try:
                confirmation = self._still_there(arrival)
            except NotUnderstood as fault:
                unreadable += (self._put_aside(arrival.name, str(fault)),)
                continue
            if confirmation is None:
                continue
            first = found.setdefault(confirmation.confirmation_id, confirmation)
            if first != confirmation:
                unreadable += (self._put_aside(arrival.name, "another message has the same confirmation_id"),)
        return Confirmations(tuple(found.values()), cursor_after(arrivals, end) or since, unreadable)

    def newest(self, reference: str) -> Receipt | None:
        """Return the answer of an order with the highest sequence.

        Raises
        ------
        NotUnderstood
            If one of its answers cannot be read and was not put aside yet: it may be the newest.
        """
        said = [self._read(name) for name in self._listing.under(answer_ending(reference))]
        mine = [(sequence, one.receipt) for sequence, one in said if one.receipt.reference == reference]
        return max(mine, key=lambda pair: pair[0])[1] if mine else None

    def references(self, known: Set[str]) -> set[str]:
        """Return the references of orders that answers are of, beyond those that are known."""
        found: set[str] = set()
        for name in self._names():
            if any(one in known or one in found for one in answered_by(name)):
                continue
            try:
                receipt = self._read(name)[1].receipt
            except NotUnderstood:
                continue
            if receipt.revision:
                found.add(receipt.reference)
        return found

    def _meet_new_files(self) -> tuple[str, ...]:
        known = set(self.book.read())
        met, unreadable = [], []
        for name in self._names():
            arrival = arrival_of(self.folder.answers / name)
            if arrival in known:
                continue
            try:
                self._require_plain(name)
                self._read(name)
            except NotUnderstood as fault:
                if not self._may_be_growing(name):
                    unreadable.append(self._put_aside(name, str(fault)))
            else:
                met.append(arrival)
        self.book.add(met)
        return tuple(unreadable)

    def _require_plain(self, name: str) -> None:
        if is_odd(name):
            raise NotUnderstood(
                "its name holds control characters, or bytes that are no UTF-8",
                where=_shown(self.folder.answers / name),
                remedy="If it is an answer, move it back to answers/ as <anything>-<reference>.json",
            )

    def _still_there(self, arrival: Arrival) -> Confirmation | None:
        # One that was written again since is met again under its new fingerprint.
        path = self.folder.answers / arrival.name
        try:
            return self._read(arrival.name)[1] if arrival_of(path) == arrival else None
        except FileNotFoundError:
            return None

    def _read(self, name: str) -> tuple[int, Confirmation]:
        """Return what an answer says, read once for as long as the file stays as it is."""
        path = self.folder.answers / name
        seen = path.stat()
        stamp, had = settled_stamp(seen, self.now()), self._readings.get(name)
        if had is not None and had[0] == stamp:
            return had[1]
        said = self._parsed(path, seen.st_size)
        if stamp is not None:
            self._readings[name] = (stamp, said)
        return said

    def _parsed(self, path: Path, size: int) -> tuple[int, Confirmation]:
        where = _shown(path)
        if size > MOST_BYTES:
            raise NotUnderstood(f"it has more than {MOST_BYTES} bytes", where=where, remedy="Ask the other side")
        sequence, confirmation = read_confirmation(parsed(path.read_bytes(), where=where), where=where)
        if not path.name.endswith(answer_ending(confirmation.receipt.reference)):
            raise NotUnderstood(
                f"it answers {confirmation.receipt.reference}, its name says otherwise",
                where=where,
                remedy="Have answers named <anything>-<reference>.json",
            )
        return sequence, confirmation

    def _put_aside(self, name: str, reason: str) -> str:
        return f"{reason}. It was moved to {self.folder.put_aside(name, reason)}"

    def _may_be_growing(self, name: str) -> bool:
        path = self.folder.answers / name
        try:
            parsed(path.read_bytes(), where=name)
        except NotUnderstood:
            # The other side's clock may run ahead of ours: a time to come is no reason to wait for it.
            return abs(self.clock.now().timestamp() - path.stat().st_mtime) < self.settle_s
        return False

    def _names(self) -> tuple[str, ...]:
        """Return the names of answers, and forget what was read of those that are gone."""
        names = self._listing.all()
        for name in self._readings.keys() - set(names):
            self._readings.pop(name, None)
        return names


def _is_answer(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is an answer; hidden files are still being written."""
    whole = entry.name.endswith(".json") and not entry.name.startswith(".")
    return whole and entry.is_file(follow_symlinks=False)


def _shown(path: Path) -> str:
    return str(path.with_name(clean_name(path.name)))


def _endings(name: str) -> Iterator[str]:
    """Yield every ending of an answer's name that ``answer_ending`` may give of a reference."""
    return (name[place:] for place, sign in enumerate(name) if sign == "-")
