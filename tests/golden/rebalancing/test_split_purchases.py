"""Purchases split over two suppliers, period after period, against the same plan without the hedge.

Each replication is an item of one store that plans anew whenever it is reviewed. Lead times are
drawn order by order; the plan expects their mean, and what is overdue on the plan date, as the
published receipts do. Demand and lead times are the same for both.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from assets.kernel.frames.forecasts import LEAD_TIME
from assets.rebalancing.expansion import expand
from assets.rebalancing.flow import started
from assets.rebalancing.hedge import hedged
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.lots import evaluate, relaxed_optimum, search
from assets.rebalancing.problem import Problem, build_problem

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "rebalancing"))
from small_networks import PLAN_DATE, frame, poisson_forecast, profile, release, snapshot

SEED, WARM_UP, HELD = 1, 20, 0.05


@dataclasses.dataclass(frozen=True)
class Case:
    """Two suppliers of one store; lead times in days with their probabilities."""

    near: dict[int, float]
    far: dict[int, float]
    dearer: float = 0.0
    rate: float = 2.0
    penalty: float = 5.0
    review: int = 7
    multiple: int = 1
    horizon: int = 21


LATE = {5: 0.5, 13: 0.5}
SURE = {9: 1.0}


def problem_of(case: Case, items: int) -> Problem:
    names, suppliers = [f"i{k:03d}" for k in range(items)], {"near": (case.near, 10.0), "far": (case.far, 10.0)}
    suppliers["far"] = (case.far, 10.0 + case.dearer)
    one = {"site_id": "a", "review_days": case.review, "holding_cost_per_unit_bucket": HELD,
           "shortage_cost_per_unit": case.penalty}  # fmt: skip
    network = snapshot(
        [{"item_id": name, **one} for name in names],
        [row for name in names for row in poisson_forecast(name, "a", case.rate, case.horizon)],
        sourcing=[
            {"item_id": name, "supplier_id": supplier, "site_id": "a", "unit_cost": price,
             "order_multiple_units": case.multiple}
            for name in names for supplier, (_, price) in suppliers.items()
        ],
    )  # fmt: skip
    rows = [
        {"receipt_kind": "purchase", "source_id": supplier, "site_id": "a", "mode": "supplier",
         "lead_time_days": days, "probability": chance}
        for supplier, (times, _) in suppliers.items() for days, chance in times.items()
    ]  # fmt: skip
    network = dataclasses.replace(network, lead_times=frame(LEAD_TIME, rows))
    return build_problem(network, release=release(), profile=profile(case.horizon), plan_date=PLAN_DATE)


def decide(problem: Problem, known: Ints, *, hedge: bool) -> Ints:
    """Return what is bought from each supplier, shape (items, 2), sorted by supplier: far, near."""
    item_sites = dataclasses.replace(problem.item_sites, known_supply=known, available=known[:, 0])
    network = expand(dataclasses.replace(problem, item_sites=item_sites))
    relaxed = relaxed_optimum(network)
    units = search(network, relaxed, np.ones(len(network.first), dtype=bool)).units
    network = started(network, evaluate(network, units))
    return (hedged(network, units).units if hedge else units).reshape(len(known), 2)


def simulated(case: Case, items: int, periods: int, *, hedge: bool) -> tuple[Floats, float]:
    """Return the cost of each item a day, and the share of purchases from the supplier that gets less."""
    problem, random = problem_of(case, items), np.random.default_rng(SEED)
    mean = {k: int(sum(d * p for d, p in times.items()) + 0.5) for k, times in enumerate((case.far, case.near))}
    stock = np.full(items, round(case.rate * (case.review + mean[0])))
    due, expected = np.zeros((items, 64), np.int64), np.zeros((items, 64), np.int64)
    cost, bought = np.zeros(items), np.zeros(2)
    rows = np.arange(items)
    for day in range(periods):
        draws = [random.choice(list(t), items, p=list(t.values())) for t in (case.far, case.near)]
        demand = random.poisson(case.rate, items)
        if day % case.review == 0:
            coming = expected[:, : case.horizon].copy()
            coming[:, 0] = coming[:, 0] + (due.sum(axis=1) - expected.sum(axis=1))
            units = decide(problem, stock[:, None] + coming.cumsum(axis=1), hedge=hedge)
            for k, lead in enumerate(draws):
                np.add.at(due, (rows, lead), units[:, k])
                expected[:, mean[k]] += units[:, k]
            cost += case.dearer * units[:, 0] * (day >= WARM_UP)
            bought += units.sum(axis=0)
        stock = stock + due[:, 0]
        early = due[:, 0].copy()
        sold = np.minimum(stock, demand)
        stock = stock - sold
        if day >= WARM_UP:
            cost += HELD * stock + case.penalty * (demand - sold)
        due = np.concatenate([due[:, 1:], np.zeros((items, 1), np.int64)], axis=1)
        # What came is no longer expected: the earliest first.
        for t in range(expected.shape[1]):
            gone = np.minimum(expected[:, t], early)
            expected[:, t] -= gone
            early -= gone
        expected = np.concatenate([expected[:, 1:], np.zeros((items, 1), np.int64)], axis=1)
    return cost / (periods - WARM_UP), float(bought.min() / bought.sum())


def test_splitting_saves_where_lead_times_vary() -> None:
    case = Case(LATE, LATE)
    alone, _ = simulated(case, 30, 90, hedge=False)
    split, share = simulated(case, 30, 90, hedge=True)
    assert share > 0.2
    assert split.mean() < alone.mean()


@pytest.mark.parametrize("case", [Case(SURE, SURE), Case(SURE, SURE, dearer=0.1)])
def test_nothing_is_split_where_both_are_certain(case: Case) -> None:
    assert simulated(case, 5, 29, hedge=True)[1] == 0.0
