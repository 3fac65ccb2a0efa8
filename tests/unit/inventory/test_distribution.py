"""One warehouse and its retailers: exact against enumeration, serial systems and simulation."""

import doctest
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.stochastic_service import distribution, distribution_levels
from assets.inventory.stochastic_service.distribution import (
    DistributionSystem,
    Retailer,
    evaluate,
    outstanding,
    owed_by_warehouse,
    thinning,
)
from assets.inventory.stochastic_service.distribution_levels import balanced_levels, best_levels
from assets.inventory.stochastic_service.distribution_simulation import Run, simulate
from assets.inventory.stochastic_service.rationing import FirstComeFirstServed, Myopic
from assets.inventory.stochastic_service.serial import SerialSystem, optimal_levels, poisson_demand
from assets.kernel.errors import EquipoiseError

UNLIKE = DistributionSystem(0.5, 2, (Retailer(0.6, 1, 1, 9), Retailer(0.4, 2, 1.2, 19)), review=1)
BUSY = DistributionSystem(0.5, 2, (Retailer(2, 1, 1, 9), Retailer(1, 2, 1, 19), Retailer(4, 1, 1.2, 5)), review=1)
SHORT_RUN = Run(systems=1_000, periods=80, warm_up=20, seed=3)


@pytest.mark.parametrize("module", [distribution, distribution_levels])
def test_the_examples_of_the_docstrings_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_best_levels_are_those_of_trying_all() -> None:
    plan = best_levels(UNLIKE)
    tried = min(
        (evaluate(UNLIKE, warehouse, (one, two)).total, warehouse, (one, two))
        for warehouse, one, two in product(range(9), range(6), range(6))
    )
    assert (plan.warehouse_level, plan.retailer_levels) == tried[1:]
    assert plan.cost == pytest.approx(tried[0], rel=1e-9)


@given(
    h0=st.floats(0.1, 1.0), rate=st.floats(0.3, 4.0), lead=st.floats(0.1, 2.5), own=st.floats(0.1, 2.0),
    p=st.floats(2.0, 40.0), review=st.sampled_from([0.0, 1.0]),
)  # fmt: skip
@settings(max_examples=25)
def test_one_retailer_is_a_serial_system(h0: float, rate: float, lead: float, own: float, p: float, review: float):
    # Echelon stock is counted before a review period's demand, retailers' stock after it.
    system = DistributionSystem(h0, lead, (Retailer(rate, own, h0 + 0.4, p),), review)
    serial = optimal_levels(SerialSystem((0.4, h0), (own + review, lead), p, poisson_demand(rate)))
    expected = serial.cost - h0 * rate * review
    assert balanced_levels(system).cost == pytest.approx(expected, rel=1e-6)
    assert best_levels(system).cost == pytest.approx(expected, rel=1e-6)


@given(
    rates=st.lists(st.floats(0.2, 3.0), min_size=1, max_size=4),
    shortages=st.lists(st.floats(2.0, 40.0), min_size=4, max_size=4),
    lead=st.floats(0.0, 2.0),
)
@settings(max_examples=20)
def test_the_bound_is_never_above_the_cost_of_a_policy(rates: list[float], shortages: list[float], lead: float):
    shops = tuple(Retailer(rate, 1, 1, p) for rate, p in zip(rates, shortages, strict=False))
    system = DistributionSystem(0.6, lead, shops)
    plan, bound = best_levels(system), balanced_levels(system)
    assert bound.cost <= plan.cost + 1e-9
    own = evaluate(system, bound.warehouse_level, bound.retailer_levels).total
    assert plan.cost <= own + 1e-9


def test_what_is_owed_is_split_without_loss() -> None:
    for level in (0, 4, 9):
        owed = owed_by_warehouse(BUSY, level).mean
        waiting = [law.mean for law in outstanding(BUSY, level)]
        own = [law.mean for law in BUSY.retailer_demand]
        shares = [retailer.rate / BUSY.rate for retailer in BUSY.retailers]
        assert np.subtract(waiting, own) == pytest.approx([owed * share for share in shares])
    assert thinning(12, 0.3).sum(axis=0) == pytest.approx(np.ones(13))


@pytest.mark.parametrize("system", [UNLIKE, BUSY])
def test_first_come_first_served_costs_in_simulation_what_is_computed(system: DistributionSystem) -> None:
    plan = best_levels(system)
    rule = FirstComeFirstServed(np.random.default_rng(1))
    simulated = simulate(system, plan.warehouse_level, plan.retailer_levels, rule, SHORT_RUN)
    assert abs(simulated.mean - plan.cost) < 4 * simulated.error
    assert simulated.error < 0.01 * plan.cost


def test_myopic_rationing_costs_less_and_no_less_than_the_bound() -> None:
    plan, bound = best_levels(BUSY), balanced_levels(BUSY)
    levels = plan.warehouse_level, plan.retailer_levels
    myopic = simulate(BUSY, *levels, Myopic(BUSY, plan.retailer_levels), SHORT_RUN)
    first = simulate(BUSY, *levels, FirstComeFirstServed(np.random.default_rng(1)), SHORT_RUN)
    assert myopic.mean < first.mean
    assert myopic.mean > bound.cost - 4 * myopic.error
    assert myopic.mean < 1.03 * bound.cost


def test_a_seed_gives_the_same_cost_to_the_bit() -> None:
    levels = (2, (3, 3))
    runs = [simulate(UNLIKE, *levels, Myopic(UNLIKE, levels[1]), replace(SHORT_RUN, periods=20)) for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("rule", ["first", "myopic"])
def test_rationing_ships_what_it_can_and_never_more_than_is_owed(rule: str) -> None:
    generator = np.random.default_rng(6)
    rationing = FirstComeFirstServed(generator) if rule == "first" else Myopic(BUSY, (7, 6, 11))
    owed = np.zeros((200, 3), dtype=np.int64)
    for _ in range(30):
        orders, available = generator.poisson(2.0, owed.shape), generator.integers(0, 12, 200)
        owed = owed + orders
        shipped = rationing.ship(orders, available)
        assert (shipped >= 0).all()
        assert (shipped <= owed).all()
        assert (shipped.sum(axis=1) == np.minimum(available, owed.sum(axis=1))).all()
        owed = owed - shipped


def test_myopic_rationing_serves_whom_a_shortage_costs_most() -> None:
    dear = DistributionSystem(0.5, 1, (Retailer(1, 1, 1, 2), Retailer(1, 1, 1, 50)), review=1)
    shipped = Myopic(dear, (3, 3)).ship(np.array([[2, 2]]), np.array([2]))
    assert shipped.tolist() == [[0, 2]]


def test_a_rule_that_served_one_simulation_owes_nothing_in_the_next() -> None:
    rule, run = Myopic(UNLIKE, (1, 1)), replace(SHORT_RUN, periods=20)
    assert simulate(UNLIKE, 1, (1, 1), rule, run) == simulate(UNLIKE, 1, (1, 1), rule, run)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Retailer(0, 1, 1, 1), "demand of 0 per unit of time"),
        (lambda: Retailer(1, -1, 1, 1), "lead time -1"),
        (lambda: Retailer(1, 1, 1, 0), "shortage cost 0"),
        (lambda: DistributionSystem(1, 1, ()), "no retailer"),
        (lambda: DistributionSystem(2, 1, (Retailer(1, 1, 1, 1),)), "at most that of its retailers"),
        (lambda: DistributionSystem(0, 1, (Retailer(1, 1, 1, 1),)), "holding cost 0 of the warehouse"),
        (lambda: DistributionSystem(1, -1, (Retailer(1, 1, 1, 1),)), "lead time -1"),
        (lambda: evaluate(UNLIKE, -1, (1, 1)), "warehouse level -1"),
        (lambda: evaluate(UNLIKE, 1, (1,)), "levels of 1 retailers out of 2"),
        (lambda: Retailer(float("inf"), 1, 1, 1), "demand of inf"),
        (lambda: simulate(UNLIKE, 1, (1,), Myopic(UNLIKE, (1, 1)), SHORT_RUN), "levels of 1 retailers out of 2"),
        (
            lambda: simulate(replace(UNLIKE, lead_time=1.5), 1, (1, 1), Myopic(UNLIKE, (1, 1)), SHORT_RUN),
            "lead times in whole periods",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make, message: str) -> None:
    with pytest.raises(EquipoiseError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
