"""Where in a season a bucket lies: the weekday of a day, the ISO week of a week.

Not here: what a phase does to demand (``seasonality``), or the place of a day in the year (``yearly/place``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from assets.forecasting.history.arrays import Integers
from assets.kernel.calendar import Bucket, PlanCalendar

# Buckets of a season.
SEASON_LENGTH = {Bucket.DAY: 7, Bucket.WEEK: 52}


def season_phase(calendar: PlanCalendar, plan_date: dt.date, start: int, stop: int) -> Integers:
    """Return the season position of buckets ``start`` to ``stop`` counted from the plan date.

    Weekday 0 to 6 for days; ISO week less one, week 53 counting as 52, for weeks.
    """
    days = [calendar.bucket_start(plan_date, index) for index in range(start, stop)]
    if calendar.bucket is Bucket.DAY:
        return np.array([day.weekday() for day in days], dtype=np.int64)
    return np.array([min(day.isocalendar().week, 52) - 1 for day in days], dtype=np.int64)
