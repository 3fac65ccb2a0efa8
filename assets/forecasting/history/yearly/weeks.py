"""Daily demand added up to the weeks of which the season of the year is told.

Here: whole weeks before an origin, and how many of their days tell. Not here: the season (``factors``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals

WEEK_DAYS = 7
# A week of which fewer days are wholly known tells nothing.
LEAST_DAYS = 4


@dataclass(frozen=True)
class WeeklyTotals:
    """Demand of ``n`` series in the ``W`` whole weeks before an origin, the last ending where it begins.

    Attributes
    ----------
    units : array (n, W)
        Demand of the days that are known, in base units; 0 where too few are.
    days : array (n, W)
        How many days these are.
    """

    units: Reals
    days: Reals

    def take(self, rows: Integers) -> WeeklyTotals:
        """Return the totals of some series."""
        return WeeklyTotals(self.units[rows], self.days[rows])


def weekly_totals(demand: Reals, observed: Flags) -> WeeklyTotals:
    """Add daily demand up to weeks, counted back from the last day.

    Parameters
    ----------
    demand, observed : array (n, T)
        Demand in base units, and whether it is wholly known.

    Examples
    --------
    >>> weekly_totals(np.ones((1, 15)), np.ones((1, 15), dtype=bool)).units
    array([[7., 7.]])
    """
    count, length = demand.shape
    weeks = length // WEEK_DAYS
    shape, first = (count, weeks, WEEK_DAYS), length - weeks * WEEK_DAYS
    known = observed[:, first:]
    units = np.where(known, demand[:, first:], 0.0).reshape(shape).sum(axis=2)
    days = known.reshape(shape).sum(axis=2).astype(np.float64)
    tells = days >= LEAST_DAYS
    return WeeklyTotals(np.where(tells, units, 0.0), np.where(tells, days, 0.0))
