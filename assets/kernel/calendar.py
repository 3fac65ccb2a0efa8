"""Planning buckets and the cutoff: which days a plan covers and what it may know.

A plan date is the first day of a bucket. The plan of that date decides before the bucket
opens and knows what was available by the cutoff, early that morning in the network's time
zone. Not here: lane calendars (departure days), which belong to lanes.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from assets.kernel.errors import EquipoiseError


class Bucket(StrEnum):
    """The planning bucket of a network."""

    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        """Length of the bucket in days."""
        return 7 if self is Bucket.WEEK else 1


class AsKnown(StrEnum):
    """Whether a past date is planned as it was known then, or with hindsight."""

    THEN = "then"
    NOW = "now"


# DuckDB and Parquet both hold it; nothing becomes available later.
HINDSIGHT = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class PlanCalendar:
    """The bucket grid of one network.

    Parameters
    ----------
    bucket : Bucket
        Day or week; weeks start on Monday.
    timezone : str
        IANA name; business dates are local to it.
    cutoff_hour : int
        Local hour of the plan date by which inputs must be available.
    """

    bucket: Bucket
    timezone: str
    cutoff_hour: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.cutoff_hour <= 23:
            raise EquipoiseError(
                f"cutoff hour {self.cutoff_hour} is not an hour of the day",
                where="network profile",
                remedy="Give an hour from 0 to 23",
            )

    def cutoff(self, plan_date: dt.date, as_known: AsKnown = AsKnown.THEN) -> dt.datetime:
        """Return the UTC time up to which the plan of ``plan_date`` knows what happened."""
        if as_known is AsKnown.NOW:
            return HINDSIGHT
        local = dt.datetime.combine(plan_date, dt.time(self.cutoff_hour), ZoneInfo(self.timezone))
        return local.astimezone(dt.UTC)

    def start_of_bucket(self, day: dt.date) -> dt.date:
        """Return the first day of the bucket that holds ``day``."""
        return day - dt.timedelta(days=day.weekday()) if self.bucket is Bucket.WEEK else day

    def require_plan_date(self, plan_date: dt.date) -> dt.date:
        """Return ``plan_date`` if a bucket starts on it.

        Raises
        ------
        EquipoiseError
            If the date lies inside a bucket.
        """
        start = self.start_of_bucket(plan_date)
        if start != plan_date:
            raise EquipoiseError(
                f"{plan_date} is not the first day of a planning {self.bucket}",
                where="plan date",
                remedy=f"Plan {start} or {start + dt.timedelta(days=self.bucket.days)}",
            )
        return plan_date

    def bucket_start(self, plan_date: dt.date, index: int) -> dt.date:
        """Return the first day of bucket ``index``, counted from 0 at the plan date."""
        return plan_date + dt.timedelta(days=index * self.bucket.days)

    def buckets_in(self, days: float) -> int:
        """Return how many buckets it takes to cover ``days``, rounded up.

        >>> PlanCalendar(Bucket.WEEK, "UTC").buckets_in(14)
        2
        >>> PlanCalendar(Bucket.WEEK, "UTC").buckets_in(15)
        3
        """
        return math.ceil(days / self.bucket.days - 1e-9)
