"""Lateral units that are believed less: they go only where they are told to save more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.credibility import cost_of_disbelief
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem, build_problem


def _problem(credibility: float) -> Problem:
    """Return two stores, one with plenty and one with nothing, and a van between them at 2 a unit."""
    stores = ("full", 40), ("empty", 0)
    seen = snapshot(
        [
            {
                "item_id": "i1",
                "site_id": site,
                "on_hand_units": units,
                "available_units": units,
                "position_units": units,
            }
            for site, units in stores
        ],
        [row for site, _ in stores for row in poisson_forecast("i1", site, 2.0, 6)],
        lanes=[{"origin_id": "full", "destination_id": "empty", "cost_per_unit": 2.0}],
        sourcing=[{"item_id": "i1", "supplier_id": "supplier", "site_id": site} for site, _ in stores],
    )
    rules = release(minimum_gain_amount=0.0, cool_down_days=0, lateral_credibility=credibility)
    return build_problem(seen, release=rules, profile=profile(6), plan_date=PLAN_DATE)


MOVES = _problem(1.0).moves


def _moved(credibility: float) -> int:
    lines = solve(_problem(credibility)).lines
    return int(lines.loc[lines["origin_id"] == "full", "quantity_units"].sum())


def test_full_credibility_costs_nothing() -> None:
    assert not cost_of_disbelief(MOVES, 1.0).any()


def test_only_lateral_units_are_disbelieved_by_what_they_pay_to_move() -> None:
    moves = MOVES
    cost = cost_of_disbelief(moves, 0.5)
    freight = moves.usual_transport + moves.under_way
    assert moves.lateral.any()
    assert cost == pytest.approx(np.where(moves.lateral, freight, 0.0))


@given(st.lists(st.floats(0.05, 1.0), min_size=2, max_size=2))
def test_the_less_is_believed_the_dearer_is_a_unit(shares: list[float]) -> None:
    low, high = sorted(shares)
    assert (cost_of_disbelief(MOVES, low) >= cost_of_disbelief(MOVES, high)).all()


def test_fewer_units_move_the_less_they_are_believed() -> None:
    moved = [_moved(share) for share in (1.0, 0.6, 0.1)]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > moved[-1] == 0


def test_the_bound_stays_below_the_cost() -> None:
    plan = solve(_problem(0.6))
    assert plan.bound <= plan.cost + 1e-9
    assert expand_knowing_sales(_problem(0.6)).items == 1
