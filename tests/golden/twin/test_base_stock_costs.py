"""The twin's day against the published grid of lost sales: cost of the best base-stock policy."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.run import run

REPLICATIONS, PERIODS, WARM_UP, RATE, SEED = 2000, 120, 20, 5.0, 1
TOLERANCE = 0.01


def answers() -> Path:
    here = Path(__file__).parents[3].parent / "shared" / "data"
    root = Path(os.environ.get("EQUIPOISE_BENCH_DATA", here))
    return root / "lost_sales" / "lost_sales_known_costs_L1_L2.csv"


def simulated_cost(lead_time: int, penalty: float, holding: float, level: int) -> float:
    """Cost per period of ordering up to a level, each replication an item-site."""
    demand = np.random.default_rng(SEED).poisson(RATE, (REPLICATIONS, PERIODS))
    every, free = np.arange(REPLICATIONS), np.zeros(REPLICATIONS)
    rates = Rates(np.full(REPLICATIONS, holding), np.full(REPLICATIONS, penalty), free, lost_sales=True)

    def order_up_to(_bucket: int, stock: Stock) -> Lines:
        wanted = np.maximum(0, level - stock.on_hand - stock.under_way.sum(axis=1))
        return Lines(np.full(REPLICATIONS, SUPPLIER), every, wanted, np.full(REPLICATIONS, lead_time), free, free)

    opening = Stock(np.full(REPLICATIONS, level), np.zeros((REPLICATIONS, 0), np.int64), np.zeros(REPLICATIONS, int))
    late = run(opening, demand, rates, order_up_to).buckets[WARM_UP:]
    return float(np.mean([(one.holding + one.shortage).mean() for one in late]))


def test_base_stock_costs_what_is_published_at_every_lead_time_and_penalty() -> None:
    if not answers().exists():
        pytest.skip(f"no published answers at {answers()}")
    with answers().open() as file:
        cases = list(csv.DictReader(file))
    assert cases
    for case in cases:
        told = float(case["best_base_stock_cost_sim"])
        found = simulated_cost(
            int(case["lead_time"]), float(case["penalty"]), float(case["holding"]), int(case["best_base_stock_level"])
        )
        assert found == pytest.approx(told, rel=TOLERANCE), case
