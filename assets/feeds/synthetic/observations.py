"""What the tills and the warehouses of a world report of a lived day: sales, stock, movements.

Not here: orders and shipments (``transactions``), and master data (``catalogue``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.items import Integers
from assets.feeds.synthetic.transactions import dates
from assets.feeds.synthetic.world import Day, World

_EARLY_COLLECTION, _PROJECT = 0.03, 0.01


def sales(world: World, days: list[Day]) -> pd.DataFrame:
    """Return the rows of ``demand/sales`` of some days: every item on sale, sold or not.

    The in-stock share of a day on which demand exceeded the shelf is the share that it served:
    what comes after the last unit was sold finds nothing.
    """
    catalogue, count = world.catalogue, world.catalogue.places.store_count
    number = np.array([world.parameters.day_index(day.date) for day in days])
    item = catalogue.places.item[:count]
    launched = catalogue.items.launch_day[item][:, None] <= number
    opened = catalogue.places.opening_day[:count, None] <= number
    on_sale = launched & opened & (number < catalogue.items.end_day[item][:, None])
    place, column = np.nonzero(on_sale)

    def pick(name: str) -> np.ndarray:
        return np.stack([getattr(day.flows, name) for day in days], axis=1)[place, column]

    sold, sellable, demanded = pick("sold"), pick("sellable"), pick("demanded")
    share = np.where(sellable > 0, np.minimum(1.0, sellable / np.maximum(demanded, 1)), 0.0)
    ordinals = np.array([day.date.toordinal() for day in days])
    return pd.DataFrame(
        {
            "site_id": catalogue.site_ids[place],
            "item_id": catalogue.item_ids[place],
            "sales_date": dates(ordinals[column]),
            "sold_units": sold,
            "in_stock_share": np.round(share, 3),
            "unit_price": np.where(sold > 0, pick("price"), np.nan),
            "is_promoted": pick("promoted"),
        }
    )


def movements(world: World, days: list[Day]) -> pd.DataFrame:
    """Return the rows of ``wms/stock_movements`` of some days; they explain every change of stock."""
    return pd.concat([_movements_of(world, day) for day in days], ignore_index=True)


def _movements_of(world: World, day: Day) -> pd.DataFrame:
    flows, catalogue = day.flows, world.catalogue
    sold = np.zeros_like(flows.received)
    sold[: len(flows.sold)] = flows.sold
    changes = {
        "receipt": flows.received,
        "issue": -flows.issued,
        "sale": -sold,
        "scrap": -flows.scrapped,
        "adjustment": flows.adjusted,
    }
    kinds, units = list(changes), np.stack(list(changes.values()))
    kind, place = np.nonzero(units)
    names = np.array(kinds, dtype=object)[kind]
    sites, items = catalogue.site_ids[place], catalogue.item_ids[place]
    stamp = f"{day.date:%Y%m%d}"
    return pd.DataFrame(
        {
            "movement_id": [f"{stamp}-{s}-{i}-{k}" for s, i, k in zip(sites, items, names, strict=True)],
            "site_id": sites,
            "item_id": items,
            "movement_date": np.datetime64(day.date, "us"),
            "movement_kind": names,
            "moved_units": units[kind, place],
            "reference": None,
        }
    )


def inventory(world: World, day: Day) -> pd.DataFrame:
    """Return the rows of ``wms/inventory`` at the end of a day.

    Every ranged item has a row, an empty shelf too; perishables have one per lot.
    """
    catalogue = world.catalogue
    reserved = _reserved(world, day)
    keeps = (catalogue.shelf_life_days == 0) | (day.on_hand == 0)
    place = np.flatnonzero(keeps)
    whole = pd.DataFrame(
        {
            "site_id": catalogue.site_ids[place],
            "item_id": catalogue.item_ids[place],
            "lot_id": catalogue.item_ids[place],
            "expiry_date": np.datetime64("NaT", "us"),
            "on_hand_units": day.on_hand[place],
            "reserved_units": reserved[place],
            "blocked_units": day.blocked[place],
        }
    )
    lots = _lots(world, day, np.flatnonzero(~keeps), reserved)
    # Column by column: pandas drops the type of a column without a single date.
    return pd.DataFrame({name: np.concatenate([whole[name], lots[name]]) for name in whole.columns})


def _lots(world: World, day: Day, place: Integers, reserved: Integers) -> pd.DataFrame:
    """Split stock over the latest receipts, as first in, first out leaves it.

    Blocked units are taken from the oldest lots, reserved units from the next.
    """
    catalogue = world.catalogue
    number = world.parameters.day_index(day.date)
    longest = min(int(catalogue.shelf_life_days.max(initial=0)), number + 2)
    age = np.arange(longest)[:, None]
    life, on_hand = catalogue.shelf_life_days[place], day.on_hand[place]
    receipts = np.where(age < life, world.history.received[number + 1 - age, place], 0)
    younger = np.cumsum(receipts, axis=0) - receipts
    units = np.clip(on_hand - younger, 0, receipts)
    older = on_hand - younger - units
    blocked = np.clip(day.blocked[place] - older, 0, units)
    taken = np.clip(day.blocked[place] + reserved[place] - older, 0, units)
    row, column = np.nonzero(units)
    received = day.date.toordinal() - row
    stamps = {number: f"{dt.date.fromordinal(int(number)):%Y%m%d}" for number in np.unique(received)}
    items = catalogue.item_ids[place[column]]
    return pd.DataFrame(
        {
            "site_id": catalogue.site_ids[place[column]],
            "item_id": items,
            "lot_id": [f"{item}-{stamps[date]}" for item, date in zip(items, received, strict=True)],
            "expiry_date": dates(received + life[column]),
            "on_hand_units": units[row, column],
            "reserved_units": (taken - blocked)[row, column],
            "blocked_units": blocked[row, column],
        }
    )


def _reserved(world: World, day: Day) -> Integers:
    """Reserve what a few customers will collect tomorrow, and a little of a few warehouse items."""
    rng = world.parameters.generator(streams.RESERVATIONS, day.date.toordinal())
    chosen = rng.random(len(day.on_hand))
    free = np.maximum(day.on_hand - day.blocked, 0)
    stores = world.catalogue.places.store_count
    tomorrow = world.demand.draw(day.date + dt.timedelta(days=1)).units
    reserved = np.where(chosen < _PROJECT, free // 20, 0)
    reserved[:stores] = np.where(chosen[:stores] < _EARLY_COLLECTION, np.minimum(tomorrow, free[:stores]), 0)
    return reserved
