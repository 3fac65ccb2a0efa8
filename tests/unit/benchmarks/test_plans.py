"""The benchmark of plans on a history small enough to play in seconds, and its statistics."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from assets.twin.experiment import paired as statistics
from assets.twin.experiment import policies
from orchestration.cli.bench import load

bench = load("plans")
STORES, PRODUCTS = (1, 2, 3), (10, 20)


@pytest.fixture(scope="module")
def found(folder: Path) -> dict:
    return bench.run(data=folder, network=["vn2"], windows=1, least_gain=0.0)


@pytest.mark.slow
def test_every_policy_is_played_at_every_cost_of_lanes(found: dict) -> None:
    network = found["networks"]["vn2"]
    assert network["item_sites"] == len(STORES) * len(PRODUCTS)
    assert network["plan_dates"] == ["2024-02-19"]
    assert [one["lane_cost"] for one in network["lane_costs"]] == [0.1, 0.3, 0.9]
    assert all(set(one["policies"]) == set(policies.POLICIES) for one in network["lane_costs"])


@pytest.mark.slow
def test_the_parts_of_a_cost_add_up_and_differences_are_to_the_joint_plan(found: dict) -> None:
    for one in found["networks"]["vn2"]["lane_costs"]:
        joint = one["policies"]["joint_plan"]["cost"]
        for policy in one["policies"].values():
            parts = sum(policy[part] for part in ("holding", "shortage", "transport", "purchase"))
            assert policy["cost"] == pytest.approx(parts)
            assert policy["over_joint"] == pytest.approx(policy["cost"] / joint - 1)
            assert policy["cells"]["n"] == len(PRODUCTS)
            middle = (policy["cells"]["low"] + policy["cells"]["high"]) / 2
            assert middle == pytest.approx(policy["over_joint"], abs=1e-9)
            assert policy["dates"] == {"n": 1, "low": None, "high": None}


@pytest.mark.slow
def test_only_policies_with_lanes_between_stores_feel_what_they_cost(found: dict) -> None:
    costs = found["networks"]["vn2"]["lane_costs"]
    for name in ("no_transfers", "min_max", "do_nothing"):
        assert len({one["policies"][name]["cost"] for one in costs}) == 1
        assert all(one["policies"][name]["lateral_units"] == 0 for one in costs)
    assert costs[0]["policies"]["joint_plan"]["lateral_units"] > costs[-1]["policies"]["joint_plan"]["lateral_units"]


@pytest.mark.slow
def test_without_orders_only_opening_stock_is_sold(found: dict) -> None:
    nothing = found["networks"]["vn2"]["lane_costs"][0]["policies"]["do_nothing"]
    assert (nothing["transport"], nothing["lines"]) == (0.0, 0)
    # Valued at what it costs, so that selling it costs nothing.
    assert nothing["purchase"] == pytest.approx(0.0)
    assert nothing["fill_rate"] < 0.7


@pytest.mark.slow
def test_the_tables_tell_every_policy_and_the_break_even(found: dict) -> None:
    console = Console(file=io.StringIO(), width=220)
    bench.show(console, found)
    printed = console.file.getvalue()
    assert all(name in printed for name in policies.POLICIES)
    assert found["networks"]["vn2"]["break_even_how"] in printed


def test_an_interval_of_pairs_is_that_of_student() -> None:
    interval = statistics.paired(np.array([1.0, 2.0, 3.0, 4.0]))
    # t(0.975, 3) = 3.1824, standard error 0.6455.
    assert (interval.low, interval.high) == pytest.approx((2.5 - 2.0543, 2.5 + 2.0543), abs=1e-3)
    assert statistics.paired(np.array([1.0])).high == np.inf


def test_items_stay_together_in_their_block_and_blocks_are_alike_in_number() -> None:
    items = pd.Series([f"i{number % 10}" for number in range(40)])
    blocks = statistics.cells_of(items, 5, 1)
    assert (blocks.groupby(items).nunique() == 1).all()
    assert blocks.value_counts().tolist() == [8] * 5
    # No block is empty: nothing would differ in it, and the interval would be too narrow.
    assert statistics.cells_of(items[:3], 5, 1).nunique() == 3


def test_savings_that_change_sign_between_two_costs_cross_there() -> None:
    crossing, how = statistics.break_even([1.0, 2.0, 4.0], [6.0, 1.0, -1.0])
    assert crossing == pytest.approx(3.0)
    assert "between 2 and 4" in how
    assert statistics.break_even([1.0, 2.0], [-1.0, -2.0])[0] is None


def test_a_network_that_does_not_exist_is_refused(folder: Path) -> None:
    with pytest.raises(bench.EquipoiseError, match="no network mars"):
        bench.run(data=folder, network=["mars"])
