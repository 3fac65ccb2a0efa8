"""What the fast twin draws, and what it does with limits, lots and rules."""

from __future__ import annotations

import numpy as np
import pytest

from assets.inventory.demand_distributions.families import constant, gamma, negative_binomial, observed, poisson
from assets.inventory.demand_distributions.lattice import Lattice
from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.fast.books import Books, Opening
from assets.twin.fast.chance import Chance, Replayed, Sampled
from assets.twin.fast.network import FastNetwork, Limit, Ways
from assets.twin.fast.outcome import interval
from assets.twin.fast.planner import Planners
from assets.twin.fast.rules import BaseStock, MinMax, ReorderQuantity
from assets.twin.fast.sharing import Sharing
from assets.twin.fast.simulate import Length, simulate

LAWS = [
    poisson(0.3), poisson(40.0), negative_binomial(3.0, 12.0), gamma(5.0, 10.0), constant(4),
    observed(np.array([0, 0, 0, 7, 30])), Lattice(2, np.array([0.25, 0.5, 0.25])),
]  # fmt: skip


def free(n: int, *, lost_sales: bool = True, **more: object) -> FastNetwork:
    rates = Rates(np.ones(n), np.ones(n), np.zeros(n), lost_sales)
    return FastNetwork(rates, Ways.bought(n, 1), 4, **more)  # type: ignore[arg-type]


def test_every_family_is_drawn_with_its_own_probabilities() -> None:
    runs = np.arange(40_000)
    drawn = Sampled.of(LAWS, seed=4).drawn_for(runs)(0)
    for law, units in zip(LAWS, drawn, strict=True):
        seen = np.bincount(units, minlength=law.start + law.mass.size) / len(runs)
        told = np.concatenate([np.zeros(law.start), law.mass])
        assert len(seen) == len(told)
        # Five standard errors of a share.
        assert np.abs(seen - told).max() < 5 * np.sqrt(0.25 / len(runs))


def test_a_distribution_too_wide_for_a_table_keeps_its_mean_and_spread_on_coarser_cells() -> None:
    law = gamma(30_000.0, 9e6)
    units = Sampled.of([law], seed=1).drawn_for(np.arange(40_000))(3)[0]
    assert law.mass.size > 4096
    assert units.mean() == pytest.approx(law.mean, rel=0.003)
    assert units.var() == pytest.approx(law.variance, rel=0.03)


def test_draws_of_neighbouring_buckets_replications_and_item_sites_do_not_resemble_each_other() -> None:
    draw = Sampled.of([poisson(9.0)] * 60, seed=2).drawn_for(np.arange(500))
    one, next_one = draw(0).astype(float), draw(1).astype(float)
    pairs = [(one, next_one), (one[:-1], one[1:]), (one[:, :-1], one[:, 1:])]
    assert max(abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in pairs) < 5 / np.sqrt(one[:-1].size)


def test_units_that_cannot_be_counted_are_refused() -> None:
    with pytest.raises(EquipoiseError, match="can be counted"):
        Sampled.of([Lattice(1 << 45, np.ones(1))], seed=1)
    with pytest.raises(EquipoiseError, match="negative"):
        Replayed(np.array([[1, -1]]))
    drawn = Replayed(np.array([[1, 2]])).drawn_for(np.arange(1))
    with pytest.raises(EquipoiseError, match="bucket 2 of a series of 2"):
        drawn(2)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"buckets": np.array([-1])}, "takes less than 0"),
        ({"buckets": np.array([9])}, "longer than the longest"),
        ({"origin": np.array([3])}, "not an item-site"),
        ({"origin": np.array([0])}, "supplies itself"),
        ({"multiple": np.array([0])}, "below one unit"),
    ],
)
def test_an_impossible_network_is_named_before_it_is_played(fault: dict[str, np.ndarray], told: str) -> None:
    ways = Ways.bought(1, 1)
    with pytest.raises(EquipoiseError, match=told):
        FastNetwork(free(1).rates, Ways(**{**vars(ways), **fault}), 4)


def test_nothing_to_simulate_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="0 replications of 5 buckets"):
        Length(5, 0, 0)


def held(network: FastNetwork, demand: list[list[int]], policy: object, opening: Opening) -> list[list[int]]:
    """Return the stock on hand as buckets end, an entry a bucket."""
    seen: list[list[int]] = []

    def watch(_replications: np.ndarray, books: Books) -> None:
        seen.append(books.on_hand[:, 0].tolist())

    chance = Chance(Replayed(np.array(demand)))
    simulate(network, chance, lambda _: policy, opening, Length(len(demand[0])), watch=watch)  # type: ignore[arg-type, return-value]
    return seen


def test_min_max_orders_at_the_minimum_and_lots_of_q_until_above_the_reorder_point() -> None:
    demand = [[2, 2, 2, 2, 0]]
    opening = Opening.empty(np.array([7]))
    # Position 7, 5, 3: ordered up to 8, which arrives a bucket later.
    rule = MinMax(np.array([[3]]), np.array([[8]]))
    assert held(free(1), demand, rule, opening) == [[5], [3], [1], [4], [4]]
    # At 3 two lots of 4 would be one too many: one lifts it above 3.
    lots = ReorderQuantity(np.array([[3]]), np.array([[4]]))
    assert held(free(1), demand, lots, opening) == [[5], [3], [1], [3], [3]]
    with pytest.raises(EquipoiseError, match="above its maximum"):
        MinMax(np.array([[9]]), np.array([[8]]))


def test_a_lot_is_sold_to_the_last_day_of_its_life_and_gone_that_evening() -> None:
    network = free(1, shelf_life=np.array([2]))
    nothing = BaseStock(np.array([[0]]))
    # Five came in the bucket before: sold in two more, what is left is scrapped as the second ends.
    assert held(network, [[1, 1, 1]], nothing, Opening.empty(np.array([5]))) == [[4], [0], [0]]


def test_what_finds_no_dock_waits_outside_and_what_finds_no_shelf_too() -> None:
    two = Opening(Stock(np.array([0, 0]), np.array([[5], [4]]), np.zeros(2, np.int64)))
    dock = Limit(np.array([0, 0]), np.array([6]), np.array([1, 1]))
    nothing, quiet = BaseStock(np.array([[0], [0]])), [[0, 0], [0, 0]]
    assert held(free(2, receiving=dock), quiet, nothing, two) == [[5, 1], [5, 4]]
    shelf = Limit(np.array([0, 0]), np.array([10]), np.array([1, 2]))
    # Two units a piece: room for one more as soon as two of the other are sold.
    assert held(free(2, storage=shelf), [[0, 2, 0], [0, 0, 0]], nothing, two) == [[5, 2], [3, 2], [3, 3]]


def test_a_limit_is_shared_in_turns() -> None:
    shares = Sharing.of(np.array([0, 0, -1, 1]))
    wanted = np.array([[4], [4], [9], [4]])
    for bucket, got in ((0, {0: 4, 1: 1, 3: 3}), (1, {1: 4, 0: 1, 3: 3})):
        turned = shares.turned(bucket)
        granted = turned.granted(wanted[turned.rows], np.array([[5], [3]]))[:, 0]
        assert dict(zip(turned.rows.tolist(), granted.tolist(), strict=True)) == got


def test_orders_leave_on_their_days_in_lots_and_never_more_than_the_warehouse_has() -> None:
    ways = Ways(
        np.array([SUPPLIER, 0]), np.array([1, 1]), np.array([[True, True], [False, True]]), np.array([1, 3]),
        np.array([1, 2]), np.zeros(2), np.zeros(2), np.zeros(2),
    )  # fmt: skip
    network = FastNetwork(free(2).rates, ways, 4)
    rule, opening = BaseStock(np.array([[0], [6]])), Opening.empty(np.array([5, 5]))
    # One unit is missing; it leaves in the second bucket, as two lots of two for the least of three.
    assert held(network, [[0, 0, 0], [0, 0, 0]], rule, opening) == [[5, 5], [1, 5], [1, 9]]
    assert held(network, [[0] * 3, [5, 0, 0]], rule, opening) == [[5, 0], [0, 0], [0, 5]]


def test_a_planner_that_decides_what_cannot_be_is_an_error() -> None:
    one, nothing = np.ones(1, dtype=np.int64), np.zeros(1)
    for units, buckets, origin, after, told in (
        (6, 1, 0, False, "more than there is"),
        (1, 9, SUPPLIER, False, "takes less than 0 or more than 4"),
        (-1, 1, SUPPLIER, False, "less than nothing"),
        # What arrived has been let in before orders start.
        (1, 0, SUPPLIER, True, "takes less than 1"),
    ):
        lines = Lines(origin * one, one, units * one, buckets * one, nothing, nothing)
        planner = Planners([lambda _bucket, _stock, lines=lines: lines])
        with pytest.raises(EquipoiseError, match=told):
            held(free(2, ships_arrivals=after), [[0], [0]], planner, Opening.empty(np.array([5, 5])))


def test_an_interval_holds_its_mean_and_one_value_has_none() -> None:
    found = interval(np.array([9.0, 11.0, 10.0, 10.0]))
    assert found.low < found.mean == 10.0 < found.high
    assert interval(np.array([3.0])).width == 0.0
