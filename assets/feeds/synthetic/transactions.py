"""Purchase orders and shipments of a history, as every version the ERP and the TMS told of them.

An order is told on the day it is placed and again on the day it is received; which version a
batch carries is decided by its business date. Not here: which batch goes when (``emission``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.feeds.synthetic.items import Integers, Texts
from assets.feeds.synthetic.world import World

_EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Transactions:
    """Lines that start on one day and end on a later one.

    Attributes
    ----------
    rows : DataFrame
        What does not change, in order of start.
    started, ended : int
        Proleptic ordinals of the days.
    """

    rows: pd.DataFrame
    started: Integers
    ended: Integers

    def ended_between(self, first: dt.date, last: dt.date) -> Integers:
        """Return the lines that started on or after ``first`` and ended on or before ``last``."""
        return np.flatnonzero((self.started >= first.toordinal()) & (self.ended <= last.toordinal()))

    def open_on(self, date: dt.date) -> Integers:
        """Return the lines that had started by a day and had not ended before it."""
        return np.flatnonzero((self.started <= date.toordinal()) & (self.ended >= date.toordinal()))

    def changed_on(self, date: dt.date) -> Integers:
        """Return the lines that started or ended on a day."""
        day = date.toordinal()
        return np.flatnonzero((self.started == day) | (self.ended == day))


def purchase_order_lines(world: World) -> Transactions:
    """Return every purchase order line of the history."""
    catalogue, sourcing = world.catalogue, world.catalogue.sourcing
    days = world.history.days
    row = np.concatenate([day.orders.sourcing_row for day in days])
    started = np.concatenate([np.full(len(d.orders.sourcing_row), d.date.toordinal()) for d in days])
    quoted = np.concatenate([world.ways(d.date)[1][d.orders.sourcing_row] for d in days])
    place = sourcing.place[row]
    supplier, site = sourcing.supplier[row], catalogue.places.site[place]
    order_id, line = _documents(started, "po", supplier, sourcing.supplier_ids, site, catalogue.sites.ids)
    rows = pd.DataFrame(
        {
            "purchase_order_id": order_id,
            "line_number": line,
            "item_id": catalogue.item_ids[place],
            "supplier_id": sourcing.supplier_ids[supplier],
            "site_id": catalogue.site_ids[place],
            "ordered_units": np.concatenate([day.orders.purchase_units for day in days]),
            "supplied_units": np.concatenate([day.flows.supplied_units for day in days]),
            "ordered_date": dates(started),
            "promised_date": dates(started + quoted),
            "order_reference": _references([(d.orders.purchase_reference, d.orders.sourcing_row) for d in days]),
        }
    )
    return Transactions(rows, started, started + np.concatenate([day.flows.lead_days for day in days]))


def shipment_lines(world: World) -> Transactions:
    """Return every shipment line of the history; lines that found no stock never left."""
    catalogue, lanes = world.catalogue, world.catalogue.lanes
    days = world.history.days
    units = np.concatenate([day.flows.shipped_units for day in days])
    left = units > 0
    lane = np.concatenate([day.orders.lane for day in days])[left]
    destination = np.concatenate([day.orders.destination for day in days])[left]
    started = np.concatenate([np.full(len(day.orders.lane), day.date.toordinal()) for day in days])[left]
    transit = np.concatenate([day.flows.arrival_days for day in days])[left]
    quoted = np.concatenate([world.ways(d.date)[0][d.orders.lane] for d in days])[left]
    sites = catalogue.sites.ids
    shipment_id, line = _documents(started, "shp", lanes.origin[lane], sites, lanes.destination[lane], sites)
    rows = pd.DataFrame(
        {
            "shipment_id": shipment_id,
            "line_number": line,
            "item_id": catalogue.item_ids[destination],
            "origin_id": sites[lanes.origin[lane]],
            "destination_id": sites[lanes.destination[lane]],
            "mode": lanes.frame["mode"].to_numpy(object)[lane],
            "shipped_units": units[left],
            "departed_date": dates(started),
            "expected_date": dates(started + quoted),
            "order_reference": _references([(d.orders.transfer_reference, d.orders.lane) for d in days])[left],
        }
    )
    return Transactions(rows, started, started + transit)


def purchase_orders_as_of(lines: Transactions, chosen: Integers, date: dt.date) -> pd.DataFrame:
    """Return the rows of ``erp/purchase_orders`` of the chosen lines, as a business date saw them."""
    rows, ended = lines.rows.iloc[chosen], lines.ended[chosen]
    received = ended <= date.toordinal()
    return rows.drop(columns="supplied_units").assign(
        received_units=np.where(received, rows["supplied_units"], 0),
        received_date=dates(ended, received),
        status=np.where(received, "received", "open"),
    )


def shipments_as_of(lines: Transactions, chosen: Integers, date: dt.date) -> pd.DataFrame:
    """Return the rows of ``tms/shipments`` of the chosen lines, as a business date saw them."""
    ended = lines.ended[chosen]
    arrived = ended <= date.toordinal()
    return lines.rows.iloc[chosen].assign(
        arrived_date=dates(ended, arrived),
        status=np.where(arrived, "arrived", "in_transit"),
    )


def dates(ordinals: Integers, known: np.ndarray | None = None) -> np.ndarray:
    """Return proleptic ordinals as dates (datetime64), NaT where not ``known``."""
    result = (ordinals - _EPOCH).astype("datetime64[D]").astype("datetime64[us]")
    return result if known is None else np.where(known, result, np.datetime64("NaT", "us"))


def _references(told: list[tuple[Texts | None, Integers]]) -> Texts:
    """Return the order document of each line, ``None`` where the world's own planners ordered."""
    return np.concatenate([np.full(len(lines), None, dtype=object) if of is None else of for of, lines in told])


def _documents(
    started: Integers, prefix: str, one: Integers, one_ids: Texts, other: Integers, other_ids: Texts
) -> tuple[np.ndarray, Integers]:
    """Return the document of each line (one a day and pair) and its number within it."""
    key = pd.MultiIndex.from_arrays([started, one, other])
    codes, documents = pd.factorize(key)
    names = [f"{prefix}-{dt.date.fromordinal(day):%Y%m%d}-{one_ids[a]}-{other_ids[b]}" for day, a, b in documents]
    number: Integers = np.asarray(pd.Series(codes).groupby(codes).cumcount(), dtype=np.int64) + 1
    return np.array(names, dtype=object)[codes], number
