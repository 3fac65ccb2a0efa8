"""Demand, lead times and feeds that shift are named, with their size and since when; the others are not."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
from unit.cli.tiny_network import rows

from assets.kernel.calendar import Bucket
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.monitoring import PROCESS_DRIFT
from assets.kernel.published import Published
from assets.monitoring.drift_pages import process_page
from assets.monitoring.process_drift import process_drift
from assets.monitoring.signals import demand_signals, feed_signals, lead_time_signals
from assets.monitoring.watched import told_before

END = dt.date(2026, 1, 5)
DAYS = 300
SEGMENTS = pd.DataFrame(
    {"item_id": ["I1", "I2"], "site_id": "S1", "demand_segment": ["smooth", "lumpy"]},
)


def demand(shift: float = 1.0, since: int = 14) -> pd.DataFrame:
    """Return two items' demand with a weekday and a trend; the first's is ``shift`` times as high at the end."""
    rng, days = np.random.default_rng(1), np.arange(DAYS)
    mean = 200.0 * np.where(days % 7 == 5, 1.6, 1.0) * (1.0 + days / DAYS)
    times = np.where(days >= DAYS - since, shift, 1.0)
    dates = pd.date_range(end=pd.Timestamp(END) - pd.Timedelta(days=1), periods=DAYS)
    rows = [
        pd.DataFrame({"item_id": item, "site_id": "S1", "bucket_start": dates, "lower_units": rng.poisson(units)})
        for item, units in (("I1", mean * times), ("I2", mean / 10.0))
    ]
    return pd.concat(rows, ignore_index=True)


def judged(table: pd.DataFrame) -> dict[str, bool]:
    return dict(zip(table["member"], table["has_drifted"], strict=True))


def test_steady_demand_with_weekdays_and_a_trend_has_not_drifted() -> None:
    table = process_drift(demand_signals(demand(), SEGMENTS, Bucket.DAY, END), END)
    assert judged(table) == {"all": False, "lumpy": False, "smooth": False}


def test_a_segment_whose_demand_rose_is_named_with_its_size_and_since_when() -> None:
    table = process_drift(demand_signals(demand(1.3), SEGMENTS, Bucket.DAY, END), END)
    (row,) = table[table["member"] == "smooth"].to_dict("records")
    assert judged(table) == {"all": True, "lumpy": False, "smooth": True}
    assert 0.25 < row["shift"] < 0.35
    assert row["began_on"] == pd.Timestamp(END) - pd.Timedelta(days=14)
    assert row["reason"].startswith("The last 14 points are 2")
    assert "% above what it was" in row["reason"]


def test_demand_of_the_plan_date_itself_is_not_looked_at() -> None:
    later = demand().assign(bucket_start=lambda rows: rows["bucket_start"] + pd.Timedelta(days=1))
    (signal, *_) = demand_signals(later, SEGMENTS, Bucket.DAY, END)
    assert signal.dates.max() < np.datetime64(END)


def test_a_day_on_which_nobody_reported_is_no_point() -> None:
    whole = demand()
    gap = whole[whole["bucket_start"] != pd.Timestamp(END) - pd.Timedelta(days=3)]
    (signal, *_) = demand_signals(gap, SEGMENTS, Bucket.DAY, END)
    assert len(signal.values) == DAYS - 84 - 1


def test_what_is_new_or_dying_is_watched_in_the_network_only() -> None:
    moving = SEGMENTS.assign(demand_segment=["dying", "lumpy"])
    table = process_drift(demand_signals(demand(0.1), moving, Bucket.DAY, END), END)
    assert judged(table) == {"all": True, "lumpy": False}


def receipts(late: np.ndarray) -> pd.DataFrame:
    dates = pd.date_range(end=pd.Timestamp(END) - pd.Timedelta(days=1), periods=len(late))
    rows = pd.DataFrame(
        {
            "receipt_kind": "purchase", "source_id": "SUP", "site_id": "DC1", "mode": "supplier",
            "started_date": dates - pd.Timedelta(days=10), "received_date": dates, "lead_time_days": 5 + late,
            "quoted_days": 5,
        }
    )  # fmt: skip
    return pd.concat([rows, rows], ignore_index=True)  # two lines an order


def test_a_supplier_who_became_later_is_named_in_days() -> None:
    late = np.random.default_rng(2).integers(0, 3, 80)
    late[-10:] += 3
    signals = lead_time_signals(receipts(late), END)
    (row,) = process_drift(signals, END).to_dict("records")
    assert len(signals[0].values) == 80  # an order of two lines is one point
    assert (row["member"], row["unit"], row["has_drifted"]) == ("purchase SUP", "days", True)
    assert 2.0 < row["shift"] < 4.0
    assert "days later than before" in row["reason"]


def test_what_has_too_short_a_past_is_not_judged_and_says_so() -> None:
    (row,) = process_drift(lead_time_signals(receipts(np.zeros(49, dtype=np.int64)), END), END).to_dict("records")
    assert (row["has_drifted"], row["reason"]) == (False, "Not judged yet: 49 of 50 points")
    assert np.isnan(row["score"])


def test_a_feed_that_sends_half_has_drifted() -> None:
    rows = np.random.default_rng(4).poisson(1000, 90)
    rows[-14:] = rows[-14:] // 2
    batches = pd.DataFrame(
        {"feed": "demand_sales", "business_date": pd.date_range("2025-10-01", periods=90), "row_count": rows}
    )
    (row,) = process_drift(feed_signals(batches), END).to_dict("records")
    assert row["has_drifted"]
    assert -0.6 < row["shift"] < -0.4


def test_without_tables_there_is_an_empty_table_and_a_page() -> None:
    table = process_drift([], END)
    assert process_page(table, [])["drifted"] == "none"


def test_the_page_names_what_drifted_and_draws_it() -> None:
    signals = demand_signals(demand(1.3), SEGMENTS, Bucket.DAY, END)
    page = process_page(process_drift(signals, END), signals)
    assert page["drifted"] in ("demand of smooth, demand of all", "demand of all, demand of smooth")
    assert isinstance(page["largest"], bytes)


def later(days: int) -> pd.DataFrame:
    """Return what is found when as many days have passed since the end of what ``demand`` returns."""
    rows = demand(1.3).assign(bucket_start=lambda each: each["bucket_start"] + pd.Timedelta(days=days))
    end = END + dt.timedelta(days=days)
    return process_drift(demand_signals(rows, SEGMENTS, Bucket.DAY, end), end, told())


def told(**changed: object) -> pd.DataFrame:
    """Return what the plan of ``END`` told of."""
    table = process_drift(demand_signals(demand(1.3), SEGMENTS, Bucket.DAY, END), END)
    return table[table["has_drifted"]].assign(**changed)


def first_told(table: pd.DataFrame) -> dict[str, pd.Timestamp]:
    return dict(zip(table["member"], table["first_told"], strict=True))


def test_a_shift_that_was_told_before_keeps_the_date_that_first_told_of_it() -> None:
    assert first_told(later(5))["smooth"] == pd.Timestamp(END)
    assert pd.isna(first_told(later(5))["lumpy"])


def test_a_shift_whose_stretch_does_not_meet_the_one_before_is_another() -> None:
    assert first_told(later(40))["smooth"] == pd.Timestamp(END) + pd.Timedelta(days=40)


def test_a_shift_the_other_way_is_another() -> None:
    signals = demand_signals(demand(1.3), SEGMENTS, Bucket.DAY, END)
    before = told(shift=-0.3, first_told=pd.Timestamp("2025-12-20"))
    assert first_told(process_drift(signals, END, before))["smooth"] == pd.Timestamp(END)


def test_what_earlier_plan_dates_told_is_read_with_its_last_date_and_never_from_hindsight(tmp_path: Path) -> None:
    published = Published(tmp_path)
    days = {END - dt.timedelta(days=back): known for back, known in ((3, "then"), (2, "then"), (1, "now"), (0, "then"))}
    for day, known in days.items():
        published.write(FEED_STATE, rows(FEED_STATE, {"as_known": known}), day, "run")
        published.write(PROCESS_DRIFT, told(plan_date=pd.Timestamp(day), first_told=pd.Timestamp(day)), day, "run")
    found = told_before(published, END)
    assert set(found["member"]) == {"all", "smooth"}
    assert set(found["first_told"]) == {pd.Timestamp(END - dt.timedelta(days=2))}


def test_a_lead_time_that_shifted_is_shown_beside_what_the_plan_assumes() -> None:
    late = np.zeros(80, dtype=np.int64)
    late[-10:] += 3
    plan = pd.DataFrame(
        {
            "receipt_kind": "purchase", "source_id": "SUP", "site_id": "DC1", "mode": "supplier",
            "lead_time_days": [5, 6], "probability": [0.5, 0.5],
        }
    )  # fmt: skip
    (row,) = process_drift(lead_time_signals(receipts(late), END, plan), END).to_dict("records")
    assert (row["has_drifted"], row["mean_since"], row["mean_assumed"]) == (True, 3.0, 0.5)
    (row,) = process_drift(lead_time_signals(receipts(late), END), END).to_dict("records")
    assert (row["mean_since"], np.isnan(row["mean_assumed"])) == (3.0, True)
