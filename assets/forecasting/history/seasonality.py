"""Season factors: weekday for days, ISO week for weeks, pooled so that thin series borrow.

Here: how demand of a phase compares with the level around it. Not here: the level itself
(``censoring``), or models that keep a season of their own (``candidates``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.spikes import SPIKE_MULTIPLE, SPIKE_UNITS, descended, standing_out, tamed
from assets.forecasting.history.windows import centred_level, window_sums
from assets.kernel.calendar import Bucket

# Expected units that the wider pool weighs when a series, or a category, estimates its own factor.
# Chosen on VN2 (README): flat between 15 and 60, and ten times it for a category.
SERIES_PRIOR_UNITS = 30.0
CATEGORY_PRIOR_UNITS = 300.0
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


def _sums_by_phase(panel: SeriesPanel) -> tuple[Reals, Reals]:
    season = panel.season_length
    actual, expected = np.empty((2, panel.size, season))
    came_back = np.bincount(panel.phase, minlength=season)[panel.phase] > 1
    for rows in row_blocks(panel.size, panel.length):
        observed = panel.observed[rows]
        demand = np.where(observed, panel.demand[rows], 0.0)
        tame = tamed(demand)
        total, count = window_sums(tame, observed, season)
        level = np.maximum(total, 0.0) / np.maximum(count, 1.0)
        # Its own local level is no measure of a spike, which is part of it: that of the other cells is.
        others = np.where(count > 1, np.maximum(total - tame, 0.0) / np.maximum(count - 1, 1.0), level)
        clipped = _clipped(demand, SPIKE_MULTIPLE * others + SPIKE_UNITS, came_back)
        # Nor is a level that holds it expected of the cells around it.
        again = np.flatnonzero((clipped != tame).any(axis=1))
        level[again] = centred_level(clipped[again], observed[again], season)
        actual[rows] = _sum_by_phase(clipped, panel.phase, season)
        expected[rows] = _sum_by_phase(np.where(observed, level, 0.0), panel.phase, season)
    return actual, expected


def _clipped(demand: Reals, bound: Reals, came_back: Flags) -> Reals:
    """Return demand clipped, and below its bound what stands out alone though its phase came back."""
    clipped = np.minimum(demand, bound)
    rows, most = standing_out(demand)
    # What stands out twice, or in a phase seen once, may be the season.
    alone = (demand[rows] > most[:, None]).sum(axis=1) == 1
    rows, largest = rows[alone], most[alone, None]
    spiky = descended(demand[rows], np.maximum(bound[rows], largest), largest)
    clipped[rows] = np.where(came_back, np.minimum(clipped[rows], spiky), clipped[rows])
    return clipped


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
