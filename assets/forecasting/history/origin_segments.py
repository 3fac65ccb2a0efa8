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

from assets.forecasting.history.series import Flags, Reals, SeriesPanel, row_blocks
from assets.kernel.calendar import Bucket

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class SegmentLimits:
    """What the standard feature set calls recent, new, regular, calm and dying.

    Attributes
    ----------
    recent_buckets, history_buckets, new_buckets : int
        Window of the latest rate, window of what classifies, and age below which a series is new.
    adi, cv2 : float
        Cut-offs of Syntetos, Boylan and Croston (2005).
    dying_ratio : float
        Latest rate over earlier rate below which demand is dying.
    """

    recent_buckets: int
    history_buckets: int
    new_buckets: int
    adi: float = 1.32
    cv2: float = 0.49
    dying_ratio: float = 0.2


LIMITS = {Bucket.DAY: SegmentLimits(56, 364, 28), Bucket.WEEK: SegmentLimits(13, 104, 8)}


def segments_at(panel: SeriesPanel, cuts: Sequence[int]) -> list[Names]:
    """Return the segment of each series at each of some buckets.

    Where what was known there classifies a series as what is known now does, it is the segment
    that the panel tells, whatever told it.
    """
    told, now = panel.index["demand_segment"].to_numpy(dtype=object), classified(panel)
    found = [classified(panel.until(cut)) for cut in cuts]
    return [np.where(then == now, told, then) for then in found]


def classified(panel: SeriesPanel) -> Names:
    """Return the segment of each series as ``feat_item_site`` classifies it."""
    names = np.empty(panel.size, dtype=object)
    for rows in row_blocks(panel.size):
        names[rows] = _classified(panel.demand[rows], panel.observed[rows], LIMITS[panel.bucket])
    return names


def _classified(demand: Reals, observed: Flags, limits: SegmentLimits) -> Names:
    length, sold = demand.shape[1], demand > 0
    first = np.where(sold.any(axis=1), sold.argmax(axis=1), length) if length else np.zeros(len(demand))
    known = observed & (np.arange(length) >= np.maximum(first, length - limits.history_buckets)[:, None])
    units = np.where(known, demand, 0.0)
    selling, total = (units > 0).sum(axis=1), units.sum(axis=1)
    regular = known.sum(axis=1) < limits.adi * np.maximum(selling, 1)
    calm = selling * (units**2).sum(axis=1) - total**2 < limits.cv2 * np.maximum(total, 1.0) ** 2
    unsold = (first == length) & (observed.sum(axis=1) >= limits.new_buckets)
    names = np.where(regular, np.where(calm, "smooth", "erratic"), np.where(calm, "intermittent", "lumpy"))
    names = np.where(_is_dying(units, known, limits), "dying", names)
    names = np.where(unsold, "dying", np.where(length - first < limits.new_buckets, "new", names))
    return names.astype(object)


def _is_dying(units: Reals, known: Flags, limits: SegmentLimits) -> Flags:
    recent = slice(-limits.recent_buckets, None)
    now, latest = known[:, recent].sum(axis=1), units[:, recent].sum(axis=1)
    earlier, before = known.sum(axis=1) - now, units.sum(axis=1) - latest
    fallen: Flags = (earlier > 0) & (now > 0) & (latest * earlier < limits.dying_ratio * before * now)
    return fallen
