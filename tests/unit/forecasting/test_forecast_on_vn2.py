"""What the forecast is worth on the VN2 history; `-s` prints the losses."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.series import SeriesPanel, build_panel
from assets.kernel.calendar import Bucket, PlanCalendar

pytestmark = pytest.mark.slow


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
            "is_promoted": False,
            "unit_price": 1.0,
            "available_at": pd.Timestamp("2024-01-01"),
            "batch_id": "b",
        }
    )
    segments = [segment_of(row) for row in units]
    return demand, pd.DataFrame({"item_id": items, "site_id": sites, "demand_segment": segments})


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


def test_the_80_percent_band_of_every_large_segment_is_calibrated(vn2, release):
    demand, features, categories = vn2
    calendar = PlanCalendar(Bucket.WEEK, "UTC")
    made = forecast_demand(demand, features, release, calendar, dt.date(2024, 4, 15), 8, items=categories)
    champions = made.scores[made.scores["is_champion"] & (made.scores["uncensored_window_count"] >= 500)]
    print(champions[["demand_segment", "model", "coverage_80", "pit_coverage_80"]].to_string())  # noqa: T201
    assert len(champions) >= 3
    assert champions["pit_coverage_80"].between(0.77, 0.83).all()
    assert (champions["coverage_80"] >= 0.77).all()


def test_week_factors_are_worth_ten_percent_on_vn2(vn2, release):
    demand, features, categories = vn2
    ranged = features.merge(categories[["item_id", "category"]], on="item_id")
    panel = build_panel(demand, ranged, PlanCalendar(Bucket.WEEK, "UTC"), dt.date(2024, 4, 15), 364)
    rules = release.forecast.model_copy(update={"origins": 8})

    def loss(panel: SeriesPanel) -> float:
        parts = []
        for found in backtest(panel, rules, 4).segments:
            demand_units = found.outcomes.actual[found.outcomes.scored].sum()
            parts.append((min(score.pinball_loss for score in found.scores), demand_units))
        return float(np.average([part[0] for part in parts], weights=[part[1] for part in parts]))

    with_factors = loss(panel)
    # A year of one single phase has no season.
    without = loss(replace(panel, phase=np.zeros_like(panel.phase)))
    print(f"pinball loss over mean demand: {with_factors:.4f} with week factors, {without:.4f} without")  # noqa: T201
    assert with_factors < 0.9 * without
