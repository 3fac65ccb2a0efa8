"""Items all alike under one limit: the plan is as good as it says, nobody is favoured, and no order matters."""

from __future__ import annotations

import numpy as np
import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market import kinds
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.settlement import Settlement
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.problem import build_problem

HORIZON = 4
SIZES = [60, 1_000]


def alike(items: int, multiple: int, *, shuffle: bool = False) -> Network:
    """Return items that differ in nothing but their names, each at one site, all from one supplier."""
    names = [f"i{k:04d}" for k in range(items)]
    stores = [{"item_id": item, "site_id": "a", "available_units": 1, "source_id": "sup", "shortage_cost_per_unit": 6.0}
              for item in names]  # fmt: skip
    forecast = [row for item in names for row in poisson_forecast(item, "a", 2.0, HORIZON)]
    sourcing = [{"item_id": item, "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": 1, "unit_cost": 4.0,
                 "order_multiple_units": multiple} for item in names]  # fmt: skip
    if shuffle:
        rng = np.random.default_rng(1)
        for rows in (stores, forecast, sourcing):
            rng.shuffle(rows)  # type: ignore[arg-type]
    made = snapshot(stores, forecast, sourcing=sourcing)
    return expand(build_problem(made, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE))


def settled(net: Network, most: float) -> tuple[Settlement, Ints]:
    """Return what a market of ``most`` units from the supplier today comes to, and today's units by item."""
    problem = net.problem
    found = negotiate(net, kinds.supplier_capacity(problem, "sup", 0, most))
    units = np.zeros(net.items, dtype=np.int64)
    np.add.at(units, problem.item_sites.item[problem.moves.destination[net.first]], found.units[net.first])
    return found, units


def least_cost(net: Network, most: float, multiple: int) -> float:
    """Return the least cost: lots go one by one to whichever item saves most by its next, all alike."""
    one = Variant(np.zeros(16, dtype=np.int64), np.arange(16) * multiple)
    cost = solve_flows(net, one).cost
    saving = np.maximum(0, -np.diff(cost))
    assert (np.diff(saving) <= 0).all(), "what a lot saves falls with the lots before it"
    lots = int(most // multiple)
    each = np.sort(np.repeat(saving, net.items))[::-1][:lots]
    return net.fixed_amount + (float(cost[0]) * net.items - float(each.sum())) / net.scale


@pytest.mark.parametrize("multiple", [1, 3])
@pytest.mark.parametrize("items", SIZES)
def test_items_alike_share_a_limit_to_a_lot_within_the_stated_gap_and_in_any_order(items: int, multiple: int) -> None:
    most = float(round(1.7 * items) + 0.5)
    net = alike(items, multiple)
    (found, units), (turned, other) = settled(net, most), settled(alike(items, multiple, shuffle=True), most)
    best = least_cost(net, most, multiple)
    assert breaches(kinds.supplier_capacity(net.problem, "sup", 0, most), found.units) == []
    assert found.bound <= best + 1e-6 * abs(best)
    assert best - 1e-6 * abs(best) <= found.cost <= best + found.gap * abs(found.cost) + 1e-6 * abs(best)
    assert units.max() - units.min() <= multiple
    assert units.sum() > most - multiple, "what is scarce is given out to the last lot"
    assert other.tobytes() == units.tobytes()
    assert turned.prices.tobytes() == found.prices.tobytes()
    assert (turned.cost, turned.bound, turned.transcript) == (found.cost, found.bound, found.transcript)
