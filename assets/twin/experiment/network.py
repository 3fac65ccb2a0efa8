"""One network that policies are played on: master data, what tills told, demand that is played, opening stock.

Not here: where they come from (a home, a benchmark), or playing (``player``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from assets.kernel.network import NetworkProfile
from assets.twin.day import Ints, Stock

KEY = ["item_id", "site_id"]
MONEY = ["fixed_cost_per_departure", "cost_per_kg", "cost_per_m3", "cost_per_unit"]


class History(Protocol):
    """What tills told: all that a forecast sees."""

    @property
    def demand(self) -> pd.DataFrame:
        """Frame ``FCT_DEMAND``, stock-outs flagged."""

    def features(self, plan_date: dt.date) -> pd.DataFrame:
        """Return the series sold before a date, with the segments that they were in then."""


@dataclass(frozen=True)
class ExperimentNetwork:
    """One network.

    Attributes
    ----------
    profile : NetworkProfile
        Bucket, horizon, lost sales.
    items, sites, lanes, laterals, sourcing, item_sites : DataFrame
        Marts; ``lanes`` replenish, ``laterals`` join stores, at costs that ``lateral_lanes`` multiplies.
    panel : History
        What the tills told, with stock-outs flagged: all that a forecast sees.
    first : date
        Of the first bucket of ``asked``.
    asked : int array, shape (n, T)
        Demand that is played, by item-site and bucket.
    opening : callable
        Stock on the eve of a date.
    starts : tuple of date
        First plan dates of the windows, which do not overlap.
    buckets : int
        Of a window.
    lane_costs : tuple of float
        Costs of lanes between stores, rising; each is played.
    demand_told : str
        Where the demand comes from, and its bias.
    """

    profile: NetworkProfile
    items: pd.DataFrame
    sites: pd.DataFrame
    lanes: pd.DataFrame
    laterals: pd.DataFrame
    sourcing: pd.DataFrame
    item_sites: pd.DataFrame
    panel: History
    first: dt.date
    asked: Ints
    opening: Callable[[dt.date], Stock]
    starts: tuple[dt.date, ...]
    buckets: int
    lane_costs: tuple[float, ...]
    demand_told: str

    @property
    def places(self) -> pd.DataFrame:
        """``item_id`` and ``site_id`` of the item-sites, sorted."""
        return self.item_sites[KEY]

    @property
    def echelons(self) -> Ints:
        """Echelon of each item-site; 0 where demand is met."""
        level = self.sites.set_index("site_id")["echelon"]
        return self.places["site_id"].map(level).to_numpy(np.int64)

    def column(self, date: dt.date) -> int:
        """Return the bucket of ``asked`` that starts on a date."""
        return (date - self.first).days // self.profile.calendar.bucket.days

    def lateral_lanes(self, cost: float) -> pd.DataFrame:
        """Return the lanes between stores, their costs multiplied."""
        return self.laterals.assign(**{name: self.laterals[name] * cost for name in MONEY})


def stock_of(on_hand: Ints, under_way: Ints) -> Stock:
    """Return stock without backorders."""
    return Stock(on_hand.astype(np.int64), under_way.astype(np.int64), np.zeros(len(on_hand), dtype=np.int64))


def windows_before(end: dt.date, days: int, count: int) -> tuple[dt.date, ...]:
    """Return the first days of ``count`` windows that end one after the other before ``end``.

    >>> windows_before(dt.date(2024, 4, 15), 56, 2)
    (datetime.date(2023, 12, 25), datetime.date(2024, 2, 19))
    """
    return tuple(sorted(end - dt.timedelta(days=days * (place + 1)) for place in range(count)))
