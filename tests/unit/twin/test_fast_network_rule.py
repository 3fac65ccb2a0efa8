"""Base stock over echelons with help from neighbours: who orders for whom, and who gives what away."""

from __future__ import annotations

import numpy as np
import pytest

from assets.inventory.demand_distributions.families import poisson
from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Ints, Rates
from assets.twin.fast.books import Books, Opening
from assets.twin.fast.chance import Chance, Replayed, Sampled
from assets.twin.fast.network import FastNetwork, Laterals, Ways
from assets.twin.fast.outcome import Outcome, units_of
from assets.twin.fast.rules import NetworkBaseStock, stages
from assets.twin.fast.simulate import Length, simulate

ORIGIN = np.array([2, 2, SUPPLIER])


def column(*units: int) -> Ints:
    return np.array(units)[:, None]


def two_stores_behind_a_warehouse(*, lateral: bool) -> FastNetwork:
    ways = Ways(**{**vars(Ways.bought(3, 2)), "origin": ORIGIN})
    # The second store may help the first, in a bucket, for half a unit of money a unit.
    laterals = Laterals(
        np.array([[1, -1, -1]]), np.ones((1, 3), np.int64), np.ones((1, 3, 1), bool), np.full((1, 3), 0.5)
    )
    rates = Rates(np.array([0.1, 0.2, 0.3]), np.full(3, 5.0), np.zeros(3), lost_sales=True)
    return FastNetwork(rates, ways, 2, laterals=laterals if lateral else None, ships_arrivals=True)


def rule(level: Ints, *, needed: Ints, kept: Ints, least: int = 1) -> NetworkBaseStock:
    return NetworkBaseStock(level, needed, kept, np.full((1, 3, 1), least), stages(ORIGIN))


def play(network: FastNetwork, policy: NetworkBaseStock, on_hand: list[int], demand: Ints) -> tuple[Outcome, Ints]:
    """Return the outcome, and what is on hand as each bucket ends."""
    seen: list[Ints] = []
    outcome = simulate(
        network, Chance(Replayed(demand)), lambda _: policy, Opening.empty(np.array(on_hand)), Length(demand.shape[1]),
        watch=lambda _, books: seen.append(books.on_hand[:, 0].copy()),
    )  # fmt: skip
    return outcome, np.array(seen)


def test_a_warehouse_orders_what_its_stores_still_miss() -> None:
    network = two_stores_behind_a_warehouse(lateral=False)
    quiet = np.zeros((3, 4), dtype=np.int64)
    policy = rule(column(5, 5, 0), needed=column(0, 0, 0), kept=column(0, 0, 0))
    # Nothing anywhere: it buys the ten that they miss, and sends them on as they arrive.
    _, seen = play(network, policy, [0, 0, 0], np.hstack([quiet, quiet]))
    assert seen[4].tolist() == [5, 5, 0]


def test_a_neighbour_gives_what_it_need_not_keep_and_only_where_it_pays() -> None:
    network = two_stores_behind_a_warehouse(lateral=True)
    quiet = np.zeros((3, 2), dtype=np.int64)
    level, needed = column(0, 0, 0), column(4, 0, 0)
    outcome, seen = play(network, rule(level, needed=needed, kept=column(0, 7, 0)), [0, 9, 0], quiet)
    # Two of nine may go, and are there in the bucket after; they cost freight, and holding where they left.
    assert seen.tolist() == [[0, 7, 0], [2, 7, 0]]
    assert outcome.transport[0] == pytest.approx(1.0)
    assert outcome.holding[0] == pytest.approx(2 * 7 * 0.2 + 2 * 0.1 + 2 * 0.2)
    outcome, seen = play(network, rule(level, needed=needed, kept=column(0, 7, 0), least=3), [0, 9, 0], quiet)
    assert (seen.tolist(), outcome.transport[0]) == ([[0, 9, 0], [0, 9, 0]], 0.0)


def test_what_a_neighbour_sends_is_not_ordered_again_and_units_are_conserved() -> None:
    network, policy = (
        two_stores_behind_a_warehouse(lateral=True),
        rule(column(6, 6, 9), needed=column(4, 4, 0), kept=column(0, 2, 0)),
    )

    def check(_replications: Ints, books: Books) -> None:
        left = units_of(books).sum(axis=0) + books.totals.sold.sum(axis=0)
        np.testing.assert_array_equal(left, 21 + books.totals.bought.sum(axis=0))
        np.testing.assert_array_equal(books.position, books.on_hand + books.due.sum(axis=0))
        assert (books.position[:2] <= 6).all()

    chance = Chance(Sampled.of([poisson(2.0), poisson(1.0), poisson(0.0)], 3))
    opening = Opening.empty(np.array([6, 6, 9]))
    outcome = simulate(network, chance, lambda _: policy, opening, Length(40, 0, 5), watch=check)
    assert outcome.transport.min() > 0


def test_item_sites_that_supply_each_other_in_a_circle_are_refused() -> None:
    with pytest.raises(EquipoiseError, match="in a circle"):
        stages(np.array([1, 0]))


def test_orders_travel_up_from_those_that_supply_nobody() -> None:
    # 0 and 1 behind 2, which is behind 3, which buys.
    assert [(one.rows.tolist(), one.name.tolist()) for one in stages(np.array([2, 2, 3, SUPPLIER]))] == [
        ([0, 1], [2]),
        ([2], [3]),
    ]
