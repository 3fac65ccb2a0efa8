"""Sums and means of known cells in a window around each bucket, over all series at once.

Not here: how wide a window is, or which cells count.
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Reals


def centred_level(demand: Reals, observed: Flags, season: int) -> Reals:
    """Return the mean of observed demand over a window of about one season around each bucket."""
    total, count = window_sums(demand, observed, season)
    level: Reals = np.maximum(total, 0.0) / np.maximum(count, 1.0)
    return level


def window_sums(demand: Reals, observed: Flags, season: int) -> tuple[Reals, Reals]:
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
