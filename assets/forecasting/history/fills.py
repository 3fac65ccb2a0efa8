"""How unknown buckets are filled, how sure each fill is, and how far spikes are cut.

Here: a block of series without drivers, its season factors known. Not here: what models see of it
(``censoring``), or what is published of it (``demand_estimate``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.anomalies import OUTLIER_DEVIATIONS, Anomalies, Anomaly, find_outliers
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import CLOSED_FACTOR
from assets.forecasting.history.truncated import moments_above, moments_after
from assets.forecasting.history.windows import sums_until
from assets.kernel.calendar import Bucket

# Buckets over which the level before a censored bucket is taken.
LEVEL_WINDOW = {Bucket.DAY: 56, Bucket.WEEK: 26}
# A bound says at least that the expectation is this share of it.
LEAST_SHARE = 0.1
# Variance over mean: a series' own shrinks by so many expected units to that of counts twice as variable as
# Poisson's, whatever its neighbours are; squares beyond so many deviations are cut.
RATIO_PRIOR_UNITS = 30.0
PRIOR_RATIO = 2.0
MOST_DEVIATIONS = 5.0
LEAST_RATIO, MOST_RATIO = 1.05, 30.0
# A spike counts as if it stood out by so many deviations, which is more than most buckets ever do, and by the
# less the further beyond ``OUTLIER_DEVIATIONS`` it is, as in ``spikes.descended``.
SPIKE_DEVIATIONS, LEAST_SPIKE_DEVIATIONS = 3.0, 1.0


@dataclass(frozen=True)
class Filled:
    """Some series with their unknown cells filled.

    Attributes
    ----------
    level, units : array (m, T)
        As in ``History``.
    row, column : array (k,)
        Cells filled.
    std : array (k,)
        Standard deviation of the true demand around each fill, in season, in base units.
    outliers : Anomalies
        What stood out, deseasonalised, as it was; spikes are cut in ``level`` and ``units``.
    """

    level: Reals
    units: Reals
    row: Integers
    column: Integers
    std: Reals
    outliers: Anomalies


def fill_block(panel: SeriesPanel, rows: slice, factor: Reals) -> Filled:
    """Fill the unknown cells of some series, and cut their spikes.

    Parameters
    ----------
    panel : SeriesPanel
        Its drivers taken out.
    rows : slice
        Which series.
    factor : array (m, T)
        Season factor of each of their cells.
    """
    demand, observed = panel.demand[rows], panel.observed[rows]
    open_factor, telling = np.maximum(factor, CLOSED_FACTOR), observed & (factor >= CLOSED_FACTOR)
    level, units = demand / open_factor, demand.copy()
    outliers = find_outliers(level, telling, panel.bucket)
    row, column, cut = _cut_spikes(outliers)
    level[row, column], units[row, column] = cut, cut * open_factor[row, column]
    window = LEVEL_WINDOW[panel.bucket]
    expected, row, column = level_before(level, telling, window), *np.nonzero(~observed)
    # Variance goes with the mean as it was driven: without what drove it, by the square less, the mean once.
    apart = 1.0 if panel.driven is None else 1.0 / panel.driven[rows, : panel.length].astype(np.float64)
    apart = np.broadcast_to(np.asarray(apart), demand.shape)
    ratio = variance_ratio((units - expected * factor) ** 2, expected * factor * apart, telling)
    bound = np.flatnonzero(demand[row, column] > 0)
    at = row[bound], column[bound]
    told, share = demand[at], _share(panel, rows, at)
    if len(bound):
        # What a bound says changes level and spread, and they what it says: once around is enough (test).
        guess, std = _given(told, share, expected[at] * factor[at], ratio[at[0]] * apart[at])
        level[at], counted = guess / open_factor[at], telling.copy()
        counted[at] = factor[at] >= CLOSED_FACTOR
        expected = level_before(level, counted, window)
        square = (units - expected * factor) ** 2
        square[at] = (guess - (expected * factor)[at]) ** 2 + std**2
        ratio = variance_ratio(square, expected * factor * apart, counted)
    mean, ratio = expected[row, column] * factor[row, column], ratio[row] * apart[row, column]
    units[row, column], std = mean, np.sqrt(ratio * mean)
    units[at], std[bound] = _given(told, share, mean[bound], ratio[bound])
    level = np.where(telling, level, expected)
    level[at] = units[at] / open_factor[at]
    return Filled(level, units, row, column, std, outliers)


def spike_excess(plain: SeriesPanel, factors: Reals) -> Reals:
    """Return what demand of each cell has beyond what a spike counts as, shape (n, T); 0 where it is none.

    Parameters
    ----------
    plain : SeriesPanel
        Its drivers taken out; the excess is of demand with them.
    factors : array (n, season length)
        Season factors.
    """
    excess = np.zeros(plain.demand.shape)
    for rows in row_blocks(plain.size, plain.length):
        factor = factors[rows][:, plain.phase]
        level = plain.demand[rows] / np.maximum(factor, CLOSED_FACTOR)
        telling = plain.observed[rows] & (factor >= CLOSED_FACTOR)
        row, column, cut = _cut_spikes(find_outliers(level, telling, plain.bucket))
        excess[rows][row, column] = (level[row, column] - cut) * factor[row, column]
    return excess if plain.driven is None else excess * plain.driven[:, : plain.length]


def _share(panel: SeriesPanel, rows: slice, at: tuple[Integers, Integers]) -> Reals:
    if panel.in_stock is None:
        return np.zeros(len(at[0]))
    return panel.in_stock[rows][at].astype(np.float64)


def _given(bound: Reals, share: Reals, mean: Reals, ratio: Reals) -> tuple[Reals, Reals]:
    """Return moments of demand given its bound, and the share of the bucket that it was sold in where that is told."""
    mean, is_told = np.maximum(mean, LEAST_SHARE * bound), (share > 0) & (share < 1)
    after, above = moments_after(mean, ratio, bound, np.clip(share, 0.0, 1.0)), moments_above(mean, ratio, bound)
    return np.where(is_told, after[0], above[0]), np.where(is_told, after[1], above[1])


def _cut_spikes(found: Anomalies) -> tuple[Integers, Integers, Reals]:
    """Return the cells of spikes, and what each counts as, deseasonalised."""
    spikes = found.take(np.flatnonzero(found.kind == Anomaly.SPIKE))
    deviations = (spikes.found - spikes.usual) / spikes.spread
    counted = np.maximum(SPIKE_DEVIATIONS * np.minimum(1.0, OUTLIER_DEVIATIONS / deviations), LEAST_SPIKE_DEVIATIONS)
    return spikes.row, spikes.column, spikes.usual + counted * spikes.spread


def level_before(values: Reals, known: Flags, window: int) -> Reals:
    """Return the mean of known cells in the window before each cell; of all known cells where it has none."""
    counted = known.astype(np.float64)
    total, count = sums_until(np.where(known, values, 0.0), window + 1, 0), sums_until(counted, window + 1, 0)
    # Column t of these sums ends before bucket t: a fill looks ahead only where nothing of the series is before it.
    before_total = (total[:, window:] - total[:, :-window])[:, : values.shape[1]]
    before_count = (count[:, window:] - count[:, :-window])[:, : values.shape[1]]
    overall = (values * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1.0)
    mean = np.maximum(before_total, 0.0) / np.maximum(before_count, 1.0)
    filled: Reals = np.where(before_count > 0, mean, overall[:, None])
    return filled


def variance_ratio(square: Reals, mean: Reals, known: Flags) -> Reals:
    """Return variance over mean of each series, shrunk to that of retail counts, shape (m,).

    Parameters
    ----------
    square : array (m, T)
        Squared distance of demand from what was expected of the cell, or what is expected of that square.
    mean : array (m, T)
        Variance of the cell by unit of the ratio: its expected demand.
    known : array (m, T)
        Which cells count.
    """
    square, promised = np.where(known, square, 0.0), np.where(known, mean, 0.0)
    total = promised.sum(axis=1)
    raw = square.sum(axis=1) / np.maximum(total, 1e-9)
    cut = MOST_DEVIATIONS**2 * np.maximum(raw[:, None] * promised, 1.0)
    square = np.minimum(square, cut).sum(axis=1)
    prior = RATIO_PRIOR_UNITS * PRIOR_RATIO
    ratio: Reals = np.clip((square + prior) / (total + RATIO_PRIOR_UNITS), LEAST_RATIO, MOST_RATIO)
    return ratio
