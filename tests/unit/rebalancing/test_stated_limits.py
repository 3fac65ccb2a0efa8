"""Limits that feeds and policy state become rows over moves, named by what they hold and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.policy.release import Release, SharedLimits
from assets.rebalancing.market import kinds
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot

ProblemOf = Callable[..., Problem]
HORIZON = 4


def network(**more: Any) -> Snapshot:
    """A centre that buys two items and serves one store by truck and by van."""
    stores = [
        {"item_id": i, "site_id": s, "echelon": e, "available_units": q, "review_days": 2 if s == "dc" else 1}
        for i in ("x", "y") for s, e, q in (("dc", 1, 40), ("a", 0, 2))
    ]  # fmt: skip
    forecast = [row for i in ("x", "y") for row in poisson_forecast(i, "a", 2.0, HORIZON)]
    lanes = more.pop("lanes", [{"origin_id": "dc", "destination_id": "a", "mode": m} for m in ("truck", "van")])
    sourcing = more.pop("sourcing", [{"item_id": i, "supplier_id": "sup", "site_id": "dc"} for i in ("x", "y")])
    items = {"x": {"weight_kg_per_unit": 2.0, "volume_m3_per_unit": 0.5}, "y": {"weight_kg_per_unit": 3.0}}
    items = more.pop("items", items)
    return snapshot(stores, forecast, lanes=lanes, sourcing=sourcing, items=items, **more)


def row(limits: Limits, name: str) -> tuple[float, float, dict[tuple[str, str, int], float]]:
    """Return capacity, fixed use and use per unit by nonzero entry of a limit."""
    k = limits.names.index(name)
    entries = limits.use[[k]]
    return float(limits.capacity[k]), float(limits.fixed[k]), dict(zip(entries.indices, entries.data, strict=True))


def test_nothing_stated_is_no_limit(problem_of: ProblemOf) -> None:
    made = problem_of(network(), HORIZON)
    assert made.limits is not None
    assert len(made.limits) == 0
    assert made.limits.consistency(len(made.moves)) == []


def test_a_departure_of_one_mode_weighs_what_leaves_by_that_mode_on_that_day(problem_of: ProblemOf) -> None:
    ends = {"origin_id": "dc", "destination_id": "a"}
    lanes = [{**ends, "mode": "truck", "capacity_kg": 9.0, "departure_days": "1,3"}, {**ends, "mode": "van"}]
    made = problem_of(network(lanes=lanes), HORIZON)
    assert made.limits is not None
    # The plan date is a Monday, so that the second truck leaves on the Wednesday.
    assert made.limits.names == ("lane weight dc > a > truck 2026-03-02", "lane weight dc > a > truck 2026-03-04")
    capacity, fixed, use = row(made.limits, "lane weight dc > a > truck 2026-03-04")
    moves, item = made.moves, made.item_sites.item
    assert (capacity, fixed) == (9.0, 0.0)
    assert {(moves.mode[j], int(moves.bucket[j]), w) for j, w in use.items()} == {("truck", 2, 2.0), ("truck", 2, 3.0)}
    assert sorted(item[moves.destination[j]] for j in use) == [0, 1]


def test_volume_counts_only_what_has_one(problem_of: ProblemOf) -> None:
    made = problem_of(network(lanes=[{"origin_id": "dc", "destination_id": "a", "capacity_m3": 1.0}]), HORIZON)
    assert made.limits is not None
    assert set(made.limits.kinds) == {"lane_volume"}
    assert set(made.limits.use.data) == {0.5}


def test_a_dock_counts_what_is_due_already_and_ships_out_what_leaves(problem_of: ProblemOf) -> None:
    due = [{"item_id": "x", "site_id": "a", "expected_date": pd.Timestamp(PLAN_DATE) + pd.Timedelta(days=2),
            "receipt_units": 5}]  # fmt: skip
    docks = {"a": {"dock_in_units_per_day": 7}, "dc": {"dock_out_units_per_day": 11}}
    made = problem_of(network(receipts=due, sites=docks), HORIZON)
    assert made.limits is not None
    capacity, fixed, use = row(made.limits, "dock in a 2026-03-04")
    assert (capacity, fixed) == (7.0, 5.0)
    assert {int(made.moves.arrival[j]) for j in use} == {2}
    capacity, fixed, use = row(made.limits, "dock out dc 2026-03-03")
    assert (capacity, fixed) == (11.0, 0.0)
    assert {int(made.moves.bucket[j]) for j in use} == {1}


def test_storage_holds_what_is_expected_to_lie_there_and_frees_what_leaves(problem_of: ProblemOf) -> None:
    made = problem_of(network(sites={"dc": {"storage_m3": 25.0}}), HORIZON)
    assert made.limits is not None
    capacity, fixed, use = row(made.limits, "storage dc 2026-03-03")
    assert capacity == 25.0
    assert fixed == pytest.approx(40 * 0.5), "only one of the two items has a volume"
    outbound = {j for j, w in use.items() if w < 0}
    assert {int(made.moves.bucket[j]) for j in outbound} == {0, 1}
    assert all(int(made.moves.arrival[j]) <= 1 for j, w in use.items() if w > 0)


def test_what_lies_in_held_item_sites_takes_room_all_the_same(problem_of: ProblemOf) -> None:
    held = [{"action": "hold", "site_id": "dc", "item_id": "x"}]
    volumes = {"x": {"volume_m3_per_unit": 0.5}, "y": {"volume_m3_per_unit": 0.25}}
    made = problem_of(network(sites={"dc": {"storage_m3": 35.0}}, verdicts=held, items=volumes), HORIZON)
    assert made.limits is not None
    capacity, fixed, use = row(made.limits, "storage dc 2026-03-02")
    assert (capacity, fixed) == (35.0, 40 * 0.5 + 40 * 0.25)
    assert {made.item_sites.item_ids[made.item_sites.item[made.moves.destination[j]]] for j in use} == {"y"}


def test_a_capacity_that_no_move_uses_is_no_limit(problem_of: ProblemOf) -> None:
    held = [{"action": "hold", "site_id": "dc", "item_id": "x"}]
    made = problem_of(network(sites={"dc": {"storage_m3": 25.0}}, verdicts=held), HORIZON)
    assert made.limits is not None
    assert made.limits.names == (), "item y has no volume"


def sold_out(horizon: int, lead_days: int, **more: Any) -> Snapshot:
    """A store of 80 m3 that sells 20 m3 a day and has 40."""
    stores = [{"item_id": i, "site_id": "a", "available_units": 20, "base_stock_units": 30} for i in ("x", "y")]
    forecast = [row for i in ("x", "y") for row in poisson_forecast(i, "a", 10.0, horizon)]
    sourcing = [{"item_id": i, "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": lead_days} for i in "xy"]
    items = {i: {"volume_m3_per_unit": 1.0} for i in ("x", "y")}
    return snapshot(
        stores, forecast, sourcing=sourcing, items=items, sites={"a": {"storage_m3": 80.0}}, **more
    )  # fmt: skip


def test_a_room_may_turn_over_more_than_it_holds(problem_of: ProblemOf) -> None:
    made = problem_of(sold_out(10, 1), 10)
    assert made.limits is not None
    fixed = [row(made.limits, n)[1] for n in made.limits.names]
    assert fixed == pytest.approx([40 - 20 * (t + 1) for t in range(1, 10)]), "nothing comes in on the first day"
    plan = solve(made)
    arrived = plan.shared_limits["used"].to_numpy()
    assert arrived[-1] > 80, "more comes in over the horizon than the room holds"
    assert plan.summary.set_index("policy").loc["joint_plan", "settled_by"] == "items"


def test_demand_that_is_lost_before_anything_can_come_in_frees_no_room() -> None:
    for lost, owed in ((True, 0.0), (False, 40.0)):
        made = build_problem(
            sold_out(8, 4), release=release(), profile=profile(8, lost_sales=lost), plan_date=PLAN_DATE
        )
        first = made.moves.arrival[made.moves.bucket == 0].min()
        assert first == 4
        assert made.limits is not None
        _, fixed, _ = row(made.limits, f"storage a {PLAN_DATE + dt.timedelta(days=4)}")
        assert fixed == pytest.approx(-20 - owed), "the day's demand, and what is owed if it may be"


def test_demand_where_nothing_may_come_in_never_frees_room(problem_of: ProblemOf) -> None:
    bought = sold_out(6, 1)
    made = problem_of(replace(bought, sourcing=bought.sourcing.loc[bought.sourcing["item_id"] == "y"]), 6)
    assert made.limits is not None
    _, fixed, _ = row(made.limits, f"storage a {PLAN_DATE + dt.timedelta(days=5)}")
    assert fixed == pytest.approx(20 - 60), "of y alone"


ORDERED = {"receipt_kind": "purchase", "source_id": "sup", "site_id": "dc", "mode": "supplier"}


def ordered(days_ago: int, units: int, **more: Any) -> dict[str, Any]:
    started = pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=days_ago)
    return {**ORDERED, "item_id": "x", "observation_id": f"{days_ago}/{units}/{sorted(more)}", "started_date": started,
            "open_units": units, "quoted_days": None, **more}  # fmt: skip


def on_the_next_day(*before: dict[str, Any], rules: SharedLimits | None = None, terms: dict[str, Any]) -> Limits:
    """Return the limits of the Tuesday; ``before`` counts days from there."""
    day = PLAN_DATE + dt.timedelta(days=1)
    rows = [{**b, "started_date": b["started_date"] + pd.Timedelta(days=1)} for b in before]
    sourcing = [{"item_id": i, "supplier_id": "sup", "site_id": "dc", **terms} for i in ("x", "y")]
    decided = release().model_copy(update={"limits": rules or SharedLimits()})
    made = build_problem(
        network(sourcing=sourcing, ordered=list(before) and rows), release=decided, profile=profile(HORIZON),
        plan_date=day,
    )  # fmt: skip
    assert made.limits is not None
    return made.limits


def test_what_a_supplier_was_ordered_yesterday_is_not_there_today() -> None:
    before = [
        ordered(1, 5), ordered(1, 2, item_id="y"), ordered(2, 100), ordered(1, 100, source_id="another"),
        ordered(1, 100, receipt_kind="transfer"),
    ]  # fmt: skip
    terms = {"quoted_lead_time_days": 1, "supplier_capacity_units_per_day": 6}
    found = on_the_next_day(*before, terms=terms)
    assert row(found, "supplier capacity sup 2026-03-02 to 2026-03-03")[:2] == (12.0, 7.0)
    assert row(found, "supplier capacity sup 2026-03-04 to 2026-03-05")[:2] == (12.0, 0.0)
    assert row(on_the_next_day(terms=terms), "supplier capacity sup 2026-03-02 to 2026-03-03")[:2] == (12.0, 0.0)


def test_what_was_spent_yesterday_is_not_there_today() -> None:
    rules = SharedLimits(purchase_budget_amount=100.0, budget_days=2)
    terms = {"quoted_lead_time_days": 1, "unit_cost": 4.0}
    found = on_the_next_day(ordered(1, 5), ordered(1, 2, site_id="a"), ordered(2, 9), rules=rules, terms=terms)
    # What no sourcing states costs what the item does.
    assert row(found, "purchase budget 2026-03-02 to 2026-03-03")[:2] == (100.0, 5 * 4.0 + 2 * 10.0)
    assert row(found, "purchase budget 2026-03-04 to 2026-03-05")[:2] == (100.0, 0.0)


def test_what_a_supplier_ships_of_an_item_is_there_once_for_all_sites() -> None:
    stores = [{"item_id": i, "site_id": s, "available_units": 0} for i in "xy" for s in "ab"]
    forecast = [row for i in "xy" for s in "ab" for row in poisson_forecast(i, s, 4.0, HORIZON)]
    one = {"supplier_id": "sup", "quoted_lead_time_days": 1}
    both = [{**one, "item_id": "x", "site_id": s, "capacity_units_per_day": 5} for s in "ab"]
    alone = {**one, "item_id": "y", "site_id": "a", "capacity_units_per_day": 5}
    seen = snapshot(stores, forecast, sourcing=[*both, alone],
                    ordered=[ordered(0, 1, site_id="a"), ordered(1, 9, site_id="a")])  # fmt: skip
    made = build_problem(seen, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    assert made.limits is not None
    assert {name.split(" 2026")[0] for name in made.limits.names} == {"item capacity sup > x"}
    assert row(made.limits, "item capacity sup > x 2026-03-02 to 2026-03-02")[:2] == (5.0, 1.0)
    assert solve(made).lines.groupby("item_id")["quantity_units"].sum().to_dict() == {"x": 4, "y": 5}


def test_a_supplier_ships_a_days_capacity_times_its_review_interval(problem_of: ProblemOf) -> None:
    sourcing = [{"item_id": i, "supplier_id": "sup", "site_id": "dc", "quoted_lead_time_days": 1,
                 "supplier_capacity_units_per_day": 6} for i in ("x", "y")]  # fmt: skip
    made = problem_of(network(sourcing=sourcing), HORIZON)
    assert made.limits is not None
    capacity, _, use = row(made.limits, "supplier capacity sup 2026-03-02 to 2026-03-03")
    assert capacity == 12.0
    assert len({int(made.item_sites.item[made.moves.destination[j]]) for j in use}) == 2


def test_a_budget_of_the_policy_counts_what_purchases_cost_in_a_period() -> None:
    rules = SharedLimits(purchase_budget_amount=100.0, budget_days=2)
    made = build_problem(
        network(), release=release().model_copy(update={"limits": rules}), profile=profile(HORIZON), plan_date=PLAN_DATE
    )
    assert made.limits is not None
    capacity, _, use = row(made.limits, "purchase budget 2026-03-02 to 2026-03-03")
    assert capacity == 100.0
    assert set(use.values()) == {10.0}


def test_faults_of_limits_are_named_with_what_becomes_of_them(problem_of: ProblemOf) -> None:
    full = network(sites={"dc": {"storage_m3": 3.0}, "a": {"dock_in_units_per_day": -4}})
    said = problem_of(full, HORIZON).consistency()
    assert any(
        s.startswith("storage dc: exceeded by what is fixed; no more comes in than leaves (4 dates, first 2026-03-02")
        for s in said
    )
    assert any(s.startswith("dock in a: capacity is negative; nothing is let in (") for s in said)


def test_a_release_that_sets_no_limit_keeps_its_version() -> None:
    plain = release()
    budget = plain.model_copy(update={"limits": SharedLimits(purchase_budget_amount=1.0)})
    former = {k: v for k, v in plain.model_dump(mode="json").items() if k != "limits"}
    assert plain.version == Release.model_validate(former).version
    assert budget.version != plain.version
    assert replace_limits(budget).version == plain.version


def replace_limits(found: Release) -> Release:
    return found.model_copy(update={"limits": SharedLimits()})


def test_dates_of_a_week_long_bucket_are_those_of_its_departures() -> None:
    ends = {"origin_id": "dc", "destination_id": "a", "capacity_kg": 5.0, "departure_days": "4"}
    made = build_problem(
        replace(network(lanes=[ends])), release=release(), profile=profile(HORIZON, "week"), plan_date=PLAN_DATE
    )
    assert made.limits is not None
    thursday = PLAN_DATE + dt.timedelta(days=3)
    assert made.limits.names[0] == f"lane weight dc > a > van {thursday}"


def test_a_limit_is_the_same_on_every_date_and_another_at_every_place(problem_of: ProblemOf) -> None:
    docks = {"12": {"dock_in_units_per_day": 7}, "34": {"dock_in_units_per_day": 7}}
    stores = [{"item_id": "1", "site_id": s, "available_units": 9} for s in docks]
    lanes = [{"origin_id": o, "destination_id": d} for o, d in (("12", "34"), ("34", "12"))]
    forecast = [row for s in docks for row in poisson_forecast("1", s, 1.0, HORIZON)]
    made = problem_of(snapshot(stores, forecast, lanes=lanes, sites=docks), HORIZON)
    assert made.limits is not None
    assert set(made.limits.families) == {"dock in 12", "dock in 34"}
    both = together([made.limits, kinds.dock_out(made, "12", 1, 3.0)])
    assert both.ordered().take([0]).families == ("dock in 12",)
    assert both.families[-1] == "dock out 12"


def test_a_site_whose_id_holds_a_space_shares_no_name_with_another(problem_of: ProblemOf) -> None:
    ends = (("a b", "c"), ("a", "b c"))
    stores = [{"item_id": "x", "site_id": s, "available_units": 9} for pair in ends for s in pair]
    lanes = [{"origin_id": o, "destination_id": d, "capacity_kg": 1.0} for o, d in ends]
    forecast = [row for _, d in ends for row in poisson_forecast("x", d, 5.0, HORIZON)]
    items = {"x": {"weight_kg_per_unit": 1.0}}
    made = problem_of(snapshot(stores, forecast, lanes=lanes, items=items), HORIZON)
    assert made.limits is not None
    assert made.limits.consistency(len(made.moves)) == []
    assert set(made.limits.families) == {"lane weight a b > c > van", "lane weight a > b c > van"}
    assert solve(made).lines["quantity_units"].le(1).all()


def test_a_row_by_hand_is_the_row_that_the_feed_states(problem_of: ProblemOf) -> None:
    ends = {"origin_id": "dc", "destination_id": "a"}
    lanes = [{**ends, "mode": "truck", "capacity_kg": 9.0}, {**ends, "mode": "van", "capacity_kg": 4.0}]
    made = problem_of(network(lanes=lanes), HORIZON)
    weight = np.array([2.0, 3.0])
    assert made.limits is not None
    stated = row(made.limits, "lane weight dc > a > van 2026-03-03")
    by_hand = kinds.lane_weight(made, "dc", "a", 1, 4.0, weight, "van")
    assert by_hand.names == ("lane weight dc > a > van bucket 1",)
    assert row(by_hand, by_hand.names[0]) == stated
    both = kinds.lane_weight(made, "dc", "a", 1, 4.0, weight)
    assert len(row(both, both.names[0])[2]) == 2 * len(stated[2])
