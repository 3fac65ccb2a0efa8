"""The clairvoyant bound: below whatever is played, and reached by who knows what comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.kernel.errors import EquipoiseError
from assets.twin.clairvoyant import Ways, clairvoyant
from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.run import run

ONE_GROUP = np.zeros(2, dtype=np.int64)
# A supplier takes two buckets to either of two sites; a van takes one between them.
WAYS = Ways(
    origin=np.array([SUPPLIER, SUPPLIER, 0, 1]),
    destination=np.array([0, 1, 1, 0]),
    buckets=np.array([2, 2, 1, 1]),
    amount=np.array([10.0, 10.0, 0.5, 0.5]),
)


def _rates(lost_sales: bool = True) -> Rates:
    return Rates(np.array([0.25, 1.0]), np.array([4.0, 8.0]), np.array([10.0, 10.0]), lost_sales)


def _stock(on_hand: list[int], due: list[list[int]], owed: list[int] | None = None) -> Stock:
    return Stock(np.array(on_hand), np.array(due), np.array(owed or [0] * len(on_hand)))


def _lines(ways: Ways, units: list[int]) -> Lines:
    bought = ways.origin == SUPPLIER
    return Lines(
        ways.origin, ways.destination, np.array(units), ways.buckets,
        np.where(bought, ways.amount, 0.0), np.where(bought, 0.0, ways.amount),
    )  # fmt: skip


def test_who_knows_what_comes_pays_the_bound() -> None:
    """Site 1 is asked for 3 in bucket 1 and has none; site 0 has 5 that nobody asks for.

    Sending 3 at once costs 3 x (0.5 freight + 0.25 held on the way) = 2.25, and the 2 that are left 0.25 in each
    of three buckets = 1.50; in bucket 2 site 0 is asked for 4, of which it has 2: the 2 that a supplier was asked
    for in bucket 0 arrive then and cost what they are worth.
    """
    opening, demand = _stock([5, 0], [[0], [0]]), np.array([[0, 0, 4], [0, 3, 0]])
    plans = {0: [2, 0, 3, 0]}
    played = run(opening, demand, _rates(), lambda bucket, _: _lines(WAYS, plans.get(bucket, [0, 0, 0, 0])))
    bound = clairvoyant(opening, demand, _rates(), WAYS, ONE_GROUP)
    # 2.25 and two buckets of 2 held at 0.25.
    assert played.cost.sum() == pytest.approx(3.25)
    assert bound.total == pytest.approx(3.25)
    assert bound.lost.tolist() == [0]


def test_a_unit_that_costs_more_to_bring_than_to_lose_is_lost() -> None:
    dear = Ways(WAYS.origin[2:], WAYS.destination[2:], WAYS.buckets[2:], np.array([9.0, 9.0]))
    bound = clairvoyant(_stock([1, 0], [[0], [0]]), np.array([[0, 0], [0, 1]]), _rates(), dear, ONE_GROUP)
    # Lost for 8; the unit at site 0 is held for two buckets.
    assert bound.total == pytest.approx(8.5)
    assert bound.lost.tolist() == [1]


def test_demand_that_waits_costs_every_bucket_that_it_is_owed() -> None:
    ways = Ways(WAYS.origin[:1], WAYS.destination[:1], WAYS.buckets[:1], WAYS.amount[:1])
    opening = _stock([0, 0], [[0], [0]], owed=[2, 0])
    bound = clairvoyant(opening, np.zeros((2, 4), dtype=np.int64), _rates(lost_sales=False), ways, ONE_GROUP)
    # Two units are owed at the end of buckets 0 and 1 and served in bucket 2.
    assert bound.total == pytest.approx(2 * 2 * 4.0)


def test_groups_are_bounded_apart_and_add_up() -> None:
    ways = Ways(WAYS.origin[:2], WAYS.destination[:2], WAYS.buckets[:2], WAYS.amount[:2])
    opening, demand = _stock([0, 3], [[1], [0]]), np.array([[2, 0, 1], [0, 1, 1]])
    apart = clairvoyant(opening, demand, _rates(), ways, np.array([0, 1]))
    together = clairvoyant(opening, demand, _rates(), ways, ONE_GROUP)
    assert apart.total == pytest.approx(together.total)
    assert len(apart.cost) == 2


def test_a_way_that_gains_money_by_itself_is_refused() -> None:
    cheap = Ways(np.array([SUPPLIER]), np.array([0]), np.array([1]), np.array([9.0]))
    with pytest.raises(EquipoiseError, match="no least cost"):
        clairvoyant(_stock([0, 0], [[0], [0]]), np.zeros((2, 3), dtype=np.int64), _rates(), cheap, ONE_GROUP)


def test_a_way_between_groups_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="two groups"):
        clairvoyant(_stock([0, 0], [[0], [0]]), np.zeros((2, 3), dtype=np.int64), _rates(), WAYS, np.array([0, 1]))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_policy_played_costs_less_than_the_bound(data: st.DataObject) -> None:
    buckets, few = data.draw(st.integers(1, 5)), st.integers(0, 4)
    opening = _stock(
        data.draw(st.lists(few, min_size=2, max_size=2)), data.draw(st.lists(st.lists(few, min_size=3, max_size=3),
                                                                             min_size=2, max_size=2)),
    )  # fmt: skip
    demand = np.array(data.draw(st.lists(st.lists(few, min_size=buckets, max_size=buckets), min_size=2, max_size=2)))
    rates = _rates(data.draw(st.booleans()))

    def plan(_bucket: int, stock: Stock) -> Lines:
        units = [data.draw(few), data.draw(few)]
        units += [data.draw(st.integers(0, int(there))) for there in stock.on_hand]
        return _lines(WAYS, units)

    played = run(opening, demand, rates, plan)
    assert played.cost.sum() >= clairvoyant(opening, demand, rates, WAYS, ONE_GROUP).total - 1e-9
