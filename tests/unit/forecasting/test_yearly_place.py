"""Where in the year a day lies: the same place every year, also where the year has a 53rd ISO week."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import demand_rows
from unit.forecasting.yearly_worlds import DAILY, THREE_YEARS

from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.yearly.factors import yearly_factors
from assets.forecasting.history.yearly.place import over_days, shares_of_parts, year_places
from assets.forecasting.history.yearly.weeks import weekly_totals

# ISO years 2020 and 2026 have a week 53: of the first, 28 December to 3 January 2021.
LAST_WEEK = {2020: dt.date(2020, 12, 28), 2026: dt.date(2026, 12, 28)}
HORIZON = 28


def days_of(plan_date: dt.date, start: int, stop: int) -> list[dt.date]:
    return [plan_date + dt.timedelta(days=ahead) for ahead in range(start, stop)]


def wave(days: list[dt.date]) -> np.ndarray:
    """A season that changes fastest where the year turns."""
    return np.array([1.0 + 0.8 * np.sin(2.0 * np.pi * (day.timetuple().tm_yday - 1) / 365.25) for day in days])


def peak(days: list[dt.date]) -> np.ndarray:
    """Three times the demand before Christmas, within a few weeks."""
    away = np.array([(day.timetuple().tm_yday - 356 + 182) % 365 - 182 for day in days])
    return 1.0 + 2.0 * np.exp(-0.5 * (away / 9.0) ** 2)


def test_a_day_has_the_same_place_every_year_and_the_next_day_the_next():
    for year, first in LAST_WEEK.items():
        assert first.isocalendar()[:2] == (year, 53)
        places = year_places(DAILY, first, -800, 400)
        steps = np.mod(np.diff(places), 52.0)
        assert steps == pytest.approx(52.0 / 365.25, rel=0.005)
        of_christmas = [place for place, day in zip(places, days_of(first, -800, 400), strict=True) if day.day == 25]
        assert np.ptp([place for place in of_christmas if place > 50.0]) < 0.01


def test_factors_are_those_of_the_parts_in_their_middle_and_run_straight_between():
    factors = np.arange(52.0)[None]
    assert over_days(factors, np.array([0.0, 10.0, 10.25, 51.5, 52.0, -0.5])).tolist() == [
        [0.0, 10.0, 10.25, 25.5, 0.0, 25.5]
    ]
    shares = shares_of_parts(np.array([3.0, 10.25, 51.5]))
    assert shares @ factors[0] == pytest.approx([3.0, 10.25, 25.5])
    assert shares.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [wave, peak])
@pytest.mark.parametrize(
    "plan_date",
    [LAST_WEEK[2026] - dt.timedelta(days=14), LAST_WEEK[2026], LAST_WEEK[2020] + dt.timedelta(days=350)],
    ids=["ahead", "first of the horizon", "last year"],
)
def test_an_iso_year_of_53_weeks_makes_no_jump_and_no_gap(plan_date, shape):
    truth = shape(days_of(plan_date, -THREE_YEARS, HORIZON))
    units = np.random.default_rng(1).poisson(np.tile(50.0 * truth[:THREE_YEARS], (8, 1))).astype(float)
    totals = weekly_totals(units, np.ones(units.shape, dtype=bool))
    places = year_places(DAILY, plan_date, -THREE_YEARS, HORIZON)
    found = yearly_factors(totals, np.zeros(8, dtype=np.int64), places, THREE_YEARS).factors[0]
    assert np.isfinite(found).all()
    assert np.abs(np.diff(found)).max() < 1.15 * np.abs(np.diff(truth)).max() / truth[-365:].mean()
    ahead = truth[THREE_YEARS:] / shape(days_of(plan_date, 0, 365)).mean()
    assert found[THREE_YEARS:] == pytest.approx(ahead, rel=0.05 if shape is wave else 0.15)


@pytest.mark.parametrize("year", LAST_WEEK)
def test_the_days_of_week_53_are_forecast_in_season(release, year):
    first, length = LAST_WEEK[year], THREE_YEARS
    plan_date = first - dt.timedelta(days=7)
    truth = 30.0 * wave(days_of(plan_date, -length, HORIZON))
    random, names = np.random.default_rng(4), [f"item-{place}" for place in range(8)]
    rows = [demand_rows(random.poisson(truth[:length]), item=name, plan_date=plan_date) for name in names]
    ranged = pd.DataFrame({"item_id": names, "site_id": "store-0", "demand_segment": "smooth"})
    demand = pd.concat(rows, ignore_index=True)
    made = forecast_demand(demand, ranged, release, DAILY, plan_date, HORIZON).forecast
    mean = made.groupby("bucket_index")["mean_units"].mean().to_numpy()
    assert np.isfinite(mean).all()
    # Weekdays are told of no more than eight series.
    assert mean == pytest.approx(truth[length:], rel=0.08)
    assert mean[7:14].sum() == pytest.approx(truth[length + 7 : length + 14].sum(), rel=0.03)
