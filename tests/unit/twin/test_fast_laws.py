"""Laws of the fast twin, whatever is drawn."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.demand_distributions.families import negative_binomial, poisson
from assets.inventory.demand_distributions.lattice import Lattice
from assets.twin.day import SUPPLIER, Ints, Rates, Stock
from assets.twin.fast import simulate as simulation
from assets.twin.fast.books import Books, Opening, Totals
from assets.twin.fast.chance import Chance, Sampled
from assets.twin.fast.network import FastNetwork, Limit, Ways
from assets.twin.fast.outcome import Outcome, units_of
from assets.twin.fast.rules import BaseStock
from assets.twin.fast.simulate import Length, simulate
from assets.twin.fast.streams import Purpose

LONGEST = 5
LEAD_TIMES = [Lattice(0, np.array([0.2, 0.3, 0.0, 0.3, 0.2])), Lattice(1, np.array([0.5, 0.5]))]


@st.composite
def games(draw: st.DrawFn) -> tuple[FastNetwork, Chance, Ints, Opening]:
    """Return a network with some of its limits, its chance, levels and an opening."""
    n, seed = draw(st.integers(2, 5)), draw(st.integers(0, 2**40))
    rng = np.random.default_rng(seed)
    after = draw(st.booleans())
    origin = np.where((np.arange(n) > 0) & (rng.random(n) < 0.7), 0, SUPPLIER)
    whole = np.ones(n, dtype=np.int64)
    ways = Ways(
        origin, rng.integers(1, LONGEST, n), rng.random((n, 3)) < 0.8, rng.integers(0, 4, n), rng.integers(1, 3, n),
        np.full(n, 2.0), np.full(n, 0.5), np.full(n, draw(st.sampled_from([0.0, 3.0]))),
    )  # fmt: skip
    limit = Limit(rng.integers(-1, 2, n), np.array([9, 14]), rng.integers(1, 3, n))
    network = FastNetwork(
        Rates(whole * 0.2, whole * 3.0, whole * 2.0, draw(st.booleans())), ways, LONGEST,
        shelf_life=draw(st.sampled_from([None, rng.integers(0, 5, n)])),
        starting=(limit,) if draw(st.booleans()) else (),
        receiving=limit if draw(st.booleans()) else None,
        storage=Limit(np.zeros(n, np.int64), np.array([40]), whole) if draw(st.booleans()) else None,
        ships_arrivals=after,
    )  # fmt: skip
    laws = [poisson(float(mean)) for mean in rng.uniform(0.0, 4.0, n)]
    deliveries = [Lattice(800, np.eye(201)[200] * 0.9 + np.eye(201)[0] * 0.1)] * n
    chance = Chance(
        Sampled.of(laws, seed),
        lead_time=Sampled.of([LEAD_TIMES[one % 2] for one in range(n)], seed, Purpose.LEAD_TIME),
        delivered=Sampled.of(deliveries, seed, Purpose.DELIVERY),
        returns=Sampled.of([poisson(0.3)] * n, seed, Purpose.RETURNS) if draw(st.booleans()) else None,
    )  # fmt: skip
    opening = Opening(Stock(rng.integers(0, 9, n), rng.integers(0, 4, (n, 2)), np.zeros(n, np.int64)))
    return network, chance, rng.integers(0, 15, n)[:, None], opening


Game = tuple[FastNetwork, Chance, Ints, Opening]


def play(game: Game, length: Length, watch: object = None, **how: int) -> Outcome:
    network, chance, level, opening = game
    return simulate(network, chance, lambda _: BaseStock(level), opening, length, watch=watch, **how)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Planned:
    """Orders that were decided before."""

    units: Ints

    def decide(self, bucket: int, books: Books) -> Ints:
        return np.broadcast_to(self.units[bucket], books.on_hand.shape)


def bits_of(outcome: Outcome) -> list[bytes]:
    whole = [np.asarray(getattr(outcome, f.name)).tobytes() for f in fields(outcome) if f.name != "by_item_site"]
    return whole + [getattr(outcome.by_item_site, f.name).tobytes() for f in fields(Totals)]


@given(games())
@settings(max_examples=30)
def test_units_are_conserved_and_nothing_is_ever_negative(game: Game) -> None:
    network, opening = game[0], game[3]

    def check(_replications: Ints, books: Books) -> None:
        total, before = books.totals, opening.stock.units
        came = total.bought.sum(axis=0) + total.returned.sum(axis=0)
        went = total.sold.sum(axis=0) + total.scrapped.sum(axis=0)
        np.testing.assert_array_equal(before + came, units_of(books).sum(axis=0) + went)
        assert min(books.on_hand.min(), books.due.min(), books.owed.min(), total.scrapped.min()) >= 0
        np.testing.assert_array_equal(books.position, books.on_hand + books.due.sum(axis=0) - books.owed)

    outcome = play(game, Length(12, 0, 3), watch=check)
    if network.rates.lost_sales:
        total = outcome.by_item_site
        np.testing.assert_array_equal(total.asked, total.sold + total.unmet)


@given(games(), st.integers(1, 6))
@settings(max_examples=15)
def test_a_replication_is_the_same_whatever_others_there_are_and_however_many_threads_play(
    game: Game, few: int
) -> None:
    many = play(game, Length(9, 2, 8), threads=2)
    some = play(game, Length(9, 2, few), threads=1)
    assert some.cost.tobytes() == many.cost[:few].tobytes()
    chunk = simulation.CHUNK_PLACES
    try:
        simulation.CHUNK_PLACES = 3 * len(game[0])
        assert bits_of(play(game, Length(9, 2, 8), threads=2)) == bits_of(many)
    finally:
        simulation.CHUNK_PLACES = chunk


@given(games(), st.integers(1, 8))
@settings(max_examples=15)
def test_what_came_first_is_the_same_however_long_is_played(game: Game, short: int) -> None:
    def trace(buckets: int) -> list[bytes]:
        seen: list[bytes] = []
        play(game, Length(buckets, 0, 2), watch=lambda _, books: seen.append(books.on_hand.tobytes()))
        return seen

    assert trace(9)[:short] == trace(short)


@given(st.integers(0, 2**40), st.permutations(range(6)))
@settings(max_examples=30)
def test_item_sites_in_another_order_live_the_same(seed: int, order: list[int]) -> None:
    # The key of an item-site, not its place, says what chance it meets.
    keys, places = np.arange(6) * 11 + 5, np.array(order)
    rng = np.random.default_rng(seed)
    laws, level = [negative_binomial(m, 2.5 * m) for m in rng.uniform(0.5, 5.0, 6)], rng.integers(1, 15, 6)
    ways = Ways.bought(6, 2)
    rates = Rates(np.ones(6), np.full(6, 4.0), np.zeros(6), True)
    network, opening = FastNetwork(rates, ways, 2), Opening.empty(np.full(6, 5))

    def unmet(rows: Ints) -> Ints:
        chance = Chance(Sampled.of([laws[row] for row in rows], seed, keys=keys[rows]))
        outcome = simulate(network, chance, lambda _: BaseStock(level[rows, None]), opening, Length(15, 3, 4))
        return outcome.by_item_site.unmet[:, 0]

    np.testing.assert_array_equal(unmet(places), unmet(np.arange(6))[places])


@given(st.integers(0, 2**40), st.integers(1, 6), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_more_opening_stock_never_loses_more_sales_where_orders_stay_as_they_are(
    seed: int, more: int, lots: bool, lost: bool
) -> None:
    rng = np.random.default_rng(seed)
    life = rng.integers(0, 5, 3) if lots else None
    rates = Rates(np.ones(3), np.ones(3), np.zeros(3), lost)
    network = FastNetwork(rates, Ways.bought(3, 2), 2, shelf_life=life)
    chance = Chance(Sampled.of([poisson(2.0)] * 3, seed), returns=Sampled.of([poisson(0.3)] * 3, seed, Purpose.RETURNS))
    plan = rng.integers(0, 5, (12, 3, 1))

    def unmet(on_hand: Ints) -> Ints:
        played = simulate(network, chance, lambda _: Planned(plan), Opening.empty(on_hand), Length(12, 0, 3))
        return played.unmet

    on_hand = rng.integers(0, 9, 3)
    assert (unmet(on_hand + more) <= unmet(on_hand)).all()


@given(st.integers(0, 2**40), st.integers(0, 20), st.integers(1, 5), st.booleans())
@settings(max_examples=20)
def test_a_higher_base_stock_never_loses_more_sales_with_a_steady_lead_time(
    seed: int, level: int, more: int, lost: bool
) -> None:
    rates = Rates(np.ones(1), np.ones(1), np.zeros(1), lost)
    network, chance = FastNetwork(rates, Ways.bought(1, 2), 2), Chance(Sampled.of([poisson(3.0)], seed))

    def unmet(units: int) -> int:
        opening = Opening.empty(np.array([units]))
        outcome = simulate(network, chance, lambda _: BaseStock(np.array([[units]])), opening, Length(30, 0, 4))
        return int(outcome.unmet.sum())

    assert unmet(level + more) <= unmet(level)
