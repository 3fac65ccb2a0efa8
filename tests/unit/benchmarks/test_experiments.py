"""The benchmark of experiments on a history small enough to play in seconds."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.cli.bench import load

bench = load("experiments")
ALWAYS = ("min_max_tuned", "min_max_tuned_following", "official_vn2", "no_transfers", "min_max")
LATERAL = ("joint_plan", "joint_plan_credible", "greedy_pairs")


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keep")


@pytest.fixture(scope="module")
def found(folder: Path, keep: Path) -> dict:
    return bench.run(
        data=folder, network=["vn2"], items=0, windows=1, lane_cost=[0.3], small=True, keep=keep, credible=True
    )


@pytest.mark.slow
def test_every_policy_is_played_and_paired(found: dict) -> None:
    network = found["networks"]["vn2"]
    (one,) = network["lane_costs"]
    assert set(network["as_given"]["policies"]) == set(ALWAYS)
    assert set(one["policies"]) == {*ALWAYS, *LATERAL}
    assert one["policies"]["joint_plan"]["over_reference"] == 0.0


@pytest.mark.slow
def test_nothing_played_costs_less_than_the_bound(found: dict) -> None:
    network = found["networks"]["vn2"]
    for one in (network["as_given"], *network["lane_costs"]):
        least = min(policy["cost"] for policy in one["policies"].values())
        assert one["clairvoyant"]["cost"] <= least + 1e-6
    # Lanes are one way more for who knows what comes.
    assert network["lane_costs"][0]["clairvoyant"]["cost"] <= network["as_given"]["clairvoyant"]["cost"] + 1e-6


@pytest.mark.slow
def test_what_was_kept_is_told_again_without_planning(found: dict, folder: Path, keep: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in keep.rglob("*.parquet")}
    again = bench.run(
        data=folder, network=["vn2"], items=0, windows=1, lane_cost=[0.3], small=True, keep=keep, credible=True
    )
    told = [run["networks"]["vn2"]["lane_costs"][0]["policies"] for run in (found, again)]
    assert told[0] == told[1]
    assert {path: path.stat().st_mtime_ns for path in keep.rglob("*.parquet")} == before


@pytest.mark.slow
def test_the_tables_tell_every_policy_the_bound_and_the_break_even(found: dict) -> None:
    console = Console(file=io.StringIO(), width=240)
    bench.show(console, found)
    printed = console.file.getvalue()
    assert all(name in printed for name in (*ALWAYS, *LATERAL))
    assert "Clairvoyant bound" in printed
    assert found["networks"]["vn2"]["break_even_how"] in printed


def test_a_network_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bench.EquipoiseError, match="no network mars"):
        bench.run(data=tmp_path, network=["mars"])


def test_a_lane_that_pays_for_being_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bench.EquipoiseError, match="less than nothing"):
        bench.run(data=tmp_path, network=["vn2"], lane_cost=[-1.0])
