"""Forecasts that say little: where the money between a low and a high day is largest.

Not here: whether a forecast is right (``drift``), or how wide it should be (``forecasting``).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow.compute as pc

from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import HIERARCHY_FORECAST
from assets.kernel.frames.marts import DIM_ITEM, FCT_DEMAND
from assets.monitoring.forecast_outcomes import standing_demand
from assets.monitoring.owners import FORECASTERS
from assets.monitoring.report.day import Day, Row

_LISTED = 6
_HISTORY_BUCKETS = 56
_LOOK = "See `equipoise forecast --item ITEM --site SITE`; a promotion or price known to come is landed as an event"


def wide(day: Day) -> list[Row]:
    """Return the forecasts with most money between their 10 % and 90 % quantile, until the next order can arrive."""
    table = day.part(PROTECTION_DEMAND, ["item_id", "site_id", "mean_units", "q10_units", "q90_units"])
    costs = day.part(DIM_ITEM, ["item_id", "unit_cost"])
    both = table.merge(costs, on="item_id", how="left")
    money = ((both["q90_units"] - both["q10_units"]) * both["unit_cost"].astype(float)).fillna(0.0)
    ranked = both.assign(_money=money, _rank=-money)[money > 0].sort_values(
        ["_rank", "item_id", "site_id"], kind="stable"
    )
    return [
        {
            "where": f"{row['item_id']} at {row['site_id']}",
            "what": f"80 % between {row['q10_units']:,.0f} and {row['q90_units']:,.0f} units until the order after "
            f"next arrives; {row['mean_units']:,.1f} on average",
            "amount": round(float(row["_money"]), 4),
            "owner": FORECASTERS,
            "remedy": _LOOK,
        }
        for row in ranked.head(_LISTED).to_dict("records")
    ]


def network_demand(day: Day, bucket_days: int) -> Row:
    """Return what the network sold in the last buckets and is expected to ask for.

    Returns
    -------
    dict
        ``past``: bucket and units that were certainly asked for; ``ahead``: bucket and mean.
    """
    since = day.plan_date - dt.timedelta(days=_HISTORY_BUCKETS * bucket_days)
    columns = [
        "item_id",
        "site_id",
        "bucket_start",
        "demand_lower_bound_units",
        "is_censored",
        "available_at",
        "batch_id",
    ]
    facts = day.part(FCT_DEMAND, columns, pc.field("bucket_start") >= since)
    past: pd.Series[float] = pd.Series(dtype=float)
    if len(facts):
        past = standing_demand(facts).groupby("bucket_start", sort=True)["lower_units"].sum()
    ahead = day.part(HIERARCHY_FORECAST, ["level", "bucket_start", "mean_units"], pc.field("level") == "network")
    return {
        "past": [{"bucket": str(start)[:10], "units": round(float(units), 4)} for start, units in past.items()],
        "ahead": [
            {"bucket": str(row["bucket_start"])[:10], "units": round(float(row["mean_units"]), 4)}
            for row in ahead.sort_values("bucket_start").to_dict("records")
        ],
    }
