"""Plans solved from an optimum cost what they cost from nothing, and prove it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, profile, release
from test_flow import balance
from test_plan import random_networks, two_stores

from assets.rebalancing import flow, lots
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import FREE_UNITS, Batch, Flow, Variant, solve_flows, started
from assets.rebalancing.problem import build_problem
from assets.rebalancing.residual import Residual, settle
from assets.rebalancing.snapshot import Snapshot


def network_of(instance: Snapshot) -> Network:
    return expand(build_problem(instance, release=release(), profile=profile(6), plan_date=PLAN_DATE))


def proven(network: Network, solved: Flow) -> bool:
    """Return whether a flow's potentials prove that it is an optimum."""
    batch = Batch.of(network, solved.variant)
    beside = batch.residual(network, solved.flows, np.zeros_like(solved.potential))
    return replace(beside, cost=beside.reduced(solved.potential)).at_optimum()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_networks(), st.data())
def test_a_plan_costs_the_same_from_an_optimum_as_from_nothing(instance: Snapshot, data: st.DataObject) -> None:
    network = network_of(instance)
    relaxed = lots.relaxed_optimum(network)
    near = started(network, relaxed)
    assert near.start is not None
    count = len(network.first)
    fewer = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)), dtype=np.int64)
    free = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), dtype=bool)
    some = np.maximum(0, relaxed.units - fewer)
    every = np.arange(network.items)
    for units in (np.zeros_like(some), some, np.where(free, FREE_UNITS, some)):
        plan = Variant(every, units)
        cold, warm = (solve_flows(replace(n, solved={}), plan) for n in (network, near))
        assert np.array_equal(cold.cost, warm.cost)
        assert np.array_equal(warm.units[units >= 0], units[units >= 0])
        assert np.array_equal(balance(network, warm), balance(network, cold))
        assert proven(network, cold)
        assert proven(network, warm)
        again = started(network, warm)
        assert np.array_equal(solve_flows(replace(again, solved={}), Variant(every, relaxed.units)).cost, relaxed.cost)


def test_a_move_that_was_fixed_in_the_start_is_free_again_at_the_optimum() -> None:
    network = network_of(two_stores())
    every = np.arange(network.items)
    nothing = solve_flows(network, Variant(every, np.zeros(len(network.first), dtype=np.int64)))
    relaxed = lots.relaxed_optimum(network)
    assert nothing.cost.sum() > relaxed.cost.sum()
    assert np.array_equal(lots.relaxed_optimum(replace(started(network, nothing), solved={})).cost, relaxed.cost)


def test_a_network_takes_no_start_that_leaves_an_item_without_one() -> None:
    network = network_of(two_stores())
    none = solve_flows(network, Variant(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)))
    assert started(network, none).start is None


def test_items_that_are_not_started_anew_keep_their_start() -> None:
    network = network_of(two_stores())
    near = started(network, lots.relaxed_optimum(network))
    none = solve_flows(network, Variant(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)))
    again = started(near, none)
    assert near.start is not None
    assert again.start is not None
    assert np.array_equal(near.start.flows, again.start.flows)
    assert np.array_equal(near.start.potential, again.start.potential)


def test_costs_too_large_to_add_up_exactly_are_solved_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(two_stores())
    monkeypatch.setattr(flow, "LARGEST_EXACT", 1)
    assert started(network, lots.relaxed_optimum(network)).start is None


def two_nodes(room: int) -> Residual:
    """Two units at node 0 that node 1 misses, over two parallel arcs; an item beside them wants nothing."""
    one = np.ones(2, dtype=np.int64)
    return Residual(
        tail=0 * one, head=one, cost=np.array([3, 5]), room=np.array([1, room]), back=0 * one,
        excess=np.array([2, -2, 0]), item=np.array([0, 0, 1]),
    )  # fmt: skip


def test_the_cheaper_of_parallel_arcs_fills_first() -> None:
    items = two_nodes(4)
    potential = settle(items)
    assert potential is not None
    assert items.back.tolist() == [1, 1]
    assert items.room.tolist() == [0, 3]
    assert not items.excess.any()
    assert replace(items, cost=items.reduced(potential)).at_optimum()


def test_every_sink_of_a_search_is_fed_until_a_step_on_its_way_is_full() -> None:
    """Node 1 lies on the way to 2 and 3; the narrow cheap way to 3 takes a unit, the dear one the other."""
    items = Residual(
        tail=np.array([0, 1, 1, 0]), head=np.array([1, 2, 3, 3]), cost=np.array([1, 1, 2, 9]),
        room=np.array([3, 9, 9, 9]), back=np.zeros(4, dtype=np.int64), excess=np.array([4, 0, -2, -2]),
        item=np.zeros(4, dtype=np.int64),
    )  # fmt: skip
    potential = settle(items)
    assert potential is not None
    assert items.back.tolist() == [3, 2, 1, 1]
    assert replace(items, cost=items.reduced(potential)).at_optimum()


def test_an_excess_without_a_way_is_told() -> None:
    assert settle(two_nodes(0)) is None
