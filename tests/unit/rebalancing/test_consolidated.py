"""Departures that cost something whatever they carry, and documents with a minimum, in the daily plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from market_worlds import base, limits, network, problem
from scipy.sparse import block_array, block_diag, coo_array, csr_array, csr_matrix, vstack

from assets.kernel.solvers.integer_program import IntegerAnswer, IntegerProgram, least_cost
from assets.rebalancing.consolidated import Consolidated, consolidated
from assets.rebalancing.costs import Costs, of_items
from assets.rebalancing.expansion import Network
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.limits import Limits, no_limits
from assets.rebalancing.market.minimums import Minimums, no_minimums
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.problem import Problem

SEEDS = [0, 1, 2, *(pytest.param(k, marks=pytest.mark.slow) for k in range(3, 20))]
WORST_GAP = 0.01


def charges(made: Problem) -> tuple[Departures, Minimums]:
    count = len(made.moves)
    return made.departures or no_departures(count), made.minimums or no_minimums(count)


def plan(made: Problem, shared: Limits | None = None) -> Consolidated:
    return consolidated(network(made), shared or made.limits or no_limits(len(made.moves)))


def monolith(net: Network, shared: Limits) -> IntegerAnswer:
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
    of_arcs = csr_array(
        (np.ones(len(moved)), (net.move[moved], moved)), shape=(len(net.problem.moves), len(net.cost))
    )
    on = np.flatnonzero(departures.row >= 0)
    shape, trucks = (len(departures), len(departures.row)), len(departures)
    one = np.ones(len(on))
    loads = [csr_array(coo_array((amount, (departures.row[on], on)), shape=shape)) for amount in (departures.load[on, 0], one)]
    most = np.asarray(loads[1] @ largest_units(net).astype(np.float64))
    rooms = [np.where(np.isfinite(departures.truck[:, 0]), departures.truck[:, 0], 1e6), np.maximum(most, 1.0)]
    amount = minimums.use @ of_arcs
    full, documents = amount @ net.capacity, len(minimums)
    rows = [[block_diag(blocks), None, None], [shared.use @ of_arcs, None, None]]
    lower, upper = [net.supply, np.full(len(shared), -np.inf)], [net.supply, shared.room]
    if trucks:
        rows.append([vstack([load @ of_arcs for load in loads]), -vstack([csr_array(np.diag(room)) for room in rooms]), None])
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


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_meets_the_monolith_and_its_bound_holds(seed: int) -> None:
    made = problem(4, seed, trucks=1.0, least=40.0 * (seed % 2))
    net, shared = network(made), limits(made, seed, 0.6)
    done, whole = plan(made, shared), monolith(net, shared)
    departures, minimums = charges(made)
    best, units = base(net) + whole.value, done.found.every_unit
    cost = done.found.costs.total
    assert done.bound is not None
    assert done.bound.amount <= base(net) + whole.bound + 1e-6 * abs(best)
    assert base(net) + whole.bound - 1e-6 * abs(best) <= cost <= best + WORST_GAP * abs(best)
    assert done.found.over_bound == pytest.approx(cost - done.bound.amount, abs=1e-4)
    assert breaches(shared, units) == []
    assert (departures.trucks(units) <= departures.most).all()
    assert not minimums.broken(units).any()
