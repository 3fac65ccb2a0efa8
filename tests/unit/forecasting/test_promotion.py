"""A challenger takes over by a tested margin, and by nothing less."""

import datetime as dt
import doctest
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.forecasting.evaluation import promotion as module
from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.evaluation.promotion import challenge, decision_losses
from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.registry.records import Pin
from assets.forecasting.registry.selection import Selection
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError

LATER = dt.date(2025, 7, 7)
SERIES = np.repeat(np.arange(40), 3)


def losses(seed: int, mean: float = 2.0, noise: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).gamma(mean / noise, noise, len(SERIES))


def test_the_example_of_the_docstring_holds():
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_a_challenger_that_is_better_everywhere_takes_over():
    champion = losses(1)
    test = challenge(("old", champion), ("new", champion * 0.9), SERIES, 0.01)
    assert test.promoted
    assert test.gain == pytest.approx(0.1)
    assert "new loses 10.0% less than old" in test.reason


def test_a_tie_keeps_the_champion():
    champion = losses(1)
    assert not challenge(("old", champion), ("new", champion), SERIES, 0.0).promoted


def test_a_gain_below_the_margin_keeps_the_champion_however_sure_it_is():
    champion = losses(1)
    test = challenge(("old", champion), ("new", champion * 0.995), SERIES, 0.01)
    assert test.gain_low > 0
    assert not test.promoted
    assert "1.0% less would be needed" in test.reason


def test_a_gain_that_one_series_makes_is_chance():
    champion, one = losses(1), SERIES == 7
    challenger = np.where(one, champion, champion * 1.001)
    champion = np.where(one, champion * 30, champion)
    test = challenge(("old", champion), ("new", challenger), SERIES, 0.01)
    assert test.gain > 0.3
    assert not test.promoted
    assert "may be chance" in test.reason


def test_a_single_series_proves_nothing():
    one = np.zeros(3, dtype=int)
    assert not challenge(("old", np.full(3, 2.0)), ("new", np.full(3, 1.0)), one, 0.0).promoted


def test_origins_of_a_series_that_tell_the_same_count_as_one():
    champion, once = losses(1), np.arange(len(SERIES))
    challenger = champion * np.random.default_rng(2).uniform(0.6, 1.2, 40)[SERIES]
    clustered = challenge(("old", champion), ("new", challenger), SERIES, 0.0)
    apart = challenge(("old", champion), ("new", challenger), once, 0.0)
    assert clustered.gain == pytest.approx(apart.gain)
    assert clustered.gain_low < apart.gain_low


def test_nothing_compared_promotes_nobody():
    none = np.empty(0)
    test = challenge(("old", none), ("new", none), np.empty(0, dtype=int), 0.0)
    assert (test.gain, test.promoted) == (0.0, False)


@given(seed=st.integers(0, 2**16), scale=st.floats(0.01, 1000.0))
def test_neither_the_unit_nor_the_order_of_series_changes_the_verdict(seed, scale):
    champion, challenger = losses(seed), losses(seed + 1, mean=1.9)
    order = np.random.default_rng(seed).permutation(len(SERIES))
    one = challenge(("old", champion), ("new", challenger), SERIES, 0.01)
    other = challenge(("old", champion[order] * scale), ("new", challenger[order] * scale), SERIES[order], 0.01)
    assert other.gain == pytest.approx(one.gain)
    assert other.gain_low == pytest.approx(one.gain_low)
    assert one.gain_low <= one.gain <= one.gain_high


def test_of_challengers_that_are_as_good_one_in_twenty_passes_a_test_without_margin():
    tests = [challenge(("old", losses(seed)), ("new", losses(seed + 10_000)), SERIES, 0.0) for seed in range(1_000)]
    assert 0.03 <= np.mean([test.promoted for test in tests]) <= 0.07


@pytest.fixture(scope="module")
def menu(release):
    """Menus of two: regular series may be forecast by their mean, or by the latest four weeks."""
    menus = dict.fromkeys(release.forecast.candidates, ("HistoricAverage", "WindowAverage"))
    return release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})


@pytest.fixture(scope="module")
def moved(worlds):
    """A world whose demand doubled two months ago: the historic mean lags behind."""
    world = worlds(items=5, sites=6, length=150)
    latest = world.demand["bucket_start"] >= world.demand["bucket_start"].max() - pd.Timedelta(days=90)
    units = world.demand["demand_lower_bound_units"].where(~latest, world.demand["demand_lower_bound_units"] * 4)
    return type(world)(world.demand.assign(demand_lower_bound_units=units), world.features)


def standing(selection: Selection, champion: str) -> Selection:
    found = selection
    for choice in selection.choices:
        found = found.replaced(choice.segment, champion, "planner", "a try", dt.date(2025, 5, 5))
    return found


def test_a_standing_champion_that_loses_clearly_is_replaced_with_the_evidence(moved, menu):
    first = moved.forecast(menu).selection
    again = moved.forecast(menu, standing=standing(first, "HistoricAverage")).selection.choice_of("smooth")
    assert (again.champion, again.by) == ("WindowAverage", "backtest")
    assert again.evidence.promoted
    assert again.evidence.champion == "HistoricAverage"
    assert again.evidence.gain_low > 0


def test_a_standing_champion_that_is_as_good_stays_and_says_since_when(worlds, menu):
    world = worlds(items=5, sites=6, length=150)
    before = standing(world.forecast(menu).selection, "WindowAverage")
    kept = world.forecast(menu, standing=before).selection.choice_of("smooth")
    assert kept.champion == "WindowAverage"
    assert (kept.by, kept.since) == ("planner", dt.date(2025, 5, 5))
    assert not kept.evidence.promoted
    assert kept.evidence.challenger == "HistoricAverage"


def test_a_champion_that_left_the_menu_defends_nothing(moved, menu, release):
    first = moved.forecast(menu).selection
    tsb = dict.fromkeys(release.forecast.candidates, ("TSB",))
    other = release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": tsb})})
    assert moved.forecast(other, standing=first).selection.choice_of("smooth").champion == "TSB"


def test_a_champion_set_by_hand_forecasts_with_its_own_calibration(moved, menu):
    first = moved.forecast(menu).selection
    by_hand = first.replaced("smooth", "HistoricAverage", "planner", "a launch lifts the last weeks", LATER)
    made = moved.forecast(menu, selection=by_hand)
    chosen = made.forecast[made.forecast["demand_segment"] == "smooth"]
    assert set(chosen["model"]) == {"HistoricAverage"}
    own = by_hand.choice_of("smooth")
    assert own.calibration is own.calibrations[0]
    assert made.scores.loc[
        made.scores["is_champion"] & (made.scores["demand_segment"] == "smooth"), "model"
    ].tolist() == ["HistoricAverage"]


def pin(model: str) -> Pin:
    return Pin(model=model, since=LATER, by="Ann", reason="a launch")


@pytest.mark.parametrize("model", ["HistoricAverage", "WindowAverage"])
def test_a_selection_names_who_pinned_a_champion_and_why_also_where_the_backtest_agrees(moved, menu, model):
    found = moved.forecast(menu, pins={"smooth": pin(model)}).selection.choice_of("smooth")
    assert (found.champion, found.by, found.reason, found.since) == (model, "Ann", "a launch", LATER)


def test_what_a_person_pins_stands_whatever_the_backtest_says(moved, menu):
    pins = {"smooth": pin("HistoricAverage"), "lumpy": pin("WindowAverage")}
    made = moved.forecast(menu, pins=pins)
    assert made.selection.choice_of("smooth").champion == "HistoricAverage"
    again = moved.forecast(menu, selection=made.selection, pins=pins)
    pd.testing.assert_frame_equal(again.forecast, made.forecast, check_exact=True)


@pytest.mark.parametrize(("segment", "model"), [("smooth", "Prophet"), ("lumpy", "WindowAverage")])
def test_a_model_that_was_not_scored_is_refused_by_name(moved, menu, segment, model):
    with pytest.raises(EquipoiseError, match=f"{model} was not scored for segment {segment}"):
        moved.forecast(menu).selection.replaced(segment, model, "planner", "a try", LATER)


def test_evidence_survives_storage(moved, menu):
    first = standing(moved.forecast(menu).selection, "HistoricAverage")
    made = moved.forecast(menu, standing=first).selection
    again = Selection.of_document(json.loads(json.dumps(made.document())), made.fitted)
    assert again.version == made.version
    assert [choice.evidence for choice in again.choices] == [choice.evidence for choice in made.choices]


def test_the_loss_compared_is_the_loss_that_champions_are_chosen_by(moved, menu):
    ranged = moved.features.assign(category="")
    panel = build_panel(moved.demand, ranged, PlanCalendar(Bucket.DAY, "UTC"), dt.date(2025, 6, 30), 364)
    for each in backtest(panel, menu.forecast, 7).segments[0].tested:
        _, actual, scored = each.outcomes.over(0)
        total = decision_losses(each.outcomes).sum()
        assert total / actual[scored].sum() == pytest.approx(each.score.pinball_loss)


def test_the_margin_and_the_day_of_a_refit_leave_stored_selections_valid(moved, menu):
    first = moved.forecast(menu).selection
    rules = menu.forecast.model_copy(update={"promotion_margin": 0.05, "refit_days": 14})
    assert moved.forecast(menu.model_copy(update={"forecast": rules}), selection=first).selection.rules == first.rules
    assert replace(first, fitted=first.fitted.head(0)).rules == first.rules
