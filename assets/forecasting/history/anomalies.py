"""Buckets that stand out of a series, and buckets from which it runs at another level.

Found in demand whose season and drivers are taken out, over all series at once. Here: what is found and
how sure it is. Not here: what is published of it (``demand_estimate``), or whether models heed it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.spikes import APART, LEAST_SOLD, LEFT_OUT, tamed
from assets.forecasting.history.truncated import deviations_of
from assets.forecasting.history.windows import centred_level, sums_until
from assets.kernel.calendar import Bucket

# Buckets around a cell that say what is usual there, and buckets on either side of a shift.
AROUND_BUCKETS = {Bucket.DAY: 57, Bucket.WEEK: 27}
SHIFT_BUCKETS = {Bucket.DAY: 42, Bucket.WEEK: 13}
# Standard deviations beyond which a bucket stands out, and a level has moved: one series in a hundred that
# is only noisy shows either in half a year (test).
SUSPECT_DEVIATIONS, CANDIDATE_DEVIATIONS, OUTLIER_DEVIATIONS = 3.5, 4.0, 5.0
SHIFT_DEVIATIONS = 5.0
# A level that moved by less than this factor is the same for whoever orders.
LEAST_SHIFT = 1.5
# Beyond so many deviations a cell counts as that far and no further towards what is usual.
CUT_DEVIATIONS = 4.0
# A count of next to nothing still varies by a unit; a mean of it by less.
CELL_VARIANCE, MEAN_VARIANCE = 1.0, 0.05
# Counts vary at least as Poisson's do; a series promised less than a unit in all says nothing of its ratio.
LEAST_RATIO, LEAST_PROMISED = 1.0, 1.0
# What is usual and what is far from it are found from each other, as often.
ROUNDS = 3
# Further deviations asked of a spread that is itself unsure, times the root of the buckets it sold in: with 12
# of them 3.5 more, with 180 one more.
UNSURE = 12.0


class Anomaly(StrEnum):
    """What stands out."""

    SPIKE = "spike"
    DIP = "dip"
    LEVEL_UP = "level_up"
    LEVEL_DOWN = "level_down"


@dataclass(frozen=True)
class Anomalies:
    """What was found in a panel, ordered by row and column; outliers before a shift; ``k`` finds.

    Attributes
    ----------
    row, column : array (k,)
        Cell; of a shift the first bucket of the new level.
    kind : array (k,)
        An `Anomaly`.
    found, usual, spread : array (k,)
        Deseasonalised demand of the cell, the mean of those around it and their standard deviation; of a
        shift the mean per bucket after and before it, and the deviation of their difference. In base units.
    evidence : array (k,)
        Their distance in standard deviations of the usual.
    """

    row: Integers
    column: Integers
    kind: npt.NDArray[np.object_]
    found: Reals
    usual: Reals
    spread: Reals
    evidence: Reals

    @property
    def is_shift(self) -> Flags:
        """Whether the level moved; otherwise one bucket stands out."""
        return np.isin(self.kind, (Anomaly.LEVEL_UP, Anomaly.LEVEL_DOWN))

    def take(self, places: Integers) -> Anomalies:
        """Return some of the finds."""
        return Anomalies(*(getattr(self, field.name)[places] for field in fields(self)))

    def scaled(self, factor: Reals) -> Anomalies:
        """Return the finds in another unit: ``factor`` (k,) of what they are in."""
        return replace(self, found=self.found * factor, usual=self.usual * factor, spread=self.spread * factor)

    def moved(self, rows: int) -> Anomalies:
        """Return the finds of a block as those of the panel in which it begins at a row."""
        return replace(self, row=self.row + rows)

    @classmethod
    def joined(cls, *parts: Anomalies) -> Anomalies:
        """Return all finds, by row and column, outliers before a shift."""
        columns = (np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls))
        whole = cls(*columns)
        return whole.take(np.lexsort([whole.is_shift, whole.column, whole.row]))


def find_outliers(level: Reals, known: Flags, bucket: Bucket) -> Anomalies:
    """Find buckets that stand out, as looked at from both sides: they tell what was, from all that is known.

    What is usual for a cell is the centred mean of known cells, those far out cut; its law is negative
    binomial, of the series' own ratio of variance to mean. Only series whose largest or least cell
    already stands out of their whole history are looked at cell by cell.

    Parameters
    ----------
    level : array (n, T)
        Demand without season and drivers, in base units.
    known : array (n, T)
        Whether the cell is whole demand; no other is looked at.
    bucket : Bucket
        Day or week.
    """
    rows = _suspects(level, known) if level.size else np.empty(0, dtype=np.int64)
    if not len(rows):
        return _none()
    level, known = level[rows], known[rows]
    usual, variance = _usual(level, known, AROUND_BUCKETS[bucket], ROUNDS)
    # The normal law finds candidates; counts are skew, so that their own law judges them.
    row, column = np.nonzero(known & (np.abs(level - usual) >= CANDIDATE_DEVIATIONS * np.sqrt(variance)))
    cell = row, column
    own = variance[cell] - CELL_VARIANCE
    evidence = deviations_of(level[cell], usual[cell], own)
    kind = np.where(evidence > 0, Anomaly.SPIKE, Anomaly.DIP).astype(object)
    found = Anomalies(rows[row], column, kind, level[cell], usual[cell], np.sqrt(own), evidence)
    alone = np.abs(level[cell] - usual[cell]) >= APART * _farthest(level, known, usual)[row]
    sold = (known & (level > 0)).sum(axis=1)[row]
    return found.take(np.flatnonzero(alone & (np.abs(evidence) >= OUTLIER_DEVIATIONS + UNSURE / np.sqrt(sold))))


def _farthest(level: Reals, known: Flags, usual: Reals) -> Reals:
    """Return how far from usual any cell of a series is, the few farthest left out."""
    distance = np.where(known, np.abs(level - usual), 0.0)
    kept = max(level.shape[1] - LEFT_OUT, 1) - 1
    farthest: Reals = np.partition(distance, kept, axis=1)[:, kept]
    return farthest


def find_shifts(level: Reals, known: Flags, bucket: Bucket) -> Anomalies:
    """Find buckets from which a series runs at another level; parameters as in ``find_outliers``, whose spikes are cut.

    The means of the windows before and after differ by ``SHIFT_DEVIATIONS`` of that difference's deviation
    and by the factor ``LEAST_SHIFT``, more than at any other bucket as near.
    """
    if level.size == 0:
        return _none()
    usual, variance = _usual(level, known, AROUND_BUCKETS[bucket], 1)
    ratio, width = variance / np.maximum(usual, MEAN_VARIANCE), SHIFT_BUCKETS[bucket]
    before, before_count, after, after_count = _sides(np.where(known, level, 0.0), known, width)
    pooled = (before * before_count + after * after_count) / np.maximum(before_count + after_count, 1.0)
    share = 1.0 / np.maximum(before_count, 1.0) + 1.0 / np.maximum(after_count, 1.0)
    told = np.minimum(before_count, after_count) >= width / 2
    spread = np.sqrt((ratio * pooled + MEAN_VARIANCE) * share)
    evidence = np.where(told, (after - before) / spread, 0.0)
    moved = np.maximum(before, after) >= LEAST_SHIFT * np.minimum(before, after)
    strength = np.where(moved, np.abs(evidence), 0.0)
    highest = maximum_filter1d(strength, 2 * width + 1, axis=1, mode="nearest")
    peak = (strength >= SHIFT_DEVIATIONS) & (strength >= highest)
    row, column = _first_of_ties(peak, width)
    kind = np.where(evidence[row, column] > 0, Anomaly.LEVEL_UP, Anomaly.LEVEL_DOWN).astype(object)
    cell = row, column
    return Anomalies(row, column, kind, after[cell], before[cell], spread[cell], evidence[cell])


def _suspects(level: Reals, known: Flags) -> Integers:
    # Of a mean that holds it a spike is never far, nor of a spread that holds another.
    count, tame = np.maximum(known.sum(axis=1), 1), tamed(np.where(known, level, 0.0))
    mean = tame.sum(axis=1) / count
    square = np.where(known, (tame - mean[:, None]) ** 2, 0.0)
    most, least = np.where(known, level, -np.inf).max(axis=1), np.where(known, level, np.inf).min(axis=1)
    # The farthest cell is left out of the variance that it is held against.
    variance = np.maximum((square.sum(axis=1) - square.max(axis=1)) / count, mean)
    told = (mean > 0) & ((known & (level > 0)).sum(axis=1) >= LEAST_SOLD)
    far = [deviations_of(extreme[told], mean[told], variance[told]) for extreme in (most, least)]
    return np.flatnonzero(told)[(far[0] >= SUSPECT_DEVIATIONS) | (far[1] <= -SUSPECT_DEVIATIONS)]


def _usual(level: Reals, known: Flags, width: int, rounds: int) -> tuple[Reals, Reals]:
    """Return what is usual around each cell, and its variance; those far out of it cut, round by round."""
    cut = tamed(np.where(known, level, 0.0))
    for _ in range(rounds):
        usual = centred_level(cut, known, width)
        variance = _ratio(level, known, usual)[:, None] * usual + CELL_VARIANCE
        reach = CUT_DEVIATIONS * np.sqrt(variance)
        cut = np.clip(level, usual - reach, usual + reach)
    return usual, variance


def _ratio(level: Reals, known: Flags, usual: Reals) -> Reals:
    """Return variance over mean of each series, the few cells farthest from usual left out."""
    square = np.where(known, (level - usual) ** 2, 0.0)
    kept = max(level.shape[1] - LEFT_OUT, 1)
    farthest = np.partition(square, kept - 1, axis=1)[:, kept:]
    promised = np.where(known, usual, 0.0).sum(axis=1)
    ratio: Reals = (square.sum(axis=1) - farthest.sum(axis=1)) / np.maximum(promised, LEAST_PROMISED)
    return np.maximum(ratio, LEAST_RATIO)


def _sides(units: Reals, known: Flags, width: int) -> tuple[Reals, Reals, Reals, Reals]:
    """Return mean and count of known cells in the window before each cell, and in the one that begins with it."""
    length, found = units.shape[1], []
    for values in (units, known):
        sums = sums_until(values, width + 1, width)
        middle = sums[:, width : width + length]
        found.append((middle - sums[:, :length], sums[:, 2 * width : 2 * width + length] - middle))
    (before, after), (before_count, after_count) = found
    return (
        np.maximum(before, 0.0) / np.maximum(before_count, 1.0),
        before_count,
        np.maximum(after, 0.0) / np.maximum(after_count, 1.0),
        after_count,
    )


def _first_of_ties(peak: Flags, width: int) -> tuple[Integers, Integers]:
    """Return the first of neighbouring peaks that are equally high."""
    row, column = np.nonzero(peak)
    follows = np.zeros(len(row), dtype=bool)
    follows[1:] = (row[1:] == row[:-1]) & (column[1:] - column[:-1] <= width)
    return row[~follows], column[~follows]


def _none() -> Anomalies:
    places, units = np.empty(0, dtype=np.int64), np.empty(0)
    return Anomalies(places, places, np.empty(0, dtype=object), units, units, units, units)
