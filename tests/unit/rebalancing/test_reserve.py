"""What a site keeps for those that it serves, by how far these are surprised together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing import reserve
from assets.rebalancing.item_sites import ItemSites
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.slower_ways import cost_of_deciding_early

HORIZON = 6
RATES = (9.0, 4.0, 16.0)


def pooled(correlation: float, rates: tuple[float, ...] = RATES) -> Problem:
    """A warehouse with two suppliers that serves stores."""
    names = [f"s{k}" for k in range(len(rates))]
    row = {"item_id": "i", "holding_cost_per_unit_bucket": 0.1, "shortage_cost_per_unit": 9.0, "review_days": 1}
    stores = [{**row, "site_id": name, "receipt_kind": "transfer", "source_id": "w"} for name in names]
    bought = {"item_id": "i", "site_id": "w"}
    network = snapshot(
        [{**row, "site_id": "w", "echelon": 1}, *stores],
        [
            told
            for name, rate in zip(names, rates, strict=True)
            for told in poisson_forecast("i", name, rate, HORIZON, correlation=correlation)
        ],
        lanes=[{"origin_id": "w", "destination_id": name} for name in names],
        sourcing=[
            {**bought, "supplier_id": "fast", "quoted_lead_time_days": 1, "unit_cost": 10.0},
            {**bought, "supplier_id": "slow", "quoted_lead_time_days": 3, "unit_cost": 9.8},
        ],
    )
    return build_problem(network, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)


def row_of(item_sites: ItemSites, site: str) -> int:
    return int(np.flatnonzero(item_sites.site == item_sites.site_ids.index(site))[0])


def worth(correlation: float, rates: tuple[float, ...] = RATES) -> tuple[np.ndarray, np.ndarray]:
    """Breakpoints of the warehouse's reserve and what it is worth there, by bucket."""
    item_sites = pooled(correlation, rates).item_sites
    buckets = np.arange(HORIZON)
    at, worth, _ = reserve.curve(reserve.pool_demand(item_sites), np.full(HORIZON, row_of(item_sites, "w")), buckets)
    return at, worth


@pytest.mark.parametrize("correlation", [0.25, 1.0])
def test_the_variance_of_a_pool_lies_between_independence_and_one_shock(correlation: float) -> None:
    item_sites = pooled(correlation).item_sites
    deviation = np.sqrt(np.array(RATES)[:, None] * np.arange(1, HORIZON + 1))
    expected = (1 - correlation) * (deviation**2).sum(axis=0) + correlation * deviation.sum(axis=0) ** 2
    assert reserve.pooled_variance(item_sites)[row_of(item_sites, "w")] == pytest.approx(expected)


def test_sites_that_stray_independently_pool_to_the_bit_as_variances_add_up() -> None:
    item_sites = pooled(0.0).item_sites
    np.testing.assert_array_equal(
        reserve.pooled_variance(item_sites), reserve.with_below(item_sites, item_sites.std**2)
    )


def test_a_pool_of_one_site_is_unchanged() -> None:
    (at, apart), (at_too, together) = worth(0.0, (9.0,)), worth(0.8, (9.0,))
    np.testing.assert_array_equal(at, at_too)
    np.testing.assert_allclose(together, apart, rtol=1e-9)


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_reserve_is_worth_no_less_where_sites_stray_together_more(one: float, other: float) -> None:
    less, more = sorted((one, other))
    for (at, low), (at_more, high) in zip(zip(*worth(less), strict=True), zip(*worth(more), strict=True), strict=True):
        # Curves break where their own deviations are; breakpoints of both are told by neither alone.
        x = np.unique(np.concatenate([at, at_more]))
        assert (np.interp(x, at_more, high) >= np.interp(x, at, low) - 0.02 * high[-1]).all()
        assert high[-1] >= low[-1] - 1e-9


@given(st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_reserve_is_concave_however_far_sites_stray_together(correlation: float) -> None:
    for at, gained in zip(*worth(correlation), strict=True):
        wide = np.flatnonzero(np.diff(at) > 0)
        assert (np.diff(np.diff(gained)[wide] / np.diff(at)[wide]) <= 1e-9).all()


def test_deciding_early_for_a_warehouse_costs_more_where_its_stores_stray_together() -> None:
    found = []
    for correlation in (0.0, 0.5):
        made = pooled(correlation)
        moves = replace(made.moves, early=np.zeros(len(made.moves)))
        cost = cost_of_deciding_early(made.item_sites, moves)
        found.append(cost[(moves.source_id == "slow") & (moves.bucket == 0)])
    assert len(found[0])
    assert (found[1] > found[0] * 1.2).all()
