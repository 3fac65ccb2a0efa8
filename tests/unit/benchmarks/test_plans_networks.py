"""What plans are played on: master data as the marts have them, opening stock, demand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.cli.bench import load

networks, feeds_module = load("plans_networks"), load("plans_feeds")


@pytest.fixture(scope="module")
def sample() -> Any:
    return networks.NETWORKS["sample"](Path(), 4, 2, 1)


def test_windows_follow_one_another_and_end_with_the_history(sample: Any) -> None:
    first, second = sample.starts
    assert second - first == dt.timedelta(days=sample.buckets)
    assert sample.column(second) + sample.buckets == sample.asked.shape[1]


def test_demand_is_met_at_stores_only(sample: Any) -> None:
    echelon = sample.places.merge(sample.sites, on="site_id", how="left")["echelon"].to_numpy()
    assert sample.asked[echelon == 0].sum() > 0
    assert sample.asked[echelon > 0].sum() == 0


def test_opening_stock_of_the_sample_is_what_its_days_left(sample: Any) -> None:
    """What is under way on one eve and due next morning has arrived or is on hand the day after."""
    eve, day = (sample.opening(sample.starts[0] + dt.timedelta(days=k)) for k in (0, 1))
    # Orders that have left keep their day of arrival: only new ones are added.
    assert (day.under_way[:, :-1] >= eve.under_way[:, 1:]).all()
    assert (eve.on_hand >= 0).all()


def test_lanes_between_stores_stand_apart_from_those_that_replenish(sample: Any) -> None:
    level = sample.sites.set_index("site_id")["echelon"]
    assert (sample.lanes["origin_id"].map(level) > sample.lanes["destination_id"].map(level)).all()
    assert (sample.laterals["origin_id"].map(level) <= sample.laterals["destination_id"].map(level)).all()
    dearer = sample.lateral_lanes(3.0)
    assert dearer["cost_per_unit"].to_numpy() == pytest.approx(3 * sample.laterals["cost_per_unit"].to_numpy())


def test_items_are_drawn_by_their_seed() -> None:
    tables = {"erp.items": pd.DataFrame({"item_id": [f"i{k}" for k in range(20)]})}
    one, again, other = (set(feeds_module.of_items(tables, 5, seed)["erp.items"]["item_id"]) for seed in (1, 1, 2))
    assert one == again != other
    assert len(feeds_module.of_items(tables, 0, 1)["erp.items"]) == 20
