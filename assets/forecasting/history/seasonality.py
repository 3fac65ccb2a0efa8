"""Season factors: weekday for days, ISO week for weeks, pooled so that thin series borrow.

Here: how demand of a phase compares with the level around it. Not here: the level itself
(``censoring``), or models that keep a season of their own (``candidates``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.kernel.calendar import Bucket

# Expected units that the wider pool weighs when a series, or a category, estimates its own factor.
# Chosen on VN2 (README): flat between 15 and 60, and ten times it for a category.
SERIES_PRIOR_UNITS = 30.0
CATEGORY_PRIOR_UNITS = 300.0
# A cell above this multiple of the other cells around it is a spike, not a season; around are about so many.
SPIKE_MULTIPLE = 6.0
SPIKE_UNITS = 6.0
SPIKE_BUCKETS = {Bucket.DAY: 57, Bucket.WEEK: 53}
# What stands out is so many times as much as all but two cells of its series, and a few units; all but one where
# it sold in fewer buckets. A series of more spikes is one of spikes: that is how it varies.
APART, LEFT_OUT, LEAST_SOLD = 2.0, 2, 12
# Parts of a history whose largest cells tell whether it may have any.
STRETCHES = 8
# Below this a phase is closed: dividing by it would tell nothing of the level.
CLOSED_FACTOR = 0.1


def season_factors(panel: SeriesPanel, least_seasons: float = 2.0) -> Reals:
    """Return the factor of each series and phase, averaging 1 over the season.

    Demand of a phase over the centred mean of one season around it, both summed over observed
    cells with spikes clipped; a series shrinks to its category and a category to the network
    (gamma-Poisson, prior worth ``SERIES_PRIOR_UNITS`` and ``CATEGORY_PRIOR_UNITS``). Neighbouring
    ISO weeks are smoothed by 1-2-1, because each is seen only once a year.

    Returns
    -------
    array (n, season length)
        Ones where less than ``least_seasons`` are known.
    """
    season = panel.season_length
    if panel.size == 0 or panel.length < least_seasons * season:
        return np.ones((panel.size, season))
    if panel.kept.season_factors is None:
        panel.kept.season_factors = _factors(panel, season)
    return panel.kept.season_factors


def _factors(panel: SeriesPanel, season: int) -> Reals:
    actual, expected = _sums_by_phase(panel)
    smooth = panel.bucket is Bucket.WEEK
    network = _shrink(
        _smoothed(actual.sum(0, keepdims=True), smooth),
        _smoothed(expected.sum(0, keepdims=True), smooth),
        np.ones((1, season)),
        SERIES_PRIOR_UNITS,
    )
    code = panel.index["category"].astype("category").cat.codes.to_numpy(dtype=np.int64)
    pool_actual, pool_expected = np.zeros((2, int(code.max()) + 1, season))
    np.add.at(pool_actual, code, actual)
    np.add.at(pool_expected, code, expected)
    category = _shrink(_smoothed(pool_actual, smooth), _smoothed(pool_expected, smooth), network, CATEGORY_PRIOR_UNITS)
    return _shrink(_smoothed(actual, smooth), _smoothed(expected, smooth), category[code], SERIES_PRIOR_UNITS)


def centred_level(demand: Reals, observed: Flags, season: int) -> Reals:
    """Return the mean of observed demand over a window of about one season around each bucket."""
    total, count = _windows(demand, observed, season)
    level: Reals = np.maximum(total, 0.0) / np.maximum(count, 1.0)
    return level


def _windows(demand: Reals, observed: Flags, season: int) -> tuple[Reals, Reals]:
    """Return the sum and the number of the observed cells of about one season around each bucket."""
    half = season // 2
    width = 2 * half + 1
    sums = (sums_until(np.where(observed, demand, 0.0), half + 1, half), sums_until(observed, half + 1, half))
    total, count = (one[:, width:] - one[:, :-width] for one in sums)
    return total, count


def sums_until(cells: Reals | Flags, before: int, after: int) -> Reals:
    """Return the sum of the cells up to each, with as many cells of nothing put before and after them.

    >>> sums_until(np.array([[1.0, 2.0]]), 1, 2)
    array([[0., 1., 3., 3., 3.]])
    """
    count, length = cells.shape
    sums = np.empty((count, before + length + after), order="F" if cells.flags.fnc else "C")
    sums[:, :before] = 0.0
    np.cumsum(cells, axis=1, dtype=np.float64, out=sums[:, before : before + length])
    sums[:, before + length :] = sums[:, before + length - 1 : before + length]
    return sums


def cut_spikes(units: Reals, known: Flags, bucket: Bucket) -> Reals:
    """Return the cells of series with spikes cut, shape (n, T).

    A spike is more than a multiple of the mean of the other known cells around, and stands out of all that
    its series ever sold. A level that holds it is no measure of it, nor of what is around it.
    """
    cells = np.where(known, units, 0.0)
    rows, most = standing_out(cells)
    if not len(rows):
        return units
    near, counted = np.minimum(cells[rows], most[:, None]), known[rows]
    total, count = _windows(near, counted, SPIKE_BUCKETS[bucket])
    others = np.maximum(total - near, 0.0) / np.maximum(count - counted, 1.0)
    cut = units.copy()
    cut[rows] = np.minimum(units[rows], np.maximum(SPIKE_MULTIPLE * others + SPIKE_UNITS, most[:, None]))
    return cut


def tamed(cells: Reals) -> Reals:
    """Return cells, 0 where unknown, of which what stands out is cut to the most that does not."""
    rows, most = standing_out(cells)
    if not len(rows):
        return cells
    tame = cells.copy()
    tame[rows] = np.minimum(cells[rows], most[:, None])
    return tame


def standing_out(cells: Reals) -> tuple[Integers, Reals]:
    """Return the series of which a cell or two stand out, and the most that a cell of each can be without.

    That is a multiple of its largest cell but for two, of one that seldom sold but for one, and a few units.

    >>> standing_out(np.array([[0.0, 1.0, 900.0, 3.0], [9.0, 8.0, 5.0, 9.0]]))
    (array([0]), array([12.]))
    """
    if cells.shape[1] <= LEFT_OUT:
        return np.empty(0, dtype=np.int64), np.empty(0)
    # The largest cells of stretches are cheaper to find than the few largest of all, and none is above those.
    parts = np.array_split(cells, min(STRETCHES, cells.shape[1]), axis=1)
    rows = np.flatnonzero(_stands_out(np.stack([part.max(axis=1) for part in parts], axis=1)))
    rows = rows[_stands_out(cells[rows])]
    ordered = np.sort(cells[rows], axis=1)
    seldom = (ordered > 0).sum(axis=1) < LEAST_SOLD
    return rows, APART * np.where(seldom, ordered[:, -2], ordered[:, -1 - LEFT_OUT]) + SPIKE_UNITS


def _stands_out(cells: Reals) -> Flags:
    top = np.partition(cells, cells.shape[1] - 1 - LEFT_OUT, axis=1)[:, -1 - LEFT_OUT :]
    found: Flags = top.max(axis=1, initial=0.0) > APART * top[:, 0] + SPIKE_UNITS
    return found


def _sums_by_phase(panel: SeriesPanel) -> tuple[Reals, Reals]:
    season = panel.season_length
    actual, expected = np.empty((2, panel.size, season))
    for rows in row_blocks(panel.size, panel.length):
        observed = panel.observed[rows]
        demand = np.where(observed, panel.demand[rows], 0.0)
        tame = tamed(demand)
        total, count = _windows(tame, observed, season)
        level = np.maximum(total, 0.0) / np.maximum(count, 1.0)
        # Its own local level is no measure of a spike, which is part of it: that of the other cells is.
        others = np.where(count > 1, np.maximum(total - tame, 0.0) / np.maximum(count - 1, 1.0), level)
        clipped = np.minimum(demand, SPIKE_MULTIPLE * others + SPIKE_UNITS)
        # Nor is a level that holds it expected of the cells around it.
        again = np.flatnonzero((clipped != tame).any(axis=1))
        level[again] = centred_level(clipped[again], observed[again], season)
        actual[rows] = _sum_by_phase(clipped, panel.phase, season)
        expected[rows] = _sum_by_phase(np.where(observed, level, 0.0), panel.phase, season)
    return actual, expected


def _sum_by_phase(cells: Reals, phase: Integers, season: int) -> Reals:
    return np.stack([cells[:, phase == position].sum(axis=1) for position in range(season)], axis=1)


def _smoothed(sums: Reals, smooth: bool) -> Reals:
    if not smooth:
        return sums
    return 0.25 * np.roll(sums, 1, axis=1) + 0.5 * sums + 0.25 * np.roll(sums, -1, axis=1)


def _shrink(actual: Reals, expected: Reals, prior: Reals, weight: float) -> Reals:
    factors = (actual + weight * prior) / (expected + weight)
    normalised: Reals = factors / factors.mean(axis=1, keepdims=True)
    return normalised
