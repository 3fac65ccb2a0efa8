import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from feed_samples import DAY, NOON_AFTER, landing_in, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.feeds import transport
from assets.feeds.contract import contract, feed_table
from assets.kernel.errors import EquipoiseError

INVENTORY = feed_table("wms", "inventory")
SALES = feed_table("demand", "sales")
ITEMS = feed_table("erp", "items")


def csv_at(path: Path, data: pd.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data.to_csv(path, index=False)
    return path


def test_the_same_frame_landed_twice_is_one_batch(tmp_path: Path) -> None:
    landing = landing_in(tmp_path)
    first = landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER)
    later = NOON_AFTER + dt.timedelta(days=1)
    assert landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=later) == first
    assert landing.batches() == [first]


def test_an_unchanged_stock_file_on_the_next_day_is_a_new_batch(tmp_path: Path) -> None:
    landing = landing_in(tmp_path)
    for day in (DAY, DAY + dt.timedelta(days=1)):
        landing.land_frame(INVENTORY, rows_of(INVENTORY), day, available_at=NOON_AFTER)
    assert len(landing.batches(INVENTORY)) == 2


def test_a_batch_without_its_envelope_is_not_there_yet_and_lands_whole(tmp_path: Path) -> None:
    landing = landing_in(tmp_path)
    envelope = landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER)
    (landing.directory(envelope) / "envelope.json").unlink()
    assert landing.batches() == []
    landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER)
    assert [found.batch_id for found in landing.batches()] == [envelope.batch_id]


def test_landing_leaves_nothing_half_written_behind(tmp_path: Path) -> None:
    landing = landing_in(tmp_path)
    landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER)
    assert list((landing.root / ".partial").iterdir()) == []


@pytest.mark.parametrize("table", contract(), ids=lambda table: table.name)
def test_a_frame_is_written_in_the_types_of_the_contract(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    landing = landing_in(tmp_path)
    envelope = landing.land_frame(table, rows_of(table), DAY, available_at=NOON_AFTER)
    schema = pq.read_schema(landing.directory(envelope) / "part-0000.parquet")
    money = {column.name for column in table.frame.columns if column.kind == "money"}
    for column in table.frame.columns:
        expected = "double" if column.name in money else str(column.arrow_type)
        assert str(schema.field(column.name).type) == expected


ODD = st.one_of(st.none(), st.text(max_size=3), st.integers(), st.floats(), st.booleans(), st.dates())


@settings(max_examples=60, deadline=None)
@given(values=st.lists(ODD, min_size=1, max_size=5))
def test_any_values_can_be_written_as_they_are(values: list[object]) -> None:
    for column in ("site_id", "sold_units", "sales_date", "in_stock_share", "is_promoted"):
        data = pd.DataFrame({column: pd.Series(values, dtype=object)})
        assert transport.to_arrow(SALES.frame, data).num_rows == len(values)


def test_whole_numbers_beside_a_null_stay_whole() -> None:
    data = rows_of(ITEMS).assign(shelf_life_days=[5.0, np.nan, 7.0])
    assert str(transport.to_arrow(ITEMS.frame, data).schema.field("shelf_life_days").type) == "int64"


@pytest.mark.parametrize(
    "place",
    [
        "wms/inventory/2024-04-02/stock.csv",
        "wms/inventory/stock_20240402.csv",
        "2024-04-02/wms_inventory.csv",
        "wms_inventory_2024-04-02.csv",
        "WMS_Inventory-2024-04-02.csv",
    ],
)
def test_table_and_business_date_are_read_from_folders_and_names(place: str, tmp_path: Path) -> None:
    csv_at(tmp_path / "sent" / place, rows_of(INVENTORY))
    report = landing_in(tmp_path).land_files(tmp_path / "sent", timezone="Europe/Berlin")
    assert report.problems == ()
    [envelope] = report.landed
    assert (envelope.table, envelope.business_date, envelope.row_count) == ("inventory", DAY, 3)
    assert envelope.available_at == dt.datetime(2024, 4, 3, 0, tzinfo=dt.UTC)


def test_what_is_not_understood_is_told_and_the_rest_lands(tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    csv_at(sent / "wms_inventory_2024-04-02.csv", rows_of(INVENTORY))
    csv_at(sent / "mystery_2024-04-02.csv", rows_of(INVENTORY))
    csv_at(sent / "erp_items_2024-13-45.csv", rows_of(ITEMS))
    csv_at(sent / "erp_sites.csv", rows_of(feed_table("erp", "sites")))
    (sent / "erp_items_2024-04-02.xlsx").write_bytes(b"x")
    report = landing_in(tmp_path).land_files(sent)
    assert [envelope.table for envelope in report.landed] == ["inventory"]
    told = {Path(problem.where).name: problem.what for problem in report.problems}
    assert told == {
        "mystery_2024-04-02.csv": "the name tells no table of the feed contract",
        "erp_items_2024-13-45.csv": "2024-13-45 is not a date",
        "erp_sites.csv": "neither the file's name nor an envelope tells the business date",
        "erp_items_2024-04-02.xlsx": "the file is neither CSV nor Parquet",
    }


def test_a_default_date_dates_files_that_name_none(tmp_path: Path) -> None:
    csv_at(tmp_path / "sent" / "erp_items.csv", rows_of(ITEMS))
    [envelope] = landing_in(tmp_path).land_files(tmp_path / "sent", default_date=DAY).landed
    assert (envelope.business_date, envelope.row_availability) == (DAY, "batch")


def test_a_history_without_a_date_is_dated_by_its_rows(tmp_path: Path) -> None:
    data = rows_of(SALES)
    data["sales_date"] = ["2024-01-01", "2024-03-05", "2999-01-01"]
    csv_at(tmp_path / "sent" / "demand_sales.csv", data)
    [envelope] = landing_in(tmp_path).land_files(tmp_path / "sent").landed
    assert (envelope.business_date, envelope.row_availability) == (dt.date(2024, 3, 5), "row")


def test_files_landed_again_are_repeated_not_new(tmp_path: Path) -> None:
    csv_at(tmp_path / "sent" / "wms_inventory_2024-04-02.csv", rows_of(INVENTORY))
    landing = landing_in(tmp_path)
    landing.land_files(tmp_path / "sent")
    report = landing.land_files(tmp_path / "sent")
    assert (len(report.landed), len(report.repeated)) == (0, 1)


def test_parts_of_a_snapshot_are_one_batch_and_files_of_facts_are_one_each(tmp_path: Path) -> None:
    for part in range(2):
        csv_at(tmp_path / "sent/wms/inventory/2024-04-02" / f"part-{part}.csv", rows_of(INVENTORY, part + 1))
        csv_at(tmp_path / "sent/demand/sales/2024-04-02" / f"part-{part}.csv", rows_of(SALES, part + 1))
    report = landing_in(tmp_path).land_files(tmp_path / "sent")
    assert sorted((e.table, e.row_count) for e in report.landed) == [("inventory", 3), ("sales", 1), ("sales", 2)]


@pytest.mark.parametrize("name", ["envelope.json", "stock.csv.envelope.json", "stock.envelope.json"])
def test_an_envelope_beside_a_file_says_what_the_name_does_not(name: str, tmp_path: Path) -> None:
    path = csv_at(tmp_path / "sent" / "stock.csv", rows_of(INVENTORY))
    said = {
        "source": "wms",
        "table": "inventory",
        "business_date": "2024-04-02",
        "available_at": "2024-04-02T20:00:00+02:00",
        "covers": ["S1", "S9"],
    }
    (path.parent / name).write_text(json.dumps(said))
    [envelope] = landing_in(tmp_path).land_files(tmp_path / "sent").landed
    assert envelope.covers == ("S1", "S9")
    assert envelope.available_at == dt.datetime(2024, 4, 2, 18, tzinfo=dt.UTC)


def test_a_scope_with_a_comma_does_not_land(tmp_path: Path) -> None:
    landing = landing_in(tmp_path)
    with pytest.raises(EquipoiseError, match="must not contain a comma") as caught:
        landing.land_frame(INVENTORY, rows_of(INVENTORY), DAY, available_at=NOON_AFTER, covers=["S1", "Aachen, Mitte"])
    assert "Aachen, Mitte" in str(caught.value)
    path = csv_at(tmp_path / "sent" / "wms_inventory_2024-04-02.csv", rows_of(INVENTORY))
    (path.parent / "envelope.json").write_text('{"covers": ["S1,S2"]}')
    report = landing.land_files(tmp_path / "sent")
    assert [problem.what for problem in report.problems] == [
        "the batch covers 'S1,S2', and an id must not contain a comma"
    ]
    assert landing.batches() == []


def test_an_envelope_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = csv_at(tmp_path / "sent" / "wms_inventory_2024-04-02.csv", rows_of(INVENTORY))
    (path.parent / "envelope.json").write_text('{"available_at": "2024-04-02T20:00:00"}')
    report = landing_in(tmp_path).land_files(tmp_path / "sent")
    assert report.landed == ()
    assert "has no time zone" in report.problems[0].what


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="no such folder"):
        landing_in(tmp_path).land_files(tmp_path / "nowhere")


def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/source.db"
    engine = sa.create_engine(url)
    rows_of(INVENTORY).to_sql("stock_view", engine, index=False)
    rows_of(ITEMS).to_sql("erp_items", engine, index=False)
    engine.dispose()
    return url


def test_tables_and_queries_are_mapped_to_the_contract(tmp_path: Path) -> None:
    report = landing_in(tmp_path).land_sql(
        database(tmp_path),
        business_date=DAY,
        tables={"erp_items": "erp_items", "erp_nothing": "x", "erp_sites": "absent"},
        queries={"wms_inventory": "select * from stock_view where on_hand_units > 1"},
    )
    assert sorted((e.table, e.row_count) for e in report.landed) == [("inventory", 2), ("items", 3)]
    assert [problem.what.split(":")[0] for problem in report.problems] == [
        "the feed contract has no such table",
        "the query failed",
    ]


def test_a_database_read_again_unchanged_adds_nothing(tmp_path: Path) -> None:
    url, landing = database(tmp_path), landing_in(tmp_path)
    assert len(landing.land_sql(url, business_date=DAY).landed) == 1
    assert len(landing.land_sql(url, business_date=DAY).repeated) == 1


def test_a_history_read_from_a_database_is_known_from_its_days_and_what_is_updated_is_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/source.db"
    engine = sa.create_engine(url)
    orders = feed_table("erp", "purchase_orders")
    for table in (SALES, orders, ITEMS):
        rows_of(table).to_sql(table.name, engine, index=False)
    engine.dispose()
    report = landing_in(tmp_path).land_sql(url, business_date=DAY, row_availability="row")
    said = {envelope.table: envelope.row_availability for envelope in report.landed}
    assert said == {"sales": "row", "purchase_orders": "batch", "items": "batch"}


def test_a_database_out_of_reach_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="cannot be opened") as caught:
        landing_in(tmp_path).land_sql("postgresql://planner:secret@127.0.0.1:1/none", business_date=DAY)
    assert "secret" not in str(caught.value)
