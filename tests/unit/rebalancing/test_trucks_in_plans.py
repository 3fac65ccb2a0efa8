"""Trucks and minimums of documents in published plans: words, tables, explanations, parts of a plan, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from market_worlds import HORIZON, problem, world
from small_networks import PLAN_DATE, profile, release

from assets.rebalancing.announced import units_of
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import replan
from assets.rebalancing.snapshot import Snapshot
from assets.rebalancing.views import limit_views
from assets.rebalancing.what_if.one_item import one_item
from assets.rebalancing.what_if.recorded import Recorded


def recorded(made: Problem, seed: int, plan: Plan, **shape: float) -> Recorded:
    return Recorded(made, world(4, seed, **shape), profile(HORIZON), plan.lines, plan.shared_limits, plan.graph)


def built(snapshot: Snapshot) -> Problem:
    return build_problem(snapshot, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)


def trucks(plan: Plan) -> pd.DataFrame:
    table = plan.shared_limits
    return table.loc[table["kind"] == "truck"].set_index("limit_id")


def test_costs_by_item_and_transport_of_lines_carry_the_bill() -> None:
    made = problem(4, 4, trucks=1.0)
    plan = solve(made)
    told = trucks(plan)
    bill = float((told["used"] * told["truck_amount"]).sum())
    joint = plan.summary.set_index("policy").loc["joint_plan"]
    ours = plan.costs.loc[plan.costs["policy"] == "joint_plan"]
    assert bill > 0
    assert ours["transport_amount"].sum() == pytest.approx(joint["transport_amount"], abs=1e-3)
    sent = plan.lines["kind"] == "transfer"
    handling = (
        plan.lines.loc[sent, "quantity_units"]
        * plan.lines.loc[sent]
        .merge(pd.DataFrame(world(4, 4, trucks=1.0).lanes), on=["origin_id", "destination_id", "mode"])["cost_per_unit"]
        .to_numpy()
    )
    assert plan.lines.loc[sent, "transport_amount"].sum() == pytest.approx(handling.sum() + bill, abs=1e-3)
    assert joint["cost_amount"] >= joint["bound_amount"]


def test_lines_name_the_departure_they_ride_on_and_absences_the_one_that_stays() -> None:
    plan = solve(dearer(problem(4, 12, trucks=1.0), 2.0))
    told = trucks(plan)
    for line in plan.lines.loc[plan.lines["kind"] == "transfer"].itertuples():
        name = f"departure {line.origin_id} > {line.destination_id} {line.mode} {PLAN_DATE}"
        assert told.loc[name, "used"] >= 1
        assert f"rides on {name}: {told.loc[name, 'used']:.0f} of " in line.reason
    missed = plan.decisions.loc[plan.decisions["binding_constraints"].str.contains("departure ")]
    assert len(missed)
    assert missed["reason"].str.contains("does not leave: what would ride on it saves").all()
    assert missed["flips_when"].str.contains("or a truck costs so much less").all()
    stays = set(told.index[told["used"] == 0])
    named = missed["binding_constraints"].str.split(",").explode()
    assert set(named[named.str.startswith("departure ")]) <= stays


@pytest.mark.parametrize(("seed", "least"), [(0, 0.0), (4, 0.0), (11, 0.0), (9, 30.0), (12, 60.0)])
def test_every_item_by_itself_gives_its_published_lines_again(seed: int, least: float) -> None:
    made = problem(4, seed, trucks=2.0, least=least)
    plan = solve(made)
    known = recorded(made, seed, plan, trucks=2.0, least=least)
    for item in made.item_sites.item_ids:
        ours = plan.lines.loc[plan.lines["item_id"] == item, "quantity_units"].sum()
        assert one_item(known, item).decision.units.sum() == ours


def dearer(made: Problem, times: float) -> Problem:
    assert made.departures is not None
    return replace(made, departures=replace(made.departures, cost=made.departures.cost * times))


@pytest.mark.parametrize(("seed", "item"), [(6, 0), (6, 2)])
def test_a_part_rides_for_nothing_on_trucks_that_others_pay_for_and_calls_none_that_is_too_dear(
    seed: int, item: int
) -> None:
    made = problem(4, seed, trucks=1.0)
    plan, dear = solve(made), dearer(made, 1e4)
    others = plan.lines[plan.lines["item_id"] != made.item_sites.item_ids[item]]
    again = replan(dear, np.array([item]), plan.lines, plan.graph)
    alone = replan(dear, np.array([item]), plan.lines[:0], plan.graph)
    trucks_of = [
        dear.departures.trucks(units_of(dear.moves, dear.item_sites, lines)).tolist()
        for lines in (others, pd.concat([others, again.lines]))
        if dear.departures is not None
    ]
    assert trucks_of[0] == trucks_of[1]
    assert (again.lines["kind"] == "transfer").any()
    assert not (alone.lines["kind"] == "transfer").any()


def test_documents_are_told_with_what_they_come_to_and_what_was_asked_for() -> None:
    made = problem(4, 9, least=30.0)
    plan = solve(made)
    rows = plan.shared_limits.loc[plan.shared_limits["kind"] == "document"].set_index("limit_id")
    bought = plan.lines.loc[plan.lines["kind"] == "purchase", "line_amount"].sum()
    row = rows.loc[f"document sup > dc amount {PLAN_DATE}"]
    assert row["capacity"] == 30.0
    assert row["used"] == pytest.approx(bought)
    assert bought == 0 or bought >= 30.0


@pytest.mark.parametrize(
    ("change", "fault", "left"),
    [
        ({"fixed_cost_per_departure": -1.0}, "negative or missing cost or time", 3),
        ({"truck_kg": 0.0}, "truck that takes nothing", 4),
        ({"truck_m3": -2.0}, "truck that takes nothing", 4),
    ],
    ids=["fixed cost", "truck_kg", "truck_m3"],
)
def test_a_truck_that_cannot_be_is_named_and_left_out(change: dict[str, float], fault: str, left: int) -> None:
    seen = world(4, 4, trucks=1.0)
    lanes = seen.lanes.copy()
    for name, value in change.items():
        lanes.loc[0, name] = value
    made = built(replace(seen, lanes=lanes))
    assert [said for said in made.consistency() if fault in said]
    assert made.departures is not None
    assert len(made.departures) == left
    assert np.isfinite(solve(made).cost)


def test_baselines_pay_for_what_they_ride_on_and_send_no_document_below_its_minimum() -> None:
    free, least = (solve(problem(4, 9, least=amount)).summary.set_index("policy") for amount in (0.0, 1e6))
    assert free.loc["no_transfers", "purchase_lines"] > 0
    assert (least["purchase_lines"] == 0).all()
    made = problem(4, 9, trucks=1.0)
    cheap, dear = (solve(one).summary.set_index("policy")["transport_amount"] for one in (made, dearer(made, 1.001)))
    assert (dear > cheap).drop("do_nothing").all()
    assert dear["do_nothing"] == cheap["do_nothing"]


def test_an_explanation_shows_trucks_and_documents_as_what_they_are() -> None:
    made = problem(4, 9, trucks=1.0, least=30.0)
    plan = solve(made)
    names = tuple(plan.shared_limits.loc[plan.shared_limits["kind"].isin(["truck", "document"]), "limit_id"])
    told = [view.sentence() for view in limit_views(names, "i00", plan.shared_limits, plan.graph)]
    assert sum("trucks leave" in said and "each costs" in said for said in told) == 4
    assert sum("currency of at least 30" in said for said in told) == 1


@pytest.mark.parametrize("seed", [0, 6, 12])
def test_nobody_has_nothing_left_to_give_whose_departure_only_stays(seed: int) -> None:
    made = dearer(problem(4, seed, trucks=2.0), 4.0)
    plan, sites = solve(made), made.item_sites.keys().assign(row=range(len(made.item_sites)))
    left = made.item_sites.available - np.bincount(
        np.maximum(made.moves.origin, 0), weights=units_of(made.moves, made.item_sites, plan.lines) *
        made.moves.is_transfer, minlength=len(made.item_sites),
    )  # fmt: skip
    stays = plan.decisions.loc[plan.decisions["reason"].str.contains("does not go out")]
    empty = plan.decisions.loc[plan.decisions["reason"].str.contains("has nothing left to give")]
    assert len(stays)
    assert stays["binding_constraints"].str.contains("departure ").all()
    for row in empty.merge(sites, on=["item_id", "site_id"]).itertuples():
        assert row.site_id != "dc"
        centre = sites.loc[(sites["item_id"] == row.item_id) & (sites["site_id"] == "dc"), "row"].item()
        assert left[centre] == 0


@pytest.mark.parametrize("seed", [0, 4, 6])
def test_what_lines_of_a_departure_save_together_is_more_than_its_bill(seed: int) -> None:
    plan = solve(problem(4, seed, trucks=1.0))
    told = trucks(plan)
    bills = told["used"] * told["truck_amount"]
    rode = told["used"] > 0
    assert rode.any()
    assert (told["worth_amount"] >= bills - 1e-6)[rode].all()
    assert (told["worth_amount"] <= told["truck_amount"] + 1e-6)[~rode].all()
    sent = plan.lines.loc[plan.lines["kind"] == "transfer"]
    assert sent["reason"].str.contains("before the bill of its departure; rides on departure").all()
    assert not plan.lines.loc[plan.lines["kind"] == "purchase", "reason"].str.contains("bill").any()
