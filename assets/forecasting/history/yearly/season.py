"""The season of the year of a panel's series, as its longer past tells it: factors of any of its days.

Here: what a panel is asked. Not here: how factors are found (``factors``), or taken out of demand
(``without_drivers``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.driver_effects import TELLING_FACTOR, DriverEffects
from assets.forecasting.history.index import key_order
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import CLOSED_FACTOR
from assets.forecasting.history.yearly.factors import LEAST_FACTOR, MOST_FACTOR, yearly_factors
from assets.forecasting.history.yearly.groups import YearlyGroups
from assets.forecasting.history.yearly.weeks import WEEK_DAYS, WeeklyTotals, weekly_totals


@dataclass(frozen=True)
class YearlySeason:
    """The season of the year of ``n`` series.

    Attributes
    ----------
    factors : array (C, T + H)
        Factor of each category and day of the panel, those ahead too.
    amplitude : array (n,)
        How far each series goes along with its category.
    category : array (n,)
        Place of each series' category in the sorted ones.
    categories : tuple of str
        Sorted.
    groups : YearlyGroups
        Whose season counts.
    """

    factors: Reals
    amplitude: Reals
    category: Integers
    categories: tuple[str, ...]
    groups: YearlyGroups

    def of(self, rows: slice, columns: slice) -> Reals:
        """Return the factors of some series and days, shape (m, days)."""
        of_category = self.factors[self.category[rows], columns] - 1.0
        found: Reals = np.clip(1.0 + self.amplitude[rows, None] * of_category, LEAST_FACTOR, MOST_FACTOR)
        return found


def yearly_season(panel: SeriesPanel, effects: DriverEffects | None) -> YearlySeason | None:
    """Return the season of the year that a panel's longer past tells, the effects of drivers taken out of it.

    None for weekly panels, which have factors of ISO weeks already, and where no season shows.

    Parameters
    ----------
    panel : SeriesPanel
        What is known. Where its longer past says whose season counts, that is not asked again.
    effects : DriverEffects or None
        Of the panel's series; None where nothing drives them.
    """
    longer = panel.longer
    if longer is None or longer.year_place is None:
        return None
    # The season beside other effects is another.
    beside = "" if effects is None else effects.data_digest()
    kept = panel.kept.year_season
    if beside not in kept:
        kept[beside] = _found(longer.panel, longer.year_place, longer.year_groups, effects, panel.length)
    return kept[beside]


def _found(
    longer: SeriesPanel, place: Reals, told: YearlyGroups | None, effects: DriverEffects | None, length: int
) -> YearlySeason | None:
    """Return the season that a longer past tells of its last ``length`` days and those ahead."""
    names, category = np.unique(longer.index["category"].to_numpy(dtype=str), return_inverse=True)
    category = category.reshape(-1).astype(np.int64)
    order = key_order(longer.index)
    has_season = None if told is None else np.append(np.isin(names, list(told.categories)), told.network)
    totals = _totals(longer, effects).take(order)
    found = yearly_factors(totals, category[order], place, longer.length, has_season)
    if found is None:
        return None
    amplitude = np.empty(longer.size)
    amplitude[order] = found.amplitude
    groups = YearlyGroups(bool(found.has_season[-1]), frozenset(names[found.has_season[:-1]].tolist()))
    factors = found.factors[:, longer.length - length :]
    return YearlySeason(factors, amplitude, category, tuple(names.tolist()), groups)


def _totals(longer: SeriesPanel, effects: DriverEffects | None) -> WeeklyTotals:
    units, days = np.empty((2, longer.size, longer.length // WEEK_DAYS))
    for rows in row_blocks(longer.size, longer.length):
        demand, known = longer.demand[rows], longer.observed[rows]
        if effects is not None:
            driven = effects.past(longer, rows)
            demand, known = demand / np.maximum(driven, CLOSED_FACTOR), known & (driven >= TELLING_FACTOR)
        found = weekly_totals(demand, known)
        units[rows], days[rows] = found.units, found.days
    return WeeklyTotals(units, days)
