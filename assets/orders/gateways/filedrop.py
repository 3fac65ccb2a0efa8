"""The gateway for systems that exchange files: a JSON document and a CSV of its lines for each order.

The contract with the other side: it reads a JSON file in ``orders/``, then the CSV that it names, and takes
the order only if the CSV's digest and all control totals agree. It may move what it read to ``taken/``, and
removes a file only once its answer is in ``answers/``. Answers are JSON files that appear whole and are
named ``<anything>-<reference>.json``; it leaves them there. Not here: how files are written
(``drop_folder``), in which order answers came (``arrivals``), what messages hold (``wire``).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from assets.kernel.clock import Clock, WallClock
from assets.orders.gateways.answers_read import AnswerReader
from assets.orders.gateways.arrivals import ArrivalBook
from assets.orders.gateways.drop_folder import (
    DropFolder,
    NotSynced,
    cancel_name,
    file_stem,
    latest_revision,
    order_name,
    reference_sent,
    stem_sent,
    write_whole,
)
from assets.orders.gateways.folder_clock import FolderClock
from assets.orders.gateways.folder_names import FolderNames
from assets.orders.gateways.port import (
    FILES_IN_HOME,
    Answer,
    Cancellation,
    Confirmations,
    NotSent,
    NotUnderstood,
    OutcomeUnknown,
    Receipt,
    Submission,
    address_of,
)
from assets.orders.gateways.wire import cancel_message, canonical, order_message

COLUMNS = (
    "line_number", "item_id", "mode", "quantity_units", "departure_date", "arrival_date", "value_amount",
)  # fmt: skip
LEVEL_COLUMNS = (
    "line_number", "item_id", "action", "supplied_by", "source_id", "reorder_point_units", "minimum_units",
    "maximum_units",
)  # fmt: skip


class FileDrop:
    """Hands orders over as files in a folder.

    Parameters
    ----------
    folder : Path
        Shared with the other side; made on first use, for its owner only.
    clock : Clock
        Tells how old a file is that cannot be read.
    page : int
        Most confirmations returned at once.
    settle_s : float
        A file that cannot be read is left alone for so long after it last changed: it may still be growing.
    patience_s : float
        Longest wait for another process of ours.
    in_home : bool
        Whether the folder is the one in the network's home, and goes with it wherever that is moved.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock | None = None,
        page: int = 500,
        settle_s: float = 10.0,
        patience_s: float = 30.0,
        in_home: bool = False,
    ) -> None:
        self._folder = DropFolder(folder)
        now = FolderClock(folder)
        # The other side moves files from the first to the second: one that moves meanwhile is met in the second.
        places = (self._folder.orders, self._folder.taken)
        self._sent = tuple(FolderNames(place, _is_ours, stem_sent, now) for place in places)
        self._in_home = in_home
        self._patience_s = patience_s
        book = ArrivalBook(folder / ".arrivals")
        self._reader = AnswerReader(self._folder, book, clock or WallClock(), page, settle_s, now)

    @property
    def name(self) -> str:
        """Name of the kind."""
        return "filedrop"

    @property
    def address(self) -> str:
        """The kind, and a digest of the folder; of the one that moves with the network's home, that it is in there."""
        return FILES_IN_HOME if self._in_home else address_of(self.name, str(self._folder.path.absolute()))

    def submit(self, submission: Submission) -> Receipt:
        """Write a document and its lines; the same one twice is the same files."""
        name = order_name(submission.reference, submission.revision)
        lines = lines_csv(order_message(submission)["lines"])
        document = _document(submission, f"{name}.csv", lines)
        with self._writing(f"order {submission.reference}"):
            had = self._folder.sent(f"{name}.json")
            if had is not None:
                self._require_same(had, document, lines, submission.reference)
                return self._standing(submission.reference) or _pending(submission.reference, submission.revision)
            said = self._reader.newest(submission.reference)
            if said is not None and said.revision >= submission.revision:
                return said
            self._write_both(name, document, lines)
        return _pending(submission.reference, submission.revision, said.external_id if said else "")

    def find(self, reference: str) -> Receipt | None:
        """Return the newest answer, ``pending`` while there is none, ``None`` if nothing was written."""
        with self._reading(f"order {reference}"):
            return self._standing(reference)

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Write a cancellation; the answer to it comes later, as a confirmation."""
        name = cancel_name(cancellation.reference)
        with self._writing(f"order {cancellation.reference}"):
            standing = self._standing(cancellation.reference)
            if self._folder.sent(name) is None:
                write_whole(self._folder.orders / name, canonical(cancel_message(cancellation)).encode())
        return standing or _pending(cancellation.reference, 0)

    def confirmations(self, since: str) -> Confirmations:
        """Return answers beyond a cursor as they came; those that cannot be read are put aside."""
        with self._writing("answers"):
            return self._reader.confirmations(since)

    def references(self) -> tuple[str, ...]:
        """Return our references of all orders in the folder, and of those that only answers are left of."""
        with self._reading("orders"):
            names = (name for listing in self._sent for name in listing.all())
            sent = {reference for name in names if (reference := reference_sent(name)) is not None}
            return tuple(sorted(sent | self._reader.references(sent)))

    def _standing(self, reference: str) -> Receipt | None:
        # Our files first: one that is removed meanwhile has left its answer.
        stem = file_stem(reference)
        asked = latest_revision((name for listing in self._sent for name in listing.under(stem)), reference)
        said = self._reader.newest(reference)
        if said is None:
            return _pending(reference, asked) if asked else None
        if asked > max(said.answered_revision, said.revision):
            return _pending(reference, asked, said.external_id)
        return said

    def _write_both(self, name: str, document: bytes, lines: bytes) -> None:
        # The document comes last: without it the other side has nothing.
        table = self._folder.orders / f"{name}.csv"
        try:
            write_whole(table, lines)
            write_whole(self._folder.orders / f"{name}.json", document)
        except NotSynced:
            raise
        except OSError:
            with suppress(OSError):
                table.unlink(missing_ok=True)
            raise

    def _require_same(self, had: Path, document: bytes, lines: bytes, reference: str) -> None:
        table = had.with_suffix(".csv")
        if had.read_bytes() == document and (not table.exists() or table.read_bytes() == lines):
            return
        raise NotUnderstood(
            "other content was written under the same reference and revision",
            where=str(had),
            remedy=f"Compare the file with `equipoise orders` for {reference}; send a changed order as a new revision",
        )

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        with self._translated(what), self._folder.locked(self._patience_s):
            yield

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        with self._translated(what):
            yield

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        where = f"{what} in {self._folder.path}"
        try:
            yield
        except NotSynced as error:
            raise OutcomeUnknown(
                f"the disk did not confirm what was written: {error.strerror}",
                where=where,
                remedy="Check the disk; the file is asked for before it is written again",
            ) from error
        except OSError as error:
            raise NotSent(
                f"the folder cannot be used: {error.strerror or error}",
                where=where,
                remedy="Free space, or give this user the right to write there; it is sent again then",
            ) from error


def lines_csv(lines: Sequence[dict[str, Any]]) -> bytes:
    """Return the lines of an order message as CSV: a header, then a row each, UTF-8, LF.

    Levels have columns of their own.
    """
    text = io.StringIO()
    columns = LEVEL_COLUMNS if lines and "maximum_units" in lines[0] else COLUMNS
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def csv_digest(content: bytes) -> str:
    """Return the digest by which a document names its CSV: SHA-256."""
    return hashlib.sha256(content).hexdigest()


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".")


def _document(submission: Submission, csv_name: str, lines: bytes) -> bytes:
    table = {"name": csv_name, "sha256": csv_digest(lines)}
    return canonical(order_message(submission) | {"csv": table}).encode()


def _pending(reference: str, revision: int, external_id: str = "") -> Receipt:
    return Receipt(reference, revision, Answer.PENDING, external_id=external_id)
