"""Saying that needs are larger does not pay: with two limits, with order multiples, and where it calls a truck.

A site scales its shortage cost; what it ends with is measured at its true cost, net of what it pays:
the prices of the room that it takes, and the bills of the departures that leave for it.
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
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market import kinds
from assets.rebalancing.market.limits import Limits, no_limits, together
from assets.rebalancing.market.negotiate import negotiate
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
SEEDS = {name: range(8) if case.truck else range(12) for name, case in CASES.items()}

PRICE = "the price knows no lots: it fell with the claim, for the same units"
SHARE = "units decide by the share of a truck filled by half: the plan for true needs leaves room that is paid for"
BROKEN = {
    ("lots of three", 0, 1.1): f"gains 0.40 on 11.30; {PRICE} (2.016, then 1.989)",
    ("lots of three", 7, 1.1): f"gains 0.25 on 10.00; {PRICE} (1.946, then 1.904)",
    ("lots of four and two limits", 5, 1.1): f"gains 0.19 on 15.51; {PRICE}",
    ("lots of four and two limits", 10, 1.1): f"gains 0.43 on 1.15; {PRICE}",
    ("lots of four and two limits", 11, 1.1): f"gains 0.59 on 20.16; {PRICE}",
    ("a truck", 3, 1.5): f"gains 2.98 on 78.43; {SHARE}",
    ("a truck", 5, 1.5): f"gains 1.32 on 90.36; {SHARE}",
    ("a dear truck", 4, 1.5): f"gains 5.63 on 155.56; {SHARE}",
    ("a dear truck", 4, 2.0): f"gains 3.51 on 155.56; {SHARE}",
}
"""Cases known to break the law, with what the site gains; each fails the day it no longer does."""


def cases() -> list[Any]:
    """Return every case, seed and factor; one seed of each is quick."""
    found = []
    for name, case in CASES.items():
        for seed in SEEDS[name]:
            for factor in INFLATED:
                marks = [] if seed == (4 if case.truck else 0) else [pytest.mark.slow]
                why = BROKEN.get((name, seed, factor))
                if why is not None:
                    marks.append(pytest.mark.xfail(reason=why, raises=AssertionError, strict=True))
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


def decided(network: Network, case: Case) -> tuple[Ints, Floats]:
    """Return today's units of every move, and what each item pays for them beside goods and freight."""
    problem, limits = network.problem, case.limits(network.problem)
    today = np.zeros(len(problem.moves), dtype=bool)
    today[network.first] = True
    if case.truck:
        units = np.where(today, consolidated(network, limits).found.every_unit, 0)
        assert problem.departures is not None
        # Of the bill the units have paid a share already, the one by which they decide.
        pays = problem.departures.shares(units) - problem.departures.spread * units
    else:
        found = negotiate(network, limits)
        units = np.where(today, found.units, 0)
        pays = (limits.ordered().use.T @ found.prices) * units
    paid = np.bincount(problem.item_sites.item[problem.moves.destination], weights=pays, minlength=network.items)
    return units[network.first], paid


def surplus(truth: Network, units: Ints, paid: Floats) -> float:
    """Return what the site's items really save by their units, less what they pay."""
    everybody = np.arange(truth.items)
    still = solve_flows(truth, Variant(everybody, np.zeros_like(units))).cost
    saved = (still - solve_flows(truth, Variant(everybody, units)).cost) / truth.scale
    return float((saved - paid)[:OF_SITE].sum())


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
    [(name, 4) if seed == 4 else pytest.param(name, seed, marks=pytest.mark.slow)
     for name, case in CASES.items() if case.truck for seed in SEEDS[name]],
)  # fmt: skip
def test_nobody_gains_by_a_truck_more_than_the_gap_that_the_honest_plan_states(name: str, seed: int) -> None:
    # What an overstatement brings about is a plan too: it costs at least the bound, and nobody else pays for it.
    truth = honest(name, seed)[0]
    stated = consolidated(truth, no_limits(len(truth.problem.moves))).found.over_bound
    for factor in INFLATED:
        assert gain(name, seed, factor) <= stated + CENT
