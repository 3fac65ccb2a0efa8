"""Demand of intervals ahead: learned from windows of any beginning, published small, applied to many at once."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assets.forecasting.evaluation.calibrate import LEVELS, Calibration, calibrate, calibrated, untested
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.intervals import IntervalForecast, interval_calibration, interval_forecast
from assets.forecasting.registry.selection import Selection
from assets.kernel.frames.forecasts import INTERVAL_CALIBRATION

PLAN_DATE = dt.date(2025, 6, 30)
HORIZON = 6


def outcomes_of(mean: float, demand: np.ndarray, known: np.ndarray | None = None) -> Outcomes:
    rows = len(demand)
    told = np.ones(demand.shape, dtype=bool) if known is None else known
    whole, ones = np.arange(rows), np.ones(rows)
    units, none = np.where(told, demand, 0.0), np.zeros(demand.shape)
    return Outcomes(np.full(demand.shape, mean), units, told, whole, whole * 0, ones, ones, 0.9 * ones, none)


def forecast_of(means: dict[str, list[float]], model: str = "m", segment: str = "smooth", std: float = 3.0):
    rows = [
        {
            "item_id": item, "site_id": "s", "bucket_index": bucket, "demand_segment": segment, "model": model,
            "cumulative_mean_units": float(np.sum(mean[: bucket + 1])), "cumulative_std_units": std,
        }
        for item, mean in means.items()
        for bucket in range(len(mean))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def table_of(calibration: Calibration) -> pd.DataFrame:
    return interval_calibration(Selection(PLAN_DATE, "rules", (), calibration, pd.DataFrame()), PLAN_DATE)


def known_of(calibration: Calibration, means: dict[str, list[float]], **told) -> IntervalForecast:
    return interval_forecast(forecast_of(means, **told), table_of(calibration))


def one(known: IntervalForecast, first: int, last: int):
    return known.over(np.array([0]), np.array([first]), np.array([last]))


def test_intervals_of_poisson_demand_have_its_quantiles():
    demand = np.random.default_rng(1).poisson(6.0, (4000, HORIZON)).astype(float)
    known = known_of(calibrated(outcomes_of(6.0, demand), untested(HORIZON)), {"i": [6.0] * HORIZON})
    found = one(known, 2, 3)
    assert found.mean[0] == pytest.approx(12.0)
    assert found.std[0] == pytest.approx(np.sqrt(12.0), rel=0.05)
    assert found.quantiles[0] == pytest.approx(stats.poisson(12.0).ppf(LEVELS), abs=1.0)


def test_an_error_of_the_level_does_not_widen_an_interval_as_differences_of_variances_would():
    random = np.random.default_rng(2)
    level = random.gamma(4.0, 0.25, 3000)  # shared by all buckets of an outcome
    demand = random.poisson(6.0 * level[:, None], (3000, HORIZON)).astype(float)
    made = calibrated(outcomes_of(6.0, demand), untested(HORIZON))
    found = one(known_of(made, {"i": [6.0] * HORIZON}), 5, 5).std[0]
    cumulative = made.deviation_of(np.cumsum(np.full((1, HORIZON), 6.0), axis=1), np.array([6.0]))[0]
    assert found == pytest.approx(np.sqrt(6.0 + 36.0 / 4.0), rel=0.05)
    assert np.sqrt(cumulative[5] ** 2 - cumulative[4] ** 2) > 1.5 * found


def test_windows_of_one_length_are_pooled_over_their_beginnings():
    quiet = np.full((200, HORIZON), 5.0)
    loud = quiet.copy()
    loud[:, -1] = np.random.default_rng(3).poisson(5.0, 200)
    made = calibrated(outcomes_of(5.0, loud), untested(HORIZON))
    assert (made.deviation[0, 0], made.interval_deviation[0, 0] > 0) == (0.0, True)


def test_few_windows_take_the_wider_pool_and_none_at_all_too():
    wider = untested(HORIZON)
    few = outcomes_of(5.0, np.full((10, HORIZON), 5.0))
    unknown = outcomes_of(5.0, np.zeros((500, HORIZON)), np.zeros((500, HORIZON), dtype=bool))
    for outcomes in (few, few.rows(np.zeros(10, dtype=bool)), unknown):
        made = calibrated(outcomes, wider)
        assert (made.interval_quantiles == wider.interval_quantiles[0]).all()
        assert (made.interval_deviation == wider.interval_deviation[0]).all()


def test_a_length_that_nobody_saw_from_elsewhere_stays_that_from_the_origin():
    demand = np.random.default_rng(4).poisson(5.0, (300, HORIZON)).astype(float)
    outcomes = outcomes_of(5.0, demand)
    made = calibrated(outcomes, untested(HORIZON))
    assert (made.interval_quantiles[:, -1] == calibrate(outcomes, untested(HORIZON)).quantiles[:, -1]).all()


@given(
    means=st.lists(st.floats(0.0, 50.0), min_size=HORIZON, max_size=HORIZON),
    first=st.integers(0, HORIZON + 2),
    model=st.sampled_from(["m", "analogue"]),
    seed=st.integers(0, 99),
)
def test_quantiles_never_cross_are_never_negative_and_do_not_fall_when_the_interval_grows(means, first, model, seed):
    rough = np.sort(np.random.default_rng(seed).normal(0.0, 2.0, (1, HORIZON, len(LEVELS))), axis=2)
    known = known_of(replace(untested(HORIZON), interval_quantiles=rough), {"i": means}, model=model)
    found = [one(known, first, last).quantiles[0] for last in range(first, HORIZON + 4)]
    assert np.isfinite(found).all()
    assert np.min(found) >= 0.0
    assert (np.diff(found, axis=1) >= 0.0).all()
    assert (np.diff(found, axis=0) >= -1e-9).all()


def test_an_analogue_has_the_gamma_poisson_of_its_published_spread():
    # Six buckets of 2 units with shape 3: variance 12 + 144 / 3 = 60.
    known = known_of(untested(HORIZON), {"i": [2.0] * HORIZON}, model="analogue", std=np.sqrt(60.0))
    found = one(known, 2, 3)
    assert found.std[0] == pytest.approx(np.sqrt(4.0 + 16.0 / 3.0))
    assert found.quantiles[0] == pytest.approx(stats.nbinom(3.0, 3.0 / 7.0).ppf(LEVELS))


def test_no_buckets_hold_no_demand_and_the_mean_goes_on_beyond_the_horizon():
    known = known_of(untested(HORIZON), {"i": [1.0, 2.0, 3.0, 4.0, 5.0, 3.0]})
    assert one(known, 2, 1).mean[0] == one(known, 2, 1).std[0] == one(known, 2, 1).quantiles.max() == 0.0
    assert one(known, 1, 3).mean[0] == pytest.approx(9.0)
    assert one(known, HORIZON, HORIZON + 1).mean[0] == pytest.approx(6.0)


def test_each_series_has_the_group_of_its_level_and_unknown_segments_the_network_s():
    wide = untested(HORIZON)
    loud = replace(
        wide,
        edges=np.array([3.0]),
        interval_quantiles=np.concatenate([wide.interval_quantiles, 2 * wide.interval_quantiles]),
        interval_deviation=np.concatenate([wide.interval_deviation, 2 * wide.interval_deviation]),
    )
    known = known_of(loud, {"a": [1.0] * HORIZON, "b": [5.0] * HORIZON}, segment="never seen")
    found = known.over(np.array([0, 1]), np.array([0, 0]), np.array([0, 0]))
    assert found.std == pytest.approx(np.sqrt(2.0 * (np.array([1.0, 5.0]) + 0.05)) * [1.0, 2.0])


def test_the_order_of_rows_decides_nothing_and_the_table_keeps_to_its_frame():
    made = calibrated(outcomes_of(6.0, np.random.default_rng(1).poisson(6.0, (400, HORIZON)) * 1.0), untested(HORIZON))
    table, forecast = table_of(made), forecast_of({"a": [6.0] * HORIZON, "b": [0.5] * HORIZON})
    INTERVAL_CALIBRATION.conform(table)
    rows, first, last = np.arange(2), np.array([[1, 2], [1, 2]]), np.array([[3, 2], [3, 2]])
    told = interval_forecast(forecast, table).over(rows, first, last)
    mixed = interval_forecast(forecast.sample(frac=1.0, random_state=1), table.sample(frac=1.0, random_state=2))
    assert (mixed.over(rows, first, last).quantiles == told.quantiles).all()
    assert told.quantiles.shape == (2, 2, len(LEVELS))
