"""Control charts of a run of daily numbers: when a process that should stay at 0 has moved.

Here: the recursion, its constants and what error rates they have. Not here: what is charted
(``drift``), nor any table.

The chart is Page's (1954) two-sided cumulative sum of standardised numbers with an allowance. Its
predecessor, Brown's (1959) tracking signal with limits of 4 mean absolute deviations, is shown and
decides nothing: a plain sum of errors wanders off by itself, ``1.25 sqrt(n)`` deviations in n days.
The README has the measured error rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Reals

ALLOWANCE = 1.0
"""Standard deviations a day that are put up with: shifts above twice as much show fastest."""
LIMIT = 6.0
"""Sum at which the chart signals. With the cap below, no fewer than three days reach it."""
CAP = 3.0
"""Most standard deviations that one day counts: a holiday alone is no drift."""
MINIMUM_POINTS = 7
"""Days needed to know how much they vary by themselves; before, nothing is judged."""

# Mean of the range of two independent normal numbers, in standard deviations (Shewhart's d2).
_MOVING_RANGE = 1.128


@dataclass(frozen=True)
class Chart:
    """A two-sided cumulative sum after each point.

    Attributes
    ----------
    high, low : array (n,)
        Sums of what lay above and below 0, never negative.
    """

    high: Reals
    low: Reals

    @property
    def signal(self) -> float:
        """The larger sum after the last point, negative where the points lie below 0; 0 without points."""
        if not len(self.high):
            return 0.0
        above, below = float(self.high[-1]), float(self.low[-1])
        return above if above >= below else -below

    @property
    def signals(self) -> bool:
        """Whether the last point is beyond the limit."""
        return abs(self.signal) >= LIMIT

    @property
    def run(self) -> int:
        """Points since the sum of the signal last was 0."""
        sums = self.high if self.signal >= 0 else self.low
        zeros = np.flatnonzero(sums <= 0.0)
        return len(sums) - (int(zeros[-1]) + 1 if len(zeros) else 0)


def spread_of(values: Reals, independent: Reals, floor: float) -> Reals:
    """Return the standard deviation of each point: the largest of three.

    Parameters
    ----------
    values : array (n,)
        All points known, in order. Their mean moving range over 1.128 (Shewhart 1931) does not grow
        with a lasting shift, as a standard deviation would; it holds what series have in common.
    independent : array (n,)
        What it would be if series were independent.
    floor : float
        Least that counts.
    """
    moving = float(np.abs(np.diff(values)).mean()) / _MOVING_RANGE if len(values) > 1 else 0.0
    spread: Reals = np.maximum(independent, max(moving, floor))
    return spread


def cumulative_sum(values: Reals, spread: Reals, tolerance: float) -> Chart:
    """Chart points.

    ``high[t] = max(0, high[t-1] + min(CAP, (x[t] - tolerance) / s[t]) - ALLOWANCE)``, and ``low`` of
    ``-x`` (Page 1954; points capped).

    Parameters
    ----------
    values, spread : array (n,)
        Points and their standard deviations.
    tolerance : float
        Deviation that is no fault, in the unit of the points.

    Examples
    --------
    >>> cumulative_sum(np.array([0.0, 9.0, 9.0, 9.0]), np.ones(4), 0.0).high
    array([0., 2., 4., 6.])
    """
    high, low = np.zeros(len(values)), np.zeros(len(values))
    above = below = 0.0
    for place, (value, deviation) in enumerate(zip(values.tolist(), spread.tolist(), strict=True)):
        above = max(0.0, above + min(CAP, (value - tolerance) / deviation) - ALLOWANCE)
        below = max(0.0, below + min(CAP, (-value - tolerance) / deviation) - ALLOWANCE)
        high[place], low[place] = above, below
    return Chart(high, low)
