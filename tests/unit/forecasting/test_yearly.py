"""The season of the year of daily demand: found where years agree, of each category, and followed by series."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import PLAN_DATE, World
from unit.forecasting.yearly_worlds import DAILY, THREE_YEARS, network, panel_of, swing

from assets.forecasting.evaluation.backtest import known_at
from assets.forecasting.history.effects_table import NETWORK, SEASON, effects_table
from assets.forecasting.history.without_drivers import taken_of, without_drivers
from assets.forecasting.history.yearly.amplitude import amplitudes
from assets.forecasting.history.yearly.factors import YearlyFactors, yearly_factors
from assets.forecasting.history.yearly.place import year_places
from assets.forecasting.history.yearly.season import yearly_season
from assets.forecasting.history.yearly.weeks import WeeklyTotals, weekly_totals


def found_in(
    mean: np.ndarray, category: np.ndarray | None = None, *, seed: int = 3, horizon: int = 0
) -> YearlyFactors | None:
    units = np.random.default_rng(seed).poisson(mean).astype(float)
    length = units.shape[1]
    totals = weekly_totals(units, np.ones(units.shape, dtype=bool))
    places = year_places(DAILY, PLAN_DATE, -length, horizon)
    codes = np.zeros(len(units), dtype=np.int64) if category is None else category
    return yearly_factors(totals, codes, places, length)


def latest(world: World, days: int) -> World:
    since = pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=days)
    return World(world.demand[world.demand["bucket_start"] >= since], world.features, horizon=world.horizon)


def test_weeks_are_counted_back_from_the_plan_and_know_how_many_days_tell():
    observed = np.ones((1, 17), dtype=bool)
    observed[0, 3:7] = False  # the first whole week has three days left, the second all
    told = weekly_totals(np.arange(17.0)[None], observed)
    assert told.units.tolist() == [[0.0, sum(range(10, 17))]]
    assert told.days.tolist() == [[0.0, 7.0]]


@pytest.mark.parametrize("plan_date", [PLAN_DATE + dt.timedelta(days=ahead) for ahead in range(0, 7, 3)])
def test_the_season_is_drawn_through_the_days_whatever_weekday_the_plan_is_on(plan_date):
    mean = np.tile(50.0 * swing(), (4, 1))
    totals = weekly_totals(mean, np.ones(mean.shape, dtype=bool))
    places = year_places(DAILY, plan_date, -THREE_YEARS, 60)
    found = yearly_factors(totals, np.zeros(4, dtype=np.int64), places, THREE_YEARS)
    truth = 1.0 + 0.8 * np.sin(2.0 * np.pi * np.arange(60) / 365.25)
    assert found.factors[0, THREE_YEARS:] == pytest.approx(truth, rel=0.05)
    assert np.abs(np.diff(found.factors[0])).max() < 0.06, "no step from week to week"


def test_two_years_tell_a_season_and_less_do_not():
    assert found_in(np.tile(20.0 * swing(728), (16, 1))) is not None
    assert found_in(np.tile(20.0 * swing(727), (16, 1))) is None


def test_steady_and_growing_demand_has_no_season():
    for mean in (np.ones(THREE_YEARS), np.exp(np.linspace(0.0, 1.0, THREE_YEARS)), np.exp(-np.linspace(0.0, 2.0, 730))):
        assert not any(found_in(np.tile(8.0 * mean, (20, 1)), seed=seed) for seed in range(20))


def test_a_level_that_wanders_is_seldom_taken_for_a_season():
    random = np.random.default_rng(5)
    found = 0
    for seed in range(60):
        level = np.exp(np.repeat(np.cumsum(random.normal(0.0, 0.04, 105)), 7))
        found += found_in(np.tile(8.0 * level, (10, 1)), seed=seed) is not None
    assert found <= 3


def test_categories_of_opposite_seasons_each_have_their_own():
    category = np.repeat([0, 1], 8)
    mean = np.where(category[:, None] == 0, 20.0 * swing(), 20.0 * (2.0 - swing()))
    factors = found_in(mean, category).factors
    assert factors[0] == pytest.approx(swing(), abs=0.12)
    assert factors[1] == pytest.approx(2.0 - swing(), abs=0.12)


def test_a_category_of_few_units_has_the_network_s_season():
    category = np.repeat([0, 1], [12, 1])
    mean = np.where(category[:, None] == 0, 20.0, 0.05) * swing()
    factors = found_in(mean, category).factors
    assert factors[1] == pytest.approx(factors[0], rel=0.01)


def test_a_series_follows_its_category_as_far_as_its_own_years_say():
    flat = np.arange(20) % 4 == 0
    mean = np.where(flat[:, None], 30.0, 30.0 * swing(size=0.5))
    amplitude = found_in(mean).amplitude
    assert amplitude[flat] == pytest.approx(0.0, abs=0.2)
    assert amplitude[~flat].min() > 1.0, "the category's season is weaker than theirs, since some have none"


def test_series_that_all_follow_are_left_at_what_they_are():
    assert found_in(np.tile(20.0 * swing(size=0.5), (30, 1))).amplitude == pytest.approx(1.0, abs=0.1)


def test_a_series_that_tells_nothing_follows_its_category():
    season = 1.0 + 0.5 * np.sin(2.0 * np.pi * np.arange(156) / 52.0)
    season = np.tile(season, (4, 1))
    expected = np.full((4, 156), 40.0)
    demand = np.random.default_rng(2).poisson(expected * [[1.0], [1.0], [1.0], [0.0]] * season).astype(float)
    expected[3] = 0.0
    assert amplitudes(demand, expected, season)[3] == 1.0


def test_where_nothing_is_known_there_is_no_season():
    nothing = np.zeros((2, 104))
    places = year_places(DAILY, PLAN_DATE, -728, 7)
    assert yearly_factors(WeeklyTotals(nothing, nothing), np.zeros(2, dtype=np.int64), places, 728) is None


def test_a_network_with_a_yearly_season_is_forecast_with_it(release):
    made = network(np.tile(20.0 * swing(), (8, 1))).forecast(release)
    truth = 20.0 * (42 + 0.8 * np.sin(2.0 * np.pi * np.arange(42) / 365.25).sum())
    last = made.forecast[made.forecast["bucket_index"] == 41]
    assert last["cumulative_mean_units"].mean() == pytest.approx(truth, rel=0.06)
    assert last["cumulative_q05_units"].mean() < truth < last["cumulative_q95_units"].mean()
    shown = made.effects[made.effects["driver"] == SEASON].set_index("category")
    assert shown.loc[NETWORK, "effect"] == pytest.approx(truth / 20.0 / 42.0, rel=0.06)
    assert shown["is_used"].all()


def test_a_season_that_passes_its_mean_within_the_horizon_is_used_all_the_same():
    taken = taken_of(panel_of(network(np.tile(20.0 * swing(), (8, 1)))))
    factors = taken.season.factors.copy()
    factors[:, 364:] = np.linspace(1.1, 0.9, 42)
    shown = effects_table(replace(taken, season=replace(taken.season, factors=factors)), PLAN_DATE)
    assert shown["effect"].to_numpy() == pytest.approx(1.0)
    assert shown["is_used"].all()
    factors[:] = 1.0
    unused = effects_table(replace(taken, season=replace(taken.season, factors=factors)), PLAN_DATE)
    assert not unused["is_used"].any()


def test_a_network_without_one_is_forecast_to_the_bit_as_from_the_panel_alone(release):
    world = network(np.full((8, THREE_YEARS), 8.0), horizon=7)
    pd.testing.assert_frame_equal(
        world.forecast(release).forecast, latest(world, 364).forecast(release).forecast, check_exact=True
    )


def test_with_less_than_two_years_at_the_oldest_origin_nothing_changes(release):
    world = network(np.tile(20.0 * swing(), (8, 1)), horizon=14)
    least = 728 + release.forecast.origins * 14
    of_panel, short, enough = (latest(world, days).forecast(release).forecast for days in (364, least - 1, least))
    pd.testing.assert_frame_equal(short, of_panel, check_exact=True)
    assert not enough["mean_units"].equals(of_panel["mean_units"])


def test_an_origin_knows_the_season_of_its_own_past_only():
    world = network(np.tile(20.0 * swing(), (8, 1)), horizon=14)
    cut = 364 - 14
    later = world.demand["bucket_start"] >= pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=14)
    altered = world.demand.assign(
        demand_lower_bound_units=np.where(later, 500, world.demand["demand_lower_bound_units"])
    )
    one, two = (
        known_at(panel_of(World(told, world.features, horizon=14)), cut, 14, np.arange(8))
        for told in (world.demand, altered)
    )
    assert np.array_equal(one.history.driven, two.history.driven)
    assert np.array_equal(one.history.level, two.history.level)
    assert one.history.driven.shape == (8, 14)


def wandering(size: float, seed: int) -> np.ndarray:
    """Weekly levels that wander together, with a season; means of twelve series of three years."""
    random, level = np.random.default_rng(seed), np.zeros(157)
    for week in range(1, 157):
        level[week] = 0.5 * level[week - 1] + random.normal(0.0, 0.13)
    return np.tile(8.0 * np.exp(np.repeat(level, 7)[:THREE_YEARS]) * swing(size=size), (12, 1))


@pytest.mark.parametrize("opposite", [False, True], ids=["network", "categories"])
def test_whose_season_counts_is_asked_of_the_plan_and_holds_at_every_origin(opposite):
    mean, categories = wandering(0.2, seed=5 if opposite else 7), {"item-1": "other", "item-3": "other"}
    if opposite:
        mean[1::2] *= (2.0 - swing(size=0.2)) / swing(size=0.2)
    panel = panel_of(network(mean, horizon=28), categories=categories if opposite else None)
    unasked = replace(panel, longer=replace(panel.longer, year_groups=None))
    origins = [364 - 28 * origin for origin in (1, 2, 3)]
    alone, found = ([taken_of(told.until(cut)).season for cut in origins] for told in (unasked, panel))
    counted = panel.longer.year_groups
    assert any(season is None or season.groups != counted for season in alone), "some origin alone would say otherwise"
    assert all(season.groups == counted for season in found)
    at_plan = taken_of(panel).season
    assert counted == at_plan.groups == taken_of(unasked).season.groups
    assert np.array_equal(at_plan.factors, taken_of(unasked).season.factors)
    # What is of the season at each is much alike, since only the strength of the evidence differs.
    past = [season.factors[:, :280] for season in [*found, at_plan]]
    assert max(np.abs(one - past[-1]).max() for one in past) < 0.06


def test_where_nothing_is_asked_a_season_is_shrunk_by_how_little_years_agree():
    waves, days = 1.0 + 0.5 * np.sin(np.arange(104) / 52 * 2.0 * np.pi), np.full((1, 104), 7.0)
    places, has_season = year_places(DAILY, PLAN_DATE, -728, 0), np.array([False, True])
    none, one, both = (
        yearly_factors(WeeklyTotals(700.0 * of[None], days), np.zeros(1, dtype=np.int64), places, 728, has_season)
        for of in (np.ones(104), np.where(np.arange(104) < 52, waves, 1.0), waves)
    )
    assert none is None
    assert np.abs(one.factors - 1.0).max() < 0.15, "what one year has alone is hardly a season"
    assert np.abs(both.factors - 1.0).max() > 0.4


def test_the_order_of_series_does_not_matter():
    panel = panel_of(network(np.tile(20.0 * swing(), (8, 1)), horizon=14))
    other = np.random.default_rng(1).permutation(8)
    plain, ahead = without_drivers(panel)
    shuffled, shuffled_ahead = without_drivers(panel.take(other))
    assert np.array_equal(plain.demand[other], shuffled.demand)
    assert np.array_equal(ahead[other], shuffled_ahead)


def test_what_was_taken_out_is_what_is_put_back():
    panel = panel_of(network(np.tile(20.0 * swing(), (8, 1)), horizon=14))
    plain, ahead = without_drivers(panel)
    assert (plain.demand * plain.driven[:, :364]) == pytest.approx(panel.demand, rel=1e-5)
    assert plain.driven[:, 364:] == pytest.approx(ahead, rel=1e-5)
    assert plain.longer is None
    assert yearly_season(plain, None) is None
    quarters = plain.demand.reshape(8, 4, 91).mean(axis=(0, 2))
    assert quarters == pytest.approx(20.0, rel=0.06)
