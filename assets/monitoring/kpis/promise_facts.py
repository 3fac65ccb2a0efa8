"""Rows of promises: what the targets in force on a day expected of it. Not here: reading, or any figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

TARGET_COLUMNS = (
    "item_id", "site_id", "echelon", "demand_mean_units", "expected_fill_rate", "expected_cycle_service",
    "expected_ready_rate",
)  # fmt: skip
"""What is read of ``TARGETS``."""
_CELL = ["site_id", "demand_segment"]
_MEASURES = ["demand_units", "fill_units", "selling_count", "cycle_count", "target_count", "ready_count"]


def promise_facts(
    targets: Mapping[dt.date, pd.DataFrame], item_sites: pd.DataFrame, plan_date: dt.date, since: dt.date
) -> pd.DataFrame:
    """Return one row per day, site and segment: what the targets in force expected.

    The targets of a day are those of the latest plan date up to it. Days before the first plan date take its
    targets: they say what will be promised, beside what was achieved without them.

    Parameters
    ----------
    targets : mapping
        Plan date to its ``TARGET_COLUMNS``.
    item_sites : DataFrame
        As ``service_facts.served_item_sites`` returns it.
    plan_date, since : date
        Days are those from ``since`` to the day before ``plan_date``.
    """
    days = pd.date_range(since, plan_date - dt.timedelta(days=1), unit="us")
    dates = sorted(targets)
    if not dates or not len(days):
        return pd.DataFrame(columns=["day", *_CELL, *_MEASURES]).astype(
            {"day": "datetime64[us]", **dict.fromkeys(_MEASURES, "float64")}
        )
    starts = pd.DatetimeIndex(dates).as_unit("us")
    in_force = (starts.searchsorted(days, side="right") - 1).clip(0)
    parts = []
    for place, date in enumerate(dates):
        own = days[in_force == place]
        if len(own):
            parts.append(pd.DataFrame({"day": own}).merge(_promised(targets[date], item_sites), how="cross"))
    return pd.concat(parts, ignore_index=True)


def _promised(targets: pd.DataFrame, item_sites: pd.DataFrame) -> pd.DataFrame:
    known = targets.merge(item_sites, on=["item_id", "site_id"])
    sells = known["echelon"] == 0
    demand = known["demand_mean_units"].where(sells, 0.0)
    told = known[_CELL].assign(
        demand_units=demand,
        fill_units=demand * known["expected_fill_rate"],
        selling_count=sells.astype("int64"),
        cycle_count=known["expected_cycle_service"].where(sells, 0.0),
        target_count=1,
        ready_count=known["expected_ready_rate"],
    )
    return told.groupby(_CELL, sort=True)[_MEASURES].sum().reset_index()
