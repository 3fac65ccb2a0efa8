"""The flow benchmark on instances that take no time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.cli.bench import load

bench, growth, dimacs, problems = (load(name) for name in ("flow", "flow_growth", "flow_dimacs", "market_problem"))
TWO_WAYS = "c two ways, the cheap one full after 3\np min 2 2\nn 1 5\nn 2 -5\na 1 2 0 3 1\na 1 2 0 9 4\n"


def test_the_layer_costs_what_the_bare_solver_costs() -> None:
    network = bench.expand(problems.world(3, 1).problem)
    found = bench.layer(network, repeats=1)
    assert found["same_cost"]
    assert found["item_sites"] == 30
    assert found["most_segments"] >= 16
    assert found["overhead"] == pytest.approx(
        found["bare_item_sites_per_cpu_second"] / found["item_sites_per_cpu_second"] - 1
    )


def test_an_instance_in_dimacs_format_is_read_and_solved(tmp_path: Path) -> None:
    path = tmp_path / "two-ways.dmx"
    path.write_text(TWO_WAYS)
    assert [values.tolist() for values in dimacs.read(path)] == [[0, 0], [1, 1], [3, 9], [1, 4], [5, -5]]
    assert bench.published(path, 11)["reached"] == 11


def test_growth_counts_every_part_and_hands_back_the_same_units_at_any_size() -> None:
    # Its workers are forked, and this process may have threads of other tests: a process of its own.
    told = (
        "import json; from orchestration.cli.bench import load; growth = load('flow_growth'); "
        "print(json.dumps([growth.grow(4_000), growth.alike(4_000)]))"
    )
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    found, same = json.loads(said)
    assert (same["item_sites"], same["same_units"]) == (4_000, True)
    assert [size["item_sites"] for size in found] == [40, 400, 4_000]
    assert found[0]["exponent"] is None
    assert all(0 < size["expanding_cpu_seconds"] < size["cpu_seconds"] for size in found)
    alone = [growth.world(2, seed).problem for seed in range(2)]
    growth.PARTS.extend(alone)
    assert sum(int(growth.solved(k)[0].sum()) for k in range(2)) == found[0]["units"]
    growth.PARTS.clear()
    layer = bench.layer(bench.expand(alone[0]), repeats=1)
    bench.show(Console(quiet=True), {"layer": layer, "published": [], "growth": found, "alike": same})
