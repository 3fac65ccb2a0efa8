"""Demand per bucket of the last quarter before a week: what placement is decided on. Not here: any forecast."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from assets.inventory.supply import KEY, Reals
from assets.kernel.frames.marts import FCT_DEMAND
from assets.kernel.published import Published

WINDOW_WEEKS = 13
DEMAND_COLUMNS = ["item_id", "site_id", "bucket_start", "demand_lower_bound_units", "is_censored"]


def week_of(plan_date: dt.date) -> dt.date:
    """Return the Monday on or before a date.

    >>> week_of(dt.date(2026, 11, 19))
    datetime.date(2026, 11, 16)
    """
    return plan_date - dt.timedelta(days=plan_date.weekday())


def window_of(plan_date: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first day of the window and the day after its last."""
    week = week_of(plan_date)
    return week - dt.timedelta(weeks=WINDOW_WEEKS), week


def read_recent(published: Published, plan_date: dt.date) -> pd.DataFrame:
    """Return ``DEMAND_COLUMNS`` of the published demand inside the window, and nothing else of it."""
    first, last = window_of(plan_date)
    inside = (pc.field("bucket_start") >= first) & (pc.field("bucket_start") < last)
    found = published.part(FCT_DEMAND, plan_date, DEMAND_COLUMNS, where=inside)
    return FCT_DEMAND.empty()[DEMAND_COLUMNS] if found is None else found


def recent_demand(demand: pd.DataFrame, keys: pd.DataFrame, plan_date: dt.date) -> tuple[Reals, Reals]:
    """Return mean and variance of demand per bucket before the week of a plan date, by row of ``keys``.

    Buckets with an empty shelf are left out; where none is left, or no demand is met, both are 0. The variance is
    at least the mean: a rate that is known varies as a Poisson does.

    Parameters
    ----------
    demand : DataFrame
        ``DEMAND_COLUMNS`` of ``FCT_DEMAND``.
    keys : DataFrame
        ``item_id`` and ``site_id``, each pair once.
    plan_date : date
        Only its week matters.
    """
    first, last = (pd.Timestamp(day) for day in window_of(plan_date))
    inside = (demand["bucket_start"] >= first) & (demand["bucket_start"] < last) & ~demand["is_censored"]
    known = demand.loc[inside, [*KEY, "demand_lower_bound_units"]].rename(columns={"demand_lower_bound_units": "units"})
    # Sums of whole numbers are exact in any order.
    sums = known.assign(squares=known["units"] ** 2, buckets=1).groupby(KEY, sort=True).sum().reset_index()
    found = keys[KEY].merge(sums, on=KEY, how="left").fillna({"units": 0, "squares": 0, "buckets": 0})
    buckets = np.maximum(found["buckets"].to_numpy(dtype=np.float64), 1.0)
    mean = found["units"].to_numpy(dtype=np.float64) / buckets
    spread = found["squares"].to_numpy(dtype=np.float64) / buckets - mean**2
    return mean, np.maximum(spread * buckets / np.maximum(buckets - 1.0, 1.0), mean)
