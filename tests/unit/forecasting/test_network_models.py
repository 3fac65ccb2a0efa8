"""The models of all series on the menu: fitted once, stored as text, and champions only where they are better."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.models import known as module
from assets.forecasting.models.candidates import candidate, forecast_means
from assets.forecasting.registry.championship import selected
from assets.forecasting.registry.records import Pin
from assets.forecasting.registry.selection import Selection
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError

GLOBAL = ("ShrunkenMean", "Combination", "Boosted")
HORIZON, DATE = 4, dt.date(2025, 6, 30)


def menu_of(release, *names: str):
    menus = dict.fromkeys(release.forecast.candidates, names)
    return release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})


@pytest.fixture(scope="module")
def boosted(release):
    return menu_of(release, "Boosted")


@pytest.fixture(scope="module")
def made(world, boosted):
    return world.forecast(boosted)


def stored(selection: Selection) -> Selection:
    return Selection.of_document(json.loads(json.dumps(selection.document())), selection.fitted.copy())


def test_a_stored_selection_forecasts_without_a_fit_to_the_bit_and_with_the_same_stamp(
    world, boosted, made, monkeypatch
):
    monkeypatch.setattr(module, "fit_boosted", None)
    again = world.forecast(boosted, selection=stored(made.selection))
    assert made.selection.boosted.taught
    pd.testing.assert_frame_equal(again.forecast, made.forecast, check_exact=True)
    pd.testing.assert_frame_equal(again.scores, made.scores, check_exact=True)
    assert again.selection.version == made.selection.version


def test_a_selection_stored_before_there_was_a_model_of_all_series_is_refused_in_one_line(made):
    document = made.selection.document()
    del document["boosted"]
    with pytest.raises(EquipoiseError, match="no selection: KeyError 'boosted'"):
        Selection.of_document(document, made.selection.fitted)


def test_no_model_of_all_series_is_fitted_where_nobody_asks_it(world, release, monkeypatch):
    monkeypatch.setattr(module, "fit_boosted", None)
    assert world.forecast(menu_of(release, "TSB", "ShrunkenMean")).selection.boosted is None


def pin(model: str) -> Pin:
    return Pin(model=model, since=dt.date(2025, 6, 30), by="Ann", reason="a try")


def test_a_selection_whose_champion_was_set_by_hand_learns_what_it_lacks(world, release):
    menu = menu_of(release, "ShrunkenMean", "TSB", "Boosted")
    first = world.forecast(menu, pins={"smooth": pin("TSB"), "intermittent": pin("TSB")}).selection
    assert first.boosted is None
    pinned = world.forecast(menu, selection=first, pins={"smooth": pin("Boosted")})
    assert pinned.selection.boosted.taught
    assert set(pinned.forecast.loc[pinned.forecast["demand_segment"] == "smooth", "model"]) == {"Boosted"}


def test_the_model_of_a_backtest_never_saw_what_it_forecasts(boosted):
    panel = weekly_panel(np.random.default_rng(3).poisson(6.0, (40, 90)))
    oldest = panel.length - boosted.forecast.origins * HORIZON
    later = panel.demand.copy()
    later[:, oldest:] *= 5
    tested = [backtest(replace(panel, demand=demand), boosted.forecast, HORIZON) for demand in (panel.demand, later)]
    means = [found.segments[0].outcomes.mean[found.segments[0].outcomes.origin == oldest] for found in tested]
    assert tested[0].boosted.taught
    assert tested[0].boosted.trees == tested[1].boosted.trees
    np.testing.assert_array_equal(*means)


def test_where_all_series_move_together_the_boosted_model_wins(release):
    """The network's level jumps every ten weeks; what a series alone takes for noise all of them show."""
    random = np.random.default_rng(5)
    regime = np.repeat(random.choice([0.5, 1.0, 2.0], 15), 10)[-140:]
    units = random.poisson(2.0 * regime, (80, 140))
    rules = menu_of(release, "SimpleExponentialSmoothing", "Boosted").forecast
    assert backtest(weekly_panel(units), rules, HORIZON).segments[0].champion.name == "Boosted"


def test_where_there_is_nothing_to_learn_the_boosted_model_does_not_take_over(release):
    units = np.random.default_rng(5).poisson(np.geomspace(2.0, 30.0, 60)[:, None], (60, 120))
    rules = menu_of(release, "HistoricAverage", "Boosted").forecast
    found = backtest(weekly_panel(units), rules, HORIZON)
    panel = weekly_panel(units)
    stood = selected(
        backtest(panel, menu_of(release, "HistoricAverage").forecast, HORIZON), HORIZON, DATE, "", panel.index
    )
    after = selected(found, HORIZON, DATE, "", panel.index, standing=stood, margin=rules.promotion_margin)
    assert after.choice_of("smooth").champion == "HistoricAverage"


def test_a_network_that_taught_nothing_names_the_shrunken_mean(rows, world, boosted):
    features = pd.DataFrame({"item_id": ["a"], "site_id": ["s"], "demand_segment": ["smooth"]})
    made = type(world)(rows(np.full(12, 4), item="a", site="s"), features).forecast(boosted)
    assert set(made.forecast["model"]) == {"ShrunkenMean"}
    assert made.forecast["mean_units"].mean() == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("name", GLOBAL)
def test_some_rows_of_a_panel_are_forecast_as_all_are(name):
    panel = weekly_panel(np.random.default_rng(3).poisson(3.0, (30, 80)))
    choice, phase = candidate(name, Bucket.WEEK), np.arange(28, 32)
    history, some = fill_censored(panel), np.array([3, 4, 17, 29])
    every = forecast_means(choice, panel, history, np.arange(panel.size), phase)
    np.testing.assert_array_equal(forecast_means(choice, panel, history, some, phase), every[some])
    assert (every > 0).all()


def test_the_combination_lies_between_its_parts():
    panel = weekly_panel(np.random.default_rng(3).poisson(3.0, (30, 80)))
    told = [
        forecast_means(candidate(name, Bucket.WEEK), panel, fill_censored(panel), np.arange(30), np.arange(28, 32))
        for name in GLOBAL
    ]
    np.testing.assert_allclose(told[1], 0.3 * told[0] + 0.7 * told[2])
