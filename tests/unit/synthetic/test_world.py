import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.feeds.synthetic import World, WorldParameters
from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.chance import draw_chance
from assets.feeds.synthetic.demand import Demand
from assets.feeds.synthetic.transition import Orders, Stock, advance, opening_stock
from assets.kernel.errors import EquipoiseError

SMALL = WorldParameters.small()


def bytes_of(world: World) -> bytes:
    last = world.history.days[-1]
    sold = np.stack([day.flows.sold for day in world.history.days])
    return last.on_hand.tobytes() + world.history.received.tobytes() + sold.tobytes()


def test_the_same_seed_gives_the_same_world_to_the_bit() -> None:
    assert bytes_of(World(SMALL)) == bytes_of(World(WorldParameters.small()))


def test_another_seed_gives_another_world() -> None:
    assert bytes_of(World(SMALL)) != bytes_of(World(WorldParameters.small(seed=8)))


def test_demand_of_a_day_does_not_depend_on_how_far_the_history_reaches() -> None:
    catalogue = World(SMALL).catalogue
    date = SMALL.last_date + dt.timedelta(days=30)
    again = Demand(catalogue)
    again.draw(date - dt.timedelta(days=1))
    assert np.array_equal(Demand(catalogue).draw(date).units, again.draw(date).units)


def test_the_default_world_is_as_large_as_promised() -> None:
    parameters = WorldParameters()
    catalogue = World(parameters).catalogue
    kinds = set(catalogue.sites.kind)
    assert len(catalogue.sites.ids) >= 20
    assert len(catalogue.items.ids) == 500
    assert catalogue.places.store_count >= 3000
    assert kinds == {"store", "regional_warehouse", "supply_dc"}
    assert parameters.history_days == 365
    rate = catalogue.places.rate[: catalogue.places.store_count]
    assert rate.min() >= 0.2
    assert rate.max() <= 6


def test_every_place_is_replenished_by_a_lane_or_a_supplier(world: World) -> None:
    places = world.catalogue.places
    assert np.all((places.supply_lane >= 0) ^ (places.supply_row >= 0))
    shipped = np.flatnonzero(places.supply_lane >= 0)
    origin = world.catalogue.lanes.origin[places.supply_lane[shipped]]
    assert np.all(places.at[origin, places.item[shipped]] >= 0)


def test_stock_is_conserved_at_every_place_on_every_day(world: World) -> None:
    history = world.history
    before = history.opening.on_hand
    for day in history.days:
        flows = day.flows
        sold = np.zeros_like(before)
        sold[: len(flows.sold)] = flows.sold
        expected = before + flows.received - flows.issued - sold - flows.scrapped + flows.adjusted
        assert np.array_equal(day.on_hand, expected), day.date
        before = day.on_hand


def test_what_was_shipped_or_supplied_has_arrived_or_is_under_way(world: World) -> None:
    history = world.history
    sent = sum(int(day.flows.shipped_units.sum() + day.flows.supplied_units.sum()) for day in history.days)
    received = sum(int(day.flows.received.sum()) for day in history.days)
    assert sent == received + int(history.closing.due.sum())


def test_sales_never_exceed_demand_nor_the_shelf(world: World) -> None:
    for day in world.history.days:
        assert np.all(day.flows.sold == np.minimum(day.flows.demanded, day.flows.sellable))
        assert np.all(day.flows.sellable >= 0)
        assert np.all((day.blocked >= 0) & (day.blocked <= day.on_hand))


def test_stock_outs_censor_sales(world: World) -> None:
    demanded = sum(int(day.flows.demanded.sum()) for day in world.history.days)
    sold = sum(int(day.flows.sold.sum()) for day in world.history.days)
    assert 0.75 * demanded < sold < 0.98 * demanded


def test_lead_times_vary_and_orders_cross(world: World) -> None:
    days = world.history.days
    lines = [
        (row, number, number + lead)
        for number, day in enumerate(days)
        for row, lead in zip(day.orders.sourcing_row, day.flows.lead_days, strict=True)
    ]
    spreads = [len({arrival - start for row, start, arrival in lines if row == wanted}) for wanted in range(5)]
    assert min(spreads) >= 2
    lanes = [
        (lane, number, number + transit)
        for number, day in enumerate(days)
        for lane, transit in zip(day.orders.lane, day.flows.arrival_days, strict=True)
    ]
    assert any(
        one[0] == two[0] and one[1] < two[1] and one[2] > two[2]
        for group in (lines, lanes)
        for one in group
        for two in group
    )


def test_imbalance_leaves_some_stores_with_much_and_others_with_little(world: World) -> None:
    def covers(one: World) -> np.ndarray:
        places = one.catalogue.places
        stores = places.site[: places.store_count]
        last = one.history.days[-1].on_hand[: places.store_count]
        rate = places.rate[: places.store_count]
        return np.array([last[stores == s].sum() / rate[stores == s].sum() for s in np.unique(stores)])

    alike = World(dataclasses.replace(SMALL, imbalance=0.0))
    assert covers(world).max() / covers(world).min() > 2.5
    assert covers(world).max() / covers(world).min() > covers(alike).max() / covers(alike).min()


def test_perishables_are_never_older_than_their_shelf_life(world: World) -> None:
    catalogue, history = world.catalogue, world.history
    perishable = np.flatnonzero(catalogue.shelf_life_days > 0)
    assert len(perishable)
    for place in perishable:
        life = catalogue.shelf_life_days[place]
        for number, day in enumerate(history.days):
            young = history.received[max(number + 2 - life, 0) : number + 2, place].sum()
            assert day.on_hand[place] <= young


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return World(SMALL).catalogue


def random_orders(catalogue: Catalogue, rng: np.random.Generator) -> Orders:
    """Any orders a planner could place, lateral moves and more than there is included."""
    lanes, places = catalogue.lanes, catalogue.places
    lane = rng.integers(0, len(lanes.origin), 40)
    item = rng.integers(0, len(catalogue.items.ids), 40)
    origin, destination = places.at[lanes.origin[lane], item], places.at[lanes.destination[lane], item]
    there = (origin >= 0) & (destination >= 0)
    rows = rng.integers(0, len(catalogue.sourcing.place), 5)
    return Orders(
        lane[there], origin[there], destination[there], rng.integers(0, 60, there.sum()), rows,
        rng.integers(1, 90, 5),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), day=st.integers(0, 400))
def test_no_unit_is_made_or_lost_whatever_is_ordered(catalogue: Catalogue, seed: int, day: int) -> None:
    demand = Demand(catalogue)
    rng = np.random.default_rng(seed)
    stock = opening_stock(catalogue)
    for number in range(4):
        date = SMALL.birth + dt.timedelta(days=day + number)
        after, flows = advance(catalogue, stock, random_orders(catalogue, rng), draw_chance(catalogue, demand, date))
        assert total(after) == (
            total(stock)
            + flows.supplied_units.sum() - flows.sold.sum() - flows.scrapped.sum() + flows.adjusted.sum()
        )  # fmt: skip
        assert flows.shipped_units.sum() == flows.issued.sum()
        assert np.all(after.on_hand >= after.blocked)
        assert np.all(after.blocked >= 0)
        stock = after


def total(stock: Stock) -> int:
    return int(stock.on_hand.sum() + stock.due.sum())


def test_two_policies_meet_the_same_chance(catalogue: Catalogue) -> None:
    demand, date = Demand(catalogue), SMALL.last_date
    stock = opening_stock(catalogue)
    outcomes = [
        advance(
            catalogue, stock, random_orders(catalogue, np.random.default_rng(s)), draw_chance(catalogue, demand, date)
        )
        for s in (1, 2)
    ]
    assert np.array_equal(outcomes[0][1].demanded, outcomes[1][1].demanded)


def test_a_world_can_be_lived_beyond_its_history(world: World) -> None:
    from assets.feeds.synthetic.replenishment import order_up_to

    date = SMALL.last_date + dt.timedelta(days=1)
    orders = order_up_to(world.catalogue, world.history.closing, date)
    stock, flows = world.live(world.history.closing, orders, date)
    assert total(stock) + flows.sold.sum() > 0


@pytest.mark.parametrize(
    ("name", "value"), [("seed", -1), ("history_days", 0), ("imbalance", 1.5), ("warm_up_days", -1)]
)
def test_a_parameter_out_of_range_is_told_by_name(name: str, value: float) -> None:
    with pytest.raises(EquipoiseError, match=name):
        dataclasses.replace(SMALL, **{name: value})


def test_a_size_without_stores_for_every_warehouse_is_told() -> None:
    with pytest.raises(EquipoiseError, match="regional_warehouses"):
        dataclasses.replace(SMALL.size, regional_warehouses=9)
