"""What to distrust today: alerts, what is held, old feeds, drift, anomalies, wide forecasts.

Every doubt has the same words: where, what, the money concerned, who answers for it, the remedy. Not
here: judging any of it (``quality``, ``monitoring.drift``, ``forecasting``).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow.compute as pc

from assets.feeds.contract import contract
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.forecasts import DEMAND_ANOMALIES, DEMAND_FORECAST
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.frames.monitoring import ALL_SEGMENTS, FORECAST_DRIFT, PROCESS_DRIFT
from assets.kernel.frames.quality import FORECAST_VERDICTS, PLAN_VERDICTS, VERDICTS
from assets.monitoring.alerts import REFIT, by_money, collect
from assets.monitoring.control_chart import MINIMUM_POINTS
from assets.monitoring.owners import owner_of
from assets.monitoring.recalibration import NEXT_BUCKET
from assets.monitoring.report.day import Day, Row
from assets.monitoring.report.forecast_width import wide

SHOWN = 12
_FEW = 6
_ANOMALY_BUCKETS = 14
_CHECK_SALES = (
    "Check the sales with `equipoise forecast --item ITEM --site SITE`; what will not come again is landed as an event "
    "with `equipoise land DIR`"
)
_HELD = {"hold": "left out of the plan", "hold_outbound": "receives, but gives nothing away"}
_SHIFTED = "Look for the cause; forecasts and lead times follow with a delay (`equipoise models show`)"
_LAND = "Ask the owner for the missing batches and land them with `equipoise land DIR`"


def doubts(day: Day, bucket_days: int) -> Row:
    """Return what of a plan date should not be believed without a look.

    Parameters
    ----------
    day : Day
        The plan date.
    bucket_days : int
        Length of the planning bucket.

    Returns
    -------
    dict
        ``alerts``, ``held``, ``feeds``, ``drift``, ``anomalies``, ``wide``: lists of doubts; ``more``: how
        many of each are not shown; ``segments``: bias and coverage by segment, where enough plan dates were compared.
    """
    found = {
        "alerts": (_alerts(day), SHOWN),
        "held": (_held(day), SHOWN),
        "feeds": (_feeds(day, bucket_days), SHOWN),
        "drift": (_drift(day), SHOWN),
        "anomalies": (_anomalies(day, bucket_days), _FEW),
    }
    return {
        **{name: rows[:most] for name, (rows, most) in found.items()},
        "wide": wide(day),
        "more": {name: max(len(rows) - most, 0) for name, (rows, most) in found.items()},
        "segments": _segments(day),
    }


def doubt(where: str, what: str, amount: float | None, owner: str, remedy: str) -> Row:
    """Return a doubt, in the words of all of them."""
    money = None if amount is None else round(float(amount), 4)
    return {"where": where, "what": what[:1].upper() + what[1:], "amount": money, "owner": owner, "remedy": remedy}


def _alerts(day: Day) -> list[Row]:
    told = by_money(collect(day.published, day.plan_date)).to_dict("records")
    return [
        doubt(_place(a["feed"], a["site_id"]), str(a["message"]), a["stake_amount"], str(a["owner"]), str(a["remedy"]))
        | {"severity": str(a["severity"]), "action": str(a["action"])}
        for a in told
    ]


def _held(day: Day) -> list[Row]:
    """Return what gates hold, a row a site: how many items, and the worst of the reasons."""
    columns = ["feed", "rule", "site_id", "item_id", "action", "anomaly_score", "message", "remedy"]
    parts = [day.part(frame, columns) for frame in (VERDICTS, FORECAST_VERDICTS, PLAN_VERDICTS)]
    verdicts = pd.concat([part for part in parts if len(part)] or parts[:1])
    held = verdicts[verdicts["action"].isin(["hold", "hold_outbound"])]
    by = ["anomaly_score", "feed", "rule", "item_id"]
    rows = []
    for (action, site), group in held.groupby(["action", "site_id"], sort=True):
        worst = group.sort_values(by, ascending=[False, True, True, True], kind="stable").iloc[0]
        items = sorted(set(group["item_id"]) - {""})
        which = (
            f"{len(items)} items ({', '.join(items[:3])}{', ...' if len(items) > 3 else ''})" if items else "all of it"
        )
        others = group["rule"].nunique() - 1
        told = (
            f"{_HELD[str(action)]}: {which}, because {str(worst['rule']).replace('_', ' ')}"
            f"{f' (and {others} other rules)' if others else ''}: {worst['message']}"
        )
        owner = owner_of(str(worst["feed"]), str(site))
        rows.append(doubt(str(site) or "all sites", told, None, owner, str(worst["remedy"])))
    return rows


def _feeds(day: Day, bucket_days: int) -> list[Row]:
    """Return required feeds whose latest batch is older than the contract has it."""
    state = day.part(FEED_STATE, ["feed", "latest_business_date"])
    latest = dict(zip(state["feed"], state["latest_business_date"], strict=True))
    rows = []
    for table in contract():
        last = latest.get(table.name)
        agreed = max(table.maximum_age_days, bucket_days)
        if not table.required or table.name not in latest or pd.isna(last):
            continue
        age = (pd.Timestamp(day.plan_date) - pd.Timestamp(last)).days
        if age > agreed:
            what = (
                f"the latest batch is of {pd.Timestamp(last).date()}, {age} days before the plan; agreed are {agreed}"
            )
            rows.append(doubt(table.name, what, None, table.owner, _LAND))
    return rows


def _drift(day: Day) -> list[Row]:
    """Return the segments whose forecasts ask for recalibration, and the signals whose level has shifted."""
    table = day.part(FORECAST_DRIFT, ["demand_segment", "recalibration_requested", "reason"])
    asked = table[table["recalibration_requested"].astype(bool)]
    signals = day.part(PROCESS_DRIFT, ["signal", "member", "has_drifted", "reason"])
    shifted = signals[signals["has_drifted"].astype(bool)]
    owner = owner_of(DEMAND_FORECAST.name)
    forecasts = [
        doubt(f"segment {row['demand_segment']}", str(row["reason"]), None, owner, REFIT)
        for row in asked.to_dict("records")
    ]
    return forecasts + [
        doubt(
            f"{str(row['signal']).replace('_', ' ')}: {row['member']}",
            str(row["reason"]),
            None,
            owner_of(str(row["member"])) if row["signal"] == "feed" else owner,
            _SHIFTED,
        )
        for row in shifted.to_dict("records")
    ]


def _segments(day: Day) -> list[Row]:
    columns = ["demand_segment", "horizon_buckets", "bias", "pit_coverage_80", "origin_count", "window_count"]
    table = day.part(FORECAST_DRIFT, columns)
    # Of fewer plan dates a bias is the weather of these days.
    known = table[table["origin_count"] >= MINIMUM_POINTS]
    near = known[(known["horizon_buckets"] == NEXT_BUCKET) & (known["demand_segment"] != ALL_SEGMENTS)]
    return [
        {
            "segment": str(row["demand_segment"]),
            "bias": None if pd.isna(row["bias"]) else float(row["bias"]),
            "coverage": None if pd.isna(row["pit_coverage_80"]) else float(row["pit_coverage_80"]),
            "windows": int(row["window_count"]),
        }
        for row in near.to_dict("records")
    ]


def _anomalies(day: Day, bucket_days: int) -> list[Row]:
    """Return what stood out in the last buckets, the most money by price first."""
    columns = ["item_id", "site_id", "bucket_start", "kind", "found_units", "usual_units", "size_units"]
    since = day.plan_date - dt.timedelta(days=_ANOMALY_BUCKETS * bucket_days)
    found = day.part(DEMAND_ANOMALIES, columns, pc.field("bucket_start") >= since)
    prices = day.part(DIM_ITEM, ["item_id", "unit_price"])
    both = found.merge(prices, on="item_id", how="left")
    money = (both["size_units"].astype(float) * both["unit_price"].astype(float)).abs().fillna(0.0)
    ranked = both.assign(_money=money, _rank=-money).sort_values(
        ["_rank", "item_id", "site_id", "bucket_start", "kind"], kind="stable"
    )
    return [
        doubt(
            f"{row['item_id']} at {row['site_id']}",
            f"{str(row['kind']).replace('_', ' ')} on {row['bucket_start'].date()}: "
            f"{row['found_units']:,.0f} units where {row['usual_units']:,.1f} were usual",
            row["_money"],
            owner_of("demand_sales", str(row["site_id"])),
            _CHECK_SALES,
        )
        for row in ranked.to_dict("records")
    ]


def _place(feed: str, site_id: str) -> str:
    return f"{feed} at {site_id}" if site_id else str(feed)
