"""Prices of the smoothed master: what they prove, how near they come, and markets that have nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_worlds import base, limits, monolith, network, problem
from scipy.sparse import csr_array

from assets.rebalancing.market import mixing, rounds
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.master import Master
from assets.rebalancing.market.messages import Prices, Proposals, joined
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.rounds import Budget
from assets.rebalancing.market.smoothed import smoothed, undecided
from assets.rebalancing.market.supply_executor import idle, propose
from assets.rebalancing.market.verify import breaches


def proposed(seed: int, tightness: float) -> tuple[Proposals, Proposals, Limits, float]:
    """Return what items do idle, what they propose at a few prices, the limits and the scale of money."""
    made = problem(5, seed)
    net, shared = network(made), limits(made, seed, tightness)
    rng = np.random.default_rng(seed)
    asked = [np.zeros(len(shared)), *(rng.uniform(0, 1, (4, len(shared))) * shared.use.max() / 3)]
    every = joined([propose(net, shared, Prices(k, prices)) for k, prices in enumerate(asked)])
    return idle(net, shared), every, shared, net.scale


@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), tightness=st.sampled_from([0.05, 0.2, 0.6]))
def test_smooth_prices_never_prove_more_than_the_linear_master_and_come_near_it(seed: int, tightness: float) -> None:
    waiting, every, shared, scale = proposed(seed, tightness)
    master = Master(waiting, shared, scale)
    master.add(every)
    exact = master.solve().value
    nothing = np.zeros(len(shared))
    rough, fine = (smoothed(waiting, every, shared, scale, nothing, gain) for gain in (10.0, 0.01))
    for found in (rough, fine):
        assert (found.per_limit >= 0).all()
        assert found.value <= exact + 1e-9 * abs(exact)
        assert (found.share >= 0).all()
        assert np.bincount(every.item, weights=found.share).max() <= 1 + 1e-9
    assert fine.value >= exact - 0.02 * abs(exact)
    assert fine.value >= rough.value - 1e-9 * abs(exact)


def test_what_nobody_uses_costs_nothing() -> None:
    waiting, every, shared, scale = proposed(3, 0.1)
    others = csr_array(every.use.multiply(np.arange(len(shared)) > 0))
    found = smoothed(waiting, replace(every, use=others), shared, scale, np.ones(len(shared)), 1.0)
    assert found.per_limit[0] == 0.0
    assert found.per_limit[1:].any()


def test_an_item_is_undecided_unless_one_plan_or_waiting_has_nearly_all_of_it() -> None:
    waiting, every, shared, scale = proposed(3, 0.1)
    found = smoothed(waiting, every, shared, scale, np.zeros(len(shared)), 1.0)
    chosen, open_ = undecided(waiting, every, found, 0.9)
    kept = np.bincount(every.item, weights=found.share, minlength=len(waiting))
    for item in range(len(waiting)):
        most = found.share[every.item == item].max()
        assert open_[item] == (max(most, 1 - kept[item]) < 0.9)
        assert (chosen[item] >= 0) == (most >= 0.9)


@pytest.mark.parametrize("seed", range(3))
def test_a_market_too_large_for_the_linear_master_keeps_its_limits_and_its_proof(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "EXACT_ROWS", 0)
    monkeypatch.setattr(mixing, "MOST_ROWS", 0)
    monkeypatch.setattr(mixing, "WHOLE_ROWS", 0)
    made = problem(4, seed)
    net, shared = network(made), limits(made, seed, 0.2)
    found, fractions = negotiate(net, shared), monolith(net, shared, whole=False)
    assert breaches(shared, found.units) == []
    assert found.bound <= fractions + 1e-6 * abs(fractions) <= found.cost + 2e-6 * abs(fractions)
    assert found.bound >= fractions - 1e-3 * abs(fractions)
    assert found.cost <= 1.05 * fractions


def test_who_asks_for_a_gap_gets_it_in_fewer_rounds() -> None:
    made = problem(8, 2)
    net, shared = network(made), limits(made, 2, 0.3)
    best, asked = negotiate(net, shared), negotiate(net, shared, Budget(gap=0.1))
    assert asked.gap <= 0.1
    assert asked.rounds < best.rounds
    assert asked.bound <= best.bound + 1e-9 * abs(base(net))
