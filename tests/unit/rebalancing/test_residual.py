"""Whole plans solved from an optimum cost what they cost from nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, profile, release
from test_flow import balance
from test_plan import random_networks, two_stores

from assets.rebalancing import lots, residual
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.problem import build_problem
from assets.rebalancing.residual import Residual, settle, started
from assets.rebalancing.snapshot import Snapshot


def network_of(instance: Snapshot) -> Network:
    return expand(build_problem(instance, release=release(), profile=profile(6), plan_date=PLAN_DATE))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_networks(), st.data())
def test_a_plan_costs_the_same_from_an_optimum_as_from_nothing(instance: Snapshot, data: st.DataObject) -> None:
    network = network_of(instance)
    relaxed = lots.relaxed_optimum(network)
    near = started(network, relaxed.flows)
    assert near.start is not None
    fewer = data.draw(st.lists(st.integers(0, 9), min_size=len(network.first), max_size=len(network.first)))
    every = np.arange(network.items)
    for units in (np.zeros_like(relaxed.units), np.maximum(0, relaxed.units - np.array(fewer, dtype=np.int64))):
        plan = Variant(every, units)
        cold, warm = (solve_flows(replace(n, solved={}), plan) for n in (network, near))
        assert np.array_equal(cold.cost, warm.cost)
        assert np.array_equal(warm.units, units)
        assert np.array_equal(balance(network, warm), balance(network, cold))
        again = started(network, warm.flows)
        assert np.array_equal(solve_flows(replace(again, solved={}), Variant(every, relaxed.units)).cost, relaxed.cost)


def test_reduced_costs_prove_the_optimum() -> None:
    network = network_of(two_stores())
    relaxed = lots.relaxed_optimum(network)
    start = started(network, relaxed.flows).start
    assert start is not None
    later = ~np.isin(network.move, network.first)
    assert (start.reduced[later & (start.flows < network.capacity)] >= 0).all()
    assert (start.reduced[later & (start.flows > 0)] <= 0).all()


def test_costs_too_large_to_add_up_exactly_are_solved_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(two_stores())
    monkeypatch.setattr(residual, "LARGEST_EXACT", 1)
    assert started(network, lots.relaxed_optimum(network).flows).start is None


def two_nodes(room: int) -> Residual:
    """Two units at node 0 that node 1 misses, over two parallel arcs; an item beside them wants nothing."""
    one = np.ones(2, dtype=np.int64)
    return Residual(
        tail=0 * one, head=one, cost=np.array([3, 5]), room=np.array([1, room]), back=0 * one,
        excess=np.array([2, -2, 0]), item=np.array([0, 0, 1]),
    )  # fmt: skip


def test_the_cheaper_of_parallel_arcs_fills_first() -> None:
    items = two_nodes(4)
    assert settle(items)
    assert items.back.tolist() == [1, 1]
    assert items.room.tolist() == [0, 3]
    assert not items.excess.any()


def test_an_excess_without_a_way_is_told() -> None:
    assert not settle(two_nodes(0))
