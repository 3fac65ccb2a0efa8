"""A folder is listed and its answers are read once, and again whenever anybody changed them."""

import os
import time
from pathlib import Path

import pytest
from unit.orders.test_filedrop_answers import say

from assets.kernel.clock import WallClock
from assets.orders.gateways.answers_read import AnswerReader
from assets.orders.gateways.arrivals import ArrivalBook
from assets.orders.gateways.drop_folder import DropFolder, latest_revision, order_name, stem_sent
from assets.orders.gateways.folder_names import FolderNames

TICK_S = 0.02
"""Longer than the steps in which file systems count."""


def much_later() -> float:
    """Return a time by which every change so far is long ago."""
    return time.time() + 60


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    folder = DropFolder(tmp_path / "shared")
    folder.make()
    return folder


def reader(folder: DropFolder) -> AnswerReader:
    return AnswerReader(folder, ArrivalBook(folder.path / ".arrivals"), WallClock(), 500, 0.0, much_later)


def test_an_unchanged_folder_is_listed_once_and_a_changed_one_again(tmp_path: Path) -> None:
    seen: list[str] = []

    def admits(entry: os.DirEntry[str]) -> bool:
        seen.append(entry.name)
        return True

    (tmp_path / "a-1").touch()
    names = FolderNames(tmp_path, admits, lambda name: [name.split("-")[0]], much_later)
    assert [names.under("a"), names.under("b"), names.all()] == [("a-1",), (), ("a-1",)]
    assert seen == ["a-1"]
    time.sleep(TICK_S)
    (tmp_path / "a-2").touch()
    assert names.under("a") == ("a-1", "a-2")
    time.sleep(TICK_S)
    (tmp_path / "a-1").rename(tmp_path / "b-1")
    assert (names.under("a"), names.under("b")) == (("a-2",), ("b-1",))
    time.sleep(TICK_S)
    (tmp_path / "a-2").unlink()
    assert names.all() == ("b-1",)


def test_a_change_that_another_may_follow_at_the_same_time_is_not_relied_on(tmp_path: Path) -> None:
    listed = 0

    def admits(_entry: os.DirEntry[str]) -> bool:
        nonlocal listed
        listed += 1
        return True

    (tmp_path / "a").touch()
    names = FolderNames(tmp_path, admits, lambda name: [name], time.time)
    assert (names.all(), names.all(), listed) == (("a",), ("a",), 2)


def test_a_folder_that_is_not_there_holds_nothing_until_it_is(tmp_path: Path) -> None:
    names = FolderNames(tmp_path / "later", lambda _: True, lambda name: [name], much_later)
    assert names.all() == ()
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a").touch()
    assert names.under("a") == ("a",)


def test_an_answer_is_read_once_and_again_when_it_is_written_again_or_replaced(folder: DropFolder) -> None:
    read = reader(folder)
    path = say(folder, "T-a", 5)
    first = read.newest("T-a")
    assert read.newest("T-a") is first
    time.sleep(TICK_S)
    path.write_text(path.read_text("utf-8").replace("SO-1", "SO-2"), "utf-8")  # in place, as long as before
    said = read.newest("T-a")
    assert said is not None
    assert said.external_id == "SO-2"
    time.sleep(TICK_S)
    other = folder.path / "other"
    other.write_text(path.read_text("utf-8").replace("SO-2", "SO-3"), "utf-8")
    other.replace(path)
    said = read.newest("T-a")
    assert said is not None
    assert said.external_id == "SO-3"
    time.sleep(TICK_S)
    say(folder, "T-b", 6)
    assert read.newest("T-b") is not None
    path.unlink()
    time.sleep(TICK_S)
    assert (read.newest("T-a"), read.references(frozenset())) == (None, {"T-b"})


def test_looking_for_every_order_reads_each_answer_once(folder: DropFolder) -> None:
    references = [f"T-{number:012x}" for number in range(30)]
    for number, reference in enumerate(references):
        say(folder, reference, number + 1)
    read = reader(folder)
    found = {reference: read.newest(reference) for reference in references}
    assert all(read.newest(reference) is found[reference] for reference in references)
    assert {one.reference for one in found.values() if one} == set(references)


def test_revisions_are_found_by_the_stem_of_their_files() -> None:
    names = [f"{order_name('A-r1', revision)}{ending}" for revision in (1, 3) for ending in (".json", ".csv")]
    assert {stem for name in names for stem in stem_sent(name)} == {"A-r1"}
    assert latest_revision(names, "A-r1") == 3
