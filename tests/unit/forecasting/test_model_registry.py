"""Which selection a plan date uses: weekly refits, what was used stays, and nothing is seen from later."""

import datetime as dt
import itertools
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from unit.forecasting.model_history import FIRST, TERMS, History, day_after

from assets.forecasting.daily import DayForecast
from assets.forecasting.registry.acts import roll_back
from assets.forecasting.registry.records import Entered, Used
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.errors import EquipoiseError

OTHER_RULES = [{"rules": "rules-2"}, {"feature_set": "responsive@1"}]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_the_first_plan_selects_and_those_of_the_week_after_it_reuse(history: History) -> None:
    assert [history.used(days) for days in range(7)] == [FIRST] * 7
    assert history.selected == 1


def test_after_a_week_champions_are_chosen_anew(history: History) -> None:
    history.plan(0)
    assert history.used(6) == FIRST
    assert history.used(7) == day_after(7)
    assert "7 days old" in history.plan(7).entered.why


def test_the_days_between_refits_are_the_releases(history: History) -> None:
    history.plan(0)
    assert history.plan(3, refit_days=3).entered.made_for == day_after(3)


def test_a_date_planned_again_uses_what_it_used_and_records_nothing(history: History) -> None:
    first = [history.plan(days).used for days in (0, 3)]
    index = (history.registry.folder / "index.jsonl").read_bytes()
    assert [history.plan(days).used for days in (0, 3)] == first
    assert (history.registry.folder / "index.jsonl").read_bytes() == index
    assert history.selected == 1


@pytest.mark.parametrize("order", list(itertools.permutations((0, 4, 9))))
def test_dates_planned_again_in_any_order_use_what_they_used(history: History, order: tuple[int, ...]) -> None:
    used = {days: history.used(days) for days in order}
    for again in itertools.permutations(order):
        assert {days: history.used(days) for days in again} == used


@pytest.mark.parametrize("order", list(itertools.permutations((0, 4, 9))))
def test_a_past_date_never_sees_a_selection_made_for_a_later_one(history: History, order: tuple[int, ...]) -> None:
    for days in order:
        assert history.used(days) <= day_after(days)


def test_a_past_date_planned_late_leaves_later_dates_as_they_were(history: History) -> None:
    later = history.plan(5).used
    assert history.used(2) == day_after(2)
    assert history.plan(5).used == later
    assert history.used(6) == day_after(5)


def test_corrected_data_choose_again_for_the_date_that_chose_and_for_no_other(history: History) -> None:
    before, reused = history.plan(0).used, history.plan(1).used
    history.data = {FIRST: "corrected", day_after(1): "corrected"}
    corrected, after = history.plan(0), history.plan(1)
    assert corrected.entered.made_for == FIRST
    assert corrected.used.version != before.version
    assert after.used.version == reused.version
    assert after.used.model_version != reused.model_version
    assert history.used(2) == FIRST
    assert history.plan(2).used.version == corrected.used.version


def test_a_selection_that_was_challenged_is_named_by_the_one_that_challenged_it(history: History) -> None:
    first = history.plan(0).entered
    assert first.standing == ""
    assert history.plan(7).entered.standing == first.version


@pytest.mark.parametrize("changed", [{"rules": "rules-2"}, {"feature_set": "responsive@1"}, {"as_known": "now"}])
def test_a_selection_made_under_other_terms_is_not_used(history: History, changed: dict[str, str]) -> None:
    other = TERMS.model_copy(update=changed)
    history.plan(0)
    assert history.used(1, other) == day_after(1)
    assert history.used(2) == FIRST


def test_hindsight_challenges_nothing_that_was_chosen_as_it_was_known_then(history: History) -> None:
    history.plan(0)
    assert history.plan(1, TERMS.model_copy(update={"as_known": "now"})).entered.standing == ""


@pytest.mark.parametrize("changed", OTHER_RULES)
def test_under_new_rules_the_champions_of_the_old_ones_are_challenged(
    history: History, changed: dict[str, str]
) -> None:
    other, first = TERMS.model_copy(update=changed), history.plan(0).entered
    history.plan(5)
    history.menu = ("New", "TSB", "CrostonSBA")
    assert history.plan(5, other).entered.standing == first.version
    assert history.plan(5, other).made.selection.choices[0].champion == "TSB"
    history.data = {day_after(5): "corrected"}
    assert history.plan(5, other).entered.standing == first.version


def test_new_rules_do_not_see_what_was_chosen_under_the_old_ones_for_a_later_date(history: History) -> None:
    history.plan(5)
    assert history.plan(2, TERMS.model_copy(update={"rules": "rules-2"})).entered.standing == ""


def test_a_replay_of_the_first_date_under_new_rules_finds_the_champions_of_the_old_ones(
    history: History, tmp_path: Path
) -> None:
    other = TERMS.model_copy(update={"rules": "rules-2"})
    history.plan(0)
    made = history.plan(1, other)
    again = History(tmp_path / "scratch")
    history.registry.copy_before(day_after(1), other, again.home)
    assert again.plan(1, other).entered == made.entered


def test_a_replay_knows_nothing_of_what_was_asked_while_the_date_was_forecast(history: History, tmp_path: Path) -> None:
    history.plan(0)
    history.during = lambda: history.registry.request_refit(FIRST, ("smooth",), "biased")
    made = history.plan(1)
    assert made.entered.made_for == FIRST
    again = History(tmp_path / "scratch")
    history.registry.copy_before(day_after(1), TERMS, again.home)
    assert again.plan(1).used == made.used


def test_a_refit_asked_for_is_made_by_the_plans_after_and_once(history: History) -> None:
    history.plan(0)
    assert history.registry.request_refit(day_after(1), ("smooth",), "tracking signal of 6.1")
    assert history.used(1) == FIRST
    assert history.used(2) == day_after(2)
    assert "tracking signal of 6.1" in history.plan(2).entered.why
    assert history.used(3) == day_after(2)


def test_a_refit_asked_for_again_is_one_request(history: History) -> None:
    asked = [history.registry.request_refit(FIRST, ("smooth", "lumpy"), "biased") for _ in range(2)]
    assert asked == [True, False]


def test_a_refit_asked_for_late_leaves_planned_dates_as_they_were(history: History) -> None:
    used = [history.used(days) for days in range(4)]
    history.registry.request_refit(day_after(1), ("smooth",), "biased")
    assert [history.used(days) for days in range(4)] == used
    assert history.used(4) == day_after(4)


def test_a_killed_run_leaves_nothing_and_the_next_selects(history: History) -> None:
    history.breaks = True
    with pytest.raises(RuntimeError):
        history.plan(0)
    assert not history.registry.log().records
    history.breaks = False
    assert history.used(0) == FIRST


def test_a_selection_is_kept_to_the_bit_under_its_digest(history: History) -> None:
    made = history.plan(0).made.selection
    kept = ModelRegistry(history.home).selection(made.version)
    assert kept.document() == made.document()
    assert kept.fitted.equals(made.fitted)


def test_a_selection_that_was_changed_on_disk_is_refused_in_one_line(history: History) -> None:
    version = history.plan(0).used.version
    document = history.registry.folder / version / "selection.json"
    document.write_text(document.read_text().replace(FIRST.isoformat(), "2020-01-01"))
    with pytest.raises(EquipoiseError, match=r"models are then chosen anew"):
        history.plan(1)


def test_an_index_with_a_line_that_is_no_record_is_refused_in_one_line(history: History) -> None:
    history.plan(0)
    with (history.registry.folder / "index.jsonl").open("a") as index:
        index.write('{"kind": "guess"}\n')
    with pytest.raises(EquipoiseError, match=r"index\.jsonl"):
        history.plan(1)


@pytest.mark.parametrize("days", [0, 3, 7, 9])
def test_the_registry_as_it_was_leads_a_date_to_the_same_selection(history: History, tmp_path: Path, days: int) -> None:
    for planned in (0, 3, 7, 9, 14):
        history.plan(planned)
    history.registry.request_refit(day_after(8), ("smooth",), "biased")
    again = History(tmp_path / "scratch")
    history.registry.copy_before(day_after(days), TERMS, again.home)
    assert again.plan(days).used == history.plan(days).used
    assert again.plan(days).entered == history.plan(days).entered


def test_the_registry_as_it_was_knows_nothing_of_the_date_itself(history: History, tmp_path: Path) -> None:
    history.plan(0)
    history.plan(7)
    history.registry.copy_before(day_after(7), TERMS, tmp_path / "scratch")
    log = ModelRegistry(tmp_path / "scratch").log()
    assert [entry.made_for for entry in log.of(Entered)] == [FIRST]
    assert [use.plan_date for use in log.of(Used)] == [FIRST]


def replayed(history: History, folder: Path, days: int, **release: float) -> tuple[DayForecast, History]:
    """Plan a date again from the registry as it was, under another release, as a replay does."""
    again = History(folder, driven=history.driven, procedure=history.registry.log().procedure(day_after(days), TERMS))
    history.registry.copy_before(day_after(days), TERMS, again.home)
    return again.plan(days, **release), again


def test_a_replay_refits_when_the_first_plan_did_whatever_the_release_says_by_now(
    history: History, tmp_path: Path
) -> None:
    history.plan(0)
    first = history.plan(3)
    last = history.plan(3, refit_days=2)
    assert last.used == first.used
    assert replayed(history, tmp_path / "scratch", 3, refit_days=2)[0].used == last.used


def test_a_replay_challenges_by_the_margin_of_the_first_plan(history: History, tmp_path: Path) -> None:
    history.plan(0)
    history.plan(7, margin=0.02)
    history.plan(7, margin=0.5)
    assert replayed(history, tmp_path / "scratch", 7, margin=0.5)[1].margins == [0.02]


def test_corrected_data_are_ruled_on_by_the_procedure_that_the_date_was_first_planned_by(history: History) -> None:
    history.plan(0)
    history.plan(3)
    history.data = {day_after(3): "corrected"}
    assert history.plan(3, refit_days=2).entered.made_for == FIRST
    assert history.plan(3, refit_days=2).used.procedure.refit_days == 7


def test_the_first_promotion_is_a_reason_to_choose_anew_that_says_so(history: History) -> None:
    history.plan(0)
    history.driven = {day_after(days) for days in (2, 3)}
    assert history.used(1) == FIRST
    refitted = history.plan(2).entered
    assert refitted.made_for == day_after(2)
    assert refitted.why == f"the selection of {FIRST} knew no promotion, price or event; the first appeared since"
    assert history.used(3) == day_after(2)
    assert history.plan(4).entered.why.endswith("none is known any more")
    assert history.used(5) == day_after(4)


def test_a_promotion_told_late_chooses_anew_for_a_date_that_was_planned_and_its_replay_does_too(
    history: History, tmp_path: Path
) -> None:
    history.plan(0)
    assert history.used(1) == FIRST
    history.driven = {day_after(1)}
    late = history.plan(1)
    assert late.entered.made_for == day_after(1)
    assert replayed(history, tmp_path / "late", 1)[0].used == late.used
    history.driven = set()
    assert history.used(1) == FIRST
    assert replayed(history, tmp_path / "gone", 1)[0].entered.made_for == FIRST


def test_a_selection_recorded_before_drivers_were_asks_for_nothing(history: History) -> None:
    history.plan(0)
    index = history.registry.folder / "index.jsonl"
    lines = [json.loads(line) for line in index.read_text().splitlines()]
    older = [{name: told for name, told in line.items() if name not in ("has_drivers", "procedure")} for line in lines]
    index.write_text("".join(json.dumps(line) + "\n" for line in older))
    history.driven = {day_after(1)}
    assert history.used(1) == FIRST


def test_what_a_person_brought_back_stays_also_where_it_knew_no_promotion(history: History) -> None:
    history.plan(0)
    history.driven = {day_after(days) for days in (1, 2, 3)}
    history.plan(1)
    history.registry.decide(lambda registry: roll_back(registry, "Ann", "it was worse"))
    assert history.used(2) == history.used(3) == FIRST


def test_no_answer_depends_on_the_clock(history: History) -> None:
    long_ago = dt.timedelta(days=-20_000).days
    assert history.used(long_ago) == day_after(long_ago)
    assert history.used(long_ago + 6) == day_after(long_ago)


def test_the_registry_knows_what_the_means_of_a_plan_were_multiplied_with(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = history.plan(0).made.selection
    choice = selection.choices[0]
    parts = tuple(replace(part, mean_factor=1.0 + place) for place, part in enumerate(choice.calibrations))
    kept = replace(selection, choices=(replace(choice, calibrations=parts),))
    monkeypatch.setattr(ModelRegistry, "selection", lambda _, version: {"v": kept}[version])
    for place, score in enumerate(choice.scores):
        champions = pd.DataFrame({"selection_version": ["v"], "demand_segment": ["lumpy"], "champion": [score.model]})
        assert history.registry.mean_factors(champions) == {"lumpy": 1.0 + place}
