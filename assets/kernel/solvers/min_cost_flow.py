"""Minimum-cost flow in whole units, to proven optimality; one graph, or many that are apart.

Not here: what the nodes and arcs stand for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from assets.kernel.errors import EquipoiseError

Ints = npt.NDArray[np.int64]


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
    name: Callable[[int], str],
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
    for k in range(len(arcs) - 1):
        own, low, high = slice(arcs[k], arcs[k + 1]), nodes[k], nodes[k + 1]
        if own.start < own.stop:
            flows[own] = optimal_flow(tail[own], head[own], capacity[own], cost[own], supply[low:high], name(k))
    return flows
