"""A bucket as the twin plays it: physics, conservation, and what it costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Lines, Rates, Stock, pass_bucket
from assets.twin.run import run


def stock(on_hand: list[int], under_way: list[list[int]] | None = None, owed: list[int] | None = None) -> Stock:
    coming = np.array(under_way or [[] for _ in on_hand], dtype=np.int64).reshape(len(on_hand), -1)
    return Stock(np.array(on_hand), coming, np.array(owed or [0] * len(on_hand)))


def lines(*told: tuple[int, int, int, int], price: float = 4.0, freight: float = 0.5) -> Lines:
    """Return lines of (origin, destination, units, buckets)."""
    origin, destination, units, buckets = (np.array(column, dtype=np.int64) for column in zip(*told, strict=True))
    bought = origin == SUPPLIER
    return Lines(origin, destination, units, buckets, np.where(bought, price, 0.0), np.where(bought, 0.0, freight))


def rates(n: int, *, lost_sales: bool = True) -> Rates:
    return Rates(np.full(n, 0.2), np.full(n, 3.0), np.full(n, 4.0), lost_sales)


def test_what_is_due_is_sold_in_its_bucket_and_what_is_missing_is_lost() -> None:
    after, flows = pass_bucket(stock([2], [[3, 1]]), Lines.none(), np.array([7]), rates(1))
    assert (after.on_hand.tolist(), after.under_way.tolist(), after.owed.tolist()) == ([0], [[1]], [0])
    assert (flows.sold.tolist(), flows.unmet.tolist(), flows.received.tolist()) == ([5], [2], [3])
    assert flows.shortage.tolist() == [6.0]


def test_backorders_are_served_first_and_charged_for_every_bucket_that_they_wait() -> None:
    waits = rates(1, lost_sales=False)
    after, flows = pass_bucket(stock([0], [[0, 5]]), Lines.none(), np.array([2]), waits)
    assert (after.owed.tolist(), flows.shortage.tolist()) == ([2], [6.0])
    after, flows = pass_bucket(after, Lines.none(), np.array([4]), waits)
    assert (after.owed.tolist(), flows.sold.tolist(), flows.unmet.tolist()) == ([1], [5], [1])


def test_a_line_leaves_at_once_and_can_be_sold_after_its_buckets() -> None:
    after, flows = pass_bucket(stock([5, 0]), lines((0, 1, 4, 2)), np.array([1, 1]), rates(2))
    assert after.on_hand.tolist() == [0, 0]
    assert after.under_way.tolist() == [[0, 0], [0, 4]]
    assert flows.sent.tolist() == [4, 0]
    assert flows.transport.tolist() == [0.0, 2.0]
    # Two buckets on the way, held at the origin's rate; nothing is left on either shelf.
    assert flows.holding == pytest.approx([1.6, 0.0])


def test_what_arrives_in_the_bucket_cannot_be_sent_on_in_it() -> None:
    with pytest.raises(EquipoiseError, match="sends 1 and has 0"):
        pass_bucket(stock([0, 0], [[3], [0]]), lines((0, 1, 1, 1)), np.array([0, 0]), rates(2))


def test_negative_demand_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="negative"):
        pass_bucket(stock([1]), Lines.none(), np.array([-1]), rates(1))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Stock, list[Lines], np.ndarray, bool]:
    """Return a stock, lines of several buckets that may send too much, demand, and whether sales are lost."""
    n, buckets, width = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(0, 3))
    units = st.integers(0, 9)
    on_hand = np.array(draw(st.lists(units, min_size=n, max_size=n)))
    coming = np.array(draw(st.lists(units, min_size=n * width, max_size=n * width)), dtype=np.int64).reshape(n, width)
    line = st.tuples(st.integers(-1, n - 1), st.integers(0, n - 1), units, st.integers(0, 4))
    told = draw(st.lists(st.lists(line, min_size=1, max_size=4), min_size=buckets, max_size=buckets))
    demand = np.array(draw(st.lists(units, min_size=n * buckets, max_size=n * buckets))).reshape(n, buckets)
    return Stock(on_hand, coming, np.zeros(n, np.int64)), [lines(*one) for one in told], demand, draw(st.booleans())


def within(asked: Lines, there: Stock) -> Lines:
    """Return the lines cut, in turn, to what each origin has."""
    left, units = there.on_hand.copy(), asked.units.copy()
    for place, origin in enumerate(asked.origin):
        if origin != SUPPLIER:
            units[place] = min(units[place], left[origin])
            left[origin] -= units[place]
    return Lines(asked.origin, asked.destination, units, asked.buckets, asked.price, asked.freight)


@given(worlds())
def test_units_are_conserved_over_any_buckets_and_nothing_is_ever_negative(
    world: tuple[Stock, list[Lines], np.ndarray, bool],
) -> None:
    opening, asked, demand, lost = world
    n = len(opening.on_hand)
    played = run(opening, demand, rates(n, lost_sales=lost), lambda bucket, there: within(asked[bucket], there))
    total, closing = played.total, played.closing
    assert opening.units + total.bought.sum() == closing.units + total.sold.sum()
    assert (closing.on_hand >= 0).all()
    assert (closing.under_way >= 0).all()
    # What was asked for was handed over, is owed, or was lost, and only one of the two last.
    if lost:
        assert (closing.owed == 0).all()
        np.testing.assert_array_equal(total.asked, total.sold + total.unmet)
    else:
        np.testing.assert_array_equal(total.asked, total.sold + closing.owed)
    # At each item-site: what came in less what went out is what stock rose by.
    np.testing.assert_array_equal(opening.on_hand + total.received - total.sent - total.sold, closing.on_hand)


@given(worlds())
def test_goods_that_are_only_bought_moved_and_sold_cost_nothing_but_freight(
    world: tuple[Stock, list[Lines], np.ndarray, bool],
) -> None:
    opening, asked, demand, lost = world
    n = len(opening.on_hand)
    free = Rates(np.zeros(n), np.zeros(n), np.full(n, 4.0), lost)
    played = run(opening, demand, free, lambda bucket, there: within(asked[bucket], there))
    # Valued and bought at the same price, so that purchases less rise of stock less goods sold is nought in all.
    assert played.purchase.sum() == pytest.approx(0.0)
    assert played.cost.sum() == pytest.approx(played.total.transport.sum())
