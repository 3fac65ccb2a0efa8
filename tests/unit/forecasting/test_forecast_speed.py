"""The sizes that the first release promises, timed; `-s` prints the seconds and the scores."""

import datetime as dt
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.backtest import backtest
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.series import SeriesPanel, build_panel
from assets.kernel.calendar import Bucket, PlanCalendar

pytestmark = pytest.mark.slow
FACTOR = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8])


def segment_of(units: np.ndarray) -> str:
    sold = units[units > 0]
    if len(sold) < 2:
        return "lumpy"
    regular = len(units) / len(sold) <= 1.32
    calm = (sold.std() / sold.mean()) ** 2 <= 0.49
    return ("smooth" if calm else "erratic") if regular else ("intermittent" if calm else "lumpy")


def demand_of(units, in_stock, items, sites, starts) -> tuple[pd.DataFrame, pd.DataFrame]:
    count, length = units.shape
    demand = pd.DataFrame(
        {
            "item_id": np.repeat(items, length),
            "site_id": np.repeat(sites, length),
            "bucket_start": np.tile(starts, count),
            "demand_lower_bound_units": units.ravel().astype(int),
            "is_censored": ~in_stock.ravel(),
            "available_at": pd.Timestamp("2024-01-01"),
            "batch_id": "b",
        }
    )
    segments = [segment_of(row) for row in units]
    return demand, pd.DataFrame({"item_id": items, "site_id": sites, "demand_segment": segments})


def test_3500_daily_series_are_forecast_in_35_seconds(release):
    random, count, length = np.random.default_rng(1), 3500, 364
    starts = pd.date_range(end="2025-06-30", periods=length)
    level = random.lognormal(0, 1.2, count)[:, None]
    units = random.poisson(random.gamma(4, 0.25, (count, length)) * level * FACTOR[starts.weekday]) * 1.0
    in_stock = random.random((count, length)) > 0.05
    items = np.array([f"i{number // 7:04d}" for number in range(count)])
    sites = np.array([f"s{number % 7}" for number in range(count)])
    demand, features = demand_of(np.where(in_stock, units, 0), in_stock, items, sites, starts.to_numpy())
    began = time.perf_counter()
    made = forecast_demand(demand, features, release, PlanCalendar(Bucket.DAY, "UTC"), dt.date(2025, 7, 1), 14)
    seconds = time.perf_counter() - began
    print(f"3,500 daily series: {seconds:.1f} s")  # noqa: T201
    assert len(made.forecast) == count * 14
    assert seconds < 35


@pytest.fixture
def vn2(data_directory):
    folder = data_directory / "vn2"
    if not folder.exists():
        pytest.skip(f"{folder} is absent")
    sales = pd.read_csv(folder / "Week 0 - 2024-04-08 - Sales.csv")
    in_stock = pd.read_csv(folder / "Week 0 - In Stock.csv").iloc[:, 2:].to_numpy(bool)
    master = pd.read_csv(folder / "Week 0 - Master.csv").drop_duplicates("Product")
    starts = pd.to_datetime(sales.columns[2:]).to_numpy()
    items, sites = sales["Product"].astype(str).to_numpy(), sales["Store"].astype(str).to_numpy()
    categories = master.assign(item_id=master["Product"].astype(str), category=master["Department"].astype(str))
    return *demand_of(sales.iloc[:, 2:].to_numpy(float), in_stock, items, sites, starts), categories


def test_vn2_is_forecast_in_15_seconds(vn2, release):
    demand, features, categories = vn2
    began = time.perf_counter()
    calendar = PlanCalendar(Bucket.WEEK, "UTC")
    made = forecast_demand(demand, features, release, calendar, dt.date(2024, 4, 15), 8, items=categories)
    seconds = time.perf_counter() - began
    print(f"VN2: {seconds:.1f} s")  # noqa: T201
    assert seconds < 15
    assert made.scores.loc[made.scores["is_champion"], "coverage_80"].between(0.75, 0.85).all()


def test_week_factors_are_worth_ten_percent_on_vn2(vn2, release):
    demand, features, categories = vn2
    ranged = features.merge(categories[["item_id", "category"]], on="item_id")
    panel = build_panel(demand, ranged, PlanCalendar(Bucket.WEEK, "UTC"), dt.date(2024, 4, 15), 364)
    rules = release.forecast.model_copy(update={"origins": 8})

    def loss(panel: SeriesPanel) -> float:
        parts = []
        for found in backtest(panel, rules, 4):
            demand_units = found.outcomes.actual[found.outcomes.scored].sum()
            parts.append((min(score.pinball_loss for score in found.scores), demand_units))
        return float(np.average([part[0] for part in parts], weights=[part[1] for part in parts]))

    with_factors = loss(panel)
    # A year of one single phase has no season.
    without = loss(replace(panel, phase=np.zeros_like(panel.phase)))
    print(f"pinball loss over mean demand: {with_factors:.4f} with week factors, {without:.4f} without")  # noqa: T201
    assert with_factors < 0.9 * without
