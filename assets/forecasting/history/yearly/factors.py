"""The season of the year of daily demand: factors of the parts of a year by category, drawn smoothly over days.

Here: what weekly totals of two years or more tell, level and season apart. Not here: whether years agree
beyond chance (``agreement``), how far each series follows (``amplitude``), weekdays, or the
season of a weekly network (``seasonality``); demand comes with its drivers out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.spikes import SPIKE_MULTIPLE, SPIKE_UNITS
from assets.forecasting.history.windows import sums_until
from assets.forecasting.history.yearly.agreement import certainty
from assets.forecasting.history.yearly.amplitude import amplitudes
from assets.forecasting.history.yearly.place import YEAR_WEEKS, over_days, shares_of_parts
from assets.forecasting.history.yearly.weeks import WEEK_DAYS, WeeklyTotals

LEAST_YEARS = 2
# Weeks before and after whose mean, season taken out, is a week's level: about a year in all.
HALF_WINDOW = 26
# Level and season are told of each other in turn, which settles after a few turns (test).
TURNS = 4
# Probability under which years agree by chance alone; of categories, shared among them.
CHANCE = 0.001
LEAST_FACTOR, MOST_FACTOR = 0.1, 10.0
# Expected units of a part of the year that no season weighs: next to nothing, because years that disagree
# shrink it too.
PRIOR_UNITS = 10.0


@dataclass(frozen=True)
class YearlyFactors:
    """The season of the year of ``n`` series, of ``C`` categories.

    Attributes
    ----------
    factors : array (C, T + H)
        Factor of each category and day, averaging about 1 over a year.
    amplitude : array (n,)
        How far each series goes along with its category: 0 for none of its season, 1 for all. Estimated, so
        that it may lie beyond either.
    has_season : array (C + 1,)
        Whether each category has a season of its own beside the network's, and whether the network has one.
    """

    factors: Reals
    amplitude: Reals
    has_season: Flags


def yearly_factors(
    totals: WeeklyTotals, category: Integers, place: Reals, length: int, has_season: Flags | None = None
) -> YearlyFactors | None:
    """Return the factors of each category and day, and how far each series follows them.

    Demand of a part of the year over the level of a year around it, both summed over series and years and
    smoothed 1-2-1; level and season are told of each other in turn. A season counts where stretches of four
    weeks differ beyond chance more than one stretch does between years, and it is shrunk by the share of the
    former that the latter explains (``agreement``). A category has a season of its own where what it
    has beside the network's passes the same test.

    Parameters
    ----------
    totals : WeeklyTotals
        Of all series, in the order of their keys.
    category : array (n,)
        Place of each series' category.
    place : array (T + H,)
        Where in the year each day lies (``LongerPast.year_place``), those ahead too.
    length : int
        ``T``, the days of the past.
    has_season : array (C + 1,), optional
        As in ``YearlyFactors``: decided before, so that no test is made, and the season is shrunk alone.

    Returns
    -------
    YearlyFactors or None
        None where less than two years are known or no season shows.
    """
    weeks = totals.units.shape[1]
    if weeks < LEAST_YEARS * YEAR_WEEKS or not len(category):
        return None
    # Parts are counted from the middle of the last week, so that weeks of the last year are each of one.
    middle = length - WEEK_DAYS * np.arange(weeks, 0, -1) + WEEK_DAYS // 2
    place = place - place[middle[-1]]
    parts = shares_of_parts(place[middle])
    demand, expected = _beside_level(totals, category, parts)
    season, found = _season(_by_category(demand, category), _by_category(expected, category), parts, has_season)
    if not found.any():
        return None
    of_weeks = over_days(season, place[middle])[category]
    return YearlyFactors(over_days(season, place), amplitudes(demand, expected, of_weeks), found)


def _season(actual: Reals, expected: Reals, parts: Reals, has_season: Flags | None) -> tuple[Reals, Flags]:
    """Return the factors of the parts, shape (C, 52), of sums over categories, and which of them show."""
    chance, allowed = (CHANCE, np.ones(len(actual) + 1, dtype=bool)) if has_season is None else (1.0, has_season)
    every = actual.sum(0, keepdims=True), expected.sum(0, keepdims=True)
    of_network = certainty(*every, chance) * allowed[-1:]
    network = 1.0 + (_shaped(every[0] @ parts, every[1] @ parts) - 1.0) * of_network[:, None]
    ahead = expected * (network @ parts.T)
    of_own = certainty(actual, ahead, chance if has_season is not None else chance / len(actual)) * allowed[:-1]
    own = 1.0 + (_shaped(actual @ parts, ahead @ parts) - 1.0) * of_own[:, None]
    season: Reals = np.clip(network * own, LEAST_FACTOR, MOST_FACTOR)
    return season, np.concatenate([of_own, of_network]) > 0


def _beside_level(totals: WeeklyTotals, category: Integers, parts: Reals) -> tuple[Reals, Reals]:
    """Return demand of each series and week without spikes, and what its level promises, both of shape (n, W)."""
    units, days = totals.units, totals.days
    expected = _level(units, days) * days
    units = np.minimum(units, SPIKE_MULTIPLE * expected + SPIKE_UNITS)
    actual = _by_category(units, category)
    for _ in range(TURNS):
        season = _shaped(actual @ parts, _by_category(expected, category) @ parts)
        season = np.clip(season, LEAST_FACTOR, MOST_FACTOR)
        expected = _level(units, days * (season @ parts.T)[category]) * days
    return units, expected


def _by_category(cells: Reals, category: Integers) -> Reals:
    """Return the sums of the rows of each category, shape (C, W)."""
    order = np.argsort(category, kind="stable")
    starts = np.searchsorted(category[order], np.arange(int(category.max()) + 1))
    return np.add.reduceat(cells[order], starts, axis=0)


def _level(units: Reals, exposure: Reals) -> Reals:
    """Return demand over exposure in the year around each week."""
    width = 2 * HALF_WINDOW + 1
    sums = [sums_until(cells, HALF_WINDOW + 1, HALF_WINDOW) for cells in (units, exposure)]
    total, weight = (of_cells[:, width:] - of_cells[:, :-width] for of_cells in sums)
    level: Reals = np.maximum(total, 0.0) / np.maximum(weight, 1.0)
    return level


def _shaped(actual: Reals, expected: Reals) -> Reals:
    """Return smoothed factors by part of the year of mean 1, shrunk to 1 where little is expected."""
    smooth = [0.25 * np.roll(part, 1, 1) + 0.5 * part + 0.25 * np.roll(part, -1, 1) for part in (actual, expected)]
    factors = (smooth[0] + PRIOR_UNITS) / (smooth[1] + PRIOR_UNITS)
    return np.asarray(factors / factors.mean(axis=1, keepdims=True))
