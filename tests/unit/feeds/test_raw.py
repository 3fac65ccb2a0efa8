import datetime as dt
import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from feed_samples import CALENDAR, DAY, LANDED, NOON_AFTER, landing_in, reasons, rows_of, warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.feeds import intake, pages, raw
from assets.feeds.contract import contract, feed_table
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import HINDSIGHT, Bucket, PlanCalendar
from assets.kernel.frames.feeds import FEED_BATCHES, FEED_STATE

INVENTORY = feed_table("wms", "inventory")
SALES = feed_table("demand", "sales")
ITEMS = feed_table("erp", "items")
EVENTS = feed_table("demand", "events")
LATER_COLUMNS = [column.name for column in EVENTS.frame.columns if column.optional]
PLAN = DAY + dt.timedelta(days=2)


def land(landing: LandingArea, day: dt.date = DAY, count: int = 3) -> None:
    known = dt.datetime.combine(day, dt.time(22), dt.UTC)
    landing.land_frame(INVENTORY, rows_of(INVENTORY, count, day), day, available_at=known)


def digest_of(connection: duckdb.DuckDBPyConnection, feed: str, cutoff: dt.datetime = HINDSIGHT) -> str:
    state = raw.feed_state(connection, dt.date(2030, 1, 1), cutoff)
    return str(state.set_index("feed").loc[feed, "row_digest"])


def test_every_raw_table_is_there_once_prepared_and_preparing_twice_changes_nothing() -> None:
    connection = warehouse()
    raw.prepare(connection)
    found = connection.execute("select table_name from information_schema.tables where table_schema = 'raw'")
    assert {row[0] for row in found.fetchall()} == {t.name for t in contract()} | {"batches", "quarantine"}


def test_a_batch_is_taken_once(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    land(landing)
    assert raw.ingest(connection, INVENTORY, landing, CALENDAR).accepted_rows == 3
    assert raw.ingest(connection, INVENTORY, landing, CALENDAR) == raw.IngestReport("wms_inventory")
    assert connection.execute("select count(*) from raw.wms_inventory").fetchone() == (3,)


def test_every_row_carries_its_batch_number_times_and_hash(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    envelope = landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER)
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    rows = connection.execute(
        """select _batch_id, _business_date, _available_at, _landed_at, _row_number, length(_row_hash)
        from raw.wms_inventory order by _row_number"""
    ).fetchall()
    naive = NOON_AFTER.replace(tzinfo=None), LANDED.replace(tzinfo=None)
    assert rows == [(envelope.batch_id, DAY, *naive, number, 32) for number in (1, 2, 3)]


def test_equal_rows_have_equal_hashes_and_a_null_is_not_an_empty_text(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    items = rows_of(ITEMS, 2).assign(category=["", "x"])
    for day in (DAY, DAY + dt.timedelta(days=1)):
        landing.land_frame(ITEMS, items, day, available_at=NOON_AFTER)
    raw.ingest(connection, ITEMS, landing, CALENDAR)
    hashes = connection.execute("select count(*), count(distinct _row_hash) from raw.erp_items").fetchone()
    assert hashes == (4, 2)


def test_many_batches_of_one_shape_are_taken_in_a_few_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    for offset in range(30):
        land(landing, DAY + dt.timedelta(days=offset))
    taken: list[int] = []
    original = intake.take_alike
    monkeypatch.setattr(raw, "take_alike", lambda *a: taken.append(len(a[3])) or original(*a))
    report = raw.ingest(connection, INVENTORY, landing, CALENDAR)
    assert (taken, report.batches, report.accepted_rows) == ([30], 30, 90)


def test_rows_of_a_history_are_known_from_their_own_bucket_on(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    sales = rows_of(SALES).assign(sales_date=pd.to_datetime(["2024-03-25", "2024-04-01", "2024-04-01"]))
    landing.land_frame(SALES, sales, DAY, available_at=LANDED, row_availability="row")
    raw.ingest(connection, SALES, landing, PlanCalendar(Bucket.WEEK, "UTC"))
    rows = connection.execute(
        "select distinct _business_date, _available_at from raw.demand_sales order by 1"
    ).fetchall()
    assert rows == [
        (dt.date(2024, 3, 25), dt.datetime(2024, 4, 1, 2)),
        (dt.date(2024, 4, 1), dt.datetime(2024, 4, 8, 2)),
    ]


def test_parts_of_a_batch_are_numbered_through(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    folder = tmp_path / "sent/wms/inventory/2024-04-02"
    folder.mkdir(parents=True)
    data = rows_of(INVENTORY, 5)
    data.iloc[:2].to_parquet(folder / "a.parquet")
    data.iloc[2:].to_parquet(folder / "b.parquet")
    landing.land_files(tmp_path / "sent")
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    rows = connection.execute("select _row_number, lot_id from raw.wms_inventory order by 1").fetchall()
    assert rows == [(number + 1, f"lot_id {number}") for number in range(5)]


def test_a_path_with_glob_characters_is_a_path(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path / "odd [home]*?"), warehouse()
    land(landing)
    assert raw.ingest(connection, INVENTORY, landing, CALENDAR).accepted_rows == 3


def test_empty_text_is_missing_in_a_key_and_a_value_elsewhere(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    items = rows_of(ITEMS).assign(description=["", "b", "c"], item_id=["A", "", "C"])
    path = tmp_path / "sent" / "erp_items_2024-04-02.csv"
    path.parent.mkdir()
    items.to_csv(path, index=False)
    landing.land_files(path.parent)
    raw.ingest(connection, ITEMS, landing, CALENDAR)
    assert reasons(connection) == {2: "item_id is missing"}
    assert connection.execute("select description from raw.erp_items where item_id = 'A'").fetchone() == ("",)


def test_a_snapshot_says_what_it_covers(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER, covers=["S1", "S2"])
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    assert connection.execute("select covers, status from raw.batches").fetchall() == [("S1,S2", "accepted")]


def test_a_plan_knows_the_batches_before_its_date_that_were_there_by_the_cutoff(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    for offset in range(3):
        land(landing, DAY + dt.timedelta(days=offset))
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    known = raw.feed_batches(connection, PLAN, CALENDAR.cutoff(PLAN))
    assert list(known.columns) == FEED_BATCHES.names
    assert sorted(known["business_date"].dt.date) == [DAY, DAY + dt.timedelta(days=1)]
    early = raw.feed_batches(connection, PLAN, dt.datetime.combine(DAY, dt.time(23), dt.UTC))
    assert list(early["business_date"].dt.date) == [DAY]


def test_a_history_is_known_as_far_as_its_rows_are(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    dates = pd.to_datetime(["2024-03-01", "2024-03-02", "2024-04-02"])
    landing.land_frame(SALES, rows_of(SALES).assign(sales_date=dates), DAY, available_at=LANDED, row_availability="row")
    raw.ingest(connection, SALES, landing, CALENDAR)
    plan = dt.date(2024, 3, 3)
    [batch] = raw.feed_batches(connection, plan, CALENDAR.cutoff(plan)).to_dict("records")
    assert batch["business_date"] == pd.Timestamp("2024-03-02")
    assert batch["available_at"] == pd.Timestamp("2024-03-03 02:00")
    state = raw.feed_state(connection, plan, CALENDAR.cutoff(plan)).set_index("feed")
    assert state.loc["demand_sales", ["batch_count", "row_count"]].tolist() == [1, 2]
    before = dt.date(2024, 3, 1)
    assert raw.feed_batches(connection, before, CALENDAR.cutoff(before)).empty


def test_the_state_of_empty_feeds_is_stated_too() -> None:
    state = raw.feed_state(warehouse(), PLAN, CALENDAR.cutoff(PLAN))
    assert list(state.columns) == FEED_STATE.names
    assert len(state) == len(contract())
    assert state["latest_business_date"].isna().all()


def test_a_changed_raw_row_changes_the_digest_though_its_recorded_hash_stays(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    land(landing)
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    before = digest_of(connection, "wms_inventory")
    connection.execute("update raw.wms_inventory set on_hand_units = on_hand_units + 1 where _row_number = 2")
    assert digest_of(connection, "wms_inventory") != before


def test_what_becomes_known_after_the_cutoff_does_not_touch_the_digest(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    land(landing)
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    before = digest_of(connection, "wms_inventory", CALENDAR.cutoff(PLAN))
    land(landing, DAY + dt.timedelta(days=5))
    raw.ingest(connection, INVENTORY, landing, CALENDAR)
    assert digest_of(connection, "wms_inventory", CALENDAR.cutoff(PLAN)) == before


def digest_after(order: list[int], folder: Path) -> str:
    landing, connection = landing_in(folder), warehouse()
    for offset in order:
        land(landing, DAY + dt.timedelta(days=offset))
        raw.ingest(connection, INVENTORY, landing, CALENDAR)
    return digest_of(connection, "wms_inventory")


@settings(max_examples=6, deadline=None)
@given(order=st.permutations(range(4)))
def test_the_digest_does_not_depend_on_the_order_of_landing(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    in_order = digest_after(sorted(order), tmp_path_factory.mktemp("sorted"))
    assert digest_after(order, tmp_path_factory.mktemp("shuffled")) == in_order


CELL = st.one_of(
    st.none(),
    st.integers(-(2**33), 2**33),
    st.floats(),
    st.sampled_from(["7", " 8 ", "1.5", "nan", "inf", "", "x"]),
)


@settings(max_examples=40, deadline=None)
@given(units=st.lists(CELL, min_size=1, max_size=8), twice=st.booleans())
def test_accepted_and_quarantined_rows_are_the_rows_sent(
    units: list[object], twice: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    landing, connection = landing_in(tmp_path_factory.mktemp("law")), warehouse()
    sales = rows_of(SALES, len(units)).assign(sold_units=pd.Series(units, dtype=object))
    if twice:
        sales["item_id"], sales["site_id"] = "A", "S"
    landing.land_frame(SALES, sales, DAY, available_at=NOON_AFTER)
    report = raw.ingest(connection, SALES, landing, CALENDAR)
    assert report.accepted_rows + report.quarantined_rows == len(units)
    stored = connection.execute("select count(*) from raw.demand_sales").fetchone()
    refused = connection.execute("select count(*), count(distinct row_number) from raw.quarantine").fetchone()
    assert stored == (report.accepted_rows,)
    assert refused == (report.quarantined_rows, report.quarantined_rows)


def test_the_payload_is_the_row_as_sent(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    sales = rows_of(SALES, 1).assign(sold_units=[float("inf")], till=["7"])
    landing.land_frame(SALES, sales, DAY, available_at=NOON_AFTER)
    raw.ingest(connection, SALES, landing, CALENDAR)
    [(payload,)] = connection.execute("select payload from raw.quarantine").fetchall()
    sent = json.loads(payload)
    assert (sent["sold_units"], sent["till"], sent["item_id"]) == ("inf", "7", "item_id 0")


def test_pages_show_plain_values_only(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    land(landing)
    report = raw.ingest(connection, INVENTORY, landing, CALENDAR)
    known = raw.feed_batches(connection, PLAN, CALENDAR.cutoff(PLAN))
    state = raw.feed_state(connection, PLAN, CALENDAR.cutoff(PLAN))
    page = pages.raw_table_page(connection, INVENTORY, report)
    assert (page["rows accepted"], page["latest business date"]) == (3, "2024-04-02")
    for shown in (page, pages.batches_page(known), pages.state_page(state)):
        json.dumps(shown)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_from_before_a_column_joined_the_contract_is_no_drift(tmp_path: Path, suffix: str) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    old = tmp_path / "sent" / f"demand_events{suffix}"
    old.parent.mkdir()
    rows = rows_of(EVENTS).drop(columns=LATER_COLUMNS)
    rows.to_csv(old, index=False) if suffix == ".csv" else rows.to_parquet(old)
    landing.land_files(old.parent, default_date=DAY)
    report = raw.ingest(connection, EVENTS, landing, CALENDAR)
    assert (report.accepted_rows, report.rejected) == (3, ())
    found = connection.execute(
        f"select count(*) from raw.demand_events where {' is null and '.join(LATER_COLUMNS)} is null"
    )
    assert found.fetchone() == (3,)


def test_a_row_without_the_later_columns_has_the_hash_it_had_before_them(tmp_path: Path) -> None:
    landing, connection = landing_in(tmp_path), warehouse()
    rows = rows_of(EVENTS).assign(**dict.fromkeys(LATER_COLUMNS))
    landing.land_frame(EVENTS, rows, DAY, available_at=NOON_AFTER)
    landing.land_frame(EVENTS, rows.drop(columns=LATER_COLUMNS), DAY, available_at=NOON_AFTER + dt.timedelta(hours=1))
    raw.ingest(connection, EVENTS, landing, CALENDAR)
    hashes = connection.execute("select count(*), count(distinct _row_hash) from raw.demand_events").fetchone()
    assert hashes == (6, 3)


def test_a_warehouse_from_before_a_column_joined_the_contract_gains_it() -> None:
    connection = warehouse()
    for name in LATER_COLUMNS:
        connection.execute(f"alter table raw.demand_events drop column {name}")
    raw.prepare(connection)
    described = {row[0] for row in connection.execute("describe raw.demand_events").fetchall()}
    assert described >= set(LATER_COLUMNS)
