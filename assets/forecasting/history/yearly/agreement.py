"""Whether years agree on a season beyond chance, and how far: what a season is shrunk by.

Not here: the season's factors (``factors``), or how far a series follows them (``amplitude``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.yearly.place import YEAR_WEEKS

# Weeks of a stretch, whose demand is compared from year to year: 13 of them a year.
STRETCH_WEEKS = 4
# Expected units of a stretch of one year, below which its demand beside them is no normal variable.
LEAST_STRETCH_UNITS = 30.0


def certainty(actual: Reals, expected: Reals, chance: float) -> Reals:
    """Return what the season of each group is to be shrunk by, shape (C,): 0 where chance explains it.

    Parameters
    ----------
    actual, expected : array (C, W)
        Demand of each week in base units, and what was expected of it without a season of the group's own.
    chance : float
        Most probability of years that agree by chance alone; at 1 nothing is asked.
    """
    found = [agreement(*of_group) for of_group in zip(actual, expected, strict=True)]
    return np.array([share if by_chance <= chance else 0.0 for share, by_chance in found])


def agreement(actual: Reals, expected: Reals) -> tuple[float, float]:
    """Return the share of the variance between stretches of the year that is not of single years, and its chance.

    F test of a two-way layout of stretches and years. What one year has beside the others may go on from
    stretch to stretch, as when a level wanders: degrees of freedom are fewer by that much (Bayley and
    Hammersley 1946, for a first-order process).

    Parameters
    ----------
    actual, expected : array (W,)
        Demand of each week of one group, of two years or more, and what was expected of it.

    Returns
    -------
    float, float
        The share, from 0 to 1, and the probability of years that agree as well by chance; 1 where too
        little is expected to tell.
    """
    from scipy.special import fdtrc

    years, stretches = len(actual) // YEAR_WEEKS, YEAR_WEEKS // STRETCH_WEEKS
    shape = (years, stretches, STRETCH_WEEKS)
    sums = [part[-years * YEAR_WEEKS :].reshape(shape).sum(axis=2) for part in (actual, expected)]
    if (sums[1] <= 0).any():
        return 0.0, 1.0
    ratio = sums[0] / sums[1]
    season = ratio.mean(axis=0) - ratio.mean()
    rest = ratio - ratio.mean(axis=1, keepdims=True) - season
    between = years * float((season**2).sum()) / (stretches - 1)
    within = float((rest**2).sum()) / ((stretches - 1) * (years - 1))
    if between <= within:
        return 0.0, 1.0
    if (sums[1] < LEAST_STRETCH_UNITS).any():
        return 1.0 - within / between, 1.0
    if within <= 0:
        return 1.0, 0.0
    going_on = np.clip((rest[:, 1:] * rest[:, :-1]).sum() / (rest**2).sum(), 0.0, 1.0)
    freedom = max((stretches - 1) * (1.0 - going_on) / (1.0 + going_on), 2.0)
    return 1.0 - within / between, float(fdtrc(freedom, freedom * (years - 1), between / within))
