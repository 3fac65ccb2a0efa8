"""Dense bucket series per item and site, aligned so that every series ends before the plan date.

Here: the grid, and which cells are known. Not here: what an unknown cell is worth
(``censoring``), or the season (``seasonality``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.identifiers import bytes_digest, digest

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

KEY = ["item_id", "site_id"]
# Below this many known buckets a series is forecast from its analogues (``analogue``).
MINIMUM_OBSERVED = 8
SEASON_LENGTH = {Bucket.DAY: 7, Bucket.WEEK: 52}


@dataclass(frozen=True)
class SeriesPanel:
    """Demand of ``n`` series over ``T`` buckets, the last one ending where the plan begins.

    Attributes
    ----------
    index : DataFrame
        ``item_id``, ``site_id``, ``demand_segment`` and ``category`` of each row, sorted by key.
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
    """

    index: pd.DataFrame
    demand: Reals
    observed: Flags
    begins: Integers
    phase: Integers
    bucket: Bucket

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
        """Return what was known before ``column``: the panel of an earlier origin."""
        return replace(
            self,
            demand=self.demand[:, :column],
            observed=self.observed[:, :column],
            begins=np.minimum(self.begins, column),
            phase=self.phase[:column],
        )

    def data_digest(self) -> str:
        """Return a digest of everything that models see."""
        labels = self.index[[*KEY, "demand_segment", "category"]].to_numpy().tolist()
        cells = self.demand.tobytes() + np.packbits(self.observed).tobytes() + self.begins.tobytes()
        return digest(labels, self.demand.shape, bytes_digest(cells), str(self.bucket))


def build_panel(
    demand: pd.DataFrame,
    ranged: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
    history_buckets: int,
) -> SeriesPanel:
    """Lay demand on the bucket grid.

    A bucket without a row is unknown. What a till leaves out because it did not sell has a row:
    ``int_demand`` lays these zeros, and knows which sites reported and which rows were refused.

    Parameters
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``; of several versions of a bucket the latest counts.
    ranged : DataFrame
        Item-sites to lay out, with ``demand_segment`` and ``category``.
    calendar : PlanCalendar
        Grid of the network.
    plan_date : date
        The bucket that starts here is the first unknown one.
    history_buckets : int
        Most buckets to look back.
    """
    index = ranged[[*KEY, "demand_segment", "category"]].sort_values(KEY, ignore_index=True)
    rows = _latest_rows(demand, calendar, plan_date, history_buckets)
    length = int(rows["age"].max()) if len(rows) else 0
    rows = rows.assign(column=length - rows["age"].to_numpy(dtype=np.int64))
    rows = rows.merge(index[KEY].assign(row=np.arange(len(index))), on=KEY, how="inner")
    row, column = rows["row"].to_numpy(), rows["column"].to_numpy()
    cells = np.zeros((len(index), length))
    cells[row, column] = np.maximum(rows["demand_lower_bound_units"].to_numpy(dtype=float), 0.0)
    begins = np.full(len(index), length, dtype=np.int64)
    np.minimum.at(begins, row, column)
    observed = np.zeros((len(index), length), dtype=bool)
    observed[row, column] = ~rows["is_censored"].to_numpy(dtype=bool)
    phase = season_phase(calendar, plan_date, -length, 0)
    return SeriesPanel(index, cells, observed, begins, phase, calendar.bucket)


def season_phase(calendar: PlanCalendar, plan_date: dt.date, start: int, stop: int) -> Integers:
    """Return the season position of buckets ``start`` to ``stop`` counted from the plan date.

    Weekday 0 to 6 for days; ISO week less one, week 53 counting as 52, for weeks.
    """
    days = [calendar.bucket_start(plan_date, index) for index in range(start, stop)]
    if calendar.bucket is Bucket.DAY:
        return np.array([day.weekday() for day in days], dtype=np.int64)
    return np.array([min(day.isocalendar().week, 52) - 1 for day in days], dtype=np.int64)


def _latest_rows(
    demand: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date, history_buckets: int
) -> pd.DataFrame:
    days = (pd.Timestamp(plan_date) - pd.to_datetime(demand["bucket_start"])).dt.days.to_numpy(dtype=np.int64)
    age = -(-days // calendar.bucket.days)
    rows = demand.assign(age=age)[(age >= 1) & (age <= history_buckets)]
    order = [*KEY, "age", "available_at", "batch_id"]
    return rows.sort_values(order, kind="stable").drop_duplicates([*KEY, "age"], keep="last")
