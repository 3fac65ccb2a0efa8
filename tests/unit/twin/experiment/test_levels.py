"""Minimum and maximum levels: what they order, and that tuning finds cheaper ones on the history it sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from experiment_networks import PLAN_DATE, WAREHOUSE, profile, tables

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Rates, Stock
from assets.twin.experiment.levels import Levels, demand_below, level_policy, rationed, usual_sources
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.policies import Sights
from assets.twin.experiment.recorded import Window, recorded_network
from assets.twin.experiment.tuned_levels import Tuned, tuned


@pytest.fixture(scope="module")
def network() -> ExperimentNetwork:
    return recorded_network(tables(2), profile(), PLAN_DATE, Window(1, 7, 14, 0, 1), 60)


def _rates(network: ExperimentNetwork) -> Rates:
    n = len(network.places)
    landed = np.where(network.echelons == 0, 10.5, 10.0)
    return Rates(np.full(n, 0.05), np.full(n, 5.0), landed, True)


def _stock(n: int, on_hand: int) -> Stock:
    return Stock(np.full(n, on_hand), np.zeros((n, 1), dtype=np.int64), np.zeros(n, dtype=np.int64))


def test_a_warehouse_answers_for_all_that_it_serves(network: ExperimentNetwork) -> None:
    below, own = demand_below(network, usual_sources(network)), network.asked
    for item in ("i0", "i1"):
        rows = (network.places["item_id"] == item).to_numpy()
        at = rows & (network.places["site_id"] == WAREHOUSE).to_numpy()
        assert below[at][0].tolist() == own[rows].sum(axis=0).tolist()


def test_nothing_is_ordered_above_the_minimum_and_up_to_the_maximum_below_it(network: ExperimentNetwork) -> None:
    n = len(network.places)
    levels = Levels(usual_sources(network), np.full((n, 60), 5.0), np.full(n, 4.0), np.full(n, 0.5))
    assert levels.orders(0, _stock(n, 10)).tolist() == [0] * n
    lines = level_policy(levels, network)(_sights(network, _stock(n, 9)))
    # Of 20 at most, 11 are asked for; a warehouse has 9 for two stores, the first of which is served.
    bought = lines[lines["kind"] == "purchase"]
    assert bought["quantity_units"].tolist() == [11, 11]
    sent = lines[lines["kind"] == "transfer"]
    assert sent.groupby("item_id")["quantity_units"].sum().tolist() == [9, 9]


def _sights(network: ExperimentNetwork, stock: Stock) -> Sights:
    def unseen() -> object:
        raise AssertionError("levels look at no problem")

    return Sights(network.starts[0], 0, stock, unseen, unseen)


def test_the_emptiest_is_served_first() -> None:
    given = rationed(np.array([4, 4, 3]), np.array([2, 2, -1]), np.array([0, 0, 6]), np.array([0.5, 0.1, 0.0]))
    assert given[:2].tolist() == [2, 4]


def _tuned(network: ExperimentNetwork, *, following: bool) -> Tuned:
    opening = network.opening(network.starts[0])
    return tuned(network, _rates(network), opening, range(40, 53), following=following, recent=14)


@pytest.mark.parametrize("following", [False, True])
def test_tuned_levels_cost_no_more_than_lead_time_and_a_bucket(network: ExperimentNetwork, following: bool) -> None:
    found = _tuned(network, following=following)
    again = _tuned(network, following=following)
    assert found.cost == again.cost
    from assets.twin.experiment.tuned_levels import _Trial

    item = np.repeat([0, 1], 3)
    trial = _Trial(network, _rates(network), network.opening(network.starts[0]), range(40, 53), item)
    plain = replace(found.levels, cover=found.levels.sources.lead + 1.0, gap=np.zeros(6))
    assert found.cost <= trial.cost(plain).sum() + 1e-9
    assert found.cost == pytest.approx(trial.cost(found.levels).sum())


def test_levels_are_tuned_on_two_buckets_at_least(network: ExperimentNetwork) -> None:
    with pytest.raises(EquipoiseError, match="no history to tune on"):
        tuned(network, _rates(network), network.opening(network.starts[0]), range(5, 6), following=True, recent=7)
