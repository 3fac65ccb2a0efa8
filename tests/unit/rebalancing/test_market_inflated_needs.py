"""Saying that needs are larger does not pay: with two limits, with order multiples, and where it calls a truck.

A site scales its shortage cost; what it ends with is measured at its true cost, net of what it pays:
what the others lose by the room that it takes, and the bills of the departures that leave for it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market import kinds
from assets.rebalancing.market.limits import Limits, no_limits, together
from assets.rebalancing.problem import Problem, build_problem

HORIZON, ITEMS, OF_SITE = 4, 24, 12
INFLATED = (1.1, 1.5, 2.0)
MOST_GAIN = 0.01
"""Share of its true surplus."""
CENT = 0.01


@dataclass(frozen=True)
class Case:
    """What items share: units and money of today's orders, lots of them, and a truck from a centre to each store."""

    units: float | None = None
    money: float | None = None
    multiple: int = 1
    truck: float = 0.0

    def limits(self, made: Problem) -> Limits:
        """Return the limits of the case."""
        rows = [no_limits(len(made.moves))]
        if self.units is not None:
            rows.append(kinds.supplier_capacity(made, "sup", 0, self.units))
        if self.money is not None:
            rows.append(kinds.budget(made, 0, 0, self.money))
        return together(rows)


CASES = {
    "two limits": Case(units=24.0, money=100.0),
    "lots of three": Case(units=24.0, multiple=3),
    "lots of four and two limits": Case(units=30.0, money=110.0, multiple=4),
    "a truck": Case(truck=20.0),
    "a dear truck": Case(truck=40.0),
    "a truck that pays when full": Case(truck=160.0),
}
SEEDS = {name: range(14) if case.truck else range(12) for name, case in CASES.items()}
QUICK = dict.fromkeys(CASES, 0) | {"a dear truck": 8}
"""The seed of each case that is no slow test; that of the dear truck leaves with room at the share of half a truck."""


def cases() -> list[Any]:
    """Return every case, seed and factor; one seed of each is quick."""
    found = []
    for name, seeds in SEEDS.items():
        for seed in seeds:
            for factor in INFLATED:
                marks = [] if seed == QUICK[name] else [pytest.mark.slow]
                found.append(pytest.param(name, seed, factor, marks=marks))
    return found


def world(case: Case, seed: int, factor: float = 1.0) -> Network:
    """Return items of site ``a``, which says that a shortage costs ``factor`` times what it does, and of site ``b``."""
    rng = np.random.default_rng(seed)
    stores: list[dict[str, Any]] = []
    forecast: list[dict[str, Any]] = []
    sourcing = []
    for k in range(ITEMS):
        item, site = f"i{k:02d}", "a" if k < OF_SITE else "b"
        price, stock, rate = rng.uniform(3, 9), rng.integers(0, 4), rng.choice([0.5, 1.0, 2.0, 3.0])
        cost = float(rng.integers(3, 8))
        row = {"item_id": item, "site_id": site, "available_units": int(stock),
               "shortage_cost_per_unit": float(price) * (factor if site == "a" else 1.0)}  # fmt: skip
        if case.truck:
            stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": 30})
            stores.append({**row, "source_id": "dc", "receipt_kind": "transfer"})
        else:
            stores.append({**row, "source_id": "sup"})
            sourcing.append({"item_id": item, "supplier_id": "sup", "site_id": site, "quoted_lead_time_days": 1,
                             "unit_cost": cost, "order_multiple_units": case.multiple})  # fmt: skip
        forecast += poisson_forecast(item, site, float(rate), HORIZON)
    lanes = [{"origin_id": "dc", "destination_id": site, "fixed_cost_per_departure": case.truck, "truck_kg": 30.0,
              "capacity_kg": 60.0} for site in "ab"]  # fmt: skip
    weights = {f"i{k:02d}": {"weight_kg_per_unit": 1.0} for k in range(ITEMS)}
    made = snapshot(stores, forecast, sourcing=sourcing, lanes=lanes if case.truck else None, items=weights)
    return expand(build_problem(made, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE))


def decided(network: Network, case: Case) -> tuple[Ints, float]:
    """Return today's units of every move, and what site ``a`` pays for them beside goods and freight."""
    problem = network.problem
    done = consolidated(network, case.limits(problem))
    today = np.zeros(len(problem.moves), dtype=bool)
    today[network.first] = True
    units, paid = np.where(today, done.found.every_unit, 0), done.paid[problem.item_sites.site_ids.index("a")]
    if problem.departures is not None:
        # Of the bill the units have paid a share already, the one by which they decide.
        own = problem.item_sites.item[problem.moves.destination] < OF_SITE
        paid -= float(problem.departures.spread @ np.where(own, units, 0))
    return units[network.first], float(paid)


def surplus(truth: Network, units: Ints, paid: float) -> float:
    """Return what the site's items really save by their units, less what it pays."""
    everybody = np.arange(truth.items)
    still = solve_flows(truth, Variant(everybody, np.zeros_like(units))).cost
    saved = (still - solve_flows(truth, Variant(everybody, units)).cost) / truth.scale
    return float(saved[:OF_SITE].sum() - paid)


@functools.lru_cache(maxsize=1)
def honest(name: str, seed: int) -> tuple[Network, float]:
    """Return the network at true needs, and the site's surplus if it tells them."""
    truth = world(CASES[name], seed)
    return truth, surplus(truth, *decided(truth, CASES[name]))


def gain(name: str, seed: int, factor: float) -> float:
    """Return what the site gains by scaling its shortage cost."""
    truth, told = honest(name, seed)
    return surplus(truth, *decided(world(CASES[name], seed, factor), CASES[name])) - told


@pytest.mark.parametrize(("name", "seed", "factor"), cases())
def test_a_site_that_inflates_its_needs_gains_at_most_a_hundredth(name: str, seed: int, factor: float) -> None:
    assert gain(name, seed, factor) <= MOST_GAIN * max(0.0, honest(name, seed)[1]) + CENT


@pytest.mark.parametrize(
    ("name", "seed"),
    [(name, seed) if seed == QUICK[name] else pytest.param(name, seed, marks=pytest.mark.slow)
     for name, case in CASES.items() if case.truck for seed in SEEDS[name]],
)  # fmt: skip
def test_nobody_gains_by_a_truck_more_than_the_gap_that_the_honest_plan_states(name: str, seed: int) -> None:
    # What an overstatement brings about is a plan too: it costs at least the bound, and nobody else pays for it.
    truth = honest(name, seed)[0]
    stated = consolidated(truth, no_limits(len(truth.problem.moves))).found.over_bound
    for factor in INFLATED:
        assert gain(name, seed, factor) <= stated + CENT
