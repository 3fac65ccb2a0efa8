"""What the forecast is worth on the VN2 history; `-s` prints the losses and the coverage."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.panel import SeriesPanel
from assets.policy.release import Release
from orchestration.cli.bench import load

pytestmark = pytest.mark.slow
panels = load("scorecard_panels")


@pytest.fixture(scope="module")
def vn2(data_directory: Path) -> panels.BenchPanel:
    return panels.vn2(data_directory)


def test_the_80_percent_band_of_every_large_segment_is_calibrated(vn2: panels.BenchPanel, release: Release) -> None:
    made = forecast_demand(
        vn2.demand, vn2.features(vn2.plan_date), release, vn2.calendar, vn2.plan_date, 8, items=vn2.items
    )
    champions = made.scores[made.scores["is_champion"] & (made.scores["uncensored_window_count"] >= 500)]
    print(champions[["demand_segment", "model", "coverage_80", "pit_coverage_80"]].to_string())  # noqa: T201
    assert len(champions) >= 5
    assert champions["pit_coverage_80"].between(0.77, 0.83).all()
    assert (champions["coverage_80"] >= 0.77).all()


def test_week_factors_are_worth_ten_percent_on_vn2(vn2: panels.BenchPanel, release: Release) -> None:
    panel, rules = vn2.panel(), release.forecast.model_copy(update={"origins": 8})

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
