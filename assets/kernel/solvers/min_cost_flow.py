"""Minimum-cost flow in whole units, to proven optimality.

Not here: what the nodes and arcs stand for, or how many problems are worth one call.
"""

from __future__ import annotations

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
        tail.astype(np.int32), head.astype(np.int32), capacity.astype(np.int64), cost.astype(np.int64)
    )
    solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply.astype(np.int64))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise EquipoiseError(
            f"the flow has no optimum ({status})", where=name, remedy="Look at the problem's consistency() for its data"
        )
    return np.asarray(solver.flows(arcs), dtype=np.int64)
