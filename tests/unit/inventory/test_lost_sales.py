"""Lost sales: the optimum, the rules beside it, and the order that real items get."""

import doctest

import numpy as np
import pytest

from assets.inventory.demand_distributions.families import constant, negative_binomial, poisson
from assets.inventory.projected_order import projected_order
from assets.inventory.single_echelon import lost_sales, lost_sales_rules
from assets.inventory.single_echelon.lost_sales import LostSales, best_policy, evaluate, positions
from assets.inventory.single_echelon.lost_sales_rules import (
    base_stock,
    best_rule,
    capped_base_stock,
    projected_distribution,
    projected_level,
    projected_ratio,
)
from assets.kernel.errors import EquipoiseError
from orchestration.cli.bench import load

bench = load("targets_lost_sales")

MODELS = [LostSales(1, 4, poisson(3), 1), LostSales(1, 9, negative_binomial(3, 6), 2)]


@pytest.mark.parametrize("module", [lost_sales, lost_sales_rules])
def test_the_published_examples_of_the_docstrings_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("model", MODELS)
def test_the_optimum_does_not_change_with_room_above_the_ceiling(model: LostSales) -> None:
    assert best_policy(model, slack=6).cost == pytest.approx(best_policy(model).cost, rel=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_the_optimal_table_costs_the_optimum_and_no_rule_less(model: LostSales) -> None:
    best, top = best_policy(model), model.ceiling
    assert evaluate(model, best.orders).cost == pytest.approx(best.cost, rel=1e-5)
    for orders in (base_stock(model, top - 1), capped_base_stock(model, top, 5), projected_level(model, 5.0)):
        assert evaluate(model, orders).cost >= best.cost * (1 - 1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_the_projected_ratio_is_within_a_percent_and_better_than_base_stock(model: LostSales) -> None:
    best = best_policy(model).cost
    ratio = best_rule(model, projected_ratio, [(ratio,) for ratio in np.arange(0.6, 0.96, 0.02)])
    level = best_rule(model, base_stock, [(level,) for level in range(model.ceiling - 6, model.ceiling + 1)])
    assert ratio.policy.cost <= 1.01 * best
    assert ratio.policy.cost < level.policy.cost


@pytest.mark.parametrize("demand", [poisson(3), negative_binomial(4, 8), poisson(8)], ids=str)
@pytest.mark.parametrize("lead_time", [1, 2])
def test_the_stated_ratio_is_within_a_quarter_percent_on_the_models_its_constant_comes_from(demand, lead_time) -> None:
    for penalty in (3, 29):
        model = LostSales(1, penalty, demand, lead_time)
        best = best_policy(model, tolerance=1e-5).cost
        assert evaluate(model, projected_ratio(model, bench.stated_ratio(model)), tolerance=1e-5).cost <= 1.0025 * best


def test_the_stated_ratio_falls_with_the_lead_time_and_reaches_one_percent_on_the_whole_grid(data_directory) -> None:
    ratios = [bench.stated_ratio(LostSales(2, 9, poisson(5), lead)) for lead in (1, 2, 3)]
    assert ratios == [pytest.approx(9 / (9 + 2 * (1 + lead / 4))) for lead in (1, 2, 3)]
    made = list(bench.untuned(data_directory))
    stated = [row for row in made if "stated ratio" in row.case]
    assert (len(stated), len(made)) == (16, 24)
    assert max(row.difference for row in stated) < 0.01
    assert {row.note for row in stated if "not tuned here" not in row.note} == set()


def test_the_cost_of_a_table_is_that_of_a_long_simulation() -> None:
    model, generator = LostSales(1, 4, poisson(3), 2), np.random.default_rng(8)
    orders = projected_ratio(model, 0.7)
    stock, coming = np.full(3_000, 3), np.full(3_000, 3)
    total = np.zeros(3_000)
    for period in range(220):
        placed, demand = orders[stock, coming], generator.poisson(3, stock.size)
        if period >= 20:
            total += np.maximum(stock - demand, 0) + 4 * np.maximum(demand - stock, 0)
        stock, coming = np.maximum(stock - demand, 0) + coming, placed
    mean, error = total.mean() / 200, total.std() / 200 / 3_000**0.5
    assert abs(mean - evaluate(model, orders).cost) < 4 * error


def test_the_order_of_a_real_item_is_the_table_s_on_many_paths() -> None:
    model = LostSales(1, 4, poisson(5), 2)
    table = projected_ratio(model, 0.72)
    on_hand, coming = (part.ravel() for part in np.indices(table.shape))
    reachable = on_hand + coming <= model.ceiling
    pipeline = np.stack([np.zeros_like(coming), coming], axis=1)[reachable]
    paths = np.random.default_rng(2).poisson(5.0, (1, 3, 20_000)).repeat(reachable.sum(), axis=0)
    orders = projected_order(on_hand[reachable], pipeline, paths, 0.72)
    wanted = table.ravel()[reachable]
    assert np.abs(orders - wanted).max() <= 1
    assert (orders == wanted).mean() > 0.97


def test_what_is_left_is_a_distribution_of_the_expected_mean() -> None:
    model = LostSales(1, 4, poisson(3), 2)
    law = projected_distribution(model)
    assert law.sum(axis=-1) == pytest.approx(np.ones(law.shape[:-1]))
    # Nothing on hand: what is left after the next arrival is what demand leaves of it.
    left = sum(max(6 - d, 0) * mass for d, mass in zip(poisson(3).points, poisson(3).mass, strict=True))
    assert law[0, 6] @ np.arange(law.shape[-1]) == pytest.approx(left)


def test_positions_are_what_is_there_and_under_way() -> None:
    assert positions(2, 3)[1, 2] == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LostSales(0, 4, poisson(3), 1), "holding cost 0"),
        (lambda: LostSales(1, -4, poisson(3), 1), "shortage cost -4"),
        (lambda: LostSales(1, 4, constant(0), 1), "demand of mean 0"),
        (lambda: LostSales(1, 4, poisson(3), 0), "lead time 0"),
        (lambda: best_policy(LostSales(1, 19, poisson(20), 4)), "judge it by simulation"),
        (lambda: evaluate(MODELS[0], np.full((5, 5), 1)), "one axis per period"),
        (lambda: evaluate(MODELS[0], np.full(5, -1)), "no order below 0"),
        (lambda: projected_ratio(MODELS[0], 1.0), "decision ratio 1.0 is no quantile"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make, message: str) -> None:
    with pytest.raises(EquipoiseError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_steady_demand_whose_states_take_turns_has_its_cost() -> None:
    model = LostSales(1, 4, constant(3), 1)
    found = evaluate(model, np.array([3, 3, 3, 2, 1, 0]))
    assert found.cost == pytest.approx(_turns(np.array([3, 3, 3, 2, 1, 0])), abs=1e-4)


def _turns(orders: np.ndarray) -> float:
    stock, costs = 0, []
    for _ in range(1_000):
        order, left = orders[stock], max(stock - 3, 0)
        costs.append(left + 4 * max(3 - stock, 0))
        stock = left + order
    return float(np.mean(costs[100:]))
