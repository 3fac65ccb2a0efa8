"""The season of the year beside promotions, prices and holidays: neither takes what the other did."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import PLAN_DATE, World
from unit.forecasting.yearly_worlds import THREE_YEARS, calendar_of, event, network, panel_of, swing

from assets.forecasting.evaluation.backtest import known_at
from assets.forecasting.history.effects_table import NETWORK
from assets.forecasting.history.without_drivers import taken_of, without_drivers
from assets.forecasting.history.yearly.season import yearly_season

HORIZON, LEVEL, SIZE = 28, 20.0, 0.5
UPLIFT, ELASTICITY, FEAST = 2.5, -2.0, 3.0
LOW_PRICE = 0.85
SEASON = swing(THREE_YEARS, SIZE, HORIZON)
# Each year's Feast lies elsewhere, twice in the rise of the season and once in its fall.
FEASTS = (-1_080, -700, -355, -180, 8)


def driven(
    *, promoted: bool = True, priced: bool = True, feasts: tuple[int, ...] = FEASTS
) -> tuple[World, pd.DataFrame, np.ndarray]:
    """Twelve series whose promotions are all in high season; their events, and the true means ahead, (12, H)."""
    random, length = np.random.default_rng(11), THREE_YEARS
    high = np.flatnonzero(SEASON[:length] > 1.0 + 0.6 * SIZE)
    factor, price = np.tile(SEASON, (12, 1)), np.ones((12, length))
    rows, flags = [], np.zeros((12, length), dtype=bool)
    for item in range(4):
        series, name = slice(item, None, 4), f"item-{item}"
        days = np.concatenate([random.choice(high, 12, replace=False) - length, [10]]) if promoted else []
        for day in days:
            rows.append(event("Promotion", int(day), 5, event_kind="promotion", item_id=name))
            run = slice(length + int(day), length + int(day) + 5)
            flags[series, run] = True
            factor[series, run] = SEASON[run] * UPLIFT
        starts = np.arange(item * 9, length - 40, 112) if priced else []
        for start in starts:
            quiet = ~flags[item, start : start + 14]
            price[series, start : start + 14] = np.where(quiet, LOW_PRICE, 1.0)
            factor[series, start : start + 14] *= np.where(quiet, LOW_PRICE**ELASTICITY, 1.0)
        if priced and item == 1:
            rows.append(event("New price", 18, 7, event_kind="other", item_id=name, unit_price=LOW_PRICE))
            factor[series, length + 18 : length + 25] *= LOW_PRICE**ELASTICITY
    for day in feasts:
        rows.append(event("Feast", day, 2))
        factor[:, length + day : length + day + 2] *= FEAST
    world = network(LEVEL * factor[:, :length], horizon=HORIZON)
    told = world.demand.assign(is_promoted=flags[:, :length].ravel(), unit_price=price.ravel())
    return replace(world, demand=told), calendar_of(*rows), LEVEL * factor[:, length:]


def factors_of(world: World, events: pd.DataFrame | None) -> np.ndarray:
    """Return the season's factors of the panel and the days ahead, shape (364 + H,)."""
    season = taken_of(panel_of(world, events=events)).season
    return season.factors[0]


def test_season_promotions_prices_and_holidays_are_forecast_together(release):
    world, events, truth = driven()
    made = world.forecast(release, events=events)
    means = made.forecast.pivot(index=["site_id", "item_id"], columns="bucket_index", values="mean_units").to_numpy()
    assert means.sum(axis=0) == pytest.approx(truth.sum(axis=0), rel=0.12)
    assert means.sum() == pytest.approx(truth.sum(), rel=0.03)
    assert means.sum(axis=1) == pytest.approx(truth.sum(axis=1), rel=0.1)
    effect = made.effects[made.effects["category"] == NETWORK].set_index("driver")["effect"]
    assert effect["promotion"] == pytest.approx(UPLIFT, rel=0.05)
    assert effect["price"] == pytest.approx(ELASTICITY, rel=0.15)
    assert effect["event"] == pytest.approx(FEAST, rel=0.1)
    assert effect["season"] == pytest.approx(SEASON[-HORIZON:].mean(), rel=0.04)


def test_promotions_of_high_season_make_no_season_and_no_season_makes_an_uplift():
    alone = factors_of(driven(promoted=False, priced=False, feasts=())[0], None)
    world, events, _ = driven(priced=False, feasts=())
    panel = panel_of(world, events=events)
    taken = taken_of(panel)
    assert taken.season.factors[0] == pytest.approx(alone, rel=0.04)
    assert taken.effects.uplift == pytest.approx(UPLIFT, rel=0.1)
    plain, _ = without_drivers(panel, taken.effects)
    assert plain.demand.reshape(12, 4, 91).mean(axis=(0, 2)) == pytest.approx(LEVEL, rel=0.05)


def test_without_their_promotions_taken_out_high_season_would_be_higher():
    world, events, _ = driven(priced=False, feasts=())
    panel = panel_of(world, events=events)
    beside = yearly_season(panel, taken_of(panel).effects)
    assert yearly_season(panel, None).factors.max() > 1.1 * beside.factors.max()


def test_what_a_panel_keeps_of_one_season_is_no_answer_for_that_beside_other_effects():
    world, events, _ = driven(priced=False, feasts=())
    panel = panel_of(world, events=events)
    effects = taken_of(panel).effects
    twice = replace(effects, uplift=2.0 * effects.uplift)
    first, other, again = (yearly_season(panel, of).factors for of in (effects, twice, effects))
    assert not np.array_equal(first, other)
    assert np.array_equal(first, again)


def test_a_holiday_in_the_rise_of_a_season_is_told_from_it():
    world, events, _ = driven(promoted=False, priced=False)
    taken = taken_of(panel_of(world, events=events))
    assert taken.effects.network_events == pytest.approx(FEAST, rel=0.08)
    ahead = taken.ahead()
    assert ahead[:, 8:10].mean() / ahead[:, [7, 10]].mean() == pytest.approx(FEAST, rel=0.08)
    assert taken.season.factors[0] == pytest.approx(SEASON[-364 - HORIZON :], rel=0.06)


CUT = 364 - HORIZON  # the youngest origin, as a column of the panel
LATE = {
    "promotion": {"event_kind": "promotion", "item_id": "item-0"},
    "price": {"event_kind": "other", "item_id": "item-0", "unit_price": LOW_PRICE},
    "holiday": {},
}


def told_after(days: int) -> dt.datetime:
    """Return a time so many days after the cutoff of the youngest origin."""
    return dt.datetime.combine(PLAN_DATE - dt.timedelta(days=HORIZON), dt.time(4)) + dt.timedelta(days=days)


@pytest.mark.parametrize("kind", LATE)
def test_an_origin_sees_no_event_that_is_announced_after_it_and_the_plan_does(kind):
    world, events, _ = driven()

    def panel_told(starts_in: int, available_at: dt.datetime):
        name = "Feast" if kind == "holiday" else kind
        late = calendar_of(event(name, starts_in, 3, **{**LATE[kind], "available_at": available_at}))
        return panel_of(world, events=pd.concat([events, late], ignore_index=True))

    def ahead(panel, column: int) -> np.ndarray:
        return known_at(panel, column, HORIZON, np.array([0])).history.driven[0]

    never = ahead(panel_of(world, events=events), CUT)
    # Days on which nothing else happens, five after either origin, and the youngest was told in time or too late.
    in_time, late = (ahead(panel_told(2 - HORIZON, told_after(days)), CUT) for days in (0, 1))
    assert np.array_equal(late, never)
    assert (in_time[2:5] / never[2:5] > 1.3).all()
    assert np.array_equal(np.delete(in_time, [2, 3, 4]), np.delete(never, [2, 3, 4]))
    at_plan = without_drivers(panel_told(2, told_after(HORIZON + 9)))[1][0]
    without = without_drivers(panel_of(world, events=events))[1][0]
    assert (at_plan[2:5] / without[2:5] > 1.3).all()


def test_a_holiday_told_late_is_taken_out_of_the_season_of_later_origins_as_one_told_in_time():
    world, events, _ = driven(promoted=False, priced=False)
    late = events.assign(available_at=told_after(60))
    seasons = [taken_of(panel_of(world, events=told).until(CUT)).season for told in (events, late)]
    assert np.array_equal(seasons[0].factors, seasons[1].factors)
