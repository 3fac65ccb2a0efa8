"""A folder on another machine is looked at by that machine's clock, however far it is from ours."""

import math
import os
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.orders.test_filedrop_answers import folder, say

from assets.orders.gateways.drop_folder import DropFolder
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.folder_clock import AGAIN_S, FolderClock
from assets.orders.gateways.folder_names import RACY_S, FolderNames

__all__ = ["folder"]

AN_HOUR_S = 3600.0


class Share:
    """A fake of another machine's file system: each change in it has the time of its clock, which stands until set."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._real = os.stat, os.fstat
        self._changed: dict[int, tuple[object, float]] = {}

    def stat(self, path: Any, **options: Any) -> Any:
        return self._told(self._real[0](path, **options))

    def fstat(self, descriptor: int) -> Any:
        return self._told(self._real[1](descriptor))

    def _told(self, seen: os.stat_result) -> Any:
        as_it_is = (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
        is_gone = seen.st_nlink == 0  # another one may have its number next
        if is_gone or self._changed.get(seen.st_ino, (None,))[0] != as_it_is:
            self._changed[seen.st_ino] = as_it_is, self.now
        at = self._changed[seen.st_ino][1]
        nanoseconds = int(at * 10**9)
        size = 4096 if stat.S_ISDIR(seen.st_mode) else seen.st_size
        return SimpleNamespace(
            st_mode=seen.st_mode, st_dev=seen.st_dev, st_ino=seen.st_ino, st_size=size,
            st_mtime=at, st_ctime=at, st_mtime_ns=nanoseconds, st_ctime_ns=nanoseconds,
        )  # fmt: skip


@pytest.fixture(params=[-AN_HOUR_S, -3.0, 0.0, AN_HOUR_S])
def share(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    assert tmp_path.is_dir()  # made before the fake, which does not tell all that making it asks for
    share = Share(time.time() + request.param)
    monkeypatch.setattr(os, "stat", share.stat)
    monkeypatch.setattr(os, "fstat", share.fstat)
    return share


class Passing:
    """Time that passes on this host when told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.usefixtures("share")
def test_two_answers_within_one_step_of_a_shares_clock_are_both_seen(folder: DropFolder) -> None:
    gateway = FileDrop(folder.path)
    say(folder, "T-a", 1)
    assert gateway.references() == ("T-a",)
    say(folder, "T-b", 2)
    assert gateway.references() == ("T-a", "T-b")


@pytest.mark.usefixtures("share")
def test_an_answer_that_is_written_again_within_one_step_of_a_shares_clock_is_read_again(folder: DropFolder) -> None:
    gateway = FileDrop(folder.path)
    path = say(folder, "T-a", 1)
    gateway.find("T-a")
    path.write_text(path.read_text("utf-8").replace("SO-1", "SO-2"), "utf-8")
    found = gateway.find("T-a")
    assert found is not None
    assert found.external_id == "SO-2"


def test_a_folder_is_relied_on_once_its_own_clock_is_past_the_step(tmp_path: Path, share: Share) -> None:
    seen: list[str] = []

    def admits(entry: os.DirEntry[str]) -> bool:
        seen.append(entry.name)
        return True

    below, waited = tmp_path / "below", Passing()
    below.mkdir()
    (below / "a").touch()
    names = FolderNames(below, admits, lambda name: [name], FolderClock(tmp_path, waited))
    assert [names.all(), names.all()] == [("a",), ("a",)]
    waited.at += AN_HOUR_S  # on this host alone
    assert (names.all(), len(seen)) == (("a",), 3)
    share.now += RACY_S
    waited.at += AGAIN_S
    assert [names.all(), names.all(), len(seen)] == [("a",), ("a",), 4]


def test_the_time_there_is_taken_once_a_second_and_leaves_nothing_behind(tmp_path: Path, share: Share) -> None:
    waited = Passing()
    clock = FolderClock(tmp_path, waited)
    first = clock()
    share.now += 5
    waited.at += AGAIN_S / 2
    assert (first, clock()) == (share.now - 5, share.now - 5)
    waited.at += AGAIN_S / 2
    assert clock() == share.now
    assert list(tmp_path.iterdir()) == []


def test_on_this_machine_it_is_this_machines_time(tmp_path: Path) -> None:
    assert abs(FolderClock(tmp_path)() - time.time()) < 60


def test_where_the_time_cannot_be_taken_every_change_is_young(tmp_path: Path) -> None:
    assert FolderClock(tmp_path / "none")() == -math.inf
