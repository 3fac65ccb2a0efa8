"""Answers as files: none is missed, none is believed that cannot be read, and one does not stop the others."""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from contract.gateways.kit_documents import submission
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.kernel.clock import FixedClock
from assets.orders.gateways.arrivals import Arrival, ArrivalBook, count_before, cursor_after
from assets.orders.gateways.drop_folder import DropFolder, answer_name
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.port import Answer, Confirmation, NotUnderstood, Receipt, ReceiptLine
from assets.orders.gateways.wire import canonical, confirmation_message

LINES = (ReceiptLine(1, 10, 3), ReceiptLine(2, 4))


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    folder = DropFolder(tmp_path / "shared")
    folder.make()
    return folder


@pytest.fixture
def gateway(folder: DropFolder) -> FileDrop:
    return FileDrop(folder.path, settle_s=0, page=2)


def message(reference: str, sequence: int, **changed: Any) -> dict[str, Any]:
    receipt = Receipt(reference, 1, Answer.ACCEPTED, LINES, "SO-1", "", 1)
    return confirmation_message(Confirmation(f"c{sequence}", receipt), sequence) | changed


def say(folder: DropFolder, reference: str, sequence: int, **changed: Any) -> Path:
    path = folder.answers / answer_name(reference, sequence)
    path.write_text(canonical(message(reference, sequence, **changed)), "utf-8")
    return path


def ids(gateway: FileDrop, since: str = "") -> tuple[list[str], str]:
    found: list[str] = []
    while True:
        page = gateway.confirmations(since)
        found += [one.confirmation_id for one in page.found]
        if page.cursor == since:
            return found, since
        since = page.cursor


def test_a_file_whose_name_sorts_before_those_already_read_is_not_missed(folder: DropFolder, gateway: FileDrop) -> None:
    say(folder, "T-a", 5)
    say(folder, "T-b", 7)
    first, cursor = ids(gateway)
    say(folder, "T-c", 1)
    say(folder, "T-d", 6)
    later, end = ids(gateway, cursor)
    assert (first, later) == (["c5", "c7"], ["c1", "c6"])
    assert ids(gateway, end) == ([], end)
    assert ids(gateway)[0] == ["c5", "c7", "c1", "c6"]


@settings(max_examples=15)  # each syncs a file
@given(order=st.permutations(range(8)), cuts=st.sets(st.integers(0, 7)))
def test_every_answer_is_read_once_whatever_the_order_in_which_they_come(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: set[int]
) -> None:
    folder = DropFolder(tmp_path_factory.mktemp("drop"))
    folder.make()
    gateway = FileDrop(folder.path, settle_s=0, page=3)
    found: list[str] = []
    cursor = ""
    for place, sequence in enumerate(order):
        say(folder, f"T-{sequence}", sequence)
        if place in cuts:
            some, cursor = ids(gateway, cursor)
            found += some
    found += ids(gateway, cursor)[0]
    assert sorted(found) == [f"c{sequence}" for sequence in range(8)]


def test_a_file_that_is_written_again_is_read_again(folder: DropFolder, gateway: FileDrop) -> None:
    say(folder, "T-a", 1)
    _, cursor = ids(gateway)
    path = say(folder, "T-a", 1, confirmation_id="second")
    os.utime(path, ns=(1, 1))
    assert ids(gateway, cursor)[0] == ["second"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text[: len(text) // 2], "torn"),
        (lambda _: "", "torn"),
        (lambda _: "[]", "no JSON object"),
        (lambda text: text.replace('"schema_version":1', '"schema_version":7'), "version 7"),
        (lambda text: text.replace('"shipped_units":3', '"shipped_units":2', 1), "totals"),
        (lambda text: text.replace('"accepted_units":10', '"accepted_units":-10'), "greater than or equal"),
        (lambda text: text.replace('"accepted_units":10', '"accepted_units":NaN'), "torn"),
        (lambda text: text.replace("T-a", "T-z"), "name says otherwise"),
    ],
)
def test_an_answer_that_cannot_be_read_is_put_aside_with_the_reason_and_the_others_go_on(
    folder: DropFolder, gateway: FileDrop, spoil: Any, reason: str
) -> None:
    path = say(folder, "T-a", 1)
    text = spoil(path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    say(folder, "T-b", 2)
    answer = gateway.confirmations("")
    assert [one.confirmation_id for one in answer.found] == ["c2"]
    assert len(answer.unreadable) == 1
    assert reason in answer.unreadable[0]
    assert not path.exists()
    assert (folder.unreadable / path.name).read_text("utf-8") == text
    assert reason in (folder.unreadable / f"{path.name}.reason.txt").read_text("utf-8")
    assert gateway.confirmations(answer.cursor).unreadable == ()


def test_an_answer_that_is_damaged_after_it_was_met_does_not_stop_the_others(
    folder: DropFolder, gateway: FileDrop
) -> None:
    path = say(folder, "T-a", 1)
    say(folder, "T-b", 2)
    ids(gateway)
    seen, size = path.stat(), path.stat().st_size
    path.write_text("x" * size)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    answer = gateway.confirmations("")
    assert [one.confirmation_id for one in answer.found] == ["c2"]
    assert len(answer.unreadable) == 1


def test_two_of_a_name_that_cannot_be_read_are_both_kept(folder: DropFolder, gateway: FileDrop) -> None:
    for text in ("one", "two"):
        (folder.answers / "1-T-a.json").write_text(text)
        gateway.confirmations("")
    assert {path.read_text() for path in folder.unreadable.glob("*.json")} == {"one", "two"}


def test_a_file_that_may_still_be_growing_is_left_alone_for_a_while(folder: DropFolder) -> None:
    path = say(folder, "T-a", 1)
    whole = path.read_text("utf-8")
    path.write_text(whole[:50], "utf-8")
    changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    soon = FileDrop(folder.path, settle_s=10, clock=FixedClock(changed + dt.timedelta(seconds=9)))
    answer = soon.confirmations("")
    assert (answer.found, answer.unreadable) == ((), ())
    path.write_text(whole, "utf-8")
    assert ids(soon)[0] == ["c1"]
    path = say(folder, "T-b", 2)
    path.write_text(whole[:50], "utf-8")
    late = FileDrop(folder.path, settle_s=10, clock=FixedClock(changed + dt.timedelta(seconds=60)))
    assert len(late.confirmations("").unreadable) == 1


def test_an_unreadable_answer_of_an_order_is_not_passed_over_until_it_was_put_aside(
    folder: DropFolder, gateway: FileDrop
) -> None:
    say(folder, "T-a", 1)
    say(folder, "T-a", 2).write_text("torn")
    with pytest.raises(NotUnderstood):
        gateway.find("T-a")
    gateway.confirmations("")
    assert gateway.find("T-a") is not None


def test_the_newest_answer_is_the_one_with_the_highest_sequence(folder: DropFolder, gateway: FileDrop) -> None:
    say(folder, "T-a", 9, receipt=message("T-a", 9)["receipt"] | {"external_id": "newest"})
    say(folder, "T-a", 3)
    found = gateway.find("T-a")
    assert found is not None
    assert found.external_id == "newest"


def test_news_of_the_former_revision_is_no_answer_to_an_amendment(folder: DropFolder, gateway: FileDrop) -> None:
    wanted = submission()
    gateway.submit(wanted)
    gateway.submit(submission(revision=2, units=(6, 0)))
    say(folder, wanted.reference, 1)
    found = gateway.find(wanted.reference)
    assert found is not None
    assert (found.revision, found.answer, found.external_id) == (2, Answer.PENDING, "SO-1")


def test_an_order_of_which_only_answers_are_left_is_still_known(folder: DropFolder, gateway: FileDrop) -> None:
    wanted = submission()
    gateway.submit(wanted)
    say(folder, wanted.reference, 1)
    for path in folder.orders.iterdir():
        path.unlink()
    assert gateway.references() == (wanted.reference,)
    assert gateway.submit(wanted).answer is Answer.ACCEPTED
    assert list(folder.orders.iterdir()) == []


def test_hidden_files_other_files_and_links_are_no_answers(
    folder: DropFolder, gateway: FileDrop, tmp_path: Path
) -> None:
    (folder.answers / ".1-T-a.json").write_text("being written")
    (folder.answers / "readme.txt").write_text("hello")
    (folder.answers / "folder.json").mkdir()
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(message("T-a", 1)))
    (folder.answers / "1-T-a.json").symlink_to(outside)
    answer = gateway.confirmations("")
    assert (answer.found, answer.unreadable) == ((), ())


@pytest.mark.parametrize("loss", ["notes", "torn"])
def test_notes_that_are_lost_or_torn_cost_no_answer(folder: DropFolder, gateway: FileDrop, loss: str) -> None:
    for sequence in (1, 2, 3):
        say(folder, f"T-{sequence}", sequence)
    _, cursor = ids(gateway)
    notes = folder.path / ".arrivals"
    if loss == "notes":
        notes.unlink()
    else:
        notes.write_bytes(notes.read_bytes()[:-5])
    say(folder, "T-4", 4)
    assert set(ids(gateway, cursor)[0]) >= {"c4"}
    assert set(ids(gateway)[0]) == {"c1", "c2", "c3", "c4"}


def test_a_cursor_of_other_notes_leads_to_the_beginning(tmp_path: Path) -> None:
    book = ArrivalBook(tmp_path / "notes")
    book.add([Arrival("1.1", "a b.json"), Arrival("2.2", "c.json")])
    arrivals = book.read()
    assert arrivals == (Arrival("1.1", "a b.json"), Arrival("2.2", "c.json"))
    assert count_before(arrivals, cursor_after(arrivals, 2)) == 2
    assert count_before(arrivals, "2.other") == 0
    assert count_before(arrivals, cursor_after(arrivals, 2).replace("2.", "7.", 1)) == 0
    assert count_before(arrivals, "nonsense") == 0
