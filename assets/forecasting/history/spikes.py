"""Cells that stand out of their series, and what they count as: one wholesale order is no level.

A measure cheap enough for every level and sum that is taken, at every origin of a backtest. Not here: what
is published as an outlier, with its evidence (``anomalies``), or how filled histories are cut (``fills``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.windows import window_sums
from assets.kernel.calendar import Bucket

# A cell above this multiple of the other cells around it is a spike; around are about so many buckets.
SPIKE_MULTIPLE = 6.0
SPIKE_UNITS = 6.0
SPIKE_BUCKETS = {Bucket.DAY: 57, Bucket.WEEK: 53}
# What stands out is so many times as much as all but two cells of its series, and a few units; all but one where
# it sold in fewer buckets. A series of more spikes is one of spikes: that is how it varies.
APART, LEFT_OUT, LEAST_SOLD = 2.0, 2, 12
# Parts of a history whose largest cells tell whether it may have any.
STRETCHES = 8


def cut_spikes(units: Reals, known: Flags, bucket: Bucket) -> Reals:
    """Return the cells of series with spikes cut, shape (n, T).

    A spike is more than a multiple of the mean of the other known cells around, and stands out of all that
    its series ever sold. A level that holds it is no measure of it, nor of what is around it.

    Parameters
    ----------
    units : array (n, T)
        Deseasonalised demand.
    known : array (n, T)
        Which cells tell the level.
    bucket : Bucket
        Day or week.
    """
    cells = np.where(known, units, 0.0)
    rows, most = standing_out(cells)
    if not len(rows):
        return units
    near, counted = np.minimum(cells[rows], most[:, None]), known[rows]
    total, count = window_sums(near, counted, SPIKE_BUCKETS[bucket])
    others = np.maximum(total - near, 0.0) / np.maximum(count - counted, 1.0)
    bound = np.maximum(SPIKE_MULTIPLE * others + SPIKE_UNITS, most[:, None])
    cut = units.copy()
    cut[rows] = descended(units[rows], bound, most[:, None])
    return cut


def descended(units: Reals, bound: Reals, most: Reals) -> Reals:
    """Return cells of which those beyond their bound count the less, the further beyond they are.

    At the bound a cell counts as it is, beyond it as much less than the bound as it is more, and at least as
    the largest cell that does not stand out: an influence that descends again (Hampel 1974). So a large order counts
    as one, and a slip of the keyboard as nothing.

    Parameters
    ----------
    units, bound : array (m, T)
        Cells, and what they are spikes beyond.
    most : array (m, 1)
        As ``standing_out`` returns it.

    Examples
    --------
    >>> descended(np.array([[8.0, 50.0, 100.0, 900.0]]), np.full((1, 4), 50.0), np.array([[38.0]]))
    array([[ 8., 50., 25., 16.]])
    """
    largest_other = (most - SPIKE_UNITS) / APART
    beyond = units > bound
    cut: Reals = np.where(beyond, np.maximum(largest_other, bound**2 / np.where(beyond, units, 1.0)), units)
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
