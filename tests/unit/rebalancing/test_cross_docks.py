"""Cross-docks hold no stock: what comes in leaves in the same bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, certain_forecast, poisson_forecast, profile, release, snapshot

from assets.rebalancing.choice import choose
from assets.rebalancing.constraints import held_back
from assets.rebalancing.costs import cumulative_supply, units_of_flow
from assets.rebalancing.expansion import expand
from assets.rebalancing.first_arrivals import first_arrivals
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot

HORIZON = 8
ProblemOf = Callable[..., Problem]


def through_a_dock(
    lying: int = 0,
    *,
    kind: str = "cross_dock",
    demand: tuple[float, ...] = (0, 0, 0, 0, 0, 4, 0, 0),
    departure_days: str = "",
    dock: dict[str, Any] | None = None,
    **more: Any,
) -> Snapshot:
    """A supplier 2 days from a dock that is dear to hold at a store and cheap at the dock; two stores a day further."""
    stores = [
        {"item_id": "i", "site_id": "x", "echelon": 1, "available_units": lying,
         "holding_cost_per_unit_bucket": 0.01, **(dock or {})},
        *({"item_id": "i", "site_id": s, "receipt_kind": "transfer", "source_id": "x", "protection_units": 0,
           "holding_cost_per_unit_bucket": 0.5} for s in "ab"),
    ]  # fmt: skip
    forecast = [row for s in "ab" for row in certain_forecast("i", s, list(demand))]
    lanes = [{"origin_id": "x", "destination_id": s, "departure_days": departure_days} for s in "ab"]
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "x", "quoted_lead_time_days": 2}]
    told = {"forecast": forecast, "lanes": lanes, "sourcing": source} | more
    return snapshot(stores, sites={"x": {"site_kind": kind}}, **told)


def stock_at(problem: Problem, site: str) -> np.ndarray:
    """What is at a site at the end of each bucket, demand apart, as the whole plan has it."""
    choice = choose(expand(problem))
    supply = cumulative_supply(choice.network, units_of_flow(choice.network, choice.flow))
    [row] = np.flatnonzero(problem.item_sites.keys()["site_id"] == site)
    return supply[row, :-1]


def test_what_comes_in_leaves_in_the_same_bucket(problem_of: ProblemOf) -> None:
    late = {"review_days": 8}
    # One purchase only, today: at a warehouse it waits until the stores need it, at a cross-dock it cannot.
    assert stock_at(problem_of(through_a_dock(kind="regional_warehouse", dock=late), HORIZON), "x").max() == 8
    problem = problem_of(through_a_dock(dock=late), HORIZON)
    assert not stock_at(problem, "x").any()
    plan = solve(problem)
    assert plan.lines["quantity_units"].tolist() == [8]
    assert set(plan.lines["destination_id"]) == {"x"}
    assert plan.gap == 0
    assert plan.faults == ()


def test_a_purchase_is_timed_to_the_departure_from_the_dock(problem_of: ProblemOf) -> None:
    # Departures on Thursdays only, day 3 of the plan: bought on day 1, for day 4.
    problem = problem_of(through_a_dock(departure_days="4"), HORIZON)
    choice = choose(expand(problem))
    moves, units = problem.moves, units_of_flow(choice.network, choice.flow)
    assert set(moves.bucket[(units > 0) & ~moves.is_transfer]) == {1}
    assert set(moves.bucket[(units > 0) & moves.is_transfer]) == {3}
    assert not stock_at(problem, "x").any()


def test_stock_found_at_a_dock_leaves_today(problem_of: ProblemOf) -> None:
    problem = problem_of(through_a_dock(10, demand=(3.0,) * HORIZON), HORIZON)
    plan = solve(problem)
    assert plan.lines.loc[plan.lines["origin_id"] == "x", "quantity_units"].sum() == 10
    assert plan.faults == ()
    summary = plan.summary.set_index("policy")
    # Doing nothing leaves it there for a day, at its landed value.
    assert summary.loc["do_nothing", "holding_amount"] > summary.loc["joint_plan", "holding_amount"] + 10 * 9.0


def test_stock_that_nothing_takes_away_stays_and_is_named(problem_of: ProblemOf) -> None:
    problem = problem_of(through_a_dock(10, lanes=[]), HORIZON)
    assert "stock at a cross-dock that nothing takes away within the horizon; it stays: i x" in problem.consistency()
    assert (stock_at(problem, "x") == 10).all()
    assert solve(problem).gap == 0


def test_stock_waits_for_the_next_departure_without_a_fault(problem_of: ProblemOf) -> None:
    problem = problem_of(through_a_dock(6, departure_days="3", demand=(3.0,) * HORIZON), HORIZON)
    assert stock_at(problem, "x")[:3].tolist() == [6, 6, 0]
    assert problem.consistency() == []


def test_stock_that_could_leave_and_does_not_is_named(problem_of: ProblemOf) -> None:
    # A lane far dearer than the item, which the store can buy elsewhere.
    dear = [{"origin_id": "x", "destination_id": "a", "cost_per_unit": 500.0}]
    sources = [{"item_id": "i", "supplier_id": "sup", "site_id": s, "quoted_lead_time_days": 2} for s in "ax"]
    plan = solve(problem_of(through_a_dock(3, lanes=dear, sourcing=sources), HORIZON))
    told = "stock stays at a cross-dock that could leave, at its landed value a bucket: i x by 3 units, 10.00 each"
    assert told in plan.faults
    assert plan.gap >= 0


def test_an_order_through_a_dock_takes_both_ways(problem_of: ProblemOf) -> None:
    def first(**told: Any) -> list[int]:
        return first_arrivals(problem_of(through_a_dock(**told), HORIZON)).tolist()

    assert first() == [3, 3, 2]
    assert first(departure_days="5") == [5, 5, 2]
    # A warehouse is taken to have stock of its own.
    assert first(kind="regional_warehouse") == [1, 1, 2]
    assert first(sourcing=[]) == [1, 1, HORIZON]


def test_a_dock_of_docks_is_seen_through(problem_of: ProblemOf) -> None:
    stores = [
        {"item_id": "i", "site_id": "y", "echelon": 2},
        {"item_id": "i", "site_id": "x", "echelon": 1, "receipt_kind": "transfer", "source_id": "y"},
        {"item_id": "i", "site_id": "a", "receipt_kind": "transfer", "source_id": "x"},
    ]
    lanes = [{"origin_id": "y", "destination_id": "x"}, {"origin_id": "x", "destination_id": "a"}]
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "y", "quoted_lead_time_days": 2}]
    both = {s: {"site_kind": "cross_dock"} for s in "xy"}
    told = snapshot(stores, poisson_forecast("i", "a", 2.0, HORIZON), lanes=lanes, sourcing=source, sites=both)
    problem = problem_of(told, HORIZON)
    assert first_arrivals(problem).tolist() == [4, 3, 2]
    assert set(solve(problem).lines["kind"]) == {"purchase"}
    assert not stock_at(problem, "x").any()
    assert not stock_at(problem, "y").any()


def test_settings_of_a_warehouse_do_not_hold_at_a_dock(problem_of: ProblemOf) -> None:
    kept = {"base_stock_units": 9, "protection_units": 5, "presentation_minimum_units": 2, "maximum_units": 40}
    sites = problem_of(through_a_dock(dock=kept), HORIZON).item_sites
    [x] = np.flatnonzero(sites.cross_dock)
    assert sites.base_stock[x] == sites.protection[x] == sites.presentation[x] == sites.maximum[x] == 0


def test_a_dock_at_which_demand_is_forecast_is_a_site_with_stock_and_named(problem_of: ProblemOf) -> None:
    forecast = [row for s in "abx" for row in poisson_forecast("i", s, 1.0, HORIZON)]
    problem = problem_of(through_a_dock(forecast=forecast), HORIZON)
    assert "demand forecast at a cross-dock; planned as a site with stock: i x" in problem.consistency()
    assert not problem.item_sites.cross_dock.any()


@st.composite
def networks_with_a_dock(draw: st.DrawFn) -> Snapshot:
    """A dock with stock and receipts of its own, stores with little room, lanes on some days."""
    units, days = st.integers(0, 12), st.sampled_from(["", "1", "2,4", "3"])
    stores: list[dict[str, Any]] = [{"item_id": "i", "site_id": "x", "echelon": 1, "available_units": draw(units)}]
    forecast: list[dict[str, Any]] = []
    for site in "ab":
        stores.append({"item_id": "i", "site_id": site, "available_units": draw(units), "receipt_kind": "transfer",
                       "source_id": "x", "maximum_units": draw(st.sampled_from([None, 3, 20]))})  # fmt: skip
        forecast += poisson_forecast("i", site, draw(st.sampled_from([0.3, 2.0])), HORIZON)
    lanes = [{"origin_id": "x", "destination_id": s, "departure_days": draw(days)} for s in "ab"]
    lanes += [{"origin_id": "a", "destination_id": "b"}] if draw(st.booleans()) else []
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "x", "quoted_lead_time_days": draw(st.integers(0, 3)),
               "order_multiple_units": draw(st.sampled_from([1, 5]))}]  # fmt: skip
    due = [{"item_id": "i", "site_id": "x", "receipt_units": draw(units), "receipt_kind": "purchase",
            "source_id": "sup", "expected_date": PLAN_DATE}] if draw(st.booleans()) else []  # fmt: skip
    dock = {"x": {"site_kind": "cross_dock"}}
    return snapshot(stores, forecast, lanes=lanes, sourcing=source, receipts=due, sites=dock)


@settings(max_examples=12, deadline=None)
@given(networks_with_a_dock())
def test_a_dock_never_holds_more_than_was_known_to_be_there_and_the_bound_stays_below(network: Snapshot) -> None:
    problem = build_problem(network, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    plan: Plan = solve(problem)
    assert plan.bound <= plan.cost + 1e-9
    assert plan.gap >= 0
    [x] = np.flatnonzero(problem.item_sites.cross_dock)
    stock, unavoidable = stock_at(problem, "x"), held_back(problem.item_sites, problem.moves)[x]
    if not plan.faults:
        assert (stock <= unavoidable).all()
    assert (stock <= problem.item_sites.known_supply[x]).all() or any("at a penalty" in f for f in plan.faults)


@pytest.mark.parametrize("site", ["x", "a"])
def test_do_nothing_has_a_plan_where_a_dock_has_stock(problem_of: ProblemOf, site: str) -> None:
    plan = solve(problem_of(through_a_dock(10, demand=(0.0,) * HORIZON), HORIZON))
    summary = plan.summary.set_index("policy")
    assert summary.loc["do_nothing", "cost_amount"] >= summary.loc["joint_plan", "cost_amount"]
    assert plan.decisions.set_index("site_id").loc[site, "reason"] != ""
