"""Demand that stock-outs hid: right on average where the truth is known, as sure as it says, and shown."""

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel
from unit.forecasting.conftest import PLAN_DATE, demand_rows

from assets.forecasting.demand_estimate import demand_estimate
from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.fills import fill_block
from assets.forecasting.pages.estimate_page import anomalies_page, estimate_page
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.policy.registry import PolicyRegistry

DAYS = PlanCalendar(Bucket.DAY, "UTC")
# A band of so many standard deviations holds 80 % of a normal law.
BAND_80 = 1.2816


def stocked_out(level: float, ratio: float, *, stock: float, share: float, seed: int = 1):
    """True demand of 200 daily series, Poisson or negative binomial; and the panel of what was sold of it."""
    random, shape = np.random.default_rng(seed), (200, 182)
    demand = random.poisson(level, shape)
    if ratio > 1:
        demand = random.negative_binomial(level / (ratio - 1), 1 / ratio, shape)
    short = np.where(random.random(shape) < share, random.poisson(stock * level, shape), 10**6)
    return demand, weekly_panel(np.minimum(demand, short), observed=demand < short, bucket=Bucket.DAY)


@pytest.mark.parametrize("level", [2, 8, 30])
@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize(("stock", "share"), [(0.0, 0.2), (0.7, 0.2), (1.0, 0.4)])
def test_an_estimate_is_right_on_average_and_as_sure_as_it_says(level, ratio, stock, share):
    demand, panel = stocked_out(level, ratio, stock=stock, share=share)
    filled = fill_block(panel, slice(0, panel.size), np.ones(panel.demand.shape))
    late = filled.column >= 56
    cell, std = (filled.row[late], filled.column[late]), filled.std[late]
    assert filled.units[cell].mean() == pytest.approx(demand[cell].mean(), rel=0.05)
    # Counts are spread over their unit, else a band's edge takes or leaves whole atoms.
    spread = demand[cell] + np.random.default_rng(2).random(len(std)) - 0.5
    assert 0.77 <= (np.abs(spread - filled.units[cell]) <= BAND_80 * std).mean() <= 0.91


def test_the_larger_of_sale_and_expectation_would_be_far_too_low():
    demand, panel = stocked_out(8, 2, stock=0.7, share=0.2)
    hidden = ~panel.observed & (np.arange(182) >= 56)
    larger = np.maximum(panel.demand, 8.0)[hidden]
    assert larger.mean() < 0.95 * demand[hidden].mean()


def test_the_share_of_the_day_in_stock_tells_more_than_the_bound():
    rows = demand_rows(np.full(100, 10), censored=np.arange(100) >= 98)
    rows["in_stock_share"] = np.where(rows["is_censored"], [0.25 if day == 98 else 0.9 for day in range(100)], 1.0)
    quarter, most = estimated(rows).estimate["estimated_units"]
    assert quarter == pytest.approx(10 + 0.75 * 10, rel=0.4)
    assert most == pytest.approx(10 + 0.1 * 10, rel=0.05)


def estimated(rows: pd.DataFrame):
    ranged = rows[["item_id", "site_id"]].drop_duplicates().assign(demand_segment="smooth")
    return demand_estimate(rows, ranged, PolicyRegistry().active(), DAYS, PLAN_DATE)


def sample() -> pd.DataFrame:
    """A hundred days of ten, with a day sold out, one cut short at 14, a return, a silent day and a spike."""
    units = np.random.default_rng(5).poisson(10, 100)
    units[[60, 70, 80, 90]] = 0, 14, -2, 160
    rows = demand_rows(units, censored=np.isin(np.arange(100), [60, 70]))
    return rows.drop(index=50)


def test_only_what_is_not_known_or_stands_out_is_published_and_the_raw_sale_stays():
    table = estimated(sample()).estimate
    day = (pd.Timestamp(PLAN_DATE) - table["bucket_start"]).dt.days
    assert list(100 - day) == [50, 60, 70, 90]
    assert table["sold_units"].isna().tolist() == [True, False, False, False]
    assert table["sold_units"].tolist()[1:] == [0, 14, 160]
    assert table["is_censored"].tolist() == [False, True, True, False]
    assert table["lower_bound_units"].tolist() == [0, 0, 14, 160]
    assert (table["estimated_units"] >= table["lower_bound_units"]).all()
    assert table["anomaly"].tolist() == ["", "", "", "spike"]
    unsure = table["estimated_std_units"].to_numpy()
    assert (unsure[:3] > 0).all()
    assert unsure[3] == 0


def test_silence_is_no_lost_sale_and_a_spike_is_no_estimate():
    table = estimated(sample()).estimate
    silent, empty, short, spike = table.to_dict("records")
    assert silent["lost_units"] == 0
    assert silent["estimated_units"] == pytest.approx(10, rel=0.2)
    assert empty["lost_units"] == pytest.approx(10, rel=0.2)
    assert 0 < short["lost_units"] < 5
    assert spike["estimated_units"] == 160
    assert 10 < spike["heeded_units"] < 40


def test_the_estimate_is_what_the_models_are_shown():
    rows = sample()
    ranged = rows[["item_id", "site_id"]].drop_duplicates().assign(demand_segment="smooth", category="")
    history = fill_censored(build_panel(rows, ranged, DAYS, PLAN_DATE, 364))
    table = estimated(rows).estimate
    column = 100 - (pd.Timestamp(PLAN_DATE) - table["bucket_start"]).dt.days
    assert table["heeded_units"].tolist() == history.units[0, column].tolist()


def test_what_drove_a_censored_bucket_is_in_its_estimate():
    units, driven = np.random.default_rng(8).poisson(10, 140), np.arange(140) % 10 == 3
    units[driven] *= 3
    empty = np.isin(np.arange(140), [133, 135])
    rows = demand_rows(np.where(empty, 0, units), censored=empty).assign(is_promoted=driven)
    promoted, plain = estimated(rows).estimate["estimated_units"]
    assert promoted > 2 * plain


def test_rows_in_any_order_make_the_same_tables():
    rows = sample()
    made, shuffled = estimated(rows), estimated(rows.sample(frac=1.0, random_state=3))
    pd.testing.assert_frame_equal(made.estimate, shuffled.estimate)
    pd.testing.assert_frame_equal(made.anomalies, shuffled.anomalies)


def test_a_network_without_demand_has_empty_tables():
    rows = sample()
    ranged = rows[["item_id", "site_id"]].drop_duplicates().assign(demand_segment="new")
    made = demand_estimate(rows.head(0), ranged, PolicyRegistry().active(), DAYS, PLAN_DATE)
    assert made.estimate.empty
    assert made.anomalies.empty
    assert estimate_page(made.estimate, rows.head(0), DAYS)["lost_units_estimated"] == 0


def test_the_page_tells_how_much_was_lost_how_often_and_where():
    rows = sample()
    made = estimated(rows)
    page = estimate_page(made.estimate, rows, DAYS)
    assert page["censored_buckets"] == 2
    assert page["censored_share_of_buckets"] == pytest.approx(2 / 99, abs=1e-4)
    assert page["partly_in_stock_buckets"] == 1
    assert page["not_reported_buckets"] == 1
    assert page["lost_units_estimated"] == pytest.approx(made.estimate["lost_units"].sum(), abs=0.05)
    assert page["most_lost"]["item_id"].tolist() == ["item-0"]
    shown = anomalies_page(made.anomalies)
    assert (shown["spike"], shown["level_up"]) == (1, 0)
    assert shown["largest_outliers"]["found_units"].tolist() == [160]
