"""Demand as the value curves see it: lost sales rolled, and the interval that an order placed now serves."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson
from small_networks import PLAN_DATE, frame, poisson_forecast, profile, release, snapshot

from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import INTERVAL_COLUMNS, QUANTILE_LEVELS
from assets.rebalancing import distribution
from assets.rebalancing.item_sites import ItemSites
from assets.rebalancing.problem import build_problem
from assets.rebalancing.projection import project, sold_by

ARRIVAL, RATE, HORIZON = 2, 5.0, 6
# As wide as if demand varied three times as much as the forecast's increments say.
WIDE = np.maximum(0.0, RATE + 3.0 * (poisson.ppf(np.array(QUANTILE_LEVELS), RATE) - RATE))


def item_sites(available: int, first: int = ARRIVAL, last: int = ARRIVAL, **told: float) -> ItemSites:
    row = {"item_id": "i", "site_id": "a"}
    told = {"mean_units": RATE, "std_units": 3.0 * np.sqrt(RATE), **told}
    told |= dict(zip(INTERVAL_COLUMNS, WIDE, strict=True))
    published = {"first_bucket": first, "last_bucket": last, "protection_mean_units": 0.0, "protection_std_units": 0.0}
    network = snapshot(
        [{**row, "available_units": available}],
        poisson_forecast("i", "a", RATE, HORIZON),
        sourcing=[{"item_id": "i", "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": ARRIVAL}],
    )
    network = replace(network, protection_demand=frame(PROTECTION_DEMAND, [{**row, **published, **told}]))
    return build_problem(network, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE).item_sites


def knots(sites: ItemSites, *, lost_sales: bool = True) -> np.ndarray:
    return project(sites, np.array([ARRIVAL]), lost_sales).knots[0]


def without(sites: ItemSites) -> ItemSites:
    none = replace(sites.protection_demand, first=np.array([-1]), last=np.array([-1]))
    return replace(sites, protection_demand=none)


def test_an_empty_shelf_leaves_the_order_the_interval_s_own_distribution():
    assert knots(item_sites(0))[ARRIVAL] == pytest.approx(distribution.knots(WIDE))


def test_where_nothing_is_lost_the_bucket_keeps_the_published_cumulative_distribution():
    sites = item_sites(500)
    assert knots(sites)[ARRIVAL] == pytest.approx(distribution.knots(sites.quantiles[0, ARRIVAL]), abs=0.6)


def test_the_other_buckets_are_as_without_it():
    sites = item_sites(8)
    there, gone = knots(sites), knots(without(sites))
    others = [bucket for bucket in range(HORIZON) if bucket != ARRIVAL]
    assert (there[others] == gone[others]).all()
    assert there[ARRIVAL][11] > gone[ARRIVAL][11]


@pytest.mark.parametrize("told", [{"first": 1, "last": 1}, {"last": HORIZON}, {"std_units": 0.0}])
def test_demand_of_other_buckets_or_without_a_spread_is_not_used(told):
    sites = item_sites(0, **told)
    assert (knots(sites) == knots(without(sites))).all()


def test_with_backorders_nothing_is_rolled_and_cumulative_demand_stands():
    sites = item_sites(0)
    assert (knots(sites, lost_sales=False) == knots(without(sites), lost_sales=False)).all()


@pytest.mark.parametrize("available", [0, 3, 12, 40])
def test_knots_never_cross(available):
    assert (np.diff(knots(item_sites(available, last=ARRIVAL + 1)), axis=1) >= 0.0).all()


def test_what_is_sold_by_a_bucket_does_not_depend_on_how_far_others_are_rolled():
    sites = [{"item_id": "i", "site_id": s, "available_units": u} for s, u in (("a", 3), ("b", 9))]
    told = snapshot(sites, [row for site in "ab" for row in poisson_forecast("i", site, 1.5, 6)])
    item_sites = build_problem(told, release=release(), profile=profile(6), plan_date=PLAN_DATE).item_sites
    (mean, variance), (some_mean, some_variance) = (sold_by(item_sites, np.array(u)) for u in ((4, 4), (2, 4)))
    np.testing.assert_allclose(some_mean[1], mean[1])
    np.testing.assert_allclose(some_variance[1], variance[1])
    np.testing.assert_allclose(some_mean[0, :3], mean[0, :3])
    np.testing.assert_allclose(some_variance[0, :3], variance[0, :3])
    assert not some_mean[0, 3:].any()


@pytest.mark.parametrize("receipt", [1, 2, 4])
def test_a_unit_before_a_known_receipt_saves_one_lost_unit_although_there_is_stock_afterwards(receipt):
    # An empty shelf, 5 units asked for a day; 500 come before a new order could.
    sites, day = item_sites(0), np.arange(HORIZON)
    known = np.where(day >= receipt, 500, 0)[None, :]
    found = project(replace(sites, known_supply=known), np.array([5]), lost_sales=True)
    short = [
        distribution.expected_shortage(found.knots[0], (known + more)[0, :, None].astype(float)) for more in (0, 1)
    ]
    saved = (found.weight[0] * (short[0] - short[1]).ravel())[:5].sum()
    assert saved == pytest.approx(1.0, abs=0.01)


def test_a_unit_that_two_stretches_want_is_not_counted_in_both():
    # Demand of 5 a day, 5 due on every day: about one unit short or so at the end of each.
    sites, day = item_sites(5), np.arange(HORIZON)
    known = 5 * (day + 1)[None, :]
    found = project(replace(sites, known_supply=known), np.array([5]), lost_sales=True)
    short = [
        distribution.expected_shortage(found.knots[0], (known + more)[0, :, None].astype(float)) for more in (0, 1)
    ]
    each = (short[0] - short[1]).ravel()[:5]
    assert (found.weight[0][:5] * each).sum() <= 1.0
    assert each.sum() > 1.0
