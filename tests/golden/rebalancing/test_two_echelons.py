"""The flow as a policy of one warehouse and its stores, against the best base-stock policy.

Period after period on common random demand, lost sales, one period from warehouse to store.
The opponent knows two numbers, found by search on the same demand: the echelon base stock of the
warehouse and the base stock of a store; what is short is shared so that stores end up level.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.rebalancing import expansion, lots
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.problem import Problem, build_problem

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "rebalancing"))
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

REPLICATIONS, PERIODS, WARM_UP, SEED = 15, 40, 10, 1
UNIT_COST, FREIGHT = 50.0, 0.1
WORST_EXCESS = 0.055
"""Measured 0 % to 4 % (30 x 60: -0.3 % to 2.5 %); a reserve that knew no safety stock below was 8 % to 13 % over."""

Policy = Callable[[Ints, Ints, Ints], tuple[Ints, Ints]]
"""From warehouse stock, what is coming to it and store stock to what is bought and what is sent to each store."""


@dataclasses.dataclass(frozen=True)
class Case:
    """Stores of one warehouse, alike."""

    stores: int
    rate: float
    lead_time: int
    penalty: float
    held_upstream: float
    held_at_store: float


CASES = [
    Case(4, 4.0, 2, 9.0, 0.5, 1.0),
    Case(4, 1.0, 2, 9.0, 1.0, 1.0),
    Case(4, 12.0, 2, 19.0, 0.8, 1.0),
    Case(4, 4.0, 2, 5.0, 0.04, 0.04),
]


def simulated_cost(case: Case, policy: Policy) -> float:
    """Cost per period of holding, lost sales and freight."""
    random, everything = np.random.default_rng(SEED), round(case.stores * case.rate)
    upstream = np.full(REPLICATIONS, everything)
    coming = np.full((REPLICATIONS, case.lead_time), everything)
    stock = np.full((REPLICATIONS, case.stores), round(2 * case.rate))
    sent, costs = np.full(stock.shape, round(case.rate)), []
    for _ in range(PERIODS):
        upstream, stock = upstream + coming[:, 0], stock + sent
        bought, sent = policy(upstream, coming[:, 1:], stock)
        upstream = upstream - sent.sum(axis=1)
        assert (upstream >= 0).all()
        left = stock - random.poisson(case.rate, stock.shape)
        stock = np.maximum(0, left)
        # What is on its way is held at the rate of where it left.
        held = case.held_upstream * (upstream + sent.sum(axis=1)).mean() + case.held_at_store * stock.sum(axis=1).mean()
        lost = case.penalty * np.maximum(0, -left).sum(axis=1).mean()
        costs.append(held + lost + FREIGHT * sent.sum(axis=1).mean())
        coming = np.concatenate([coming[:, 1:], bought[:, None]], axis=1)
    return float(np.mean(costs[WARM_UP:]))


def base_stock(echelon: int, store: int) -> Policy:
    """Return the policy that orders up to two levels."""

    def decide(upstream: Ints, coming: Ints, stock: Ints) -> tuple[Ints, Ints]:
        bought = np.maximum(0, echelon - upstream - coming.sum(axis=1) - stock.sum(axis=1))
        # Unit by unit to the emptiest store: the k-th unit of a store stands at its stock + k.
        level = stock[:, :, None] + np.arange(max(1, store))
        wanted = (level < store).reshape(len(stock), -1)
        rank = np.where(wanted, level.reshape(len(stock), -1), store).argsort(axis=1, kind="stable").argsort(axis=1)
        given = wanted & (rank < upstream[:, None])
        return bought, given.reshape(level.shape).sum(axis=2)

    return decide


def joint_plan(case: Case) -> Policy:
    """Return the policy that plans anew each period; each replication is an item."""
    horizon, sites = case.lead_time + 4, case.stores + 1
    problem = _problem(case, horizon)

    def decide(upstream: Ints, coming: Ints, stock: Ints) -> tuple[Ints, Ints]:
        known = np.zeros((REPLICATIONS, sites, horizon), np.int64)
        known[:, :-1], known[:, -1, 0] = stock[:, :, None], upstream
        known[:, -1, 1 : 1 + coming.shape[1]] = coming
        known[:, -1] = known[:, -1].cumsum(axis=1)
        known = known.reshape(-1, horizon)
        item_sites = dataclasses.replace(problem.item_sites, known_supply=known, available=known[:, 0])
        # Without lots, least gains and lateral lanes the relaxed optimum is the plan.
        network = expansion.expand(dataclasses.replace(problem, item_sites=item_sites))
        units = lots.relaxed_optimum(network).units.reshape(REPLICATIONS, sites).astype(np.int64)
        return units[:, 0], units[:, 1:]

    return decide


def _problem(case: Case, horizon: int) -> Problem:
    items = [f"i{k:03d}" for k in range(REPLICATIONS)]
    stores = [f"a{k}" for k in range(case.stores)]
    shared = {"shortage_cost_per_unit": case.penalty}
    below: dict[str, Any] = {
        **shared, "holding_cost_per_unit_bucket": case.held_at_store, "receipt_kind": "transfer",
        "source_id": "w", "protection_mean_units": 2 * case.rate,
    }  # fmt: skip
    above: dict[str, Any] = {
        **shared, "holding_cost_per_unit_bucket": case.held_upstream, "echelon": 1,
        "protection_mean_units": (case.lead_time + 1) * case.stores * case.rate,
    }  # fmt: skip
    network = snapshot(
        [{"item_id": i, "site_id": s, **(above if s == "w" else below)} for i in items for s in (*stores, "w")],
        [row for i in items for s in stores for row in poisson_forecast(i, s, case.rate, horizon)],
        items={i: {"unit_cost": UNIT_COST} for i in items},
        lanes=[{"origin_id": "w", "destination_id": s, "cost_per_unit": FREIGHT} for s in stores],
        sourcing=[
            {"item_id": i, "supplier_id": "sup", "site_id": "w", "unit_cost": UNIT_COST,
             "quoted_lead_time_days": case.lead_time} for i in items
        ],
    )  # fmt: skip
    return build_problem(network, release=release(), profile=profile(horizon), plan_date=PLAN_DATE)


def cost_of_best_base_stock(case: Case) -> float:
    """Search both levels by shrinking steps; return the least cost."""
    cost: dict[tuple[int, int], float] = {}
    found, step = (round(case.stores * case.rate * (case.lead_time + 2)), round(3 * case.rate)), 8
    while step:
        moves = product((-step, 0, step), (-max(1, step // 4), 0, max(1, step // 4)))
        near = [(found[0] + a, found[1] + b) for a, b in moves]
        cost |= {levels: simulated_cost(case, base_stock(*levels)) for levels in near if levels not in cost}
        best = min(near, key=lambda levels: cost[levels])
        found, step = (best, step) if best != found else (found, step // 2)
    return cost[found]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_plan_costs_little_more_than_the_best_base_stock(case: Case) -> None:
    assert simulated_cost(case, joint_plan(case)) <= cost_of_best_base_stock(case) * (1 + WORST_EXCESS)
