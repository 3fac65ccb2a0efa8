"""The speed benchmark on a panel small enough to forecast in seconds."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from assets.kernel.calendar import Bucket
from orchestration.cli.bench import load

bench, panels = load("forecast_speed"), load("speed_panel")
SIZE = bench.Size(60, Bucket.WEEK, 60, 4)


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> bench.Forecasting:
    folder: Path = tmp_path_factory.mktemp("panel")
    panels.write_panel(folder, SIZE.series, SIZE.bucket, SIZE.length)
    return bench.Forecasting(SIZE, folder)


def test_a_selection_is_made_kept_and_reused(forecast: bench.Forecasting) -> None:
    made = bench.full(forecast)
    again = bench.reused(forecast)
    assert set(made["champions"]) == set(forecast.features["demand_segment"])
    assert made["cpu_seconds"] > again["cpu_seconds"] > 0
    assert set(again["parts_cpu_seconds"]) == {*bench.PARTS, "all else"}
    assert all(seconds >= 0 for seconds in again["parts_cpu_seconds"].values())
    assert again["parts_cpu_seconds"]["rows to a panel"] > 0
    own = bench.models(forecast)
    assert sum(own["full"].values()) > sum(own["reused"].values()) >= 0
    # A backtest calls both libraries, and what one takes is not the other's.
    assert min(own["full"].values()) > 0
    assert bench.series_models.definition.__module__ == bench.series_models.__name__


def test_growth_is_the_slope_between_the_two_largest_weekly_panels() -> None:
    sizes = [
        {"bucket": bucket, "series": series, "full": {"cpu_seconds": full}, "reused": {"cpu_seconds": reused}}
        for bucket, series, full, reused in (
            ("week", 10, 9, 9),
            ("week", 100, 2, 1),
            ("day", 999, 5, 5),
            ("week", 1_000, 20, 100),
        )
    ]
    assert bench.growth(sizes) == pytest.approx({"full": 1.0, "reused": 2.0})
    assert bench.growth(sizes[:1]) == {"full": None, "reused": None}


def test_the_seconds_of_each_library_have_a_column_of_their_own() -> None:
    spent = {
        "seconds": 3.0,
        "cpu_seconds": 3.0,
        "peak_gb": 0.5,
        "parts_cpu_seconds": dict.fromkeys([*bench.PARTS, "all else"], 0.1),
    }
    own = {"statsforecast_cpu_seconds": 1.25, "lightgbm_cpu_seconds": 0.75, "models_cpu_seconds": 2.0, "overhead": 0.5}
    size = {"series": 10, "length": 60, "bucket": "week", "full": spent | own, "reused": spent | own, "library": spent}
    written = io.StringIO()
    bench.show(Console(file=written, width=160), {"sizes": [size], "growth_exponent": {}})
    assert "statsforecast's CPU s" in written.getvalue()
    assert " ".join(["0.50", "│", "1.2", "│", "0.8", "│", "+50%"]) in " ".join(written.getvalue().split())
