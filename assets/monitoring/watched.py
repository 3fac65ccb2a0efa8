"""Reads what a plan date published of the processes that are watched. Not here: the signals (``signals``)."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow.compute as pc

from assets.forecasting.history.index import KEY
from assets.kernel.calendar import Bucket
from assets.kernel.frames import Frame
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import LEAD_TIME
from assets.kernel.frames.marts import FCT_DEMAND, FCT_LEAD_TIME, FEAT_ITEM_SITE
from assets.kernel.frames.monitoring import PROCESS_DRIFT
from assets.kernel.published import Published
from assets.monitoring.earlier_forecasts import earlier
from assets.monitoring.forecast_outcomes import standing_demand
from assets.monitoring.signals import Signal, demand_signals, feed_signals, lead_time_signals

LOOK_BACK_DAYS = 730
"""Demand older than two years tells nothing of today's level."""

_DEMAND = (*KEY, "bucket_start", "demand_lower_bound_units", "is_censored", "available_at", "batch_id")
_RECEIPTS = (
    "receipt_kind", "source_id", "site_id", "mode", "started_date", "received_date", "lead_time_days", "quoted_days",
)  # fmt: skip
_ASSUMED = ("receipt_kind", "source_id", "site_id", "mode", "lead_time_days", "probability")
_TOLD = ("signal", "member", "shift", "began_on", "last_point", "first_told")
_BATCHES = ("feed", "business_date", "row_count")


def watched_signals(published: Published, plan_date: dt.date, bucket: Bucket) -> list[Signal]:
    """Return every signal of a plan date, from its own tables; a table that is not there has none."""
    since = pd.Timestamp(plan_date - dt.timedelta(days=LOOK_BACK_DAYS))
    demand = standing_demand(_part(published, FCT_DEMAND, plan_date, _DEMAND, pc.field("bucket_start") >= since))
    segments = _part(published, FEAT_ITEM_SITE, plan_date, (*KEY, "demand_segment"))
    return [
        *demand_signals(demand, segments, bucket, plan_date),
        *lead_time_signals(
            _part(published, FCT_LEAD_TIME, plan_date, _RECEIPTS),
            plan_date,
            _part(published, LEAD_TIME, plan_date, _ASSUMED),
        ),
        *feed_signals(_part(published, FEED_BATCHES, plan_date, _BATCHES)),
    ]


def told_before(published: Published, plan_date: dt.date) -> pd.DataFrame:
    """Return what each signal's last shift was that plan dates before one told of, as known then.

    Returns
    -------
    DataFrame
        ``signal``, ``member``, ``shift``, ``began_on``, ``last_point``, ``first_told``; at most one row a signal.
    """
    drifted = pc.field("has_drifted")
    days = earlier(published, PROCESS_DRIFT, plan_date).items()
    tables = [published.part(PROCESS_DRIFT, day, _TOLD, run_id=run_id, where=drifted) for day, run_id in sorted(days)]
    found = [table for table in tables if table is not None and len(table)]
    every = pd.concat(found, ignore_index=True) if found else PROCESS_DRIFT.empty()[list(_TOLD)]
    return every.drop_duplicates(["signal", "member"], keep="last", ignore_index=True)


def _part(
    published: Published, frame: Frame, plan_date: dt.date, columns: tuple[str, ...], where: pc.Expression | None = None
) -> pd.DataFrame:
    found = published.part(frame, plan_date, columns, where=where)
    return frame.empty()[list(columns)] if found is None else found
