"""The flow against brute force, its curves, and its books."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, certain_forecast, poisson_forecast, profile, release, snapshot

from assets.rebalancing import constraints, lots
from assets.rebalancing.costs import Costs
from assets.rebalancing.distribution import knots
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.first_arrivals import first_arrivals
from assets.rebalancing.flow import Flow
from assets.rebalancing.problem import build_problem
from assets.rebalancing.projection import project
from assets.rebalancing.reserve import Pool, curve
from assets.rebalancing.snapshot import Snapshot

LARGEST_TRIED = 5


def network_of(network: Snapshot, horizon: int, **rules: Any) -> Network:
    return expand(build_problem(network, release=release(**rules), profile=profile(horizon), plan_date=PLAN_DATE))


@st.composite
def two_store_networks(draw: st.DrawFn) -> Snapshot:
    stores = [
        {
            "item_id": "i",
            "site_id": s,
            "available_units": draw(st.integers(0, 6)),
            "protection_units": draw(st.integers(0, 3)),
            "maximum_units": draw(st.sampled_from([None, 4])),
            "presentation_minimum_units": draw(st.sampled_from([0, 2])),
        }
        for s in "ab"
    ]
    forecast = [row for s in "ab" for row in poisson_forecast("i", s, draw(st.sampled_from([0.2, 1.0, 2.0])), 3)]
    lanes = [
        {"origin_id": o, "destination_id": d, "cost_per_unit": draw(st.sampled_from([0.1, 1.0, 4.0]))}
        for o, d in (("a", "b"), ("b", "a"))
    ]
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 2}]
    return snapshot(stores, forecast, lanes=lanes, sourcing=source)


def brute_force(network: Network) -> float:
    """Cheapest cost over every combination of whole units on the free moves."""
    free = np.flatnonzero(network.problem.moves.blocked == 0)
    limits, most = giving_limits(network), maximum(network)
    combinations = itertools.product(range(LARGEST_TRIED + 1), repeat=len(free))
    return min(_cost(network, free, np.array(units), limits, most) for units in combinations)


def _cost(
    network: Network, free: np.ndarray, units: np.ndarray, limits: dict[tuple[int, int], int], most: np.ndarray
) -> float:
    item_sites, moves = network.problem.item_sites, network.problem.moves
    supply = item_sites.known_supply.astype(float).copy()
    for move, quantity in zip(free, units, strict=True):
        supply[moves.destination[move], moves.arrival[move] :] += quantity
        if moves.origin[move] >= 0:
            supply[moves.origin[move], moves.bucket[move] :] -= quantity
    given_away = {(moves.origin[m], moves.bucket[m]): 0 for m in free if moves.origin[m] >= 0}
    for move, quantity in zip(free, units, strict=True):
        if moves.origin[move] >= 0:
            given_away[moves.origin[move], moves.bucket[move]] += quantity
    if (supply < 0).any() or any(quantity > limits[key] for key, quantity in given_away.items()):
        return np.inf
    full = np.concatenate([supply, supply[:, -1:]], axis=1).astype(np.int64)
    if (full[:, :-1] > most).any():
        return np.inf
    row, bucket = (a.ravel() for a in np.meshgrid(np.arange(2), np.arange(full.shape[1]), indexing="ij"))
    total = network.curves.cost_at(row, bucket, full.ravel()).sum() + (units * moves.unit_amount[free]).sum()
    curves = network.curves
    return float(total + curves.base_holding.sum() + curves.base_shortage.sum() + curves.base_purchase.sum())


def _projection(network: Network) -> Any:
    return project(network.problem.item_sites, first_arrivals(network.problem), network.problem.lost_sales)


def giving_limits(network: Network) -> dict[tuple[int, int], int]:
    item_sites = network.problem.item_sites
    later = constraints.expected_left(item_sites, _projection(network).taken)
    now = constraints.donor_protection(item_sites)
    return {
        (i, t): int(now[i] if t == 0 else later[i, t])
        for i in range(len(item_sites))
        for t in range(item_sites.horizon)
    }


def maximum(network: Network) -> np.ndarray:
    return constraints.maximum_stock(network.problem.item_sites, _projection(network).taken)


@settings(max_examples=10, deadline=None)
@given(two_store_networks())
def test_the_relaxed_flow_is_the_best_of_all_combinations(instance: Snapshot) -> None:
    network = network_of(instance, 3)
    moves = network.problem.moves
    free = np.flatnonzero(moves.blocked == 0)
    relaxed = lots.relaxed_optimum(network)
    # Only combinations within reach of the enumeration can be compared.
    used = relaxed.flows[network.move[relaxed.arcs] >= 0]
    if len(free) > 5 or (used > LARGEST_TRIED).any():
        return
    assert Costs.of(network, relaxed).total == pytest.approx(brute_force(network), abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(two_store_networks())
def test_every_curve_is_convex(instance: Snapshot) -> None:
    curves = network_of(instance, 3).curves
    same = (curves.row[1:] == curves.row[:-1]) & (curves.bucket[1:] == curves.bucket[:-1])
    assert (np.diff(curves.slope)[same] >= -1e-9).all()
    assert curves.error_bound >= 0


def balance(network: Network, flow: Flow) -> np.ndarray:
    """Supply plus inflow less outflow of every node."""
    item = np.repeat(flow.variant.items, np.diff(network.arc_start)[flow.variant.items])
    start = network.node_start[item]
    net = network.supply.copy()
    np.subtract.at(net, network.tail[flow.arcs] + start, flow.flows)
    np.add.at(net, network.head[flow.arcs] + start, flow.flows)
    return net


@settings(max_examples=10, deadline=None)
@given(two_store_networks())
def test_stock_is_conserved_at_every_node(instance: Snapshot) -> None:
    network = network_of(instance, 3)
    relaxed = lots.relaxed_optimum(network)
    assert (balance(network, relaxed) == 0).all()
    nothing = lots.evaluate(network, np.zeros(len(network.first), dtype=np.int64))
    assert (balance(network, nothing) == 0).all()


def chain_supply(network: Network, flow: Flow) -> np.ndarray:
    """Return the cumulative supply of every item-site and bucket in a flow, shape (n, T + 1)."""
    supply = np.zeros((len(network.problem.item_sites), network.problem.horizon + 1), dtype=np.int64)
    segment = network.segment[flow.arcs]
    on_curve = segment >= 0
    np.add.at(
        supply, (network.curves.row[segment[on_curve]], network.curves.bucket[segment[on_curve]]), flow.flows[on_curve]
    )
    return supply


def test_known_demand_is_bought_for_just_in_time_and_to_the_unit() -> None:
    # 2 units a day for 4 days, 3 in stock, a supplier a day away.
    stores = [{"item_id": "i", "site_id": "b", "available_units": 3}]
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "b", "quoted_lead_time_days": 1}]
    network = network_of(snapshot(stores, certain_forecast("i", "b", [2.0] * 4), sourcing=source), 4)
    supply = chain_supply(network, lots.relaxed_optimum(network))
    assert supply[0].tolist()[:4] == [3, 4, 6, 8]


def test_a_unit_kept_upstream_is_worth_less_the_more_there_are() -> None:
    stores = [
        {"item_id": "i", "site_id": "dc", "echelon": 1, "protection_mean_units": 12.0},
        *({"item_id": "i", "site_id": s, "receipt_kind": "transfer", "source_id": "dc"} for s in "ab"),
    ]
    forecast = [row for s in "ab" for row in poisson_forecast("i", s, 3.0, 4)]
    network = network_of(snapshot(stores, forecast, lanes=[{"origin_id": "dc", "destination_id": s} for s in "ab"]), 4)
    curves = network.curves
    dc = next(k for k, s in enumerate(network.problem.item_sites.keys()["site_id"]) if s == "dc")
    mine = (curves.row == dc) & (curves.bucket == 0)
    assert (curves.shortage[mine][:-1] < 0).all()
    assert (np.diff(curves.shortage[mine]) >= 0).all()


def pool_of(std: float, price: float, holding: float, spread: float) -> Pool:
    return Pool(np.ones(1), np.array([[std]]), np.array([price]), np.array([holding]), np.array([spread]))


@given(
    std=st.floats(0.0, 1e4),
    spread=st.floats(0.0, 1e4),
    price=st.floats(0.0, 1e3),
    holding=st.floats(0.0, 10.0),
)
def test_the_worth_of_a_reserve_is_concave_and_no_unit_is_worth_more_than_a_shortage_below(
    std: float, spread: float, price: float, holding: float
) -> None:
    pool = pool_of(std, price, holding, spread)
    at, worth, error = curve(pool, np.array([0]), np.array([0]))
    width = np.diff(at[0])
    slope = np.diff(worth[0])[width > 0] / width[width > 0]
    assert worth[0, 0] == 0
    assert (slope <= price / 2 + 1e-5).all()
    assert (slope >= -1e-6).all()
    assert (np.diff(slope) <= 1e-6).all()
    assert 0 <= error < np.inf


def test_stores_with_more_safety_stock_need_less_of_a_reserve() -> None:
    pools = [pool_of(5.0, 4.0, 0.1, spread) for spread in (5.0, 20.0)]
    thin, thick = (curve(pool, np.array([0]), np.array([0]))[1] for pool in pools)
    assert (thick[0, 1:] < thin[0, 1:]).all()


def test_a_landed_cost_is_the_cheapest_way_there() -> None:
    stores = [{"item_id": "i", "site_id": s} for s in "abc"]
    lanes = [
        {"origin_id": "a", "destination_id": "b"},
        {"origin_id": "b", "destination_id": "c", "cost_per_unit": 0.25},
    ]
    source = [
        {"item_id": "i", "supplier_id": "sup", "site_id": "a", "unit_cost": 8.0, "quoted_lead_time_days": 1},
        {"item_id": "i", "supplier_id": "sup", "site_id": "c", "unit_cost": 9.0, "quoted_lead_time_days": 1},
    ]
    forecast = [row for s in "abc" for row in poisson_forecast("i", s, 1.0, 4)]
    assert network_of(snapshot(stores, forecast, lanes=lanes, sourcing=source), 4).landed.tolist() == [8.0, 8.5, 8.75]


def test_what_is_lost_before_an_order_arrives_is_not_ordered(problem_of: Callable[..., Any]) -> None:
    stores = [{"item_id": "i", "site_id": "a", "available_units": 0}]
    source = [{"item_id": "i", "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 3}]
    instance = snapshot(stores, certain_forecast("i", "a", [5.0] * 6), sourcing=source)
    lost = lots.relaxed_optimum(expand(problem_of(instance)))
    owed = lots.relaxed_optimum(expand(problem_of(instance, lost_sales=False)))
    assert lost.units.tolist() == [5]
    assert owed.units.tolist() == [20]


def test_a_late_bucket_carries_only_what_later_decisions_cannot_see(problem_of: Callable[..., Any]) -> None:
    stores = [{"item_id": "i", "site_id": "a", "available_units": 50}]
    item_sites = problem_of(snapshot(stores, poisson_forecast("i", "a", 4.0, 12)), horizon=12).item_sites
    projection = project(item_sites, np.array([2]), lost_sales=True)
    spread = projection.knots[0, :, -3] - projection.knots[0, :, 3]
    published = knots(item_sites.quantiles)[0]
    assert spread[11] < (published[:, -3] - published[:, 3])[11] * 0.7
    assert projection.full[0].tolist() == [True] * 3 + [False] * 9


def test_items_are_independent_of_their_company() -> None:
    def store(item: str, site: str, units: int) -> dict[str, Any]:
        return {"item_id": item, "site_id": site, "available_units": units, "protection_units": 2}

    lanes = [{"origin_id": "a", "destination_id": "b"}]
    alone = [store("i", "a", 20), store("i", "b", 0)]
    forecast = {k: [r for s in "ab" for r in poisson_forecast(k, s, 2.0, 4)] for k in "ij"}
    one = network_of(snapshot(alone, forecast["i"], lanes=lanes), 4)
    together = [*alone, store("j", "a", 3), store("j", "b", 9)]
    two = network_of(snapshot(together, forecast["i"] + forecast["j"], lanes=lanes), 4)
    assert lots.relaxed_optimum(one).units.tolist() == lots.relaxed_optimum(two).units[: len(one.first)].tolist()


def test_recent_receipts_take_the_last_of_each_item_site(problem_of: Callable[..., Any]) -> None:
    days = [pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=d) for d in (9, 2, 5)]
    recent = [{"item_id": "i", "site_id": "a", "received_date": day} for day in days]
    instance = snapshot([{"item_id": "i", "site_id": "a"}], poisson_forecast("i", "a", 1.0, 6), recent=recent)
    assert problem_of(instance).item_sites.last_receipt[0] == np.datetime64("2026-02-28")
