"""A policy over several buckets."""

from __future__ import annotations

import numpy as np
import pytest

from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.run import run

LEAD = 2


def order_up_to(level: int) -> object:
    def plan(_bucket: int, stock: Stock) -> Lines:
        position = stock.on_hand + stock.under_way.sum(axis=1)
        wanted = np.maximum(0, level - position)
        n = len(wanted)
        return Lines(np.full(n, SUPPLIER), np.arange(n), wanted, np.full(n, LEAD), np.full(n, 2.0), np.zeros(n))

    return plan


def test_the_same_policy_on_the_same_demand_costs_the_same_to_the_bit() -> None:
    demand = np.random.default_rng(1).poisson(3.0, (6, 20))
    rates = Rates(np.full(6, 0.1), np.full(6, 2.0), np.full(6, 2.0), True)
    opening = Stock(np.full(6, 4), np.zeros((6, 0), np.int64), np.zeros(6, np.int64))
    one, two = (run(opening, demand, rates, order_up_to(12)) for _ in range(2))
    assert one.cost.tobytes() == two.cost.tobytes()


def test_fill_rate_counts_what_was_handed_over_in_its_own_bucket() -> None:
    rates = Rates(np.zeros(1), np.ones(1), np.zeros(1), False)
    opening = Stock(np.array([1]), np.array([[0, 3]]), np.array([0]))
    played = run(opening, np.array([[2, 2]]), rates, lambda _bucket, _stock: Lines.none())
    # One of two at once; then three arrive, one for the backorder: both of the second bucket.
    assert played.fill_rate == pytest.approx(3 / 4)
    assert played.closing.owed.tolist() == [0]


def test_what_is_under_way_at_the_end_is_worth_what_was_paid_for_it() -> None:
    rates = Rates(np.zeros(1), np.zeros(1), np.full(1, 2.0), True)
    opening = Stock(np.array([0]), np.zeros((1, 0), np.int64), np.array([0]))
    played = run(opening, np.zeros((1, 1), np.int64), rates, order_up_to(9))
    assert played.total.paid.tolist() == [18.0]
    assert played.cost.tolist() == [0.0]
