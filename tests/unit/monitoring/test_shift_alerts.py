"""What has shifted, and what waits for a person because of drift, is one alert each, with owner and remedy."""

import datetime as dt
from typing import Any

import pandas as pd

from assets.forecasting.registry.requests import Request
from assets.kernel.frames.monitoring import PROCESS_DRIFT
from assets.monitoring.owners import owner_of
from assets.monitoring.shift_alerts import shift_alerts, waiting_alerts

MONDAY = dt.date(2026, 1, 5)
TUESDAY = MONDAY + dt.timedelta(days=1)


def drift(day: dt.date, *drifted: str, **changed: Any) -> pd.DataFrame:
    """Return the table of a plan date; ``drifted`` are the kinds of signals that have."""
    row = {
        "plan_date": pd.Timestamp(day), "unit": "share", "reference_points": 100, "last_point": pd.Timestamp(day),
        "score": 5.0, "score_limit": 3.75, "window_points": 14, "began_on": pd.Timestamp("2025-12-22"), "shift": 0.3,
        "mean_since": None, "mean_assumed": None, "reason": "The last 14 points are 30% above what it was",
    }  # fmt: skip
    signals = (("demand", "smooth"), ("lead_time", "purchase supplier-01"), ("feed", "demand_sales"))
    rows = [
        row
        | {"signal": kind, "member": member, "has_drifted": kind in drifted}
        | {"first_told": pd.Timestamp(MONDAY) if kind in drifted else None}
        | changed
        for kind, member in signals
    ]
    return PROCESS_DRIFT.conform(pd.DataFrame(rows))


def test_each_signal_that_has_drifted_is_one_warning_and_the_others_none() -> None:
    alerts = shift_alerts(drift(MONDAY, "demand", "lead_time", "feed"))
    assert sorted(alerts["rule"]) == [
        "demand_shift_of_smooth", "feed_shift_of_demand_sales", "lead_time_shift_of_purchase_supplier-01",
    ]  # fmt: skip
    assert set(alerts["action"]) == {"warn"}
    assert alerts["remedy"].nunique() == 3
    owners = dict(zip(alerts["feed"], alerts["owner"], strict=True))
    assert owners["demand_forecast"] == owners["lead_time"] == "planning-science"
    assert owners["demand_sales"] == owner_of("demand_sales")
    assert shift_alerts(drift(MONDAY)).empty


def test_the_same_shift_is_the_same_alert_the_day_after_and_another_shift_another() -> None:
    first, again = (shift_alerts(drift(day, "demand")) for day in (MONDAY, TUESDAY))
    other = shift_alerts(drift(TUESDAY, "demand", first_told=pd.Timestamp(TUESDAY)))
    assert list(first["alert_id"]) == list(again["alert_id"]) != list(other["alert_id"])


def test_the_alert_says_since_when_and_how_much_and_what_the_plan_assumes_of_a_lead_time() -> None:
    (demand,) = shift_alerts(drift(MONDAY, "demand"))["message"]
    assert demand == "Demand of smooth has shifted since 2025-12-22: the last 14 points are 30% above what it was"
    (late,) = shift_alerts(drift(MONDAY, "lead_time", mean_since=3.0, mean_assumed=0.5))["message"]
    assert late.endswith("; since then +3.0 days against the quote, where the plan assumes +0.5")


def test_what_waits_for_a_person_is_told_again_each_day_with_the_command() -> None:
    asked = [Request(MONDAY, ("lumpy", "smooth"), (), "smooth: it is off", "")]
    first, again = (waiting_alerts(asked, day) for day in (TUESDAY, TUESDAY + dt.timedelta(days=1)))
    assert list(first["alert_id"]) != list(again["alert_id"])
    (row,) = first.to_dict("records")
    assert row["message"] == f"A refit of lumpy, smooth waits for a person since {MONDAY}: smooth: it is off"
    assert "`equipoise models recalibrate`" in row["remedy"]
    assert waiting_alerts([], TUESDAY).empty
