"""Trucks and minimums beside the whole of it as one mixed-integer program."""

from __future__ import annotations

import numpy as np
import pytest
from market_worlds import base, limits, network, problem
from scipy.sparse import block_array, block_diag, coo_array, csr_array, csr_matrix

from assets.kernel.errors import EquipoiseError
from assets.kernel.solvers.integer_program import IntegerAnswer, IntegerProgram, least_cost
from assets.rebalancing.expansion import Network
from assets.rebalancing.market.charged import negotiate_charged
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.minimums import Minimums, no_minimums
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.opening import own_cost
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.problem import Problem

SEEDS = [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, 20))]
"""Of them 10 has riders that could take back the room they free for others."""
WORST_GAP = 0.03


def lanes(made: Problem, seed: int) -> Departures:
    """Return trucks for what goes down from the centre and across, a row a lane and bucket."""
    moves, site = made.moves, np.array(made.item_sites.site_ids, dtype=object)
    rng = np.random.default_rng(seed)
    to = site[made.item_sites.site[moves.destination]]
    names = moves.source_id + " " + to + " " + moves.bucket.astype(str).astype(object)
    sent = np.flatnonzero(moves.is_transfer)
    known, row = np.unique(names[sent].astype(str), return_inverse=True)
    use = coo_array((np.ones(len(sent)), (row, sent)), shape=(len(known), len(moves))).tocsr()
    count = len(known)
    cost = rng.choice([1.0, 3.0, 6.0], count)
    return Departures(tuple(known), np.full(count, 6.0), cost, np.full(count, 3, dtype=np.int64), csr_array(use))


def orders(made: Problem, least: float) -> Minimums:
    """Return a document for what is bought in each bucket, with a minimum value."""
    moves = made.moves
    bought = np.flatnonzero(~moves.is_transfer)
    known, row = np.unique(moves.bucket[bought], return_inverse=True)
    use = coo_array((moves.price[bought], (row, bought)), shape=(len(known), len(moves))).tocsr()
    names = tuple(f"sup {bucket}" for bucket in known)
    return Minimums(names, np.full(len(known), least), csr_array(use))


def monolith(net: Network, shared: Limits, departures: Departures, minimums: Minimums) -> IntegerAnswer:
    """Solve items, limits, trucks and documents at once; columns are arcs, trucks, documents."""
    blocks = []
    for k in range(net.items):
        arcs = slice(net.arc_start[k], net.arc_start[k + 1])
        count, nodes = net.arc_start[k + 1] - net.arc_start[k], net.node_start[k + 1] - net.node_start[k]
        one, at = np.ones(count), np.arange(count)
        out, into = (csr_array((one, (end[arcs], at)), shape=(nodes, count)) for end in (net.tail, net.head))
        blocks.append(out - into)
    moved = np.flatnonzero(net.move >= 0)
    shape = (len(net.problem.moves), len(net.cost))
    of_arcs = csr_array((np.ones(len(moved)), (net.move[moved], moved)), shape=shape)
    trucks, documents = (count if count else None for count in (len(departures), len(minimums)))
    load, amount = departures.use @ of_arcs, minimums.use @ of_arcs
    most = amount @ net.capacity
    rows = [[block_diag(blocks), None, None], [shared.use @ of_arcs, None, None]]
    lower, upper = [net.supply, np.full(len(shared), -np.inf)], [net.supply, shared.room]
    if trucks:
        rows.append([load, -csr_array(np.diag(departures.capacity)), None])
        lower.append(np.full(trucks, -np.inf))
        upper.append(np.zeros(trucks))
    if documents:
        rows += [[amount, None, -csr_array(np.diag(minimums.least))], [amount, None, -csr_array(np.diag(most))]]
        lower += [np.zeros(documents), np.full(documents, -np.inf)]
        upper += [np.full(documents, np.inf), np.zeros(documents)]
    kept = [True, bool(trucks), bool(documents)]
    matrix = block_array([[cell for cell, keep in zip(row, kept, strict=True) if keep] for row in rows])
    columns = len(net.cost) + len(departures) + len(minimums)
    cost = np.concatenate([net.cost / net.scale, departures.cost, np.zeros(len(minimums))])
    bounds = np.concatenate([net.capacity, departures.most, np.ones(len(minimums))]).astype(np.float64)
    program = IntegerProgram(
        cost, np.zeros(columns), bounds, np.ones(columns, dtype=bool), csr_matrix(matrix),
        np.concatenate(lower).astype(np.float64), np.concatenate(upper).astype(np.float64),
    )  # fmt: skip
    return least_cost(program, "monolith")


@pytest.mark.parametrize("seed", SEEDS)
def test_trucks_and_minimums_meet_the_monolith(seed: int) -> None:
    made = problem(4, seed)
    net, shared = network(made), limits(made, seed, 0.4)
    departures, minimums = lanes(made, seed), orders(made, 40.0)
    found = negotiate_charged(net, shared, departures, minimums)
    settled, whole = found.settlement, monolith(net, shared, departures, minimums)
    best, slack = base(net) + whole.value, 1e-6 * abs(whole.value)
    assert settled.bound <= base(net) + whole.bound + slack
    assert settled.cost >= base(net) + whole.bound - slack
    assert breaches(shared, settled.units) == []
    assert (departures.trucks(settled.units) <= departures.most).all()
    assert not minimums.broken(settled.units).any()
    assert settled.cost == pytest.approx(own_cost(net, settled.units) + departures.bill(settled.units))
    assert settled.cost <= best * (1 + WORST_GAP)


def test_without_trucks_and_minimums_it_is_the_plain_market() -> None:
    made = problem(4, 3)
    net, shared, count = network(made), limits(made, 3, 0.2), len(made.moves)
    plain = negotiate(net, shared)
    found = negotiate_charged(net, shared, no_departures(count), no_minimums(count)).settlement
    assert found.units.tolist() == plain.units.tolist()
    assert (found.bound, found.cost) == (plain.bound, pytest.approx(plain.cost))
    assert found.decidable_gap == pytest.approx(plain.decidable_gap)


@pytest.mark.slow
def test_no_order_of_items_and_no_second_run_changes_a_bit() -> None:
    found = []
    for shuffle in (False, False, True):
        made = problem(2, 5, shuffle=shuffle)
        found.append(negotiate_charged(network(made), limits(made, 5, 0.3), lanes(made, 5), orders(made, 20.0)))
    for other in found[1:]:
        assert other.settlement.units.tolist() == found[0].settlement.units.tolist()
        assert other.settlement.cost == found[0].settlement.cost
        assert other.trucks.tolist() == found[0].trucks.tolist()


def test_dear_trucks_leave_full_or_not_at_all() -> None:
    made = problem(2, 2)
    net, shared, departures = network(made), limits(made, 2, 3.0), lanes(made, 2)
    cheap, dear = (
        negotiate_charged(
            net, shared, Departures(departures.names, departures.capacity, cost, departures.most, departures.use),
            no_minimums(len(made.moves)),
        )
        for cost in (0 * departures.cost, departures.cost + 1e4)
    )  # fmt: skip
    assert cheap.trucks.sum() > dear.trucks.sum() == 0


@pytest.mark.parametrize(
    "change",
    [{"capacity": 0.0}, {"capacity": np.nan}, {"capacity": np.inf}, {"cost": -1.0}, {"most": -1}, {"use": -1.0}],
    ids=lambda change: f"{next(iter(change))}={next(iter(change.values()))}",
)
def test_a_truck_that_cannot_be_is_refused_by_name(change: dict[str, float]) -> None:
    with pytest.raises(EquipoiseError, match="departure dc a"):
        two_departures(**change)
    assert two_departures().trucks(np.array([7, 0])).tolist() == [0, 2]


def two_departures(*, capacity: float = 6.0, cost: float = 1.0, most: int = 3, use: float = 1.0) -> Departures:
    """Return a sound departure and another, ``dc a``, that the first move rides."""
    loads = csr_array(np.array([[0.0, 1.0], [use, 0.0]]))
    figures = np.array([6.0, capacity]), np.array([1.0, cost]), np.array([3, most])
    return Departures(("dc b", "dc a"), *figures, loads)


@pytest.mark.parametrize(("least", "use"), [(-1.0, 1.0), (np.nan, 1.0), (5.0, -1.0), (5.0, np.nan)])
def test_a_minimum_that_cannot_be_is_refused_by_name(least: float, use: float) -> None:
    with pytest.raises(EquipoiseError, match="document sup 1"):
        Minimums(("sup 0", "sup 1"), np.array([5.0, least]), csr_array(np.array([[1.0, 0.0], [0.0, use]])))


def test_a_document_that_nobody_can_fill_stays_closed() -> None:
    made = problem(2, 2)
    net, shared, count = network(made), limits(made, 2, 3.0), len(made.moves)
    found = negotiate_charged(net, shared, no_departures(count), orders(made, 1e9))
    assert found.closed
    assert not orders(made, 1e9).amount(found.settlement.units).any()
