"""Bad input, from the file as sent to the raw table: told in one line, nothing lost, the rest goes on."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sa
from feed_samples import CALENDAR, DAY, LANDED, NOON_AFTER, landing_in, reasons, rows_of, warehouse

from assets.feeds import raw
from assets.feeds.contract import FeedTable, feed_table
from assets.feeds.landing import LandingArea, LandReport
from assets.kernel.frames.feeds import LARGEST_QUANTITY

INVENTORY = feed_table("wms", "inventory")
SALES = feed_table("demand", "sales")
ITEMS = feed_table("erp", "items")
LANES = feed_table("tms", "lanes")
NEXT_DAY = DAY + dt.timedelta(days=1)


@dataclass
class Feeds:
    """A folder of sent files, a landing area and a warehouse."""

    sent: Path
    landing: LandingArea
    connection: duckdb.DuckDBPyConnection

    def send(self, name: str, content: bytes) -> None:
        self.sent.mkdir(exist_ok=True)
        (self.sent / name).write_bytes(content)

    def send_good_stock_of_the_next_day(self) -> None:
        self.send(f"wms_inventory_{NEXT_DAY}.csv", rows_of(INVENTORY).to_csv(index=False).encode())

    def take(self, table: FeedTable) -> tuple[LandReport, raw.IngestReport]:
        landed = self.landing.land_files(self.sent)
        return landed, raw.ingest(self.connection, table, self.landing, CALENDAR)

    def take_frame(self, table: FeedTable, data: pd.DataFrame) -> raw.IngestReport:
        self.landing.land_frame(table, data, DAY, available_at=NOON_AFTER)
        report = raw.ingest(self.connection, table, self.landing, CALENDAR)
        assert report.accepted_rows + report.quarantined_rows == len(data)
        return report


@pytest.fixture
def feeds(tmp_path: Path) -> Feeds:
    return Feeds(tmp_path / "sent", landing_in(tmp_path), warehouse())


def parquet_bytes(data: pd.DataFrame, folder: Path) -> bytes:
    path = folder / "whole.parquet"
    data.to_parquet(path)
    return path.read_bytes()


def only_rejected(report: raw.IngestReport) -> str:
    """Return the one reason for rejection, after checking that the neighbour went on."""
    [rejected] = report.rejected
    assert report.accepted_rows == 3
    assert "\n" not in rejected.reason
    return rejected.reason


def recorded(feeds: Feeds) -> list[tuple[object, ...]]:
    return feeds.connection.execute(
        """select q.row_number, b.status, b.row_count = b.accepted_rows + b.quarantined_rows, q.reason = b.reason
        from raw.quarantine q join raw.batches b using (batch_id)"""
    ).fetchall()


def test_an_empty_file_is_rejected_and_its_neighbour_goes_on(feeds: Feeds) -> None:
    feeds.send(f"wms_inventory_{DAY}.csv", b"")
    feeds.send_good_stock_of_the_next_day()
    landed, report = feeds.take(INVENTORY)
    assert [problem.what for problem in landed.problems] == ["the file is empty"]
    assert "the file is empty" in only_rejected(report)
    assert recorded(feeds) == [(0, "rejected", True, True)]


def test_a_file_with_a_header_alone_is_a_batch_without_rows(feeds: Feeds) -> None:
    feeds.send(f"wms_inventory_{DAY}.csv", rows_of(INVENTORY, 0).to_csv(index=False).encode())
    landed, report = feeds.take(INVENTORY)
    assert (landed.problems, report.batches, report.rejected) == ((), 1, ())


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.98])
def test_a_truncated_parquet_file_is_rejected_and_its_neighbour_goes_on(
    feeds: Feeds, tmp_path: Path, kept: float
) -> None:
    whole = parquet_bytes(rows_of(INVENTORY, 500), tmp_path)
    feeds.send(f"wms_inventory_{DAY}.parquet", whole[: int(len(whole) * kept)])
    feeds.send_good_stock_of_the_next_day()
    landed, report = feeds.take(INVENTORY)
    assert "truncated" in landed.problems[0].what
    assert "truncated" in only_rejected(report)
    assert recorded(feeds) == [(0, "rejected", True, True)]


def test_a_parquet_file_damaged_inside_is_rejected_though_taken_with_others(feeds: Feeds, tmp_path: Path) -> None:
    whole = bytearray(parquet_bytes(rows_of(INVENTORY, 500), tmp_path))
    feeds.send(f"wms_inventory_{NEXT_DAY}.parquet", parquet_bytes(rows_of(INVENTORY), tmp_path))
    whole[4:200] = b"\xff" * 196
    feeds.send(f"wms_inventory_{DAY}.parquet", bytes(whole))
    _, report = feeds.take(INVENTORY)
    assert "cannot be read to its end" in only_rejected(report)
    assert recorded(feeds) == [(0, "rejected", True, True)]


def test_a_history_damaged_inside_is_rejected_though_its_date_cannot_be_read(feeds: Feeds, tmp_path: Path) -> None:
    whole = bytearray(parquet_bytes(rows_of(SALES, 500), tmp_path))
    whole[4:-2000] = b"\xff" * (len(whole) - 2004)
    feeds.send("demand_sales.parquet", bytes(whole))
    landed, report = feeds.take(SALES)
    assert len(landed.landed) == len(report.rejected) == 1


@pytest.mark.parametrize("place", ["header", "value"])
def test_a_csv_in_latin_1_is_rejected_with_the_remedy(feeds: Feeds, place: str) -> None:
    items = rows_of(ITEMS)
    items = items.rename(columns={"description": "désignation"}) if place == "header" else items
    text = items.to_csv(index=False).replace("description 1", "café")
    feeds.send(f"erp_items_{DAY}.csv", text.encode("latin-1"))
    feeds.send(f"erp_items_{NEXT_DAY}.csv", rows_of(ITEMS).to_csv(index=False).encode())
    landed, report = feeds.take(ITEMS)
    assert "not UTF-8" in landed.problems[0].what
    assert "iconv" in landed.problems[0].remedy
    assert "not UTF-8" in only_rejected(report)


def test_a_missing_column_rejects_the_batch_and_names_it(feeds: Feeds) -> None:
    report = feeds.take_frame(INVENTORY, rows_of(INVENTORY).drop(columns=["reserved_units", "lot_id"]))
    [rejected] = report.rejected
    assert rejected.reason.startswith("schema drift: missing columns lot_id, reserved_units; unexpected columns none")
    assert recorded(feeds) == [(0, "rejected", True, True)]


def test_a_renamed_column_rejects_the_batch_and_names_both(feeds: Feeds) -> None:
    report = feeds.take_frame(INVENTORY, rows_of(INVENTORY).rename(columns={"on_hand_units": "qty"}))
    [rejected] = report.rejected
    assert "missing columns on_hand_units; unexpected columns qty" in rejected.reason


def test_an_extra_column_is_noted_and_the_rows_go_on(feeds: Feeds) -> None:
    report = feeds.take_frame(INVENTORY, rows_of(INVENTORY).assign(shelf="A3"))
    assert (report.accepted_rows, report.outcomes[0].reason) == (3, "unexpected columns shelf were ignored")


def test_a_column_named_twice_rejects_the_batch(feeds: Feeds) -> None:
    text = rows_of(INVENTORY).assign(SITE_ID="x").to_csv(index=False)
    feeds.send(f"wms_inventory_{DAY}.csv", text.encode())
    _, report = feeds.take(INVENTORY)
    assert "columns site_id stand twice" in report.rejected[0].reason


def test_a_retyped_column_quarantines_what_does_not_fit_and_takes_what_does(feeds: Feeds) -> None:
    report = feeds.take_frame(INVENTORY, rows_of(INVENTORY).assign(on_hand_units=["12", "a dozen", "12.5"]))
    assert report.accepted_rows == 1
    assert reasons(feeds.connection) == {
        2: "on_hand_units = a dozen is not a finite whole number",
        3: "on_hand_units = 12.5 is not a finite whole number",
    }


def test_a_flag_is_not_taken_for_a_number_nor_a_number_for_a_date(feeds: Feeds) -> None:
    sales = rows_of(SALES, 1).assign(sold_units=["true"], sales_date=[20240402])
    feeds.take_frame(SALES, sales)
    assert reasons(feeds.connection) == {
        1: "sales_date = 20240402 is not an ISO date; sold_units = true is not a finite whole number"
    }


def test_dates_arrive_as_text_as_dates_and_as_times(feeds: Feeds) -> None:
    dates = ["2024-04-02", dt.date(2024, 4, 2), pd.Timestamp("2024-04-02 15:00"), "2024-04-02T15:00:00Z"]
    for number, sales_date in enumerate(dates):
        feeds.take_frame(SALES, rows_of(SALES, 1).assign(sales_date=[sales_date], item_id=str(number)))
    found = feeds.connection.execute("select distinct sales_date from raw.demand_sales").fetchall()
    assert found == [(DAY,)]
    assert reasons(feeds.connection) == {}


@pytest.mark.parametrize(
    ("sales_date", "reason"),
    [
        ("1989-12-31", "sales_date = 1989-12-31 is before 1990-01-01"),
        ("2024-04-03", "sales_date = 2024-04-03 is after the business date 2024-04-02"),
        ("0024-04-02", "sales_date = 0024-04-02 is before 1990-01-01"),
        ("2024-02-30", "sales_date = 2024-02-30 is not an ISO date"),
        ("02.04.2024", "sales_date = 02.04.2024 is not an ISO date"),
        ("2024-04-02 and more", "sales_date = 2024-04-02 and more is not an ISO date"),
        (None, "sales_date is missing"),
    ],
)
def test_dates_out_of_range_are_quarantined(feeds: Feeds, sales_date: str | None, reason: str) -> None:
    feeds.take_frame(SALES, rows_of(SALES, 2).assign(sales_date=["2024-04-02", sales_date]))
    assert reasons(feeds.connection) == {2: reason}


def test_a_date_more_than_three_years_ahead_is_quarantined(feeds: Feeds) -> None:
    dates = [dt.date(2027, 4, 2), dt.date(2027, 4, 3), None]
    report = feeds.take_frame(INVENTORY, rows_of(INVENTORY).assign(expiry_date=dates))
    assert report.accepted_rows == 2
    assert reasons(feeds.connection) == {
        2: "expiry_date = 2027-04-03 is more than 3 years after the business date 2024-04-02"
    }


@pytest.mark.parametrize("days", ["banana", "8", "1;3", "1,,3", "0"])
def test_a_lane_whose_departure_days_are_no_weekdays_is_quarantined_alone(feeds: Feeds, days: str) -> None:
    report = feeds.take_frame(LANES, rows_of(LANES, 4).assign(departure_days=["1,3, 5", "", None, days]))
    assert report.accepted_rows == 3
    assert reasons(feeds.connection) == {4: f"departure_days = {days} is not a list of ISO weekdays such as 1,3,5"}


def test_of_two_items_with_one_id_the_first_is_taken_and_the_reason_names_both(feeds: Feeds) -> None:
    items = rows_of(ITEMS).assign(item_id=["A", "A", "B"], description=["bolt", "nut", "nail"])
    report = feeds.take_frame(ITEMS, items)
    assert report.accepted_rows == 2
    assert reasons(feeds.connection) == {2: "item_id = A stands 2 times; row 1 was taken, which differs"}
    assert feeds.connection.execute("select description from raw.erp_items order by 1").fetchall() == [
        ("bolt",),
        ("nail",),
    ]


def test_a_row_sent_twice_is_told_from_two_that_differ(feeds: Feeds) -> None:
    item = rows_of(ITEMS, 1)
    feeds.take_frame(ITEMS, pd.concat([item, item]))
    assert reasons(feeds.connection) == {2: "item_id = item_id 0 stands 2 times; row 1 was taken, which is equal"}


def test_a_good_row_is_preferred_to_a_faulty_one_of_its_key_and_both_reasons_are_stated(feeds: Feeds) -> None:
    items = rows_of(ITEMS, 2).assign(item_id="A", unit_cost=[-1.0, 2.0])
    feeds.take_frame(ITEMS, items)
    assert reasons(feeds.connection) == {
        1: "unit_cost = -1.0 is below 0; item_id = A stands 2 times; row 2 was taken, which differs"
    }


def test_an_unchanged_stock_file_on_two_days_is_two_batches(feeds: Feeds) -> None:
    for day in (DAY, NEXT_DAY):
        feeds.send(f"wms_inventory_{day}.csv", rows_of(INVENTORY).to_csv(index=False).encode())
    _, report = feeds.take(INVENTORY)
    assert (report.batches, report.accepted_rows) == (2, 6)
    plan = DAY + dt.timedelta(days=2)
    state = raw.feed_state(feeds.connection, plan, CALENDAR.cutoff(plan)).set_index("feed")
    assert state.loc["wms_inventory", "latest_business_date"] == pd.Timestamp(NEXT_DAY)


def test_a_duplicate_batch_is_one_batch(feeds: Feeds) -> None:
    for _ in range(2):
        feeds.landing.land_frame(SALES, rows_of(SALES), DAY, available_at=NOON_AFTER)
        raw.ingest(feeds.connection, SALES, feeds.landing, CALENDAR)
    assert feeds.connection.execute("select count(*) from raw.demand_sales").fetchone() == (3,)
    assert feeds.connection.execute("select count(*) from raw.batches").fetchone() == (1,)


def as_csv(data: pd.DataFrame, _folder: Path) -> tuple[str, bytes]:
    return "csv", data.to_csv(index=False, na_rep="nan").encode()


def as_parquet(data: pd.DataFrame, folder: Path) -> tuple[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({name: pa.array(data[name].tolist()) for name in data}), folder / "odd.parquet")
    return "parquet", (folder / "odd.parquet").read_bytes()


@pytest.mark.parametrize("written", [as_csv, as_parquet])
def test_nan_and_infinite_numbers_are_quarantined(
    feeds: Feeds, tmp_path: Path, written: Callable[[pd.DataFrame, Path], tuple[str, bytes]]
) -> None:
    odd = [float("nan"), float("inf"), float("-inf"), 1.0]
    sales = rows_of(SALES, 4).assign(in_stock_share=odd, unit_price=odd, sold_units=odd, sales_date=str(DAY))
    suffix, content = written(sales, tmp_path)
    feeds.send(f"demand_sales_{DAY}.{suffix}", content)
    _, report = feeds.take(SALES)
    assert (report.accepted_rows, report.quarantined_rows) == (1, 3)
    for number, shown in enumerate(("nan", "inf", "-inf"), start=1):
        reason = reasons(feeds.connection)[number]
        assert reason == (
            f"sold_units = {shown} is not a finite whole number; in_stock_share = {shown} is not a finite "
            f"number; unit_price = {shown} is not a finite amount"
        )


def test_a_quantity_over_2_to_the_31_is_quarantined(feeds: Feeds) -> None:
    units = [LARGEST_QUANTITY, LARGEST_QUANTITY + 1, 2**70]
    feeds.take_frame(INVENTORY, rows_of(INVENTORY).assign(on_hand_units=units))
    assert reasons(feeds.connection) == {
        2: "on_hand_units = 2147483648 is above 2147483647",
        3: f"on_hand_units = {2**70} is not a finite whole number",
    }


def test_a_csv_line_with_too_few_or_too_many_fields_is_quarantined_with_its_text(feeds: Feeds) -> None:
    lines = rows_of(INVENTORY).to_csv(index=False).splitlines()
    lines[2] = "S1,only two"
    lines.append(lines[1].replace("lot_id 0", "lot_id 9") + ",extra")
    feeds.send(f"wms_inventory_{DAY}.csv", "\n".join(lines).encode())
    _, report = feeds.take(INVENTORY)
    assert (report.accepted_rows, report.quarantined_rows) == (2, 2)
    assert reasons(feeds.connection) == {
        2: "it has 2 fields, the header 7",
        4: "it has 8 fields, the header 7",
    }
    numbers = feeds.connection.execute("select _row_number from raw.wms_inventory order by 1").fetchall()
    assert numbers == [(1,), (3,)]


def test_a_batch_that_lost_rows_on_its_way_is_rejected(feeds: Feeds) -> None:
    feeds.send(f"wms_inventory_{DAY}.csv", rows_of(INVENTORY).to_csv(index=False).encode())
    feeds.send(f"wms_inventory_{DAY}.csv.envelope.json", b'{"row_count": 5}')
    _, report = feeds.take(INVENTORY)
    assert "declares 5 rows and the files hold 3" in report.rejected[0].reason


def test_another_schema_version_is_rejected(feeds: Feeds) -> None:
    feeds.send(f"wms_inventory_{DAY}.csv", rows_of(INVENTORY).to_csv(index=False).encode())
    feeds.send(f"wms_inventory_{DAY}.csv.envelope.json", b'{"schema_version": "2"}')
    _, report = feeds.take(INVENTORY)
    assert "schema version 2 is not 1" in report.rejected[0].reason


def test_a_damaged_envelope_is_told_and_the_other_batches_go_on(feeds: Feeds) -> None:
    feeds.take_frame(INVENTORY, rows_of(INVENTORY))
    broken = feeds.landing.root / "wms" / "inventory" / "0123456789abcdef"
    broken.mkdir()
    (broken / "envelope.json").write_text("{")
    feeds.landing.land_frame(INVENTORY, rows_of(INVENTORY), NEXT_DAY, available_at=NOON_AFTER)
    report = raw.ingest(feeds.connection, INVENTORY, feeds.landing, CALENDAR)
    assert report.accepted_rows == 3
    assert "0123456789abcdef" in report.unreadable[0]


def test_a_history_imported_today_is_read_at_a_past_cutoff(feeds: Feeds) -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=offset) for offset in range(60)]
    history = rows_of(SALES, 60).assign(sales_date=pd.to_datetime(days), item_id="A", site_id="S")
    feeds.landing.land_frame(SALES, history, days[-1], available_at=LANDED, row_availability="row")
    raw.ingest(feeds.connection, SALES, feeds.landing, CALENDAR)
    plan = dt.date(2024, 2, 1)
    state = raw.feed_state(feeds.connection, plan, CALENDAR.cutoff(plan)).set_index("feed")
    assert state.loc["demand_sales", "row_count"] == 31
    assert state.loc["demand_sales", "latest_business_date"] == pd.Timestamp("2024-01-31")


def test_a_refused_row_of_a_history_is_known_from_its_own_day_on_unless_the_date_is_the_fault(feeds: Feeds) -> None:
    dates = ["2024-03-01", "2024-03-02", "1900-01-01", "2024-04-03", "02.03.2024", None]
    sales = rows_of(SALES, 6).assign(sales_date=dates, sold_units=["1", *["nan"] * 5])
    feeds.landing.land_frame(SALES, sales, DAY, available_at=LANDED, row_availability="row")
    raw.ingest(feeds.connection, SALES, feeds.landing, CALENDAR)
    told = "select row_number, business_date, _available_at from raw.quarantine order by 1"
    of_the_batch = (DAY, LANDED.replace(tzinfo=None))
    assert feeds.connection.execute(told).fetchall() == [
        (2, dt.date(2024, 3, 2), dt.datetime(2024, 3, 3, 2)),
        *[(number, *of_the_batch) for number in (3, 4, 5, 6)],
    ]


def test_a_refused_row_of_a_day_is_known_when_its_batch_is(feeds: Feeds) -> None:
    feeds.take_frame(SALES, rows_of(SALES, 1).assign(sales_date="2024-03-02", sold_units="nan"))
    told = feeds.connection.execute("select business_date, _available_at from raw.quarantine").fetchall()
    assert told == [(DAY, NOON_AFTER.replace(tzinfo=None))]


def test_tables_read_over_sql_are_judged_like_files(feeds: Feeds, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/erp.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        stock = rows_of(INVENTORY).assign(expiry_date=None, on_hand_units=[5, None, 7])
        stock.to_sql("wms_inventory", connection, index=False)
        rows_of(ITEMS).drop(columns="category").to_sql("erp_items", connection, index=False)
    engine.dispose()
    report = feeds.landing.land_sql(url, business_date=DAY)
    assert (len(report.landed), report.problems) == (2, ())
    inventory = raw.ingest(feeds.connection, INVENTORY, feeds.landing, CALENDAR)
    items = raw.ingest(feeds.connection, ITEMS, feeds.landing, CALENDAR)
    assert (inventory.accepted_rows, inventory.quarantined_rows) == (2, 1)
    assert "missing columns category" in items.rejected[0].reason
    assert reasons(feeds.connection)[2] == "on_hand_units is missing"


def test_a_failure_of_our_own_takes_nothing_in_and_is_seen(feeds: Feeds, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds.landing.land_frame(SALES, rows_of(SALES), DAY, available_at=NOON_AFTER)

    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(raw, "_record", fail)
    with pytest.raises(RuntimeError):
        raw.ingest(feeds.connection, SALES, feeds.landing, CALENDAR)
    monkeypatch.undo()
    assert feeds.connection.execute("select count(*) from raw.demand_sales").fetchone() == (0,)
    assert raw.ingest(feeds.connection, SALES, feeds.landing, CALENDAR).accepted_rows == 3
