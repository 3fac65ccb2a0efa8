"""What an unknown bucket is worth to a model: its expected demand, never zero, never scored.

Here: deseasonalised histories in which out-of-stock and unreported buckets are filled. Not here: how
they are filled (``fills``), which buckets are censored (the mart says) or the factors (``seasonality``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.fills import fill_block
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import season_factors
from assets.forecasting.history.without_drivers import without_drivers


@dataclass(frozen=True)
class History:
    """What models see.

    Attributes
    ----------
    level : array (n, T)
        Demand over its season factor, unknown cells filled and spikes cut; in base units.
    units : array (n, T)
        The same with its season; in base units.
    factors : array (n, season length)
        Season factors.
    driven : array (n, H) or None
        Factors of promotions, prices and events announced for the buckets ahead, of the season of the year,
        and of an end that is declared; ones where None.
        Neither ``level`` nor ``units`` holds what drove the past.
    """

    level: Reals
    units: Reals
    factors: Reals
    driven: Reals | None = None

    def ahead(self, rows: Integers, phase: Integers) -> Reals:
        """Return what the level of some series is worth in each bucket ahead, shape (m, H): season and drivers."""
        factors = self.factors[rows][:, phase]
        return factors if self.driven is None else factors * self.driven_ahead(rows, len(phase))

    def driven_ahead(self, rows: Integers, horizon: int) -> Reals:
        """Return the factors of what is announced for the buckets ahead, shape (m, H).

        Models of their own season, and of all series, multiply their means with it.
        """
        found = np.ones((len(rows), horizon))
        if self.driven is not None:
            told = self.driven[rows, :horizon]
            found[:, : told.shape[1]] = told
        return found


def fill_censored(panel: SeriesPanel, factors: Reals | None = None, driven: Reals | None = None) -> History:
    """Fill unknown buckets with what that series would have been expected to sell then.

    The expectation is the mean of the series' deseasonalised demand over the window before the bucket,
    times the factor of the bucket's weekday or ISO week. Where something was sold before the shelf ran
    empty, the sale is a lower bound: the fill is the expectation given that demand reached it
    (``moments_above``), or given in which share of the bucket it did (``moments_after``), and so counted
    it also tells the level of what follows. A spike is cut to what
    would hardly have been noticed (``anomalies``).

    Parameters
    ----------
    panel : SeriesPanel
        Demand and what of it is known.
    factors : array (n, season length), optional
        Season factors, where the panel is a part of the one that they are pooled over; otherwise
        they are estimated here.
    driven : array (n, H), optional
        Factors of the buckets ahead, where the panel comes without the drivers that were taken out of
        it (``without_drivers``); a panel that has them loses them here.

    Returns
    -------
    History
        Rows of series without a single observed bucket hold what their lower bounds tell.
    """
    if panel.drivers is not None or panel.longer is not None:
        panel, driven = without_drivers(panel)
    factors = season_factors(panel) if factors is None else factors
    level, units = np.empty(panel.demand.shape), np.empty(panel.demand.shape)
    for rows in row_blocks(panel.size, panel.length):
        filled = fill_block(panel, rows, factors[rows][:, panel.phase])
        level[rows], units[rows] = filled.level, filled.units
    return History(level, units, factors, driven)
