"""Who gets what is scarce: whoever saves most by it, alike for those alike, and nobody more for saying more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market import kinds
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.problem import build_problem

HORIZON = 4
INFLATED = (1.1, 1.5, 2.0)


@dataclass(frozen=True)
class Outcome:
    """What a market came to, by item, of which each is of one site; and what site ``a`` pays."""

    units: Ints
    paid: float
    price: float


def world(items: int, of_site: int, seed: int, *, factor: float = 1.0, alike: bool = False) -> Network:
    """Return items that buy from one supplier, the first ``of_site`` of them for site ``a``, the others for ``b``.

    Site ``a`` says that a shortage costs ``factor`` times what it does.
    """
    rng = np.random.default_rng(seed)
    stores, forecast, sourcing = [], [], []
    for k in range(items):
        item, site = f"i{k:02d}", "a" if k < of_site else "b"
        price, stock, rate, cost = rng.uniform(3, 9), rng.integers(0, 4), rng.choice([0.5, 1.0, 2.0, 3.0]), 4.0
        if alike:
            price, stock, rate = 6.0, 1, 2.0
        stores.append({"item_id": item, "site_id": site, "available_units": int(stock), "source_id": "sup",
                       "shortage_cost_per_unit": float(price) * (factor if site == "a" else 1.0)})  # fmt: skip
        forecast += poisson_forecast(item, site, float(rate), HORIZON)
        sourcing.append({"item_id": item, "supplier_id": "sup", "site_id": site, "quoted_lead_time_days": 1,
                         "unit_cost": cost})  # fmt: skip
    made = snapshot(stores, forecast, sourcing=sourcing)
    return expand(build_problem(made, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE))


def settle(network: Network, most: float) -> Outcome:
    """Return what a market of ``most`` units from the supplier comes to."""
    problem = network.problem
    found = negotiate(network, kinds.supplier_capacity(problem, "sup", 0, most))
    item = problem.item_sites.item[problem.moves.destination]
    units = np.zeros(network.items, dtype=np.int64)
    np.add.at(units, item[network.first], found.units[network.first])
    paid = found.paid[problem.item_sites.site_ids.index("a")]
    return Outcome(units, float(paid), float(found.prices[0]))


def surplus(truth: Network, outcome: Outcome, of_site: int) -> float:
    """Return what the items of site ``a`` really save by what they got, less what it pays."""
    everybody, nothing = np.arange(truth.items), np.zeros_like(outcome.units)
    still = solve_flows(truth, Variant(everybody, nothing)).cost
    saved = (still - solve_flows(truth, Variant(everybody, outcome.units)).cost) / truth.scale
    return float(saved[:of_site].sum() - outcome.paid)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("of_site", "share"), [(2, 0.5), (12, 0.6)], ids=["a small site", "half of the network"])
def test_a_site_that_inflates_its_needs_is_not_better_off(seed: int, of_site: int, share: float) -> None:
    truth = world(24, of_site, seed)
    most = share * 48
    honest = surplus(truth, settle(truth, most), of_site)
    for factor in INFLATED:
        said = surplus(truth, settle(world(24, of_site, seed, factor=factor), most), of_site)
        assert said <= 1.01 * honest, f"inflated by {factor}"


@pytest.mark.parametrize("seed", range(3))
def test_those_who_lose_what_is_scarce_would_have_saved_less_by_it_than_its_price(seed: int) -> None:
    network = world(24, 12, seed)
    found = settle(network, 20.0)
    assert found.price > 0
    assert found.units.sum() == 20
    everybody = np.arange(network.items)
    cost = [solve_flows(network, Variant(everybody, np.maximum(0, found.units + more))).cost for more in (-1, 0, 1)]
    last, next_one = (cost[0] - cost[1]) / network.scale, (cost[1] - cost[2]) / network.scale
    # Whoever has a unit values it at least as much as whoever would have the next one.
    assert last[found.units > 0].min() >= next_one.max() - 1e-6


@pytest.mark.parametrize("most", [5.0, 8.0, 13.0])
def test_of_items_alike_none_gets_two_units_more_than_another(most: float) -> None:
    found = settle(world(6, 3, 0, alike=True), most)
    assert found.units.sum() == most
    assert found.units.max() - found.units.min() <= 1
