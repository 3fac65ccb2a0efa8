"""What an unknown bucket is worth to a model: its expected demand, never zero, never scored.

Here: deseasonalised histories in which out-of-stock and unreported buckets are filled. Not
here: which buckets are censored (the mart says) or the factors (``seasonality``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.driver_learning import without_drivers
from assets.forecasting.history.seasonality import CLOSED_FACTOR, season_factors
from assets.forecasting.history.series import Flags, Integers, Reals, SeriesPanel, row_blocks
from assets.kernel.calendar import Bucket

# Buckets over which the level before a censored bucket is taken.
LEVEL_WINDOW = {Bucket.DAY: 56, Bucket.WEEK: 26}


@dataclass(frozen=True)
class History:
    """What models see.

    Attributes
    ----------
    level : array (n, T)
        Demand over its season factor, unknown cells filled; in base units.
    units : array (n, T)
        Demand with its season, unknown cells filled; in base units.
    factors : array (n, season length)
        Season factors.
    driven : array (n, H) or None
        Factors of promotions, prices and events announced for the buckets ahead; ones where None.
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

    The expectation is the mean of the series' uncensored, deseasonalised demand over the window
    before the bucket, times the factor of the bucket's weekday or ISO week. Where something was
    sold before the shelf ran empty, the sale is a lower bound and the larger of both is used.

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
        Rows of series without a single observed bucket hold their lower bounds.
    """
    if panel.drivers is not None:
        panel, driven = without_drivers(panel)
    factors = season_factors(panel) if factors is None else factors
    level, units = np.empty(panel.demand.shape), np.empty(panel.demand.shape)
    for rows in row_blocks(panel.size):
        level[rows], units[rows] = _fill(panel, rows, factors[rows][:, panel.phase])
    return History(level, units, factors, driven)


def _fill(panel: SeriesPanel, rows: slice, factor: Reals) -> tuple[Reals, Reals]:
    demand, observed = panel.demand[rows], panel.observed[rows]
    open_factor = np.maximum(factor, CLOSED_FACTOR)
    telling = observed & (factor >= CLOSED_FACTOR)
    deseasonalised = demand / open_factor
    expected = _level_before(deseasonalised, telling, LEVEL_WINDOW[panel.bucket])
    level = np.where(telling, deseasonalised, np.maximum(deseasonalised * ~observed, expected))
    units = np.where(observed, demand, np.maximum(demand, expected * factor))
    return level, units


def _level_before(values: Reals, known: Flags, window: int) -> Reals:
    counted = known.astype(np.float64)
    total = np.cumsum(np.pad(np.where(known, values, 0.0), ((0, 0), (window + 1, 0))), axis=1)
    count = np.cumsum(np.pad(counted, ((0, 0), (window + 1, 0))), axis=1)
    # Column t of these sums ends before bucket t, so that a fill never looks ahead.
    before_total = (total[:, window:] - total[:, :-window])[:, : values.shape[1]]
    before_count = (count[:, window:] - count[:, :-window])[:, : values.shape[1]]
    overall = (values * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1.0)
    mean = np.maximum(before_total, 0.0) / np.maximum(before_count, 1.0)
    filled: Reals = np.where(before_count > 0, mean, overall[:, None])
    return filled
