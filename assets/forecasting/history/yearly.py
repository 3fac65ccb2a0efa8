"""The season of the year of daily demand: factors of ISO weeks by category, drawn smoothly over days.

Each series follows its category as far as its own years say. Here: what weekly totals of two years or more
tell, and only where years agree beyond chance. Not here: weekdays, or the season of a weekly network
(``seasonality``); demand comes with its drivers out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.seasonality import SPIKE_MULTIPLE, SPIKE_UNITS, sums_until
from assets.forecasting.history.series import Integers, Reals

WEEK_DAYS, YEAR_WEEKS = 7, 52
LEAST_YEARS = 2
# Weeks of a stretch, whose demand is compared from year to year: 13 of them a year.
STRETCH_WEEKS = 4
# Expected units of a stretch of one year, below which its demand beside them is no normal variable.
LEAST_STRETCH_UNITS = 30.0
# A week of which fewer days are wholly known tells nothing.
LEAST_DAYS = 4
# Weeks before and after whose mean, season taken out, is a week's level: about a year in all.
HALF_WINDOW = 26
# Level and season are told of each other in turn, which settles after a few turns (test).
TURNS = 4
# Probability under which years agree by chance alone; of categories, shared among them.
CHANCE = 0.001
LEAST_FACTOR, MOST_FACTOR = 0.1, 10.0
# Expected units of an ISO week that no season weighs: next to nothing, because years that disagree shrink it too.
PRIOR_UNITS = 10.0


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


def weekly_totals(demand: Reals, observed: np.ndarray) -> WeeklyTotals:
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
    """

    factors: Reals
    amplitude: Reals


def yearly_factors(totals: WeeklyTotals, category: Integers, place: Reals, length: int) -> YearlyFactors | None:
    """Return the factors of each category and day, and how far each series follows them.

    Demand of an ISO week over the level of a year around it, both summed over series and years and smoothed
    1-2-1; level and season are told of each other in turn. A season counts where stretches of four weeks
    differ beyond chance more than one stretch does between years (F test of a two-way layout), and it is
    shrunk by the share of the former that the latter explains. What one year has beside the others may go on
    from stretch to stretch, as when a level wanders: degrees of freedom are fewer by that much (Bayley and
    Hammersley 1946, for a first-order process). A category has a season of its own where what it has beside
    the network's passes the same test.

    Parameters
    ----------
    totals : WeeklyTotals
        Of all series, in the order of their keys.
    category : array (n,)
        Place of each series' category.
    place : array (T + H,)
        Where in the year each day lies (``SeriesPanel.year_place``), those ahead too.
    length : int
        ``T``, the days of the past.

    Returns
    -------
    YearlyFactors or None
        None where less than two years are known or no season shows.
    """
    weeks = totals.units.shape[1]
    if weeks < LEAST_YEARS * YEAR_WEEKS or not len(category):
        return None
    middle = place[length - WEEK_DAYS * np.arange(weeks, 0, -1) + WEEK_DAYS // 2]
    phase = np.rint(middle).astype(np.int64) % YEAR_WEEKS
    demand, expected = _beside_level(totals, category, phase)
    season = _season(_by_category(demand, category), _by_category(expected, category), phase)
    if (season == 1.0).all():
        return None
    # Weeks end where the plan begins, so that their middles may lie beside those of ISO weeks.
    factors = _over_days(season, place - (middle[-1] - np.rint(middle[-1])))
    return YearlyFactors(factors, amplitudes(demand, expected, season[category][:, phase]))


def amplitudes(demand: Reals, expected: Reals, season: Reals) -> Reals:
    """Return how far each series follows a season, shrunk to 1 by how sure its own regression is.

    One Newton step of a Poisson regression of demand on ``1 + b (season - 1)`` from the level alone. Its
    variance is what years of one series disagree by, pooled over series; that of true amplitudes around 1 is
    what series differ by beyond it (moments, as DerSimonian and Laird 1986).

    Parameters
    ----------
    demand, expected, season : array (n, W)
        Demand of each week, what its level promises, and the factor of the season.
    """
    years = demand.shape[1] // YEAR_WEEKS
    shape = (len(demand), years, YEAR_WEEKS)
    beside = season - 1.0
    terms = [(demand - expected) * beside, expected * beside**2]
    score, information = (part[:, -years * YEAR_WEEKS :].reshape(shape).sum(axis=2) for part in terms)
    told, certain = information > 0, information.sum(axis=1)
    of_year = np.divide(score, information, out=np.zeros_like(score), where=told)
    own = np.divide(score.sum(axis=1), certain, out=np.ones(len(demand)), where=certain > 0)
    apart = information * (of_year - own[:, None]) ** 2
    freedom = int(np.maximum(told.sum(axis=1) - 1, 0).sum())
    variance = float(apart.sum()) / max(freedom, 1)
    if freedom == 0 or variance <= 0:
        return own if freedom else np.ones(len(demand))
    weight = certain / variance
    spread = max(float((weight * (own - 1.0) ** 2).sum() - (weight > 0).sum()) / float(weight.sum()), 0.0)
    shrunk: Reals = 1.0 + (own - 1.0) * (weight * spread) / (1.0 + weight * spread)
    return shrunk


def _season(actual: Reals, expected: Reals, phase: Integers) -> Reals:
    """Return the factors of ISO weeks, shape (C, 52), of sums over categories; ones where no season shows."""
    one_year = np.eye(YEAR_WEEKS)[phase]
    network = _shaped(actual.sum(0, keepdims=True) @ one_year, expected.sum(0, keepdims=True) @ one_year)
    of_network = _certain(network, actual.sum(0, keepdims=True), expected.sum(0, keepdims=True), CHANCE)
    ahead = expected * of_network[:, phase]
    beside = _shaped(actual @ one_year, ahead @ one_year)
    own = _certain(beside, actual, ahead, CHANCE / len(actual))
    season: Reals = np.clip(of_network * own, LEAST_FACTOR, MOST_FACTOR)
    return season


def _beside_level(totals: WeeklyTotals, category: Integers, phase: Integers) -> tuple[Reals, Reals]:
    """Return demand of each series and week without spikes, and what its level promises, both of shape (n, W)."""
    units, days = totals.units, totals.days
    expected = _level(units, days) * days
    units = np.minimum(units, SPIKE_MULTIPLE * expected + SPIKE_UNITS)
    one_year, actual = np.eye(YEAR_WEEKS)[phase], _by_category(units, category)
    for _ in range(TURNS):
        season = _shaped(actual @ one_year, _by_category(expected, category) @ one_year)
        season = np.clip(season, LEAST_FACTOR, MOST_FACTOR)
        expected = _level(units, days * season[category][:, phase]) * days
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
    """Return smoothed factors by ISO week of mean 1, shrunk to 1 where little is expected."""
    smooth = [0.25 * np.roll(part, 1, 1) + 0.5 * part + 0.25 * np.roll(part, -1, 1) for part in (actual, expected)]
    factors = (smooth[0] + PRIOR_UNITS) / (smooth[1] + PRIOR_UNITS)
    return np.asarray(factors / factors.mean(axis=1, keepdims=True))


def _certain(factors: Reals, actual: Reals, expected: Reals, chance: float) -> Reals:
    """Shrink the factors of each group to 1 by how little years agree, wholly where chance explains it."""
    certainty = np.array([_agreement(*of_group, chance) for of_group in zip(actual, expected, strict=True)])
    shrunk: Reals = 1.0 + (factors - 1.0) * certainty[:, None]
    return shrunk


def _agreement(actual: Reals, expected: Reals, chance: float) -> float:
    """Return the share of the variance between stretches of the year that is not of single years; 0 by chance."""
    from scipy.special import fdtrc

    years, stretches = len(actual) // YEAR_WEEKS, YEAR_WEEKS // STRETCH_WEEKS
    shape = (years, stretches, STRETCH_WEEKS)
    sums = [part[-years * YEAR_WEEKS :].reshape(shape).sum(axis=2) for part in (actual, expected)]
    if (sums[1] < LEAST_STRETCH_UNITS).any():
        return 0.0
    ratio = sums[0] / sums[1]
    season = ratio.mean(axis=0) - ratio.mean()
    rest = ratio - ratio.mean(axis=1, keepdims=True) - season
    between = years * float((season**2).sum()) / (stretches - 1)
    within = float((rest**2).sum()) / ((stretches - 1) * (years - 1))
    if between <= within or within <= 0:
        return float(between > within)
    going_on = np.clip((rest[:, 1:] * rest[:, :-1]).sum() / (rest**2).sum(), 0.0, 1.0)
    freedom = max((stretches - 1) * (1.0 - going_on) / (1.0 + going_on), 2.0)
    by_chance = float(fdtrc(freedom, freedom * (years - 1), between / within))
    return 1.0 - within / between if by_chance <= chance else 0.0


def _over_days(factors: Reals, place: Reals) -> Reals:
    """Return factors of weeks drawn straight from the middle of each to that of the next, shape (C, len(place))."""
    before = np.floor(place).astype(np.int64)
    share = place - before
    drawn: Reals = factors[:, before % YEAR_WEEKS] * (1.0 - share) + factors[:, (before + 1) % YEAR_WEEKS] * share
    return drawn
