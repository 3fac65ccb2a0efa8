"""Serial systems: the exact levels, the bounds around them, and what is refused."""

import doctest
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.demand_distributions.families import poisson
from assets.inventory.single_echelon.newsvendor import newsvendor_lattice
from assets.inventory.stochastic_service import serial, serial_bounds
from assets.inventory.stochastic_service.serial import (
    SerialSystem,
    echelon_costs,
    normal_demand,
    optimal_levels,
    poisson_demand,
    system_cost,
)
from assets.inventory.stochastic_service.serial_bounds import newsvendor_bounds
from assets.kernel.errors import EquipoiseError


@st.composite
def systems(draw: st.DrawFn) -> SerialSystem:
    stages = draw(st.integers(1, 4))
    costs = draw(st.lists(st.floats(0.1, 4.0), min_size=stages, max_size=stages))
    times = draw(st.lists(st.floats(0.0, 1.5), min_size=stages, max_size=stages))
    return SerialSystem(tuple(costs), tuple(times), draw(st.floats(1.0, 60.0)), poisson_demand(4))


@pytest.mark.parametrize("module", [serial, serial_bounds])
def test_the_published_examples_of_the_docstrings_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


def test_one_stage_is_a_newsvendor() -> None:
    plan = optimal_levels(SerialSystem((1.0,), (3.0,), 4, poisson_demand(2)))
    single = newsvendor_lattice(1, 4, poisson(6))
    assert plan.echelon_levels == (single.level,)
    assert plan.cost == pytest.approx(single.cost)


def test_the_optimum_is_that_of_trying_all_levels() -> None:
    system = SerialSystem((0.5, 1.0), (1.0, 2.0), 9, poisson_demand(2))
    plan = optimal_levels(system)
    tried = min(system_cost(system, (float(one), float(two))) for one, two in product(range(10), range(18)))
    assert plan.cost == pytest.approx(tried)


@given(system=systems())
@settings(max_examples=30)
def test_newsvendors_bound_the_levels_and_no_levels_cost_less(system: SerialSystem) -> None:
    plan, bounds = optimal_levels(system), newsvendor_bounds(system)
    for lower, level, upper in zip(bounds.lower, plan.echelon_levels, bounds.upper, strict=True):
        assert lower - 1e-9 <= level <= upper + 1e-9
    assert system_cost(system, plan.echelon_levels) == pytest.approx(plan.cost)
    assert system_cost(system, bounds.heuristic) >= plan.cost - 1e-9


def test_the_heuristic_is_within_two_percent_on_the_published_systems() -> None:
    for costs, shortage in (((0.25,) * 4, 9), ((0.25, 2.5, 2.5, 0.25), 9), ((0.25, 2.5, 2.5, 0.25), 99)):
        system = SerialSystem(costs, (0.25,) * 4, shortage, poisson_demand(16))
        assert system_cost(system, newsvendor_bounds(system).heuristic) <= 1.02 * optimal_levels(system).cost


def test_coarse_grids_are_close_to_a_fine_one() -> None:
    costs = [
        optimal_levels(SerialSystem((3.0, 2.0, 2.0), (1.0, 1.0, 2.0), 37.12, normal_demand(5, 1, step))).cost
        for step in (0.1, 0.05, 0.01)
    ]
    assert costs[0] == pytest.approx(costs[2], rel=1e-4)
    assert costs[1] == pytest.approx(costs[2], rel=2e-5)


def test_a_level_upstream_below_one_downstream_makes_it_useless() -> None:
    # A stage cannot hold more than all stock from there down.
    system = SerialSystem((1.0, 1.0), (1.0, 1.0), 9, poisson_demand(3))
    assert system_cost(system, (20.0, 9.0)) == pytest.approx(system_cost(system, (9.0, 9.0)))
    plan = serial.SerialPlan((20.0, 9.0), 0.0)
    assert plan.local_levels == (9.0, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SerialSystem((), (), 1, poisson_demand(1)), "0 holding costs"),
        (lambda: SerialSystem((1.0,), (1.0, 2.0), 1, poisson_demand(1)), "for 2 lead times"),
        (lambda: SerialSystem(echelon_costs((2.0, 3.0)), (1.0, 1.0), 1, poisson_demand(1)), "costs above 0"),
        (lambda: SerialSystem((1.0,), (1.0,), 0, poisson_demand(1)), "shortage cost 0"),
        (lambda: SerialSystem((1.0,), (-1.0,), 1, poisson_demand(1)), "lead times of at least 0"),
        (lambda: poisson_demand(0), "demand of 0 per unit of time"),
        (lambda: system_cost(SerialSystem((1.0,), (1.0,), 1, poisson_demand(1)), (1.0, 2.0)), "2 levels for 1 stages"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make, message: str) -> None:
    with pytest.raises(EquipoiseError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
