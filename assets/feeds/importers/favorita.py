"""Weekly unit sales of 288 items at 21 Favorita stores, served by 3 warehouses.

Lanes, lead times and the warehouses' costs are as given; what the files do not say is in
``FavoritaAssumptions``. Not here: the weeks after 117, which nobody is given.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.feeds.importers.consignment import Consignment
from assets.feeds.importers.files import read_table, require_files
from assets.feeds.importers.report import ImportReport
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import Bucket
from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile

SALES_FILE = "weekly_sales_weeks_000_117.npz"
CALENDAR_FILE = "dates_with_info.csv"
LANES_FILE = "lanes.csv"
WAREHOUSES_FILE = "warehouses.csv"
FILES = (SALES_FILE, CALENDAR_FILE, LANES_FILE, WAREHOUSES_FILE)
SUPPLIER_OF_WAREHOUSE = "supplier-{}"


@dataclass(frozen=True)
class FavoritaAssumptions:
    """What the files leave open.

    Attributes
    ----------
    seed : int
        Of the stores' costs.
    holding_cost_per_unit_week, shortage_cost_per_unit : (float, float)
        Ranges that each store's costs are drawn from, evenly (the study's ranges).
    unit_cost : float
        What stock is valued at: the mean of the warehouses' purchase costs (0.5, 1.5, 0.7).
    recent_weeks : int
        Weeks whose mean demand sets the opening stock.
    review_weeks : int
        Opening stock covers the lead time (of the fastest lane, or of the supplier) and these.
    transport_cost_per_unit : float
        Of every lane.
    """

    seed: int = 21
    holding_cost_per_unit_week: tuple[float, float] = (0.7, 1.3)
    shortage_cost_per_unit: tuple[float, float] = (6.3, 11.7)
    unit_cost: float = 0.90
    recent_weeks: int = 13
    review_weeks: int = 1
    transport_cost_per_unit: float = 0.0


@dataclass(frozen=True)
class _Source:
    """The files: units by item, store and week; when weeks start; lanes and warehouses."""

    units: npt.NDArray[np.int64]
    weeks: pd.DatetimeIndex
    calendar: pd.DataFrame
    lanes: pd.DataFrame
    warehouses: pd.DataFrame

    @property
    def plan_date(self) -> dt.date:
        """The Monday after the last week."""
        return (self.weeks[-1] + pd.Timedelta(days=7)).date()

    @property
    def items(self) -> list[str]:
        """Return the ids of items, by row of the units."""
        return [f"item-{number:03d}" for number in range(self.units.shape[0])]

    @property
    def stores(self) -> list[str]:
        """Return the ids of stores, by column of the units."""
        return [f"store-{number:02d}" for number in range(self.units.shape[1])]

    @property
    def warehouse_ids(self) -> list[str]:
        """Return the ids of warehouses."""
        return [f"warehouse-{number}" for number in self.warehouses["warehouse"]]


def import_favorita(
    directory: Path, home: NetworkHome, clock: Clock, assumptions: FavoritaAssumptions | None = None
) -> ImportReport:
    """Import the Favorita files as the network ``favorita``.

    Parameters
    ----------
    directory : Path
        Folder of the four files.
    home : NetworkHome
        Home of the network; its profile is written.
    clock : Clock
        Stamps ``landed_at``.
    assumptions : FavoritaAssumptions or None
        What the files leave open; the stated defaults if ``None``.

    Raises
    ------
    EquipoiseError
        If a file is missing or unreadable, or a lane leads to a store that sells nothing.
    """
    paths = require_files(directory, FILES, data_set="Favorita")
    source, assumed = _read(paths), assumptions or FavoritaAssumptions()
    profile = favorita_profile(source.plan_date)
    consignment = Consignment(LandingArea(home.landing, clock), profile, source.plan_date - dt.timedelta(days=1))
    sales, stock = _sales(source), _inventory(source, assumed)
    consignment.send("erp.items", _items(source, assumed))
    consignment.send("erp.sites", _sites(source))
    consignment.send("erp.suppliers", _suppliers(source))
    consignment.send("erp.sourcing", _sourcing(source))
    consignment.send("erp.item_site_settings", _settings(source, assumed))
    consignment.send("tms.lanes", _lanes(source, assumed))
    consignment.send("wms.inventory", stock)
    consignment.send("demand.events", _events(source))
    consignment.send("demand.sales", sales, row_availability="row")
    profile.write(home.root)
    return ImportReport(
        profile,
        tuple(consignment.envelopes),
        sold_units=int(sales["sold_units"].sum()),
        on_hand_units=int(stock["on_hand_units"].sum()),
        under_way_units=0,
    )


def favorita_profile(plan_date: dt.date) -> NetworkProfile:
    """Return the profile of the Favorita network, declared on ``plan_date``."""
    return NetworkProfile(
        name="favorita",
        title="Favorita, 21 stores and 3 warehouses",
        timezone="America/Guayaquil",
        bucket=Bucket.WEEK,
        # Supplier 3, slowest lane 6, and three weeks to value what is left.
        horizon_buckets=12,
        first_plan_date=plan_date,
        declared_date=plan_date,
        currency="USD",
        lost_sales=True,
    )


def _read(paths: dict[str, Path]) -> _Source:
    units = _read_units(paths[SALES_FILE])
    calendar = read_table(paths[CALENDAR_FILE], ["date", "christmas", "earthquake"])
    lanes = read_table(paths[LANES_FILE], ["warehouse", "store", "lead_time_weeks"])
    warehouses = read_table(
        paths[WAREHOUSES_FILE],
        ["warehouse", "supplier_lead_time_weeks", "holding_cost_per_unit_week", "purchase_cost_per_unit"],
    )
    first = pd.Timestamp(calendar["date"].iloc[0])
    # The files' weeks start on Tuesdays; the contract's start on the Monday before.
    monday = first - pd.Timedelta(days=first.weekday())
    unknown = set(lanes["warehouse"]) - set(warehouses["warehouse"])
    if unknown or lanes["store"].max() >= units.shape[1] or len(calendar) < units.shape[2]:
        raise EquipoiseError(
            "lanes, warehouses, calendar and sales do not speak of the same network",
            where=str(paths[LANES_FILE].parent),
            remedy="Fetch the four files again, all of one release",
        )
    weeks = pd.date_range(monday, periods=units.shape[2], freq="7D")
    return _Source(units, weeks, calendar, lanes, warehouses)


def _read_units(path: Path) -> npt.NDArray[np.int64]:
    try:
        # Opened here: numpy leaves the file of a damaged archive open.
        with path.open("rb") as file, np.load(file) as archive:
            units = next((archive[name] for name in archive.files if archive[name].ndim == 3), None)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise EquipoiseError(
            f"the archive cannot be read: {error}", where=str(path), remedy="Fetch the published file again"
        ) from error
    if units is None or not np.isfinite(units).all():
        raise EquipoiseError(
            "it holds no whole array [item, store, week]", where=str(path), remedy="Fetch the published file again"
        )
    return np.asarray(np.rint(units), dtype=np.int64)


def _items(source: _Source, assumed: FavoritaAssumptions) -> pd.DataFrame:
    low, high = assumed.shortage_cost_per_unit
    return pd.DataFrame(
        {
            "item_id": source.items,
            "description": [f"Item {number}" for number in range(len(source.items))],
            "category": "assorted",
            "base_unit": "each",
            "unit_cost": assumed.unit_cost,
            "unit_price": assumed.unit_cost + (low + high) / 2,
            "weight_kg_per_unit": 0.0,
            "volume_m3_per_unit": 0.0,
            "shelf_life_days": None,
            "is_sensitive": False,
        }
    )


def _sites(source: _Source) -> pd.DataFrame:
    stores = pd.DataFrame({"site_id": source.stores, "site_kind": "store"})
    warehouses = pd.DataFrame({"site_id": source.warehouse_ids, "site_kind": "regional_warehouse"})
    sites = pd.concat([warehouses, stores], ignore_index=True)
    names = sites["site_id"].str.replace("-", " ").str.capitalize()
    return sites.assign(site_name=names, region="ecuador", timezone="America/Guayaquil", is_open=True)


def _suppliers(source: _Source) -> pd.DataFrame:
    numbers = source.warehouses["warehouse"]
    return pd.DataFrame(
        {
            "supplier_id": [SUPPLIER_OF_WAREHOUSE.format(number) for number in numbers],
            "supplier_name": [f"Supplier of warehouse {number}" for number in numbers],
            "country": None,
        }
    )


def _sourcing(source: _Source) -> pd.DataFrame:
    rows = source.warehouses.assign(
        site_id=source.warehouse_ids,
        supplier_id=[SUPPLIER_OF_WAREHOUSE.format(number) for number in source.warehouses["warehouse"]],
        unit_cost=source.warehouses["purchase_cost_per_unit"],
        quoted_lead_time_days=source.warehouses["supplier_lead_time_weeks"] * 7,
    ).merge(pd.DataFrame({"item_id": source.items}), how="cross")
    return rows.assign(
        minimum_order_units=0, order_multiple_units=1, minimum_order_amount=0.0, capacity_units_per_day=None
    )


def _ranged(source: _Source) -> npt.NDArray[np.bool_]:
    """Return which item (row) any sale made a store (column) range."""
    return np.asarray((source.units != 0).any(axis=2))


def _settings(source: _Source, assumed: FavoritaAssumptions) -> pd.DataFrame:
    rng = np.random.default_rng(assumed.seed)
    holding = np.round(rng.uniform(*assumed.holding_cost_per_unit_week, len(source.stores)), 2)
    shortage = np.round(rng.uniform(*assumed.shortage_cost_per_unit, len(source.stores)), 2)
    item, store = np.nonzero(_ranged(source))
    items = np.array(source.items, dtype=object)
    stores = pd.DataFrame(
        {
            "item_id": items[item],
            "site_id": np.array(source.stores, dtype=object)[store],
            "weekly": holding[store],
            "shortage_cost_per_unit": shortage[store],
        }
    )
    warehouses = pd.DataFrame(
        {
            "site_id": source.warehouse_ids,
            "weekly": source.warehouses["holding_cost_per_unit_week"],
            "shortage_cost_per_unit": np.nan,
        }
    ).merge(pd.DataFrame({"item_id": items}), how="cross")
    rows = pd.concat([stores, warehouses], ignore_index=True)
    return rows.assign(
        holding_rate_per_year=rows["weekly"] * 365 / 7 / assumed.unit_cost,
        service_target=np.nan,
        presentation_minimum_units=0,
        maximum_units=None,
        review_days=7 * assumed.review_weeks,
        lifecycle="active",
    )


def _lanes(source: _Source, assumed: FavoritaAssumptions) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin_id": [f"warehouse-{number}" for number in source.lanes["warehouse"]],
            "destination_id": np.array(source.stores, dtype=object)[source.lanes["store"]],
            "mode": "truck",
            "fixed_cost_per_departure": 0.0,
            "cost_per_kg": 0.0,
            "cost_per_m3": 0.0,
            "cost_per_unit": assumed.transport_cost_per_unit,
            "capacity_kg": np.nan,
            "departure_days": None,
            "quoted_transit_days": source.lanes["lead_time_weeks"] * 7,
            "is_allowed": True,
        }
    )


def _inventory(source: _Source, assumed: FavoritaAssumptions) -> pd.DataFrame:
    """Open with recent mean demand over lead time plus review, rounded up.

    A store's lead time is its fastest lane's. A warehouse's demand is that of the stores it
    serves, each divided evenly over the warehouses that serve it.
    """
    mean = np.maximum(source.units[:, :, -assumed.recent_weeks :].mean(axis=2), 0.0)
    stores, lanes = len(source.stores), source.lanes
    fastest = lanes.groupby("store")["lead_time_weeks"].min().reindex(range(stores), fill_value=0).to_numpy()
    serves = np.zeros((len(source.warehouses), stores))
    row = pd.Index(source.warehouses["warehouse"]).get_indexer(lanes["warehouse"])
    serves[row, lanes["store"]] = 1
    share = serves / np.maximum(serves.sum(axis=0), 1)
    lead = source.warehouses["supplier_lead_time_weeks"].to_numpy()
    at_stores = np.where(_ranged(source), np.ceil(mean * (fastest + assumed.review_weeks)), -1)
    at_warehouses = np.ceil(mean @ share.T * (lead + assumed.review_weeks))
    units = np.concatenate([at_stores, at_warehouses], axis=1)
    item, site = np.nonzero(units >= 0)
    items = np.array(source.items, dtype=object)[item]
    return pd.DataFrame(
        {
            "site_id": np.array([*source.stores, *source.warehouse_ids], dtype=object)[site],
            "item_id": items,
            "lot_id": items,
            "expiry_date": None,
            "on_hand_units": units[item, site].astype(np.int64),
            "reserved_units": 0,
            "blocked_units": 0,
        }
    )


def _events(source: _Source) -> pd.DataFrame:
    """Tell Christmas weeks as far as the calendar goes, and earthquakes that had happened."""
    known = source.calendar[
        (source.calendar["christmas"] == 1)
        | ((source.calendar["earthquake"] == 1) & (source.calendar.index < source.units.shape[2]))
    ]
    start = source.weeks[0] + pd.to_timedelta(known.index.to_numpy() * 7, unit="D")
    kind = np.where(known["christmas"] == 1, "Christmas", "Earthquake")
    return pd.DataFrame(
        {
            "event_id": [f"{name.lower()}-{day:%Y%m%d}" for name, day in zip(kind, start, strict=True)],
            "event_name": kind,
            "event_kind": np.where(known["christmas"] == 1, "holiday", "other"),
            "region": None,
            "start_date": start,
            "end_date": start + pd.Timedelta(days=6),
            "item_id": None,
            "site_id": None,
            "unit_price": np.nan,
        }
    )


def _sales(source: _Source) -> pd.DataFrame:
    """Tell every week of every ranged item; nothing is known of empty shelves, so none is told."""
    item, store = np.nonzero(_ranged(source))
    weeks = len(source.weeks)
    return pd.DataFrame(
        {
            "site_id": np.repeat(np.array(source.stores, dtype=object)[store], weeks),
            "item_id": np.repeat(np.array(source.items, dtype=object)[item], weeks),
            "sales_date": np.tile(source.weeks.to_numpy(), len(item)),
            "sold_units": source.units[item, store].ravel(),
            "in_stock_share": 1.0,
            "unit_price": np.nan,
            "is_promoted": False,
        }
    )
