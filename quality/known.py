"""What a plan may know of the raw tables, laid out as temporary relations for the profile queries.

Here stands the as-of rule (available by the cutoff, of a business date before the plan date) and
which batch counts for which site. Not here: any measure (``profiles``, ``sql/``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import duckdb

from assets.feeds.contract import Arrival, FeedTable, contract
from assets.kernel.calendar import AsKnown, PlanCalendar

# Days back to which old transactions are looked at; a month holds every weekly habit four times.
RECENT_DAYS = 28
# Windows before the current one that sales are compared with.
REFERENCE_WINDOWS = 4


@dataclass(frozen=True)
class Known:
    """What a gate may look at.

    Parameters
    ----------
    plan_date : date
        Plan that is judged for; only business dates before it count.
    cutoff : datetime
        UTC time up to which the plan knows what happened.
    bucket_days : int
        Length of the planning bucket in days.
    """

    plan_date: dt.date
    cutoff: dt.datetime
    bucket_days: int

    @classmethod
    def of(cls, calendar: PlanCalendar, plan_date: dt.date, as_known: AsKnown = AsKnown.THEN) -> Known:
        """Return what a plan of this calendar knows."""
        return cls(plan_date, calendar.cutoff(plan_date, as_known), calendar.bucket.days)

    @property
    def shift_days(self) -> int:
        """Days of the current window of the shift index: a week of days, four weekly buckets."""
        return 7 if self.bucket_days == 1 else 4 * self.bucket_days

    @property
    def silence_days(self) -> int:
        """Days without a sale after which stock is looked at twice."""
        return 14 if self.bucket_days == 1 else 4 * self.bucket_days


def lay_out(connection: duckdb.DuckDBPyConnection, known: Known) -> None:
    """Create the temporary relations that the queries in ``sql/`` read.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse with the schema ``raw``; nothing in its file is changed.
    known : Known
        What may be looked at.
    """
    _set_variables(connection, known)
    tables = contract()
    for table in tables:
        connection.execute(f"create or replace temp view known_{table.name} as {_known_rows(table)}")
    _feed_rules(connection, tables)
    _known_batches(connection, tables)
    connection.execute(f"create or replace temp table site_counts as {_SITE_COUNTS}")
    for table in tables:
        connection.execute(f"create or replace temp view judged_{table.name} as {_judged_rows(table)}")
    for name, query in _LAID_OUT.items():
        connection.execute(f"create or replace temp table {name} as {query}")
    _recent_sales(connection)


def _set_variables(connection: duckdb.DuckDBPyConnection, known: Known) -> None:
    cutoff = known.cutoff.astimezone(dt.UTC).replace(tzinfo=None)
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"set variable plan_date = date '{known.plan_date}'")
    connection.execute(f"set variable cutoff = timestamp '{cutoff}'")
    connection.execute(f"set variable bucket_days = {known.bucket_days}")
    connection.execute(f"set variable shift_days = {known.shift_days}")
    connection.execute(f"set variable silence_days = {known.silence_days}")
    connection.execute(f"set variable recent_days = {(1 + REFERENCE_WINDOWS) * known.shift_days}")


def _known_rows(table: FeedTable) -> str:
    # A history sent today is dated by its rows; its batch's own date may lie after the plan.
    dated = table.date_column or "_business_date"
    return (
        f"select * from raw.{table.name} "
        f"where _available_at <= getvariable('cutoff') and {dated} < getvariable('plan_date')"
    )


def _feed_rules(connection: duckdb.DuckDBPyConnection, tables: Sequence[FeedTable]) -> None:
    values = ", ".join(
        f"('{t.name}', {t.required}, {t.maximum_age_days}, {t.arrival is Arrival.SNAPSHOT and not t.scope_column})"
        for t in tables
    )
    connection.execute(
        "create or replace temp table feed_rules as "
        f"from (values {values}) as rules (feed, is_required, maximum_age_days, is_whole)"
    )


def _known_batches(connection: duckdb.DuckDBPyConnection, tables: Sequence[FeedTable]) -> None:
    columns = "feed, batch_id, business_date, available_at, row_count, accepted_rows, quarantined_rows, status, covers"
    connection.execute(
        f"create or replace temp table known_batches as select {columns} from raw.batches "
        "where available_at <= getvariable('cutoff') and business_date < getvariable('plan_date')"
    )
    for table in tables:
        if table.date_column:
            # A history is up to date on every day it tells of.
            dated = columns.replace("business_date", "least(business_date, getvariable('plan_date') - 1)")
            connection.execute(
                f"insert into known_batches select {dated} from raw.batches as batches "
                f"where feed = '{table.name}' and status = 'accepted' "
                "and batch_id not in (select batch_id from known_batches) "
                f"and exists (select 1 from known_{table.name} where _batch_id = batches.batch_id)"
            )


def _judged_rows(table: FeedTable) -> str:
    """Return the query for the rows whose content is judged: the latest snapshot, or what is recent."""
    if table.scope_column:
        return (
            f"select rows.* from known_{table.name} as rows join ("
            "select site_id, arg_max(batch_id, business_date) as batch_id from site_counts group by site_id"
            f") as latest on latest.site_id = rows.{table.scope_column} and latest.batch_id = rows._batch_id"
        )
    if table.arrival is Arrival.SNAPSHOT:
        return (
            f"select * from known_{table.name} where _batch_id = ("
            "select arg_max(batch_id, (business_date, available_at, batch_id)) from known_batches "
            f"where feed = '{table.name}' and status = 'accepted')"
        )
    dated = table.date_column or "_business_date"
    return f"select * from known_{table.name} where {dated} >= getvariable('plan_date') - {RECENT_DAYS}"


_SITE_COUNTS = """
    -- The batch that counts for each site and business date; a batch may cover a site without a row.
    with covered as (
        select batch_id, business_date, available_at, trim(unnest(string_split(covers, ','))) as site_id
        from known_batches
        where feed = 'wms_inventory' and status = 'accepted' and coalesce(covers, '') <> ''
        union
        select distinct batches.batch_id, batches.business_date, batches.available_at, rows.site_id
        from known_batches as batches join known_wms_inventory as rows on rows._batch_id = batches.batch_id
        where batches.feed = 'wms_inventory' and batches.status = 'accepted' and coalesce(batches.covers, '') = ''
    )
    select site_id, business_date, arg_max(batch_id, (available_at, batch_id)) as batch_id
    from covered group by site_id, business_date
"""

_WINDOWED_SALES = """
    select site_id, item_id, sales_date, sold_units, is_promoted, _available_at, _batch_id
    from known_demand_sales
    where sales_date >= getvariable('plan_date') - getvariable('recent_days')
"""
_TOLD_TWICE = """
    -- Within a batch no key stands twice, so only days told by two batches need the latest row sought.
    with days as (
        select sales_date from windowed_sales group by sales_date having min(_batch_id) <> max(_batch_id)
    )
    select site_id, sales_date from windowed_sales semi join days using (sales_date)
    group by site_id, sales_date having min(_batch_id) <> max(_batch_id)
"""
_LATEST_SALES = """
    select site_id, item_id, sales_date, sold_units, is_promoted
    from windowed_sales anti join told_twice using (site_id, sales_date)
    union all
    select site_id, item_id, sales_date,
        arg_max(sold_units, (_available_at, _batch_id)), arg_max(is_promoted, (_available_at, _batch_id))
    from windowed_sales semi join told_twice using (site_id, sales_date)
    group by site_id, item_id, sales_date
"""
_SALES_MEANS = """
    -- What each item sold per bucket at each site before the current window.
    select site_id, item_id, avg(sold_units) as mean_units, count(*) as buckets
    from recent_sales
    where sales_date < getvariable('plan_date') - getvariable('shift_days')
    group by site_id, item_id
"""


def _recent_sales(connection: duckdb.DuckDBPyConnection) -> None:
    """Lay out the latest version of each recent sale; copied only where some were told twice."""
    connection.execute(f"create or replace temp view windowed_sales as {_WINDOWED_SALES}")
    connection.execute(f"create or replace temp table told_twice as {_TOLD_TWICE}")
    twice = connection.execute("select count(*) from told_twice").fetchone()
    for kind in ("view", "table"):
        # Either may be left from an earlier layout of the same connection.
        with suppress(duckdb.CatalogException):
            connection.execute(f"drop {kind} if exists recent_sales")
    if twice is not None and twice[0]:
        connection.execute(f"create temp table recent_sales as {_LATEST_SALES}")
    else:
        connection.execute("create temp view recent_sales as from windowed_sales")
    connection.execute(f"create or replace temp table sales_means as {_SALES_MEANS}")


def _latest_version(table: str, key: str, since: str) -> str:
    return (
        f"select * from known_{table} where {since} >= getvariable('plan_date') - {2 * RECENT_DAYS} "
        f"qualify row_number() over (partition by {key} order by _available_at desc, _batch_id desc) = 1"
    )


_LAID_OUT = {
    "known_items": "select item_id from judged_erp_items",
    "known_sites": "select site_id, site_kind, is_open from judged_erp_sites",
    "known_suppliers": "select supplier_id from judged_erp_suppliers",
    "latest_purchase_orders": _latest_version(
        "erp_purchase_orders", "purchase_order_id, line_number", "coalesce(received_date, ordered_date)"
    ),
    "latest_shipments": _latest_version("tms_shipments", "shipment_id, line_number", "departed_date"),
}
