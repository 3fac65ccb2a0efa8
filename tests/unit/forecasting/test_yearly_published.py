"""What is published beside the forecast knows the season of the year too: estimates of the past, and groups."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import PLAN_DATE, demand_rows
from unit.forecasting.yearly_worlds import DAILY, THREE_YEARS, network, swing

from assets.forecasting.demand_estimate import demand_estimate
from assets.forecasting.hierarchy.forecast import forecast_hierarchy
from assets.forecasting.hierarchy.hierarchy import LEVELS

LEVEL, HORIZON, PUBLISHED = 20.0, 28, 182
STORES = 3


@pytest.fixture(scope="module")
def mean() -> np.ndarray:
    return np.tile(LEVEL * swing(), (4 * STORES, 1))


def estimated(mean: Sequence[np.ndarray], release) -> pd.DataFrame:
    """Return the estimates of days on which nothing could be sold, every tenth by turns, beside the truth."""
    random, rows = np.random.default_rng(6), []
    for place, of in enumerate(mean):
        empty = np.arange(len(of)) % 10 == place % 10
        units = np.where(empty, 0, random.poisson(of))
        rows.append(demand_rows(units, item=f"item-{place % 4}", site=f"store-{place // 4}", censored=empty))
    demand = pd.concat(rows, ignore_index=True)
    ranged = demand[["item_id", "site_id"]].drop_duplicates().assign(demand_segment="smooth")
    table = demand_estimate(demand, ranged, release, DAILY, PLAN_DATE, horizon_buckets=HORIZON).estimate
    ago = (pd.Timestamp(PLAN_DATE) - table["bucket_start"]).dt.days.to_numpy()
    return table.assign(ago=ago, truth=mean[0][len(mean[0]) - ago])


def test_what_a_stock_out_hid_is_estimated_in_season(release, mean):
    table = estimated(mean, release)
    table = table[table["is_censored"]]
    assert len(table) == pytest.approx(len(mean) * PUBLISHED / 10, abs=len(mean))
    assert table["truth"].min() < 0.25 * LEVEL < 0.9 * LEVEL < table["truth"].max()
    monthly = table.groupby(table["ago"] // 28)[["estimated_units", "truth", "lost_units"]].mean()
    assert monthly["estimated_units"].to_numpy() == pytest.approx(monthly["truth"].to_numpy(), rel=0.08)
    assert monthly["lost_units"].to_numpy() == pytest.approx(monthly["truth"].to_numpy(), rel=0.08)


def test_an_estimate_is_as_sure_as_its_day_of_the_season_lets_it_be(release, mean):
    table = estimated(mean, release)
    table = table[table["is_censored"]]
    low, high = (table[part] for part in (table["truth"] < 0.3 * LEVEL, table["truth"] > 0.8 * LEVEL))
    poisson = [np.sqrt(part["truth"]).mean() for part in (low, high)]
    assert [part["estimated_std_units"].mean() for part in (low, high)] == pytest.approx(poisson, rel=0.25)


@pytest.mark.parametrize("turned", [0.0, 0.25, 0.5])
def test_the_estimate_of_a_young_series_is_as_sure_as_that_of_an_old_one(release, turned):
    """Twelve series of three years tell the season, twelve of 120 days that met one part of it follow it."""
    mean = LEVEL * (1.0 + 0.8 * np.sin(2.0 * np.pi * (np.arange(-THREE_YEARS, 0) / 365.25 + turned)))
    table = estimated([mean] * 12 + [mean[-120:]] * 12, release)
    table = table[table["is_censored"] & (table["ago"] <= 120)]
    young = table["site_id"].isin([f"store-{place}" for place in range(3, 6)])
    for part in (table[young], table[~young]):
        poisson = np.sqrt(part["truth"]).mean()
        assert part["estimated_std_units"].mean() == pytest.approx(poisson, rel=0.08)


def test_nothing_stands_out_for_the_season(release, mean):
    assert (estimated(mean, release)["anomaly"] == "").all()


@pytest.fixture(scope="module")
def published(mean, release):
    world = network(mean, horizon=HORIZON)
    names = [f"item-{place}" for place in range(4)]
    items = pd.DataFrame({"item_id": names, "category": ["a", "a", "b", "b"]})
    sites = pd.DataFrame(
        {"site_id": [f"store-{place}" for place in range(STORES)], "region": ["north", "north", "south"]}
    )
    made = world.forecast(release, items=items.assign(unit_price=1.0))
    found = forecast_hierarchy(
        made.forecast, world.demand, items, sites, release, DAILY, PLAN_DATE, tested=made.selection.tested
    )
    return made.forecast, found


def test_groups_of_a_network_with_a_season_are_the_sums_of_its_item_sites(published):
    bottom, found = published
    groups = found.forecast
    for level, name in (("site", "site_id"), ("item", "item_id")):
        of_members = bottom.groupby([name, "bucket_index"])["mean_units"].sum()
        of_level = groups[groups["level"] == level].set_index(["member", "bucket_index"])["mean_units"]
        assert of_level.to_numpy() == pytest.approx(of_members.loc[of_level.index.tolist()].to_numpy())
    whole = groups.groupby(["level", "bucket_index"])["mean_units"].sum().unstack()
    assert whole.to_numpy() == pytest.approx(np.tile(whole.loc["network"], (len(LEVELS), 1)))


def test_groups_are_forecast_in_season_by_their_own_models_and_by_sums(published):
    groups = published[1].forecast
    truth = 4 * STORES * LEVEL * swing(0, horizon=HORIZON)
    network_rows = groups[groups["level"] == "network"].sort_values("bucket_index")
    assert network_rows["mean_units"].to_numpy() == pytest.approx(truth, rel=0.08)
    assert network_rows["base_mean_units"].to_numpy() == pytest.approx(truth, rel=0.08)
    assert network_rows["mean_units"].iloc[-7:].sum() > 1.15 * network_rows["mean_units"].iloc[:7].sum()
