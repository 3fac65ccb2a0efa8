"""Drift: what is right asks for nothing, what has moved is found within days, and stock-outs decide nothing."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from unit.monitoring.drift_samples import DAYS, FIRST, demand_of, drawn, forecasts, scores

from assets.kernel.frames.monitoring import ALL_SEGMENTS, FORECAST_DRIFT, PIT_COLUMNS
from assets.monitoring.alerts import drift_alerts, message
from assets.monitoring.control_chart import LIMIT, MINIMUM_POINTS
from assets.monitoring.drift import by_day, forecast_drift
from assets.monitoring.earlier_forecasts import LOOK_BACK
from assets.monitoring.forecast_outcomes import next_bucket_windows, standing_demand, whole_horizon_windows
from assets.monitoring.recalibration import NEXT_BUCKET, judge

LEVELS = np.geomspace(0.2, 20.0, 40)


def windows_of(units: np.ndarray, stock: np.ndarray | None = None, levels: np.ndarray = LEVELS) -> pd.DataFrame:
    forecast = forecasts(levels, len(units))
    return next_bucket_windows(forecast, standing_demand(demand_of(forecast, units, stock)))


def table_of(windows: pd.DataFrame, restarts: dict[str, dt.date] | None = None) -> pd.DataFrame:
    day = windows["plan_date"].max().date() + dt.timedelta(days=1)
    return forecast_drift({1: windows}, scores(), restarts or {}, day).table


def first_request(windows: pd.DataFrame) -> int | None:
    """Return how many plan dates were known when the segment first asked, each looking back as the asset does."""
    days = by_day(windows)
    for known in range(MINIMUM_POINTS, len(days) + 1):
        seen = days.iloc[max(0, known - LOOK_BACK) : known]
        if judge("smooth", NEXT_BUCKET, seen, None, None)["recalibration_requested"]:
            return known
    return None


def of_segment(table: pd.DataFrame) -> pd.Series:
    return table[table["demand_segment"] == "smooth"].iloc[0]


def test_forecasts_that_are_right_are_found_right() -> None:
    row = of_segment(table_of(windows_of(drawn(LEVELS, 28, seed=1))))
    assert abs(row["bias"]) < 0.05
    assert row["pit_coverage_80"] == pytest.approx(0.8, abs=0.03)
    assert row[list(PIT_COLUMNS)].to_numpy(dtype=float) == pytest.approx(np.full(10, 0.1), abs=0.04)
    assert row["pinball_loss"] > 0
    assert row["backtest_pinball_loss"] == 0.2
    assert not row["recalibration_requested"]
    assert row["reason"] == f"Both charts are within {LIMIT:g}"


@pytest.mark.parametrize(("shift", "word"), [(1.5, "low"), (0.6, "high")])
def test_a_level_that_moves_by_half_is_found_within_five_plan_dates(shift: float, word: str) -> None:
    since, many = 30, np.tile(LEVELS, 5)
    windows = windows_of(drawn(many, 40, seed=2, shift=shift, since=since), levels=many)
    found = first_request(windows)
    assert found is not None
    assert since < found <= since + 5
    row = of_segment(table_of(windows[windows["plan_date"] < pd.Timestamp(FIRST) + pd.Timedelta(days=found)]))
    assert f"too {word} over the last" in row["reason"]


def test_bands_that_are_too_narrow_are_found_although_the_level_is_right() -> None:
    windows = windows_of(drawn(LEVELS, 28, seed=3))
    # The same demand, at distributions half as wide as they should be.
    narrow = windows.assign(
        pit_lower=np.clip(0.5 + 2 * (windows["pit_lower"] - 0.5), 0, 1),
        pit_upper=np.clip(0.5 + 2 * (windows["pit_upper"] - 0.5), 0, 1),
    )
    row = of_segment(table_of(narrow))
    assert row["coverage_signal"] <= -LIMIT
    assert "80 % band held" in row["reason"]


def test_censored_buckets_do_not_bias() -> None:
    many = np.tile(LEVELS, 20)
    units = drawn(many, 28, seed=4)
    stock = np.random.default_rng(5).poisson(many * 1.1, size=units.shape).astype(float)
    windows = windows_of(units, stock, many)
    row = of_segment(table_of(windows))
    assert row["lower_bound_count"] > 0.2 * row["window_count"]
    assert abs(row["bias"]) < 0.02
    assert row["pit_coverage_80"] == pytest.approx(0.8, abs=0.01)
    assert row[list(PIT_COLUMNS)].to_numpy(dtype=float) == pytest.approx(np.full(10, 0.1), abs=0.01)
    known = windows[windows["is_known"]]
    assert known["demand_units"].sum() < 0.8 * known["forecast_units"].sum(), "leaving them out would bias"


def test_a_bucket_that_nobody_reported_drops_out_of_both_sides() -> None:
    forecast = forecasts(LEVELS, 10)
    demand = demand_of(forecast, drawn(LEVELS, 10, seed=6))
    silent = demand["bucket_start"] == pd.Timestamp(FIRST)
    windows = next_bucket_windows(forecast, standing_demand(demand[~silent]))
    assert len(windows) == 9 * len(LEVELS)
    assert of_segment(table_of(windows))["origin_count"] == 9


def test_the_latest_version_of_a_bucket_counts() -> None:
    forecast = forecasts(LEVELS, 1)
    demand = demand_of(forecast, drawn(LEVELS, 1, seed=7))
    later = demand.assign(demand_lower_bound_units=99, available_at=demand["available_at"] + pd.Timedelta(days=1))
    windows = next_bucket_windows(forecast, standing_demand(pd.concat([later, demand])))
    assert set(windows["demand_units"]) == {99.0}


def test_versions_known_at_the_same_time_are_told_apart_by_what_they_say() -> None:
    demand = demand_of(forecasts(np.array([2.0]), 1), np.array([[3.0]])).assign(batch_id="b-2")
    both = pd.concat([demand, demand.assign(demand_lower_bound_units=9, batch_id="b-1")])
    assert list(standing_demand(both)["lower_units"]) == list(standing_demand(both[::-1])["lower_units"]) == [3.0]


def test_a_window_over_the_horizon_adds_its_buckets_up_and_fills_the_unknown_ones() -> None:
    levels = np.array([4.0, 8.0])
    last = forecasts(levels * 4, 1, bucket_index=3)
    start = pd.Timestamp(FIRST)
    means = pd.concat([last.assign(bucket_start=start + pd.Timedelta(days=day), mean_units=levels) for day in range(4)])
    demand = demand_of(means, np.array([[5, 9], [3, 7], [2, 6], [4, 1]])).assign(
        is_censored=[False, False, False, False, False, True, False, False]
    )
    standing = standing_demand(demand)
    silent = standing[~((standing["item_id"] == "item-000") & (standing["bucket_start"] == start))]
    windows = whole_horizon_windows(last, means, silent)
    assert windows["is_known"].tolist() == [False, False]
    # A silent bucket counts its mean; a censored one at least its lower bound and more than its mean.
    assert windows["demand_units"].iloc[0] == 4.0 + 3 + 2 + 4
    assert windows["demand_units"].iloc[1] > 9 + 7 + 8.0 + 1
    few = standing[standing["bucket_start"] == start]
    assert whole_horizon_windows(last, means, few).empty


def test_the_whole_horizon_and_the_network_are_shown_and_ask_for_nothing() -> None:
    windows = windows_of(drawn(LEVELS, 28, seed=8, shift=3.0, since=14))
    day = FIRST + dt.timedelta(days=28)
    table = forecast_drift({1: windows, 14: windows}, scores(), {}, day).table
    asked = table[table["recalibration_requested"]]
    assert asked[["demand_segment", "horizon_buckets"]].to_numpy().tolist() == [["smooth", 1]]
    assert table.loc[table["demand_segment"] == ALL_SEGMENTS, "reason"].str.startswith("Shown only").all()


def test_a_request_is_told_once_and_forecasts_made_before_it_ask_no_more() -> None:
    windows = windows_of(drawn(LEVELS, 20, seed=9, shift=2.0, since=14))
    day = FIRST + dt.timedelta(days=20)
    alerts = drift_alerts(table_of(windows))
    assert alerts[["rule", "severity", "action"]].to_numpy().tolist() == [
        ["forecast_drift_of_smooth", "warning", "warn"]
    ]
    title, body = message(alerts.to_dict("records")[0])
    assert title == "[warning] demand_forecast: forecast drift of smooth"
    assert "too low over the last" in body
    after = of_segment(table_of(windows, {"smooth": day}))
    assert not after["recalibration_requested"]
    assert after["reason"].startswith("No forecast of the selection in force made after the last request")
    assert drift_alerts(table_of(windows, {"smooth": day})).empty


def test_drift_that_goes_on_after_a_refit_asks_again() -> None:
    windows = windows_of(drawn(LEVELS, 28, seed=10, shift=2.0, since=14))
    row = of_segment(table_of(windows, {"smooth": FIRST + dt.timedelta(days=20)}))
    assert row["recalibration_requested"]
    assert row["charted_origin_count"] == 7


def test_what_the_selection_before_forecast_asks_for_no_refit_after_it() -> None:
    windows = windows_of(drawn(LEVELS, 20, seed=9, shift=2.0, since=14))
    day = FIRST + dt.timedelta(days=20)

    def found(since: int) -> pd.Series:
        return of_segment(forecast_drift({1: windows}, scores(), {}, day, FIRST + dt.timedelta(days=since)).table)

    assert found(0)["recalibration_requested"]
    assert not found(20)["recalibration_requested"]
    assert found(20)["reason"].startswith("No forecast of the selection in force")
    # Two of its own forecasts are not enough to tell; four are.
    assert [found(since)["recalibration_requested"] for since in (18, 16)] == [False, True]
    assert found(16)["charted_from"] == pd.Timestamp(FIRST + dt.timedelta(days=16))


def test_of_a_request_and_a_refit_the_later_one_starts_the_charts() -> None:
    windows = windows_of(drawn(LEVELS, 20, seed=9, shift=2.0, since=14))
    days = [FIRST + dt.timedelta(days=after) for after in (20, 15, 17)]
    tables = [
        forecast_drift({1: windows}, scores(), {"smooth": request}, days[0], since).table
        for request, since in (days[1:], (days[2], days[1]))
    ]
    assert [of_segment(table)["charted_origin_count"] for table in tables] == [3, 2]


def test_what_the_backtest_has_shown_already_is_no_drift() -> None:
    windows = windows_of(drawn(LEVELS, 28, seed=11, shift=1.3, since=0))
    day = FIRST + dt.timedelta(days=28)
    assert of_segment(forecast_drift({1: windows}, scores(), {}, day).table)["recalibration_requested"]
    known = forecast_drift({1: windows}, scores(bias=-0.3, coverage=0.72), {}, day).table
    assert not of_segment(known)["recalibration_requested"]


def test_the_first_days_are_a_valid_table_that_asks_for_nothing() -> None:
    empty = forecast_drift({}, scores(), {}, FIRST)
    assert list(empty.table.columns) == FORECAST_DRIFT.names
    assert empty.table.empty
    assert drift_alerts(empty.table).empty
    few = of_segment(table_of(windows_of(drawn(LEVELS, 3, seed=12, shift=9.0, since=0))))
    assert few["reason"] == f"Not judged yet: 3 of {MINIMUM_POINTS} plan dates"
    assert pd.isna(few["level_signal"])


@pytest.mark.parametrize("levels", [np.zeros(3), np.array([1e-9, 0.0])])
def test_series_that_never_sell_leave_no_number_that_is_none(levels: np.ndarray) -> None:
    table = table_of(windows_of(np.zeros((10, len(levels))), levels=np.maximum(levels, 1e-12)))
    reals = table.select_dtypes("float64").dropna(axis=1).to_numpy()
    assert np.isfinite(reals).all()
    assert not table["recalibration_requested"].any()


def test_the_order_of_rows_decides_nothing() -> None:
    forecast = forecasts(LEVELS, 10)
    demand = demand_of(forecast, drawn(LEVELS, 10, seed=13))
    one = next_bucket_windows(forecast, standing_demand(demand))
    other = next_bucket_windows(
        forecast.sort_values(["item_id", "plan_date"]), standing_demand(demand.sample(frac=1, random_state=1))
    ).sort_values(["plan_date", "forecast_units"], kind="stable")
    ordered = one.sort_values(["plan_date", "forecast_units"], kind="stable")
    pd.testing.assert_frame_equal(ordered.reset_index(drop=True), other.reset_index(drop=True))


@pytest.mark.slow
@pytest.mark.parametrize("common", [0.0, 0.15])
def test_forecasts_that_are_right_rarely_ask_in_two_hundred_days(common: float) -> None:
    assert sum(first_request(stable(seed, common)) is not None for seed in range(20)) <= 2


def stable(seed: int, common: float) -> pd.DataFrame:
    """Return windows of right forecasts; all series of a day share a shock."""
    levels, rng = LEVELS[::2], np.random.default_rng(seed)
    shock = np.exp(rng.normal(-(common**2) / 2, common, size=(DAYS, 1)))
    mean = levels[None, :] * shock
    return windows_of(rng.negative_binomial(2.0, 2.0 / (2.0 + mean)).astype(float), levels=levels)


def test_a_window_loses_at_the_level_of_its_own_item_site():
    one = forecasts(LEVELS, 3)
    level = np.where(one["item_id"] == "item-000", 0.5, 0.9)
    demand = standing_demand(demand_of(one, drawn(LEVELS, 3, seed=21)))
    told = next_bucket_windows(one.assign(decision_level=level), demand)
    plain = [next_bucket_windows(one.assign(decision_level=each), demand) for each in (0.5, 0.9)]
    mine = next_bucket_windows(one, demand)["forecast_units"].to_numpy() == LEVELS[0]
    expected = np.where(mine, plain[0]["pinball_units"], plain[1]["pinball_units"])
    assert np.array_equal(told["pinball_units"], expected)
    assert not np.array_equal(plain[0]["pinball_units"], plain[1]["pinball_units"])
