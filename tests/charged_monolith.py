"""Items, limits, departures and documents as one mixed-integer program: the optimum that a plan stands beside."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_array, block_diag, coo_array, csr_array, csr_matrix, vstack

from assets.kernel.solvers.integer_program import IntegerAnswer, IntegerProgram, least_cost
from assets.rebalancing.expansion import Network
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.minimums import Minimums, no_minimums
from assets.rebalancing.problem import Problem


def charges(made: Problem) -> tuple[Departures, Minimums]:
    count = len(made.moves)
    return made.departures or no_departures(count), made.minimums or no_minimums(count)


def charged_monolith(net: Network, shared: Limits) -> IntegerAnswer:
    """Solve items, limits, trucks and documents at once; columns are arcs, trucks, documents."""
    departures, minimums = charges(net.problem)
    blocks = []
    for k in range(net.items):
        arcs = slice(net.arc_start[k], net.arc_start[k + 1])
        count, nodes = net.arc_start[k + 1] - net.arc_start[k], net.node_start[k + 1] - net.node_start[k]
        one, at = np.ones(count), np.arange(count)
        out, into = (csr_array((one, (end[arcs], at)), shape=(nodes, count)) for end in (net.tail, net.head))
        blocks.append(out - into)
    moved = np.flatnonzero(net.move >= 0)
    of_arcs = csr_array((np.ones(len(moved)), (net.move[moved], moved)), shape=(len(net.problem.moves), len(net.cost)))
    on = np.flatnonzero(departures.row >= 0)
    shape, trucks = (len(departures), len(departures.row)), len(departures)
    one = np.ones(len(on))
    loads = [
        csr_array(coo_array((amount, (departures.row[on], on)), shape=shape))
        for amount in (departures.load[on, 0], one)
    ]
    most = np.asarray(loads[1] @ largest_units(net).astype(np.float64))
    rooms = [np.where(np.isfinite(departures.truck[:, 0]), departures.truck[:, 0], 1e6), np.maximum(most, 1.0)]
    amount = minimums.use @ of_arcs
    full, documents = amount @ net.capacity, len(minimums)
    rows = [[block_diag(blocks), None, None], [shared.use @ of_arcs, None, None]]
    lower, upper = [net.supply, np.full(len(shared), -np.inf)], [net.supply, shared.room]
    if trucks:
        rows.append(
            [vstack([load @ of_arcs for load in loads]), -vstack([csr_array(np.diag(room)) for room in rooms]), None]
        )
        lower.append(np.full(2 * trucks, -np.inf))
        upper.append(np.zeros(2 * trucks))
    if documents:
        rows += [[amount, None, -csr_array(np.diag(minimums.least))], [amount, None, -csr_array(np.diag(full))]]
        lower += [np.zeros(documents), np.full(documents, -np.inf)]
        upper += [np.full(documents, np.inf), np.zeros(documents)]
    kept = [True, bool(trucks), bool(documents)]
    matrix = block_array([[cell for cell, keep in zip(row, kept, strict=True) if keep] for row in rows])
    columns = len(net.cost) + trucks + documents
    own = net.cost / net.scale - np.where(net.move >= 0, departures.spread[np.maximum(net.move, 0)], 0.0)
    bounds = np.concatenate([net.capacity, departures.most, np.ones(documents)]).astype(np.float64)
    return least_cost(
        IntegerProgram(
            np.concatenate([own, departures.cost, np.zeros(documents)]), np.zeros(columns), bounds,
            np.ones(columns, dtype=bool), csr_matrix(matrix),
            np.concatenate(lower).astype(np.float64), np.concatenate(upper).astype(np.float64),
        ),
        "monolith",
    )  # fmt: skip
