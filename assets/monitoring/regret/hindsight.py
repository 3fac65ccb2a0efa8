"""What is known by now of sales and stock: demand between two bounds, and what there was to sell.

Demand is censored: where the shelf was empty it was at least what sold, and at most what the censoring estimate
thinks possible. What there was to sell over a window is what sold and what was left, whatever came or went meanwhile.
Pure. Not here: reading the tables (``reading``), or the worth of units (``value``).
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.forecasting.history.index import KEY
from assets.kernel.calendar import PlanCalendar
from assets.monitoring.regret.value import Reals
from assets.monitoring.regret.windows import Window

UPPER_DEVIATIONS = 1.2816
"""Standard deviations of the censoring estimate that the upper bound lies above it: the 90 % quantile, if normal."""


@dataclass(frozen=True)
class Seen:
    """What is known of a window.

    Attributes
    ----------
    low, high : array, shape (buckets,)
        Units that were certainly asked for in each bucket, and as many as may have been.
    supply : float
        Units that there were to sell, the decided ones included.
    """

    low: Reals
    high: Reals
    supply: float


@dataclass(frozen=True)
class Hindsight:
    """Sales and stock of some items over some buckets.

    Attributes
    ----------
    starts : tuple of date
        First days of the buckets, in order, without gaps.
    places : mapping
        Item and site to its row.
    low, high : array, shape (rows, buckets)
        Bounds of demand, in base units.
    stock : mapping
        Plan date to item and site to units on hand, and on their way there, when it was counted.
    """

    starts: tuple[dt.date, ...]
    places: Mapping[tuple[str, str], int]
    low: Reals
    high: Reals
    stock: Mapping[dt.date, Mapping[tuple[str, str], tuple[float, float]]]

    def of(self, window: Window) -> Seen:
        """Return what is known of a window; an item that a site never sold was never asked for there."""
        inside = slice(self._bucket(window.start), self._bucket(window.end))
        keys = [(window.item_id, site) for site in window.sites]
        rows = [self.places[key] for key in keys if key in self.places]
        low, high = self.low[rows, inside].sum(axis=0), self.high[rows, inside].sum(axis=0)
        return Seen(low, high, float(low.sum()) + self._left(window.end, keys))

    def share_of_demand(self, window: Window) -> Mapping[str, float]:
        """Return each site's part of the sales of a window; all alike where nothing sold."""
        inside = slice(self._bucket(window.start), self._bucket(window.end))
        sold = {
            site: float(self.low[place, inside].sum())
            for site in window.sites
            if (place := self.places.get((window.item_id, site))) is not None
        }
        total = sum(sold.values())
        return {site: units / total if total > 0 else 1 / len(sold) for site, units in sold.items()}

    def _bucket(self, day: dt.date) -> int:
        return bisect_left(self.starts, day)

    def _left(self, end: dt.date, keys: list[tuple[str, str]]) -> float:
        """Return what was left at the end: on hand, and on its way from the first site to those it serves."""
        counted = self.stock.get(end, {})
        on_hand = sum(max(counted.get(key, (0.0, 0.0))[0], 0.0) for key in keys)
        return on_hand + sum(max(counted.get(key, (0.0, 0.0))[1], 0.0) for key in keys[1:])


def demand_bounds(demand: pd.DataFrame, estimate: pd.DataFrame) -> pd.DataFrame:
    """Return ``low_units`` and ``high_units`` of each item, site and bucket that is told of.

    Parameters
    ----------
    demand : DataFrame
        As ``forecast_outcomes.standing_demand`` returns it.
    estimate : DataFrame
        ``DEMAND_ESTIMATE``: what stock-outs and silence hid.
    """
    hidden = estimate[[*KEY, "bucket_start", "is_censored", "sold_units", "estimated_units", "estimated_std_units"]]
    hidden = hidden[hidden["is_censored"] | hidden["sold_units"].isna()]
    both = demand[[*KEY, "bucket_start", "lower_units"]].merge(hidden, on=[*KEY, "bucket_start"], how="outer")
    low = both["lower_units"].fillna(0.0).astype(float)
    upper = both["estimated_units"] + UPPER_DEVIATIONS * both["estimated_std_units"]
    return both[[*KEY, "bucket_start"]].assign(low_units=low, high_units=np.maximum(low, upper.fillna(0.0)))


def hindsight(
    bounds: pd.DataFrame,
    stock: Mapping[dt.date, pd.DataFrame],
    calendar: PlanCalendar,
    since: dt.date,
    until: dt.date,
) -> Hindsight:
    """Bring what is known to arrays.

    Parameters
    ----------
    bounds : DataFrame
        As ``demand_bounds`` returns it.
    stock : mapping
        Plan date to ``FCT_INVENTORY_POSITION`` of the items concerned.
    calendar : PlanCalendar
        Bucket grid.
    since, until : date
        First bucket, and the first after the last.
    """
    count = max((until - since).days // calendar.bucket.days, 0)
    starts = tuple(calendar.bucket_start(since, place) for place in range(count))
    inside = bounds[(bounds["bucket_start"] >= pd.Timestamp(since)) & (bounds["bucket_start"] < pd.Timestamp(until))]
    keys = sorted(set(zip(inside["item_id"], inside["site_id"], strict=True)))
    places = {key: row for row, key in enumerate(keys)}
    rows = [places[key] for key in zip(inside["item_id"], inside["site_id"], strict=True)]
    columns = ((inside["bucket_start"] - pd.Timestamp(since)).dt.days // calendar.bucket.days).to_numpy()
    low, high = np.zeros((len(keys), count)), np.zeros((len(keys), count))
    low[rows, columns] = inside["low_units"].to_numpy()
    high[rows, columns] = inside["high_units"].to_numpy()
    return Hindsight(starts, places, low, high, {day: _counted(table) for day, table in stock.items()})


def _counted(table: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    told = zip(table["item_id"], table["site_id"], table["on_hand_units"], table["in_transit_units"], strict=True)
    return {(item, site): (float(on_hand), float(coming)) for item, site, on_hand, coming in told}
