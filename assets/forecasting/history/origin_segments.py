"""The segment that each series was in at an origin of the backtest, from what was known there.

Pooling by today's segment would put what is dying today together with its own past, in which it
still sold: residuals would say that demand falls whenever it is called dying. Not here: today's
segment, which the feature says (``feat_item_site``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.kernel.calendar import Bucket

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SegmentLimits:
    """What the standard feature set calls recent, new, regular, calm, dying, promoted and seasonal.

    Attributes
    ----------
    recent_buckets, history_buckets, new_buckets : int
        Window of the latest rate, window of what classifies, and age below which a series is new.
    adi, cv2 : float
        Cut-offs of Syntetos, Boylan and Croston (2005).
    dying_ratio : float
        Latest rate over earlier rate below which demand is dying.
    promoted_share, seasonal_strength : float
        Share of buckets promoted, and of variance that the season explains, from which either names it.
    """

    recent_buckets: int
    history_buckets: int
    new_buckets: int
    adi: float = 1.32
    cv2: float = 0.49
    dying_ratio: float = 0.2
    promoted_share: float = 0.075
    seasonal_strength: float = 0.1


# Buckets of a phase that count as one season: weekdays, and stretches of four ISO weeks.
SEASON_STEP = {Bucket.DAY: 1, Bucket.WEEK: 4}
# By chance alone the strength of a season has a deviation of sqrt(2 (seasons - 1)) / buckets.
CHANCE_DEVIATIONS = 4.0
SEASONAL = "seasonal"
# What a series is called by interval and variation, where nothing that goes before names it.
BY_INTERVAL = ("smooth", "erratic", "intermittent", "lumpy")
LIMITS = {Bucket.DAY: SegmentLimits(56, 364, 28), Bucket.WEEK: SegmentLimits(13, 104, 8)}


def segments_at(panel: SeriesPanel, cuts: Sequence[int]) -> list[Names]:
    """Return the segment of each series at each of some buckets.

    Where what was known there classifies a series as what is known now does, it is the segment
    that the panel tells, whatever told it. So is it where the series is seasonal now and could not
    be called so then, for want of two seasons: it had its season all the same, and without these
    origins a segment that is called by its name for the first time would have none.
    """
    told, now = panel.index["demand_segment"].to_numpy(dtype=object), classified(panel)
    found = []
    for cut in cuts:
        past = panel.until(cut)
        then = classified(past)
        untold = (now == SEASONAL) & np.isin(then, BY_INTERVAL) & (_age(past) < 2 * panel.season_length)
        found.append(np.where((then == now) | untold, told, then))
    return found


def _age(panel: SeriesPanel) -> Integers:
    """Return the buckets since the first sale of each series, that one too."""
    age = np.zeros(panel.size, dtype=np.int64)
    for rows in row_blocks(panel.size, panel.length):
        sold = panel.demand[rows] > 0
        age[rows] = np.where(sold.any(axis=1), panel.length - sold.argmax(axis=1), 0) if panel.length else 0
    return age


def classified(panel: SeriesPanel) -> Names:
    """Return the segment of each series as ``feat_item_site`` classifies it."""
    names = np.empty(panel.size, dtype=object)
    for rows in row_blocks(panel.size, panel.length):
        names[rows] = _classified(panel, rows, LIMITS[panel.bucket])
    return names


def _classified(panel: SeriesPanel, rows: slice, limits: SegmentLimits) -> Names:
    demand, observed = panel.demand[rows], panel.observed[rows]
    length, sold = demand.shape[1], demand > 0
    first = np.where(sold.any(axis=1), sold.argmax(axis=1), length) if length else np.zeros(len(demand))
    ranged = np.arange(length) >= np.maximum(first, length - limits.history_buckets)[:, None]
    known = observed & ranged
    units = np.where(known, demand, 0.0)
    selling, total = (units > 0).sum(axis=1), units.sum(axis=1)
    regular = known.sum(axis=1) < limits.adi * np.maximum(selling, 1)
    calm = selling * (units**2).sum(axis=1) - total**2 < limits.cv2 * np.maximum(total, 1.0) ** 2
    unsold = (first == length) & (observed.sum(axis=1) >= limits.new_buckets)
    names = np.where(regular, np.where(calm, "smooth", "erratic"), np.where(calm, "intermittent", "lumpy"))
    strength = _strength(panel, units, known, ranged)
    beyond_chance = strength * known.sum(axis=1) >= CHANCE_DEVIATIONS * np.sqrt(2.0 * (_season_count(panel) - 1))
    names = np.where((strength >= limits.seasonal_strength) & beyond_chance, SEASONAL, names)
    names = np.where(_promoted(panel, rows, ranged) >= limits.promoted_share, "promoted", names)
    names = np.where(_is_dying(units, known, limits), "dying", names)
    names = np.where(unsold, "dying", np.where(length - first < limits.new_buckets, "new", names))
    return names.astype(object)


def _promoted(panel: SeriesPanel, rows: slice, ranged: Flags) -> Reals:
    """Return the share of buckets since the first sale that were promoted."""
    if panel.drivers is None:
        return np.zeros(len(ranged))
    share: Reals = (panel.drivers.promoted[rows] & ranged).sum(axis=1) / np.maximum(ranged.sum(axis=1), 1)
    return share


def _strength(panel: SeriesPanel, units: Reals, known: Flags, ranged: Flags) -> Reals:
    """Return epsilon squared (Kelley 1935) of the season, as the mart computes it."""
    season = panel.phase // SEASON_STEP[panel.bucket]
    count = _season_count(panel)
    sums = np.stack([units[:, season == place].sum(axis=1) for place in range(count)], axis=1)
    counts = np.stack([known[:, season == place].sum(axis=1) for place in range(count)], axis=1)
    observed = counts.sum(axis=1)
    centre = sums.sum(axis=1) ** 2 / np.maximum(observed, 1)
    total = (units**2).sum(axis=1) - centre
    between = (sums**2 / np.maximum(counts, 1)).sum(axis=1) - centre
    told = (ranged.sum(axis=1) >= 2 * panel.season_length) & (counts > 0).all(axis=1) & (observed > count) & (total > 0)
    chance = (count - 1) * (total - between) / np.maximum(observed - count, 1)
    return np.where(told, np.clip((between - chance) / np.where(told, total, 1.0), 0.0, 1.0), 0.0)


def _season_count(panel: SeriesPanel) -> int:
    return panel.season_length // SEASON_STEP[panel.bucket]


def _is_dying(units: Reals, known: Flags, limits: SegmentLimits) -> Flags:
    recent = slice(-limits.recent_buckets, None)
    now, latest = known[:, recent].sum(axis=1), units[:, recent].sum(axis=1)
    earlier, before = known.sum(axis=1) - now, units.sum(axis=1) - latest
    fallen: Flags = (earlier > 0) & (now > 0) & (latest * earlier < limits.dying_ratio * before * now)
    return fallen
