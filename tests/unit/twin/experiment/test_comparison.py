"""Paired differences, what they prove, and what the design could have seen."""

from __future__ import annotations

import numpy as np
import pytest

from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.experiment.comparison import Design, compared
from assets.twin.experiment.played import Played
from assets.twin.experiment.power import detectable, pairs_needed, power
from assets.twin.run import run

N, BUCKETS = 6, 8
ITEMS = np.repeat([0, 1, 2], 2)
RATES = Rates(np.full(N, 0.5), np.full(N, 4.0), np.full(N, 2.0), True)


def _played(level: int, seed: int = 3) -> Played:
    """Play ordering up to a level, a bucket ahead, with a unit sent from the first to the second site at first."""
    demand = np.random.default_rng(seed).poisson(2.0, (N, BUCKETS))
    stocks, started = [], []

    def order(bucket: int, stock: Stock) -> Lines:
        wanted = np.maximum(0, level - stock.on_hand - stock.under_way.sum(axis=1))
        origin, destination = np.full(N, SUPPLIER), np.arange(N)
        units, ahead = wanted, np.full(N, 1)
        price, freight = np.full(N, 2.0), np.zeros(N)
        if bucket == 0:
            origin, destination = np.append(origin, 0), np.append(destination, 1)
            units, ahead, price, freight = (
                np.append(units, 1), np.append(ahead, 1), np.append(price, 0.0), np.append(freight, 0.7),
            )  # fmt: skip
        lines = Lines(origin, destination, units, ahead, price, freight)
        stocks.append(stock)
        started.append(lines)
        return lines

    opening = Stock(np.full(N, 3), np.zeros((N, 1), dtype=np.int64), np.zeros(N, dtype=np.int64))
    passed = run(opening, demand, RATES, order)
    return Played(passed, (*stocks, passed.closing), tuple(started), np.zeros(N, dtype=np.int64))


def _design() -> Design:
    labels = np.array(["spring"] * 4 + ["summer"] * 4, dtype=object)
    return Design(ITEMS, ITEMS, (labels, labels))


def test_cost_by_bucket_adds_up_to_what_the_twin_says() -> None:
    played = _played(5)
    assert played.cost.sum(axis=0) == pytest.approx(played.run.cost)


def test_what_moves_sideways_is_told_apart_with_its_freight() -> None:
    played = _played(5)
    assert (played.lateral_units, played.lateral_freight) == (1, pytest.approx(0.7))


def test_a_policy_against_itself_differs_by_nothing() -> None:
    windows = [_played(5, 1), _played(5, 2)]
    found = compared({"a": windows, "b": windows}, "a", _design())["b"]
    assert found["over_reference"] == 0.0
    assert (found["cells"]["low"], found["cells"]["high"]) == (0.0, 0.0)


def test_differences_are_paired_by_window_and_block_and_by_label() -> None:
    played = {"more": [_played(6, 1), _played(6, 2)], "less": [_played(3, 1), _played(3, 2)]}
    found = compared(played, "more", _design())["less"]
    assert (found["cells"]["n"], found["blocks"]["n"], found["windows"]["n"]) == (6, 3, 2)
    middle = (found["cells"]["low"] + found["cells"]["high"]) / 2
    assert middle == pytest.approx(found["over_reference"])
    seasons = found["by_label"]
    parts = sum(season["over_reference"] * season["reference_cost"] for season in seasons.values())
    whole = sum(season["reference_cost"] for season in seasons.values())
    assert parts / whole == pytest.approx(found["over_reference"])


def test_a_bullwhip_is_the_variance_of_orders_over_that_of_demand() -> None:
    """Ordering up to a level orders what was asked for last, where nothing is lost."""
    assert _played(50).bullwhip(ITEMS) > 1.0
    demand = np.zeros((1, 4), dtype=np.int64)
    stock = Stock(np.array([1]), np.zeros((1, 1), dtype=np.int64), np.array([0]))
    rates = Rates(np.ones(1), np.ones(1), np.ones(1), True)
    passed = run(stock, demand, rates, lambda *_: Lines.none())
    still = Played(passed, (stock,) * 5, (Lines.none(),) * 4, np.zeros(1, dtype=np.int64))
    assert still.bullwhip(np.zeros(1, dtype=np.int64)) is None


def test_an_experiment_without_its_reference_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="was not played"):
        compared({"a": [_played(5)]}, "b", _design())
    with pytest.raises(EquipoiseError, match="different windows"):
        compared({"a": [_played(5)], "b": [_played(5), _played(5, 1)]}, "a", _design())


def test_the_difference_that_a_design_sees_is_seen_with_the_power_that_was_asked_for() -> None:
    for pairs in (2, 5, 20, 200):
        least = detectable(3.0, pairs, 0.8)
        assert power(least, 3.0, pairs) == pytest.approx(0.8, abs=1e-6)


def test_fewer_pairs_than_needed_do_not_suffice() -> None:
    needed = pairs_needed(0.4, 1.0, 0.9)
    assert power(0.4, 1.0, needed) >= 0.9 > power(0.4, 1.0, needed - 1)


def test_nothing_is_seen_in_one_pair_and_everything_without_chance() -> None:
    assert power(1.0, 1.0, 1) == 0.0
    assert detectable(1.0, 1) is None
    assert (power(0.1, 0.0, 2), power(0.0, 0.0, 2)) == (1.0, 0.0)


def test_a_power_that_is_no_chance_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="no chance"):
        detectable(1.0, 5, 1.0)
