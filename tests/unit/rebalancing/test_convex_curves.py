"""Curves are convex whatever the network: echelons, presentation minimums, lost sales or backorders, announcements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_worlds import problem
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.kernel.frames.decisions import ANNOUNCED_LINES
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import FREE_UNITS, Variant, solve_flows
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import build_problem

HORIZON = 5
ROUNDING = 1e-9
"""Currency a unit by which a slope may fall: sums of floating-point numbers."""


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """One item in one to three echelons: what buys, what it serves, and stores that help each other."""
    echelons, units = draw(st.integers(1, 3)), st.integers(0, 12)
    above = [f"w{k}" for k in range(echelons - 1, 0, -1)]
    stores = [f"s{k}" for k in range(draw(st.integers(1, 3)))]
    rows: list[dict[str, Any]] = []
    lanes = []
    for k, site in enumerate([*above, *stores]):
        told: dict[str, Any] = {"item_id": "i", "site_id": site, "available_units": draw(units),
                                "protection_units": draw(st.integers(0, 3)), "review_days": draw(st.integers(1, 3)),
                                "presentation_minimum_units": draw(st.sampled_from([0, 1, 5])),
                                "maximum_units": draw(st.sampled_from([None, 15])),
                                "shortage_cost_per_unit": draw(st.sampled_from([0.4, 3.0, 20.0]))}  # fmt: skip
        if k < len(above):
            told["echelon"] = len(above) - k
        source = above[k - 1] if 0 < k < len(above) else above[-1] if k and above else None
        if source:
            told |= {"receipt_kind": "transfer", "source_id": source}
            lanes.append({"origin_id": source, "destination_id": site, "quoted_transit_days": draw(st.integers(1, 2))})
        rows.append(told)
    lanes += [{"origin_id": one, "destination_id": two} for one in stores for two in stores if one != two]
    rates = st.sampled_from([0.1, 0.7, 2.0, 9.0])
    forecast = [row for site in stores for row in poisson_forecast("i", site, draw(rates), HORIZON)]
    buys = above[0] if above else stores[0]
    lead = draw(st.integers(1, 3))
    sourcing = [{"item_id": "i", "supplier_id": "sup", "site_id": buys, "quoted_lead_time_days": lead}]
    made = snapshot(rows, forecast, lanes=lanes, sourcing=sourcing)
    network = profile(HORIZON, lost_sales=draw(st.booleans()))
    return expand(build_problem(made, release=release(), profile=network, plan_date=PLAN_DATE))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(networks())
def test_slopes_never_fall_along_a_curve(net: Network) -> None:
    require_convex(net)


def require_convex(net: Network) -> None:
    """Require that slopes rise along every curve, in currency and in the integer costs of its arcs."""
    curves = net.curves
    same = (curves.row[1:] == curves.row[:-1]) & (curves.bucket[1:] == curves.bucket[:-1])
    assert same.any()
    assert (np.diff(curves.slope)[same] >= -ROUNDING).all()
    assert (curves.width > 0).all()
    on = np.flatnonzero(net.segment >= 0)
    arc = on[np.argsort(net.segment[on], kind="stable")]
    segment = net.segment[arc]
    following = (curves.row[segment[1:]] == curves.row[segment[:-1]]) & (
        curves.bucket[segment[1:]] == curves.bucket[segment[:-1]]
    )
    assert (np.diff(net.cost[arc])[following] >= 0).all()


@pytest.mark.parametrize("lost_sales", [True, False], ids=["lost sales", "backorders"])
def test_what_another_unit_of_an_order_saves_falls_with_its_units(lost_sales: bool) -> None:
    stores = [{"item_id": "i", "site_id": "dc", "echelon": 1, "available_units": 3}]
    stores += [{"item_id": "i", "site_id": site, "receipt_kind": "transfer", "source_id": "dc",
                "presentation_minimum_units": 4} for site in "ab"]  # fmt: skip
    forecast = [row for site in "ab" for row in poisson_forecast("i", site, 1.5, HORIZON)]
    lanes = [{"origin_id": "dc", "destination_id": site} for site in "ab"]
    sourcing = [{"item_id": "i", "supplier_id": "sup", "site_id": "dc", "quoted_lead_time_days": 1}]
    made = snapshot(stores, forecast, lanes=lanes, sourcing=sourcing)
    net = expand(
        build_problem(made, release=release(), profile=profile(HORIZON, lost_sales=lost_sales), plan_date=PLAN_DATE)
    )
    buys = np.flatnonzero(~net.problem.moves.is_transfer[net.first])
    assert len(buys) == 1
    require_rising(net, 0, int(buys[0]), np.arange(30))


@pytest.mark.parametrize("seed", [1, 2, 5])
@pytest.mark.parametrize("price", [0.5, 4.0])
def test_the_price_of_changing_what_was_announced_keeps_costs_convex(seed: int, price: float) -> None:
    lines = solve(problem(4, seed)).lines
    half = lines["quantity_units"] - lines["quantity_units"] // 2
    told = ANNOUNCED_LINES.conform(lines.assign(quantity_units=half, order_id="T-1", reason="told"))
    made = problem(4, seed, announced=told, announced_change_price=price)
    net, moves = expand(made), made.moves
    require_convex(net)
    announced = np.flatnonzero(moves.announced[net.first] > 0)
    assert len(announced)
    for place in announced.tolist():
        move = net.first[place]
        item, origin = int(made.item_sites.item[moves.destination[move]]), int(moves.origin[move])
        most = int(made.item_sites.available[origin]) if origin >= 0 else 30
        bend = int(moves.announced[move])
        cost = require_rising(net, item, place, np.arange(max(most, bend + 2) if origin < 0 else bend + 1))
        if origin < 0:
            # Where the announced quantity is passed, a unit that earned the price begins to pay it.
            steps = np.diff(cost)
            assert steps[bend] - steps[bend - 1] >= 2 * round(price * net.scale) - 64


def require_rising(net: Network, item: int, place: int, units: np.ndarray) -> np.ndarray:
    """Require that each further unit of a first-bucket move costs its item at least as much, everything else free."""
    mine = np.arange(net.first_start[item], net.first_start[item + 1])
    asked = np.where(mine == place, units[:, None], FREE_UNITS)
    cost = solve_flows(net, Variant(np.full(len(units), item), asked.ravel())).cost
    assert (np.diff(cost, n=2) >= 0).all(), cost
    return np.asarray(cost)
