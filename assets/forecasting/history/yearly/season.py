"""The season of the year of a panel's series, as its longer past tells it: factors of any of its days.

Here: what a panel is asked. Not here: how factors are found (``factors``), or taken out of demand
(``without_drivers``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.driver_effects import TELLING_FACTOR, DriverEffects
from assets.forecasting.history.seasonality import CLOSED_FACTOR
from assets.forecasting.history.series import Integers, Reals, SeriesPanel, key_order, row_blocks
from assets.forecasting.history.yearly.factors import LEAST_FACTOR, MOST_FACTOR, yearly_factors
from assets.forecasting.history.yearly.groups import YearlyGroups
from assets.forecasting.history.yearly.weeks import WEEK_DAYS, WeeklyTotals, weekly_totals

_KEPT = "season of the year"


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
    key = f"{_KEPT} beside {effects.data_digest()}" if effects is not None else _KEPT
    if key not in panel.kept:
        panel.kept[key] = _found(longer, longer.year_place, effects, panel.length)
    found: YearlySeason | None = panel.kept[key]
    return found


def _found(longer: SeriesPanel, place: Reals, effects: DriverEffects | None, length: int) -> YearlySeason | None:
    """Return the season that a longer past tells of its last ``length`` days and those ahead."""
    names, category = np.unique(longer.index["category"].to_numpy(dtype=str), return_inverse=True)
    category = category.reshape(-1).astype(np.int64)
    order, told = key_order(longer.index), longer.year_groups
    counts = None if told is None else np.append(np.isin(names, list(told.categories)), told.network)
    totals = _totals(longer, effects).take(order)
    found = yearly_factors(totals, category[order], place, longer.length, counts)
    if found is None:
        return None
    amplitude = np.empty(longer.size)
    amplitude[order] = found.amplitude
    groups = YearlyGroups(bool(found.counts[-1]), frozenset(names[found.counts[:-1]].tolist()))
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
