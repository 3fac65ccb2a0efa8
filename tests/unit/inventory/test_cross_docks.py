"""Targets where the hub is a cross-dock: none there, and stores cover the way through it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assets.inventory.cross_docks import past_cross_docks
from assets.inventory.supply import LeadTimes

DOCK = {"hub": "cross_dock"}


def test_a_cross_dock_has_no_target_and_serves_nothing(network, release):
    hub = network.with_(kinds=DOCK, settings={**network.settings, ("i", "hub"): {"presentation_minimum_units": 5}})
    target = hub.target(release, "hub")
    assert target["base_stock_units"] == target["protection_units"] == target["protection_mean_units"] == 0
    assert network.target(release, "hub")["base_stock_units"] > 0


def test_a_store_behind_it_covers_the_way_from_the_supplier(network, release):
    target = network.with_(kinds=DOCK).target(release, "a")
    assert (target["receipt_kind"], target["source_id"]) == ("purchase", "maker")
    # Review of a day, 10 days to the dock, 2 to the store; 5 units a day.
    assert target["lead_time_mean_days"] == 12
    assert target["protection_mean_units"] == pytest.approx(5 * 13)
    assert target["base_stock_units"] == pytest.approx(stats.poisson(65).ppf(1 / 1.01), abs=1)


def test_it_is_reviewed_no_more_often_than_the_cross_dock(network, release):
    slow = {**network.settings, ("i", "hub"): {"review_days": 4}}
    target = network.with_(kinds=DOCK, settings=slow).target(release, "a")
    assert target["protection_mean_units"] == pytest.approx(5 * (4 + 12))
    assert network.with_(settings=slow).target(release, "a")["protection_mean_units"] == pytest.approx(5 * 3)


def test_lead_times_on_both_legs_and_the_wait_between_them_add_up_as_distributions(network, release):
    lanes = ({"origin_id": "hub", "destination_id": "a", "departure_days": "1"}, network.lanes[1])
    legs: list[dict[str, Any]] = [
        {"receipt_kind": "purchase", "source_id": "maker", "site_id": "hub", "mode": "supplier"},
        {"receipt_kind": "transfer", "source_id": "hub", "site_id": "a", "mode": "truck"},
    ]
    told = [
        {**leg, "lead_time_days": days, "probability": 0.5}
        for leg, both in zip(legs, ((8, 12), (1, 3)), strict=True)
        for days in both
    ]
    target = network.with_(kinds=DOCK, lanes=lanes, lead_times=tuple(told)).target(release, "a")
    # The wait for a Monday is 0 to 6 days, each as likely: mean 3, variance 4.
    assert target["lead_time_mean_days"] == pytest.approx(10 + 3 + 2)
    assert target["lead_time_std_days"] == pytest.approx((4 + 4 + 1) ** 0.5)


def test_a_chain_of_cross_docks_is_seen_through_and_one_without_a_source_brings_nothing():
    settings = pd.DataFrame(
        {"item_id": "i", "site_id": ["a", "x", "y"], "site_kind": ["store", "cross_dock", "cross_dock"],
         "echelon": [0, 1, 2], "lifecycle": "active", "review_days": [1, 7, 2]}
    )  # fmt: skip
    sources = settings[["item_id", "site_id"]].assign(
        receipt_kind=["transfer", "transfer", "purchase"], source_id=["x", "y", "maker"], mode="m", departure_days=""
    )
    supply = LeadTimes(np.array([[1], [2], [5]]), np.ones((3, 1)))
    told, past, times = past_cross_docks(settings, sources, supply)
    assert past["source_id"].tolist() == ["maker", "maker", "maker"]
    assert times.mean.tolist() == [8, 7, 5]
    assert told["review_days"].tolist() == [7, 7, 2]
    none = sources.assign(receipt_kind=["transfer", "transfer", "none"])
    assert past_cross_docks(settings, none, supply)[1]["receipt_kind"].tolist() == ["none"] * 3


def test_a_network_without_cross_docks_is_as_it_was():
    settings = pd.DataFrame({"item_id": "i", "site_id": ["a", "x"], "site_kind": ["store", "regional_warehouse"],
                             "lifecycle": "active"})  # fmt: skip
    sources = settings[["item_id", "site_id"]].assign(receipt_kind=["transfer", "none"], source_id=["x", ""])
    supply = LeadTimes(np.array([[1], [0]]), np.ones((2, 1)))
    found = past_cross_docks(settings, sources, supply)
    assert all(given is taken for given, taken in zip((settings, sources, supply), found, strict=True))
