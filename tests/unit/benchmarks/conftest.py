"""A history small enough to play in seconds, in the files of the VN2 challenge."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.feeds.importers.vn2 import IN_STOCK_FILE, MASTER_FILE, SALES_FILE, STATE_FILE

WEEKS, STORES, PRODUCTS = 100, (1, 2, 3), (10, 20)
CHANGED_WEEKS = 12
SERIES = [(store, product) for store in STORES for product in PRODUCTS]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the four files of a challenge of six series."""
    root, random = tmp_path_factory.mktemp("data"), np.random.default_rng(4)
    place = root / "vn2"
    place.mkdir()
    units = {key: random.poisson(key[1] / 5, WEEKS) for key in SERIES}
    for product in PRODUCTS:
        # One store is left with stock that nobody asks for, another runs short: something to move.
        units[1, product][-CHANGED_WEEKS:] = 0
        units[2, product][-CHANGED_WEEKS:] *= 3
    weeks = [f"{week:%Y-%m-%d}" for week in pd.date_range(end="2024-04-08", periods=WEEKS, freq="7D")]
    state = ["End Inventory", "In Transit W+1", "In Transit W+2"]
    names = ["ProductGroup", "Department", "StoreFormat"]
    tables = {
        SALES_FILE: [["Store", "Product", *weeks], *([*key, *units[key]] for key in SERIES)],
        IN_STOCK_FILE: [["Store", "Product", *weeks], *([*key, *["True"] * WEEKS] for key in SERIES)],
        MASTER_FILE: [["Store", "Product", *names], *([*key, 301, 30, 1] for key in SERIES)],
        STATE_FILE: [["Store", "Product", *state], *([*key, 5, 2, 2] for key in SERIES)],
    }
    for name, rows in tables.items():
        with (place / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return root
