"""The fast twin, the twin's day and the sample world are one physics: same decisions and chance, same trajectory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pytest

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.chance import Chance as WorldChance
from assets.feeds.synthetic.chance import draw_chance
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.replenishment import order_up_to
from assets.feeds.synthetic.transition import LONGEST_LEAD_DAYS, Orders, opening_stock
from assets.feeds.synthetic.transition import Stock as WorldStock
from assets.feeds.synthetic.world import World
from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.fast.books import Books, Opening
from assets.twin.fast.chance import Chance, Mishaps, Replayed
from assets.twin.fast.network import FastNetwork, Ways
from assets.twin.fast.planner import Planners
from assets.twin.fast.rules import BaseStock
from assets.twin.fast.simulate import Length, simulate
from assets.twin.run import run

DAYS = 90


@dataclass(frozen=True)
class Lived:
    """Days of the world, with what it decided and met."""

    world: World
    dates: list[dt.date]
    chance: list[WorldChance]
    orders: list[Orders]
    stock: list[WorldStock]


def lived(world: World) -> Lived:
    dates = [world.parameters.birth + dt.timedelta(days=day) for day in range(DAYS)]
    chance = [draw_chance(world.catalogue, world.demand, date) for date in dates]
    stock, orders, ends = opening_stock(world.catalogue), [], []
    for date in dates:
        orders.append(order_up_to(world.catalogue, stock, date))
        stock, _ = world.live(stock, orders[-1], date)
        ends.append(stock)
    return Lived(world, dates, chance, orders, ends)


def lines_of(catalogue: Catalogue, orders: Orders, chance: WorldChance) -> Lines:
    """Return the day's orders as the twin plays them, the day's delays and short deliveries in them."""
    place = catalogue.sourcing.place[orders.sourcing_row]
    transit = np.maximum(catalogue.lanes.transit_days[orders.lane] + chance.lane_delay_days[orders.lane], 1)
    lead = catalogue.sourcing.lead_time_days[orders.sourcing_row] + chance.supply_delay_days[place]
    units = np.where(chance.is_short[place], orders.purchase_units * 4 // 5, orders.purchase_units)
    free = np.zeros(len(orders.lane) + len(place))
    return Lines(
        np.concatenate([orders.origin, np.full(len(place), SUPPLIER)]),
        np.concatenate([orders.destination, place]),
        np.concatenate([orders.transfer_units, units]),
        np.concatenate([transit, np.clip(lead, 1, LONGEST_LEAD_DAYS)]),
        free,
        free,
    )


def fast_chance(days: Lived) -> Chance:
    count = len(days.world.catalogue.places)
    stores = days.world.catalogue.places.store_count
    demand = np.zeros((count, DAYS), dtype=np.int64)
    demand[:stores] = np.stack([one.demand.units for one in days.chance], axis=1)

    def befalls(bucket: int) -> Mishaps:
        one = days.chance[bucket]
        lost, damaged, cleared = (f[:, None].astype(np.int64) for f in (one.is_lost, one.is_damaged, one.is_cleared))
        return Mishaps(lost, 2 * damaged, cleared)

    return Chance(Replayed(demand), mishaps=lambda _replications: befalls)


@pytest.mark.parametrize("perishable", [0.0, 0.6], ids=["lots off", "lots on"])
def test_the_worlds_decisions_and_chance_give_the_worlds_trajectory(perishable: float) -> None:
    days = lived(World(replace(WorldParameters.small(), perishable_share=perishable)))
    catalogue, opening = days.world.catalogue, opening_stock(days.world.catalogue)
    count = len(catalogue.places)
    network = FastNetwork(
        Rates(np.zeros(count), np.zeros(count), np.zeros(count), lost_sales=True), Ways.bought(count, 1),
        LONGEST_LEAD_DAYS, shelf_life=catalogue.shelf_life_days if perishable else None, ships_arrivals=True,
    )  # fmt: skip
    start = Opening(Stock(opening.on_hand, opening.due.T, np.zeros(count, np.int64)), opening.blocked, opening.fresh)
    seen = 0

    def compare(_replications: np.ndarray, books: Books) -> None:
        nonlocal seen
        then = days.stock[books.bucket - 1]
        np.testing.assert_array_equal(books.on_hand[:, 0], then.on_hand)
        np.testing.assert_array_equal(books.blocked[:, 0], then.blocked)
        np.testing.assert_array_equal(books.stock_of(0).under_way[:, :LONGEST_LEAD_DAYS], then.due.T)
        np.testing.assert_array_equal(books.position[:, 0], then.position)
        seen += 1

    planner = Planners([lambda bucket, _stock: lines_of(catalogue, days.orders[bucket], days.chance[bucket])])
    played = simulate(network, fast_chance(days), lambda _: planner, start, Length(DAYS), threads=1, watch=compare)
    assert seen == DAYS
    assert played.unmet.sum() > 0
    # Cleared from quality hold, and with lots more than that.
    assert played.by_item_site.scrapped.sum() > (300 if perishable else 0)


def network_of_three(*, lost_sales: bool) -> FastNetwork:
    """Return two stores behind a warehouse that buys."""
    ways = Ways(
        origin=np.array([2, 2, SUPPLIER]), buckets=np.array([1, 2, 3]), departs=np.ones((3, 1), dtype=bool),
        minimum=np.ones(3, np.int64), multiple=np.ones(3, np.int64), price=np.array([0.0, 0.0, 4.0]),
        freight=np.array([0.5, 0.7, 0.0]), fixed=np.zeros(3),
    )  # fmt: skip
    rates = Rates(np.array([0.2, 0.3, 0.1]), np.array([3.0, 5.0, 0.0]), np.array([4.5, 4.7, 4.0]), lost_sales)
    return FastNetwork(rates, ways, longest_buckets=3)


@pytest.mark.parametrize("lost_sales", [True, False])
def test_a_base_stock_rule_costs_what_the_same_lines_cost_in_the_twins_day(lost_sales: bool) -> None:
    network, buckets = network_of_three(lost_sales=lost_sales), 60
    demand = np.random.default_rng(3).poisson([[3.0], [2.0], [0.0]], (3, buckets))
    level, opening = np.array([9, 8, 20]), Stock(np.array([5, 1, 12]), np.array([[2], [0], [7]]), np.zeros(3, np.int64))
    books: list[Stock] = []
    outcome = simulate(
        network, Chance(Replayed(demand)), lambda _: BaseStock(level[:, None]), Opening(opening), Length(buckets),
        watch=lambda _, one: books.append(one.stock_of(0)),
    )  # fmt: skip

    def order_up_to_level(bucket: int, stock: Stock) -> Lines:
        wanted = np.maximum(0, level - (stock.on_hand + stock.under_way.sum(axis=1) - stock.owed))
        # Whose turn it is moves on by one a bucket.
        first = bucket % 2
        wanted[first] = min(wanted[first], stock.on_hand[2])
        wanted[1 - first] = min(wanted[1 - first], stock.on_hand[2] - wanted[first])
        ways = network.ways
        return Lines(ways.origin, np.arange(3), wanted, ways.buckets, ways.price, ways.freight)

    played = run(opening, demand, network.rates, order_up_to_level)
    total = played.total
    assert outcome.holding[0] == pytest.approx(total.holding.sum())
    assert outcome.shortage[0] == pytest.approx(total.shortage.sum())
    assert outcome.transport[0] == pytest.approx(total.transport.sum())
    assert outcome.purchase[0] == pytest.approx(played.purchase.sum())
    assert (outcome.fill_rate, total.unmet.sum() > 0) == (played.fill_rate, True)
    np.testing.assert_array_equal(books[-1].on_hand, played.closing.on_hand)
    np.testing.assert_array_equal(books[-1].owed, played.closing.owed)
    # The port of the twin's run is the port of the fast twin: one planner, one cost.
    asked = simulate(
        network, Chance(Replayed(demand)), lambda _: Planners([order_up_to_level]), Opening(opening), Length(buckets)
    )
    assert asked.cost[0] == pytest.approx(played.cost.sum())
    assert asked.unmet[0] == total.unmet.sum()
