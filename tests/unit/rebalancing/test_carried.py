"""Money in integer costs: one dear item leaves the others as they are, and what cannot be carried is named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array
from small_networks import poisson_forecast, snapshot

from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.carried import FINEST_STEP
from assets.rebalancing.costs import of_items, units_of_flow
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import Variant, solve_flows, started
from assets.rebalancing.lots import relaxed_optimum
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem
from assets.rebalancing.snapshot import Snapshot
from assets.rebalancing.what_if.copies import alone

ProblemOf = Callable[..., Problem]
HORIZON = 14
HELD = "beyond what costs can carry for the item's units; planned at what they can, correct it or the units"


def beside(*, dear: float = 0.0, bulk: int = 0, price: float = 10.0, most: int | None = None) -> Snapshot:
    """Return two stores of a cheap item, one of a dear item and one of many units, where there are any."""
    cheap = {"holding_cost_per_unit_bucket": 0.0005, "shortage_cost_per_unit": 0.3, "review_days": 7}
    rows: list[dict[str, Any]] = [{"item_id": "i", "site_id": s, "available_units": 3, **cheap} for s in "ab"]
    source = {"supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 3}
    sourcing = [{**source, "item_id": "i", "unit_cost": 1.0}]
    forecast = [row for s in "ab" for row in poisson_forecast("i", s, 2.0, HORIZON)]
    if dear:
        rows.append({"item_id": "j", "site_id": "a", "available_units": 3, "shortage_cost_per_unit": dear,
                     "maximum_units": most})  # fmt: skip
        sourcing.append({**source, "item_id": "j", "unit_cost": price})
        forecast += poisson_forecast("j", "a", 0.5, HORIZON)
    if bulk:
        rows.append({"item_id": "k", "site_id": "a", "available_units": bulk, "shortage_cost_per_unit": 0.01,
                     "holding_cost_per_unit_bucket": 0.00001})  # fmt: skip
        sourcing.append({**source, "item_id": "k", "unit_cost": 0.02})
        forecast += poisson_forecast("k", "a", bulk / 20, HORIZON)
    return snapshot(rows, forecast, sourcing=sourcing,
                    lanes=[{"origin_id": "a", "destination_id": "b", "cost_per_unit": 0.05}])  # fmt: skip


def optimum(net: Network, item: int) -> float:
    """Return the least cost of an item that flows reach, in currency, by slopes and prices in floats."""
    arcs = np.arange(net.arc_start[item], net.arc_start[item + 1])
    move, segment = net.move[arcs], net.segment[arcs]
    cost = np.where(segment >= 0, net.curves.slope[segment], 0.0)
    cost = np.where(move >= 0, net.problem.moves.unit_amount[move], cost)
    nodes, one = int(net.node_start[item + 1] - net.node_start[item]), np.ones(len(arcs))
    out, into = (
        csr_array((one, (ends[arcs], np.arange(len(arcs)))), shape=(nodes, len(arcs))) for ends in (net.tail, net.head)
    )
    supply = net.supply[net.node_start[item] : net.node_start[item + 1]]
    bounds = np.stack([np.zeros(len(arcs)), net.capacity[arcs]], axis=1)
    found = linprog(cost, A_eq=out - into, b_eq=supply, bounds=bounds, method="highs")
    assert found.success, found.message
    return float(found.fun)


@pytest.mark.parametrize(("dear", "bulk"), [(0.0, 0), (2000.0, 0), (2000.0, 200_000), (2e9, 200_000), (1e6, 10_000)])
def test_bound_and_cost_of_an_item_are_what_floats_say_whatever_stands_beside_it(
    problem_of: ProblemOf, dear: float, bulk: int
) -> None:
    net = expand(problem_of(beside(dear=dear, bulk=bulk, price=5000.0), HORIZON))
    flow = relaxed_optimum(net)
    base = of_items(net, np.zeros(len(net.problem.moves), dtype=np.int64)).to_numpy().sum(axis=1)[0]
    still = net.problem.item_sites.known_supply[:, 0]
    least, sent = optimum(net, 0), of_items(net, units_of_flow(net, flow)).to_numpy().sum(axis=1)[0]
    idle = dataclasses.replace(net, capacity=np.where(net.move >= 0, 0, net.capacity), solved={})
    # Some dozens of units through two chains, each rounded to a step.
    assert still[:2].tolist() == [3, 3]
    assert flow.cost[0] / net.scale == pytest.approx(least, abs=1e-3)
    assert sent - base == pytest.approx(least - optimum(idle, 0), abs=1e-3)


@pytest.mark.parametrize("most", [None, 40])
@pytest.mark.parametrize("dear", [1e5, 999_999_999.0, 1e14])
def test_an_absurd_price_is_held_by_name_and_leaves_every_other_item_as_it_was(
    problem_of: ProblemOf, dear: float, most: int | None
) -> None:
    usual, absurd = (problem_of(beside(dear=price, bulk=10_000, most=most), HORIZON) for price in (5.0, dear))
    net, plans = expand(absurd), [solve(usual), solve(absurd)]
    assert net.scale == FINEST_STEP * TIE_STEPS
    faults = [fault for fault in absurd.consistency() if HELD in fault]
    carries = dear <= 1e5
    assert usual.consistency() == []
    assert len(faults) == (not carries)
    if not carries:
        held = float(absurd.item_sites.shortage_cost[2])
        assert faults[0].startswith(f"shortage cost {HELD}: j a {dear:.2f}, held at {held:.6g} for ")
        assert 1000 < held < dear
    told = ["item_id", "origin_id", "quantity_units"]
    lines = [plan.lines.loc[plan.lines["item_id"] != "j", told].to_numpy().tolist() for plan in plans]
    costs = [plan.costs.loc[plan.costs["item_id"] != "j", "cost_amount"].tolist() for plan in plans]
    assert lines[0] == lines[1]
    assert costs[0] == costs[1]
    assert plans[1].lines.loc[plans[1].lines["item_id"] == "j", "quantity_units"].sum() > 0
    assert plans[1].gap >= 0


def test_a_purchase_at_an_absurd_price_is_held_by_source(problem_of: ProblemOf) -> None:
    problem = problem_of(beside(dear=5.0, price=1e13), HORIZON)
    assert any(fault.startswith(f"cost of a way {HELD}: j sup a 10000000000000.00") for fault in problem.consistency())
    plan = solve(problem)
    assert plan.lines.loc[plan.lines["item_id"] == "i", "quantity_units"].tolist() == [24]
    assert plan.bound <= plan.cost


def test_a_step_that_one_item_makes_coarser_is_named_and_the_same_for_every_part(problem_of: ProblemOf) -> None:
    seen = beside(dear=1e4, bulk=10_000, most=10**6)
    assert problem_of(seen, HORIZON).steps == FINEST_STEP
    shelves = seen.item_sites.assign(presentation_minimum_units=np.array([0, 0, 10_000, 0]))
    coarse = problem_of(dataclasses.replace(seen, item_sites=shelves), HORIZON)
    said = "money counted in steps of 1e-05, because of costs times units of j above all; look at both"
    assert said in coarse.consistency()
    assert {expand(part).scale for part in (coarse, alone(coarse, 0), alone(coarse, 2))} == {TIE_STEPS * 1e5}


def test_an_item_too_dear_for_a_start_is_solved_without_one_and_the_others_from_theirs(problem_of: ProblemOf) -> None:
    plain = expand(problem_of(beside(dear=5.0), HORIZON))
    dear = np.repeat([1, 10**7], np.diff(plain.arc_start))
    plain = dataclasses.replace(plain, cost=plain.cost * dear, penalty=plain.penalty * np.array([1, 10**7]))
    net = started(plain, relaxed_optimum(plain))
    assert net.start is not None
    assert net.start.known.tolist() == [True, False]
    items, units = np.array([0, 1, 0]), relaxed_optimum(plain).units
    here = [units[net.first_start[k] : net.first_start[k + 1]].copy() for k in items]
    here[0] += here[0] > 0
    variant = Variant(items, np.concatenate(here))
    from_start, afresh = solve_flows(net, variant), solve_flows(dataclasses.replace(plain, solved={}), variant)
    assert from_start.cost.tolist() == afresh.cost.tolist()
