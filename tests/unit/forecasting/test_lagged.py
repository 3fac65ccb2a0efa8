"""mlforecast's model of all series: what teaches it, what it sees of the buckets ahead, and what stands in for it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.drivers import Announced, Drivers
from assets.forecasting.models.candidates import candidate, forecast_means
from assets.forecasting.models.known import Known
from assets.forecasting.models.lagged import lagged_means
from assets.kernel.calendar import Bucket
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS

HORIZON = np.arange(28, 32)


def means_of(panel):
    return lagged_means(panel, fill_censored(panel), HORIZON)


def with_drivers(panel, *, promoted, planned, price=None, price_ahead=None, horizon=2):
    count, length = panel.demand.shape
    ahead = np.zeros((count, length + horizon), dtype=bool)
    ahead[:, length:] = planned
    announced = Announced(ahead, price_ahead, (), np.zeros(count, dtype=np.int64), np.zeros((1, 0, length + horizon)))
    return replace(panel, drivers=Drivers(promoted, price, announced, horizon))


def test_it_is_near_the_truth_of_series_of_every_level():
    truth = np.geomspace(2.0, 200.0, 60)
    found = means_of(weekly_panel(np.random.default_rng(5).poisson(truth[:, None], (60, 120))))
    assert np.abs(found - truth[:, None]).mean() < 0.12 * truth.mean()


def test_what_a_series_takes_for_noise_its_category_tells():
    """Two categories whose levels jump; four weeks of a series of 0.2 or 1.5 units do not tell which it is at."""
    random = np.random.default_rng(1)
    levels = np.repeat(random.choice([0.2, 1.5], (2, 20)), 7, axis=1)[:, :136]
    levels[:, -4:] = [[0.2], [1.5]]
    truth = levels[np.arange(60) // 2 % 2]
    # No week of the year tells anything.
    panel = replace(weekly_panel(random.poisson(truth)), phase=np.zeros(136, dtype=np.int64))
    found = lagged_means(panel, fill_censored(panel), np.zeros(4, dtype=np.int64))
    assert np.abs(found[:, 0] - truth[:, -1]).mean() < 0.12


def test_unknown_buckets_are_lags_by_their_estimate_and_teach_nothing():
    """Half of the buckets unknown and estimated at nothing: what is known of the others is forecast."""
    random = np.random.default_rng(5)
    units = random.poisson(20.0, (60, 120))
    observed = random.random(units.shape) > 0.5
    panel = weekly_panel(np.where(observed, units, 0), observed=observed)
    history = fill_censored(panel)
    estimated = replace(history, units=np.where(observed, history.units, 0.0))
    assert lagged_means(panel, estimated, HORIZON).mean() == pytest.approx(20.0, rel=0.05)


def test_the_order_of_series_changes_no_bit_and_neither_does_another_run():
    panel = weekly_panel(np.random.default_rng(3).poisson(np.geomspace(2, 40, 40)[:, None], (40, 90)))
    order = np.random.default_rng(4).permutation(40)
    found = means_of(panel)
    np.testing.assert_array_equal(means_of(panel), found)
    np.testing.assert_array_equal(means_of(panel.take(order)), found[order])


def test_a_price_ahead_reaches_the_trees_relative_to_the_usual_one():
    """Demand of 20 falls to 5 where the price doubles; no factor tells it, as the price of the past says nothing."""
    random = np.random.default_rng(5)
    price = np.where(random.random((60, 120)) < 0.5, 1.0, 2.0).astype(np.float32) * 3
    panel = weekly_panel(random.poisson(np.where(price > 3, 5.0, 20.0)))
    ahead = np.full((60, 122), np.nan, dtype=np.float32)
    none = np.zeros(panel.demand.shape, dtype=bool)
    told = {}
    for now in (3.0, 6.0):
        ahead[:, 120:] = now
        driven = with_drivers(panel, promoted=none, planned=False, price=price, price_ahead=ahead.copy())
        told[now] = lagged_means(driven, fill_censored(panel), HORIZON)
    assert told[3.0][:, :2].mean() == pytest.approx(20.0, rel=0.15)
    assert told[6.0][:, :2].mean() == pytest.approx(5.0, rel=0.15)
    # Nothing is announced of the last two buckets: the price of the shelf goes on.
    assert told[3.0][:, 2:].mean() == pytest.approx(20.0, rel=0.15)


def test_a_promotion_ahead_reaches_the_trees():
    random = np.random.default_rng(5)
    promoted = random.random((60, 120)) < 0.2
    panel = weekly_panel(random.poisson(np.where(promoted, 30.0, 10.0)))
    told = [
        lagged_means(with_drivers(panel, promoted=promoted, planned=planned), fill_censored(panel), HORIZON)
        for planned in (False, True)
    ]
    assert told[0][:, :2].mean() == pytest.approx(10.0, rel=0.15)
    assert told[1][:, :2].mean() == pytest.approx(30.0, rel=0.15)


@pytest.mark.parametrize("units", [np.full((4, 20), 3), np.zeros((60, 120))], ids=["few lessons", "nothing sold"])
def test_where_the_past_teaches_nothing_the_shrunken_mean_stands_in(units):
    panel = weekly_panel(units)
    choice, rows = candidate("MLForecast", Bucket.WEEK), np.arange(panel.size)
    known = Known(panel, fill_censored(panel), HORIZON, panel, rows)
    found = choice.forecast(known, rows)
    assert found.stood_in.all()
    shrunken = forecast_means(candidate("ShrunkenMean", Bucket.WEEK), panel, fill_censored(panel), rows, HORIZON)
    np.testing.assert_array_equal(found.mean, shrunken)


def test_a_plan_that_names_it_is_whole(worlds, release):
    menus = dict.fromkeys(release.forecast.candidates, ("MLForecast",))
    named = release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})
    world = worlds(items=8, sites=4, length=120)
    found = world.forecast(named)
    own = found.forecast[found.forecast["model"] == "MLForecast"]
    assert len(own) > 0.9 * len(found.forecast)
    assert np.isfinite(own.select_dtypes("number").to_numpy()).all()
    assert (np.diff(own[list(QUANTILE_COLUMNS)].to_numpy(), axis=1) >= 0).all()
    pd.testing.assert_frame_equal(world.forecast(named, selection=found.selection).forecast, found.forecast)
