"""What a plan looks back at: earlier plan dates only, only as it was known then, never twice the same days."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
from unit.monitoring.drift_samples import FIRST, demand_of, drawn, forecasts, scores

from assets.kernel.calendar import AsKnown, Bucket, PlanCalendar
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.forecasts import CHAMPIONS, DEMAND_FORECAST
from assets.kernel.frames.marts import FCT_DEMAND
from assets.kernel.frames.monitoring import FORECAST_DRIFT
from assets.kernel.frames.schema import Frame, Kind
from assets.kernel.published import Published
from assets.monitoring.drift import forecast_drift
from assets.monitoring.earlier_forecasts import in_force_since, last_requests, outcome_windows

LEVELS = np.array([2.0, 5.0])
CALENDAR = PlanCalendar(Bucket.DAY, "UTC")
HORIZON = 3
PLAN_DATE = FIRST + dt.timedelta(days=8)


def filled(frame: Frame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a frame with something in every column that they lack."""
    some = {Kind.TEXT: "-", Kind.DATE: pd.Timestamp(FIRST), Kind.TIME: pd.Timestamp(FIRST), Kind.FLAG: False}
    lacking = {c.name: some.get(c.kind, 0) for c in frame.columns if c.name not in rows.columns}
    return rows.assign(**lacking)


def publish_state(published: Published, day: dt.date, run_id: str, as_known: AsKnown) -> None:
    rows = pd.DataFrame({"plan_date": [pd.Timestamp(day)], "feed": ["demand_sales"], "as_known": [as_known.value]})
    published.write(FEED_STATE, filled(FEED_STATE, rows), day, run_id)


def publish_forecast(
    published: Published, day: dt.date, run_id: str = "run", as_known: AsKnown = AsKnown.THEN, scale: float = 1.0
) -> None:
    made = forecasts(LEVELS * scale, 1)
    parts = [
        made.assign(
            bucket_index=index,
            plan_date=pd.Timestamp(day),
            bucket_start=pd.Timestamp(day + dt.timedelta(days=index)),
            cumulative_mean_units=made["mean_units"] * (index + 1),
        )
        for index in range(HORIZON)
    ]
    published.write(DEMAND_FORECAST, filled(DEMAND_FORECAST, pd.concat(parts)), day, run_id)
    publish_state(published, day, run_id, as_known)


def publish_demand(published: Published, plan_date: dt.date, days: int) -> None:
    demand = demand_of(forecasts(LEVELS, days), drawn(LEVELS, days, seed=1))
    published.write(FCT_DEMAND, filled(FCT_DEMAND, demand), plan_date, "run")


def network(folder: Path, days: int = 12) -> Published:
    published = Published(folder)
    for day in range(days):
        publish_forecast(published, FIRST + dt.timedelta(days=day))
    publish_demand(published, PLAN_DATE, days=12)
    return published


def windows(published: Published) -> dict[int, pd.DataFrame]:
    return dict(outcome_windows(published, PLAN_DATE, CALENDAR, HORIZON))


def origins(found: pd.DataFrame) -> list[int]:
    return sorted({(day.date() - FIRST).days for day in found["plan_date"]})


def test_a_backfill_sees_neither_later_forecasts_nor_later_demand(tmp_path: Path) -> None:
    found = windows(network(tmp_path))
    assert origins(found[1]) == [0, 1, 2, 3, 4, 5, 6, 7]
    until = windows(network(tmp_path / "then", days=8))
    pd.testing.assert_frame_equal(found[1], until[1])
    pd.testing.assert_frame_equal(found[HORIZON], until[HORIZON])


def test_windows_over_the_horizon_are_over_and_do_not_overlap(tmp_path: Path) -> None:
    assert origins(windows(network(tmp_path))[HORIZON]) == [2, 5]


def test_forecasts_with_hindsight_are_left_out_for_those_made_before_them(tmp_path: Path) -> None:
    published = network(tmp_path)
    before = windows(published)[1]
    publish_forecast(published, FIRST, "hindsight", AsKnown.NOW, scale=9.0)
    pd.testing.assert_frame_equal(windows(published)[1], before)
    only = Published(tmp_path / "only")
    publish_forecast(only, FIRST, "hindsight", AsKnown.NOW)
    publish_demand(only, PLAN_DATE, days=12)
    assert windows(only) == {}


def test_the_first_plan_date_has_nothing_to_look_back_at(tmp_path: Path) -> None:
    published = Published(tmp_path)
    publish_demand(published, PLAN_DATE, days=12)
    assert windows(published) == {}
    assert last_requests(published, PLAN_DATE) == {}


def test_the_last_request_before_a_plan_date_is_found_and_no_later_one(tmp_path: Path) -> None:
    published = network(tmp_path)
    table = forecast_drift(windows(published), scores(), {}, PLAN_DATE).table
    asks = table.assign(recalibration_requested=table["demand_segment"] == "smooth")
    for day in (2, 4, 10):
        date = FIRST + dt.timedelta(days=day)
        published.write(FORECAST_DRIFT, asks.assign(plan_date=pd.Timestamp(date)), date, "run")
    assert last_requests(published, PLAN_DATE) == {"smooth": FIRST + dt.timedelta(days=4)}


def publish_champions(published: Published, day: int, version: str, as_known: AsKnown = AsKnown.THEN) -> None:
    date, run_id = FIRST + dt.timedelta(days=day), f"{version}-{as_known}"
    rows = pd.DataFrame({"demand_segment": ["smooth"], "selection_version": version, "plan_date": pd.Timestamp(date)})
    published.write(CHAMPIONS, filled(CHAMPIONS, rows), date, run_id)
    publish_state(published, date, run_id, as_known)


def since(published: Published, version: str) -> int | None:
    found = in_force_since(published, PLAN_DATE, pd.DataFrame({"selection_version": [version]}))
    return None if found is None else (found - FIRST).days


def test_a_selection_is_in_force_since_the_first_of_the_dates_in_a_row_that_it_forecast(tmp_path: Path) -> None:
    published = Published(tmp_path)
    for day, version in enumerate(["a", "a", "b", "b", "a", "a", "a", "a"]):
        publish_champions(published, day, version)
    publish_champions(published, 9, "a")
    assert since(published, "a") == 4, "what it forecast before it was replaced and brought back is of then"
    assert since(published, "c") == 8, "chosen by the plan itself"
    publish_champions(published, 6, "hindsight", AsKnown.NOW)
    assert since(published, "a") == 4
    assert since(Published(tmp_path / "none"), "a") == 8
    assert in_force_since(published, PLAN_DATE, CHAMPIONS.empty()) is None
