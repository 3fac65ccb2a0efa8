"""Orders as files: whole or not there, the same bytes for the same order, readable by their owner only."""

import csv
import errno
import fcntl
import json
import os
import stat
from pathlib import Path

import pytest
from contract.gateways.kit_documents import cancellation, submission
from unit.orders.full_disk import largest_file

from assets.orders.gateways.drop_folder import DropFolder, NotSynced, latest_revision, order_name, reference_sent
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.port import Answer, NotSent, NotUnderstood, OutcomeUnknown

WANTED = submission()
STEM = order_name(WANTED.reference, 1)


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    return DropFolder(tmp_path / "shared")


def drop(folder: DropFolder, **options: float) -> FileDrop:
    return FileDrop(folder.path, **options)


def test_a_document_and_its_lines_are_written_with_the_same_totals(folder: DropFolder) -> None:
    drop(folder).submit(WANTED)
    document = json.loads((folder.orders / f"{STEM}.json").read_text("utf-8"))
    with (folder.orders / f"{STEM}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert document["totals"] == {"line_count": 2, "quantity_units": 14, "value_amount": "35.00"}
    assert sum(int(row["quantity_units"]) for row in rows) == 14
    numbers = ("line_number", "quantity_units")
    assert [row | {name: int(row[name]) for name in numbers} for row in rows] == document["lines"]
    assert document["csv"]["name"] == f"{STEM}.csv"


def test_files_are_for_their_owner_only(folder: DropFolder) -> None:
    drop(folder).submit(WANTED)
    drop(folder).cancel(cancellation(WANTED.reference))
    drop(folder).confirmations("")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [folder.path, *folder.path.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_the_same_submission_twice_touches_nothing(folder: DropFolder) -> None:
    drop(folder).submit(WANTED)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.orders.iterdir()}
    assert drop(folder).submit(WANTED).answer is Answer.PENDING
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.orders.iterdir()} == before


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_other_bytes_under_the_same_key_are_left_for_a_person(folder: DropFolder, ending: str) -> None:
    drop(folder).submit(WANTED)
    damaged = folder.orders / f"{STEM}.{ending}"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(NotUnderstood, match="other content"):
        drop(folder).submit(WANTED)


def test_lines_without_a_document_are_no_order_and_are_completed(folder: DropFolder) -> None:
    # What a kill between the two files leaves behind.
    drop(folder).submit(WANTED)
    (folder.orders / f"{STEM}.json").unlink()
    assert drop(folder).find(WANTED.reference) is None
    assert drop(folder).references() == ()
    drop(folder).submit(WANTED)
    assert drop(folder).find(WANTED.reference) is not None


def test_what_a_kill_left_half_written_is_no_order_and_goes_with_the_next_attempt(folder: DropFolder) -> None:
    folder.make()
    half = folder.orders / f".{STEM}.json.part"
    half.write_text('{"schema":"equip')
    assert drop(folder).find(WANTED.reference) is None
    drop(folder).submit(WANTED)
    assert not half.exists()


@pytest.mark.parametrize("size", [0, 100, 300])
def test_a_full_disk_sends_nothing_and_leaves_nothing(folder: DropFolder, size: int) -> None:
    gateway = drop(folder)
    folder.make()
    with largest_file(size), pytest.raises(NotSent, match="Free space"):
        gateway.submit(WANTED)
    assert list(folder.orders.iterdir()) == []
    assert gateway.find(WANTED.reference) is None
    gateway.submit(WANTED)
    assert gateway.references() == (WANTED.reference,)


def test_a_document_does_not_appear_before_its_lines(folder: DropFolder) -> None:
    folder.make()
    (folder.orders / f"{STEM}.csv").mkdir()  # in the way of the lines
    with pytest.raises(NotSent):
        drop(folder).submit(WANTED)
    assert not (folder.orders / f"{STEM}.json").exists()


def test_a_folder_that_cannot_be_made_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("a file")
    gateway = FileDrop(tmp_path / "shared")
    for call in (lambda: gateway.submit(WANTED), lambda: gateway.cancel(cancellation("T-1"))):
        with pytest.raises(NotSent) as raised:
            call()
        assert raised.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_sends_nothing(folder: DropFolder) -> None:
    folder.make()
    folder.orders.chmod(0o500)
    with pytest.raises(NotSent, match="right to write"):
        drop(folder).submit(WANTED)


def test_a_write_that_the_disk_did_not_confirm_is_unknown() -> None:
    gateway = FileDrop(Path("shared"))
    with pytest.raises(OutcomeUnknown), gateway._translated("order"):
        raise NotSynced(errno.EIO, "input/output error")


def test_a_lock_that_another_process_holds_is_waited_for_and_then_given_up(folder: DropFolder) -> None:
    folder.make()
    with (folder.path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NotSent, match="lock"):
            drop(folder, patience_s=0.05).submit(WANTED)
    drop(folder, patience_s=0.05).submit(WANTED)


def test_what_the_other_side_took_away_is_still_known_as_sent(folder: DropFolder) -> None:
    gateway = drop(folder)
    gateway.submit(WANTED)
    for path in list(folder.orders.iterdir()):
        path.rename(folder.taken / path.name)
    found = gateway.find(WANTED.reference)
    assert found is not None
    assert found.answer is Answer.PENDING
    gateway.submit(WANTED)
    assert list(folder.orders.iterdir()) == []


def test_an_amendment_is_pending_until_it_is_answered(folder: DropFolder) -> None:
    gateway = drop(folder)
    gateway.submit(WANTED)
    gateway.submit(submission(revision=2, units=(6, 0)))
    found = gateway.find(WANTED.reference)
    assert found is not None
    assert (found.revision, found.answer) == (2, Answer.PENDING)


def test_cancelling_twice_is_one_file(folder: DropFolder) -> None:
    gateway = drop(folder)
    gateway.submit(WANTED)
    for _ in range(2):
        gateway.cancel(cancellation(WANTED.reference))
    assert sorted(path.name for path in folder.orders.glob("*cancel*")) == [f"{WANTED.reference}-cancel.json"]


@pytest.mark.parametrize("reference", ["T-0a1b", "../../etc/passwd", ".hidden", "a b/ü-r000002", "x-cancel"])
def test_any_reference_is_a_name_in_the_folder_and_comes_back_from_it(reference: str) -> None:
    name = f"{order_name(reference, 12)}.json"
    assert "/" not in name
    assert not name.startswith(".")
    assert (reference_sent(name), latest_revision([name, "other-r000099.json"], reference)) == (reference, 12)
