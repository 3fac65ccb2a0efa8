"""The market's laws: within every limit, bound never above cost, the same to the bit, today's plan without limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_worlds import base, limits, monolith, network, problem
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.choice import choose
from assets.rebalancing.market import kinds
from assets.rebalancing.market.components import components
from assets.rebalancing.market.limits import Limits, no_limits, together
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.verify import breaches

TIGHT = st.sampled_from([0.0, 0.1, 0.25, 0.5])


@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), tightness=TIGHT, multiple=st.sampled_from([1, 4]))
def test_every_limit_holds_and_the_bound_is_never_above_cost(seed: int, tightness: float, multiple: int) -> None:
    made = problem(5, seed, multiple=multiple)
    shared = limits(made, seed, tightness)
    found = negotiate(network(made), shared)
    assert breaches(shared, found.units) == []
    assert (shared.used(found.units) <= shared.room + 1e-6).all()
    assert found.bound <= found.cost
    assert found.gap >= 0
    assert found.decidable_gap >= 0


@pytest.mark.parametrize("seed", [*range(5), *(pytest.param(k, marks=pytest.mark.slow) for k in range(5, 20))])
def test_the_market_meets_the_monolith(seed: int) -> None:
    made = problem(4, seed)
    shared = limits(made, seed, 0.2)
    net = network(made)
    found, whole, fractions = negotiate(net, shared), monolith(net, shared), monolith(net, shared, whole=False)
    slack = 1e-6 * abs(whole)
    assert found.bound <= fractions + slack <= whole + 2 * slack <= found.cost + 3 * slack
    assert found.bound >= fractions - 2e-4 * abs(fractions), "the bound is that of the linear program"
    assert found.cost - whole <= 0.03 * abs(whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_order_of_items_or_limits_and_no_second_run_changes_a_bit(seed: int) -> None:
    made, turned = problem(5, seed), problem(5, seed, shuffle=True)
    shared = limits(made, seed, 0.2)
    mirrored = limits(turned, seed, 0.2).take(slice(None, None, -1))
    one, again, other = (negotiate(network(p), s) for p, s in ((made, shared), (made, shared), (turned, mirrored)))
    for found in (again, other):
        assert found.units.tolist() == one.units.tolist()
        assert found.prices.tobytes() == one.prices.tobytes()
        assert (found.cost, found.bound, found.gap) == (one.cost, one.bound, one.gap)
        assert found.transcript == one.transcript


@pytest.mark.parametrize("least_gain", [0.0, 1.0])
def test_without_a_limit_that_can_bind_today_s_plan_stands(least_gain: float) -> None:
    made = problem(6, 4, multiple=3, minimum_gain_amount=least_gain)
    net = network(made)
    today = choose(network(made))
    for shared in (no_limits(len(made.moves)), limits(made, 4, 1000.0)):
        found = negotiate(net, shared)
        assert found.units[net.first].tolist() == today.units.tolist()
        assert found.cost == pytest.approx(base(net) + today.flow.cost.sum() / net.scale, abs=1e-9)
        assert found.bound == pytest.approx(base(net) + today.relaxed.cost.sum() / net.scale, abs=1e-9)
        assert (found.rounds, found.negotiated, found.transcript) == (0, 0, [])


def test_whole_lots_and_least_gains_stand_in_the_award() -> None:
    made = problem(6, 16, multiple=4, minimum_gain_amount=0.5)
    net, shared = network(made), limits(made, 16, 0.25)
    found = negotiate(net, shared)
    bought = found.units[(made.moves.bucket == 0) & ~made.moves.is_transfer]
    assert bought.any()
    assert (bought % 4 == 0).all()
    assert found.negotiated == 1


def test_faults_of_limits_are_named_and_what_is_too_small_is_relaxed() -> None:
    made = problem(3, 1)
    shared = limits(made, 1, 0.3)
    short = Limits(shared.names, shared.kinds, np.array([-1.0, *shared.capacity[1:]]), shared.fixed, shared.use)
    assert f"{shared.names[0]}: capacity is negative" in short.consistency(len(made.moves))
    found = negotiate(network(made), short)
    assert found.used[found.limits.index(shared.names[0])] == 0
    assert found.faults
    nothing = Limits(shared.names, shared.kinds, np.full(len(shared), np.nan), shared.fixed, shared.use)
    with pytest.raises(EquipoiseError, match="no number"):
        negotiate(network(made), nothing)
    full = Limits(shared.names, shared.kinds, shared.capacity, shared.capacity + 1, shared.use)
    assert len(full.consistency(len(made.moves))) == len(full)
    assert "there are 1" in " ".join(shared.consistency(1))
    odd = Limits((shared.names[0],) * len(shared), ("truck",) * len(shared), shared.capacity, shared.fixed, shared.use)
    said = " ".join(odd.consistency(len(made.moves)))
    assert "more than once" in said
    assert "unknown kind truck" in said


def test_verification_names_the_limit_that_is_broken() -> None:
    made = problem(3, 1)
    shared = limits(made, 1, 0.0)
    units = np.zeros(len(made.moves), dtype=np.int64)
    assert breaches(shared, units) == []
    lane = shared.names.index("lane weight dc > a bucket 0")
    move = shared.use[[lane]].indices[0]
    units[move] = 1
    assert "lane weight dc > a bucket 0" in [breach.limit for breach in breaches(shared, units)]


def test_components_meet_only_over_limits_that_can_bind() -> None:
    made = problem(4, 2)
    net = network(made)
    lane = limits(made, 2, 0.05).take([0])
    halves = [lane.use.toarray() * (made.item_sites.item[made.moves.destination] // 2 == k) for k in (0, 1)]
    apart = Limits(
        ("left", "right"), lane.kinds * 2, np.repeat(lane.capacity, 2), np.zeros(2), csr_array(np.vstack(halves))
    )
    assert [c.items.tolist() for c in components(net, apart)] == [[0, 1], [2, 3]]
    assert [c.items.tolist() for c in components(net, lane)] == [[0, 1, 2, 3]]
    ample = Limits(apart.names, apart.kinds, apart.capacity * 1e6, apart.fixed, apart.use)
    assert components(net, ample) == []


def test_weight_and_volume_of_one_departure_are_two_limits() -> None:
    made = problem(3, 1)
    per_item = np.ones(3)
    both = together(
        [kinds.lane_weight(made, "dc", "a", 0, 5.0, per_item), kinds.lane_volume(made, "dc", "a", 0, 2.0, per_item)]
    )
    assert both.consistency(len(made.moves)) == []
    assert breaches(both, negotiate(network(made), both).units) == []


def test_a_limit_on_a_site_or_bucket_that_does_not_exist_is_refused() -> None:
    made = problem(3, 1)
    with pytest.raises(EquipoiseError, match="there is no site typo"):
        kinds.dock_in(made, "typo", 0, 1.0)
    with pytest.raises(EquipoiseError, match="there is no bucket -1"):
        kinds.storage(made, "a", -1, 1.0, np.ones(3))


def test_what_is_fixed_must_be_a_finite_number() -> None:
    made = problem(3, 1)
    endless = replace(kinds.dock_in(made, "a", 0, np.inf), fixed=np.array([np.inf]))
    assert any("capacity is no number" in fault for fault in endless.consistency(len(made.moves)))
