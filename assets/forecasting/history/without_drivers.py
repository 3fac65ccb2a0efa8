"""A panel as if nothing had driven it: promotions, prices, events and the season of the year taken out.

Here: the factors of all of them together, past and ahead. Not here: learning them (``driver_learning``,
``season``), or the season of weekdays and of weekly networks, which models take out (``seasonality``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.history.arrays import Flags, Reals
from assets.forecasting.history.driver_effects import TELLING_FACTOR, DriverEffects
from assets.forecasting.history.driver_learning import learn_drivers
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import CLOSED_FACTOR
from assets.forecasting.history.yearly.season import YearlySeason, yearly_season


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
        return self.past_and_telling(rows)[0]

    def past_and_telling(self, rows: slice) -> tuple[Reals | None, Flags | bool]:
        """Return the factors of the past of some series, and which buckets tell of their level, shape (m, T) each.

        Driven below ``TELLING_FACTOR`` a bucket was as good as closed; a season, low as it may be, is no closure.
        """
        if self.effects is None and self.season is None:
            return None, True
        found: Reals | float = 1.0
        tells: Flags | bool = True
        if self.effects is not None:
            found = self.effects.past(self.panel, rows)
            tells = found >= TELLING_FACTOR
            found = np.maximum(found, CLOSED_FACTOR)
        if self.season is not None:
            of_year = self.season.of(rows, slice(0, self.panel.length))
            found = np.maximum(found * of_year, CLOSED_FACTOR)
        return np.asarray(found), tells

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
        The panel itself and nothing where it has neither drivers nor a season of the year. What was driven
        below ``TELLING_FACTOR`` is not known of it.
    """
    taken = taken_of(panel, effects)
    ahead = taken.ahead()
    if ahead is None:
        return (panel if panel.longer is None else replace(panel, longer=None)), None
    demand = np.empty_like(panel.demand)
    driven = np.empty((panel.size, panel.length + ahead.shape[1]), dtype=np.float32)
    driven[:, panel.length :] = ahead
    observed = np.empty_like(panel.observed)
    for rows in row_blocks(panel.size, panel.length):
        past, tells = taken.past_and_telling(rows)
        assert past is not None, "what drives the buckets ahead drives those of the past"
        demand[rows], driven[rows, : panel.length] = np.where(tells, panel.demand[rows] / past, 0.0), past
        observed[rows] = panel.observed[rows] & tells
    return replace(panel, demand=demand, observed=observed, drivers=None, driven=driven, longer=None), ahead
