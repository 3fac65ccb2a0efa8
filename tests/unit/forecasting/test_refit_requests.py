"""What drift asks for waits for a person where the release says so, and each answer counts from the next plan on."""

from pathlib import Path

import pytest
from unit.forecasting.model_history import FIRST, TERMS, History, day_after

from assets.forecasting.registry.acts import approve_refits, reject_refits
from assets.forecasting.registry.records import RefitApproved, RefitRejected
from assets.forecasting.registry.registry import ModelRegistry
from assets.forecasting.registry.waiting import unanswered, waiting_at, waiting_now
from assets.kernel.errors import EquipoiseError


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Return a network of which two dates were planned, and drift asked for a refit after the second."""
    history = History(tmp_path, recalibration="on_approval")
    history.plan(0)
    history.plan(1)
    history.registry.request_refit(day_after(1), ("smooth", "lumpy"), "both are off")
    return history


def approve(history: History, segment: str | None = None) -> list[RefitApproved]:
    return [*history.registry.decide_all(lambda registry: approve_refits(registry, segment, "Ann", "it pays"))]


def reject(history: History, segment: str | None = None, reason: str = "passing") -> list[RefitRejected]:
    return [*history.registry.decide_all(lambda registry: reject_refits(registry, segment, "Bob", reason))]


def test_plans_reuse_the_selection_in_force_until_a_person_approves(history: History) -> None:
    assert [history.used(days) for days in (2, 3)] == [FIRST, FIRST]
    [approved] = approve(history)
    assert (approved.asked_for, approved.since, approved.segments) == (day_after(1), day_after(4), ("lumpy", "smooth"))
    assert history.used(4) == day_after(4)
    why = history.plan(4).entered.why
    assert why == f"asked for after the plan of {day_after(1)}: both are off; approved by Ann: it pays"
    assert history.used(5) == day_after(4)


def test_without_such_a_release_the_next_plan_refits_at_once(history: History) -> None:
    history.recalibration = "at_once"
    assert history.used(2) == day_after(2)


@pytest.mark.parametrize("recalibration", ["on_approval", "at_once"])
def test_a_rejection_ends_the_request_whatever_the_release_says_later(history: History, recalibration: str) -> None:
    reject(history)
    history.recalibration = recalibration
    assert [history.used(days) for days in (2, 3)] == [FIRST, FIRST]
    assert unanswered(history.registry.log()) == []


def test_what_one_segment_asks_for_is_answered_without_the_other(history: History) -> None:
    reject(history, "smooth", "wrong_data")
    [left] = unanswered(history.registry.log())
    assert (left.waits, left.approved) == (("lumpy",), ())
    assert history.used(2) == FIRST
    approve(history, "lumpy")
    assert history.used(3) == day_after(3)


def test_a_later_request_waits_anew_after_a_rejection(history: History) -> None:
    reject(history)
    history.plan(2)
    history.registry.request_refit(day_after(2), ("lumpy",), "off again")
    assert [one.asked_for for one in unanswered(history.registry.log())] == [day_after(2)]


def test_the_refit_that_the_release_schedules_needs_no_approval_and_answers_what_waits(history: History) -> None:
    assert history.used(7) == day_after(7)
    assert unanswered(history.registry.log()) == []


def test_a_date_planned_before_the_answer_stays_as_it_was_also_on_other_data(history: History) -> None:
    before = history.plan(2).used
    approve(history)
    assert history.plan(2).used == before
    history.data = {day_after(2): "corrected"}
    assert history.used(2) == FIRST


def test_a_past_date_planned_late_does_not_see_an_answer_for_later_ones(history: History) -> None:
    history.plan(4)
    approve(history)
    assert history.used(3) == FIRST
    assert history.used(5) == day_after(5)


@pytest.mark.parametrize("days", [2, 3, 4])
def test_a_replay_sees_the_requests_and_answers_that_the_first_plan_saw(
    history: History, tmp_path: Path, days: int
) -> None:
    history.plan(2)
    approve(history)
    made = {each: history.plan(each) for each in (2, 3, 4)}
    again = History(tmp_path / "scratch", procedure=history.registry.log().procedure(day_after(days), TERMS))
    history.registry.copy_before(day_after(days), TERMS, again.home)
    assert again.plan(days).entered == made[days].entered


def test_the_release_that_first_planned_a_date_decides_whether_it_waited(history: History) -> None:
    history.plan(2)
    history.recalibration = "at_once"
    history.data = {day_after(2): "corrected"}
    assert history.used(2) == FIRST


@pytest.mark.parametrize("segment", [None, "smooth"])
def test_nothing_is_answered_twice(history: History, segment: str | None) -> None:
    approve(history, segment)
    index = (history.registry.folder / "index.jsonl").read_bytes()
    with pytest.raises(EquipoiseError, match="waits"):
        reject(history, segment)
    assert (history.registry.folder / "index.jsonl").read_bytes() == index


def test_a_rejection_needs_a_reason_of_the_list_which_the_error_tells(history: History) -> None:
    with pytest.raises(EquipoiseError, match=r"no reason.*passing.*wrong_data.*no_better.*too_early"):
        reject(history, reason="because")
    assert len(unanswered(history.registry.log())) == 1


def test_a_network_without_a_plan_waits_for_nobody(tmp_path: Path) -> None:
    assert unanswered(ModelRegistry(tmp_path).log()) == []


def test_what_waits_is_what_the_release_has_persons_decide(history: History) -> None:
    log = history.registry.log()
    assert [one.waits for one in waiting_now(log, "on_approval")] == [("lumpy", "smooth")]
    assert waiting_now(log, "at_once") == []


def test_a_plan_tells_what_waited_before_it_and_not_what_came_of_itself(history: History) -> None:
    history.plan(2)
    log = history.registry.log()
    told = {days: len(waiting_at(log, "on_approval", day_after(days))) for days in (0, 1, 2)}
    assert told == {0: 0, 1: 0, 2: 1}
    assert waiting_at(log, "at_once", day_after(2)) == []
