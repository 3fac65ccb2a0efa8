import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.feeds.contract import contract
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import FeedBatch, World, WorldParameters, demo_dates, demo_profile, emit
from assets.kernel.clock import DeclaredClock
from assets.kernel.errors import EquipoiseError

SMALL = WorldParameters.small()
WORLD = World(SMALL)
START, END = demo_dates(SMALL)
ONE_DAY = dt.timedelta(days=1)


def by_name(batches: list[FeedBatch], name: str, availability: str | None = None) -> list[FeedBatch]:
    return [b for b in batches if b.table.name == name and availability in (None, b.row_availability)]


def rows(batches: list[FeedBatch], name: str, availability: str | None = None) -> pd.DataFrame:
    return pd.concat([batch.data for batch in by_name(batches, name, availability)], ignore_index=True)


@pytest.fixture(scope="module")
def batches() -> list[FeedBatch]:
    return list(WORLD.feeds(START, END))


@settings(max_examples=12, deadline=None)
@given(first=st.integers(0, SMALL.history_days - 1), length=st.integers(1, 10))
def test_the_feeds_of_any_dates_conform_to_the_contract(first: int, length: int) -> None:
    start = SMALL.first_date + dt.timedelta(days=first)
    end = min(start + dt.timedelta(days=length - 1), SMALL.last_date)
    for batch in WORLD.feeds(start, end):
        known = batch.table.frame.columns
        assert list(batch.data.columns) == [c.name for c in known if not c.optional or c.name in batch.data.columns]
        batch.table.frame.conform(batch.data)


def test_every_table_of_the_contract_is_sent(batches: list[FeedBatch]) -> None:
    ours = {"ledger_commitments"}  # which no other system sends
    assert {batch.table.name for batch in batches} == {table.name for table in contract()} - ours


def test_a_history_of_row_availability_stands_before_the_first_day(batches: list[FeedBatch]) -> None:
    for batch in batches:
        assert (batch.row_availability == "row") == (batch.business_date < START)
        if batch.row_availability == "row":
            assert batch.data[batch.table.date_column].max() < pd.Timestamp(START)


def test_the_first_day_of_all_needs_no_history() -> None:
    sent = list(WORLD.feeds(SMALL.first_date, SMALL.first_date))
    assert {batch.row_availability for batch in sent} == {"batch"}


def test_every_reference_is_found(batches: list[FeedBatch]) -> None:
    for batch in batches:
        for column, target in batch.table.references:
            source, table, there = target.split(".")
            known = set(rows(batches, f"{source}_{table}")[there])
            assert set(batch.data[column]) <= known, (batch.table.name, column)


def test_sales_are_the_same_whenever_the_daily_batches_start(batches: list[FeedBatch]) -> None:
    later = list(WORLD.feeds(END, END))
    one, other = (
        rows(sent, "demand_sales").sort_values(["site_id", "item_id", "sales_date"], ignore_index=True)
        for sent in (batches, later)
    )
    pd.testing.assert_frame_equal(one, other)


def test_movements_explain_every_change_of_stock(batches: list[FeedBatch]) -> None:
    stock = {
        batch.business_date: batch.data.groupby(["site_id", "item_id"])["on_hand_units"].sum()
        for batch in by_name(batches, "wms_inventory")
    }
    moves = rows(batches, "wms_stock_movements", "batch")
    for date in sorted(stock)[1:]:
        moved = moves[moves["movement_date"] == pd.Timestamp(date)].groupby(["site_id", "item_id"])["moved_units"].sum()
        change = stock[date] - stock[date - ONE_DAY]
        pd.testing.assert_series_equal(
            change[change != 0].sort_index(), moved[moved != 0].sort_index(), check_names=False, check_dtype=False
        )


def test_reserved_and_blocked_units_are_there(batches: list[FeedBatch]) -> None:
    stock = rows(batches, "wms_inventory")
    assert (stock["reserved_units"] + stock["blocked_units"] <= stock["on_hand_units"]).all()
    assert stock["reserved_units"].sum() > 0
    assert stock["blocked_units"].sum() > 0


def test_lots_of_perishables_expire_after_the_count(batches: list[FeedBatch]) -> None:
    for batch in by_name(batches, "wms_inventory"):
        lots = batch.data.dropna(subset="expiry_date")
        assert len(lots)
        assert (lots["expiry_date"] > pd.Timestamp(batch.business_date)).all()
        assert not batch.data.duplicated(["site_id", "item_id", "lot_id"]).any()


def test_an_order_is_told_open_before_it_is_told_received() -> None:
    sent = list(WORLD.feeds(END - 60 * ONE_DAY, END))
    for name, key, start, end in (
        ("erp_purchase_orders", ["purchase_order_id", "line_number"], "ordered_date", "received_date"),
        ("tms_shipments", ["shipment_id", "line_number"], "departed_date", "arrived_date"),
    ):
        versions = pd.concat([b.data.assign(told=pd.Timestamp(b.business_date)) for b in by_name(sent, name, "batch")])
        assert (versions[start] <= versions["told"]).all()
        closed = versions.dropna(subset=end)
        assert (closed[end] <= closed["told"]).all()
        begun = closed[closed[start] >= pd.Timestamp(END - 60 * ONE_DAY)]
        opened = versions[versions[end].isna()].set_index(key).index
        assert begun.set_index(key).index.isin(opened).all()


def test_what_is_open_on_the_first_day_is_told_by_its_batch(batches: list[FeedBatch]) -> None:
    told = rows(batches, "erp_purchase_orders", "row")
    assert told["received_date"].notna().all()
    assert (told["received_date"] < pd.Timestamp(START)).all()
    first = by_name(batches, "erp_purchase_orders", "batch")[0].data
    assert (first["ordered_date"] < pd.Timestamp(START)).any()


def test_stock_under_way_of_the_last_day_is_what_the_world_has_due(batches: list[FeedBatch]) -> None:
    shipments = rows(batches, "tms_shipments").drop_duplicates(["shipment_id", "line_number"], keep="last")
    orders = rows(batches, "erp_purchase_orders").drop_duplicates(["purchase_order_id", "line_number"], keep="last")
    moving = shipments.loc[shipments["status"] == "in_transit", "shipped_units"].sum()
    due = int(WORLD.history.closing.due.sum())
    ordered = orders.loc[orders["status"] == "open", "ordered_units"].sum()
    # Suppliers deliver some lines short, which nobody knows while they are open.
    assert moving <= due <= moving + ordered


def test_landing_the_same_world_twice_lands_nothing_new(tmp_path: Path) -> None:
    landing = LandingArea(tmp_path, DeclaredClock(dt.date(2026, 11, 16)))
    once = emit(WORLD, landing, END, END)
    again = emit(World(WorldParameters.small()), landing, END, END)
    assert [e.batch_id for e in once.envelopes] == [e.batch_id for e in again.envelopes]
    assert len(landing.batches()) == len(once.envelopes)


def test_a_batch_is_known_before_the_cutoff_of_the_next_morning(tmp_path: Path) -> None:
    landing = LandingArea(tmp_path, DeclaredClock(dt.date(2026, 11, 16)))
    calendar = demo_profile(SMALL).calendar
    for envelope in emit(WORLD, landing, END, END).envelopes:
        assert envelope.available_at <= calendar.cutoff(envelope.business_date + ONE_DAY)
        assert envelope.available_at > calendar.cutoff(envelope.business_date)


@pytest.mark.parametrize("days", [(-200, 0), (1, 2), (-2, -4)])
def test_dates_outside_the_history_are_refused(days: tuple[int, int]) -> None:
    with pytest.raises(EquipoiseError, match="outside the history"):
        WORLD.feeds(SMALL.last_date + days[0] * ONE_DAY, SMALL.last_date + days[1] * ONE_DAY)


def test_the_last_seven_dates_of_the_demo_can_be_planned() -> None:
    profile = demo_profile(SMALL)
    assert profile.declared_date == END + ONE_DAY
    assert (profile.declared_date - profile.first_plan_date).days == 6
    assert profile.first_plan_date - ONE_DAY > START


def test_promotions_of_items_are_announced_at_least_a_horizon_ahead_and_kept(batches: list[FeedBatch]) -> None:
    told = rows(batches, "demand_events").dropna(subset="item_id").drop_duplicates("event_id")
    assert pd.to_datetime(told["start_date"]).max() >= pd.Timestamp(END + 14 * ONE_DAY)
    assert pd.to_datetime(told["start_date"]).min() < pd.Timestamp(SMALL.first_date + 21 * ONE_DAY)
    assert (told["unit_price"] > 0).all()


def test_what_is_announced_is_what_the_tills_then_say(batches: list[FeedBatch]) -> None:
    told = rows(batches, "demand_events").dropna(subset="item_id").drop_duplicates("event_id")
    sites = rows(batches, "erp_sites").drop_duplicates("site_id")[["site_id", "region"]]
    sold = rows(batches, "demand_sales").merge(sites, on="site_id")
    pairs = sold.merge(told, on=["item_id", "region"], suffixes=("", "_told"))
    day = pd.to_datetime(pairs["sales_date"])
    during = pairs[(day >= pd.to_datetime(pairs["start_date"])) & (day <= pd.to_datetime(pairs["end_date"]))]
    assert during["is_promoted"].all()
    assert len(during) > 0.9 * sold["is_promoted"].sum()
    charged = during.dropna(subset="unit_price")
    assert (charged["unit_price"] == charged["unit_price_told"]).all()


def rationed(share: float) -> dict[dt.date, tuple[int, ...]]:
    """Return what suppliers say that they ship a day, 0 for no limit, by date over four weeks."""
    world = World(replace(SMALL, allocation_share=share))
    sent = by_name(list(world.feeds(SMALL.last_date - 27 * ONE_DAY, SMALL.last_date)), "erp_suppliers")
    return {batch.business_date: tuple(batch.data["capacity_units_per_day"].fillna(0)) for batch in sent}


def test_a_supplier_that_rations_does_so_for_a_whole_week() -> None:
    weeks: dict[int, set[tuple[int, ...]]] = {}
    for date, capacity in rationed(0.5).items():
        weeks.setdefault(date.isocalendar().week, set()).add(capacity)
    assert all(len(said) == 1 for said in weeks.values())
    assert len(set.union(*weeks.values())) > 1
    assert {units for said in weeks.values() for one in said for units in one} <= {0, *range(2, 7)}


def test_a_world_in_which_nobody_rations_limits_nothing() -> None:
    assert {units for said in rationed(0.0).values() for units in said} == {0}
