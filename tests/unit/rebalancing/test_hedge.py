"""Purchases split over suppliers that may be late: what is tried, what it costs, and when nothing is split."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_networks import frame, poisson_forecast, snapshot

from assets.kernel.frames.forecasts import LEAD_TIME
from assets.rebalancing.choice import choose
from assets.rebalancing.constraints import is_lot
from assets.rebalancing.expansion import expand
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem
from assets.rebalancing.snapshot import Snapshot

ProblemOf = Callable[..., Problem]
HORIZON, AVAILABLE, RATE, SHORTAGE = 10, 8, 2.0, 20.0
LATE = {2: 0.5, 6: 0.5}
SURE = {4: 1.0}


def two_suppliers(
    one: dict[int, float],
    other: dict[int, float],
    *,
    dearer: float = 0.0,
    site: str = "a",
    available: int = AVAILABLE,
    **terms: Any,
) -> Snapshot:
    """A store, or its warehouse, that can buy from two; one order in ten days, 4 days on average."""
    prices = {"one": 10.0, "other": 10.0 + dearer}
    stores = [{"item_id": "i", "site_id": "a", "available_units": available, "review_days": HORIZON,
               "shortage_cost_per_unit": SHORTAGE, "protection_mean_units": 28.0}]  # fmt: skip
    lanes = []
    if site != "a":
        stores[0] |= {"receipt_kind": "transfer", "source_id": site, "review_days": 1}
        stores.append({"item_id": "i", "site_id": site, "echelon": 1, "review_days": HORIZON})
        lanes = [{"origin_id": site, "destination_id": "a", "cost_per_unit": 0.1}]
    told = snapshot(
        stores, poisson_forecast("i", "a", RATE, HORIZON), lanes=lanes,
        sourcing=[{"item_id": "i", "supplier_id": s, "site_id": site, "unit_cost": prices[s], **terms} for s in prices],
    )  # fmt: skip
    rows = [
        {"receipt_kind": "purchase", "source_id": supplier, "site_id": site, "mode": "supplier",
         "lead_time_days": days, "probability": chance}
        for supplier, times in (("one", one), ("other", other)) for days, chance in times.items()
    ]  # fmt: skip
    return dataclasses.replace(told, lead_times=frame(LEAD_TIME, rows))


def bought(plan: Plan) -> dict[str, int]:
    lines = plan.lines.loc[plan.lines["kind"] == "purchase"]
    return dict(zip(lines["origin_id"], lines["quantity_units"].astype(int), strict=True))


def lived(units: dict[str, int], *times: dict[int, float], futures: int = 20_000) -> float:
    """Return the mean cost of shortage and stock over ten days, lead times and demand drawn apart."""
    random = np.random.default_rng(3)
    demand = random.poisson(RATE, (HORIZON, futures))
    lead = [random.choice(list(t), futures, p=list(t.values())) for t in times]
    stock, cost = np.full(futures, AVAILABLE), np.zeros(futures)
    for day in range(HORIZON):
        for supplier, days in zip(("one", "other"), lead, strict=True):
            stock = stock + np.where(days == day, units.get(supplier, 0), 0)
        sold = np.minimum(stock, demand[day])
        stock = stock - sold
        cost += 0.05 * stock + SHORTAGE * (demand[day] - sold)
    return float(cost.mean())


def test_two_suppliers_that_may_be_late_share_the_order_and_that_saves(problem_of: ProblemOf) -> None:
    plan = solve(problem_of(two_suppliers(LATE, LATE), HORIZON))
    units = bought(plan)
    assert set(units) == {"one", "other"}
    total = sum(units.values())
    alone, split = lived({"one": total}, LATE, LATE), lived(units, LATE, LATE)
    assert split < 0.85 * alone
    assert plan.bound <= plan.cost
    assert plan.gap >= 0
    assert plan.lines["reason"].str.contains("because a supplier may be late").all()


def test_what_it_is_expected_to_save_is_near_to_what_it_saves(problem_of: ProblemOf) -> None:
    choice = choose(expand(problem_of(two_suppliers(LATE, LATE), HORIZON)))
    units = choice.units[choice.units > 0].tolist()
    assert len(units) == 2
    saved = lived({"one": sum(units)}, LATE, LATE) - lived(dict(zip(("one", "other"), units, strict=True)), LATE, LATE)
    assert choice.hedges.saved[0] == pytest.approx(saved, rel=0.35)
    assert choice.hedges.premium[0] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("dearer", [0.0, 0.5])
def test_nothing_is_split_where_lead_times_are_certain(problem_of: ProblemOf, dearer: float) -> None:
    choice = choose(expand(problem_of(two_suppliers(SURE, SURE, dearer=dearer), HORIZON)))
    assert len(choice.hedges.row) == 0
    assert (choice.units > 0).sum() == 1


def test_a_premium_above_what_lateness_costs_is_not_paid(problem_of: ProblemOf) -> None:
    def share(dearer: float) -> float:
        units = bought(solve(problem_of(two_suppliers(LATE, LATE, dearer=dearer), HORIZON)))
        return units.get("other", 0) / sum(units.values())

    assert share(0.2) > 0.0
    assert share(9.0) == 0.0


def test_most_of_it_goes_to_a_certain_supplier_at_the_same_price(problem_of: ProblemOf) -> None:
    # Enough until the fourth day and not until the sixth; the rest may come early or late.
    units = bought(solve(problem_of(two_suppliers(LATE, SURE, available=13), HORIZON)))
    assert units["other"] > 2 * units.get("one", 0)


def test_a_hedge_keeps_lots_and_capacities(problem_of: ProblemOf) -> None:
    lots = {"order_multiple_units": 6, "minimum_order_units": 5}
    units = bought(solve(problem_of(two_suppliers(LATE, LATE, **lots), HORIZON)))
    assert len(units) == 2
    assert is_lot(np.array(list(units.values())), np.array(5), np.array(6)).all()
    # A review of ten days: at most ten times the daily capacity a supplier.
    tight = bought(solve(problem_of(two_suppliers(LATE, SURE, capacity_units_per_day=1), HORIZON)))
    assert max(tight.values()) <= HORIZON


def test_a_warehouse_hedges_for_the_stores_that_would_wait(problem_of: ProblemOf) -> None:
    told = two_suppliers(LATE, LATE, site="w")
    assert set(bought(solve(problem_of(told, HORIZON)))) == {"one", "other"}
    certain = two_suppliers(SURE, SURE, site="w")
    assert len(bought(solve(problem_of(certain, HORIZON)))) == 1


def test_where_sales_wait_lateness_is_charged_while_it_lasts(problem_of: ProblemOf) -> None:
    def saved(days: int) -> float:
        told = two_suppliers({4 - days: 0.5, 4 + days: 0.5}, SURE)
        choice = choose(expand(problem_of(told, HORIZON, lost_sales=False)))
        return float(choice.hedges.saved.sum())

    assert saved(3) > saved(1) > 0


def test_baselines_that_buy_are_hedged_as_well(problem_of: ProblemOf) -> None:
    summary = solve(problem_of(two_suppliers(LATE, LATE, dearer=0.2), HORIZON)).summary.set_index("policy")
    assert summary.loc["no_transfers", "purchase_lines"] == summary.loc["joint_plan", "purchase_lines"] == 2
    assert summary.loc["joint_plan", "cost_amount"] == pytest.approx(summary.loc["no_transfers", "cost_amount"])


def test_the_order_of_rows_does_not_matter(problem_of: ProblemOf) -> None:
    told = two_suppliers(LATE, {3: 0.8, 9: 0.2})
    turned = dataclasses.replace(told, sourcing=told.sourcing.iloc[::-1], lead_times=told.lead_times.iloc[::-1])
    assert solve(problem_of(told, HORIZON)).plan_digest == solve(problem_of(turned, HORIZON)).plan_digest
