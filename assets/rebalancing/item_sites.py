"""Item-sites as arrays: what the plan knows of an item at a site before it decides.

Sorted by item and site, so that the order of the input rows never matters. Not here: what
may move (``moves``) and what stock is worth (``value``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.forecasts import INTERVAL_COLUMNS, QUANTILE_COLUMNS
from assets.kernel.network import CROSS_DOCK

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNLIMITED = np.iinfo(np.int32).max
"""Stands for no limit in arrays of units and days."""

KEY = ["item_id", "site_id"]


@dataclass(frozen=True)
class Protection:
    """Demand from the arrival of an order placed now to that of the next; ``n`` item-sites.

    Attributes
    ----------
    first, last : int array, shape (n,)
        Buckets of that interval; -1 where nothing was published.
    mean, std : float array, shape (n,)
        Of demand in these buckets.
    quantiles : float array, shape (n, 13)
        Of the same, at ``QUANTILE_LEVELS``.
    """

    first: Ints
    last: Ints
    mean: Floats
    std: Floats
    quantiles: Floats


@dataclass(frozen=True)
class ItemSites:
    """Item-sites that are planned; ``n`` of them over ``T`` buckets.

    Attributes
    ----------
    bucket_days : int
        Length of a bucket.
    item_ids, site_ids : tuple of str
        Sorted.
    item, site : int array, shape (n,)
        Positions in ``item_ids`` and ``site_ids``.
    echelon : int array, shape (n,)
        0 where demand is met.
    has_demand : bool array, shape (n,)
        Whether demand is forecast here; the others serve those that have it.
    cross_dock : bool array, shape (n,)
        Site that holds no stock; not where demand is forecast, which takes a site with stock.
    parent : int array, shape (n,)
        Item-site that normally replenishes this one; -1 for a supplier or none.
    available, incoming, base_stock, protection, presentation, maximum : int array, shape (n,)
        Base units; ``maximum`` is ``UNLIMITED`` where there is none. A cross-dock keeps, shows
        and may hold nothing.
    owed : int array, shape (n,)
        Units promised beyond what there is, to be met before anything else; nothing where sales are lost.
    known_supply : int array, shape (n, T)
        Available now plus scheduled receipts that can be sold by bucket t, cumulative.
    holding_cost, shortage_cost : float array, shape (n,)
        Currency per unit and bucket; currency per unit of unmet demand.
    unit_cost : float array, shape (n,)
        Standard cost of the item.
    protection_mean : float array, shape (n,)
        Expected demand over the protection interval.
    review_buckets, shelf_life_days : int array, shape (n,)
        ``UNLIMITED`` shelf life keeps for ever.
    first_expiry : datetime64[D] array, shape (n,)
        Last day of sale of the lot that would leave first; NaT where none expires.
    lifecycle : object array, shape (n,)
        new, active, ending or delisted.
    is_sensitive, outbound_held : bool array, shape (n,)
        Restricted item; site that may receive but not give.
    handed_over, erp_orders : bool array, shape (n,)
        What the release leaves to an ERP; what an ERP orders by levels that it took and that stand.
    last_receipt : datetime64[D] array, shape (n,)
        Last receipt known; NaT for none.
    mean, std : float array, shape (n, T)
        Of demand accumulated to the end of bucket t.
    quantiles : float array, shape (n, T, 13)
        Of the same, at ``QUANTILE_LEVELS``.
    correlation : float array, shape (n,)
        Of what demand strays by, with that at the item's other sites; within [0, 1], 0 where none is forecast.
    protection_demand : Protection
        Demand between two arrivals.
    """

    bucket_days: int
    item_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    item: Ints
    site: Ints
    echelon: Ints
    has_demand: Flags
    cross_dock: Flags
    parent: Ints
    available: Ints
    incoming: Ints
    base_stock: Ints
    protection: Ints
    presentation: Ints
    maximum: Ints
    owed: Ints
    known_supply: Ints
    holding_cost: Floats
    shortage_cost: Floats
    unit_cost: Floats
    protection_mean: Floats
    review_buckets: Ints
    shelf_life_days: Ints
    first_expiry: NDArray[np.datetime64]
    lifecycle: NDArray[np.object_]
    is_sensitive: Flags
    outbound_held: Flags
    handed_over: Flags
    erp_orders: Flags
    last_receipt: NDArray[np.datetime64]
    mean: Floats
    std: Floats
    quantiles: Floats
    correlation: Floats
    protection_demand: Protection

    def __len__(self) -> int:
        return len(self.item)

    @property
    def horizon(self) -> int:
        """Number of buckets."""
        return int(self.known_supply.shape[1])

    def keys(self) -> pd.DataFrame:
        """Return item_id, site_id and position of every item-site."""
        items = np.array(self.item_ids, dtype=object)[self.item]
        sites = np.array(self.site_ids, dtype=object)[self.site]
        return pd.DataFrame({"item_id": items, "site_id": sites, "index": np.arange(len(self))})


def build_item_sites(
    table: pd.DataFrame,
    receipts: pd.DataFrame,
    forecast: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
    horizon: int,
    protection: pd.DataFrame | None = None,
) -> ItemSites:
    """Turn the joined settings, stock and targets of item-sites into arrays.

    Parameters
    ----------
    table : DataFrame
        One row per item-site with every scalar column (see ``problem.settings_table``).
    receipts : DataFrame
        FCT_SCHEDULED_RECEIPT.
    forecast : DataFrame
        DEMAND_FORECAST.
    calendar, plan_date, horizon : PlanCalendar, date, int
        Bucket grid, first day of bucket 0, number of buckets T.
    protection : DataFrame, optional
        PROTECTION_DEMAND.
    """
    table = table.sort_values(KEY, kind="stable", ignore_index=True)
    item_ids, site_ids = tuple(sorted(table["item_id"].unique())), tuple(sorted(table["site_id"].unique()))
    item = np.searchsorted(np.array(item_ids, dtype=object), table["item_id"].to_numpy(object))
    site = np.searchsorted(np.array(site_ids, dtype=object), table["site_id"].to_numpy(object))
    index = pd.DataFrame({**{k: table[k] for k in KEY}, "index": np.arange(len(table))})
    available = _units(table["available_units"])
    has_demand, mean, std, quantiles, correlation = _demand(index, forecast, horizon)
    cross_dock = (table["site_kind"] == CROSS_DOCK).to_numpy(bool) & ~has_demand

    def stocked(units: Ints) -> Ints:
        return np.where(cross_dock, 0, units)

    return ItemSites(
        bucket_days=calendar.bucket.days,
        item_ids=item_ids,
        site_ids=site_ids,
        item=item.astype(np.int64),
        site=site.astype(np.int64),
        echelon=_units(table["echelon"]),
        has_demand=has_demand,
        cross_dock=cross_dock,
        parent=_parents(index, table),
        available=available,
        incoming=_units(table["incoming_units"]),
        base_stock=stocked(_units(table["base_stock_units"])),
        protection=stocked(_units(table["protection_units"])),
        presentation=stocked(_units(table["presentation_minimum_units"])),
        maximum=stocked(_units(table["maximum_units"].fillna(UNLIMITED))),
        owed=np.where(has_demand, _units(table["owed_units"]), 0),
        known_supply=available[:, None] + _receipts(index, receipts, calendar, plan_date, horizon),
        holding_cost=table["holding_cost"].to_numpy(np.float64),
        shortage_cost=table["shortage_cost"].to_numpy(np.float64),
        unit_cost=table["unit_cost"].to_numpy(np.float64),
        protection_mean=table["protection_mean_units"].to_numpy(np.float64),
        review_buckets=np.array([max(1, calendar.buckets_in(d)) for d in table["review_days"]], dtype=np.int64),
        shelf_life_days=_units(table["shelf_life_days"].fillna(UNLIMITED)),
        first_expiry=table["first_expiry_date"].to_numpy("datetime64[D]"),
        lifecycle=table["lifecycle"].to_numpy(object),
        is_sensitive=table["is_sensitive"].to_numpy(bool),
        outbound_held=table["outbound_held"].to_numpy(bool),
        handed_over=table["handed_over"].to_numpy(bool) & ~cross_dock,
        erp_orders=table["erp_orders"].to_numpy(bool),
        last_receipt=table["last_receipt"].to_numpy("datetime64[D]"),
        mean=mean,
        std=std,
        quantiles=quantiles,
        correlation=correlation,
        protection_demand=_protection(index, protection),
    )


def _units(values: pd.Series[Any]) -> Ints:
    return values.to_numpy(np.float64).round().astype(np.int64)


def _parents(index: pd.DataFrame, table: pd.DataFrame) -> Ints:
    position = {key: i for i, key in enumerate(zip(index["item_id"], index["site_id"], strict=True))}
    kinds, sources = table["receipt_kind"], table["source_id"]
    found = [
        position.get((item, source), -1) if kind == "transfer" else -1
        for item, kind, source in zip(table["item_id"], kinds, sources, strict=True)
    ]
    return np.array(found, dtype=np.int64)


def _receipts(
    index: pd.DataFrame, receipts: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date, horizon: int
) -> Ints:
    """Return cumulative scheduled receipts that can be sold by each bucket, shape (n, T)."""
    result = np.zeros((len(index), horizon), dtype=np.int64)
    known = receipts.merge(index, on=KEY)
    days = (pd.to_datetime(known["expected_date"]) - pd.Timestamp(plan_date)).dt.days.to_numpy()
    bucket = np.maximum(0, -(-days // calendar.bucket.days))
    inside = bucket < horizon
    np.add.at(
        result, (known["index"].to_numpy()[inside], bucket[inside]), known["receipt_units"].to_numpy(np.int64)[inside]
    )
    return result.cumsum(axis=1)


def _demand(index: pd.DataFrame, forecast: pd.DataFrame, horizon: int) -> tuple[Flags, Floats, Floats, Floats, Floats]:
    """Return which item-sites have a forecast, its mean, spread and quantiles by bucket, and its correlation.

    A horizon longer than the forecast holds the last bucket's figures.
    """
    n, levels = len(index), len(QUANTILE_COLUMNS)
    has_demand = np.zeros(n, dtype=bool)
    values = np.zeros((n, horizon, levels + 2))
    filled = np.zeros((n, horizon), dtype=bool)
    known = forecast.loc[forecast["bucket_index"] < horizon].merge(index, on=KEY)
    columns = ["cumulative_mean_units", "cumulative_std_units", *QUANTILE_COLUMNS]
    rows, buckets = known["index"].to_numpy(), known["bucket_index"].to_numpy(np.int64)
    values[rows, buckets] = known[columns].to_numpy(np.float64)
    filled[rows, buckets] = True
    has_demand[rows] = True
    correlation = np.zeros(n)
    correlation[rows] = np.clip(known["site_correlation"].to_numpy(np.float64), 0.0, 1.0)
    for t in range(1, horizon):
        values[:, t] = np.where(filled[:, t, None], values[:, t], values[:, t - 1])
    values = np.maximum(values, 0.0)
    quantiles = np.maximum.accumulate(values[:, :, 2:], axis=2)
    mean = np.maximum.accumulate(values[:, :, 0], axis=1)
    return has_demand, mean, values[:, :, 1], quantiles, correlation


def _protection(index: pd.DataFrame, protection: pd.DataFrame | None) -> Protection:
    n = len(index)
    first, last = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    moments, quantiles = np.zeros((n, 2)), np.zeros((n, len(INTERVAL_COLUMNS)))
    if protection is not None and len(protection):
        known = protection.merge(index, on=KEY)
        rows = known["index"].to_numpy()
        first[rows], last[rows] = known["first_bucket"].to_numpy(np.int64), known["last_bucket"].to_numpy(np.int64)
        moments[rows] = known[["mean_units", "std_units"]].to_numpy(np.float64)
        quantiles[rows] = known[list(INTERVAL_COLUMNS)].to_numpy(np.float64)
    return Protection(first, last, moments[:, 0], moments[:, 1], quantiles)
