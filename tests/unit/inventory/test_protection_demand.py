"""Demand between the arrival of an order placed now and that of the next."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.evaluation.calibrate import untested
from assets.forecasting.intervals import interval_calibration, interval_forecast
from assets.forecasting.registry.selection import Selection
from assets.inventory.protection_demand import protection_demand
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import INTERVAL_COLUMNS

PLAN_DATE = dt.date(2025, 6, 30)  # that of the network's frames
CALIBRATION = interval_calibration(Selection(PLAN_DATE, "rules", (), untested(21), pd.DataFrame()), PLAN_DATE)


def told(network: Any, *, shuffled: bool = False) -> pd.DataFrame:
    forecast, *frames = network.frames()
    forecast = forecast.assign(demand_segment="smooth", model="m")
    tables = [forecast, CALIBRATION, *frames[:-1]]
    if shuffled:
        tables = [table.sample(frac=1.0, random_state=1) for table in tables]
    found = protection_demand(*tables, PlanCalendar(network.bucket, "UTC"), PLAN_DATE)
    return found.set_index("site_id")


def test_it_begins_at_the_arrival_and_lasts_one_review(network):
    settings = {**network.settings, ("i", "a"): {"review_days": 3}}
    found = told(network.with_(settings=settings))
    assert list(found.index) == ["a", "b"]  # the hub forecasts nothing of its own
    assert found.loc["a", ["first_bucket", "last_bucket", "mean_units"]].tolist() == [2, 4, 15.0]
    assert found.loc["b", ["first_bucket", "last_bucket", "mean_units"]].tolist() == [2, 2, 3.0]


def test_it_is_what_forecasting_says_of_these_buckets(network):
    forecast = network.frames()[0].assign(demand_segment="smooth", model="m")
    bucket = np.array([2])
    expected = interval_forecast(forecast, CALIBRATION).over(np.array([0]), bucket, bucket)
    found = told(network).loc["a"]
    assert found["std_units"] == expected.std[0]
    assert found[list(INTERVAL_COLUMNS)].tolist() == expected.quantiles[0].tolist()


def test_waiting_for_a_departure_delays_the_arrival(network):
    lanes = tuple({**lane, "departure_days": "3"} for lane in network.lanes)
    assert told(network.with_(lanes=lanes))["first_bucket"].tolist() == [4, 4]


def test_a_lead_time_that_spreads_over_buckets_widens_mean_and_spread_not_the_quantiles(network, lead_time_rows):
    sure, spread = (told(network.with_(lead_times=lead_time_rows(d))) for d in ({3: 1.0}, {2: 0.5, 4: 0.5}))
    assert spread.loc["a", "first_bucket"] == 3
    assert spread.loc["a", "protection_std_units"] > 1.5 * sure.loc["a", "protection_std_units"]
    assert spread.loc["a", list(INTERVAL_COLUMNS)].tolist() == sure.loc["a", list(INTERVAL_COLUMNS)].tolist()


def test_lead_times_within_one_bucket_change_nothing(network, lead_time_rows):
    weekly = network.with_(bucket=Bucket.WEEK, lead_times=lead_time_rows({9: 0.5, 13: 0.5}))
    found = told(weekly).loc["a"]
    assert (found["first_bucket"], found["last_bucket"]) == (2, 2)
    assert found["protection_std_units"] == pytest.approx(found["std_units"])


def test_without_a_source_or_a_forecast_there_is_no_row(network):
    assert list(told(network.with_(lanes=network.lanes[:1])).index) == ["a"]
    frames = network.frames()
    nothing = protection_demand(
        frames[0].head(0), CALIBRATION, *frames[1:-1], PlanCalendar(Bucket.DAY, "UTC"), PLAN_DATE
    )
    assert nothing.empty
    PROTECTION_DEMAND.conform(nothing)


def test_the_order_of_rows_decides_nothing(network):
    pd.testing.assert_frame_equal(told(network, shuffled=True), told(network))
