"""A quiet network's feeds as frames, changes that spoil them, and raw tables made of them, for tests of the gates."""

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.feeds import raw
from assets.feeds.contract import FeedTable, contract
from assets.kernel.identifiers import digest

PLAN_DATE = dt.date(2026, 3, 2)
STORES = ["S1", "S2", "S3"]
SITES = ["DC", *STORES]
ITEMS = [f"I{n:02d}" for n in range(12)]
SALES_DAYS, COUNT_DAYS = 64, 15
YESTERDAY = PLAN_DATE - dt.timedelta(days=1)
MASTER_DATE = PLAN_DATE - dt.timedelta(days=3)


def days_before(count: int) -> list[dt.date]:
    """Return the ``count`` days before the plan date, oldest first."""
    return [PLAN_DATE - dt.timedelta(days=n) for n in range(count, 0, -1)]


@dataclass
class Feeds:
    """What the sources send: a frame per table and business date, and what was refused."""

    frames: dict[tuple[str, dt.date], pd.DataFrame]
    rejected: set[tuple[str, dt.date]] = field(default_factory=set)
    again: dict[tuple[str, dt.date], pd.DataFrame] = field(default_factory=dict)

    def change(self, table: str, date: dt.date, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        self.frames[table, date] = change(self.frames[table, date])

    def forget(self, table: str) -> None:
        self.frames = {key: frame for key, frame in self.frames.items() if key[0] != table}

    def into(self, connection: duckdb.DuckDBPyConnection) -> None:
        raw.prepare(connection)
        for table in contract():
            sent = {key[1]: frame for key, frame in self.frames.items() if key[0] == table.name}
            again = {key[1]: frame for key, frame in self.again.items() if key[0] == table.name}
            batches = [
                batch(table, date, frame, rejected=(table.name, date) in self.rejected)
                for date, frame in [*sent.items(), *again.items()]
            ]
            land(connection, table, {b["batch_id"]: b for b in batches})


def batch(table: FeedTable, date: dt.date, frame: pd.DataFrame, *, rejected: bool) -> dict[str, Any]:
    """Return a batch as it is put on record, with its frame."""
    return {
        "batch_id": digest(table.name, date, content_of(frame))[:16],
        "business_date": pd.Timestamp(date),
        "available_at": pd.Timestamp(date) + pd.Timedelta(hours=26),
        "accepted_rows": 0 if rejected else len(frame),
        "row_count": len(frame),
        "status": "rejected" if rejected else "accepted",
        "frame": frame,
    }


def content_of(frame: pd.DataFrame) -> int:
    """Return a hash of a frame; that of a quiet network's frames is taken once."""
    if id(frame) in _CONTENT:
        return _CONTENT[id(frame)]
    content = int(pd.util.hash_pandas_object(frame.astype(str)).sum())
    if any(frame is quiet for quiet in _quiet_frames().values()):
        _CONTENT[id(frame)] = content
    return content


_CONTENT: dict[int, int] = {}


def land(connection: duckdb.DuckDBPyConnection, table: FeedTable, batches: dict[str, dict[str, Any]]) -> None:
    """Put batches of one table on record, and the rows of the accepted ones into its raw table."""
    if not batches:
        return
    told = pd.DataFrame([{k: v for k, v in b.items() if k != "frame"} for b in batches.values()])
    connection.register("told", told)
    connection.execute(
        "insert into raw.batches (batch_id, source, table_name, feed, business_date, available_at, landed_at, "
        "row_count, accepted_rows, quarantined_rows, content_hash, status, reason) "
        f"select batch_id, '{table.source}', '{table.table}', '{table.name}', business_date, available_at, "
        "available_at, row_count, accepted_rows, 0, '', status, '' from told"
    )
    good = [b["frame"].assign(_batch_id=b["batch_id"]) for b in batches.values() if b["status"] == "accepted"]
    rows = pd.concat([frame for frame in good if len(frame)] or good[:1], ignore_index=True) if good else None
    if rows is not None and len(rows):
        # What joined the contract later may be left out.
        unsaid = [c.name for c in table.frame.columns if c.optional and c.name not in rows]
        rows = rows.assign(**dict.fromkeys(unsaid))
        columns = ", ".join(f"cast(rows.{c.name} as {c.duckdb_type})" for c in table.frame.columns)
        connection.register("rows", rows)
        connection.execute(
            f"insert into raw.{table.name} select {columns}, _batch_id, business_date, available_at, available_at, "
            "md5(cast(rows as varchar)), 1 from rows join told on told.batch_id = rows._batch_id"
        )


@functools.cache
def _quiet_frames() -> dict[tuple[str, dt.date], pd.DataFrame]:
    return _frames_of_a_quiet_network()


def healthy() -> Feeds:
    """Return a quiet network: every store sells about six of everything and is refilled every day."""
    return Feeds(dict(_quiet_frames()))


def _frames_of_a_quiet_network() -> dict[tuple[str, dt.date], pd.DataFrame]:
    generator = np.random.default_rng(7)
    masters = {
        "erp_items": pd.DataFrame({"item_id": ITEMS}).assign(
            description="d", category="c", base_unit="each", unit_cost=1.0, unit_price=2.0,
            weight_kg_per_unit=1.0, volume_m3_per_unit=0.01, shelf_life_days=None, is_sensitive=False,
        ),
        "erp_sites": pd.DataFrame({"site_id": SITES}).assign(
            site_name="n", site_kind=["supply_dc", "store", "store", "store"], region="r", timezone="UTC", is_open=True
        ),
        "erp_suppliers": pd.DataFrame({"supplier_id": ["V"], "supplier_name": ["V"], "country": [None]}),
        "erp_sourcing": pd.DataFrame({"item_id": ITEMS}).assign(
            supplier_id="V", site_id="DC", unit_cost=1.0, minimum_order_units=0, order_multiple_units=1,
            quoted_lead_time_days=5, minimum_order_amount=0.0, capacity_units_per_day=None,
        ),
        "erp_item_site_settings": pairs(SITES).assign(
            holding_rate_per_year=0.2, shortage_cost_per_unit=1.0, service_target=None, presentation_minimum_units=0,
            maximum_units=None, review_days=1, lifecycle="active",
        ),
        "tms_lanes": pd.DataFrame({"destination_id": STORES}).assign(
            origin_id="DC", mode="truck", fixed_cost_per_departure=1.0, cost_per_kg=0.1, cost_per_m3=0.0,
            cost_per_unit=0.0, capacity_kg=None, departure_days=None, quoted_transit_days=1, is_allowed=True,
        ),
    }  # fmt: skip
    frames = {(name, MASTER_DATE): frame for name, frame in masters.items()}
    for date in days_before(SALES_DAYS):
        sold = pairs(STORES)
        frames["demand_sales", date] = sold.assign(
            sales_date=pd.Timestamp(date), sold_units=generator.poisson(6, len(sold)), in_stock_share=1.0,
            unit_price=2.0, is_promoted=False,
        )  # fmt: skip
    for date in days_before(COUNT_DAYS):
        frames["wms_inventory", date] = pairs(SITES).assign(
            lot_id="L", expiry_date=pd.NaT, on_hand_units=60, reserved_units=0, blocked_units=0
        )
        sold = frames["demand_sales", date]
        shipped = sold[["item_id", "site_id"]].rename(columns={"site_id": "destination_id"})
        frames["tms_shipments", date] = shipped.assign(
            shipment_id=f"T{date}", line_number=range(1, len(sold) + 1), origin_id="DC", mode="truck",
            shipped_units=sold["sold_units"], departed_date=pd.Timestamp(date), expected_date=pd.Timestamp(date),
            arrived_date=pd.Timestamp(date), status="arrived", order_reference=None,
        )  # fmt: skip
    return frames


def pairs(sites: list[str]) -> pd.DataFrame:
    """Return every item at every site."""
    return pd.DataFrame([(site, item) for site in sites for item in ITEMS], columns=["site_id", "item_id"])


def without(site: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return the change that leaves out a site."""
    return lambda frame: frame.loc[frame["site_id"] != site].reset_index(drop=True)


def scaled(column: str, factor: int, site: str, item: str | None = None) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return the change that multiplies a column at a site, of one item or of all."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        here = (frame["site_id"] == site) & (True if item is None else frame["item_id"] == item)
        return frame.assign(**{column: frame[column].where(~here, frame[column] * factor)})

    return change
