"""What a plan does, and what guardrails and verdicts make of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.choice import choose
from assets.rebalancing.expansion import expand
from assets.rebalancing.plan import Plan, solve, with_gaps
from assets.rebalancing.problem import build_problem
from assets.rebalancing.snapshot import Snapshot

PlanOf = Callable[..., Plan]


def pair(giver: int = 30, taker: int = 1, **extra: Any) -> list[dict[str, Any]]:
    """One store with too much and one with too little."""
    return [
        {"item_id": "i", "site_id": "a", "available_units": giver, **extra},
        {"item_id": "i", "site_id": "b", "available_units": taker, **extra},
    ]


def two_stores(
    giver: int = 30, taker: int = 1, *, horizon: int = 6, extra: dict[str, Any] | None = None, **more: Any
) -> Snapshot:
    """A lane each way between the two, and no supplier unless asked for."""
    forecast = [row for s in "ab" for row in poisson_forecast("i", s, 2.0, horizon)]
    both_ways = [{"origin_id": "a", "destination_id": "b"}, {"origin_id": "b", "destination_id": "a"}]
    return snapshot(pair(giver, taker, **(extra or {})), forecast, lanes=more.pop("lanes", both_ways), **more)


def moved(plan: Plan, kind: str = "transfer") -> int:
    return int(plan.lines.loc[plan.lines["kind"] == kind, "quantity_units"].sum())


def decision(plan: Plan, site: str) -> pd.Series:
    return plan.decisions.set_index("site_id").loc[site]


def test_excess_goes_to_the_store_that_would_run_out(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores())
    assert list(plan.lines[["kind", "origin_id", "destination_id"]].itertuples(index=False, name=None)) == [
        ("transfer", "a", "b")
    ]
    assert decision(plan, "a")["decision"] == "move_out"
    assert decision(plan, "b")["decision"] == "move_in"


def test_balanced_stores_wait(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores(12, 12))
    assert plan.lines.empty
    assert set(plan.decisions["decision"]) == {"wait"}
    assert (plan.decisions["reason"] != "").all()


def test_a_store_without_a_lane_is_bought_for(plan_of: PlanOf) -> None:
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "b", "quoted_lead_time_days": 1}]
    plan = plan_of(two_stores(lanes=[], sourcing=source))
    assert set(plan.lines["kind"]) == {"purchase"}
    assert set(plan.lines["destination_id"]) == {"b"}


def test_purchases_keep_to_the_minimum_and_the_multiple(plan_of: PlanOf) -> None:
    source = [
        {
            "item_id": "i", "supplier_id": "sup", "site_id": s, "quoted_lead_time_days": 1,
            "minimum_order_units": 8, "order_multiple_units": 5,
        }
        for s in "ab"
    ]  # fmt: skip
    plan = plan_of(two_stores(0, 0, lanes=[], sourcing=source))
    quantity = plan.lines["quantity_units"].to_numpy()
    assert len(quantity)
    assert (quantity >= 10).all()
    assert (quantity % 5 == 0).all()
    assert plan.lines["binding_constraints"].str.contains("order_multiple").all()


def test_the_donor_keeps_its_protection(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores(10, 0, extra={"protection_units": 7}))
    assert 0 < moved(plan) <= 3
    assert "donor_protection" in decision(plan, "a")["binding_constraints"]


def test_the_donor_keeps_its_presentation_minimum(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores(10, 0, extra={"protection_units": 0, "presentation_minimum_units": 9}))
    assert moved(plan) <= 1


def test_a_presentation_minimum_draws_stock(plan_of: PlanOf) -> None:
    shelf = {"presentation_minimum_units": 6, "protection_units": 0}
    assert moved(plan_of(two_stores(60, 3, extra=shelf))) > moved(
        plan_of(two_stores(60, 3, extra={"protection_units": 0}))
    )


def test_a_hold_leaves_the_store_out(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores(verdicts=[{"action": "hold", "site_id": "a", "item_id": "i"}]))
    assert plan.lines.empty
    assert decision(plan, "a")["decision"] == "held"
    assert "freshness" in decision(plan, "a")["reason"]
    assert plan.summary["held_item_sites"].eq(1).all()


@pytest.mark.parametrize(("site", "item"), [("a", ""), ("", "i"), ("", "")])
def test_a_hold_of_a_whole_site_item_or_feed_holds_what_it_covers(plan_of: PlanOf, site: str, item: str) -> None:
    plan = plan_of(two_stores(verdicts=[{"action": "hold", "site_id": site, "item_id": item}]))
    assert (plan.decisions["decision"] == "held").sum() == (1 if site else 2)


def test_hold_outbound_may_receive_but_not_give(plan_of: PlanOf) -> None:
    verdict = [{"action": "hold_outbound", "site_id": "a"}]
    assert plan_of(two_stores(30, 1, verdicts=verdict)).lines.empty
    receiving = plan_of(two_stores(1, 30, verdicts=verdict))
    assert moved(receiving) > 0
    assert set(receiving.lines["destination_id"]) == {"a"}


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ({"forbidden_lanes": (("a", "*"),)}, "forbidden_lane"),
        ({"allowed_lanes": (("b", "*"),)}, "allowed_lane"),
        ({"allowed_lanes": (("a", "b"),), "forbidden_lanes": (("*", "b"),)}, "forbidden_lane"),
        ({"freeze_days": 2}, "freeze_fence"),
        ({"cool_down_days": 5}, "cool_down"),
    ],
)
def test_a_policy_guardrail_stops_the_move_and_is_named(plan_of: PlanOf, rules: dict[str, Any], name: str) -> None:
    recent = [{"item_id": "i", "site_id": "a", "received_date": pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=2)}]
    plan = plan_of(two_stores(recent=recent), **rules)
    assert plan.lines.empty
    assert name in decision(plan, "b")["binding_constraints"]


def test_an_allowed_lane_is_as_free_as_without_the_rule(plan_of: PlanOf) -> None:
    free = plan_of(two_stores())
    assert moved(free) > 0
    assert plan_of(two_stores(), allowed_lanes=(("*", "b"),)).plan_digest == free.plan_digest


def test_a_cool_down_ends(plan_of: PlanOf) -> None:
    recent = [{"item_id": "i", "site_id": "a", "received_date": pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=5)}]
    assert moved(plan_of(two_stores(recent=recent), cool_down_days=5)) > 0


def test_a_sensitive_item_stays(plan_of: PlanOf) -> None:
    sensitive = two_stores(items={"i": {"is_sensitive": True}})
    assert plan_of(sensitive).lines.empty
    assert moved(plan_of(sensitive, sensitive_items_stay=False)) > 0


def test_stock_that_would_expire_on_the_way_stays(plan_of: PlanOf) -> None:
    assert plan_of(two_stores(items={"i": {"shelf_life_days": 1}})).lines.empty


@pytest.mark.parametrize(("days_left", "leaves"), [(0, False), (1, True)])
def test_the_lot_that_would_leave_must_have_a_day_of_sale_left_on_arrival(
    plan_of: PlanOf, days_left: int, *, leaves: bool
) -> None:
    lot = {"first_expiry_date": pd.Timestamp(PLAN_DATE) + pd.Timedelta(days=days_left)}
    plan = plan_of(two_stores(extra=lot, items={"i": {"shelf_life_days": 30}}))
    assert (len(plan.lines) == 1) is leaves
    assert ("shelf_life_on_arrival" in decision(plan, "b")["binding_constraints"]) is not leaves


def test_a_lot_that_expires_stops_what_leaves_now_and_not_what_is_planned_later(problem_of: Callable[..., Any]) -> None:
    lot = {"first_expiry_date": pd.Timestamp(PLAN_DATE)}
    told = two_stores(extra=lot, items={"i": {"shelf_life_days": 30}})
    down = dataclasses.replace(told, sites=told.sites.assign(echelon=(told.sites["site_id"] == "a").astype("int64")))
    moves = problem_of(down).moves
    assert (moves.blocked[moves.bucket == 0] > 0).all()
    assert (moves.bucket > 0).any()


def test_between_stores_nothing_is_meant_for_later(problem_of: Callable[..., Any]) -> None:
    moves = problem_of(two_stores()).moves
    assert moves.lateral.all()
    assert set(moves.bucket.tolist()) == {0}


def test_nothing_is_brought_to_a_delisted_item(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores(30, 1, extra={"lifecycle": "delisted"}))
    assert plan.lines.empty


def test_a_lane_departs_on_its_days_only(plan_of: PlanOf) -> None:
    tuesday = [{"origin_id": "a", "destination_id": "b", "departure_days": "2"}]
    plan = plan_of(two_stores(lanes=tuesday))
    assert plan.lines.empty
    assert "departure_days" in decision(plan, "b")["binding_constraints"]
    monday = [{"origin_id": "a", "destination_id": "b", "departure_days": "1,4"}]
    assert moved(plan_of(two_stores(lanes=monday))) > 0


def test_a_weekly_plan_departs_on_the_lanes_day_of_the_week(problem_of: Callable[..., Any]) -> None:
    lanes = [{"origin_id": "a", "destination_id": "b", "departure_days": "3", "quoted_transit_days": 2}]
    plan = solve(problem_of(two_stores(lanes=lanes), bucket="week"))
    assert set(plan.lines["departure_date"]) == {pd.Timestamp(PLAN_DATE) + pd.Timedelta(days=2)}
    assert set(plan.lines["arrival_date"]) == {pd.Timestamp(PLAN_DATE) + pd.Timedelta(days=4)}


def test_no_more_is_sent_than_the_site_may_hold(plan_of: PlanOf) -> None:
    free = moved(plan_of(two_stores()))
    tight = plan_of(two_stores(extra={"maximum_units": 4}))
    assert 0 < moved(tight) < free


def test_a_move_that_gains_too_little_is_not_made(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores())
    gain = float(plan.lines["gain_amount"].iloc[0])
    assert plan_of(two_stores(), minimum_gain_amount=gain + 0.01).lines.empty
    assert moved(plan_of(two_stores(), minimum_gain_amount=gain - 0.01)) == moved(plan)


def test_a_least_gain_spares_replenishment_down_the_echelons(plan_of: PlanOf) -> None:
    # What a day's wait would cost is far below the least gain; so it would be tomorrow.
    stores = [
        {"item_id": "i", "site_id": "dc", "echelon": 1, "available_units": 50},
        {"item_id": "i", "site_id": "a", "available_units": 4, "receipt_kind": "transfer", "source_id": "dc"},
    ]
    lanes = [{"origin_id": "dc", "destination_id": "a", "cost_per_unit": 0.01}]
    told = snapshot(stores, poisson_forecast("i", "a", 2.0, 6), lanes=lanes)
    plan = plan_of(told, minimum_gain_amount=1000.0)
    assert not plan.lines.empty
    assert moved(plan) == moved(plan_of(told))


def test_a_store_never_both_gives_and_receives_sideways(plan_of: PlanOf) -> None:
    # b is rich and far from a; c is in between: cheapest would be b to c while c serves a.
    stores = [
        {"item_id": "i", "site_id": s, "available_units": q, "protection_units": 0}
        for s, q in (("a", 0), ("b", 60), ("c", 6))
    ]
    forecast = [row for s in "abc" for row in poisson_forecast("i", s, 3.0, 6)]
    lanes = [
        {"origin_id": "b", "destination_id": "c", "cost_per_unit": 0.1},
        {"origin_id": "c", "destination_id": "a", "cost_per_unit": 0.1},
    ]
    plan = plan_of(snapshot(stores, forecast, lanes=lanes))
    assert not set(plan.lines["origin_id"]) & set(plan.lines["destination_id"])
    assert plan.gap >= 0


def test_a_warehouse_serves_its_stores(plan_of: PlanOf) -> None:
    stores = [
        {"item_id": "i", "site_id": "dc", "echelon": 1, "available_units": 40},
        *(
            {"item_id": "i", "site_id": s, "receipt_kind": "transfer", "source_id": "dc", "available_units": 1}
            for s in "ab"
        ),
    ]
    forecast = [row for s in "ab" for row in poisson_forecast("i", s, 2.0, 6)]
    lanes = [{"origin_id": "dc", "destination_id": s} for s in "ab"]
    plan = plan_of(snapshot(stores, forecast, lanes=lanes))
    assert set(plan.lines["destination_id"]) == {"a", "b"}
    assert moved(plan) <= 40


def test_surplus_is_not_sent_around_to_save_its_holding_on_the_way(plan_of: PlanOf) -> None:
    stores = [
        {"item_id": "i", "site_id": "dc", "echelon": 1, "available_units": 100},
        {"item_id": "i", "site_id": "a", "receipt_kind": "transfer", "source_id": "dc", "available_units": 100},
    ]
    lanes = [{"origin_id": "dc", "destination_id": "a", "quoted_transit_days": 3, "cost_per_unit": 0.0}]
    plan = plan_of(snapshot(stores, poisson_forecast("i", "a", 2.0, 6), lanes=lanes))
    assert plan.lines.empty
    summary = plan.summary.set_index("policy")
    assert summary.loc["joint_plan", "cost_amount"] == summary.loc["do_nothing", "cost_amount"]


def test_what_is_on_its_way_is_held_until_it_can_be_sold(problem_of: Callable[..., Any]) -> None:
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 2}]
    lane = [{"origin_id": "a", "destination_id": "b", "quoted_transit_days": 3}]
    moves = problem_of(two_stores(sourcing=source, lanes=lane, extra={"holding_cost_per_unit_bucket": 0.5})).moves
    assert set(moves.under_way[moves.is_transfer]) == {1.5}
    assert set(moves.under_way[~moves.is_transfer]) == {0.0}


def test_a_faster_dearer_mode_is_an_expedite(plan_of: PlanOf) -> None:
    lanes = [
        {"origin_id": "a", "destination_id": "b", "mode": "truck", "quoted_transit_days": 4, "cost_per_unit": 0.2},
        {"origin_id": "a", "destination_id": "b", "mode": "van", "quoted_transit_days": 1, "cost_per_unit": 0.6},
    ]
    plan = plan_of(two_stores(taker=0, lanes=lanes))
    assert "expedite" in set(plan.lines["kind"])
    assert set(plan.lines.loc[plan.lines["kind"] == "expedite", "mode"]) == {"van"}


def test_the_plan_is_never_dearer_than_a_baseline(plan_of: PlanOf) -> None:
    cost = plan_of(two_stores()).summary.set_index("policy")["cost_amount"]
    assert cost["joint_plan"] <= cost.min() + 1e-6
    assert set(cost.index) == {"joint_plan", "do_nothing", "no_transfers", "greedy_pairs", "min_max"}
    assert cost["joint_plan"] < cost["no_transfers"]


def test_purchases_are_measured_against_the_stock_there_is(plan_of: PlanOf) -> None:
    for units in (30, 300):
        summary = plan_of(two_stores(units, units)).summary
        parts = summary[["holding_amount", "shortage_amount", "transport_amount", "purchase_amount"]]
        assert (parts >= 0).all(axis=None)
    # Two stores sell two a bucket for six buckets; nothing is bought, and stock falls by what is sold at cost.
    assert summary["purchase_amount"].ge(2 * 2.0 * 6 * 10.0 * 0.99).all()


def test_a_reserve_that_is_full_costs_no_shortage(plan_of: PlanOf) -> None:
    def shortage(units: int) -> float:
        stores = [
            {"item_id": "i", "site_id": "dc", "echelon": 1, "available_units": units},
            {"item_id": "i", "site_id": "a", "receipt_kind": "transfer", "source_id": "dc", "available_units": 60},
        ]
        plan = plan_of(snapshot(stores, poisson_forecast("i", "a", 2.0, 6), lanes=[]))
        return float(plan.summary.set_index("policy").loc["joint_plan", "shortage_amount"])

    assert shortage(0) > shortage(500)
    assert shortage(500) == pytest.approx(0.0, abs=1e-6)


def test_greedy_pairs_move_the_excess(plan_of: PlanOf) -> None:
    summary = plan_of(two_stores(40, 1)).summary.set_index("policy")
    assert summary.loc["greedy_pairs", "transfer_lines"] == 1
    assert summary.loc["no_transfers", "transfer_lines"] == 0


def test_additive_prices_turn_a_move_away(problem_of: Callable[..., Any]) -> None:
    problem = problem_of(two_stores())
    assert len(solve(problem).lines) == 1
    assert not choose(expand(problem).priced(np.full(len(problem.moves), 50.0))).units.any()


def test_faults_are_named_and_the_rest_is_planned(problem_of: Callable[..., Any]) -> None:
    good = two_stores()
    bad = pd.concat(
        [
            good.lanes,
            good.lanes.iloc[:1].assign(destination_id="nowhere"),
            good.lanes.iloc[:1].assign(mode="x", cost_per_kg=-1.0),
            good.lanes.iloc[:1].assign(mode="bike", departure_days="banana"),
            good.lanes.iloc[:1].assign(mode="barge", departure_days="8"),
        ],
        ignore_index=True,
    )
    problem = problem_of(dataclasses.replace(good, lanes=bad))
    named = " ".join(problem.consistency())
    assert "nowhere" in named
    assert "negative" in named
    assert "lane whose departure days are not ISO weekdays: a b barge; a b bike" in problem.consistency()
    assert len(solve(problem).lines) == 1


@pytest.mark.parametrize(("nothing", "share"), [(20.0, 0.1), (9.0, 1.0), (8.0, 1.0)])
def test_what_could_be_decided_is_all_open_where_doing_nothing_costs_no_more_than_the_bound(
    nothing: float, share: float
) -> None:
    summary = pd.DataFrame(
        {
            "policy": ["joint_plan", "do_nothing"],
            "cost_amount": [10.1, nothing],
            "bound_amount": [9.0, 9.0],
        }
    )
    assert with_gaps(summary)["decidable_gap_share"].iloc[0] == pytest.approx(share)
    proven = with_gaps(summary.assign(cost_amount=9.0))
    assert (proven["decidable_gap_share"] == 0).all()


def test_nothing_to_plan_is_a_plan(plan_of: PlanOf) -> None:
    plan = plan_of(two_stores(verdicts=[{"action": "hold"}]))
    assert plan.lines.empty
    assert len(plan.decisions) == 2
    assert plan.gap == 0


def test_the_order_of_input_rows_does_not_matter(plan_of: PlanOf) -> None:
    first = two_stores()
    tables = {
        f.name: table.sample(frac=1.0, random_state=7).reset_index(drop=True)
        for f in dataclasses.fields(first)
        if (table := getattr(first, f.name)) is not None
    }
    again = plan_of(dataclasses.replace(first, **tables))
    plan = plan_of(first)
    pd.testing.assert_frame_equal(plan.lines, again.lines)
    pd.testing.assert_frame_equal(plan.decisions, again.decisions)
    pd.testing.assert_frame_equal(plan.summary, again.summary)


@st.composite
def random_networks(draw: st.DrawFn) -> Snapshot:
    """Two items, three stores and a warehouse, drawn."""
    units, share = st.integers(0, 30), st.sampled_from([0.3, 1.0, 3.0])
    stores: list[dict[str, Any]] = []
    forecast: list[dict[str, Any]] = []
    for item in ("i", "j"):
        stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": draw(units)})
        for site in ("a", "b", "c"):
            stores.append(
                {
                    "item_id": item, "site_id": site, "available_units": draw(units),
                    "protection_units": draw(st.integers(0, 10)),
                    "receipt_kind": "transfer", "source_id": "dc", "maximum_units": draw(st.sampled_from([None, 20])),
                }
            )  # fmt: skip
            forecast += poisson_forecast(item, site, draw(share), 6)
    sites = ("dc", "a", "b", "c")
    lanes = [
        {"origin_id": o, "destination_id": d, "cost_per_unit": draw(st.sampled_from([0.1, 0.5, 2.0]))}
        for o in sites
        for d in sites
        if o != d and draw(st.booleans())
    ]
    source = [
        {
            "item_id": item, "supplier_id": "sup", "site_id": "dc", "quoted_lead_time_days": 2,
            "order_multiple_units": draw(st.sampled_from([1, 6])), "minimum_order_units": draw(st.sampled_from([0, 9])),
        }
        for item in ("i", "j")
    ]  # fmt: skip
    return snapshot(stores, forecast, lanes=lanes, sourcing=source)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_networks())
def test_any_plan_keeps_to_stock_lots_protection_and_its_bound(network: Snapshot) -> None:
    problem = build_problem(network, release=release(minimum_gain_amount=0.5), profile=profile(6), plan_date=PLAN_DATE)
    plan = solve(problem)
    assert plan.bound <= plan.cost + 1e-9
    assert plan.gap >= 0
    assert plan.decidable_gap >= 0
    assert plan.summary["cost_amount"].min() >= plan.cost - 1e-3
    parts = plan.summary[["holding_amount", "shortage_amount", "transport_amount", "purchase_amount"]]
    assert (parts.drop(columns="purchase_amount") >= -1e-6).all(axis=None)
    assert (parts["purchase_amount"] + parts["transport_amount"] >= -1e-6).all()
    assert np.allclose(parts.sum(axis=1), plan.summary["cost_amount"], atol=1e-3)
    lines = plan.lines.merge(network.targets, left_on=["item_id", "origin_id"], right_on=["item_id", "site_id"])
    lines = lines.merge(network.position[["item_id", "site_id", "available_units"]], on=["item_id", "site_id"])
    sent = lines.groupby(["item_id", "origin_id", "available_units", "protection_units", "echelon"])[
        "quantity_units"
    ].sum()
    for (_, origin, available, protection, _), units in sent.items():
        assert units <= available
        if origin != "dc":
            assert units <= max(0, available - protection)
    lateral = plan.lines.loc[(plan.lines["kind"] != "purchase") & (plan.lines["origin_id"] != "dc")]
    for _, mine in lateral.groupby("item_id"):
        sideways = mine.loc[mine["destination_id"] != "dc"]
        assert not set(sideways["origin_id"]) & set(sideways["destination_id"])
    bought = plan.lines.loc[plan.lines["kind"] == "purchase"].merge(network.sourcing, on="item_id")
    assert (bought["quantity_units"] % bought["order_multiple_units"] == 0).all()
    assert (bought["quantity_units"] >= bought["minimum_order_units"]).all()
    sideways = lateral.loc[lateral["destination_id"] != "dc"]
    assert (sideways["gain_amount"] >= 0.5 - 1e-6).all()
    assert solve(problem).plan_digest == plan.plan_digest
