"""The VN2 benchmark as a whole, on a history small enough to play in a second."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from assets.feeds.importers.vn2 import IN_STOCK_FILE, MASTER_FILE, SALES_FILE
from orchestration.cli.bench import load

bench = load("vn2")
SERIES = [(store, product) for store in (1, 2) for product in (10, 20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, random = tmp_path_factory.mktemp("vn2"), np.random.default_rng(4)
    weeks = [f"{week:%Y-%m-%d}" for week in pd.date_range("2022-01-03", periods=80, freq="7D")]
    names = ["ProductGroup", "Department", "StoreFormat"]
    tables = {
        SALES_FILE: [["Store", "Product", *weeks], *([*key, *random.poisson(key[1] / 5, 80)] for key in SERIES)],
        IN_STOCK_FILE: [["Store", "Product", *weeks], *([*key, *["True"] * 80] for key in SERIES)],
        MASTER_FILE: [["Store", "Product", *names], *([*key, 301, 30, 1] for key in SERIES)],
    }
    for name, rows in tables.items():
        with (place / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> dict:
    return bench.run(data=folder)


def test_every_window_is_played_by_every_policy(found: dict) -> None:
    assert len(found["windows"]) == 2
    for window in found["windows"]:
        assert set(window["policies"]) == set(found["policies"])
    total = sum(window["policies"]["ours"]["cost"] for window in found["windows"])
    assert found["policies"]["ours"]["cost"] == pytest.approx(total, abs=0.02)


def test_the_organiser_is_the_measure_and_foresight_costs_least(found: dict) -> None:
    assert found["policies"]["organiser"]["ratio_to_organiser"] == 1.0
    costs = {name: one["cost"] for name, one in found["policies"].items()}
    assert min(costs, key=costs.__getitem__) == "perfect foresight"


def test_costs_split_into_holding_and_shortage_and_intervals_hold_the_ratio(found: dict) -> None:
    for one in found["policies"].values():
        assert one["cost"] == pytest.approx(one["holding"] + one["shortage"], abs=0.02)
        low, high = one["interval_95"]
        assert low <= one["ratio_to_organiser"] <= high


def test_the_same_history_is_played_the_same_way(folder: Path, found: dict) -> None:
    again = bench.run(data=folder)

    assert {**again, "seconds": 0} == {**found, "seconds": 0}


def test_people_read_the_totals_and_each_window(found: dict) -> None:
    written = io.StringIO()
    bench.show(Console(file=written, width=140), found)

    assert "perfect foresight" in written.getvalue()
    assert "of the organiser's cost over 2 windows" in written.getvalue()
