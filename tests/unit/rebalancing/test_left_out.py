"""What a deterministic flow leaves out and this one counts: one test for what has none elsewhere.

Elsewhere: what later decisions cannot see, lost sales rolled, the reserve (``test_flow``); a lost
unit counted once (``test_projection``); lots, least gains, shelf life, expedites (``test_plan``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_networks import certain_forecast, poisson_forecast, snapshot

from assets.policy.release import Objective
from assets.rebalancing.choice import choose
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.expansion import expand
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem
from assets.rebalancing.snapshot import Snapshot

ProblemOf = Callable[..., Problem]
HORIZON = 6


def one_lot(items: dict[str, Any] | None = None, **told: Any) -> Snapshot:
    """A store that can buy 24 today or nothing; 10 can be sold within the horizon."""
    store = {"item_id": "i", "site_id": "a", "review_days": HORIZON, "shortage_cost_per_unit": 5.0, **told}
    source = {"item_id": "i", "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 1}
    source["order_multiple_units"] = 24
    return snapshot([store], poisson_forecast("i", "a", 2.0, HORIZON), sourcing=[source], items={"i": items or {}})


def test_what_is_left_at_the_end_is_worth_what_it_costs_to_replace(problem_of: ProblemOf) -> None:
    assert solve(problem_of(one_lot())).lines["quantity_units"].tolist() == [24]


@pytest.mark.parametrize("told", [{"lifecycle": "ending"}, {"items": {"shelf_life_days": 1}}])
def test_what_dies_or_expires_is_worth_nothing_at_the_end(problem_of: ProblemOf, told: dict[str, Any]) -> None:
    assert solve(problem_of(one_lot(**told))).lines.empty


def test_the_worth_of_the_end_is_the_releases_share(problem_of: ProblemOf) -> None:
    problem = problem_of(one_lot())
    worthless = problem.release.model_copy(update={"objective": Objective(end_value_share=0.0)})
    assert solve(dataclasses.replace(problem, release=worthless)).lines.empty


def test_a_distance_to_the_base_stock_is_worth_nothing(problem_of: ProblemOf) -> None:
    plans = [solve(problem_of(one_lot(base_stock_units=units, protection_units=0))) for units in (0, 500)]
    assert plans[0].cost == plans[1].cost
    assert plans[0].plan_digest == plans[1].plan_digest


def test_what_demand_has_taken_by_then_cannot_leave(problem_of: ProblemOf) -> None:
    # a sells 4 a day of its 12 and replenishes b, which from Wednesday on would pay much more for all of them.
    giver = {"echelon": 1, "available_units": 12, "protection_units": 0, "shortage_cost_per_unit": 0.1}
    stores = [
        {"item_id": "i", "site_id": "a", **giver},
        {"item_id": "i", "site_id": "b", "available_units": 0, "shortage_cost_per_unit": 90.0},
    ]
    forecast = certain_forecast("i", "a", [4.0] * HORIZON) + certain_forecast("i", "b", [0, 0, 0, 20, 0, 0])
    lane = {"origin_id": "a", "destination_id": "b", "departure_days": "3"}
    network = expand(problem_of(snapshot(stores, forecast, lanes=[lane]), HORIZON))
    choice = choose(network)
    moves, units = network.problem.moves, units_of_flow(network, choice.flow)
    sent = np.bincount(moves.bucket[moves.is_transfer], weights=units[moves.is_transfer], minlength=HORIZON)
    assert sent.tolist() == [0, 0, 4, 0, 0, 0]


def test_a_shortage_costs_what_the_target_implies_else_what_the_feed_says_else_the_margin(
    problem_of: ProblemOf,
) -> None:
    def cost(told: Snapshot) -> float:
        return float(problem_of(told).item_sites.shortage_cost[0])

    told = one_lot()
    targets = told.targets.assign(shortage_cost_per_unit=7.5)
    assert cost(dataclasses.replace(told, targets=targets)) == 7.5
    untold = dataclasses.replace(told, targets=told.targets.iloc[:0])
    assert cost(untold) == 5.0
    silent = untold.item_sites.assign(shortage_cost_per_unit=np.nan)
    # Price 15 less cost 10.
    assert cost(dataclasses.replace(untold, item_sites=silent)) == 5.0
    cheap = dataclasses.replace(untold, item_sites=silent, items=untold.items.assign(unit_price=12.0))
    assert cost(cheap) == 2.0


@pytest.mark.parametrize(("lost", "ordered"), [(True, 5), (False, 20)])
def test_the_setting_of_the_network_says_whether_unmet_demand_waits(
    problem_of: ProblemOf, ordered: int, *, lost: bool
) -> None:
    stores = [{"item_id": "i", "site_id": "a", "available_units": 0}]
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 3}]
    told = snapshot(stores, certain_forecast("i", "a", [5.0] * HORIZON), sourcing=source)
    plan = solve(problem_of(told, lost_sales=lost))
    assert plan.lines["quantity_units"].tolist() == [ordered]
    shortage = plan.summary.set_index("policy").loc["joint_plan", "shortage_amount"]
    # Lost: 15 units before anything can come, which no plan can save and none is charged. Waiting: 5, 10, 15.
    assert shortage == pytest.approx(5.0 * (0 if lost else 30), rel=0.01)


def test_the_quick_dear_way_is_taken_only_where_the_slow_one_comes_too_late(problem_of: ProblemOf) -> None:
    lanes = [
        {"origin_id": "w", "destination_id": "a", "mode": "truck", "quoted_transit_days": 3, "cost_per_unit": 0.2},
        {"origin_id": "w", "destination_id": "a", "mode": "air", "quoted_transit_days": 1, "cost_per_unit": 2.0},
    ]

    def kinds(available: int) -> set[str]:
        stores = [
            {"item_id": "i", "site_id": "w", "echelon": 1, "available_units": 50},
            {
                "item_id": "i",
                "site_id": "a",
                "available_units": available,
                "receipt_kind": "transfer",
                "source_id": "w",
            },
        ]
        told = snapshot(stores, certain_forecast("i", "a", [2.0] * HORIZON), lanes=lanes)
        return set(solve(problem_of(told, minimum_gain_amount=0.5)).lines["kind"])

    assert "expedite" in kinds(2)
    assert "expedite" not in kinds(7)
