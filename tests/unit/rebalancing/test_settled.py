"""The daily plan within shared limits: never broken, priced, explained; without them it is what it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_worlds import limits, problem
from scipy.sparse import csr_array
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing import baselines, pages, reasons
from assets.rebalancing.choice import choose
from assets.rebalancing.costs import Costs, units_of_flow
from assets.rebalancing.expansion import expand
from assets.rebalancing.explain import Explanation, explain_item_site
from assets.rebalancing.flow import unit_prices
from assets.rebalancing.gains import line_gains
from assets.rebalancing.market import kinds
from assets.rebalancing.market.limits import Limits, no_limits
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.scarcity import Scarcity
from assets.rebalancing.market.settlement import BrokenAwardError, Settlement
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import build_problem
from assets.rebalancing.settled import FALLBACK, Settled, settle
from assets.rebalancing.snapshot import Snapshot

HORIZON = 6
LIMIT = f"lane weight dc > a > van {PLAN_DATE}"


def starved(capacity: float | None) -> Snapshot:
    """Three items that a store has run out of, and a van from the centre that carries little."""
    stores, forecast = [], []
    for k, item in enumerate(("i", "j", "k")):
        stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": 60})
        stores.append({"item_id": item, "site_id": "a", "available_units": 0, "receipt_kind": "transfer",
                       "source_id": "dc", "shortage_cost_per_unit": 3.0 + 2.0 * k})  # fmt: skip
        forecast += poisson_forecast(item, "a", 2.0, HORIZON)
    lanes = [{"origin_id": "dc", "destination_id": "a", "capacity_kg": capacity}]
    items = {item: {"weight_kg_per_unit": 1.0} for item in "ijk"}
    return snapshot(stores, forecast, lanes=lanes, items=items)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(starved(9.0))


def planned(network: Snapshot, **rules: Any) -> Plan:
    return solve(build_problem(network, release=release(**rules), profile=profile(HORIZON), plan_date=PLAN_DATE))


def explained(plan: Plan, network: Snapshot, item: str, site: str) -> list[Explanation]:
    return explain_item_site(
        item, site, lines=plan.lines, decisions=plan.decisions, targets=network.targets, forecast=network.forecast,
        shared_limits=plan.shared_limits, graph=plan.graph,
    )  # fmt: skip


def joint(plan: Plan) -> pd.Series:
    return plan.summary.set_index("policy").loc["joint_plan"]


def test_a_departure_carries_no_more_than_it_can_and_the_dearest_shortage_goes_first(plan: Plan) -> None:
    sent = plan.lines.set_index("item_id")["quantity_units"]
    assert 0 < sent.sum() <= 9
    assert sent.get("k", 0) >= sent.get("i", 0)
    assert (joint(plan)["settled_by"], joint(plan)["broken_limits"]) == ("market", 0)
    assert joint(plan)["scarce_limits"] >= 1
    assert joint(plan)["bound_amount"] <= joint(plan)["cost_amount"]


def test_limits_make_a_plan_no_cheaper(plan: Plan) -> None:
    free = planned(starved(None))
    assert joint(free)["settled_by"] == "items"
    assert plan.cost >= free.cost - 1e-6
    assert plan.bound >= free.bound - 1e-6


def test_lines_pay_for_the_room_that_they_take(plan: Plan) -> None:
    price = plan.shared_limits.set_index("limit_id").loc[LIMIT, "price"]
    assert price > 0
    assert np.allclose(plan.lines["limits_amount"], plan.lines["quantity_units"] * price, atol=1e-3)
    assert plan.lines["binding_constraints"].str.contains(LIMIT).all()


def test_a_line_is_explained_by_the_price_of_its_limit(plan: Plan) -> None:
    network = starved(9.0)
    (answer,) = explained(plan, network, "k", "a")
    (view,) = [v for v in answer.shared_limits if v.limit_id == LIMIT]
    assert view.used <= view.room == 9.0 < view.asked
    assert view.item_used == answer.line["quantity_units"]  # type: ignore[index]
    assert any(text.startswith(f"Shared limit {LIMIT}") for text in answer.lines())
    assert "room worth" in answer.answer


def test_the_absence_of_a_line_is_explained_by_the_limit_that_is_full() -> None:
    network = starved(2.0)
    plan = planned(network)
    (without,) = sorted(set("ijk") - set(plan.lines["item_id"]))[:1]
    (answer,) = explained(plan, network, without, "a")
    assert answer.line is None
    assert LIMIT in answer.binding_constraints
    assert [v.limit_id for v in answer.shared_limits] == [LIMIT]
    assert "is full" in answer.answer
    assert "limit grows" in answer.flips_when


@pytest.mark.parametrize(("weight", "left"), [(1.0, 0.0), (2.0, 1.0)])
def test_one_more_saves_nothing_while_some_of_the_limit_is_left(weight: float, left: float) -> None:
    network = starved(9.0)
    network = replace(network, items=network.items.assign(weight_kg_per_unit=weight))
    plan = planned(network)
    row = plan.shared_limits.set_index("limit_id").loc[LIMIT]
    assert row["price"] > 0
    assert 9.0 - row["used"] == left
    item = str(plan.lines["item_id"].iloc[0])
    (answer,) = explained(plan, network, item, "a")
    (told,) = [v.sentence() for v in answer.shared_limits if v.limit_id == LIMIT]
    assert (f"takes the {left:.6g} left, and one more would save {row['price']:.4f} only if" in told) == (left > 0)
    assert ("to others" in told) == ("to others" in answer.answer) == (left == 0)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (1.0, f"but another van and {LIMIT} are full"),
        (1e6, f"but {LIMIT} is full"),
    ],
    ids=["both", "one"],
)
def test_the_absence_of_a_line_names_the_limits_that_are_full_and_no_others(second: float, told: str) -> None:
    assert told in told_of_waiting(1.0, second)


def test_where_no_limit_is_full_today_others_need_the_room() -> None:
    assert f"but others need the room of another van and {LIMIT}" in told_of_waiting(1e6, 1e6)


def told_of_waiting(first: float, second: float) -> str:
    """Return why a store waits for an item, by a van and another that hold so many times what the plan uses."""
    found = settled_van()
    here = found.scarcity.limits.names.index(LIMIT)
    van = found.scarcity.limits.take([here])
    held = [
        Limits((name,), van.kinds, van.used(found.every_unit) * share, van.fixed, van.use)
        for name, share in ((LIMIT, first), ("another van", second))
    ]
    shared = joined_limits(*held)
    scarce = Scarcity(shared, np.array([found.scarcity.prices[here], 0.0]), shared.used(found.every_unit))
    return why_it_waits(found, scarce)


def why_it_waits(found: Settled, scarce: Scarcity) -> str:
    gains = line_gains(found.network, found.units, found.flow.cost, np.flatnonzero(found.units > 0))
    values, nothing = unit_prices(found.network, found.flow), np.zeros(len(found.network.problem.moves), dtype=bool)
    told = reasons.decisions(found.network, found.units, values, gains, scarce, nothing)
    return " ".join(told.loc[(told["site_id"] == "a") & (told["decision"] == "wait"), "reason"])


def week_of(found: Settled, share: float) -> Scarcity:
    """Return a van that goes all week, at today's price, and holds that many times what the whole plan uses of it."""
    moves, here = found.network.problem.moves, found.scarcity.limits.names.index(LIMIT)
    use = csr_array((moves.is_transfer & (moves.source_id == "dc")).astype(np.float64)[None, :])
    week = Limits(("van of the week",), ("other",), np.zeros(1), np.zeros(1), use)
    used = week.used(found.every_unit)
    assert used[0] > found.units.sum() > 0, "some of it is meant for later"
    return Scarcity(replace(week, capacity=used * share), found.scarcity.prices[[here]], used)


def settled_van() -> Settled:
    made = build_problem(starved(2.0), release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    assert made.limits is not None
    return settle(choose(expand(made)), made.limits)


def test_what_is_meant_for_later_fills_a_limit_as_well() -> None:
    found = settled_van()
    assert "but van of the week is full" in why_it_waits(found, week_of(found, 1.0))
    assert "but others need the room of van of the week" in why_it_waits(found, week_of(found, 2.0))


def test_a_limit_with_room_for_a_unit_but_not_for_a_lot_says_so() -> None:
    found = settled_van()
    moves = found.network.problem.moves
    lots = replace(moves, minimum=np.where(moves.is_transfer, 10**6, moves.minimum))
    network = replace(found.network, problem=replace(found.network.problem, moves=lots))
    told = why_it_waits(replace(found, network=network), week_of(found, 2.0))
    assert "and the smallest lot takes 1e+06" in told


def test_a_limit_that_nobody_fills_changes_nothing() -> None:
    free, ample = planned(starved(None)), planned(starved(1e6))
    # A stated capacity is also what a departure's fixed cost is spread over; this lane has none.
    pd.testing.assert_frame_equal(ample.lines, free.lines)
    pd.testing.assert_frame_equal(ample.decisions, free.decisions)
    pd.testing.assert_frame_equal(ample.summary, free.summary)
    assert len(ample.transcript) == 0
    assert len(ample.shared_limits) > 0


@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), tightness=st.sampled_from([0.0, 0.1, 0.3]), multiple=st.sampled_from([1, 4]))
def test_no_plan_breaks_a_limit_and_no_baseline_does_today(seed: int, tightness: float, multiple: int) -> None:
    made = problem(4, seed, multiple=multiple)
    shared = limits(made, seed, tightness)
    choice = choose(expand(made))
    found = settle(choice, shared)
    assert breaches(shared, found.every_unit) == []
    assert found.over_bound >= 0
    assert found.settlement.bound <= found.settlement.cost
    assert found.costs.total == pytest.approx(found.settlement.cost, rel=1e-6, abs=1e-3)
    for flow in choice.policies.values():
        held = baselines.within(choice.network, shared, flow)
        today = np.zeros(len(made.moves), dtype=np.int64)
        today[choice.network.first] = held.units
        assert breaches(shared, today) == []


@pytest.mark.parametrize("seed", [3])
def test_the_order_of_input_rows_changes_no_table(seed: int) -> None:
    plans = []
    for shuffle in (False, True):
        made = problem(4, seed, shuffle=shuffle)
        plans.append(solve(made, limits(made, seed, 0.2)))
    one, other = plans
    assert len(one.transcript)
    for name in ("lines", "decisions", "summary", "shared_limits", "transcript", "graph"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_costs_from_units_are_costs_from_flows() -> None:
    choice = choose(expand(problem(5, 1)))
    flow = choice.flow
    one, other = Costs.of(choice.network, flow), Costs.of_units(choice.network, units_of_flow(choice.network, flow))
    for part in ("holding", "shortage", "transport", "purchase"):
        assert getattr(one, part) == pytest.approx(getattr(other, part), abs=1e-6)


def test_a_baseline_gives_up_the_lines_that_gain_least() -> None:
    made = build_problem(starved(9.0), release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    choice = choose(expand(made))
    asked = choice.policies["no_transfers"]
    assert made.limits is not None
    held = baselines.within(choice.network, made.limits, asked)
    assert (held.units <= asked.units).all()
    assert held.units.sum() <= 9 < asked.units.sum()


def careless(*_: Any, **__: Any) -> Settlement:
    raise BrokenAwardError("the award uses 10 of 9", where=LIMIT, remedy="Report it")


@pytest.mark.parametrize(("room", "lines"), [(30.0, 2), (9.0, 0)])
def test_where_an_award_fails_its_verification_min_max_goes_out_within_the_limits_and_says_so(
    room: float, lines: int
) -> None:
    made = build_problem(starved(room), release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    shared, choice = made.limits or no_limits(0), choose(expand(made))
    found = settle(choice, shared, careless)
    assert found.settled_by == FALLBACK
    assert breaches(shared, np.where(made.moves.bucket == 0, found.every_unit, 0)) == []
    assert (found.units <= choice.policies["min_max"].units).all()
    assert np.count_nonzero(found.units) == lines
    assert LIMIT in found.faults[0]
    assert "what min/max asks for goes out" in found.faults[0]


def test_limits_that_no_plan_breaks_are_not_negotiated_over() -> None:
    made = problem(5, 3)
    tight = limits(made, 3, 0.2)
    many = [kinds.dock_out(made, "b", b, 1e4) for b in range(3)]
    both = joined_limits(tight, *many)
    alone, beside = (negotiate(expand(made), shared) for shared in (tight, both))
    assert beside.cost == alone.cost
    assert beside.units.tolist() == alone.units.tolist()
    spare = [k for k, name in enumerate(beside.limits) if name.startswith("dock out b")]
    assert not beside.negotiating[spare].any()


def joined_limits(*parts: Limits) -> Limits:
    from assets.rebalancing.market.limits import together

    return together(parts)


def test_a_limit_that_only_the_award_would_break_joins() -> None:
    made = problem(5, 3)
    asked = negotiate(expand(made), no_limits(len(made.moves))).units
    now = kinds.lane_weight(made, "dc", "a", 0, 0.0, np.ones(5))
    later = kinds.dock_in(made, "a", 2, 0.0)
    # What may not leave today would leave tomorrow: room enough for what is meant to, and no more.
    room = Limits(later.names, later.kinds, later.used(asked), later.fixed, later.use)
    both = joined_limits(now, room)
    assert [b.limit for b in breaches(both, asked)] == list(now.names)
    found = negotiate(expand(made), both)
    assert breaches(both, found.units) == []
    assert found.negotiating.all()


def test_the_pages_show_what_a_planner_would_ask(plan: Plan) -> None:
    shown = {name: page for name, _, page in pages.published(plan)}
    assert shown["shared_limits"]["priced"] >= 1  # type: ignore[operator]
    assert LIMIT in str(shown["shared_limits"]["dearest_limits"])
    assert shown["market_transcript"]["awards"] == 3
    assert shown["coordination_graph"]["components"] == 1
    assert shown["plan_lines"]["settled_by"] == "market"


def test_the_tables_agree_with_one_another(plan: Plan, plan_of: Callable[..., Plan]) -> None:
    table = plan.shared_limits.set_index("limit_id")
    used = plan.graph.groupby("limit_id")["used"].sum()
    assert used.reindex(table.index).fillna(0.0).to_numpy() == pytest.approx(table["used"].to_numpy())
    subjects = set(plan.transcript.loc[plan.transcript["outcome"] == "awarded", "subject"])
    assert subjects == set(plan.graph.loc[plan.graph["limit_id"] == LIMIT, "item_id"])
    assert plan_of(starved(None)).shared_limits.empty
