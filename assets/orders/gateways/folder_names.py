"""The names in a folder, listed again only when it has changed, and found by what they are of.

Other processes add, replace and remove files at any time; whoever asks is told what is there by then. Not here: what
the folders are (``drop_folder``), or what files hold (``answers_read``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

RACY_S = 2.0
"""A change this young may be followed by another with the same time, which no time tells: some file systems count in
steps of two seconds."""

Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class _Listed:
    stamp: Stamp | None = None
    names: tuple[str, ...] = ()
    by_key: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class FolderNames:
    """The names of the files in one folder.

    Attributes
    ----------
    path : Path
        It need not be there.
    admits : callable
        Whether an entry counts.
    keys : callable
        What a name is found by.
    now : callable
        Seconds since 1970, by the clock of the folder's machine or behind it (``folder_clock``).
    """

    path: Path
    admits: Callable[[os.DirEntry[str]], bool]
    keys: Callable[[str], Iterable[str]]
    now: Callable[[], float]
    _known: _Listed = field(default_factory=_Listed, init=False, repr=False)

    def all(self) -> tuple[str, ...]:
        """Return every name, sorted."""
        return self._fresh().names

    def under(self, key: str) -> tuple[str, ...]:
        """Return the names that are found by a key, sorted."""
        return self._fresh().by_key.get(key, ())

    def _fresh(self) -> _Listed:
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            return _Listed()
        stamp = settled_stamp(seen, self.now())
        if stamp is None or stamp != self._known.stamp:
            self._known = self._listed(stamp)
        return self._known

    def _listed(self, stamp: Stamp | None) -> _Listed:
        with os.scandir(self.path) as entries:
            names = tuple(sorted(entry.name for entry in entries if self.admits(entry)))
        by_key: dict[str, list[str]] = {}
        for name in names:
            for key in self.keys(name):
                by_key.setdefault(key, []).append(name)
        return _Listed(stamp, names, {key: tuple(found) for key, found in by_key.items()})


def settled_stamp(seen: os.stat_result, now: float) -> Stamp | None:
    """Return what changes with a file or folder; ``None`` while its last change is too young for that to be sure.

    Both by the clock of the folder's machine: on a share that is behind, every change would look old to this host.
    """
    if now - max(seen.st_mtime, seen.st_ctime) < RACY_S:
        return None
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
