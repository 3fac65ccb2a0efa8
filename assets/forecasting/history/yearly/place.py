"""Where in the year a day lies, and what the parts of a year say of days between them.

A year has 52 parts, each a little longer than a week. They go by the date and not by the ISO week, of which
some years have a 53rd: a day has the same place every year, and the next day the next. Not here: the factors
of the parts (``factors``).
"""

from __future__ import annotations

import calendar as almanac
import datetime as dt

import numpy as np

from assets.forecasting.history.arrays import Reals
from assets.kernel.calendar import PlanCalendar

YEAR_WEEKS = 52


def year_places(calendar: PlanCalendar, plan_date: dt.date, start: int, stop: int) -> Reals:
    """Return where in the year the days ``start`` to ``stop`` from the plan date lie, in parts of it from 0 to 52.

    Parameters
    ----------
    calendar : PlanCalendar
        Of days.
    plan_date : date
        Day 0.
    start, stop : int
        First day, and the one after the last.
    """
    days = [calendar.bucket_start(plan_date, index) for index in range(start, stop)]
    return np.array([YEAR_WEEKS * (day.timetuple().tm_yday - 1) / (365 + almanac.isleap(day.year)) for day in days])


def shares_of_parts(place: Reals) -> Reals:
    """Return how much of each place is of each part, shape (k, 52): it is shared by the two that it lies between.

    Parameters
    ----------
    place : array (k,)
        Places; 0 and 52 are the same.

    Examples
    --------
    >>> shares_of_parts(np.array([51.75]))[0, [0, 50, 51]]
    array([0.75, 0.  , 0.25])
    """
    before = np.floor(place).astype(np.int64)
    share, row = place - before, np.arange(len(place))
    found = np.zeros((len(place), YEAR_WEEKS))
    found[row, before % YEAR_WEEKS], found[row, (before + 1) % YEAR_WEEKS] = 1.0 - share, share
    return found


def over_days(factors: Reals, place: Reals) -> Reals:
    """Return factors of the parts of a year drawn straight from each to the next, shape (C, k).

    Parameters
    ----------
    factors : array (C, 52)
        Of the parts.
    place : array (k,)
        Places; 0 and 52 are the same.
    """
    before = np.floor(place).astype(np.int64)
    share = place - before
    drawn: Reals = factors[:, before % YEAR_WEEKS] * (1.0 - share) + factors[:, (before + 1) % YEAR_WEEKS] * share
    return drawn
