"""Limits that feeds and policy state become rows over moves, named by what they hold and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.policy.release import Release, SharedLimits
from assets.rebalancing.market import kinds
from assets.rebalancing.market.limits import Limits
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
    assert made.limits.names == ("lane weight dc a truck 2026-03-02", "lane weight dc a truck 2026-03-04")
    capacity, fixed, use = row(made.limits, "lane weight dc a truck 2026-03-04")
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
    made = problem_of(network(sites={"dc": {"storage_m3": 25.0}}, verdicts=held), HORIZON)
    assert made.limits is not None
    # Item y has no volume, so that no move uses the room and no row is stated.
    assert [n for n, u in zip(made.limits.names, made.limits.use.toarray(), strict=True) if u.any()] == []


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
        s.startswith("storage dc: exceeded by what is fixed; nothing more is let in (4 dates, first 2026-03-02")
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
    assert made.limits.names[0] == f"lane weight dc a van {thursday}"


def test_a_limit_is_the_same_on_every_date_and_another_at_every_place() -> None:
    names = (
        "supplier capacity supplier-24 2026-11-16 to 2026-11-22",
        "supplier capacity supplier-24 2026-11-23 to 2026-11-29",
        "dock in store-12 2026-11-19", "dock in store-11 2026-11-19", "dock in b bucket 1", "dock in b bucket 2",
    )  # fmt: skip
    made = Limits(names, ("other",) * 6, np.zeros(6), np.zeros(6), csr_array((6, 0)))
    assert made.families.tolist() == [
        "supplier capacity supplier-24", "supplier capacity supplier-24", "dock in store-12", "dock in store-11",
        "dock in b", "dock in b",
    ]  # fmt: skip


def test_a_row_by_hand_is_the_row_that_the_feed_states(problem_of: ProblemOf) -> None:
    ends = {"origin_id": "dc", "destination_id": "a"}
    lanes = [{**ends, "mode": "truck", "capacity_kg": 9.0}, {**ends, "mode": "van", "capacity_kg": 4.0}]
    made = problem_of(network(lanes=lanes), HORIZON)
    weight = np.array([2.0, 3.0])
    assert made.limits is not None
    stated = row(made.limits, "lane weight dc a van 2026-03-03")
    by_hand = kinds.lane_weight(made, "dc", "a", 1, 4.0, weight, "van")
    assert by_hand.names == ("lane weight dc a van bucket 1",)
    assert row(by_hand, by_hand.names[0]) == stated
    both = kinds.lane_weight(made, "dc", "a", 1, 4.0, weight)
    assert len(row(both, both.names[0])[2]) == 2 * len(stated[2])
