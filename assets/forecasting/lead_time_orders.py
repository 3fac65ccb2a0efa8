"""What orders tell of lead times: those received, those still open, and in which order they came.

Here: one row per order line with its lead time beyond the quote, or how long it has been open. Not here:
what follows for a source (``lead_time_survival``, ``lead_time``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Flags, Integers, Reals

GROUP = ["receipt_kind", "source_id", "site_id", "mode"]
# The latest ordering days only, so that a changed supplier shows within a season.
MOST_STARTS = 50
LONGEST_DAYS = 730


@dataclass(frozen=True)
class Orders:
    """Order lines of all sources, ``n`` of them.

    Attributes
    ----------
    group : array (n,)
        Source they belong to.
    excess : array (n,)
        Days beyond the quote: of the lead time, or for an open line of the first day on which it could still
        arrive.
    is_open : array (n,)
        Whether it was still open at the plan date: its lead time is right-censored.
    weight : array (n,)
        The lines that a source starts on one day weigh one together: they travel together.
    crossed : array (n,)
        Whether another order for the item overtook it.
    """

    group: Integers
    excess: Integers
    is_open: Flags
    weight: Reals
    crossed: Flags

    def counts(self, is_open: bool, width: int, earliest: int, groups: int) -> Reals:
        """Return the weight of received or open lines by source and excess, shape (groups, width)."""
        rows = np.flatnonzero(self.is_open == is_open)
        place = self.group[rows] * width + (self.excess[rows] - earliest)
        found = np.bincount(place, weights=self.weight[rows], minlength=groups * width).astype(np.float64)
        return found.reshape(groups, width)


def observed_orders(
    receipts: pd.DataFrame, open_orders: pd.DataFrame, groups: pd.DataFrame, plan_date: dt.date
) -> Orders:
    """Return what was known of every source's latest orders on a date.

    Orders may cross. Units of an item are alike, so that what a stock feels is the first arrival after the
    first order, the second after the second: starts and receipts of one item and source are each put in order
    and matched. These effective lead times have the mean of the real ones and less variance (Robinson, Bradley
    and Thomas 2001), and of ``m`` orders with ``r`` receipts the latest ``m - r`` are the open ones.

    Parameters
    ----------
    receipts, open_orders : DataFrame
        Frames ``FCT_LEAD_TIME`` and ``FCT_OPEN_ORDER``. What was received from the date on counts as open, and
        what started then not at all, so that an earlier date sees what it could see.
    groups : DataFrame
        The sources, ``GROUP`` and ``quoted_days``; their places number the groups.
    plan_date : date
        The date.
    """
    lines = _lines(receipts, open_orders, groups, plan_date)
    lines = _matched(lines)
    today = plan_date.toordinal()
    is_open = lines["received"] >= today
    excess = np.where(is_open, today, lines["received"]) - lines["started"] - lines["quote"]
    kept = _latest_starts(lines)
    return Orders(
        lines["group"][kept],
        np.clip(excess[kept], -LONGEST_DAYS, LONGEST_DAYS),
        is_open[kept],
        _shares(lines["group"][kept], lines["started"][kept]),
        lines["crossed"][kept] > 0,
    )


def _lines(
    receipts: pd.DataFrame, open_orders: pd.DataFrame, groups: pd.DataFrame, plan_date: dt.date
) -> dict[str, Integers]:
    """Return group, item, start, receipt and quote of all lines; what is not received yet is so on the plan date."""
    columns = [*GROUP, "item_id", "started_date", "quoted_days"]
    # What has not been received will not be before the date: for what the date knows, that is all.
    waiting = open_orders[columns].assign(received_date=pd.Timestamp(plan_date).as_unit("us"))
    parts = [receipts[[*columns, "received_date"]], waiting]
    told = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    codes = groups[GROUP].assign(group=np.arange(len(groups)), group_quote=np.round(groups["quoted_days"]))
    found = told.merge(codes, on=GROUP, how="inner")
    started = _ordinals(found["started_date"])
    received = np.minimum(_ordinals(found["received_date"]), plan_date.toordinal())
    usable = (started < plan_date.toordinal()) & (received >= started) & (received - started <= LONGEST_DAYS)
    quote = found["quoted_days"].astype("Float64").fillna(found["group_quote"]).to_numpy(dtype=np.float64)
    lines = {
        "group": found["group"].to_numpy(dtype=np.int64),
        "item": pd.factorize(found["item_id"], sort=True)[0].astype(np.int64),
        "started": started,
        "received": received,
        "quote": quote.astype(np.int64),
    }
    return {name: values[usable] for name, values in lines.items()}


def _ordinals(dates: pd.Series[pd.Timestamp]) -> Integers:
    days = dates.to_numpy(dtype="datetime64[D]").astype(np.int64)
    ordinals: Integers = days + dt.date(1970, 1, 1).toordinal()
    return ordinals


def _matched(lines: dict[str, Integers]) -> dict[str, Integers]:
    """Return the lines in order of their starts, each with the receipt of the same rank among its source and item."""
    by_start = np.lexsort([lines["quote"], lines["received"], lines["started"], lines["item"], lines["group"]])
    by_receipt = np.lexsort([lines["received"], lines["item"], lines["group"]])
    matched = {name: values[by_start] for name, values in lines.items()}
    own = matched["received"]
    matched["received"] = lines["received"][by_receipt]
    matched["crossed"] = (own != matched["received"]).astype(np.int64)
    return matched


def _latest_starts(lines: dict[str, Integers]) -> Integers:
    """Return the places of the lines of each source's latest ``MOST_STARTS`` ordering days."""
    group, started = lines["group"], lines["started"]
    order = np.lexsort([-started, group])
    new_group = np.diff(group[order], prepend=-1) != 0
    new_day = new_group | (np.diff(started[order], prepend=0) != 0)
    day = np.cumsum(new_day)
    rank = day - np.maximum.accumulate(np.where(new_group, day, 0))
    kept: Integers = np.sort(order[rank < MOST_STARTS])
    return kept


def _shares(group: Integers, started: Integers) -> Reals:
    if not len(group):
        return np.zeros(0)
    # Ordinals of dates stay below four million.
    _, day, count = np.unique(group * 4_000_000 + started, return_inverse=True, return_counts=True)
    shares: Reals = 1.0 / count[day]
    return shares
