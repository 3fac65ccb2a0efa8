"""Feeds whose rows are faulty: one fault an item, on the last day before the plan."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
from bad_networks import END, ONE_DAY, PARAMETERS, START, Rows, Said, land, landing_of, plan

from assets.feeds.synthetic import FeedBatch, World
from assets.feeds.synthetic.emission import feeds
from orchestration.settings import Settings

OVER = 2**31
Edit = Callable[[Rows], Rows]


# Each fault has an item of its own; those of the first three are sold at one store alone.
NEVER_SOLD, SOLD_ONCE, ONLY_ZEROS = ("item-0002", "store-03"), ("item-0003", "store-02"), ("item-0013", "store-04")
NOT_SOLD_HERE = ("item-0016", "store-01")
NAN_SOLD, INFINITE_SHARE, NAN_COUNT = ("item-0006", "store-01"), ("item-0006", "store-02"), ("item-0008", "store-01")
INFINITE_RATE = ("item-0007", "store-04")
OVER_SOLD, OVER_COUNT = ("item-0009", "store-01"), ("item-0009", "store-03")
TOO_EARLY, TOO_LATE, ENDLESS = ("item-0010", "store-01"), ("item-0010", "store-02"), ("item-0011", "store-04")
TWICE = "item-0012"


def at(rows: Rows, pair: tuple[str, str]) -> pd.Series:
    return (rows["item_id"] == pair[0]) & (rows["site_id"] == pair[1])


def with_value(rows: Rows, pair: tuple[str, str], column: str, value: object) -> Rows:
    """Return rows in which one value of an item at a site was replaced."""
    values = rows[column].astype(object)
    values[np.flatnonzero(at(rows, pair))[0]] = value
    return rows.assign(**{column: values})


def with_copy(rows: Rows, row: int = 0, **changes: object) -> Rows:
    """Return rows and one more, which is a copy of one of them but for ``changes``."""
    return pd.concat([rows, rows.iloc[[row]].assign(**changes)], ignore_index=True)


def with_values(*changes: tuple[tuple[str, str], str, object]) -> Edit:
    def edit(rows: Rows) -> Rows:
        for change in changes:
            rows = with_value(rows, *change)
        return rows

    return edit


def with_strangers(rows: Rows) -> Rows:
    return with_copy(with_copy(rows, item_id="item-unknown"), site_id="site-unknown")


def lanes_in_circles(lanes: Rows) -> Rows:
    for origin, destination in (("rw-1", "rw-2"), ("rw-2", "dc-1"), ("dc-1", "nowhere"), ("nowhere", "store-01")):
        lanes = with_copy(lanes, origin_id=origin, destination_id=destination)
    return with_copy(lanes, origin_id="rw-2", destination_id="rw-1", cost_per_kg=float("inf"))


_LAST_DAY: dict[str, tuple[Edit, ...]] = {
    "demand_sales": (
        with_strangers,
        with_values(
            (NAN_SOLD, "sold_units", "nan"),
            (INFINITE_SHARE, "in_stock_share", float("inf")),
            (OVER_SOLD, "sold_units", OVER),
            (TOO_EARLY, "sales_date", dt.date(1900, 1, 1)),
            (TOO_LATE, "sales_date", END + ONE_DAY),
        ),
    ),
    "wms_inventory": (
        with_strangers,
        with_values(
            (NAN_COUNT, "on_hand_units", float("nan")),
            (OVER_COUNT, "on_hand_units", OVER),
            (ENDLESS, "expiry_date", dt.date(9999, 12, 31)),
        ),
    ),
    "erp_items": (
        lambda items: with_copy(items, list(items["item_id"]).index(TWICE), description="Another", unit_cost=77.0),
    ),
    "erp_item_site_settings": (with_values((INFINITE_RATE, "holding_rate_per_year", float("inf"))),),
    "tms_lanes": (lanes_in_circles,),
}


def short_histories(sales: Rows) -> Rows:
    """Return sales as if one item had none, one a single bucket and one nothing but zeros."""
    last = pd.to_datetime(sales["sales_date"]).dt.date == END
    zeros = at(sales, ONLY_ZEROS)
    sales = sales.assign(
        sold_units=sales["sold_units"].mask(zeros, 0).mask(at(sales, SOLD_ONCE), 3),
        in_stock_share=sales["in_stock_share"].mask(zeros | at(sales, SOLD_ONCE), 1.0),
    )
    gone = at(sales, NEVER_SOLD) | at(sales, NOT_SOLD_HERE) | (at(sales, SOLD_ONCE) & ~last)
    return sales[~gone].reset_index(drop=True)


def spoilt(batch: FeedBatch) -> Rows:
    rows = short_histories(batch.data) if batch.table.name == "demand_sales" else batch.data
    if batch.business_date == END and batch.row_availability == "batch":
        for edit in _LAST_DAY.get(batch.table.name, ()):
            rows = edit(rows)
    return rows


def plan_faulty_rows(settings: Settings) -> list[Said]:
    for batch in feeds(World(PARAMETERS), START, END):
        land(landing_of(settings), batch, spoilt(batch))
    return [plan(settings, END + ONE_DAY)]
