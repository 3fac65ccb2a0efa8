"""Min/max as ERPs do it, on networks small enough to reckon by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from small_networks import poisson_forecast, snapshot

from assets.rebalancing.expansion import expand
from assets.rebalancing.min_max import min_max
from assets.rebalancing.problem import Problem

SUPPLIED = {"item_id": "i", "supplier_id": "sup", "site_id": "a"}


def ordered(problem: Problem) -> dict[tuple[str, str], int]:
    """Return units by source and destination."""
    network = expand(problem)
    moves, sites = problem.moves.take(network.first), problem.item_sites
    to = [sites.site_ids[sites.site[place]] for place in moves.destination]
    units = min_max(network)
    return {
        (str(source), site): int(count) for source, site, count in zip(moves.source_id, to, units, strict=True) if count
    }


def one_store(problem_of: Callable[..., Problem], stock: int, base: int, **source: object) -> Problem:
    store = {"item_id": "i", "site_id": "a", "available_units": stock, "base_stock_units": base}
    extra = {key: source.pop(key) for key in ("maximum_units", "in_transit_units") if key in source}
    return problem_of(
        snapshot([{**store, **extra}], poisson_forecast("i", "a", 2.0, 6), sourcing=[{**SUPPLIED, **source}])
    )


def test_a_position_below_the_base_stock_is_raised_to_it(problem_of: Callable[..., Problem]) -> None:
    assert ordered(one_store(problem_of, 4, 12)) == {("sup", "a"): 8}
    assert ordered(one_store(problem_of, 4, 12, in_transit_units=5)) == {("sup", "a"): 3}


def test_nothing_is_ordered_at_the_base_stock(problem_of: Callable[..., Problem]) -> None:
    assert ordered(one_store(problem_of, 12, 12)) == {}


def test_an_order_is_whole_lots_of_at_least_the_minimum(problem_of: Callable[..., Problem]) -> None:
    assert ordered(one_store(problem_of, 4, 12, order_multiple_units=6)) == {("sup", "a"): 12}
    assert ordered(one_store(problem_of, 11, 12, minimum_order_units=20, order_multiple_units=6)) == {("sup", "a"): 24}


def test_a_lot_that_the_maximum_stock_does_not_hold_is_the_one_below(problem_of: Callable[..., Problem]) -> None:
    assert ordered(one_store(problem_of, 4, 12, order_multiple_units=6, maximum_units=15)) == {("sup", "a"): 6}
    assert ordered(one_store(problem_of, 4, 12, minimum_order_units=20, maximum_units=15)) == {}


def two_stores(problem_of: Callable[..., Problem], at_warehouse: int) -> Problem:
    below = {"item_id": "i", "receipt_kind": "transfer", "source_id": "w", "base_stock_units": 10}
    return problem_of(
        snapshot(
            [
                {**below, "site_id": "a", "available_units": 8},
                {**below, "site_id": "b", "available_units": 1},
                {"item_id": "i", "site_id": "w", "echelon": 1, "available_units": at_warehouse, "base_stock_units": 30},
            ],
            [row for site in "ab" for row in poisson_forecast("i", site, 2.0, 6)],
            lanes=[
                {"origin_id": "w", "destination_id": "a"},
                {"origin_id": "w", "destination_id": "b"},
                {"origin_id": "a", "destination_id": "b"},
            ],
            sourcing=[{**SUPPLIED, "site_id": "w"}],
        )
    )


def test_a_warehouse_that_has_too_little_serves_the_emptiest_store_first(problem_of: Callable[..., Problem]) -> None:
    assert ordered(two_stores(problem_of, 10)) == {("w", "b"): 9, ("w", "a"): 1, ("sup", "w"): 30}


def test_a_warehouse_replaces_what_it_sends_and_stores_never_help_each_other(
    problem_of: Callable[..., Problem],
) -> None:
    found = ordered(two_stores(problem_of, 30))
    assert found == {("w", "b"): 9, ("w", "a"): 2, ("sup", "w"): 11}


def test_what_is_sent_is_there(problem_of: Callable[..., Problem]) -> None:
    problem = two_stores(problem_of, 3)
    network = expand(problem)
    moves, units = problem.moves.take(network.first), min_max(network)
    sent = np.bincount(moves.origin[moves.is_transfer], weights=units[moves.is_transfer], minlength=3)
    assert (sent <= problem.item_sites.available).all()
