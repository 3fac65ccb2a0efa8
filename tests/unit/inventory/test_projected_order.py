"""The order that the bucket of its arrival lacks, on answers small enough to know."""

import doctest

import numpy as np
import pytest

from assets.inventory import projected_order as module
from assets.inventory.projected_order import projected_order, projected_stock
from assets.kernel.errors import EquipoiseError


def whole(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


NOTHING_UNDER_WAY = np.empty((1, 0), dtype=np.int64)


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


@pytest.mark.parametrize(("ratio", "expected"), [(0.2, 0), (0.6, 2), (0.8, 3), (0.81, 4)])
def test_without_a_lead_time_it_is_the_newsvendors_quantile(ratio: float, expected: int) -> None:
    paths = whole(0, 1, 2, 3, 4).reshape(1, 1, 5)

    assert projected_order(whole(0), NOTHING_UNDER_WAY, paths, ratio).tolist() == [expected]


def test_more_than_enough_on_hand_orders_nothing() -> None:
    assert projected_order(whole(9), NOTHING_UNDER_WAY, whole(4).reshape(1, 1, 1), 0.9).tolist() == [0]


def test_demand_beyond_the_stock_is_lost_and_not_ordered_again() -> None:
    # Two weeks of 10 meet 3 on hand and 4 arriving: nothing is left, and nothing is owed.
    paths = whole(10, 10, 5).reshape(1, 3, 1)

    assert projected_order(whole(3), whole(4, 0).reshape(1, 2), paths, 0.8).tolist() == [5]


def test_what_arrives_later_cannot_serve_earlier_demand() -> None:
    paths = whole(6, 0, 8).reshape(1, 3, 1)

    assert projected_stock(whole(2), whole(0, 5).reshape(1, 2), paths).tolist() == [[5]]
    assert projected_order(whole(2), whole(0, 5).reshape(1, 2), paths, 0.8).tolist() == [3]


def test_buckets_that_no_later_order_reaches_are_served_by_this_one() -> None:
    paths = whole(1, 2, 4).reshape(1, 3, 1)

    assert projected_order(whole(1), whole(0).reshape(1, 1), paths, 0.5).tolist() == [6]


def test_the_order_never_falls_with_the_ratio_nor_rises_with_the_stock() -> None:
    random = np.random.default_rng(5)
    paths = random.poisson(4.0, (20, 3, 200))
    pipeline, on_hand = random.poisson(3.0, (20, 2)), random.poisson(5.0, 20)
    orders = [projected_order(on_hand, pipeline, paths, ratio) for ratio in (0.3, 0.6, 0.9)]

    assert (np.diff(orders, axis=0) >= 0).all()
    assert (projected_order(on_hand + 1, pipeline, paths, 0.6) <= orders[1]).all()


def test_a_ratio_that_is_no_quantile_is_refused() -> None:
    with pytest.raises(EquipoiseError, match=r"decision ratio 1\.0 is no quantile"):
        projected_order(whole(0), NOTHING_UNDER_WAY, whole(1).reshape(1, 1, 1), 1.0)


def test_paths_that_end_before_the_arrival_are_refused() -> None:
    with pytest.raises(EquipoiseError, match="end before an order that takes 2 arrives"):
        projected_order(whole(0), whole(0, 0).reshape(1, 2), whole(1, 1).reshape(1, 2, 1), 0.5)
