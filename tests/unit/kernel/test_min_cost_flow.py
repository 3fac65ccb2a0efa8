"""Many graphs at once: each as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.solvers.min_cost_flow import optimal_flow, optimal_flows

NODES, ARCS = 12, 300


def graphs(count: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return the arrays of seeded graphs, and where arcs and nodes of each begin; a dear arc joins all nodes."""
    rng = np.random.default_rng(5)
    ends = [rng.integers(0, NODES, (count, ARCS)) for _ in range(2)]
    ends[0][:, : NODES - 1], ends[1][:, : NODES - 1] = np.arange(NODES - 1), np.arange(1, NODES)
    capacity, cost = rng.integers(1, 9, (count, ARCS)), rng.integers(1, 50, (count, ARCS))
    capacity[:, : NODES - 1], cost[:, : NODES - 1] = 1_000, 1_000
    supply = np.zeros((count, NODES), dtype=np.int64)
    supply[:, 0] = rng.integers(5, 60, count)
    supply[:, -1] = -supply[:, 0]
    arrays = [values.ravel() for values in (*ends, capacity, cost, supply)]
    return arrays, np.arange(count + 1) * ARCS, np.arange(count + 1) * NODES


def test_a_graph_among_others_flows_as_it_would_alone() -> None:
    (tail, head, capacity, cost, supply), arcs, nodes = graphs(20)
    together = optimal_flows(tail, head, capacity, cost, supply, arcs, nodes, str)
    assert together.any()
    for k in range(20):
        own, at = slice(arcs[k], arcs[k + 1]), slice(nodes[k], nodes[k + 1])
        alone = optimal_flow(tail[own], head[own], capacity[own], cost[own], supply[at])
        assert np.array_equal(together[own], alone)


def test_the_graph_without_an_answer_is_named() -> None:
    (tail, head, capacity, cost, supply), arcs, nodes = graphs(3)
    supply[nodes[1]] += 10_000
    supply[nodes[2] - 1] -= 10_000
    with pytest.raises(EquipoiseError, match="graph 1: the flow has no optimum"):
        optimal_flows(tail, head, capacity, cost, supply, arcs, nodes, lambda k: f"graph {k}")


def test_a_graph_without_arcs_takes_part_in_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    ends = np.array([0, 0]), np.array([0, 1])
    assert len(optimal_flows(nothing, nothing, nothing, nothing, np.zeros(1, dtype=np.int64), *ends, str)) == 0
