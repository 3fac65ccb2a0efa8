"""What the ledger can rely on: every event is frozen, plain, and names its stream."""

import dataclasses
import datetime as dt
import types
import typing
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from unit.governance.governance_samples import AT, TODAY

from assets.governance import events
from assets.governance.events import Event, Paused, PauseKind, PauseScope, Resumed
from assets.governance.log import MemoryGovernanceLog, StreamConflict, settle

KINDS = typing.get_args(Event)
PLAIN = (str, int, bool, Decimal, dt.date, dt.datetime)
DC1 = PauseScope(PauseKind.SITE, "DC1")
PAUSED = Paused(DC1, "ada#1000", AT, TODAY, "flood")
RESUMED = Resumed(DC1, "ada#1000", AT, "dry")


def is_plain(kind: Any) -> bool:
    if kind is types.NoneType or kind in PLAIN:
        return True
    if isinstance(kind, types.UnionType):
        return all(is_plain(part) for part in kind.__args__)
    if typing.get_origin(kind) is tuple:
        return all(part is ... or is_plain(part) for part in typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return True
    if not dataclasses.is_dataclass(kind):
        return False
    frozen = kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return frozen and all(is_plain(part) for part in typing.get_type_hints(kind).values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_is_frozen_plain_and_names_its_stream(kind: type) -> None:
    assert is_plain(kind)
    assert isinstance(getattr(kind, "stream", None), property)


def test_no_event_of_the_module_is_missing_from_the_list() -> None:
    found = {
        value
        for name, value in vars(events).items()
        if isinstance(value, type) and hasattr(value, "stream") and not name.startswith("_")
    }
    assert found == set(KINDS)


def test_a_list_is_not_plain() -> None:
    @dataclasses.dataclass(frozen=True)
    class Bad:
        items: list[str]

    assert not is_plain(Bad)


def test_history_is_what_was_appended_in_order() -> None:
    log = MemoryGovernanceLog()
    log.append("pause", 0, [PAUSED])
    log.append("pause", 1, [RESUMED])
    assert log.history("pause") == (PAUSED, RESUMED)
    assert log.history("access") == ()


def test_an_append_at_another_version_records_nothing() -> None:
    log = MemoryGovernanceLog()
    log.append("pause", 0, [PAUSED])
    with pytest.raises(StreamConflict, match="stored version = 1, expected = 0"):
        log.append("pause", 0, [RESUMED])
    assert log.history("pause") == (PAUSED,)


def test_an_event_of_another_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="does not belong"):
        MemoryGovernanceLog().append("access", 0, [PAUSED])


class Contested(MemoryGovernanceLog):
    """Somebody else appends before each of the first appends."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def append(self, stream: str, expected_version: int, events: Any) -> None:
        if self.times:
            self.times -= 1
            super().append(stream, expected_version, [PAUSED])
        super().append(stream, expected_version, events)


def test_who_comes_second_decides_again_on_what_the_first_did() -> None:
    seen = []

    def decide(history: tuple[Event, ...]) -> tuple[Event, ...]:
        seen.append(len(history))
        return (RESUMED,)

    log = Contested(2)
    assert settle(log, "pause", decide) == (RESUMED,)
    assert seen == [0, 1, 2]
    assert log.history("pause") == (PAUSED, PAUSED, RESUMED)


def test_somebody_who_is_always_second_is_told() -> None:
    with pytest.raises(StreamConflict):
        settle(Contested(100), "pause", lambda _: (RESUMED,))


def test_deciding_nothing_appends_nothing() -> None:
    log = MemoryGovernanceLog()
    assert settle(log, "pause", lambda _: ()) == ()
    assert log.history("pause") == ()
