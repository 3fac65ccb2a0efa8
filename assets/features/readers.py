"""From the warehouse's marts to published tables: each mart's slice, typed, in the order of its key.

This is the one place where Python reads a mart. Everything downstream reads what is published
here. Not here: any computation; a column that is missing belongs into dbt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.marts import FCT_DEMAND, FCT_LEAD_TIME, MARTS
from assets.kernel.frames.reports import REPORTS
from assets.kernel.published import Publication, Published


def export_marts(
    connection: duckdb.DuckDBPyConnection,
    published: Published,
    plan_date: dt.date,
    run_id: str,
    cutoff: dt.datetime,
    marts: Sequence[Frame] = MARTS,
) -> list[Publication]:
    """Publish marts as the plan reads them and return the pointers, in the order given.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse in which dbt has just built the marts for the plan date.
    published : Published
        Where to.
    plan_date : date
        Plan.
    run_id : str
        Run that publishes.
    cutoff : datetime
        What the plan may know, UTC.
    marts : sequence of Frame
        Which; all but reports by default.

    Raises
    ------
    EquipoiseError
        If the demand that dbt prepared belongs to another plan date, or a key stands twice.
    """
    if FCT_DEMAND in marts:
        _require_prepared(connection, plan_date)
    return [
        published.write_arrow(frame.name, read_mart(connection, frame, plan_date, cutoff), plan_date, run_id)
        for frame in marts
    ]


def read_mart(connection: duckdb.DuckDBPyConnection, frame: Frame, plan_date: dt.date, cutoff: dt.datetime) -> pa.Table:
    """Return a mart as one plan reads it: declared columns and types, sorted by key.

    Slices are those of the plan date. ``fct_demand`` is the demand that dbt prepared for the
    plan (the version of each bucket that stood at the cutoff, with the zeros that a till leaves
    out); ``fct_lead_time`` the version of each receipt that stood.

    Raises
    ------
    EquipoiseError
        If a key stands twice.
    """
    columns = ", ".join(f"cast({c.name} as {c.duckdb_type}) as {c.name}" for c in frame.columns)
    source, parameters = _source(frame, plan_date, cutoff)
    order = ", ".join(frame.key)
    table = connection.execute(f"select {columns} from ({source}) order by {order}", parameters).to_arrow_table()
    _require_unique(frame, table)
    fields = [pa.field(column.name, column.arrow_type) for column in frame.columns]
    return table.cast(pa.schema(fields))


def _source(frame: Frame, plan_date: dt.date, cutoff: dt.datetime) -> tuple[str, list[Any]]:
    known = cutoff.astimezone(dt.UTC).replace(tzinfo=None)
    if frame is FCT_DEMAND:
        return "select * from intermediate.int_demand where plan_date = ?", [plan_date]
    if frame is FCT_LEAD_TIME:
        standing = "row_number() over (partition by observation_id order by available_at desc) = 1"
        return (
            "select facts.* from marts.fct_lead_time as facts"
            " semi join marts.dim_item as items on items.plan_date = $1 and items.item_id = facts.item_id"
            " semi join marts.dim_site as sites on sites.plan_date = $1 and sites.site_id = facts.site_id"
            f" where facts.available_at <= $2 and facts.received_date < $1 qualify {standing}",
            [plan_date, known],
        )
    schema = "reporting" if frame in REPORTS else "marts"
    return f"select * from {schema}.{frame.name} where plan_date = ?", [plan_date]


def _require_prepared(connection: duckdb.DuckDBPyConnection, plan_date: dt.date) -> None:
    try:
        query = "select max(plan_date) from intermediate.int_demand where plan_date <> ?"
        other = connection.execute(query, [plan_date]).fetchone()
    except duckdb.CatalogException:
        other = ("no date",)
    if other and other[0]:
        raise EquipoiseError(
            f"the demand prepared in the warehouse is that of the plan of {other[0]}, not of {plan_date}",
            where="intermediate.int_demand",
            remedy="Build the feature models for this plan date, then publish",
        )


def _require_unique(frame: Frame, table: pa.Table) -> None:
    """Compare each row with the next: the table is sorted, so that equal keys are neighbours."""
    if table.num_rows < 2:
        return
    same = pa.array([True] * (table.num_rows - 1))
    for name in frame.key:
        column = table.column(name)
        same = pc.and_(same, pc.equal(column.slice(0, table.num_rows - 1), column.slice(1)))
    if pc.any(same).as_py():
        first = table.slice(pc.index(same, True).as_py(), 1).select(list(frame.key)).to_pylist()[0]
        raise EquipoiseError(
            f"key {list(frame.key)} stands twice, first for {first}",
            where=f"mart {frame.name}",
            remedy="Correct the model, or run dbt with --full-refresh",
        )
