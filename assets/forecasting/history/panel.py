"""Bucket series per item and site as one panel, aligned so that every series ends before the plan date.

Here: which cells are known, and what comes of a panel by leaving out series or buckets. Not here: laying
demand on the grid (``build_panel``), what an unknown cell is worth (``censoring``), the season
(``seasonality``), or what a driver does (``driver_effects``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Flags, Integers, Reals, Singles
from assets.forecasting.history.drivers import Drivers
from assets.forecasting.history.index import KEY
from assets.forecasting.history.kept import Kept
from assets.forecasting.history.longer_past import LongerPast
from assets.forecasting.history.phase import SEASON_LENGTH
from assets.kernel.calendar import Bucket
from assets.kernel.identifiers import DIGEST_BYTES, digest

# Below this many known buckets a series is forecast from its analogues (``analogue``).
MINIMUM_OBSERVED = 8


@dataclass(frozen=True)
class SeriesPanel:
    """Demand of ``n`` series over ``T`` buckets, the last one ending where the plan begins.

    Attributes
    ----------
    index : DataFrame
        ``item_id``, ``site_id``, ``demand_segment`` and ``category`` of each row, sorted by key; also
        ``price_band`` and ``decision_level`` where they are told.
    demand : array (n, T)
        Demand that is certain, in base units; 0 where nothing is known.
    observed : array (n, T)
        Whether the cell is the whole demand: reported, and not censored.
    begins : array (n,)
        Column of the first row known of the series; ``T`` without any.
    phase : array (T,)
        Position of each bucket in the season: weekday, or ISO week less one.
    bucket : Bucket
        Day or week.
    drivers : Drivers or None
        Promotions, prices and events, also of the buckets ahead; None where the panel has none.
    in_stock : array (n, T) or None
        Share of each bucket with stock on the shelf; None where no bucket is told in part.
    driven : array (n, T + H) or None
        Factors of what drove each bucket and was taken out of ``demand``, and of what is announced for those
        ahead; None where nothing was taken out.
    longer : LongerPast or None
        None where this panel tells as much.
    """

    index: pd.DataFrame
    demand: Reals
    observed: Flags
    begins: Integers
    phase: Integers
    bucket: Bucket
    drivers: Drivers | None = None
    in_stock: Singles | None = None
    driven: Singles | None = None
    longer: LongerPast | None = None

    @property
    def size(self) -> int:
        """Number of series."""
        return int(self.demand.shape[0])

    @property
    def length(self) -> int:
        """Number of buckets."""
        return int(self.demand.shape[1])

    @property
    def season_length(self) -> int:
        """Buckets of a season."""
        return SEASON_LENGTH[self.bucket]

    @cached_property
    def kept(self) -> Kept:
        """What was computed of the panel and will be asked for again: a panel never changes."""
        return Kept()

    @property
    def observed_count(self) -> Integers:
        """Buckets per series whose whole demand is known."""
        count: Integers = self.observed.sum(axis=1)
        return count

    @property
    def is_thin(self) -> Flags:
        """Whether a series tells too little of itself: few known buckets, or never any demand."""
        thin: Flags = np.all(self.demand <= 0, axis=1) | (self.observed_count < MINIMUM_OBSERVED)
        return thin

    def until(self, column: int) -> SeriesPanel:
        """Return what an origin at ``column`` knows: what was before it, and what it was told of after it."""
        return replace(
            self,
            demand=self.demand[:, :column],
            observed=self.observed[:, :column],
            begins=np.minimum(self.begins, column),
            phase=self.phase[:column],
            drivers=None if self.drivers is None else self.drivers.until(column),
            in_stock=None if self.in_stock is None else self.in_stock[:, :column],
            driven=None if self.driven is None else self.driven[:, : self.driven.shape[1] - self.length + column],
            longer=None if self.longer is None else self.longer.without_last(self.length - column),
        )

    def take(self, rows: Integers) -> SeriesPanel:
        """Return the panel of some of the series; itself where they are all, in their order."""
        everything = np.arange(self.size)
        return self if np.array_equal(rows, everything) else self._of(rows, rows)

    def block(self, rows: slice) -> SeriesPanel:
        """Return the panel of neighbouring series, which shares their arrays."""
        return self._of(rows, np.arange(self.size)[rows])

    def _of(self, rows: Integers | slice, places: Integers) -> SeriesPanel:
        """Return the panel of some rows, which are also told as numbers."""
        return replace(
            self,
            index=self.index.iloc[rows].reset_index(drop=True),
            demand=self.demand[rows],
            observed=self.observed[rows],
            begins=self.begins[rows],
            drivers=None if self.drivers is None else self.drivers.take(places),
            in_stock=None if self.in_stock is None else self.in_stock[rows],
            driven=None if self.driven is None else self.driven[rows],
            longer=None if self.longer is None else self.longer.of_series(lambda panel: panel._of(rows, places)),
        )

    def data_digest(self) -> str:
        """Return a digest of everything that models see."""
        labels = self.index[[*KEY, "demand_segment", "category"]].to_numpy().tolist()
        cells = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for array in (self.demand, np.packbits(self.observed), self.begins):
            cells.update(np.ascontiguousarray(array).data)
        if self.in_stock is not None:
            cells.update(np.ascontiguousarray(self.in_stock).data)
        drivers = () if self.drivers is None else (self.drivers.data_digest(),)
        longer = () if self.longer is None else (self.longer.panel.data_digest(),)
        return digest(labels, self.demand.shape, cells.hexdigest(), str(self.bucket), *drivers, *longer)
