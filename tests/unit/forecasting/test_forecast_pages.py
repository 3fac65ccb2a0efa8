"""Pages and charts of forecasts: they draw whatever history there is, and choose what a planner should see."""

import io

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.pages.announcements import Calendar
from assets.forecasting.pages.calibration_chart import calibration_chart
from assets.forecasting.pages.fan_chart import fan_charts
from assets.forecasting.pages.forecast_page import SERIES_DRAWN, forecast_page, scorecard_table, scores_page
from assets.forecasting.pages.noteworthy import largest_series, worst_series
from assets.forecasting.pages.series_view import Known, series_view
from assets.kernel.calendar import Bucket
from assets.kernel.frames.forecasts import (
    DEMAND_FORECAST,
    FORECAST_EFFECTS,
    FORECAST_SCORES,
    QUANTILE_COLUMNS,
    QUANTILE_LEVELS,
)
from assets.kernel.frames.marts import DIM_EVENT, FCT_DEMAND

PLAN_DATE = pd.Timestamp("2025-06-30")
HORIZON = 4
PAGE_BYTES = 150_000
GREEN = "#dcfce7"


def ahead(item: str, mean: float, *, spread: float = 0.5, site: str = "store-0", bucket: Bucket = Bucket.DAY):
    """Rows of ``DEMAND_FORECAST`` of one series: ``mean`` a bucket, its 95 % quantile ``1 + 0.45 * spread`` of it."""
    step = pd.Timedelta(days=bucket.days)
    total = mean * np.arange(1, HORIZON + 1)
    quantiles = {
        name: total * (1 + spread * (level - 0.5))
        for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)
    }
    return pd.DataFrame(
        {
            "plan_date": PLAN_DATE,
            "item_id": item,
            "site_id": site,
            "bucket_index": np.arange(HORIZON),
            "bucket_start": [PLAN_DATE + step * index for index in range(HORIZON)],
            "mean_units": mean,
            "cumulative_mean_units": total,
            "cumulative_std_units": 1.0,
            **quantiles,
            "demand_segment": "smooth",
            "model": "TSB",
            "model_version": "version",
        }
    )


def scores(**columns: object) -> pd.DataFrame:
    """Three candidates of two segments."""
    rows = pd.DataFrame(
        {
            "plan_date": PLAN_DATE,
            "demand_segment": ["smooth", "smooth", "new"],
            "model": ["Loser", "Winner", "Only"],
            "series_count": [30, 30, 10],
            "origin_count": [3, 3, 0],
            "pinball_loss": [0.2, 0.3, None],
            "wape": [0.5, 0.5, None],
            "bias": [0.0, 0.0, None],
            "mase": [0.9, 0.8, None],
            "coverage_80": [0.7, 0.82, None],
            "pit_coverage_80": [0.69, 0.8, None],
            "is_champion": [False, True, True],
        }
    ).assign(**columns)
    return rows.reindex(columns=[name for name in FORECAST_SCORES.names if name in rows])


def size_of(png: bytes) -> tuple[int, int]:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return image.size


@pytest.mark.parametrize(
    ("units", "censored", "bucket"),
    [
        ([3], None, Bucket.DAY),
        ([0] * 30, None, Bucket.DAY),
        ([1] * 30, [True] * 30, Bucket.DAY),
        ([0, 5, 2] * 40, [False, True, False] * 40, Bucket.WEEK),
    ],
    ids=["one bucket", "all zero", "all censored", "weeks"],
)
def test_whatever_the_history_a_page_draws_it(units, censored, bucket, rows):
    demand = rows(np.array(units), item="a", bucket=bucket, censored=censored)
    page = forecast_page(ahead("a", 2.0, bucket=bucket), demand, FORECAST_SCORES.empty())
    assert {"largest_series", "worst_series"} <= set(page)
    drawn = [value for value in page.values() if isinstance(value, bytes)]
    assert all(png.startswith(b"\x89PNG") for png in drawn)
    assert sum(map(len, drawn)) < PAGE_BYTES


def test_a_series_without_any_history_or_demand_is_drawn():
    page = forecast_page(ahead("a", 0.0), FCT_DEMAND.empty(), FORECAST_SCORES.empty())
    assert page["largest_series"].startswith(b"\x89PNG")


def test_an_empty_forecast_is_a_page_of_zeros_without_charts(rows):
    page = forecast_page(DEMAND_FORECAST.empty(), rows(np.array([1, 2])), FORECAST_SCORES.empty())
    assert (page["series"], page["expected_units_over_horizon"], page["model_version"]) == (0, 0.0, "")
    assert "largest_series" not in page
    assert fan_charts([]).startswith(b"\x89PNG")


def test_the_numbers_of_a_page_add_up_series_and_not_quantiles(rows):
    forecast = pd.concat([ahead("a", 2.0), ahead("b", 3.0)])
    page = forecast_page(forecast, rows(np.array([1, 2])), FORECAST_SCORES.empty())
    assert page["expected_units_next_bucket"] == 5.0
    assert page["expected_units_over_horizon"] == 5.0 * HORIZON
    assert page["models"].to_dict("records") == [
        {"demand_segment": "smooth", "model": "TSB", "series": 2, "expected_units": 20.0}
    ]


def test_a_forecast_page_shows_the_champion_of_each_segment_and_how_calibrated_bands_are(rows):
    page = forecast_page(ahead("a", 2.0), rows(np.array([1, 2])), scores())
    assert page["calibration"].startswith(b"\x89PNG")
    assert page["scorecard"]["model"].str.endswith("(champion)").all()
    assert sorted(page["scorecard"]["demand_segment"]) == sorted(scores().query("is_champion")["demand_segment"])


def test_a_page_is_the_same_bytes_whatever_the_order_of_rows(rows):
    forecast = pd.concat([ahead(item, 2.0) for item in "ab"])
    demand = pd.concat([rows(np.array([0, 3, 9]), item=item) for item in "ab"])
    none = FORECAST_SCORES.empty()
    page, again = forecast_page(forecast, demand, none), forecast_page(forecast.iloc[::-1], demand.iloc[::-1], none)
    assert page["largest_series"] == again["largest_series"]
    assert page["worst_series"] == again["worst_series"]


def test_the_largest_series_come_first_with_their_share():
    forecast = pd.concat([ahead("a", 1.0), ahead("b", 3.0)])
    assert [(one.item, one.why) for one in largest_series(forecast, 2)] == [
        ("b", "75.0 % of all expected demand"),
        ("a", "25.0 % of all expected demand"),
    ]


def recent(item: str, comparable: float, asked: float | None = None, *, estimated: int = 0) -> pd.DataFrame:
    """What ``last_stretch`` says of one series."""
    return pd.DataFrame(
        {
            "item_id": [item],
            "site_id": "store-0",
            "asked_units": comparable if asked is None else asked,
            "comparable_units": comparable,
            "buckets": HORIZON,
            "estimated_buckets": estimated,
        }
    )


def test_the_worst_series_is_the_one_whose_last_demand_its_forecast_does_not_believe():
    forecast = pd.concat([ahead("steady", 10.0), ahead("jumped", 10.0), ahead("stopped", 10.0)])
    told = pd.concat([recent("steady", 40.0), recent("jumped", 160.0), recent("stopped", 0.0, estimated=1)])
    found = worst_series(forecast, told, 2)
    assert [one.item for one in found] == ["jumped", "stopped"]
    assert found[0].why == "last 4 buckets asked for 160; above the next ones' 95 % (49)"
    assert found[1].why == "last 4 buckets asked for about 0.0; below the next ones' 5 % (31)"


def test_a_promotion_ahead_or_before_makes_no_series_the_worst_and_a_break_beside_one_is_told():
    forecast = pd.concat([ahead("promoted", 20.0), ahead("odd", 20.0)])
    told = pd.concat([recent("promoted", 80.0, asked=40.0), recent("odd", 20.0, asked=10.0)])
    found = worst_series(forecast, told, 2)
    assert [one.item for one in found] == ["odd", "promoted"]
    assert found[0].why == (
        "last 4 buckets asked for 10, about 20 if driven as the next ones; below the next ones' 5 % (62)"
    )
    assert "band is" in found[1].why


def test_without_a_break_the_widest_band_of_the_large_series_is_worst():
    wide, tiny = ahead("wide", 10.0, spread=2.0), ahead("tiny", 0.01, spread=9.0)
    forecast = pd.concat([ahead("narrow", 10.0), wide, tiny])
    told = pd.concat([recent(item, 40.0) for item in ("narrow", "wide")])
    assert [one.item for one in worst_series(forecast, told, 3)] == ["wide", "narrow"]


def test_a_bucket_without_a_row_is_seen_as_unknown_and_one_sold_out_as_a_bound(rows):
    demand = rows(np.array([4, 0, 6, 7]), censored=np.array([False, True, False, False])).drop(index=2)
    past = series_view(demand, ahead("item-0", 1.0), "item-0", "store-0", buckets=60).past
    assert list(past["known"]) == [Known.WHOLE, Known.AT_LEAST, Known.NOTHING, Known.WHOLE]
    assert past["demand_units"].isna().tolist() == [False, False, True, False]


def test_of_two_versions_of_a_bucket_the_later_is_seen(rows):
    first = rows(np.array([4, 5]))
    later = first.tail(1).assign(demand_lower_bound_units=9, available_at=PLAN_DATE + pd.Timedelta(days=1))
    view = series_view(pd.concat([later, first]), ahead("item-0", 1.0), "item-0", "store-0", buckets=60)
    assert list(view.past["demand_units"]) == [4.0, 9.0]


def test_earlier_stretches_of_days_begin_on_the_weekday_of_the_plan(rows):
    view = series_view(rows(np.arange(21)), ahead("item-0", 1.0), "item-0", "store-0", buckets=60)
    assert [units.tolist() for units, _ in view.earlier_stretches()] == [
        list(np.cumsum(np.arange(start, start + HORIZON))) for start in (14, 7, 0)
    ]


def test_a_stretch_with_a_stock_out_is_a_lower_bound(rows):
    demand = rows(np.arange(14), censored=np.arange(14) == 8)
    view = series_view(demand, ahead("item-0", 1.0), "item-0", "store-0", buckets=60)
    assert [whole for _, whole in view.earlier_stretches()] == [False, True]


def test_the_scorecard_lists_every_candidate_with_the_champion_first():
    table = scorecard_table(scores())
    assert list(table["model"]) == ["Only (champion)", "Winner (champion)", "Loser"]
    assert list(table)[:5] == ["demand_segment", "model", "pinball_loss", "coverage_80", "pit_coverage_80"]
    assert {"mase", "wape", "bias"} <= set(table)


def test_the_coverage_of_champions_leaves_out_what_was_not_tested():
    page = scores_page(scores())
    assert page["coverage_80_of_champions"] == 0.82
    assert page["pit_coverage_80_of_champions"] == 0.8
    assert page["calibration"].startswith(b"\x89PNG")


def test_without_a_single_backtest_there_is_no_calibration_plot():
    page = scores_page(scores(coverage_80=None, pit_coverage_80=None))
    assert "calibration" not in page
    assert calibration_chart(scores(coverage_80=None)).startswith(b"\x89PNG")


def test_a_page_draws_the_largest_series_as_largest_and_the_worst_as_worst(rows):
    large = [f"large-{place}" for place in range(SERIES_DRAWN)]
    forecast = pd.concat([*(ahead(item, 30.0) for item in large), ahead("broken", 10.0)])
    steady = [rows(np.array([30] * 20), item=item) for item in large]
    demand = pd.concat([*steady, rows(np.array([10] * 16 + [0] * 4), item="broken")])
    told = pd.concat([*(recent(item, 999.0) for item in large), recent("broken", 0.0)])
    page = forecast_page(forecast, demand, FORECAST_SCORES.empty(), recent=told)

    def drawn(found):
        views = [(series_view(demand, forecast, one.item, one.site, buckets=60), one.why) for one in found]
        return fan_charts(views)

    largest = largest_series(forecast, SERIES_DRAWN)
    worst = worst_series(forecast, told, SERIES_DRAWN, largest)
    # Those drawn already as largest are left out, however far they stray.
    assert [one.item for one in worst] == ["broken"]
    assert page["largest_series"] == drawn(largest)
    assert page["worst_series"] == drawn(worst)


def columns_of(png: bytes, color: str, *, within: float) -> np.ndarray:
    """Return the columns of pixels of a colour, in rows of the picture that are green somewhere."""
    from PIL import Image, ImageColor

    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=float)
    green, has = (
        np.abs(pixels - ImageColor.getrgb(name)).sum(axis=2) < near for name, near in ((GREEN, 12), (color, within))
    )
    return np.nonzero(has & (green.sum(axis=1) > 15)[:, None])[1]


def test_the_green_of_the_calibration_plot_is_from_77_to_83_percent():
    png = calibration_chart(scores(coverage_80=0.77, pit_coverage_80=0.83, is_champion=True).head(1))
    green = columns_of(png, GREEN, within=12)
    marks = columns_of(png, "#0369a1", within=60)
    middle = (green.min() + green.max()) / 2
    # The marks lie at 77 and 83 %, and so must the edges of the band.
    assert green.min() == pytest.approx(marks[marks < middle].mean(), abs=1.5)
    assert green.max() == pytest.approx(marks[marks > middle].mean(), abs=1.5)


def test_a_coverage_far_from_nominal_changes_the_plot():
    assert calibration_chart(scores()) != calibration_chart(scores(coverage_80=0.1))


def test_each_series_adds_a_row(rows):
    view = series_view(rows(np.arange(21)), ahead("item-0", 1.0), "item-0", "store-0", buckets=60)
    (width, one), (same, two) = (size_of(fan_charts([(view, "why")] * count)) for count in (1, 2))
    assert width == same
    assert one < two < 2 * one


def calendar(**event: object) -> Calendar:
    told = {"event_id": "e", "event_name": "Sale", "event_kind": "promotion", "item_id": "item-0"}
    kept = dict.fromkeys(DIM_EVENT.names) | told | event
    events = pd.DataFrame([{**kept, "start_date": PLAN_DATE, "end_date": PLAN_DATE + pd.Timedelta(days=1)}])
    items = pd.DataFrame({"item_id": ["item-0"], "category": "tools"})
    return Calendar(events, FORECAST_EFFECTS.empty(), items, pd.DataFrame({"site_id": ["store-0"], "region": "north"}))


def test_announced_buckets_are_shaded(rows):
    view = series_view(rows(np.arange(21)), ahead("item-0", 1.0), "item-0", "store-0", buckets=60)
    plain, shaded, other = (
        fan_charts([(shown, "why")])
        for shown in (view, view.with_announced(calendar()), view.with_announced(calendar(item_id="item-1")))
    )
    assert plain == other
    green = columns_of(shaded, GREEN, within=12)
    assert len(green) > 0
    assert len(columns_of(plain, GREEN, within=12)) == 0
    # Two of 25 days, which have three fifths of the width.
    assert np.ptp(green[np.isin(green, np.unique(green)[:200])]) < 0.2 * size_of(shaded)[0]
