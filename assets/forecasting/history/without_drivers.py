"""A panel as if nothing had driven it: promotions, prices, events and the season of the year taken out.

Here: the factors of all of them together, past and ahead. Not here: learning them (``driver_learning``,
``yearly``), or the season of weekdays and of weekly networks, which models take out (``seasonality``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.history.driver_effects import DriverEffects
from assets.forecasting.history.driver_learning import learn_drivers
from assets.forecasting.history.seasonality import CLOSED_FACTOR
from assets.forecasting.history.series import Integers, Reals, SeriesPanel, key_order, row_blocks
from assets.forecasting.history.yearly import (
    LEAST_FACTOR,
    MOST_FACTOR,
    WEEK_DAYS,
    WeeklyTotals,
    weekly_totals,
    yearly_factors,
)

_KEPT, _KEPT_AMPLITUDE = "season of the year", "amplitude of the season of the year"


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
    """

    factors: Reals
    amplitude: Reals
    category: Integers
    categories: tuple[str, ...]

    def of(self, rows: slice, columns: slice) -> Reals:
        """Return the factors of some series and days, shape (m, days)."""
        of_category = self.factors[self.category[rows], columns] - 1.0
        found: Reals = np.clip(1.0 + self.amplitude[rows, None] * of_category, LEAST_FACTOR, MOST_FACTOR)
        return found


@dataclass(frozen=True)
class Taken:
    """All that is taken out of a panel of ``n`` series.

    Attributes
    ----------
    panel : SeriesPanel
        What it is taken out of.
    effects : DriverEffects or None
        Of promotions, prices and events; None where the panel has none.
    season : YearlySeason or None
        Of the year; None where none shows.
    """

    panel: SeriesPanel
    effects: DriverEffects | None
    season: YearlySeason | None

    def past(self, rows: slice) -> Reals | None:
        """Return the factors of the past of some series, shape (m, T); None where nothing drives any."""
        if self.effects is None and self.season is None:
            return None
        found: Reals | float = 1.0
        if self.effects is not None:
            found = np.maximum(self.effects.past(self.panel, rows), CLOSED_FACTOR)
        if self.season is not None:
            of_year = self.season.of(rows, slice(0, self.panel.length))
            found = np.maximum(found * of_year, CLOSED_FACTOR)
        return np.asarray(found)

    def ahead(self) -> Reals | None:
        """Return the factors of the buckets ahead, shape (n, H); None where nothing drives any."""
        found = None if self.effects is None else self.effects.ahead(self.panel)
        if self.season is None:
            return found
        of_year = self.season.of(slice(None), slice(self.panel.length, None))
        return of_year if found is None else found * of_year


def taken_of(panel: SeriesPanel, effects: DriverEffects | None = None) -> Taken:
    """Return what is taken out of a panel.

    Parameters
    ----------
    panel : SeriesPanel
        What is known.
    effects : DriverEffects, optional
        Of the panel's series; learned from it without.
    """
    if effects is None and panel.drivers is not None:
        effects = learn_drivers(panel)
    return Taken(panel, effects, yearly_season(panel, effects))


def without_drivers(panel: SeriesPanel, effects: DriverEffects | None = None) -> tuple[SeriesPanel, Reals | None]:
    """Return the panel as if nothing had driven it, and the factors of the buckets ahead.

    Parameters
    ----------
    panel : SeriesPanel
        What is known.
    effects : DriverEffects, optional
        Of the panel's series; learned from it without.

    Returns
    -------
    SeriesPanel, array (n, H) or None
        The panel itself and nothing where it has neither drivers nor a season of the year.
    """
    taken = taken_of(panel, effects)
    ahead = taken.ahead()
    if ahead is None:
        return (panel if panel.longer is None else replace(panel, longer=None)), None
    demand = np.empty_like(panel.demand)
    driven = np.empty((panel.size, panel.length + ahead.shape[1]), dtype=np.float32)
    driven[:, panel.length :] = ahead
    for rows in row_blocks(panel.size, panel.length):
        past = taken.past(rows)
        assert past is not None, "what drives the buckets ahead drives those of the past"
        demand[rows], driven[rows, : panel.length] = panel.demand[rows] / past, past
    return replace(panel, demand=demand, drivers=None, driven=driven, longer=None), ahead


def yearly_season(panel: SeriesPanel, effects: DriverEffects | None) -> YearlySeason | None:
    """Return the season of the year that a panel's longer past tells, the effects of drivers taken out of it.

    None for weekly panels, which have factors of ISO weeks already, and where no season shows.
    """
    longer = panel.longer
    if longer is None or longer.year_place is None:
        return None
    names, category = np.unique(longer.index["category"].to_numpy(dtype=str), return_inverse=True)
    category = category.reshape(-1).astype(np.int64)
    if _KEPT not in panel.kept:
        order = key_order(longer.index)
        totals = _totals(longer, effects)
        ordered = WeeklyTotals(totals.units[order], totals.days[order])
        found = yearly_factors(ordered, category[order], longer.year_place, longer.length)
        panel.kept[_KEPT], panel.kept[_KEPT_AMPLITUDE] = np.empty((0, 0)), np.ones(panel.size)
        if found is not None:
            panel.kept[_KEPT] = found.factors[:, longer.length - panel.length :]
            panel.kept[_KEPT_AMPLITUDE][order] = found.amplitude
    factors, amplitude = panel.kept[_KEPT], panel.kept[_KEPT_AMPLITUDE]
    return YearlySeason(factors, amplitude, category, tuple(names.tolist())) if factors.size else None


def _totals(longer: SeriesPanel, effects: DriverEffects | None) -> WeeklyTotals:
    units, days = np.empty((2, longer.size, longer.length // WEEK_DAYS))
    for rows in row_blocks(longer.size, longer.length):
        demand = longer.demand[rows]
        if effects is not None:
            demand = demand / np.maximum(effects.past(longer, rows), CLOSED_FACTOR)
        found = weekly_totals(demand, longer.observed[rows])
        units[rows], days[rows] = found.units, found.days
    return WeeklyTotals(units, days)
