"""The folder that two systems share: its layout, the names in it, and files that appear whole or not at all.

``orders/`` holds what we ask for, ``taken/`` what the other side has put there after reading it, ``answers/``
what it says, ``unreadable/`` what of it nobody could read, each with a reason. Not here: what files hold
(``filedrop``), or in which order answers came (``arrivals``).
"""

from __future__ import annotations

import fcntl
import os
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

LOCK_PAUSE_S = 0.01
LONGEST_NAME_BYTES = 200
"""Longest name of what is put aside: file systems take 255 bytes, and the name of the reason is longer."""

_ODD = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, bytes that are no UTF-8 (Python holds them as lone surrogates), ends of lines and paragraphs."""


class NotSynced(OSError):  # noqa: N818 - a state of the disk
    """A file is in its place, but the disk did not say that it stays there."""


@dataclass(frozen=True)
class DropFolder:
    """A shared folder.

    Attributes
    ----------
    path : Path
        Made on first use, for its owner only.
    """

    path: Path

    @property
    def orders(self) -> Path:
        """Orders and cancellations, ours."""
        return self.path / "orders"

    @property
    def taken(self) -> Path:
        """Where the other side may put what it has read."""
        return self.path / "taken"

    @property
    def answers(self) -> Path:
        """Answers, theirs."""
        return self.path / "answers"

    @property
    def unreadable(self) -> Path:
        """Answers that could not be read, and why."""
        return self.path / "unreadable"

    def make(self) -> None:
        """Make what is missing."""
        for folder in (self.path, self.orders, self.taken, self.answers, self.unreadable):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _sync_folder(folder.parent)

    @contextmanager
    def locked(self, patience_s: float) -> Iterator[None]:
        """Keep other processes of ours out; the other side does not look at the lock.

        Raises
        ------
        TimeoutError
            If another holds it for longer than ``patience_s``.
        """
        self.make()
        descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, patience_s)
            yield
        finally:
            os.close(descriptor)

    def sent(self, name: str) -> Path | None:
        """Return where a file of ours lies, or ``None`` if it was not sent."""
        # The other side moves files one way only, so that one which moves meanwhile is met in the second place.
        for folder in (self.orders, self.taken):
            if (folder / name).exists():
                return folder / name
        return None

    def put_aside(self, name: str, reason: str) -> Path:
        """Move an answer out of the way, under a clean name, and write down why; return where it is now."""
        clean = clean_name(name)
        target = self.unreadable / clean
        number = 1
        while target.exists():
            number += 1
            target = self.unreadable / f"{number}-{clean}"
        # The reason comes first: whatever dies in between, no file lies there without one.
        write_whole(target.with_name(f"{target.name}.reason.txt"), f"{reason}\n".encode())
        os.replace(self.answers / name, target)
        return target


def is_odd(name: str) -> bool:
    r"""Tell whether a name holds what no line of text can hold: control characters, or bytes that are no UTF-8.

    >>> is_odd("1-Grüße-T-a.json"), is_odd("1\n2-T-a.json"), is_odd("1\udcff-T-a.json")
    (False, True, True)
    """
    return any(unicodedata.category(sign) in _ODD for sign in name)


def clean_name(name: str) -> str:
    r"""Return a name that can be written down: odd bytes as ``%0A``, the beginning of one that is too long cut off.

    >>> clean_name("1\n2\udcff-T%2E1.json")
    '1%0A2%FF-T%2E1.json'
    """
    shown = "".join(quote(os.fsencode(sign)) if is_odd(sign) else sign for sign in name)
    content = shown.encode()
    if len(content) <= LONGEST_NAME_BYTES:
        return shown
    return "cut-" + content[4 - LONGEST_NAME_BYTES :].decode(errors="ignore")


def file_stem(reference: str) -> str:
    """Return a reference as part of a file name."""
    return quote(reference, safe="").replace(".", "%2E")


def order_name(reference: str, revision: int) -> str:
    """Return the name of an order's file, without its ending."""
    return f"{file_stem(reference)}-r{revision:06d}"


def cancel_name(reference: str) -> str:
    """Return the name of a cancellation's file."""
    return f"{file_stem(reference)}-cancel.json"


def answer_name(reference: str, sequence: int, mark: str = "") -> str:
    """Return the name that an answer has: any mark, then the reference."""
    return f"{sequence:020d}{mark}-{file_stem(reference)}.json"


def answer_ending(reference: str) -> str:
    """Return what the name of an answer ends with."""
    return f"-{file_stem(reference)}.json"


def answered_by(name: str) -> frozenset[str]:
    """Return every reference that a file in ``answers/`` may be of, by its name.

    >>> sorted(answered_by("0017-T-1f.json"))
    ['0017-T-1f', '1f', 'T-1f']
    """
    parts = name.removesuffix(".json").split("-")
    return frozenset(unquote("-".join(parts[start:])) for start in range(len(parts)))


def stem_sent(name: str) -> tuple[str]:
    """Return what the name of a file of ours begins with, up to its revision.

    >>> stem_sent("T-1f-r000002.json")
    ('T-1f',)
    """
    return (name.rpartition("-r")[0],)


def latest_revision(names: Iterable[str], reference: str) -> int:
    """Return the highest revision of an order that files of ours ask for, or 0 if there is none."""
    start = f"{file_stem(reference)}-r"
    tails = (name[len(start) :].removesuffix(".json") for name in names if name.startswith(start))
    return max((int(tail) for tail in tails if tail.isdecimal()), default=0)


def reference_sent(name: str) -> str | None:
    """Return the reference of an order's file, or ``None`` if it is none."""
    stem, _, tail = name.removesuffix(".json").rpartition("-r")
    return unquote(stem) if name.endswith(".json") and stem and tail.isdecimal() else None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, readable by its owner only.

    Raises
    ------
    NotSynced
        If it is there, but may not survive a power cut.
    OSError
        If it could not be written; nothing of it is left then.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        _write_synced(temporary, content)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    try:
        _sync_folder(path.parent)
    except OSError as error:
        raise NotSynced(error.errno, error.strerror) from error


def _write_synced(path: Path, content: bytes) -> None:
    with suppress(FileNotFoundError):
        path.unlink()  # what a killed process left behind
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise TimeoutError("another process holds the folder's lock") from None
            time.sleep(LOCK_PAUSE_S)
        else:
            return
