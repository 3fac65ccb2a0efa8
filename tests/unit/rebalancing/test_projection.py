"""Demand as the value curves see it: lost sales rolled, and the interval that an order placed now serves."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson
from small_networks import PLAN_DATE, certain_forecast, frame, poisson_forecast, profile, release, snapshot

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


def saved_before(available: int, known: np.ndarray, arrival: int, more: int, comes: int = 0) -> float:
    """Units lost before ``arrival`` that ``more`` units would save which come in bucket ``comes``, and none sooner."""
    sites = replace(item_sites(available), known_supply=known[None, :])
    found = project(sites, np.array([arrival]), lost_sales=True, earliest=np.array([comes]))
    lost = [distribution.expected_shortage(found.gap, np.array([[float(u)]]))[0, 0] for u in (0, more)]
    assert found.early[0].sum() == arrival
    return float((lost[0] - lost[1]) * found.weight[0, comes:arrival].sum())


@pytest.mark.parametrize("receipt", [1, 2, 4])
def test_a_unit_before_a_known_receipt_saves_one_lost_unit_although_there_is_stock_afterwards(receipt):
    # An empty shelf, 5 units asked for a day; 500 come before a new order could.
    known = np.where(np.arange(HORIZON) >= receipt, 500, 0)
    assert saved_before(0, known, 5, 1) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("more", [1, 2, 5, 20])
def test_no_unit_saves_more_than_one_although_every_receipt_leaves_some_short(more):
    # Demand of 5 a day, 5 due on every day: about one unit short or so at the end of each.
    known = 5 * (np.arange(HORIZON) + 1)
    assert 0.0 < saved_before(5, known, 5, more) <= more


def test_what_is_lost_is_the_most_by_which_demand_is_ahead_of_supply():
    # Known demand of 5 a day. 12 on hand and 20 due on the fourth day: 3 are lost by then, and after
    # that day's 5, as the 15 that are left last three days, nothing more.
    sites = build_problem(
        snapshot(
            [{"item_id": "i", "site_id": "a"}],
            certain_forecast("i", "a", [5.0] * HORIZON),
        ),
        release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE,
    ).item_sites  # fmt: skip
    known = np.array([[12, 12, 12, 32, 32, 32]])
    found = project(replace(sites, known_supply=known), np.array([HORIZON]), lost_sales=True)
    assert found.gap[0] == pytest.approx(3.0)
    assert found.weight[0] == pytest.approx([0.0, 0.0, 1.0, 0.0, 0.0, 0.0], abs=1e-5)


def test_what_comes_later_saves_what_is_lost_from_then_on():
    # An empty shelf for two days: about 5 units of the second day are there to be saved.
    known = np.where(np.arange(HORIZON) >= 2, 500, 0)
    assert saved_before(0, known, 5, 2, comes=1) == pytest.approx(2.0, abs=0.2)
    assert saved_before(0, known, 5, 50, comes=1) == pytest.approx(RATE, abs=0.3)
    assert saved_before(0, known, 5, 4, comes=2) == pytest.approx(0.0, abs=1e-6)


def test_what_is_given_away_is_missed_once_at_most():
    known = np.full(HORIZON, 12)
    found = -saved_before(12, known, 4, -6)
    assert 0.0 < found <= 6.0
