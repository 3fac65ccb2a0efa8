"""What early arrivals sell before a normal order could come, and that later supply does not count on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import PLAN_DATE, certain_forecast, profile, release, snapshot

from assets.rebalancing import lots
from assets.rebalancing.costs import Costs
from assets.rebalancing.early_sales import early_moves, expand_knowing_sales, sold_early
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.projection import Projection

HORIZON, RATE, HOLDING, ORDERED, SENT = 8, 5.0, 0.2, 3, 1


def problem(*, lost_sales: bool = True, surplus: int = 16) -> Problem:
    """A store without stock that orders to come in bucket 3, and one with a surplus that reaches it in bucket 1."""
    costs = {"holding_cost_per_unit_bucket": HOLDING, "shortage_cost_per_unit": 3.0}
    rows: list[dict[str, Any]] = [
        {"item_id": "i", "site_id": "full", "available_units": surplus, **costs},
        {"item_id": "i", "site_id": "needs", "available_units": 0, **costs},
    ]
    forecast = certain_forecast("i", "full", [0.1] * HORIZON) + certain_forecast("i", "needs", [RATE] * HORIZON)
    sourcing = [
        {"item_id": "i", "supplier_id": "s", "site_id": site, "quoted_lead_time_days": ORDERED, "unit_cost": 1.0}
        for site in ("full", "needs")
    ]
    lanes = [{"origin_id": "full", "destination_id": "needs", "quoted_transit_days": SENT, "cost_per_unit": 0.1}]
    network = snapshot(rows, forecast, sourcing=sourcing, lanes=lanes)
    told = profile(HORIZON, lost_sales=lost_sales)
    return build_problem(network, release=release(), profile=told, plan_date=PLAN_DATE)


def ordered(network: Network) -> int:
    moves, units = network.problem.moves, lots.relaxed_optimum(network).units
    return int(units[moves.kind[network.first] == "purchase"].sum())


def sent(network: Network) -> int:
    units = lots.relaxed_optimum(network).units
    return int(units[network.problem.moves.lateral[network.first]].sum())


def projection(gap: list[float]) -> Projection:
    nothing = np.zeros((1, 2))
    early = np.array([[True, False]])
    return Projection(np.zeros((1, 2, 15)), nothing, nothing, ~early, early, np.sort(np.array([gap])))


def test_an_order_replaces_what_an_early_transfer_sells() -> None:
    made = problem()
    unaware, aware = expand(made), expand_knowing_sales(made)
    # All that is sent is sold in buckets 1 and 2, and lost without it: the order is for bucket 3 either way.
    assert sent(unaware) == sent(aware) == RATE * (ORDERED - SENT)
    assert ordered(unaware) == 0
    assert ordered(aware) == ordered(expand(problem(surplus=0))) == RATE


def test_a_plan_costs_what_it_did_but_for_holding_units_that_were_sold() -> None:
    made = problem()
    networks = (expand(made), expand_knowing_sales(made))
    waits = [Costs.of(network, lots.evaluate(network, 0 * network.first)).total for network in networks]
    best = [Costs.of(network, lots.relaxed_optimum(network)).total for network in networks]
    # Of ten units that were sold by bucket 3 the other network still holds five at its end.
    assert best[1] == pytest.approx(best[0] - HOLDING * RATE, abs=1e-6)
    assert best[1] < min(waits)


def test_curves_stay_convex_and_the_same_problem_gives_the_same_bits() -> None:
    once, again = expand_knowing_sales(problem()), expand_knowing_sales(problem())
    curves = once.curves
    same = (np.diff(curves.row) == 0) & (np.diff(curves.bucket) == 0)
    assert (np.diff(curves.slope)[same] >= -1e-9).all()
    assert np.array_equal(once.cost, again.cost)
    assert once.fixed_amount == again.fixed_amount


def test_where_demand_waits_or_nothing_is_sent_early_the_network_is_as_it_was() -> None:
    for made in (problem(lost_sales=False), problem(surplus=0)):
        unaware, aware = expand(made), expand_knowing_sales(made)
        for name in ("cost", "capacity", "supply"):
            assert np.array_equal(getattr(unaware, name), getattr(aware, name))


def test_a_transfer_on_a_departure_with_a_fixed_cost_is_not_counted_on() -> None:
    made = problem()
    assert early_moves(made).any()
    shared = replace(made.moves, spread=np.where(made.moves.lateral, 0.5, 0.0))
    assert not early_moves(replace(made, moves=shared)).any()


@given(st.lists(st.floats(-50, 50), min_size=15, max_size=15), st.floats(-30, 30), st.floats(0, 20))
def test_units_sold_early_are_at_most_those_that_come_and_rise_with_them(
    gap: list[float], first: float, more: float
) -> None:
    law = projection(gap)
    few, many = (sold_early(law, np.array([u]))[0] for u in (first, first + more))
    assert abs(few) <= abs(first) + 1e-9
    assert few * first >= -1e-9
    assert -1e-9 <= many - few <= more + 1e-9


def test_of_a_known_gap_of_four_units_four_are_sold_early() -> None:
    law = projection([4.0] * 15)
    assert [sold_early(law, np.array([u]))[0] for u in (0.0, 3.0, 4.0, 9.0, -2.0)] == [0.0, 3.0, 4.0, 4.0, -2.0]
