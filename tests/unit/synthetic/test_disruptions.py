import datetime as dt

import numpy as np
import pandas as pd
import pytest

from assets.feeds.landing import content_hash
from assets.feeds.synthetic import World, WorldParameters, demo_dates
from assets.feeds.synthetic.changes import Changes
from assets.feeds.synthetic.conditions import LONGEST_LEAD_DAYS
from assets.feeds.synthetic.disruptions import (
    DearerFreight,
    Disruption,
    LanesClosed,
    Promotion,
    SitesClosed,
    SlowerWays,
    Span,
)
from assets.feeds.synthetic.emission import day_feeds
from assets.feeds.synthetic.replenishment import order_up_to
from assets.feeds.synthetic.world import Day
from assets.kernel.errors import EquipoiseError

SMALL = WorldParameters.small()
PLAIN = World(SMALL)
ONE_DAY = dt.timedelta(days=1)
NEXT = SMALL.last_date + ONE_DAY
WEEK = Span(NEXT, NEXT + 6 * ONE_DAY)


def disturbed(*disruptions: Disruption) -> World:
    world = World(SMALL, disruptions=disruptions)
    world.__dict__.update(catalogue=PLAIN.catalogue, demand=PLAIN.demand, history=PLAIN.history)
    return world


def lived_on(world: World, days: int = 1) -> World:
    stock, lived = world.history.closing, []
    for number in range(days):
        date = NEXT + number * ONE_DAY
        orders = order_up_to(world.catalogue, stock, date)
        stock, flows = world.live(stock, orders, date)
        lived.append(Day(date, orders, flows, stock.on_hand, stock.blocked))
    return world.gone_on(lived, stock)


def table(world: World, name: str, date: dt.date = NEXT) -> pd.DataFrame:
    (found,) = [batch.data for batch in day_feeds(world, date) if batch.table.name == name]
    return found


def test_what_comes_later_leaves_the_feeds_of_the_history_as_they_were_but_for_what_is_announced() -> None:
    later = disturbed(LanesClosed(WEEK), DearerFreight(WEEK, 3.0), SlowerWays(WEEK, 2.0))
    start, end = demo_dates(SMALL)
    one, other = (
        [content_hash(batch.table, batch.data) for batch in world.feeds(start, end)] for world in (PLAIN, later)
    )
    assert one == other


def test_the_feeds_of_a_day_that_was_lived_on_are_those_that_a_longer_history_sends() -> None:
    went_on = lived_on(PLAIN, 2)
    at_once = [batch for batch in went_on.feeds(SMALL.last_date, NEXT + ONE_DAY) if batch.business_date > NEXT]
    alone = list(day_feeds(went_on, NEXT + ONE_DAY))
    assert [b.table.name for b in at_once] == [b.table.name for b in alone]
    for one, other in zip(at_once, alone, strict=True):
        pd.testing.assert_frame_equal(one.data, other.data)


def test_a_closed_lane_is_told_and_carries_nothing() -> None:
    world = lived_on(disturbed(LanesClosed(WEEK, origins=("dc-1",))), 3)
    lanes = table(world, "tms_lanes")
    assert not lanes.loc[lanes["origin_id"] == "dc-1", "is_allowed"].any()
    assert lanes.loc[lanes["origin_id"] != "dc-1", "is_allowed"].all()
    departed = table(world, "tms_shipments", NEXT + 2 * ONE_DAY)
    assert not ((departed["origin_id"] == "dc-1") & (departed["departed_date"] >= pd.Timestamp(NEXT))).any()


def test_prices_and_times_are_told_as_long_as_they_last() -> None:
    world = lived_on(disturbed(DearerFreight(WEEK, 2.0), SlowerWays(WEEK, 2.0)), 8)
    before, during = table(lived_on(PLAIN), "tms_lanes"), table(world, "tms_lanes")
    assert np.allclose(during["cost_per_unit"], 2 * before["cost_per_unit"])
    assert (during["quoted_transit_days"] == 2 * before["quoted_transit_days"]).all()
    pd.testing.assert_frame_equal(table(world, "tms_lanes", NEXT + 7 * ONE_DAY), before)


def test_a_promotion_is_announced_before_it_runs_and_tills_then_say_so() -> None:
    items = tuple(PLAIN.catalogue.items.ids[:4].tolist())
    span = Span(NEXT + ONE_DAY, NEXT + 2 * ONE_DAY)
    world = lived_on(disturbed(Promotion(span, 3.0, 0.25, items)), 2)
    told = table(world, "demand_events")
    mine = told[told["event_id"].str.contains(f"{span.first:%Y%m%d}")]
    assert set(mine["item_id"]) == set(items)
    assert (mine["start_date"] == span.first).all()
    sold = table(world, "demand_sales", NEXT + ONE_DAY)
    assert sold.loc[sold["item_id"].isin(items), "is_promoted"].all()


def test_goods_wait_before_a_closed_door_until_it_opens() -> None:
    closed = SitesClosed(Span(NEXT + 2 * ONE_DAY, NEXT + 4 * ONE_DAY), ("dc-1",), gives=True)
    conditions = disturbed(closed).conditions(NEXT)
    assert conditions is not None
    site = int(np.flatnonzero(PLAIN.catalogue.sites.ids == "dc-1")[0])
    days = np.arange(1, 8)
    assert conditions.taken_in(days, np.full(7, site)).tolist() == [1, 5, 5, 5, 5, 6, 7]
    assert conditions.taken_in(days, np.full(7, 0)).tolist() == days.tolist()
    assert conditions.taken_in(np.array([LONGEST_LEAD_DAYS]), np.array([site])).tolist() == [LONGEST_LEAD_DAYS]


def test_a_store_that_opens_later_is_ranged_two_weeks_ahead() -> None:
    world = World(SMALL, Changes(opens={"store-02": NEXT + 20 * ONE_DAY}))
    closed = table(lived_on(world), "erp_sites").set_index("site_id")["is_open"]
    assert not closed["store-02"]
    assert closed.drop("store-02").all()
    assert "store-02" not in set(table(lived_on(world), "erp_item_site_settings")["site_id"])
    later = lived_on(world, 8)
    assert "store-02" in set(table(later, "erp_item_site_settings", NEXT + 7 * ONE_DAY)["site_id"])


def test_a_change_of_what_is_not_there_is_told() -> None:
    with pytest.raises(EquipoiseError, match="no store nowhere"):
        _ = World(SMALL, Changes(opens={"nowhere": NEXT})).catalogue
