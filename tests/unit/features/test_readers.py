"""Publishing marts: what the plan reads, from a warehouse that tests fill by hand."""

import datetime as dt
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.features.readers import export_marts, read_mart
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.marts import DIM_SITE, FCT_DEMAND, FCT_LEAD_TIME, MARTS
from assets.kernel.published import Published

PLAN_DATE = dt.date(2026, 3, 10)
CUTOFF = dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC)


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema marts; create schema intermediate")
    for frame in MARTS:
        columns = ", ".join(f"{c.name} {c.duckdb_type}" for c in frame.columns)
        connection.execute(f"create table marts.{frame.name} ({columns})")
    columns = ", ".join(f"{c.name} {c.duckdb_type}" for c in FCT_DEMAND.columns)
    connection.execute(f"create table intermediate.int_demand (plan_date date, {columns})")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, relation: str, **values: object) -> None:
    marks = ", ".join("?" for _ in values)
    connection.execute(f"insert into {relation} ({', '.join(values)}) values ({marks})", list(values.values()))


def demand(connection: duckdb.DuckDBPyConnection, plan_date: dt.date, item: str, day: int) -> None:
    insert(
        connection, "intermediate.int_demand", plan_date=plan_date, item_id=item, site_id="s",
        bucket_start=dt.date(2026, 3, day), sold_units=1, demand_lower_bound_units=1, in_stock_share=1.0,
        is_censored=False, is_promoted=False, available_at=dt.datetime(2026, 3, day + 1), batch_id="b",
    )  # fmt: skip


def receipt(connection: duckdb.DuckDBPyConnection, item: str, days: int, available: dt.datetime) -> None:
    insert(
        connection, "marts.fct_lead_time", observation_id=f"purchase/{item}", receipt_kind="purchase",
        source_id="p", site_id="s", mode="supplier", item_id=item, started_date=dt.date(2026, 3, 1),
        received_date=dt.date(2026, 3, 1) + dt.timedelta(days=days), lead_time_days=days,
        available_at=available, batch_id="b",
    )  # fmt: skip


def test_empty_marts_are_published_empty_and_typed(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publications = export_marts(warehouse, Published(tmp_path), PLAN_DATE, "run", CUTOFF)
    assert [p.table for p in publications] == [frame.name for frame in MARTS]
    for frame in MARTS:
        assert Published(tmp_path).read(frame, PLAN_DATE).empty


def test_only_the_plan_dates_slice_is_read(warehouse: duckdb.DuckDBPyConnection) -> None:
    for date, site in ((PLAN_DATE, "mine"), (PLAN_DATE - dt.timedelta(days=1), "other")):
        insert(
            warehouse, "marts.dim_site", plan_date=date, site_id=site, site_name="", site_kind="store",
            region="", timezone="UTC", echelon=0,
        )  # fmt: skip
    assert read_mart(warehouse, DIM_SITE, PLAN_DATE, CUTOFF).column("site_id").to_pylist() == ["mine"]


def test_rows_are_in_the_order_of_their_key(warehouse: duckdb.DuckDBPyConnection) -> None:
    for item, day in (("b", 2), ("a", 3), ("Z", 1), ("a", 1)):
        demand(warehouse, PLAN_DATE, item, day)
    table = read_mart(warehouse, FCT_DEMAND, PLAN_DATE, CUTOFF)
    keys = list(zip(table["item_id"].to_pylist(), table["bucket_start"].to_pylist(), strict=True))
    assert keys == sorted(keys)


def test_demand_prepared_for_another_plan_date_is_not_published(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    demand(warehouse, dt.date(2026, 3, 9), "a", 1)
    with pytest.raises(EquipoiseError, match="is that of the plan of 2026-03-09"):
        export_marts(warehouse, Published(tmp_path), PLAN_DATE, "run", CUTOFF)
    assert export_marts(warehouse, Published(tmp_path), PLAN_DATE, "run", CUTOFF, [DIM_SITE])


def test_a_warehouse_that_dbt_never_built_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="Build the feature models"):
        export_marts(duckdb.connect(), Published(tmp_path), PLAN_DATE, "run", CUTOFF)


def test_a_key_that_stands_twice_is_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    demand(warehouse, PLAN_DATE, "a", 1)
    demand(warehouse, PLAN_DATE, "a", 2)
    demand(warehouse, PLAN_DATE, "a", 2)
    with pytest.raises(EquipoiseError, match=r"stands twice, first for .*'item_id': 'a'"):
        read_mart(warehouse, FCT_DEMAND, PLAN_DATE, CUTOFF)


def test_a_receipt_is_read_as_it_was_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    known_site = {"site_name": "", "site_kind": "store", "region": "", "timezone": "UTC", "echelon": 0}
    insert(warehouse, "marts.dim_site", plan_date=PLAN_DATE, site_id="s", **known_site)
    for item in ("a", "late", "tomorrow"):
        insert(
            warehouse, "marts.dim_item", plan_date=PLAN_DATE, item_id=item, description="", category="",
            base_unit="", unit_cost=1, unit_price=1, weight_kg_per_unit=1, volume_m3_per_unit=1,
            is_sensitive=False,
        )  # fmt: skip
    receipt(warehouse, "a", 3, dt.datetime(2026, 3, 5))
    receipt(warehouse, "a", 4, dt.datetime(2026, 3, 6))
    receipt(warehouse, "a", 5, dt.datetime(2026, 3, 11))
    receipt(warehouse, "late", 3, dt.datetime(2026, 3, 11))
    receipt(warehouse, "tomorrow", 9, dt.datetime(2026, 3, 10))
    receipt(warehouse, "unknown", 3, dt.datetime(2026, 3, 5))
    table = read_mart(warehouse, FCT_LEAD_TIME, PLAN_DATE, CUTOFF)
    assert table.select(["item_id", "lead_time_days"]).to_pylist() == [{"item_id": "a", "lead_time_days": 4}]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5)), unique=True, max_size=8), st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_the_table(rows: list[tuple[str, int]], chance: object) -> None:
    digests = set()
    for _ in range(2):
        connection = demand_only()
        chance.shuffle(rows)  # type: ignore[attr-defined]
        for item, day in rows:
            demand(connection, PLAN_DATE, item, day)
        digests.add(str(read_mart(connection, FCT_DEMAND, PLAN_DATE, CUTOFF).to_pylist()))
        connection.close()
    assert len(digests) == 1


def demand_only() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    columns = ", ".join(f"{c.name} {c.duckdb_type}" for c in FCT_DEMAND.columns)
    connection.execute(f"create schema intermediate; create table intermediate.int_demand (plan_date date, {columns})")
    return connection
