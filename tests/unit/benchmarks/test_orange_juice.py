"""The orange juice benchmark on tiny shelves: the protocol keeps to what a round may know."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.models.driven import View
from assets.kernel.errors import EquipoiseError
from orchestration.cli.bench import load

FIRST_WEEK, WEEKS, ROUND_WEEK = 40, 36, 70
ORIGIN = ROUND_WEEK - FIRST_WEEK
# Tiny shelves would grow no tree of the real size.
SMALL = [View(corrects_effects=True, trees=8, least_rows=5), View(corrects_effects=False, trees=8, least_rows=5)]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    return load("orange_juice")


def shelves(stores: int = 3, brands: int = 2) -> pd.DataFrame:
    random = np.random.default_rng(7)
    rows: list[dict[str, Any]] = []
    for store in range(2, 2 + stores):
        for week in range(FIRST_WEEK, FIRST_WEEK + WEEKS):
            prices = np.where(random.random(brands) < 0.4, 0.02, 0.03)
            for brand in range(brands):
                sold = 8.0 - 2.0 * np.log(prices[brand] / 0.03) + random.normal(0.0, 0.2)
                row = {"store": store, "brand": brand + 1, "week": week, "logmove": sold}
                row |= {f"price{i + 1}": price for i, price in enumerate(prices)}
                rows.append({**row, "deal": int(prices[brand] < 0.025), "feat": 0.0})
    return pd.DataFrame(rows)


def written(folder: Path, rows: pd.DataFrame) -> Path:
    path = folder / "juice.csv.gz"
    rows.to_csv(path, index=False)
    return path


def forecasts(benchmark: ModuleType, path: Path, origin: int = ORIGIN) -> dict[str, np.ndarray]:
    juice = benchmark.read_juice(path)
    return {name: units(origin) for name, units in benchmark.forecasters(juice, ORIGIN, SMALL).items()}


def test_no_sale_after_the_training_week_changes_a_forecast(benchmark: ModuleType, tmp_path: Path) -> None:
    rows = shelves()
    before = forecasts(benchmark, written(tmp_path, rows), ORIGIN + 2)
    rows.loc[rows["week"] > ROUND_WEEK + 2, "logmove"] = 5.0
    after = forecasts(benchmark, written(tmp_path, rows), ORIGIN + 2)
    assert set(before) == {"equipoise", "lightgbm", "ets", "naive"}
    for name, units in before.items():
        assert np.array_equal(units, after[name]), name


def test_a_sale_of_the_training_week_changes_every_forecast(benchmark: ModuleType, tmp_path: Path) -> None:
    rows = shelves()
    before = forecasts(benchmark, written(tmp_path, rows))
    rows.loc[rows["week"] == ROUND_WEEK, "logmove"] += 1.0
    after = forecasts(benchmark, written(tmp_path, rows))
    assert not [name for name, units in before.items() if np.array_equal(units, after[name])]


def test_a_price_of_the_forecast_week_is_used_and_one_after_it_is_not(benchmark: ModuleType, tmp_path: Path) -> None:
    rows = shelves()
    before = forecasts(benchmark, written(tmp_path, rows))["equipoise"]
    changed = rows.assign(price1=rows["price1"].where(rows["week"] <= ROUND_WEEK + 3, 0.01))
    assert np.array_equal(before, forecasts(benchmark, written(tmp_path, changed))["equipoise"])
    changed = rows.assign(price1=rows["price1"].where(rows["week"] != ROUND_WEEK + 2, 0.01))
    assert not np.array_equal(before, forecasts(benchmark, written(tmp_path, changed))["equipoise"])


def test_the_order_of_rows_does_not_matter(benchmark: ModuleType, tmp_path: Path) -> None:
    rows = shelves()
    before = forecasts(benchmark, written(tmp_path, rows))
    after = forecasts(benchmark, written(tmp_path, rows.sample(frac=1.0, random_state=3)))
    for name, units in before.items():
        assert np.array_equal(units, after[name]), name


def test_the_point_moves_with_earlier_rounds_only(benchmark: ModuleType, tmp_path: Path) -> None:
    juice = benchmark.read_juice(written(tmp_path, shelves()))

    class Flat:
        def centre(self, origin: int) -> np.ndarray:
            assert origin <= ORIGIN
            return np.zeros((len(juice.panel.units), 2))

    rolling = benchmark.Rolling(juice, Flat(), ORIGIN)
    units = juice.panel.units
    # Rounds 6, 4 and 2 weeks before: their weeks 2 and 3 ahead, as far as they are known.
    known = np.concatenate([units[:, ORIGIN + change] for change in (-4, -3, -2, -1, 0)])
    weight = 1.0 / np.sort(known)
    half = np.searchsorted(np.cumsum(weight), weight.sum() / 2)
    np.testing.assert_allclose(rolling.units(ORIGIN), np.sort(known)[half])


def test_a_run_reports_every_round_and_the_total(benchmark: ModuleType, tmp_path: Path) -> None:
    path = written(tmp_path, shelves())
    found = benchmark.run(path, first_round_week=ROUND_WEEK, rounds=2)
    assert [each["weeks"] for each in found["rounds"]] == [[72, 73], [74, 75]]
    assert [each["trained_to_week"] for each in found["rounds"]] == [70, 72]
    assert json.loads(json.dumps(found)) == found
    assert found["mape"] == found["methods"]["equipoise"]
    assert found["mape"] == pytest.approx(np.mean([each["equipoise"] for each in found["rounds"]]), abs=1e-2)
    assert found["mape"] < found["methods"]["naive"]


@pytest.mark.parametrize(("week", "rounds"), [(74, 1), (72, 2), (50, 1), (200, 12)])
def test_rounds_that_leave_the_data_are_refused(benchmark: ModuleType, tmp_path: Path, week: int, rounds: int) -> None:
    with pytest.raises(EquipoiseError, match=f"{rounds} rounds from week {week} leave weeks 40-75"):
        benchmark.run(written(tmp_path, shelves()), first_round_week=week, rounds=rounds)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (lambda rows: rows.drop(columns="feat"), "columns .*feat.* are missing"),
        (lambda rows: rows.drop(columns="price2"), "a brand has no price column"),
        (lambda rows: pd.concat([rows, rows.iloc[[5]]]), "stands twice"),
        (lambda rows: rows.assign(price2=0.0), "not positive"),
        (lambda rows: rows.iloc[:0], "no rows"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(benchmark: ModuleType, tmp_path: Path, fault: Any, what: str) -> None:
    with pytest.raises(EquipoiseError, match=what) as told:
        benchmark.run(written(tmp_path, fault(shelves())))
    assert "\n" not in str(told.value)


def test_a_file_cut_short_and_a_missing_one_are_told_in_one_line(benchmark: ModuleType, tmp_path: Path) -> None:
    path = written(tmp_path, shelves())
    path.write_bytes(path.read_bytes()[:200])
    for wrong in (path, tmp_path / "nowhere.csv.gz"):
        with pytest.raises(EquipoiseError, match=wrong.name):
            benchmark.run(wrong)


def test_a_week_without_rows_leaves_no_forecast_without_a_number(benchmark: ModuleType, tmp_path: Path) -> None:
    rows = shelves()
    gapped = rows[(rows["week"] != ROUND_WEEK - 1) & ~((rows["store"] == 2) & (rows["week"] > ROUND_WEEK - 4))]
    for name, units in forecasts(benchmark, written(tmp_path, gapped)).items():
        assert np.isfinite(units).all(), name


def test_a_cell_that_was_sold_is_never_left_out_for_want_of_a_forecast(benchmark: ModuleType, tmp_path: Path) -> None:
    rows = shelves()
    unsold = (rows["store"] == 2) & (rows["brand"] == 1) & (rows["week"] == ROUND_WEEK + 2)
    juice = benchmark.read_juice(written(tmp_path, rows[~unsold]))
    forecast = np.full((len(juice.panel.units), 2), 3_000.0)
    forecast[0, 0] = np.nan
    assert len(benchmark.percentage_errors(juice, forecast, ORIGIN)) == 2 * 6 - 1
    forecast[1, 0] = np.nan
    with pytest.raises(EquipoiseError, match=f"week {ROUND_WEEK}: 1 of 11 cells that were sold have no forecast"):
        benchmark.percentage_errors(juice, forecast, ORIGIN)
