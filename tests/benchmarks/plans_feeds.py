"""Feed tables as the marts of master data, as their SQL makes them, without a warehouse.

Not here: which data set (``plans_networks``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scorecard_panels import BenchPanel

from assets.feeds.importers.report import ImportReport
from assets.feeds.landing import LandingArea
from assets.kernel.clock import Clock, FixedClock
from assets.kernel.frames import Frame
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_LANE, DIM_SITE, DIM_SOURCING
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.twin.day import Ints
from assets.twin.experiment.network import KEY

ECHELON = {"store": 0, "regional_warehouse": 1, "supply_dc": 2}
DAYS_OF_YEAR = 365
IMPORTED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

Feeds = dict[str, pd.DataFrame]
"""Tables by name, such as ``erp.items``."""


def imported(
    folder: Path, importer: Callable[[Path, NetworkHome, Clock], ImportReport]
) -> tuple[NetworkProfile, Feeds]:
    """Import a data set into a home that is gone afterwards; return its profile and what it landed."""
    with TemporaryDirectory() as root:
        home, clock = NetworkHome(Path(root)), FixedClock(IMPORTED_AT)
        report, landing = importer(folder, home, clock), LandingArea(home.landing, clock)
        feeds = {
            f"{one.source}.{one.table}": pd.concat(
                [pd.read_parquet(landing.directory(one) / name) for name in one.files], ignore_index=True
            )
            for one in report.envelopes
        }
    return report.profile, feeds


SHARED = (
    "fixed_cost_per_departure", "capacity_kg", "capacity_m3", "truck_kg", "truck_m3", "minimum_order_amount",
    "minimum_document_units",
)  # fmt: skip
"""Columns that say what items use together."""


def of_items(feeds: Feeds, count: int, seed: int) -> Feeds:
    """Return the tables of ``count`` items drawn by a seed; 0 stands for all.

    What all items share is scaled to them: a departure of a tenth of the items costs and takes a tenth.
    """
    every = np.sort(feeds["erp.items"]["item_id"].to_numpy(object))
    chosen = set(every[np.random.default_rng(seed).permutation(len(every))[: count or len(every)]])
    share = len(chosen) / max(len(every), 1)
    found = {}
    for name, table in feeds.items():
        mine = table[table["item_id"].isin(chosen)] if "item_id" in table else table
        found[name] = mine.assign(**{column: mine[column] * share for column in SHARED if column in mine})
    return found


def between_stores(stores: list[str], transit_days: int) -> pd.DataFrame:
    """Return lanes from every store to every other, at a cost of 1 a unit."""
    ends = [(origin, destination) for origin in stores for destination in stores if origin != destination]
    return pd.DataFrame(ends, columns=["origin_id", "destination_id"]).assign(
        mode="van", fixed_cost_per_departure=0.0, cost_per_kg=0.0, cost_per_m3=0.0, cost_per_unit=1.0,
        capacity_kg=np.nan, departure_days=None, quoted_transit_days=transit_days, is_allowed=True,
    )  # fmt: skip


def marts_of(feeds: Feeds, profile: NetworkProfile) -> dict[str, pd.DataFrame]:
    """Return items, sites, lanes down and sideways, sourcing and settings; sites that range nothing are left out."""
    items, lanes = feeds["erp.items"], feeds["tms.lanes"]
    settings = feeds["erp.item_site_settings"].merge(items[["item_id", "unit_cost"]], on="item_id")
    ranged = set(settings["site_id"])
    sites = feeds["erp.sites"].loc[feeds["erp.sites"]["site_id"].isin(ranged)]
    sites = sites.assign(echelon=sites["site_kind"].map(ECHELON).astype("int64"))
    lanes = lanes[lanes["is_allowed"] & lanes["origin_id"].isin(ranged) & lanes["destination_id"].isin(ranged)]
    lanes = lanes.assign(departure_days=lanes["departure_days"].fillna(""))
    level = sites.set_index("site_id")["echelon"]
    sideways = lanes["origin_id"].map(level) <= lanes["destination_id"].map(level)
    sourcing = feeds["erp.sourcing"]
    sourcing = sourcing[sourcing["item_id"].isin(set(items["item_id"]))]
    holding = settings["unit_cost"].astype(float) * settings["holding_rate_per_year"].astype(float) / DAYS_OF_YEAR

    def made(frame: Frame, table: pd.DataFrame) -> pd.DataFrame:
        # What a feed may leave out is unlimited or unsaid.
        unsaid = [column.name for column in frame.columns if column.nullable and column.name not in table]
        return frame.conform(table.assign(plan_date=pd.Timestamp(profile.first_plan_date), **dict.fromkeys(unsaid)))

    return {
        "items": made(DIM_ITEM, items),
        "sites": made(DIM_SITE, sites),
        "lanes": made(DIM_LANE, lanes[~sideways]),
        "laterals": made(DIM_LANE, lanes[sideways]),
        "sourcing": made(DIM_SOURCING, sourcing),
        "item_sites": made(DIM_ITEM_SITE, settings.assign(holding_cost_per_unit_day=holding)),
    }


def weekly_panel(sales: pd.DataFrame, items: pd.DataFrame, profile: NetworkProfile) -> BenchPanel:
    """Return the panel of weekly sales that end at the first plan date."""
    demand = sales.rename(columns={"sales_date": "bucket_start"}).assign(
        bucket_start=pd.to_datetime(sales["sales_date"]),
        demand_lower_bound_units=np.maximum(sales["sold_units"], 0),
        is_censored=sales["in_stock_share"] < 1.0,
        batch_id="published",
    )
    demand["available_at"] = demand["bucket_start"]
    ranged = sales[KEY].drop_duplicates().sort_values(KEY, ignore_index=True)
    categories = items[["item_id", "category"]].reset_index(drop=True)
    return BenchPanel(
        demand, categories, ranged, profile.bucket, profile.first_plan_date, profile.horizon_buckets, 1
    )  # fmt: skip


def weekly_units(sales: pd.DataFrame, places: pd.DataFrame, end: dt.date) -> tuple[dt.date, Ints]:
    """Return the first week and units sold by item-site and week; returns count as nothing sold."""
    first = pd.Timestamp(sales["sales_date"].min()).date()
    units = np.zeros((len(places), (end - first).days // 7), dtype=np.int64)
    told = sales.merge(places[KEY].assign(place=np.arange(len(places))), on=KEY)
    week = (pd.to_datetime(told["sales_date"]) - pd.Timestamp(first)).dt.days.to_numpy() // 7
    units[told["place"].to_numpy(), week] = np.maximum(told["sold_units"].to_numpy(np.int64), 0)
    return first, units
