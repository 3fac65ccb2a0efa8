"""The feed contract holds together, and every table of it takes the same way by every transport."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from feed_samples import CALENDAR, DAY, NOON_AFTER, landing_in, rows_of, warehouse

from assets.feeds import raw
from assets.feeds.contract import Arrival, FeedTable, contract, feed_table
from assets.feeds.landing import LandingArea
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Kind

every_table = pytest.mark.parametrize("table", contract(), ids=lambda table: table.name)
SOURCES = {"erp", "wms", "tms", "demand", "suppliers", "ledger"}


def test_the_readme_lists_every_table_as_it_is_declared() -> None:
    told = (Path(__file__).parents[2] / "assets/feeds/README.md").read_text(encoding="utf-8")
    for table in contract():
        columns = ", ".join(column.name + ("?" if column.optional else "") for column in table.frame.columns)
        needed, key = "yes" if table.required else "no", ", ".join(table.frame.key)
        assert f"| `{table.source}/{table.table}` | {needed} | {table.arrival.value} | {key} | {columns} |\n" in told


def test_table_names_are_unique_and_their_sources_known() -> None:
    names = [table.name for table in contract()]
    assert len(set(names)) == len(names)
    assert {table.source for table in contract()} == SOURCES
    assert all(table.name == table.frame.name for table in contract())


def test_an_unknown_table_is_told_with_the_known_ones() -> None:
    with pytest.raises(EquipoiseError, match="wms_inventory"):
        feed_table("wms", "stock")


@every_table
def test_a_key_is_made_of_columns_that_are_never_missing(table: FeedTable) -> None:
    assert table.frame.key
    assert not any(table.frame.column(name).nullable for name in table.frame.key)


@every_table
def test_references_resolve_to_the_key_of_a_table(table: FeedTable) -> None:
    for column, target in table.references:
        source, name, target_column = target.split(".")
        assert column in table.frame.names
        assert feed_table(source, name).frame.key == (target_column,)
        assert feed_table(source, name).frame.column(target_column).kind is table.frame.column(column).kind


@every_table
def test_date_and_scope_columns_are_columns_that_are_never_missing(table: FeedTable) -> None:
    if table.date_column:
        assert table.frame.column(table.date_column).kind is Kind.DATE
        assert not table.frame.column(table.date_column).nullable
    if table.scope_column:
        assert table.arrival is Arrival.SNAPSHOT
        assert not table.frame.column(table.scope_column).nullable


@every_table
def test_somebody_answers_for_it_and_lateness_is_not_negative(table: FeedTable) -> None:
    assert table.owner
    assert table.lateness >= dt.timedelta()
    assert table.maximum_age_days >= 1


def as_frame(landing: LandingArea, table: FeedTable, data: pd.DataFrame, _folder: Path) -> None:
    landing.land_frame(table, data, DAY, available_at=NOON_AFTER)


def as_csv(landing: LandingArea, table: FeedTable, data: pd.DataFrame, folder: Path) -> None:
    path = folder / "sent" / table.source / table.table / DAY.isoformat() / "rows.csv"
    path.parent.mkdir(parents=True)
    data.to_csv(path, index=False)
    assert not landing.land_files(folder / "sent").problems


def as_parquet(landing: LandingArea, table: FeedTable, data: pd.DataFrame, folder: Path) -> None:
    (folder / "sent").mkdir()
    data.to_parquet(folder / "sent" / f"{table.name}_{DAY}.parquet")
    assert not landing.land_files(folder / "sent").problems


def over_sql(landing: LandingArea, table: FeedTable, data: pd.DataFrame, folder: Path) -> None:
    url = f"sqlite:///{folder}/source.db"
    engine = sa.create_engine(url)
    data.to_sql(table.name, engine, index=False)
    engine.dispose()
    assert not landing.land_sql(url, business_date=DAY).problems


@every_table
@pytest.mark.parametrize("transport", [as_frame, as_csv, as_parquet, over_sql])
def test_valid_rows_arrive_whole_and_alike_by_every_transport(
    table: FeedTable, transport: Callable[..., None], tmp_path: Path
) -> None:
    data = rows_of(table)
    landing = landing_in(tmp_path)
    transport(landing, table, data, tmp_path)
    connection = warehouse()
    report = raw.ingest(connection, table, landing, CALENDAR)
    assert (report.accepted_rows, report.quarantined_rows) == (len(data), 0)
    columns = ", ".join(table.frame.names)
    stored = connection.execute(f"select {columns} from raw.{table.name} order by _row_number").df()
    pd.testing.assert_frame_equal(table.frame.conform(stored), table.frame.conform(data))


@every_table
def test_a_column_that_may_be_left_out_may_be_missing_and_is_no_key(table: FeedTable) -> None:
    for column in table.frame.columns:
        if column.optional:
            assert column.nullable
            assert column.name not in table.frame.key


@pytest.mark.parametrize(
    "table", [t for t in contract() if any(c.optional for c in t.frame.columns)], ids=lambda table: table.name
)
def test_a_file_without_the_columns_that_may_be_left_out_arrives_with_nothing_in_them(
    table: FeedTable, tmp_path: Path
) -> None:
    optional = [column.name for column in table.frame.columns if column.optional]
    landing, connection = landing_in(tmp_path), warehouse()
    as_csv(landing, table, rows_of(table).drop(columns=optional), tmp_path)
    assert raw.ingest(connection, table, landing, CALENDAR).accepted_rows == 3
    given = ", ".join(f"count({name})" for name in optional)
    assert set(connection.execute(f"select {given} from raw.{table.name}").fetchall()[0]) == {0}
