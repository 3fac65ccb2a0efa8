"""Published min-cost flow instances, in DIMACS format; adding one needs a line, no code."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from assets.kernel.solvers.min_cost_flow import optimal_flow

ANSWERS = {"sample.dmx": 9, "netgen-2.dmx": 6_749_969_302}


def instances() -> Path:
    here = Path(__file__).parents[3].parent / "shared" / "data"
    return Path(os.environ.get("EQUIPOISE_BENCH_DATA", here)) / "mincostflow"


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_the_published_optimum_is_found(name: str) -> None:
    path = instances() / name
    if not path.exists():
        pytest.skip(f"{path} is absent; set EQUIPOISE_BENCH_DATA to the folder of real data")
    nodes, supplies, arcs = 0, [], []
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or ["c"]
        if kind == "p":
            nodes = int(rest[1])
        elif kind == "n":
            supplies.append([int(x) for x in rest])
        elif kind == "a":
            arcs.append([int(x) for x in rest])
    tail, head, low, high, cost = np.array(arcs).T
    assert (low == 0).all()
    supply = np.zeros(nodes, dtype=np.int64)
    for node, units in supplies:
        supply[node - 1] = units
    flows = optimal_flow(tail - 1, head - 1, high, cost, supply, name)
    assert int((flows * cost).sum()) == ANSWERS[name]
