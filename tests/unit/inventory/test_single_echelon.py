"""Laws of the single-echelon models, and what they refuse."""

import doctest
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.demand_distributions.families import constant, negative_binomial, poisson, tabulated
from assets.inventory.single_echelon import base_stock, newsvendor, order_quantity, reorder_level, reorder_quantity
from assets.inventory.single_echelon.base_stock import (
    base_stock_empirical,
    base_stock_normal,
    base_stock_random_lead_time,
)
from assets.inventory.single_echelon.newsvendor import newsvendor_lattice, newsvendor_normal, unit_margins
from assets.inventory.single_echelon.order_quantity import (
    economic_order_quantity,
    economic_order_quantity_in_multiples,
    economic_order_quantity_with_backorders,
    economic_order_quantity_with_price_breaks,
    economic_production_quantity,
    order_cost,
)
from assets.inventory.single_echelon.reorder_level import ReorderLevelModel
from assets.inventory.single_echelon.reorder_quantity import (
    NormalReorder,
    best_reorder_quantity,
    reorder_quantity_cost,
)
from assets.kernel.errors import EquipoiseError

COSTS = st.floats(0.2, 20.0)


@pytest.mark.parametrize("module", [base_stock, newsvendor, order_quantity, reorder_level, reorder_quantity])
def test_the_published_examples_of_the_docstrings_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


@given(h=COSTS, p=COSTS, mean=st.floats(0.5, 12.0), spread=st.floats(1.0, 3.0))
@settings(max_examples=40)
def test_no_level_is_cheaper_than_the_newsvendors(h: float, p: float, mean: float, spread: float) -> None:
    demand = negative_binomial(mean, mean * spread)
    costs = demand.holding_and_shortage(demand.points, h, p)
    assert newsvendor_lattice(h, p, demand).cost == pytest.approx(costs.min())


def test_a_random_lead_time_costs_more_than_a_certain_one_of_the_same_mean() -> None:
    sure = base_stock_random_lead_time(1, 9, poisson(5), constant(4))
    random = base_stock_random_lead_time(1, 9, poisson(5), tabulated({2: 0.5, 6: 0.5}))
    assert random.cost > 1.5 * sure.cost
    assert random.level > sure.level


@given(h=COSTS, p=COSTS, fixed=st.floats(0.0, 60.0), rate=st.floats(0.5, 6.0))
@settings(max_examples=25)
def test_no_reorder_point_and_quantity_nearby_is_cheaper(h: float, p: float, fixed: float, rate: float) -> None:
    demand = poisson(2 * rate)
    best = best_reorder_quantity(h, p, fixed, rate, demand)
    for dr, dq in product((-2, -1, 0, 1, 2), repeat=2):
        if best.quantity + dq >= 1:
            policy = (int(best.point) + dr, int(best.quantity) + dq)
            assert reorder_quantity_cost(policy, h, p, fixed, rate, demand) >= best.cost - 1e-9


def test_the_best_reorder_level_is_that_of_trying_all() -> None:
    for fixed, lead_time in ((0.0, 0), (3.0, 0), (20.0, 1), (64.0, 2)):
        model = ReorderLevelModel(1, 9, fixed, negative_binomial(3, 5), lead_time)
        best = model.best()
        tried = min(model.cost(s, upto) for s in range(-3, 22) for upto in range(s + 1, s + 40))
        assert best.cost == pytest.approx(tried)
        assert model.cost(best.reorder, best.upto) == pytest.approx(best.cost)


def test_without_a_fixed_cost_it_is_a_base_stock() -> None:
    best = ReorderLevelModel(1, 4, 0, poisson(6)).best()
    assert best.cost == pytest.approx(newsvendor_lattice(1, 4, poisson(6)).cost)
    assert best_reorder_quantity(1, 4, 0, 6, poisson(6)).quantity == 1


def test_a_reorder_cost_is_that_of_a_long_simulation() -> None:
    model, generator = ReorderLevelModel(1, 4, 5, poisson(6)), np.random.default_rng(4)
    position, costs = np.full(4_000, 10), []
    for period in range(120):
        low = position <= 4
        position = np.where(low, 10, position)
        position = position - generator.poisson(6, position.size)
        if period >= 20:
            costs.append(5.0 * low + np.maximum(position, 0) + 4 * np.maximum(-position, 0))
    per_system = np.mean(costs, axis=0)
    error = per_system.std() / per_system.size**0.5
    assert abs(per_system.mean() - model.cost(4, 10)) < 4 * error


def test_continuous_and_discrete_reorder_points_meet_where_demand_is_large() -> None:
    discrete = best_reorder_quantity(1, 9, 50, 100, poisson(200))
    continuous = NormalReorder(1, 9, 50, 100, 200, 200**0.5).best()
    # The discrete position is r + 1 ... r + Q, the continuous one r ... r + Q.
    assert discrete.point + 0.5 == pytest.approx(continuous.point, abs=1.5)
    assert discrete.cost == pytest.approx(continuous.cost, rel=0.01)


@given(
    fixed=st.floats(0.1, 50),
    h=st.floats(0.05, 5),
    rate=st.floats(1, 500),
    minimum=st.integers(0, 60),
    multiple=st.integers(1, 25),
)
@settings(max_examples=60)
def test_no_accepted_quantity_is_cheaper(fixed: float, h: float, rate: float, minimum: int, multiple: int) -> None:
    best = economic_order_quantity_in_multiples(fixed, h, rate, minimum=minimum, multiple=multiple)
    accepted = [n * multiple for n in range(1, 2_000) if n * multiple >= minimum]
    assert best.quantity in accepted
    assert best.cost == pytest.approx(min(order_cost(q, fixed, h, rate) for q in accepted))


def test_an_order_limit_binds_on_either_side() -> None:
    free = economic_order_quantity(8, 0.225, 1300).quantity
    assert economic_order_quantity_in_multiples(8, 0.225, 1300).quantity == free
    assert economic_order_quantity_in_multiples(8, 0.225, 1300, maximum=250).quantity == 250
    assert economic_order_quantity_in_multiples(8, 0.225, 1300, maximum=250, multiple=48).quantity == 240
    assert economic_order_quantity_in_multiples(8, 0.225, 1300, minimum=310).quantity == 310


def test_a_lower_price_that_starts_too_far_away_is_not_taken() -> None:
    near = economic_order_quantity_with_price_breaks(8, 0.3, 1300, [0, 400], [0.75, 0.72])
    far = economic_order_quantity_with_price_breaks(8, 0.3, 1300, [0, 40_000], [0.75, 0.72])
    assert near.quantity == 400
    assert far.quantity == pytest.approx(economic_order_quantity(8, 0.225, 1300).quantity)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: newsvendor_normal(-1, 1, 5, 1), "no critical ratio"),
        (lambda: newsvendor_normal(float("nan"), 1, 5, 1), "no critical ratio"),
        (lambda: base_stock_empirical(1, 3, []), "no demand was observed"),
        (lambda: economic_order_quantity_with_price_breaks(8, 0.3, 9, [0, 5], [1.0, 2.0]), "rise with the quantity"),
        (lambda: newsvendor_normal(1, 1, 5, -1), "standard deviation -1 is below 0"),
        (lambda: unit_margins(1, 2, 0), "out of order"),
        (lambda: base_stock_normal(1, 1, 5, 1, -2), "lead time -2"),
        (lambda: economic_order_quantity(-8, 1, 5), "fixed cost -8 is below 0"),
        (lambda: economic_order_quantity(8, 0, 5), "holding cost 0 is not above 0"),
        (lambda: economic_order_quantity(8, 1, 0), "demand 0 is not above 0"),
        (lambda: economic_order_quantity_with_backorders(8, 1, 0, 5), "shortage cost 0"),
        (lambda: economic_production_quantity(8, 1, 5, 5), "production rate 5 is not above demand 5"),
        (lambda: order_cost(0, 8, 1, 5), "order quantity 0"),
        (
            lambda: economic_order_quantity_in_multiples(8, 1, 5, minimum=20, maximum=10),
            "between the minimum order 20 and the largest order 10",
        ),
        (
            lambda: economic_order_quantity_in_multiples(8, 1, 5, minimum=13, multiple=12, maximum=23),
            "no multiple of 12 lies between the minimum order",
        ),
        (lambda: economic_order_quantity_in_multiples(8, 1, 5, multiple=-2), "Give none below 0"),
        (lambda: economic_order_quantity_with_price_breaks(8, 0.3, 9, [0, 5], [1.0]), "for 1 prices"),
        (lambda: ReorderLevelModel(0, 1, 1, poisson(1)), "holding cost 0"),
        (lambda: ReorderLevelModel(1, 1, -1, poisson(1)), "fixed cost -1"),
        (lambda: ReorderLevelModel(1, 1, 1, constant(0)), "demand of mean 0"),
        (lambda: ReorderLevelModel(1, 1, 1, poisson(1)).cost(4, 4), "not above reorder level 4"),
        (lambda: best_reorder_quantity(1, 1, 1, 0, poisson(1)), "demand of 0 per unit of time"),
        (lambda: reorder_quantity_cost((3, 0), 1, 1, 1, 1, poisson(1)), "order quantity 0"),
        (lambda: NormalReorder(1, 1, 1, 1, 1, 0), "standard deviation 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make, message: str) -> None:
    with pytest.raises(EquipoiseError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
