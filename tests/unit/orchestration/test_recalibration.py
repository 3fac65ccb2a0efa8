"""What drift asks for after a plan reaches the models of the plans after it, once, and never from hindsight."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from assets.forecasting.registry.records import RefitRequested
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.frames import Frame
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.monitoring import FORECAST_DRIFT, PROCESS_DRIFT
from assets.kernel.frames.schema import Kind
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from orchestration.recalibration import request_refits

MONDAY = dt.date(2026, 1, 5)
BLANK: dict[Kind, Any] = {
    Kind.TEXT: "x", Kind.INTEGER: 1, Kind.REAL: 0.5, Kind.FLAG: False,
    Kind.DATE: pd.Timestamp(MONDAY), Kind.TIME: pd.Timestamp(MONDAY),
}  # fmt: skip


def rows_of(frame: Frame, *rows: dict[str, Any]) -> pd.DataFrame:
    return frame.conform(pd.DataFrame([{c.name: BLANK[c.kind] for c in frame.columns} | row for row in rows]))


def drifted(tmp_path: Path, *segments: str, as_known: str = "then") -> NetworkHome:
    """Return a network whose plan of Monday found drift in segments."""
    home = NetworkHome(tmp_path)
    published = Published(home.published)
    found = [
        {"demand_segment": name, "recalibration_requested": name in segments, "reason": f"{name} is off"}
        for name in ("lumpy", "smooth")
    ]
    published.write(FEED_STATE, rows_of(FEED_STATE, {"as_known": as_known}), MONDAY, "run-1")
    published.write(FORECAST_DRIFT, rows_of(FORECAST_DRIFT, *found), MONDAY, "run-1")
    return home


def requests(home: NetworkHome) -> list[RefitRequested]:
    return [*ModelRegistry(home.root).log().of(RefitRequested)]


def test_segments_that_drift_ask_for_a_refit_and_say_why(tmp_path: Path) -> None:
    home = drifted(tmp_path, "lumpy")
    assert request_refits(home, MONDAY) == ["lumpy"]
    assert requests(home) == [RefitRequested(asked_for=MONDAY, segments=("lumpy",), why="lumpy: lumpy is off")]


def test_the_same_drift_asks_once_however_often_it_is_delivered(tmp_path: Path) -> None:
    home = drifted(tmp_path, "lumpy", "smooth")
    assert request_refits(home, MONDAY) == request_refits(home, MONDAY) == ["lumpy", "smooth"]
    assert len(requests(home)) == 1


def test_without_drift_or_with_hindsight_nothing_is_asked(tmp_path: Path) -> None:
    calm, seen = drifted(tmp_path / "calm"), drifted(tmp_path / "seen", "lumpy", as_known="now")
    assert [request_refits(home, MONDAY) for home in (calm, seen)] == [[], []]
    assert [requests(home) for home in (calm, seen)] == [[], []]


def test_a_date_that_was_never_judged_asks_for_nothing(tmp_path: Path) -> None:
    assert request_refits(NetworkHome(tmp_path), MONDAY) == []


def shifted(home: NetworkHome, day: dt.date, first_told: dt.date, *signals: str, as_known: str = "then") -> None:
    """Publish that the plan of a day found levels shifted."""
    published = Published(home.published)
    found = [
        {
            "signal": kind, "member": member, "plan_date": pd.Timestamp(day),
            "has_drifted": f"{kind} {member}" in signals, "first_told": pd.Timestamp(first_told),
            "reason": "it is 30 % above",
        }
        for kind, member in (("demand", "smooth"), ("demand", "all"), ("lead_time", "purchase S"), ("feed", "sales"))
    ]  # fmt: skip
    published.write(FEED_STATE, rows_of(FEED_STATE, {"as_known": as_known}), day, "run-1")
    published.write(PROCESS_DRIFT, rows_of(PROCESS_DRIFT, *found), day, "run-1")


def test_a_segment_whose_demand_has_shifted_asks_once_a_shift_and_not_every_day(tmp_path: Path) -> None:
    home, tuesday = NetworkHome(tmp_path), MONDAY + dt.timedelta(days=1)
    shifted(home, MONDAY, MONDAY, "demand smooth")
    shifted(home, tuesday, MONDAY, "demand smooth")
    assert request_refits(home, MONDAY) == request_refits(home, MONDAY) == ["smooth"]
    assert request_refits(home, tuesday) == []
    [asked] = requests(home)
    assert (asked.asked_for, asked.shifts) == (MONDAY, {"smooth": MONDAY})
    assert asked.why == "demand of smooth: it is 30 % above"


def test_the_next_shift_of_the_same_segment_asks_again(tmp_path: Path) -> None:
    home, later = NetworkHome(tmp_path), MONDAY + dt.timedelta(days=60)
    shifted(home, MONDAY, MONDAY, "demand smooth")
    shifted(home, later, later, "demand smooth", "demand all")
    assert (request_refits(home, MONDAY), request_refits(home, later)) == (["smooth"], ["all", "smooth"])


def test_a_shift_whose_first_day_did_not_come_to_ask_is_asked_for_the_day_after(tmp_path: Path) -> None:
    home, tuesday = NetworkHome(tmp_path), MONDAY + dt.timedelta(days=1)
    shifted(home, tuesday, MONDAY, "demand smooth")
    assert request_refits(home, tuesday) == ["smooth"]


def test_forecasts_and_levels_that_drift_on_one_day_are_one_request(tmp_path: Path) -> None:
    home = drifted(tmp_path, "lumpy")
    shifted(home, MONDAY, MONDAY, "demand smooth")
    assert request_refits(home, MONDAY) == request_refits(home, MONDAY) == ["lumpy", "smooth"]
    [asked] = requests(home)
    assert (asked.segments, asked.shifts) == (("lumpy", "smooth"), {"smooth": MONDAY})
    assert asked.why == "lumpy: lumpy is off; demand of smooth: it is 30 % above"


def test_lead_times_and_feeds_that_shift_ask_for_no_refit_and_hindsight_for_nothing(tmp_path: Path) -> None:
    home, seen = NetworkHome(tmp_path / "then"), NetworkHome(tmp_path / "now")
    shifted(home, MONDAY, MONDAY, "lead_time purchase S", "feed sales")
    shifted(seen, MONDAY, MONDAY, "demand smooth", as_known="now")
    assert [request_refits(each, MONDAY) for each in (home, seen)] == [[], []]
    assert [requests(each) for each in (home, seen)] == [[], []]
