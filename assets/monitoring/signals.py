"""The series that are watched for shifts of level: demand, lead times, and what feeds send.

One function a kind; each turns published tables into numbers whose level should stand still. Not here: whether
one has shifted (``shift_scan``), the table of all of them (``process_drift``), or how well forecasts did, which
has charts of its own (``recalibration``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Reals
from assets.kernel.calendar import Bucket
from assets.kernel.frames.monitoring import ALL_SEGMENTS
from assets.monitoring.shift_scan import BY_EVENT, DAILY, WEEKLY, ScanPlan

MOVING = frozenset({"new", "dying"})
"""Segments whose level moves by what they are; their series count for the network only."""

_PLANS: Mapping[Bucket, ScanPlan] = {Bucket.DAY: DAILY, Bucket.WEEK: WEEKLY}
# Whole weeks before a bucket whose mean it is held against: as many as make a level, and none that the longest
# window still watches.
_BASELINE_LAGS: Mapping[Bucket, Sequence[int]] = {
    Bucket.DAY: tuple(range(35, 85, 7)),
    Bucket.WEEK: tuple(range(13, 21)),
}


_LANE = ["receipt_kind", "source_id", "site_id", "mode"]


@dataclass(frozen=True)
class Signal:
    """One series that is watched.

    Attributes
    ----------
    kind, member : str
        What is watched (``demand``, ``lead_time``, ``feed``), and of whom.
    unit : str
        ``share`` where values are logarithms of a ratio, else that of the values.
    dates : array (n,) of datetime64
        Of the points, in order; the same day may have several.
    values : array (n,)
        Points.
    plan : ScanPlan
        How they are scanned.
    assumed : array (n,) or None
        What the plan assumes of each point; NaN where it assumes nothing.
    """

    kind: str
    member: str
    unit: str
    dates: np.ndarray
    values: Reals
    plan: ScanPlan
    assumed: Reals | None = None


def demand_signals(demand: pd.DataFrame, segments: pd.DataFrame, bucket: Bucket, end: dt.date) -> list[Signal]:
    """Return the level of each segment's demand, and the network's, against the weeks before.

    Parameters
    ----------
    demand : DataFrame
        ``item_id``, ``site_id``, ``bucket_start``, ``lower_units``: the latest version of each bucket.
    segments : DataFrame
        ``item_id``, ``site_id``, ``demand_segment``.
    bucket : Bucket
        Of the network.
    end : date
        First bucket that is not over.

    Notes
    -----
    A point is ``log((1 + units) / (1 + mean of the baseline))``; the baseline is the same weekday 5 to 12 weeks
    before (weeks: 13 to 20 weeks before), so that season and trend move it little. Demand is what was certainly
    asked for: what stock-outs hid is not in it. Who is in a segment today is in it all along, so that what is new
    or dying would have shifted whenever it is looked at (``MOVING``).
    """
    known = demand[demand["bucket_start"] < pd.Timestamp(end)]
    of_segment = known.merge(segments, on=["item_id", "site_id"], how="inner")
    totals = of_segment.groupby(["demand_segment", "bucket_start"], sort=True)["lower_units"].sum()
    network = of_segment.groupby("bucket_start", sort=True)["lower_units"].sum()
    found = [(ALL_SEGMENTS, network)] if len(network) else []
    found += [(str(name), of.droplevel(0)) for name, of in totals.groupby(level=0, sort=True) if name not in MOVING]
    return [_against_baseline(name, units, bucket) for name, units in found]


def _against_baseline(segment: str, units: pd.Series[float], bucket: Bucket) -> Signal:
    every = pd.date_range(units.index.min(), units.index.max(), freq=f"{bucket.days}D")
    # A day on which nobody reported is no day without demand.
    level = units.reindex(every).to_numpy(dtype=np.float64)
    lags = _BASELINE_LAGS[bucket]
    before = np.stack([np.concatenate([np.full(lag, np.nan), level[:-lag]])[: len(level)] for lag in lags])
    known = np.isfinite(level) & np.isfinite(before).all(axis=0)
    baseline = before[:, known].mean(axis=0)
    values = np.log1p(level[known]) - np.log1p(baseline)
    return Signal("demand", segment, "share", every.to_numpy()[known], values, _PLANS[bucket])


def lead_time_signals(receipts: pd.DataFrame, end: dt.date, distributions: pd.DataFrame | None = None) -> list[Signal]:
    """Return days late against the quote of each source's receipts, in the order in which they came.

    Parameters
    ----------
    receipts : DataFrame
        Rows of ``FCT_LEAD_TIME``. One order of many lines is one point, the mean of them: they travel together.
    end : date
        Receipts before it count.
    distributions : DataFrame, optional
        Frame ``LEAD_TIME``: what the plan assumes.
    """
    come = receipts[(receipts["received_date"] < pd.Timestamp(end)) & receipts["quoted_days"].notna()]
    quoted = come["quoted_days"].astype(np.float64)
    assumed = come[_LANE].merge(_assumed_days(distributions), on=_LANE, how="left")["assumed_days"]
    points = come.assign(
        late=come["lead_time_days"].astype(np.float64) - quoted, assumed=assumed.to_numpy(np.float64) - quoted
    )
    trip = [*_LANE, "started_date", "received_date"]
    trips = points.groupby(trip, sort=True)[["late", "assumed"]].mean().reset_index()
    ordered = trips.sort_values(["receipt_kind", "source_id", "received_date", "started_date", "site_id", "mode"])
    return [
        Signal(
            "lead_time",
            f"{kind} {source}",
            "days",
            of["received_date"].to_numpy(),
            of["late"].to_numpy(),
            BY_EVENT,
            of["assumed"].to_numpy(),
        )
        for (kind, source), of in ordered.groupby(["receipt_kind", "source_id"], sort=True)
    ]


def _assumed_days(distributions: pd.DataFrame | None) -> pd.DataFrame:
    """Return the mean lead time that the plan assumes of each lane and source."""
    if distributions is None or distributions.empty:
        return pd.DataFrame({**dict.fromkeys(_LANE, pd.Series(dtype=object)), "assumed_days": pd.Series(dtype=float)})
    days = distributions["lead_time_days"].astype(np.float64) * distributions["probability"]
    return distributions.assign(assumed_days=days).groupby(_LANE, sort=True)["assumed_days"].sum().reset_index()


def feed_signals(batches: pd.DataFrame) -> list[Signal]:
    """Return what each feed sends: the logarithm of the rows of each business date.

    Parameters
    ----------
    batches : DataFrame
        Rows of ``FEED_BATCHES`` of one plan date.
    """
    rows = batches.groupby(["feed", "business_date"], sort=True)["row_count"].sum()
    return [
        Signal("feed", str(feed), "share", of.droplevel(0).index.to_numpy(), np.log1p(of.to_numpy(np.float64)), DAILY)
        for feed, of in rows.groupby(level=0, sort=True)
    ]
