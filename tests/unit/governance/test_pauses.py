"""The pause switch: what it holds, and for how long."""

import datetime as dt
from typing import Any

import pytest
from unit.governance.governance_samples import AT, BEN, DORA, TODAY, TOMORROW, VERA, order

from assets.governance.events import Event, Paused, PauseKind, PauseScope
from assets.governance.facts import OrderFacts
from assets.governance.pause import pause, pause_state, paused_by, resume, scope_of
from assets.kernel.errors import EquipoiseError
from assets.policy.access import NotPermitted


def paused(scope: str, history: tuple[Event, ...] = (), **changes: Any) -> tuple[Event, ...]:
    arguments: dict[str, Any] = {"by": DORA, "at": AT, "today": TODAY, "why": "flood"}
    return history + pause(history, scope_of(scope), **(arguments | changes))


def why_held(facts: OrderFacts, history: tuple[Event, ...], today: dt.date = TODAY) -> str:
    return paused_by(facts, pause_state(history, today))


@pytest.mark.parametrize(
    ("scope", "facts", "held"),
    [
        ("all", order(), True),
        ("site=DC1", order(), True),
        ("site=S1", order(), True),
        ("site=S2", order(), False),
        ("lane=DC1>S1", order(), True),
        ("lane=S1>DC1", order(), False),
        ("supplier=SUP", order(kind="purchase", origin_id="SUP"), True),
        ("supplier=SUP", order(kind="expedite", origin_id="SUP"), True),
        ("supplier=OTHER", order(kind="purchase", origin_id="SUP"), False),
        ("supplier=DC1", order(), False),
    ],
)
def test_a_pause_holds_what_it_names(scope: str, facts: OrderFacts, held: bool) -> None:
    assert bool(why_held(facts, paused(scope))) is held


def test_nothing_is_held_where_nothing_is_paused() -> None:
    assert why_held(order(), ()) == ""


def test_a_held_order_says_what_is_paused_since_when_by_whom_and_why() -> None:
    text = why_held(order(), paused("site=DC1", until=TOMORROW))
    assert text == "site DC1 is paused since 2026-01-05 until 2026-01-06 by dora#1003: flood"


def test_a_pause_ends_on_its_day_or_when_it_is_resumed() -> None:
    history = paused("site=DC1", until=TOMORROW)
    assert why_held(order(), history, TODAY)
    assert not why_held(order(), history, TOMORROW)
    resumed = history + resume(history, scope_of("site=DC1"), by=BEN, at=AT, today=TODAY)
    assert not why_held(order(), resumed)


def test_resuming_a_site_leaves_the_pause_of_all() -> None:
    history = paused("all", paused("site=DC1"))
    history += resume(history, scope_of("site=DC1"), by=BEN, at=AT, today=TODAY)
    assert why_held(order(), history).startswith("everything is paused")


def test_a_host_whose_clock_runs_behind_does_not_let_go_what_was_paused() -> None:
    assert why_held(order(), paused("all"), TODAY - dt.timedelta(days=1))


def test_pausing_twice_is_once_and_a_new_end_replaces_the_old_one() -> None:
    history = paused("all")
    assert paused("all", history) == history
    later = paused("all", history, today=TOMORROW, until=TOMORROW + dt.timedelta(days=2))
    state = pause_state(later, TOMORROW)
    assert [(one.since, one.until) for one in state.pauses] == [(TODAY, TOMORROW + dt.timedelta(days=2))]


def test_only_who_may_pauses_and_resumes() -> None:
    with pytest.raises(NotPermitted):
        paused("all", by=VERA)
    with pytest.raises(NotPermitted):
        resume(paused("all"), scope_of("all"), by=VERA, at=AT, today=TODAY)


def test_resuming_what_is_not_paused_names_what_is() -> None:
    with pytest.raises(EquipoiseError, match="paused: lane DC1>S1"):
        resume(paused("lane=DC1>S1"), scope_of("all"), by=BEN, at=AT, today=TODAY)


@pytest.mark.parametrize("text", ["", "DC1", "site=", "lane=DC1", "lane=>S1", "all=DC1", "planet=Mars"])
def test_what_names_nothing_cannot_be_paused(text: str) -> None:
    with pytest.raises(EquipoiseError):
        scope_of(text)


@pytest.mark.parametrize("changes", [{"why": " "}, {"until": TODAY}])
def test_a_pause_without_a_reason_or_with_an_end_in_the_past_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EquipoiseError):
        paused("all", **changes)


def test_a_scope_is_read_as_it_is_written() -> None:
    assert scope_of(" lane=DC1>S1 ") == PauseScope(PauseKind.LANE, "DC1>S1")
    event = paused("site=DC1")[0]
    assert isinstance(event, Paused)
    assert event.scope == PauseScope(PauseKind.SITE, "DC1")
