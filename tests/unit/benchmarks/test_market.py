"""The market benchmark on a problem small enough to settle in a second."""

import io

import numpy as np
import pytest
from rich.console import Console

from assets.rebalancing.expansion import expand
from orchestration.cli.bench import load

bench, problems = load("market"), load("market_problem")


def test_a_small_market_is_settled_measured_and_shown() -> None:
    found = bench.run(item_sites=200, limits=8, tightness=0.4)
    (one,) = found["problems"]
    assert one["limits"] == 8
    assert one["broken_limits"] == 0
    assert one["free_cost"] < one["bound"] <= one["cost"]
    assert one["gap"] == pytest.approx((one["cost"] - one["bound"]) / one["cost"])
    assert [point["round"] for point in one["curve"]] == list(range(one["rounds"]))[: len(one["curve"])]
    assert one["curve"][-1]["gap"] < one["curve"][0]["gap"]
    console = Console(file=io.StringIO(), width=160)
    bench.show(console, found)
    assert f"{one['gap']:.4%}" in console.file.getvalue()


def test_small_instances_stand_beside_their_optimum_and_within_their_gap() -> None:
    found = bench.run(small=2)
    assert set(found) == {"small"}
    for kind in ("limits", "trucks"):
        assert [one["seed"] for one in found["small"][kind]] == [0, 1]
        for one in found["small"][kind]:
            assert one["within_gap"]
            assert one["difference"] == pytest.approx(one["cost"] - one["optimum"])
            assert one["bound"] <= one["optimum"] + 1e-4 <= one["cost"] + 2e-4
    assert [one["document_minimum"] for one in found["small"]["trucks"]] == [0.0, 40.0]
    console = Console(file=io.StringIO(), width=200)
    bench.show(console, found)
    said = console.file.getvalue()
    assert "Market against monolithic MILP, 2 small random instances" in said
    assert said.count("Same optimum within the stated gap: 2 of 2") == 2


@pytest.mark.slow
def test_trucks_leave_or_not_and_what_is_decided_is_measured() -> None:
    found = bench.run(item_sites=100, limits=4, tightness=0.5, trucks=5.0)
    (one,) = found["trucked"]
    assert one["broken_limits"] == 0
    assert one["bound"] <= one["cost"]
    assert 0 < one["departures_open"] < one["departures"]
    assert one["trucks"] >= one["departures_open"]
    assert one["bill"] > 0
    console = Console(file=io.StringIO(), width=200)
    bench.show(console, found)
    assert f"{one['departures_open']} of {one['departures']}" in console.file.getvalue()


def test_a_world_is_the_same_for_its_seed_and_its_items_have_ten_sites() -> None:
    one, again, other = problems.world(5, 1), problems.world(5, 1), problems.world(5, 2)
    assert one.problem.item_sites.quantiles.tobytes() == again.problem.item_sites.quantiles.tobytes()
    assert one.problem.item_sites.quantiles.tobytes() != other.problem.item_sites.quantiles.tobytes()
    assert np.bincount(one.problem.item_sites.item).tolist() == [10] * 5
    moves = one.problem.moves
    assert (one.problem.item_sites.item[moves.destination[moves.is_transfer]] ==
            one.problem.item_sites.item[moves.origin[moves.is_transfer]]).all()  # fmt: skip
    assert expand(one.problem).items == 5
