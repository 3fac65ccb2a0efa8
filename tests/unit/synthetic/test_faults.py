import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from assets.feeds.contract import contract
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import FeedBatch, World, WorldParameters, demo_dates, emit, fault
from assets.feeds.synthetic.faults import FAULTS, Fault, spoil
from assets.kernel.clock import DeclaredClock
from assets.kernel.errors import EquipoiseError

SMALL = WorldParameters.small()
WORLD = World(SMALL)
START, END = demo_dates(SMALL)
ITEM = sorted(WORLD.catalogue.item_ids[WORLD.catalogue.site_ids == "store-02"])[3]


@pytest.fixture(scope="module")
def batches() -> list[FeedBatch]:
    return list(WORLD.feeds(START, END))


def located(name: str, **where: str) -> Fault:
    return fault(name, **where).located(WORLD.catalogue)


def spoilt(batches: list[FeedBatch], one: Fault) -> list[tuple[FeedBatch, tuple[FeedBatch, ...]]]:
    return [(batch, spoil(batch, [one], END)) for batch in batches]


def is_same(batch: FeedBatch, sent: tuple[FeedBatch, ...]) -> bool:
    return len(sent) == 1 and sent[0].data.equals(batch.data)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_only_the_days_and_tables_it_names(batches: list[FeedBatch], name: str) -> None:
    one = located(name, site="store-02")
    changed = [batch for batch, sent in spoilt(batches, one) if not is_same(batch, sent)]
    assert changed
    for batch in changed:
        assert batch.table.name in FAULTS[name].tables
        assert batch.row_availability == "batch"
        assert (END - batch.business_date).days < one.days


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"duplicate_batch", "schema_drift"}))
def test_a_fault_changes_only_the_site_it_names(batches: list[FeedBatch], name: str) -> None:
    for batch, (sent,) in spoilt(batches, located(name, site="store-02")):
        if "site_id" in batch.data.columns:
            before, after = (f.data[f.data["site_id"] != "store-02"] for f in (batch, sent))
            pd.testing.assert_frame_equal(before.reset_index(drop=True), after.reset_index(drop=True))


@pytest.mark.parametrize("name", ["negative_stock", "unit_error_x12", "outliers", "distribution_shift"])
def test_a_fault_of_an_item_changes_only_that_item(batches: list[FeedBatch], name: str) -> None:
    for batch, (sent,) in spoilt(batches, located(name, site="store-02", item=ITEM)):
        if not is_same(batch, (sent,)):
            differs = (batch.data.compare(sent.data)).index
            assert set(batch.data.loc[differs, "item_id"]) == {ITEM}
            assert set(batch.data.loc[differs, "site_id"]) == {"store-02"}


def test_a_stale_site_is_absent_from_the_last_counts_only(batches: list[FeedBatch]) -> None:
    for batch, (sent,) in spoilt(batches, located("stale_feed", site="store-02")):
        if batch.table.name == "wms_inventory":
            assert ("store-02" in set(sent.data["site_id"])) == ((END - batch.business_date).days >= 3)


def test_a_missing_site_is_in_no_daily_count(batches: list[FeedBatch]) -> None:
    for batch, (sent,) in spoilt(batches, located("missing_site", site="store-02")):
        if batch.table.name == "wms_inventory":
            assert "store-02" not in set(sent.data["site_id"])


def test_negative_stock_is_negative(batches: list[FeedBatch]) -> None:
    counts = [
        sent for batch, (sent,) in spoilt(batches, located("negative_stock")) if batch.table.name == "wms_inventory"
    ]
    assert [int((sent.data["on_hand_units"] < 0).sum()) for sent in counts][-2:] == [0, 1]


def test_a_unit_error_multiplies_stock_and_sales_by_twelve(batches: list[FeedBatch]) -> None:
    for batch, (sent,) in spoilt(batches, located("unit_error_x12", site="store-02")):
        if batch.business_date == END and batch.table.name in ("wms_inventory", "demand_sales"):
            name = "on_hand_units" if batch.table.name == "wms_inventory" else "sold_units"
            at = batch.data["site_id"] == "store-02"
            assert (sent.data.loc[at, name] == 12 * batch.data.loc[at, name]).all()


def test_a_duplicate_batch_is_one_batch_once_landed(tmp_path: Path) -> None:
    landing = LandingArea(tmp_path, DeclaredClock(dt.date(2026, 11, 16)))
    report = emit(WORLD, landing, END, END, [fault("duplicate_batch")])
    assert len(report.envelopes) == len(landing.batches()) + 1


def test_a_drifted_batch_lands_as_it_was_sent(tmp_path: Path) -> None:
    landing = LandingArea(tmp_path, DeclaredClock(dt.date(2026, 11, 16)))
    emit(WORLD, landing, END, END, [fault("schema_drift")])
    inventory = next(table for table in contract() if table.name == "wms_inventory")
    (envelope,) = landing.batches(inventory)
    columns = pd.read_parquet(landing.directory(envelope) / envelope.files[0]).columns
    assert "qty_on_hand" in columns
    assert "on_hand_units" not in columns


def test_faults_come_together(batches: list[FeedBatch]) -> None:
    both = [located("negative_stock", site="store-01"), located("stale_feed", site="store-02")]
    last = next(b for b in reversed(batches) if b.table.name == "wms_inventory")
    (sent,) = spoil(last, both, END)
    assert "store-02" not in set(sent.data["site_id"])
    assert (sent.data["on_hand_units"] < 0).sum() == 1


def test_every_fault_says_what_verdict_to_expect() -> None:
    assert all(kind.description and kind.expected for kind in FAULTS.values())


def test_an_unknown_fault_is_told_with_the_known_ones() -> None:
    with pytest.raises(EquipoiseError, match="stale_feed"):
        fault("rust")


@pytest.mark.parametrize("where", [{"site": "store-99"}, {"site": "store-01", "item": "item-9999"}])
def test_a_fault_at_an_unknown_place_is_refused(where: dict[str, str]) -> None:
    with pytest.raises(EquipoiseError, match="the world has no item"):
        located("negative_stock", **where)
