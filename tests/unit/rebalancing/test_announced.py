"""What was announced stands unless changing it pays, or must stand; both are told and counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from market_worlds import HORIZON, limits, monolith, problem, world
from small_networks import PLAN_DATE, profile, release

from assets.kernel.frames.decisions import ANNOUNCED_LINES
from assets.kernel.published import Published
from assets.rebalancing.announced import FREEZE, LINE, PRICE, Announcements, Told
from assets.rebalancing.costs import Costs, of_items
from assets.rebalancing.daily import planned
from assets.rebalancing.expansion import expand
from assets.rebalancing.lots import evaluate, relaxed_optimum
from assets.rebalancing.market.limits import no_limits
from assets.rebalancing.plan import Plan, solve

DEAR = 1000.0


def announce(lines: pd.DataFrame, units: Any) -> pd.DataFrame:
    """Return lines as an earlier plan announced them, with other units."""
    told = lines.assign(quantity_units=units, order_id="T-1", reason="told").loc[np.asarray(units) > 0]
    return ANNOUNCED_LINES.conform(told)


def halved(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines with about half of their units: as many as are there, and more could be added."""
    return announce(lines, lines["quantity_units"] - lines["quantity_units"] // 2)


def joint(plan: Plan) -> pd.Series:
    return plan.summary.set_index("policy").loc["joint_plan"]


def quantities(lines: pd.DataFrame) -> pd.Series:
    return lines.set_index(LINE)["quantity_units"]


def changed(announced: pd.DataFrame, lines: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the announced lines that are ordered otherwise, looked up one by one."""
    ordered = {key: int(units) for key, units in quantities(lines).items()}
    told = {key: int(units) for key, units in quantities(announced).items()}
    return sorted(key for key, units in told.items() if ordered.get(key, 0) != units)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_where_changes_cost_nothing_what_was_announced_changes_nothing(seed: int) -> None:
    plain = solve(problem(4, seed))
    again = solve(problem(4, seed, announced=halved(plain.lines)))
    for name in ("lines", "decisions", "summary", "costs"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(plain, name))
    assert again.announced.empty
    assert pd.isna(joint(again)["avoided_changes"])


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_where_nothing_was_announced_a_price_of_changes_changes_nothing(seed: int) -> None:
    plain, priced = solve(problem(4, seed)), solve(problem(4, seed, announced_change_price=2.0))
    for name in ("lines", "decisions", "costs"):
        pd.testing.assert_frame_equal(getattr(priced, name), getattr(plain, name))
    assert joint(priced)[["announced_lines", "changed_lines", "avoided_changes"]].tolist() == [0, 0, 0]


@pytest.mark.parametrize("multiple", [1, 3])
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_at_a_large_price_announced_lines_stand(seed: int, multiple: int) -> None:
    plain = solve(problem(4, seed, multiple=multiple))
    units = np.where(plain.lines["kind"] == "purchase", multiple, (plain.lines["quantity_units"] + 1) // 2)
    told = announce(plain.lines, units)
    plan = solve(problem(4, seed, multiple=multiple, announced=told, announced_change_price=DEAR))
    assert changed(told, plain.lines), "the plan without a price changes something"
    assert changed(told, plan.lines) == []
    assert joint(plan)["changed_lines"] == 0
    assert joint(plan)["change_amount"] == 0


def test_what_cannot_be_kept_is_changed_by_as_little_as_can_be() -> None:
    plain = solve(problem(1, 1, stock={("i00", "dc"): 9}))
    line = plain.lines.loc[plain.lines["origin_id"] == "dc"].head(1)
    told = announce(line, [7])
    short = {"stock": {("i00", "dc"): 4}, "announced": told, "announced_change_price": DEAR}
    plan = solve(problem(1, 1, **short))
    assert quantities(plan.lines)[tuple(line[LINE].iloc[0])] == 4
    assert joint(plan)["changed_lines"] == 1
    assert joint(plan)["change_amount"] == pytest.approx(3 * DEAR)


@pytest.mark.parametrize("price", [0.05, 0.4, 1.5])
@pytest.mark.parametrize("seed", [2, 9])
def test_counted_changes_are_those_found_by_planning_twice(seed: int, price: float) -> None:
    plain = solve(problem(4, seed, multiple=2))
    told = announce(plain.lines, plain.lines["quantity_units"] + 2 * (np.arange(len(plain.lines)) % 3 - 1))
    plan = solve(problem(4, seed, multiple=2, announced=told, announced_change_price=price))
    ours, theirs = changed(told, plan.lines), changed(told, plain.lines)
    counts = joint(plan)[["announced_lines", "changed_lines", "avoided_changes"]].tolist()
    assert counts == [len(told), len(ours), len(theirs) - len(ours)]
    kept = plan.lines.loc[plan.lines["binding_constraints"].str.split(",").map(lambda names: PRICE in names)]
    assert sorted(quantities(kept).index) == sorted(set(theirs) - set(ours))
    assert kept["reason"].str.contains(f"each unit changed costs {price:.2f}", regex=False).all()


@pytest.mark.parametrize("price", [0.05, 0.4, DEAR])
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_the_price_is_part_of_cost_and_bound(seed: int, price: float) -> None:
    plain = solve(problem(4, seed))
    told = halved(plain.lines)
    plan = solve(problem(4, seed, announced=told, announced_change_price=price))
    ordered = quantities(plan.lines).reindex(quantities(told).index).fillna(0)
    paid = price * float((ordered - quantities(told)).abs().sum())
    assert joint(plan)["change_amount"] == pytest.approx(paid, abs=1e-3)
    assert plan.bound <= plan.cost + 1e-6
    free = quantities(plain.lines).reindex(quantities(told).index)
    assert plan.cost <= plain.cost + price * float((free - quantities(told)).abs().sum()) + 1e-3
    assert plan.cost >= plain.bound - 1e-6
    of_items_ = plan.costs.loc[plan.costs["policy"] == "joint_plan"]
    assert of_items_["cost_amount"].sum() == pytest.approx(plan.cost, abs=1e-2)
    assert (of_items_["bound_amount"] <= of_items_["cost_amount"]).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_flow_with_prices_is_the_optimum_of_the_whole(seed: int) -> None:
    made = problem(3, seed)
    made = problem(3, seed, announced=halved(solve(made).lines), announced_change_price=0.4)
    network = expand(made)
    relaxed = relaxed_optimum(network)
    cost = network.fixed_amount + float(relaxed.cost.sum()) / network.scale
    assert cost == pytest.approx(monolith(network, no_limits(len(made.moves))), abs=1e-3)
    assert Costs.of(network, relaxed).total == pytest.approx(cost, abs=1e-3)


def test_items_costs_add_up_to_those_of_all() -> None:
    made = problem(4, 2)
    made = problem(4, 2, announced=halved(solve(made).lines), announced_change_price=0.4)
    network = expand(made)
    flow = evaluate(network, np.zeros(len(network.first), dtype=np.int64))
    units = np.zeros(len(made.moves), dtype=np.int64)
    moved = network.move[flow.arcs] >= 0
    units[network.move[flow.arcs][moved]] = flow.flows[moved]
    whole, parts = Costs.of(network, flow), of_items(network, units).sum()
    assert whole.change > 0
    for name, amount in parts.items():
        assert amount == pytest.approx(getattr(whole, str(name)))


@pytest.mark.parametrize("seed", [3])
def test_limits_hold_and_so_does_the_bound_where_changes_have_a_price(seed: int) -> None:
    made = problem(5, seed)
    shared = limits(made, seed, 0.2)
    first = solve(made, shared)
    told = halved(first.lines)
    again = problem(5, seed, announced=told, announced_change_price=DEAR)
    plan = solve(again, shared)
    assert joint(plan)["broken_limits"] == 0
    assert joint(plan)["settled_by"] in {"market", "items"}
    assert plan.bound <= plan.cost + 1e-6
    assert changed(told, plan.lines) == []


def test_inside_the_freeze_a_line_stands_as_it_was_and_the_rest_is_planned_around_it() -> None:
    plain = solve(problem(4, 2))
    told = halved(plain.lines)
    plan = solve(problem(4, 2, announced=told, announced_freeze_days=1))
    stands = quantities(plan.lines)
    assert (stands.reindex(quantities(told).index) == quantities(told)).all()
    mine = plan.lines.loc[plan.lines["binding_constraints"] == FREEZE]
    assert sorted(quantities(mine).index) == sorted(quantities(told).index)
    assert (mine["reason"] == "told").all()
    stock = plan.decisions.set_index(["item_id", "site_id"])["available_units"]
    before = plain.decisions.set_index(["item_id", "site_id"])["available_units"]
    out = plan.lines.loc[plan.lines["kind"] != "purchase"].groupby(["item_id", "origin_id"])["quantity_units"].sum()
    assert (out <= before.reindex(out.index)).all()
    assert (stock <= before).all()
    sites = plan.decisions.set_index(["item_id", "site_id"])
    for line in mine.itertuples():
        here = sites.loc[(line.item_id, line.destination_id)]
        assert here["inbound_units"] >= line.quantity_units
        assert here["decision"] != "wait"
        assert FREEZE in here["binding_constraints"]
    assert joint(plan)["purchase_lines"] == (plan.lines["kind"] == "purchase").sum()


def test_beyond_the_freeze_nothing_is_frozen() -> None:
    told = halved(solve(problem(4, 2)).lines)
    later = told.assign(departure_date=told["departure_date"] + pd.Timedelta(days=1))
    plain = solve(problem(4, 2))
    plan = solve(problem(4, 2, announced=later, announced_freeze_days=1))
    pd.testing.assert_frame_equal(plan.lines, plain.lines)


def test_a_frozen_line_takes_its_part_of_a_limit_and_more_than_there_is_is_a_fault() -> None:
    plain = solve(problem(4, 2))
    told = halved(plain.lines)
    made = problem(4, 2, announced=told, announced_freeze_days=1)
    shared = limits(problem(4, 2), 2, 5.0)
    before = made.standing.use(shared, problem(4, 2).moves, made.item_sites)
    lane, dock = (next(k for k, name in enumerate(before.kinds) if name == kind) for kind in ("budget", "dock_in"))
    assert before.fixed[lane] > shared.fixed[lane]
    assert before.fixed[dock] == shared.fixed[dock]
    empty = problem(4, 2, announced=told, announced_freeze_days=1, stock={("i00", "dc"): 0, ("i01", "dc"): 0})
    assert any("inside the freeze" in fault for fault in empty.consistency())


def test_another_quantity_and_no_line_at_all_are_changes_and_a_new_line_is_none() -> None:
    plain = solve(problem(4, 2))
    told = announce(plain.lines, plain.lines["quantity_units"])
    plan = solve(problem(4, 2, announced=told.iloc[1:], announced_change_price=0.4))
    pd.testing.assert_frame_equal(plan.lines[[*LINE, "quantity_units"]], plain.lines[[*LINE, "quantity_units"]])
    assert joint(plan)["changed_lines"] == 0
    gone = told.assign(mode="ship")
    assert joint(solve(problem(4, 2, announced=gone, announced_change_price=0.4)))["changed_lines"] == len(gone)
    assert pd.Timestamp(told["plan_date"].iloc[0]).date() == PLAN_DATE
    assert replace(problem(4, 2), limits=None).standing.open.empty


def test_a_day_asks_what_was_announced_where_its_policy_looks_at_it(tmp_path: Path) -> None:
    told = halved(solve(problem(3, 2)).lines)

    def day(announcements: Announcements, **rules: Any) -> Plan:
        return planned(
            world(3, 2), release=release(**rules), profile=profile(HORIZON), plan_date=PLAN_DATE,
            announcements=announcements, published=Published(tmp_path),
        )  # fmt: skip

    class Nobody:
        def of(self, plan_date: object) -> pd.DataFrame:
            raise AssertionError(f"asked of {plan_date}")

    pd.testing.assert_frame_equal(day(Nobody()).lines, solve(problem(3, 2)).lines)
    plan = day(Told(told), announced_change_price=DEAR)
    assert changed(told, plan.lines) == []
    pd.testing.assert_frame_equal(plan.announced, told)
    again = day(Told(plan.announced), announced_change_price=DEAR)
    assert again.plan_digest == plan.plan_digest
    assert day(Told(told.assign(plan_date=pd.Timestamp("2026-03-01"))), announced_change_price=DEAR).announced.empty
