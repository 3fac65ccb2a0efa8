"""The scorecard as a whole, on a panel small enough to score in seconds."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from orchestration.cli.bench import load

bench, panels, ablation = load("scorecard"), load("scorecard_panels"), load("scorecard_ablation")
MONTHS = 45


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, random = tmp_path_factory.mktemp("data"), np.random.default_rng(4)
    parts = {f"{part:05d}": random.poisson(1.5, MONTHS).astype(float) for part in range(30)}
    parts["missing"] = np.where(np.arange(MONTHS) > 30, np.nan, parts["00000"])
    (place / "carparts").mkdir()
    pd.DataFrame(parts).to_csv(place / "carparts" / panels.CARPARTS_FILE, index=False)
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> dict:
    release = PolicyRegistry().active()
    menu = dict.fromkeys(release.forecast.candidates, ("SimpleExponentialSmoothing", "HistoricAverage"))
    rules = release.forecast.model_copy(update={"candidates": menu})
    return bench.measured(panels.carparts(folder), release.model_copy(update={"forecast": rules}))


def test_every_candidate_of_every_segment_is_scored_over_six_origins(found: dict) -> None:
    assert found["series"] == 31
    assert found["origins"] == 6
    names = [(row["demand_segment"], row["model"]) for row in found["scores"]]
    assert len(set(names)) == len(names)
    for segment in {segment for segment, _ in names}:
        assert sum(row["is_champion"] for row in found["scores"] if row["demand_segment"] == segment) == 1


def test_a_candidate_more_is_scored_beside_the_menu_of_every_segment(folder: Path) -> None:
    release = PolicyRegistry().active()
    menus = dict.fromkeys(release.forecast.candidates, ("HistoricAverage",))
    rules = release.forecast.model_copy(update={"candidates": menus})
    also = bench._with_candidates(release.model_copy(update={"forecast": rules}), ["TSB", "HistoricAverage"])
    scores = bench.measured(panels.carparts(folder), also)["scores"]
    scored = {(row["demand_segment"], row["model"]) for row in scores[:-1]}
    assert scored == {(segment, model) for segment, _ in scored for model in ("HistoricAverage", "TSB")}


def test_a_candidate_that_is_unknown_is_told_in_one_line(folder: Path) -> None:
    with pytest.raises(EquipoiseError, match="--also: model Nothing is unknown"):
        bench.run(data=folder, panel=["carparts"], also=["Nothing"])


def test_the_total_counts_the_windows_of_the_champions(found: dict) -> None:
    *rows, total = found["scores"]
    assert total["demand_segment"] == "all"
    assert total["window_count"] == sum(row["window_count"] for row in rows if row["is_champion"])
    assert 0.5 < total["pit_coverage_80"] < 0.95


def test_coverage_of_plans_is_told_by_segment_and_in_total(found: dict) -> None:
    *rows, total = found["planned"]
    # 31 parts, 6 origins and windows of 1, 2 and 3 months; of one part the last 14 months are missing.
    assert total["uncensored_window_count"] == 31 * 6 * 3 - 4 * 3 - 2 * 1
    assert sum(row["uncensored_window_count"] for row in rows) == total["uncensored_window_count"]
    assert sum(total["pit_histogram"]) == pytest.approx(1, abs=0.001)


def test_coverage_of_each_plan_and_without_borrowed_forecasts_stand_beside_it(found: dict) -> None:
    total = found["planned"][-1]
    assert len(total["pit_coverage_80_by_plan"]) == 6
    assert min(total["pit_coverage_80_by_plan"]) <= total["pit_coverage_80"] <= max(total["pit_coverage_80_by_plan"])
    # Every part sells from the first months on, so that none is forecast from others.
    assert total["pit_coverage_80_not_borrowed"] == total["pit_coverage_80"]


def test_the_ablation_holds_each_origin_but_the_first_against_every_law(found: dict) -> None:
    *rows, total = found["ablation"]
    assert total["demand_segment"] == "all"
    # One origin has none before it; of the part that ends early four more are not known whole.
    assert total["uncensored_window_count"] == sum(row["uncensored_window_count"] for row in rows)
    assert 0 < total["uncensored_window_count"] <= 31 * 5 * 3 - 4 * 3 - 2
    for measure in ("coverage_80", "pit_coverage_80", "pinball_loss"):
        assert tuple(total[measure]) == ablation.LAWS
    assert total["pit_coverage_80"]["shocks"] >= total["pit_coverage_80"]["pools"]


def test_a_plan_at_an_origin_sees_nothing_after_it(folder: Path) -> None:
    whole = panels.carparts(folder)
    first = whole.origin_date(whole.origins - 1)
    later = (whole.demand["bucket_start"] >= pd.Timestamp(first)).to_numpy()
    units = np.where(later, 50 * whole.demand["demand_lower_bound_units"] + 9, whole.demand["demand_lower_bound_units"])
    changed = panels.replace(whole, demand=whole.demand.assign(demand_lower_bound_units=units))
    pd.testing.assert_frame_equal(changed.features(first), whole.features(first))
    assert (changed.panel().index == whole.panel().index).all(axis=None)


def test_it_prints_all_tables(found: dict) -> None:
    console = Console(file=io.StringIO(), width=250)
    bench.show(console, {"panels": {"carparts": found}})
    told = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("PIT coverage", "MASE", "champions", "planned at each origin", "twice"):
        assert words in told


def test_an_unknown_panel_is_refused_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(EquipoiseError, match=r"no panel nope.*favorita"):
        bench.run(data=folder, panel=["nope"])


def test_missing_files_are_named(folder: Path) -> None:
    with pytest.raises(EquipoiseError, match="Favorita"):
        bench.run(data=folder, panel=["favorita"])
