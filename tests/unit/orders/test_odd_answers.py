"""Answers whose names no line can hold: put aside with the reason under a clean name, told once; others go on."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from unit.orders.test_filedrop_answers import folder, gateway, ids, say

from assets.orders.codec import Codec
from assets.orders.confirmations import ConfirmationsTaken, stream_of, take_confirmations
from assets.orders.gateways.arrivals import Arrival, ArrivalBook
from assets.orders.gateways.drop_folder import LONGEST_NAME_BYTES, DropFolder, clean_name
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Confirmations
from assets.orders.store import Append, MemoryOrderStore

__all__ = ["folder", "gateway"]

MARKS = {
    "newline": (b"x\ny", "x%0Ay"),
    "carriage_return": (b"x\ry", "x%0Dy"),
    "escape": (b"x\x1b[2J", "x%1B[2J"),
    "no_utf8": (b"x\xff", "x%FF"),
    "line_separator": ("x\u2028y".encode(), "x%E2%80%A8y"),
}


def put(folder: DropFolder, mark: bytes, content: bytes | None = None, reference: str = "T-a") -> bytes:
    """Put an answer into the folder under an odd name; return what it holds."""
    path = say(folder, reference, 1)
    content = path.read_bytes() if content is None else content
    path.unlink()
    odd = os.path.join(os.fsencode(folder.answers), mark + f"-{reference}.json".encode())
    with open(odd, "wb") as file:
        file.write(content)
    return content


@pytest.mark.parametrize("content", [None, b"{"], ids=["whole", "torn"])
@pytest.mark.parametrize(("mark", "clean"), MARKS.values(), ids=MARKS.keys())
def test_an_answer_with_an_odd_name_is_put_aside_under_a_clean_one_and_the_others_go_on(
    folder: DropFolder, gateway: FileDrop, mark: bytes, clean: str, content: bytes | None
) -> None:
    held = put(folder, mark, content)
    say(folder, "T-b", 2)
    answer = gateway.confirmations("")
    assert [one.confirmation_id for one in answer.found] == ["c2"]
    (line,) = answer.unreadable
    target = folder.unreadable / f"{clean}-T-a.json"
    assert "its name holds control characters, or bytes that are no UTF-8" in line
    assert line.endswith(f"It was moved to {target}")
    assert target.read_bytes() == held
    assert "its name holds" in target.with_name(f"{target.name}.reason.txt").read_text("utf-8")
    assert len(list(folder.answers.iterdir())) == 1
    assert ids(gateway, answer.cursor) == ([], answer.cursor)


@pytest.mark.parametrize("mark", [mark for mark, _ in MARKS.values()], ids=MARKS.keys())
def test_an_odd_name_is_recorded_once_and_not_for_ever(folder: DropFolder, gateway: FileDrop, mark: bytes) -> None:
    put(folder, mark)
    say(folder, "T-b", 2)
    store = MemoryOrderStore()
    taken = take_confirmations(store, gateway, "sample")
    assert (taken.messages, len(taken.unreadable)) == (1, 1)
    before = store.history(stream_of(gateway, "sample"))
    assert [one.event.unreadable for one in before] == [taken.unreadable]
    assert "%" in Codec((ConfirmationsTaken,)).to_json(before[0].event)
    assert take_confirmations(store, gateway, "sample").unreadable == ()
    assert store.history(stream_of(gateway, "sample")) == before


def test_odd_names_that_are_shown_alike_are_both_kept(folder: DropFolder, gateway: FileDrop) -> None:
    for mark, content in ((b"x\n", b"one"), (b"x%0A", b"two")):
        put(folder, mark, content)
        gateway.confirmations("")
    assert {path.read_text() for path in folder.unreadable.glob("*.json")} == {"one", "two"}
    assert len(list(folder.unreadable.glob("*.reason.txt"))) == 2


@pytest.mark.parametrize("mark", [b"x" * 240, "ü".encode() * 120, b"\n" * 240], ids=["long", "wide", "odd"])
def test_an_unreadable_answer_with_the_longest_name_is_put_aside_with_its_reason(
    folder: DropFolder, gateway: FileDrop, mark: bytes
) -> None:
    put(folder, mark, b"torn")
    say(folder, "T-b", 2)
    answer = gateway.confirmations("")
    assert ([one.confirmation_id for one in answer.found], len(answer.unreadable)) == (["c2"], 1)
    (target,) = folder.unreadable.glob("*.json")
    assert target.read_bytes() == b"torn"
    assert target.with_name(f"{target.name}.reason.txt").exists()
    assert target.name.endswith("-T-a.json")


@pytest.mark.parametrize("name", ["1-T-a.json", "Grüße an 東京 %2E-T-a.json", "ü" * 100])
def test_a_name_that_can_be_written_down_stays_as_it_is(name: str) -> None:
    assert clean_name(name) == name
    assert len(clean_name(name * 9).encode()) <= LONGEST_NAME_BYTES


def test_an_answer_that_cannot_be_moved_away_lies_where_it_was(
    folder: DropFolder, gateway: FileDrop, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(folder, "T-a", 1).write_text("torn")
    written = []

    def full(path: os.PathLike[str], _content: bytes) -> None:
        written.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assets.orders.gateways.drop_folder.write_whole", full)
    with pytest.raises(Exception, match="No space left"):
        gateway.confirmations("")
    assert len(written) == len(list(folder.answers.iterdir())) == 1
    assert list(folder.unreadable.iterdir()) == []


def test_a_note_that_is_torn_within_a_letter_or_damaged_costs_no_other(tmp_path: Path) -> None:
    book = ArrivalBook(tmp_path / "notes")
    book.add([Arrival("1.1", "a.json"), Arrival("2.2", "ü.json")])
    whole = book.path.read_bytes()
    book.path.write_bytes(whole[: whole.index("ü".encode()) + 1])
    assert book.read() == (Arrival("1.1", "a.json"),)
    book.add([Arrival("3.3", "c.json")])
    book.path.write_bytes(book.path.read_bytes().replace(b"a.json", b"\xff.json"))
    assert book.read()[-1] == Arrival("3.3", "c.json")


@dataclass
class Restless(MemoryGateway):
    """A gateway whose cursor moves on each time, whether anything was said or not."""

    asked: int = 0

    def confirmations(self, since: str) -> Confirmations:
        self.asked += 1
        assert self.asked < 50, "it is asked for ever"
        return Confirmations((), str(int(since or 0) + 1))


def test_a_cursor_that_moves_on_without_messages_is_recorded_once_a_time() -> None:
    store, gateway = MemoryOrderStore(), Restless()
    for time in (1, 2):
        assert take_confirmations(store, gateway, "sample").messages == 0
        assert (gateway.asked, len(store.events())) == (time, time)


@dataclass
class Overtaken(MemoryGateway):
    """Puts a message aside when it is first asked, while another process records that it has read on."""

    store: MemoryOrderStore = field(default_factory=MemoryOrderStore)
    asked: int = 0

    def confirmations(self, since: str) -> Confirmations:
        self.asked += 1
        if self.asked > 1:
            return Confirmations((), since)
        self.store.append([Append(stream_of(self, "sample"), 0, (ConfirmationsTaken(self.address, "7"),))])
        return Confirmations((), since, ("nobody can read it",))


def test_what_was_put_aside_is_recorded_also_where_another_process_was_first() -> None:
    gateway = Overtaken()
    assert take_confirmations(gateway.store, gateway, "sample").unreadable == ("nobody can read it",)
    last = gateway.store.history(stream_of(gateway, "sample"), last=1)[0].event
    assert last == ConfirmationsTaken(gateway.address, "7", (), ("nobody can read it",))
