"""Minimum-cost flow in whole units, to proven optimality; one graph, or many that are apart.

Not here: what the nodes and arcs stand for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from assets.kernel.errors import EquipoiseError

Ints = npt.NDArray[np.int64]

MOST_THREADS = 8
ARCS_A_THREAD = 20_000
"""Fewer arcs than so many are not worth a thread of their own."""


def optimal_flow(tail: Ints, head: Ints, capacity: Ints, cost: Ints, supply: Ints, name: str = "graph") -> Ints:
    """Return the flow of every arc at least cost.

    Parameters
    ----------
    tail, head : int array, shape (a,)
        Nodes of each arc, counted from 0.
    capacity, cost : int array, shape (a,)
        Most units of an arc, and what one costs.
    supply : int array, shape (nodes,)
        Units entering (positive) or leaving (negative) each node; adds up to 0.
    name : str
        What an error calls the problem.

    Returns
    -------
    int array, shape (a,)

    Raises
    ------
    EquipoiseError
        If the solver reports anything but an optimum.

    Examples
    --------
    Two ways from node 0 to node 1, the cheap one full after 3 units:

    >>> arcs = [np.array(values) for values in ([0, 0], [1, 1], [3, 9], [1, 4])]
    >>> optimal_flow(*arcs, np.array([5, -5])).tolist()
    [3, 2]
    """
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32, copy=False), head.astype(np.int32, copy=False), capacity, cost
    )
    solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise EquipoiseError(
            f"the flow has no optimum ({status})", where=name, remedy="Look at the problem's consistency() for its data"
        )
    return np.asarray(solver.flows(arcs), dtype=np.int64)


def optimal_flows(
    tail: Ints, head: Ints, capacity: Ints, cost: Ints, supply: Ints, arc_start: Ints, node_start: Ints,
    name: Callable[[int], str], threads: int | None = None,
) -> Ints:  # fmt: skip
    """Return the flows of many graphs, each solved by itself, so that none depends on the others.

    Parameters
    ----------
    tail, head : int array, shape (a,)
        Nodes of each arc, counted from 0 within its graph.
    capacity, cost : int array, shape (a,)
        Most units of an arc, and what one costs.
    supply : int array, shape (nodes,)
        Units entering or leaving each node; adds up to 0 in every graph.
    arc_start, node_start : int array, shape (graphs + 1,)
        Where the arcs and nodes of each graph begin.
    name : callable
        What an error calls a graph.
    threads : int, optional
        How many work side by side, each on a row of graphs; as many as there are processors if
        not given. The solver works outside the interpreter's lock. The answer is the same for any.

    Examples
    --------
    The same two ways for 5 units, then for 2:

    >>> arcs = [np.array(values * 2) for values in ([0, 0], [1, 1], [3, 9], [1, 4])]
    >>> flows = optimal_flows(*arcs, np.array([5, -5, 2, -2]), np.array([0, 2, 4]), np.array([0, 2, 4]), str)
    >>> flows.tolist()
    [3, 2, 2, 0]
    """
    flows, arcs, nodes = np.zeros(len(tail), dtype=np.int64), arc_start.tolist(), node_start.tolist()
    tail, head = tail.astype(np.int32), head.astype(np.int32)

    def work(graphs: tuple[int, int]) -> None:
        for k in range(*graphs):
            own, low, high = slice(arcs[k], arcs[k + 1]), nodes[k], nodes[k + 1]
            if own.start < own.stop:
                ends = tail[own], head[own]
                flows[own] = optimal_flow(*ends, capacity[own], cost[own], supply[low:high], name(k))

    shares = _shares(arc_start, processors() if threads is None else threads)
    if len(shares) == 1:
        work(shares[0])
        return flows
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(work, shares))
    return flows


def processors() -> int:
    """Return how many processors this process may use, at most ``MOST_THREADS``."""
    return min(MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _shares(arc_start: Ints, threads: int) -> list[tuple[int, int]]:
    """Cut the graphs into rows of about as many arcs each, one a thread."""
    graphs, arcs = len(arc_start) - 1, int(arc_start[-1])
    count = max(1, min(threads, arcs // ARCS_A_THREAD))
    cuts = [int(np.searchsorted(arc_start, arcs * k // count)) for k in range(1, count)]
    return list(pairwise([0, *cuts, graphs]))
