"""What persons decide about models: it counts from the first date on that is not planned, and can be taken back."""

from pathlib import Path

import pandas as pd
import pytest
from unit.forecasting.model_history import FIRST, TERMS, History, day_after

from assets.forecasting.pages.champions_page import champions_frame, champions_page
from assets.forecasting.registry.acts import promote, roll_back
from assets.forecasting.registry.records import Promoted, RolledBack
from assets.kernel.errors import EquipoiseError


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History(tmp_path)
    history.plan(0)
    history.plan(1)
    return history


def promoted(history: History, model: str = "CrostonSBA", segment: str = "lumpy") -> Promoted | RolledBack:
    return history.registry.decide(lambda registry: promote(registry, segment, model, "Ann", "spares came back"))


def rolled_back(history: History) -> Promoted | RolledBack:
    return history.registry.decide(lambda registry: roll_back(registry, "Bob", "it was worse"))


def champion(history: History, days: int) -> pd.Series:
    return champions_frame(history.plan(days)).iloc[0]


def test_a_promoted_model_forecasts_from_the_first_date_on_that_is_not_planned(history: History) -> None:
    assert promoted(history).since == day_after(2)
    assert champion(history, 1)["champion"] == "TSB"
    assert champion(history, 2)["champion"] == "CrostonSBA"
    assert history.plan(2).entered.made_for == day_after(2)
    assert history.used(3) == day_after(2)


def test_a_promoted_model_stays_through_refits_under_the_name_of_who_put_it_there(history: History) -> None:
    promoted(history)
    history.plan(2)
    refitted = champion(history, 9)
    assert refitted["selected_for"] == pd.Timestamp(day_after(9))
    assert refitted["champion"] == "CrostonSBA"
    assert (refitted["promoted_by"], refitted["champion_reason"]) == ("Ann", "spares came back")
    assert refitted["champion_since"] == pd.Timestamp(day_after(2))


def test_a_promoted_model_stays_under_new_rules_and_asks_for_no_refit_again(history: History) -> None:
    other = TERMS.model_copy(update={"rules": "rules-2"})
    promoted(history)
    history.plan(2)
    first, second = history.plan(3, other), history.plan(4, other)
    told = champions_frame(first).iloc[0]
    assert (told["champion"], told["promoted_by"]) == ("CrostonSBA", "Ann")
    assert second.entered == first.entered
    assert champions_frame(history.plan(10, other)).iloc[0]["promoted_by"] == "Ann"


def test_a_promoted_model_that_new_rules_lack_is_dropped(history: History) -> None:
    other = TERMS.model_copy(update={"rules": "rules-2"})
    promoted(history)
    history.plan(2)
    history.menu = ("TSB", "Naive")
    told = champions_frame(history.plan(3, other)).iloc[0]
    assert told["promoted_by"] == "backtest"
    assert history.used(4, other) == day_after(3)


def test_a_promotion_leaves_planned_dates_as_they_were(history: History) -> None:
    used = [history.plan(days).used for days in (0, 1)]
    promoted(history)
    history.plan(2)
    assert [history.plan(days).used for days in (0, 1)] == used


def test_rolling_back_a_promotion_before_any_plan_met_it_is_as_if_it_never_was(history: History) -> None:
    promoted(history)
    rolled_back(history)
    assert history.used(2) == FIRST
    assert champion(history, 2)["champion"] == "TSB"


def test_rolling_back_brings_the_selection_before_back_and_its_models_with_it(history: History) -> None:
    promoted(history)
    history.plan(2)
    assert rolled_back(history).since == day_after(3)
    assert history.used(3) == FIRST
    assert champion(history, 3)["champion"] == "TSB"
    assert champion(history, 2)["champion"] == "CrostonSBA"


def test_a_selection_brought_back_counts_its_days_from_then_on(history: History) -> None:
    history.plan(7)
    rolled_back(history)
    assert history.used(14) == FIRST
    assert history.used(15) == day_after(15)


def test_rolling_back_twice_goes_two_steps_back(history: History) -> None:
    for days in (7, 14):
        history.plan(days)
    rolled_back(history)
    assert history.used(15) == day_after(7)
    rolled_back(history)
    assert history.used(16) == FIRST


@pytest.mark.parametrize(("model", "segment"), [("Prophet", "lumpy"), ("TSB", "smooth")])
def test_a_model_that_was_not_scored_for_the_segment_is_refused_with_those_that_were(
    history: History, model: str, segment: str
) -> None:
    with pytest.raises(EquipoiseError, match="lumpy"):
        promoted(history, model, segment)


def test_with_nothing_before_there_is_nothing_to_roll_back(history: History) -> None:
    with pytest.raises(EquipoiseError, match="no selection stood before"):
        rolled_back(history)


def test_before_any_plan_nobody_decides_anything(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="no plan has used a model yet"):
        promoted(History(tmp_path))


def test_a_replay_knows_what_a_person_had_decided_by_then_and_nothing_after(history: History, tmp_path: Path) -> None:
    promoted(history)
    made = history.plan(2)
    rolled_back(history)
    again = History(tmp_path / "scratch")
    history.registry.copy_before(day_after(2), TERMS, again.home)
    assert again.plan(2).entered == made.entered


def test_the_page_says_which_selection_is_in_force_and_whether_it_was_chosen_now(history: History) -> None:
    assert champions_page(champions_frame(history.plan(0)))["models"] == f"models of {FIRST}, refit"
    assert champions_page(champions_frame(history.plan(1)))["models"] == f"models of {FIRST}, reused"
