"""No order of the VN2 benchmark knows what came after its decision, and every one knows the week before it."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.feeds.importers.vn2 import IN_STOCK_FILE, MASTER_FILE, SALES_FILE
from orchestration.cli.bench import load

bench, rules = load("vn2"), load("vn2_rules")
SERIES = [(store, product) for store in (1, 2) for product in range(8)]
WEEKS, DECIDED, LATER = 100, 84, 92
CLAIRVOYANT = "perfect foresight"
Orders = dict[str, list[int]]


@pytest.fixture(scope="module")
def history() -> tuple[np.ndarray, np.ndarray]:
    """Units sold and whether in stock, of sixteen series with a season."""
    random = np.random.default_rng(1)
    level = np.exp(random.uniform(-1.0, 2.5, len(SERIES)))[:, None]
    season = 1.0 + 0.5 * np.sin(np.arange(WEEKS) / 52 * 2 * np.pi)
    return random.poisson(level * season), random.random((len(SERIES), WEEKS)) > 0.05


def orders_of(place: Path, sales: np.ndarray, in_stock: np.ndarray) -> Orders:
    """Return what each policy orders at the week decided, after the later window was played, as a run plays it."""
    weeks = [f"{week:%Y-%m-%d}" for week in pd.date_range("2022-01-03", periods=WEEKS, freq="7D")]
    names = ["ProductGroup", "Department", "StoreFormat"]
    tables = {
        SALES_FILE: [["Store", "Product", *weeks], *([*key, *row] for key, row in zip(SERIES, sales, strict=True))],
        IN_STOCK_FILE: [
            ["Store", "Product", *weeks], *([*key, *row] for key, row in zip(SERIES, in_stock, strict=True))
        ],
        MASTER_FILE: [["Store", "Product", *names], *([*key, 301, 30, 1] for key in SERIES)],
    }  # fmt: skip
    place.mkdir()
    for name, rows in tables.items():
        with (place / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    challenge = bench.read_challenge(*bench.published_files(place))
    stock = rules.Stock(*(np.full(len(SERIES), units, dtype=np.int64) for units in (3, 2, 1)))
    found = {}
    for name, policy in bench.policies(challenge, [LATER, DECIDED], place).items():
        policy(LATER, stock)
        found[name] = policy(DECIDED, stock).tolist()
    return found


@pytest.fixture(scope="module")
def orders(history: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Orders:
    return orders_of(tmp_path_factory.mktemp("vn2") / "as it was", *history)


def test_weeks_from_the_decision_on_change_no_order(history, orders: Orders, tmp_path: Path) -> None:
    sales, in_stock = (table.copy() for table in history)
    sales[:, DECIDED:] = 9 * sales[:, DECIDED:] + 50
    in_stock[:, DECIDED:] = np.random.default_rng(2).random((len(SERIES), WEEKS - DECIDED)) > 0.5
    after = orders_of(tmp_path / "other weeks ahead", sales, in_stock)
    assert {"ours", "organiser", "the daily plan's champions", *bench.ABLATIONS} < set(orders)
    assert [name for name in orders if orders[name] != after[name]] == [CLAIRVOYANT]


def test_the_week_before_the_decision_changes_every_order(history, orders: Orders, tmp_path: Path) -> None:
    """Of a policy that decides on older news, as of champions chosen late, it would change none."""
    sales, in_stock = (table.copy() for table in history)
    sales[:, DECIDED - 1] = 9 * sales[:, DECIDED - 1] + 50
    in_stock[:, DECIDED - 1] = True
    after = orders_of(tmp_path / "another last week", sales, in_stock)
    assert [name for name in orders if orders[name] == after[name]] == [CLAIRVOYANT]
