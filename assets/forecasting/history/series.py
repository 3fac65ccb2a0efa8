"""Dense bucket series per item and site, aligned so that every series ends before the plan date.

Here: the grid, which cells are known, and what drove them. Not here: what an unknown cell is worth
(``censoring``), the season (``seasonality``), or what a driver does (``driver_effects``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.history.announced import announced
from assets.forecasting.history.drivers import Drivers, told_drivers
from assets.forecasting.history.yearly.groups import YearlyGroups
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.marts import DIM_EVENT
from assets.kernel.identifiers import DIGEST_BYTES, digest

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

KEY = ["item_id", "site_id"]
# Column of an index: the quantile that models of a series are compared at.
DECISION_LEVEL = "decision_level"
# Below this many known buckets a series is forecast from its analogues (``analogue``).
MINIMUM_OBSERVED = 8
# Arithmetic over series goes by blocks of them: no temporary is as large as the panel, and where only
# rows are added up it stays in the cache.
BLOCK_SERIES, BLOCK_CELLS, LEAST_BLOCK_SERIES = 2048, 131_072, 64
SEASON_LENGTH = {Bucket.DAY: 7, Bucket.WEEK: 52}


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
        Share of each bucket with stock on the shelf, single precision; None where no bucket is told in part.
    driven : array (n, T + H) or None
        Factors of what drove each bucket and was taken out of ``demand``, and of what is announced for those
        ahead, single precision; None where nothing was taken out.
    longer : SeriesPanel or None
        The same series over a longer past that ends where this one does: what is seen too seldom for the
        panel alone, as a holiday, is learned of it (``remembered``). None where this panel tells as much.
    year_place : array (T + H,) or None
        Of a longer panel of days: where in the year each bucket lies, ahead too (``place``).
    year_groups : YearlyGroups or None
        Of a longer panel of days: whose season of the year counts, at every origin; None where that has not
        been asked yet.
    """

    index: pd.DataFrame
    demand: Reals
    observed: Flags
    begins: Integers
    phase: Integers
    bucket: Bucket
    drivers: Drivers | None = None
    in_stock: npt.NDArray[np.float32] | None = None
    driven: npt.NDArray[np.float32] | None = None
    longer: SeriesPanel | None = None
    year_place: Reals | None = None
    year_groups: YearlyGroups | None = None

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
    def kept(self) -> dict[str, Any]:
        """What was computed of the panel and will be asked for again: a panel never changes."""
        return {}

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
            longer=None if self.longer is None else self.longer.until(self.longer.length - self.length + column),
            year_place=None
            if self.year_place is None
            else self.year_place[: len(self.year_place) - self.length + column],
        )

    def take(self, rows: Integers) -> SeriesPanel:
        """Return the panel of some of the series; itself where they are all, in their order."""
        if len(rows) == self.size and bool((rows == np.arange(self.size)).all()):
            return self
        return replace(
            self,
            index=self.index.iloc[rows].reset_index(drop=True),
            demand=self.demand[rows],
            observed=self.observed[rows],
            begins=self.begins[rows],
            drivers=None if self.drivers is None else self.drivers.take(rows),
            in_stock=None if self.in_stock is None else self.in_stock[rows],
            driven=None if self.driven is None else self.driven[rows],
            longer=None if self.longer is None else self.longer.take(rows),
        )

    def block(self, rows: slice) -> SeriesPanel:
        """Return the panel of neighbouring series, which shares their arrays."""
        return replace(
            self,
            index=self.index.iloc[rows].reset_index(drop=True),
            demand=self.demand[rows],
            observed=self.observed[rows],
            begins=self.begins[rows],
            drivers=None if self.drivers is None else self.drivers.take(np.arange(self.size)[rows]),
            in_stock=None if self.in_stock is None else self.in_stock[rows],
            driven=None if self.driven is None else self.driven[rows],
            longer=None if self.longer is None else self.longer.block(rows),
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
        longer = () if self.longer is None else (self.longer.data_digest(),)
        return digest(labels, self.demand.shape, cells.hexdigest(), str(self.bucket), *drivers, *longer)


def build_panel(
    demand: pd.DataFrame,
    ranged: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
    history_buckets: int,
    *,
    events: pd.DataFrame | None = None,
    horizon: int = 0,
) -> SeriesPanel:
    """Lay demand on the bucket grid.

    A bucket without a row is unknown, and so is one whose demand is no number. What a till leaves
    out because it did not sell has a row: ``int_demand`` lays these zeros, and knows which sites
    reported and which rows were refused.

    Parameters
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``; of several versions of a bucket the latest counts.
    ranged : DataFrame
        Item-sites to lay out, with ``demand_segment`` and ``category``, and the ``region`` of the site
        where events may be of one.
    calendar : PlanCalendar
        Grid of the network.
    plan_date : date
        The bucket that starts here is the first unknown one.
    history_buckets : int
        Most buckets to look back.
    events : DataFrame, optional
        Frame ``DIM_EVENT``.
    horizon : int
        Buckets ahead whose announcements are kept.
    """
    labels = [name for name in ("price_band", DECISION_LEVEL) if name in ranged]
    index = ranged[[*KEY, "demand_segment", "category", *labels]].sort_values(KEY, ignore_index=True)
    place, cell, length = cells_of(demand, index, calendar, plan_date, history_buckets)
    shape = (len(index), length)
    units, observed, reported = np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    # Where every row stands, which is as the mart comes, none is picked out.
    standing: slice | Integers = slice(None) if len(place) == len(demand) else place
    told = demand["demand_lower_bound_units"].to_numpy(dtype=np.float64)[standing]
    number = np.isfinite(told)
    units.reshape(-1)[cell] = np.where(number, np.maximum(told, 0.0), 0.0)
    observed.reshape(-1)[cell] = number & ~demand["is_censored"].to_numpy(dtype=bool)[standing]
    reported.reshape(-1)[cell] = True
    phase, begins = season_phase(calendar, plan_date, -length, 0), _first(reported)
    share = _shares(demand["in_stock_share"].to_numpy(dtype=np.float32)[standing], cell, shape)
    panel = SeriesPanel(index, units, observed, begins, phase, calendar.bucket, in_stock=share)
    calendar_events = DIM_EVENT.empty() if events is None else events
    located = ranged.assign(region=ranged.get("region", "")).sort_values(KEY, ignore_index=True)
    plans = announced(calendar_events, located[[*KEY, "region"]], calendar, plan_date, length, horizon)
    told_rows = demand[["is_promoted", "unit_price"]].iloc[standing]
    promoted, price = told_drivers(told_rows, cell, plans.planned[:, :length])
    if not (promoted.any() or price is not None or len(calendar_events)):
        return panel
    return replace(panel, drivers=Drivers(promoted, price, plans, horizon))


def has_drivers(
    demand: pd.DataFrame, events: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date, history_buckets: int
) -> bool:
    """Return whether a panel of these tables would have drivers, whatever is ranged.

    A price that was corrected counts as one that varies.

    Parameters
    ----------
    demand, events : DataFrame
        Frames ``FCT_DEMAND`` and ``DIM_EVENT``.
    calendar : PlanCalendar
        Grid.
    plan_date : date
        First bucket ahead.
    history_buckets : int
        Most buckets to look back.
    """
    age = _age(demand, calendar, plan_date)
    inside = (age >= 1) & (age <= history_buckets)
    promoted = demand["is_promoted"].to_numpy(dtype=bool)
    if len(events) or bool((inside & promoted).any()):
        return True
    if demand.empty:
        return False
    price = np.where(inside, demand["unit_price"].to_numpy(dtype=np.float32), np.float32(np.nan))
    runs, lengths = runs_of(demand)
    starts = np.cumsum(lengths) - lengths
    bounds = runs.assign(least=np.fmin.reduceat(price, starts), most=np.fmax.reduceat(price, starts))
    of_series = bounds.groupby(KEY).agg({"least": "min", "most": "max"})
    return bool((of_series["most"] > of_series["least"]).any())


def cells_of(
    demand: pd.DataFrame, index: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date, history_buckets: int
) -> tuple[Integers, Integers, int]:
    """Return the rows of demand that stand on the grid of an index, their flat cells, and the grid's length."""
    row, age = _row_of(demand, index), _age(demand, calendar, plan_date)
    inside = (age >= 1) & (age <= history_buckets)
    length = int(age[inside].max()) if inside.any() else 0
    place = np.flatnonzero(inside & (row >= 0))
    cell = row[place] * length + length - age[place]
    return *_standing(demand, place, cell, len(index) * length), length


def codes_of(index: pd.DataFrame, name: str) -> Integers:
    """Return the place of each row's value among the sorted ones of a column, shape (n,)."""
    codes: Integers = np.unique(index[name].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    return codes


def key_order(index: pd.DataFrame) -> Integers:
    """Return the rows of an index in the order of their keys."""
    return np.lexsort([index[name].to_numpy(dtype=str) for name in reversed(KEY)])


def row_blocks(size: int, length: int = 0) -> Iterator[slice]:
    """Yield slices of rows small enough for what is computed of them to stay in the cache.

    Parameters
    ----------
    size : int
        Rows.
    length : int
        Cells of a row, where nothing that is computed depends on which rows stand together, as sums
        over the rows of a block do, and sums along rows of whatever order numpy lays a block out in.
    """
    step = int(np.clip(BLOCK_CELLS // length, LEAST_BLOCK_SERIES, BLOCK_SERIES)) if length else BLOCK_SERIES
    for first in range(0, size, step):
        yield slice(first, min(first + step, size))


def season_phase(calendar: PlanCalendar, plan_date: dt.date, start: int, stop: int) -> Integers:
    """Return the season position of buckets ``start`` to ``stop`` counted from the plan date.

    Weekday 0 to 6 for days; ISO week less one, week 53 counting as 52, for weeks.
    """
    days = [calendar.bucket_start(plan_date, index) for index in range(start, stop)]
    if calendar.bucket is Bucket.DAY:
        return np.array([day.weekday() for day in days], dtype=np.int64)
    return np.array([min(day.isocalendar().week, 52) - 1 for day in days], dtype=np.int64)


def runs_of(demand: pd.DataFrame) -> tuple[pd.DataFrame, Integers]:
    """Return the item and site of each run of rows of one series, and the lengths of the runs.

    The mart comes sorted by key, so that a series is one run: names are looked up once a run, not
    once a row. In any other order there are more runs, and all else is the same.
    """
    if demand.empty:
        return pd.DataFrame({name: np.empty(0, dtype=object) for name in KEY}), np.empty(0, dtype=np.int64)
    names = [demand[name].to_numpy(dtype=object) for name in KEY]
    new = np.any([values[1:] != values[:-1] for values in names], axis=0)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    runs = pd.DataFrame({name: values[starts] for name, values in zip(KEY, names, strict=True)})
    return runs, np.diff(np.append(starts, len(demand)))


def _row_of(demand: pd.DataFrame, index: pd.DataFrame) -> Integers:
    """Return the row of the index that each row of demand belongs to; -1 where it is not ranged."""
    runs, lengths = runs_of(demand)
    found = runs.merge(index[KEY].assign(row=np.arange(len(index))), on=KEY, how="left")["row"]
    return np.repeat(found.fillna(-1).to_numpy(dtype=np.int64), lengths)


def _age(demand: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date) -> Integers:
    """Return how many buckets before the plan date each row lies; the bucket before it is 1."""
    starts = pd.to_datetime(demand["bucket_start"]).to_numpy(dtype="datetime64[us]").astype("datetime64[D]")
    days = (np.datetime64(plan_date, "D") - starts).astype(np.int64)
    age: Integers = days if calendar.bucket.days == 1 else -(-days // calendar.bucket.days)
    return age


def _standing(demand: pd.DataFrame, place: Integers, cell: Integers, cells: int) -> tuple[Integers, Integers]:
    """Return the rows that stand, and their cells: of several versions of a cell the latest.

    Versions known at the same time from the same batch are told apart by what they say, so that
    the order of rows decides nothing.
    """
    if bool((cell[1:] > cell[:-1]).all()):
        return place, cell
    twice = np.bincount(cell, minlength=cells)[cell] > 1
    order = ["available_at", "batch_id", "demand_lower_bound_units", "is_censored"]
    versions = demand[order].iloc[place[twice]].assign(cell=cell[twice], place=np.flatnonzero(twice))
    latest = versions.sort_values(["cell", *order], kind="stable").drop_duplicates("cell", keep="last")
    stands = ~twice
    stands[latest["place"].to_numpy()] = True
    return place[stands], cell[stands]


def _shares(told: npt.NDArray[np.float32], cell: Integers, shape: tuple[int, int]) -> npt.NDArray[np.float32] | None:
    """Return the share of each bucket in stock; None where each has stock throughout or not at all."""
    if not ((told > 0) & (told < 1)).any():
        return None
    shares = np.zeros(shape, dtype=np.float32)
    shares.reshape(-1)[cell] = told
    return shares


def _first(reported: Flags) -> Integers:
    length = reported.shape[1]
    if length == 0:
        return np.zeros(len(reported), dtype=np.int64)
    begins: Integers = np.where(reported.any(axis=1), reported.argmax(axis=1), length).astype(np.int64)
    return begins
