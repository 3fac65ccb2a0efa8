"""Contradictions and odd input: every fault is named, and a plan comes out all the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_networks import PLAN_DATE, certain_forecast, poisson_forecast, profile, release, snapshot

from assets.policy.release import SharedLimits
from assets.rebalancing import pages
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.expansion import expand
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.lots import relaxed_optimum
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.relaxed import relaxations
from assets.rebalancing.snapshot import Snapshot

ProblemOf = Callable[..., Problem]
SOURCE = {"item_id": "i", "supplier_id": "sup", "quoted_lead_time_days": 1}


def stores(*sites: str, item: str = "i", **told: Any) -> list[dict[str, Any]]:
    return [{"item_id": item, "site_id": s, "available_units": 3, **told} for s in sites]


def asked(*sites: str, item: str = "i", rate: float = 2.0, horizon: int = 6) -> list[dict[str, Any]]:
    return [row for s in sites for row in poisson_forecast(item, s, rate, horizon)]


def bought(told: dict[str, Any] | None = None, **source: Any) -> Snapshot:
    """One store that buys for itself."""
    return snapshot(stores("a", **(told or {})), asked("a"), sourcing=[{**SOURCE, "site_id": "a", **source}])


def sound(plan: Plan) -> Plan:
    """Return a plan that is one: bound below cost, every line whole and positive."""
    assert plan.bound <= plan.cost + 1e-9
    assert plan.gap >= 0
    assert (plan.lines["quantity_units"] > 0).all()
    return plan


def test_nothing_is_wrong_with_a_sound_network(problem_of: ProblemOf) -> None:
    assert problem_of(bought()).consistency() == []


@pytest.mark.parametrize("lot", ["minimum_order_units", "order_multiple_units"])
@pytest.mark.parametrize(("rate", "units"), [(2.0, 400), (2.0, 100_000), (0.1, 200)])
def test_a_lot_far_above_all_demand_is_not_bought_and_stops_no_other_item(
    problem_of: ProblemOf, lot: str, rate: float, units: int
) -> None:
    rows = [*stores("a"), *stores("a", item="j")]
    forecast = [*asked("a", rate=rate), *asked("a", item="j")]
    sources = [{**SOURCE, "site_id": "a", lot: units}, {**SOURCE, "item_id": "j", "site_id": "a"}]
    plan = sound(solve(problem_of(snapshot(rows, forecast, sourcing=sources))))
    assert set(plan.lines["item_id"]) == {"j"}


def test_lots_far_above_demand_of_several_sources_are_bought_whole_where_losing_sales_is_dearer(
    problem_of: ProblemOf,
) -> None:
    rows = stores("a", shortage_cost_per_unit=1e5, holding_cost_per_unit_bucket=0.001)
    sources = [{**SOURCE, "site_id": "a", "supplier_id": s, "minimum_order_units": 900} for s in ("s1", "s2")]
    plan = sound(solve(problem_of(snapshot(rows, asked("a"), sourcing=sources))))
    assert plan.lines["quantity_units"].tolist() == [900]


@pytest.mark.parametrize("multiple", [400, 5_000])
def test_a_second_lot_far_above_demand_is_not_tried_however_dear_a_lost_sale_is(
    problem_of: ProblemOf, multiple: int
) -> None:
    rows, forecast = stores("a", shortage_cost_per_unit=1e5), asked("a", horizon=14)
    source = {**SOURCE, "site_id": "a", "order_multiple_units": multiple}
    plan = sound(solve(problem_of(snapshot(rows, forecast, sourcing=[source]), horizon=14)))
    assert plan.lines["quantity_units"].tolist() == [multiple]


def test_a_document_minimum_far_above_demand_is_not_filled_and_stops_no_other_item(problem_of: ProblemOf) -> None:
    rows = [*stores("a", shortage_cost_per_unit=1e5), *stores("a", item="j")]
    sources = [
        {**SOURCE, "site_id": "a", "minimum_document_units": 5_000},
        {**SOURCE, "item_id": "j", "site_id": "a", "supplier_id": "other"},
    ]
    plan = sound(solve(problem_of(snapshot(rows, [*asked("a"), *asked("a", item="j")], sourcing=sources))))
    assert set(plan.lines["item_id"]) == {"j"}


TABLES = {
    "lanes": "dim_lane", "sites": "dim_site", "items": "dim_item", "item_sites": "dim_item_site",
    "sourcing": "dim_sourcing", "position": "fct_inventory_position", "targets": "targets",
    "forecast": "demand_forecast",
}  # fmt: skip


def two_stores() -> Snapshot:
    """Return a store that buys for itself and sends to another."""
    lane = {"origin_id": "a", "destination_id": "b"}
    return snapshot(stores("a", "b"), asked("a", "b"), sourcing=[{**SOURCE, "site_id": "a"}], lanes=[lane])


@pytest.mark.parametrize("name", TABLES)
def test_rows_that_are_stated_twice_are_named_and_count_once(problem_of: ProblemOf, name: str) -> None:
    once = two_stores()
    table = getattr(once, name)
    twice = problem_of(dataclasses.replace(once, **{name: pd.concat([table, table], ignore_index=True)}))
    assert [fault.partition(":")[0] for fault in twice.consistency()] == [
        f"row of {TABLES[name]} that is stated twice; the first holds"
    ]
    pd.testing.assert_frame_equal(sound(solve(twice)).lines, solve(problem_of(once)).lines)


@pytest.mark.parametrize(
    ("name", "column", "value", "fault"),
    [
        (
            "targets",
            "holding_cost_per_unit_bucket",
            -1.0,
            "target with negative units or a negative cost; left out: i a",
        ),
        ("targets", "shortage_cost_per_unit", -1.0, "target with negative units or a negative cost; left out: i a"),
        ("targets", "protection_units", -3, "target with negative units or a negative cost; left out: i a"),
        ("item_sites", "presentation_minimum_units", -5, "presentation minimum below nothing; taken for nothing: i a"),
        ("sourcing", "minimum_document_units", -4, "minimum of a document below nothing: i sup a"),
        ("forecast", "cumulative_mean_units", np.nan, "forecast with a negative or missing number; left out: i a"),
        ("forecast", "mean_units", -2.0, "forecast with a negative or missing number; left out: i a"),
    ],
)
def test_numbers_below_nothing_or_missing_are_named_and_the_rest_is_planned(
    problem_of: ProblemOf, name: str, column: str, value: float, fault: str
) -> None:
    told = two_stores()
    table = getattr(told, name).copy()
    table[column] = table[column].astype("float64")
    table.loc[table.index[0], column] = value
    problem = problem_of(dataclasses.replace(told, **{name: table}))
    assert fault in problem.consistency()
    sound(solve(problem))


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"presentation_minimum_units": 9, "maximum_units": 4},
         "presentation minimum above the maximum stock; the maximum holds: i a"),
        ({"protection_units": 7, "maximum_units": 4},
         "protection above the maximum stock; nothing is given until it is reached: i a"),
        ({"protection_units": 7, "base_stock_units": 5}, "protection above the base stock; as a donor it holds: i a"),
        ({"holding_cost_per_unit_bucket": 0.0}, "holding cost of nothing; stock is free to keep: i a"),
        ({"shortage_cost_per_unit": 0.0}, "shortage cost of nothing; nothing is brought there to be sold: i a"),
    ],
)  # fmt: skip
def test_settings_that_contradict_are_named_and_planned(
    problem_of: ProblemOf, told: dict[str, Any], fault: str
) -> None:
    problem = problem_of(bought(told))
    assert fault in problem.consistency()
    sound(solve(problem))


def test_the_maximum_holds_against_a_presentation_minimum(problem_of: ProblemOf) -> None:
    shelf = {"presentation_minimum_units": 20, "available_units": 0, "shortage_cost_per_unit": 50.0}
    free, tight = (solve(problem_of(bought({**shelf, "maximum_units": most}))) for most in (None, 4))
    # At most four on the shelf when it comes, and what sells until then.
    assert 0 < tight.lines["quantity_units"].sum() <= 4 + 2 < free.lines["quantity_units"].sum()
    assert not any("penalty" in fault for fault in tight.faults)


def test_a_maximum_that_a_plan_relaxes_is_named_with_its_units_and_its_price(problem_of: ProblemOf) -> None:
    told = snapshot(stores("a", maximum_units=4), certain_forecast("i", "a", [2.0] * 6),
                    sourcing=[{**SOURCE, "site_id": "a"}])  # fmt: skip
    network = expand(problem_of(told))
    assert relaxations(network, relaxed_optimum(network), np.zeros(len(network.problem.moves), np.int64)) == []
    # Ten are bought: the next day 3 + 10 stand against a maximum of 4 and the 2 that were asked for by then.
    flow = solve_flows(network, Variant(np.array([0]), np.array([10])))
    price = f"{network.penalty[0] / network.scale:.2f}"
    assert relaxations(network, flow, units_of_flow(network, flow)) == [
        f"maximum stock that cannot be kept, at a penalty that is in no printed cost: i a by 7 units, {price} each"
    ]


def test_lots_that_cannot_be_are_named(problem_of: ProblemOf) -> None:
    small = problem_of(bought(minimum_order_units=50, capacity_units_per_day=10))
    assert "smallest lot above what the supplier can send; nothing is bought there: i sup a" in small.consistency()
    assert solve(small).lines.empty
    full = problem_of(bought({"maximum_units": 6}, order_multiple_units=8))
    assert "smallest lot above the maximum stock; bought only as demand makes room: i sup a" in full.consistency()
    sound(solve(full))


def test_faults_are_a_table_of_the_plan(problem_of: ProblemOf) -> None:
    told = snapshot(stores("a", "b", holding_cost_per_unit_bucket=0.0), asked("a", "b"))
    for snapshot_, least in ((told, 2), (bought(), 0)):
        plan = solve(problem_of(snapshot_))
        tables = {name: table for name, table, _ in pages.published(plan)}
        assert list(tables["plan_faults"]["fault"]) == list(plan.faults)
        assert list(tables["plan_faults"]["number"]) == list(range(1, len(plan.faults) + 1))
        assert len(plan.faults) >= least
        assert pages.summary_page(plan)["value_error_bound"] >= 0


@pytest.mark.parametrize("column", ["unit_cost", "unit_price", "weight_kg_per_unit"])
@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_an_item_with_a_negative_or_missing_cost_is_left_out_once_by_name(
    problem_of: ProblemOf, column: str, value: float
) -> None:
    both = snapshot([*stores("a", "b"), *stores("a", item="bad")], [*asked("a", "b"), *asked("a", item="bad")],
                    sourcing=[{**SOURCE, "site_id": "a"}, {**SOURCE, "item_id": "bad", "site_id": "a"}],
                    lanes=[{"origin_id": "a", "destination_id": "b"}])  # fmt: skip
    spoilt = both.items.copy()
    spoilt.loc[spoilt["item_id"] == "bad", column] = value
    problem = problem_of(dataclasses.replace(both, items=spoilt))
    assert problem.consistency() == ["item with a negative or missing cost, price, weight or volume: bad"]
    assert set(sound(solve(problem)).decisions["item_id"]) == {"i"}


def test_a_negative_shortage_cost_is_left_out_by_name(problem_of: ProblemOf) -> None:
    told = snapshot(stores("a", "b"), asked("a", "b"), lanes=[{"origin_id": "a", "destination_id": "b"}])
    settings = told.item_sites.copy()
    settings.loc[settings["site_id"] == "b", "shortage_cost_per_unit"] = -1.0
    problem = problem_of(dataclasses.replace(told, item_sites=settings))
    assert problem.consistency() == [
        "negative shortage cost: i b", "no way in within the horizon; it lasts with what it has: i a",
    ]  # fmt: skip
    assert set(solve(problem).decisions["site_id"]) == {"a"}


def test_items_that_cost_nothing_at_all_have_a_plan(problem_of: ProblemOf) -> None:
    nothing = {"holding_cost_per_unit_bucket": 0.0, "shortage_cost_per_unit": 0.0}
    told = snapshot(stores("a", "b", **nothing), asked("a", "b"),
                    sourcing=[{**SOURCE, "site_id": "a", "unit_cost": 0.0}],
                    lanes=[{"origin_id": "a", "destination_id": "b", "cost_per_unit": 0.0}],
                    items={"i": {"unit_cost": 0.0, "unit_price": 0.0}})  # fmt: skip
    problem = problem_of(told)
    assert any(fault.startswith("unit cost of nothing") for fault in problem.consistency())
    plan = sound(solve(problem))
    assert plan.lines.empty
    assert plan.cost == pytest.approx(0.0, abs=1e-9)


def test_sites_that_nothing_reaches_are_named_and_last_with_what_they_have(problem_of: ProblemOf) -> None:
    islands = snapshot(stores("a", "b", "c"), asked("a", "b", "c"), lanes=[{"origin_id": "a", "destination_id": "b"}])
    problem = problem_of(islands)
    assert problem.consistency() == ["no way in within the horizon; it lasts with what it has: i a; i c"]
    plan = sound(solve(problem))
    assert set(plan.decisions["site_id"]) == {"a", "b", "c"}


def test_a_fence_beyond_the_horizon_leaves_no_way_in(problem_of: ProblemOf) -> None:
    told = snapshot(stores("a", "b"), asked("a", "b"), lanes=[{"origin_id": "a", "destination_id": "b"}])
    problem = problem_of(told, freeze_days=30)
    assert problem.consistency() == [
        "no way in within the horizon; it lasts with what it has: i a; i b",
        "freeze fence of 30 days in a horizon of 6; nothing can start",
    ]
    assert solve(problem).lines.empty


TRIANGLE = [{"origin_id": o, "destination_id": d} for o, d in ("ab", "ba", "bc")]


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ({"forbidden_lanes": (("*", "*"),)}, "policy release forbids every way into every site; nothing moves"),
        ({"allowed_lanes": (("c", "a"),)}, "policy release forbids every way into every site; nothing moves"),
        ({"forbidden_lanes": (("a", "*"), ("b", "c"))},
         "policy release forbids every way into a site; it lasts with what it has: b; c"),
        ({"allowed_lanes": (("a", "b"), ("b", "a"))},
         "policy release forbids every way into a site; it lasts with what it has: c"),
    ],
)  # fmt: skip
def test_a_release_that_forbids_every_way_in_is_named(problem_of: ProblemOf, rules: dict[str, Any], fault: str) -> None:
    told = snapshot(stores("a", "b", "c"), asked("a", "b", "c"), lanes=TRIANGLE)
    assert not any(said.startswith("policy") for said in problem_of(told).consistency())
    problem = problem_of(told, **rules)
    assert fault in problem.consistency()
    sound(solve(problem))


def test_a_site_that_buys_is_not_closed_by_forbidden_lanes(problem_of: ProblemOf) -> None:
    problem = problem_of(bought(), forbidden_lanes=(("*", "*"),), allowed_lanes=(("a", "a"),))
    assert problem.consistency() == []
    assert len(solve(problem).lines)


@pytest.mark.parametrize(
    ("minimum", "named"),
    [
        # Two items of 5 a day, one of them in packs of 4, at 10 apiece: 5 + 4 units are the most, or 90.
        ({"minimum_order_amount": 1e6}, True), ({"minimum_order_amount": 91.0}, True),
        ({"minimum_order_amount": 90.0}, False), ({"minimum_document_units": 1000}, True),
        ({"minimum_document_units": 10}, True), ({"minimum_document_units": 9}, False),
    ],
)  # fmt: skip
def test_a_document_minimum_that_nobody_can_meet_is_named(
    problem_of: ProblemOf, minimum: dict[str, Any], *, named: bool
) -> None:
    terms = {**SOURCE, "site_id": "a", "unit_cost": 10.0, "capacity_units_per_day": 5, **minimum}
    told = snapshot([*stores("a"), *stores("a", item="j")], [*asked("a"), *asked("a", item="j")],
                    sourcing=[terms, {**terms, "item_id": "j", "order_multiple_units": 4}])  # fmt: skip
    problem = problem_of(told)
    unit = "amount" if "minimum_order_amount" in minimum else "units"
    fault = (
        f"minimum above all that its supplier can send; nothing is bought on it: document sup > a {unit} {PLAN_DATE}"
    )
    assert (fault in problem.consistency()) == named
    plan = sound(solve(problem))
    if named:
        assert plan.lines.empty


SHARED = "minimum above what a shared limit lets in; nothing is bought on it: document sup > a"
STOCKS_FULL = "minimum above what maximum stocks leave room for; nothing is bought on it"
TODAY = f"{PLAN_DATE} to {PLAN_DATE}"


@pytest.mark.parametrize(
    ("more", "minimum", "enough", "fault"),
    [
        ({"terms": {"supplier_capacity_units_per_day": 9}}, {"minimum_document_units": 20}, 9,
         f"{SHARED} units {PLAN_DATE} comes to 9.00 within supplier capacity sup {TODAY}"),
        ({"budget": 100.0}, {"minimum_order_amount": 101.0}, 100,
         f"{SHARED} amount {PLAN_DATE} comes to 100.00 within purchase budget {TODAY}"),
        ({"sites": {"a": {"dock_in_units_per_day": 5}}}, {"minimum_order_amount": 60.0}, 50,
         f"{SHARED} amount {PLAN_DATE} comes to 50.00 within dock in a 2026-03-03"),
        # 3 there less 4 asked for within two days, in a room of 5.
        ({"sites": {"a": {"storage_m3": 5.0}}}, {"minimum_document_units": 20}, 4,
         f"{SHARED} units {PLAN_DATE} comes to 6.00 within storage a 2026-03-03"),
        ({"told": {"maximum_units": 5, "protection_units": 0}}, {"minimum_order_amount": 500.0}, 40,
         f"{STOCKS_FULL}: document sup > a amount {PLAN_DATE}"),
    ],
    ids=["supplier", "budget", "dock", "storage", "maximum"],
)  # fmt: skip
def test_a_document_minimum_that_shared_limits_never_let_be_met_is_named_and_no_line_says_that_waiting_is_cheaper(
    more: dict[str, Any], minimum: dict[str, Any], enough: int, fault: str
) -> None:
    def made(least: dict[str, Any]) -> Problem:
        terms = {**SOURCE, "site_id": "a", "unit_cost": 10.0, **more.get("terms", {}), **least}
        told = snapshot(stores("a", **more.get("told", {})), asked("a"), sourcing=[terms], sites=more.get("sites"),
                        items={"i": {"volume_m3_per_unit": 1.0}})  # fmt: skip
        limits = SharedLimits(purchase_budget_amount=more.get("budget"), budget_days=1)
        rules = release().model_copy(update={"limits": limits})
        return build_problem(told, release=rules, profile=profile(6), plan_date=PLAN_DATE)

    problem = made(minimum)
    assert problem.consistency() == [fault]
    plan = sound(solve(problem))
    assert plan.lines.empty
    said = plan.decisions["reason"].iloc[0]
    assert "document sup > a" in said
    assert "to wait costs less" not in said
    assert "at most of at least" in said
    assert "or there is more room in" in plan.decisions["flips_when"].iloc[0]
    assert made({next(iter(minimum)): enough}).consistency() == []


def test_what_orders_of_before_keep_below_a_minimum_is_told_of_the_site_and_is_no_fault(problem_of: ProblemOf) -> None:
    terms = {**SOURCE, "site_id": "a", "supplier_capacity_units_per_day": 30, "minimum_document_units": 20}
    before = {"observation_id": "o", "receipt_kind": "purchase", "mode": "supplier", "quoted_days": None,
              "item_id": "i", "source_id": "sup", "site_id": "a", "open_units": 25,
              "started_date": pd.Timestamp(PLAN_DATE)}  # fmt: skip
    problem = problem_of(snapshot(stores("a"), asked("a"), sourcing=[terms], ordered=[before]))
    assert problem.consistency() == []
    plan = sound(solve(problem))
    assert plan.lines.empty
    assert (
        f"it can come to 5.00 at most of at least 20.00, because of supplier capacity sup {TODAY}"
        in (plan.decisions["reason"].iloc[0])
    )


def test_a_capacity_below_nothing_is_named_and_nothing_is_bought_there(problem_of: ProblemOf) -> None:
    problem = problem_of(bought(capacity_units_per_day=-2))
    assert "capacity of a purchase below nothing; nothing is bought there: i sup a" in problem.consistency()
    assert sound(solve(problem)).lines.empty


def test_a_lane_of_the_release_that_is_mistyped_is_named(problem_of: ProblemOf) -> None:
    told = snapshot(stores("a", "b", "c"), asked("a", "b", "c"), lanes=TRIANGLE)
    found = problem_of(told, forbidden_lanes=(("a", "bb"), ("*", "c")), allowed_lanes=(("*", "*"), ("x", "*")))
    said = [fault for fault in found.consistency() if "a site that is not" in fault]
    assert said == [
        "policy release forbids a lane of a site that is not; correct it: a bb",
        "policy release allows a lane of a site that is not; correct it: x *",
    ]


def test_storage_that_is_exceeded_at_the_start_lets_nothing_more_in(problem_of: ProblemOf) -> None:
    told = snapshot(stores("a", available_units=14, review_days=6), asked("a", rate=4.0),
                    sourcing=[{**SOURCE, "site_id": "a"}], items={"i": {"volume_m3_per_unit": 1.0}},
                    sites={"a": {"storage_m3": 2.0}})  # fmt: skip
    problem = problem_of(told)
    dates = "1 dates, first 2026-03-03, by 4.00 at most, 0.00 each"
    assert f"storage a: exceeded by what is fixed; nothing more is let in ({dates})" in problem.consistency()
    plan = sound(solve(problem))
    free = solve(problem_of(dataclasses.replace(told, sites=told.sites.assign(storage_m3=np.nan))))
    assert plan.lines.empty
    assert free.lines["quantity_units"].sum() > 0
    assert plan.summary.set_index("policy").loc["joint_plan", "broken_limits"] == 0


def test_ties_break_by_name_whatever_the_order_of_rows(problem_of: ProblemOf) -> None:
    sites = tuple("abcdef")
    told = snapshot([*stores("g", available_units=7), *stores(*sites, available_units=0)], asked("g", *sites),
                    lanes=[{"origin_id": "g", "destination_id": s} for s in sites])  # fmt: skip
    digests = set()
    for seed in range(3):
        tables = {
            f.name: table.sample(frac=1.0, random_state=seed).reset_index(drop=True)
            for f in dataclasses.fields(told)
            if (table := getattr(told, f.name)) is not None
        }
        plan = sound(solve(problem_of(dataclasses.replace(told, **tables))))
        digests.add(plan.plan_digest)
        # Six that want the same of one that has too little: no two differ by more than a unit.
        units = plan.lines["quantity_units"].reindex(range(len(sites)), fill_value=0)
        assert units.max() - units.min() <= 1
    assert len(digests) == 1


def test_identical_items_get_identical_plans(problem_of: ProblemOf) -> None:
    names = [f"i{k:03d}" for k in range(60)]
    told = snapshot(
        [row for i in names for row in (*stores("a", item=i, available_units=30), *stores("b", item=i))],
        [row for i in names for row in asked("a", "b", item=i)],
        lanes=[{"origin_id": "a", "destination_id": "b"}, {"origin_id": "b", "destination_id": "a"}],
    )
    network = expand(problem_of(told))
    flow = relaxed_optimum(network)
    assert len(set(flow.cost.tolist())) == 1
    assert (flow.units.reshape(len(names), -1) == flow.units[: len(flow.units) // len(names)]).all()
    lines = solve(network.problem).lines
    assert lines["item_id"].tolist() == names
    assert lines["quantity_units"].nunique() == 1


def test_a_table_without_rows_is_a_plan_without_lines(problem_of: ProblemOf) -> None:
    told = bought()
    problem = problem_of(dataclasses.replace(told, item_sites=told.item_sites.iloc[:0]))
    assert any("stock where the item is not ranged" in fault for fault in problem.consistency())
    plan = solve(problem)
    assert plan.lines.empty
    assert plan.gap == 0


def test_what_is_owed_is_met_before_anything_else_where_sales_wait(problem_of: ProblemOf) -> None:
    def ordered(reserved: int, *, lost: bool) -> int:
        told = bought({"available_units": 0, "on_hand_units": 2, "reserved_units": reserved})
        return int(solve(problem_of(told, lost_sales=lost)).lines["quantity_units"].sum())

    assert ordered(32, lost=False) == ordered(2, lost=False) + 30
    assert ordered(32, lost=True) == ordered(2, lost=True)
