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
from assets.rebalancing.projection import project

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
