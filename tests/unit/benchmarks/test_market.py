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


small = load("market_small")


def test_a_plan_is_judged_by_the_gap_asked_for_and_a_bound_above_the_optimum_is_none() -> None:
    """Any gap that a plan states holds the optimum; that says nothing."""
    far = small._beside(0, 120.0, 50.0, 100.0, 100.0, 0.0)
    assert (far["within_asked"], far["bound_holds"], far["difference_share"]) == (False, True, pytest.approx(0.2))
    near = small._beside(0, 100.9, 100.5, 100.0, 100.0, 0.0)
    assert (near["within_asked"], near["bound_holds"], near["same_optimum"]) == (True, False, False)


def test_small_instances_stand_beside_their_optimum() -> None:
    found = bench.run(small=2)
    assert set(found) == {"small"}
    for kind in ("limits", "trucks"):
        assert [one["seed"] for one in found["small"][kind]] == [0, 1]
        for one in found["small"][kind]:
            assert one["bound_holds"]
            assert one["difference_share"] < 0.015
            assert one["difference"] == pytest.approx(one["cost"] - one["optimum"])
            assert one["bound"] <= one["optimum"] + 1e-4 <= one["cost"] + 2e-4
    assert [one["document_minimum"] for one in found["small"]["trucks"]] == [0.0, 40.0]
    console = Console(file=io.StringIO(), width=200)
    bench.show(console, found)
    said = console.file.getvalue()
    assert "Market against monolithic MILP, 2 small random instances" in said
    for kind in ("limits", "trucks"):
        within = sum(one["within_asked"] for one in found["small"][kind])
        assert f"Within 1% of the optimum: {within} of 2" in said


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
