"""Trucks that pay only when they are full: they leave full, where nobody pays for half of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from charged_monolith import charged_monolith
from market_worlds import base
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing import lots
from assets.rebalancing.arcs import in_steps
from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.expansion import expand
from assets.rebalancing.flow import started
from assets.rebalancing.market.closing import ways
from assets.rebalancing.market.limits import no_limits
from assets.rebalancing.market.shares import at_shares, started_again
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import replan
from assets.rebalancing.snapshot import Snapshot
from assets.rebalancing.what_if.one_item import one_item
from assets.rebalancing.what_if.recorded import Recorded

HORIZON, ITEMS, TRUCK = 4, 10, 24.0


def world(seed: int, cost: float, handling: float = 0.5) -> Snapshot:
    """Return items of one store that a centre serves by trucks of a cost; handling beside."""
    rng = np.random.default_rng(seed)
    stores: list[dict[str, Any]] = []
    forecast: list[dict[str, Any]] = []
    for k in range(ITEMS):
        item = f"i{k:02d}"
        stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": 30})
        stores.append({"item_id": item, "site_id": "a", "available_units": int(rng.integers(0, 3)), "source_id": "dc",
                       "shortage_cost_per_unit": float(rng.uniform(5, 9)), "receipt_kind": "transfer"})  # fmt: skip
        forecast += poisson_forecast(item, "a", float(rng.choice([1.0, 2.0, 3.0])), HORIZON)
    lane = {"origin_id": "dc", "destination_id": "a", "fixed_cost_per_departure": cost, "truck_kg": TRUCK,
            "capacity_kg": 2 * TRUCK, "cost_per_unit": handling}  # fmt: skip
    weights = {f"i{k:02d}": {"weight_kg_per_unit": 1.0} for k in range(ITEMS)}
    return snapshot(stores, forecast, lanes=[lane], items=weights)


def problem(seen: Snapshot) -> Problem:
    return build_problem(seen, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)


FULL, HALF = 130.0, 20.0


@pytest.mark.parametrize("seed", range(3))
def test_a_truck_that_pays_only_when_it_is_full_leaves_full_a_hundredth_above_the_least_cost_at_most(seed: int) -> None:
    made = problem(world(seed, FULL))
    net, nothing = expand(made), no_limits(len(made.moves))
    assert made.departures is not None
    plain, full = ways(net, made.departures)
    assert plain.shut.all()
    assert not full.shut.any()
    done, best = consolidated(net, nothing), charged_monolith(net, nothing)
    loads = made.departures.loads(done.found.every_unit)[0, 0]
    assert done.found.costs.total <= (base(net) + best.value) * 1.01
    assert loads > 0
    assert loads % TRUCK in (0.0, TRUCK - 1.0)
    assert done.bound is not None
    assert done.bound.amount <= base(net) + best.bound + 1e-6


def test_a_truck_that_pays_when_it_is_filled_by_half_is_decided_as_ever() -> None:
    made = problem(world(0, HALF))
    assert made.departures is not None
    assert len(ways(expand(made), made.departures)) == 1


def test_a_truck_is_not_filled_with_what_leaves_later_anyway() -> None:
    made = problem(world(0, FULL))
    assert made.departures is not None
    # As much as before, but a later departure is one that a store is served by.
    later = made.moves.is_transfer & (made.moves.bucket > 0)
    cheap = replace(made, moves=replace(made.moves, transport=np.where(later, 0.5, made.moves.transport)))
    found = ways(expand(cheap), made.departures)
    assert len(found) == 1
    assert found[0].shut.all()


def test_items_give_their_lines_again_by_the_load_that_was_decided_by() -> None:
    seen = world(1, FULL)
    made = problem(seen)
    plan = solve(made)
    told = plan.shared_limits.set_index("kind").loc["truck"]
    assert told["fill_share"] >= 1.0
    assert told["used"] >= 1
    known = Recorded(made, seen, profile(HORIZON), plan.lines, plan.shared_limits, plan.graph)
    for item in made.item_sites.item_ids:
        ours = plan.lines.loc[plan.lines["item_id"] == item, "quantity_units"].sum()
        assert one_item(known, item).decision.units.sum() == ours


def test_a_part_planned_again_decides_by_the_load_that_the_plan_did() -> None:
    made = problem(world(1, FULL))
    plan = solve(made)
    again, apart = (
        replan(made, np.array([2]), plan.lines, plan.graph, decided).lines["quantity_units"].sum()
        for decided in (plan.shared_limits, None)
    )
    assert again == plan.lines.loc[plan.lines["item_id"] == "i02", "quantity_units"].sum()
    assert apart < again


def test_costs_at_other_shares_are_those_of_a_network_made_with_them() -> None:
    made = problem(world(0, FULL))
    assert made.departures is not None
    net = expand(made)
    dear = at_shares(net, made.departures.at_fill(np.full(1, 0.8)))
    moves = dear.problem.moves
    move = net.move[net.move >= 0]
    told = in_steps(moves.unit_amount, net.scale) - in_steps(made.moves.unit_amount, net.scale)
    assert (dear.cost[net.move >= 0] - net.cost[net.move >= 0]).tolist() == told[move].tolist()
    assert moves.spread[net.first] == pytest.approx(made.moves.spread[net.first] * 0.5 / 0.8)
    assert at_shares(net, made.departures).cost.tolist() == net.cost.tolist()


def test_a_start_at_other_shares_is_an_optimum_again() -> None:
    made = problem(world(0, FULL))
    assert made.departures is not None
    net = expand(made)
    net = started(net, lots.relaxed_optimum(net))
    dear = at_shares(net, made.departures.at_fill(np.ones(1)))
    open_ = np.zeros(len(net.first), dtype=bool)
    again, moved = started_again(dear, open_)
    assert len(moved)
    assert started_again(again, open_)[1].tolist() == []
    fresh = lots.relaxed_optimum(replace(dear, start=None, solved={}))
    assert lots.relaxed_optimum(again).cost.tolist() == fresh.cost.tolist()
