"""A home's network for an experiment: what is played, drawn and refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from experiment_networks import DAYS, PLAN_DATE, WAREHOUSE, profile, tables

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Lines, Rates, Stock
from assets.twin.experiment.foresight import bound_of
from assets.twin.experiment.levels import Levels, lines_in_bucket, usual_sources
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.recorded import Window, recorded_network
from assets.twin.run import run


def _network(items: int = 0, count: int = 2, buckets: int = 7, warm_up: int = 14, seed: int = 1) -> ExperimentNetwork:
    return recorded_network(tables(), profile(), PLAN_DATE, Window(count, buckets, warm_up, items, seed), 60)


def test_windows_end_on_the_eve_of_the_plan_date() -> None:
    network = _network()
    assert network.starts == (PLAN_DATE - dt.timedelta(days=14), PLAN_DATE - dt.timedelta(days=7))
    assert network.column(PLAN_DATE) == network.asked.shape[1] == DAYS


def test_demand_is_played_as_it_was_recorded() -> None:
    told = tables()["fct_demand"]
    network = _network()
    assert network.asked.sum() == told["demand_lower_bound_units"].sum()
    assert (network.asked[network.echelons > 0] == 0).all()


def test_lanes_between_stores_stand_apart() -> None:
    network = _network()
    assert network.laterals[["origin_id", "destination_id"]].to_numpy().tolist() == [["s1", "s2"]]
    assert set(network.lanes["origin_id"]) == {WAREHOUSE}


def test_stock_that_is_lived_before_a_window_reaches_every_echelon() -> None:
    network = _network()
    opening = network.opening(network.starts[0])
    there = opening.on_hand + opening.under_way.sum(axis=1)
    assert all(there[network.echelons == echelon].sum() > 0 for echelon in (0, 1))


def test_items_are_drawn_by_their_seed_and_share_their_part_of_departures() -> None:
    one, again = _network(1), _network(1)
    assert one.places["item_id"].tolist() == again.places["item_id"].tolist()
    assert len({_network(1, seed=seed).places["item_id"].iloc[0] for seed in range(6)}) > 1
    assert one.laterals["fixed_cost_per_departure"].tolist() == pytest.approx([1.0])
    assert "33.3%" in one.demand_told


def test_segments_of_a_date_know_nothing_after_it() -> None:
    network = _network()
    early = network.panel.features(network.starts[0])
    cut = network.panel.demand
    cut = cut[cut["bucket_start"] < f"{network.starts[0]}"]
    later = type(network.panel)(cut, network.panel.ranged, network.profile, 60).features(network.starts[0])
    assert early["demand_segment"].tolist() == later["demand_segment"].tolist()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"count": 9}, "recorded demand begins"),
        ({"warm_up": 60}, "recorded demand begins"),
        ({"items": 4}, "cannot be drawn of 3"),
    ],
)
def test_what_was_not_recorded_cannot_be_played(asked: dict[str, int], said: str) -> None:
    with pytest.raises(EquipoiseError, match=said):
        _network(**asked)


def test_a_gap_in_history_is_named() -> None:
    told = tables()
    gap = f"{PLAN_DATE - dt.timedelta(days=3)}"
    told["fct_demand"] = told["fct_demand"][told["fct_demand"]["bucket_start"] != gap]
    with pytest.raises(EquipoiseError, match=f"first {gap}"):
        recorded_network(told, profile(), PLAN_DATE, Window(1, 7, 14, 0, 1), 60)


def test_the_bound_of_a_window_is_told_by_item_where_freight_is_by_the_unit() -> None:
    network = _network(count=1)
    n = len(network.places)
    rates = Rates(np.full(n, 0.05), np.full(n, 5.0), np.where(network.echelons == 0, 10.5, 10.0), True)
    bound = bound_of(network, rates, network.starts[0], network.lanes)
    assert len(bound.cost) == 3
    level = Levels(usual_sources(network), np.full((n, DAYS), 4.0), np.full(n, 3.0), np.zeros(n))
    begin = network.column(network.starts[0])

    def order(bucket: int, stock: Stock) -> Lines:
        lines = lines_in_bucket(level, begin + bucket, stock)
        bought = lines.origin < 0
        return replace(lines, price=np.where(bought, 10.0, 0.0), freight=np.where(bought, 0.0, 0.5))

    played = run(network.opening(network.starts[0]), network.asked[:, begin:], rates, order)
    assert bound.total <= played.cost.sum() + 1e-6


def test_departures_with_a_cost_of_their_own_have_no_bound() -> None:
    told = tables()
    told["dim_lane"] = told["dim_lane"].assign(fixed_cost_per_departure=3.0)
    network = recorded_network(told, profile(), PLAN_DATE, Window(1, 7, 14, 0, 1), 60)
    n = len(network.places)
    rates = Rates(np.full(n, 0.05), np.full(n, 5.0), np.full(n, 10.0), True)
    with pytest.raises(EquipoiseError, match="departures cost something"):
        bound_of(network, rates, network.starts[0], network.lanes)
