"""One series as people look at it: demand of past buckets with what is not known of it, and its forecast.

Not here: how it is drawn (``fan_chart``, the command line), and which series deserve a look
(``noteworthy``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from assets.forecasting.pages.announcements import Announcement, Calendar

KEY = ["item_id", "site_id"]
# Day buckets are compared with stretches that begin on the same weekday.
DAYS_OF_WEEK = 7


class Known(StrEnum):
    """How much of a bucket's demand is known."""

    WHOLE = "whole"
    AT_LEAST = "at_least"
    NOTHING = "nothing"


@dataclass(frozen=True)
class SeriesView:
    """The past and the forecast of one item at one site.

    Attributes
    ----------
    item, site : str
        Whose demand it is.
    past : DataFrame
        ``bucket_start``, ``demand_units`` (base units; NaN where nothing is known) and ``known`` (a
        `Known`) of each bucket from the first one shown to the plan date, without gaps.
    ahead : DataFrame
        Rows of ``DEMAND_FORECAST``, in the order of buckets.
    bucket_days : int
        Length of a bucket in days.
    announced : tuple of Announcement
        What the calendar says of the buckets shown.
    """

    item: str
    site: str
    past: pd.DataFrame
    ahead: pd.DataFrame
    bucket_days: int
    announced: tuple[Announcement, ...] = ()

    @property
    def name(self) -> str:
        """Item and site, as a title names them."""
        return f"{self.item} at {self.site}"

    @property
    def bucket_name(self) -> str:
        """What a bucket is called: day, week, or its days."""
        return {1: "day", DAYS_OF_WEEK: "week"}.get(self.bucket_days, f"{self.bucket_days} days")

    def with_announced(self, calendar: Calendar) -> SeriesView:
        """Return it with what a calendar says of the buckets shown, past and ahead."""
        starts = [*self.past["bucket_start"], *self.ahead["bucket_start"]]
        if not starts:
            return self
        first, last = min(starts).date(), (max(starts) + pd.Timedelta(days=self.bucket_days - 1)).date()
        return replace(self, announced=tuple(calendar.of(self.item, self.site, first, last)))

    @property
    def horizon(self) -> int:
        """Number of buckets ahead."""
        return len(self.ahead)

    def earlier_stretches(self) -> list[tuple[np.ndarray, bool]]:
        """Return cumulative demand of past stretches as long as the horizon, the latest first.

        Stretches of days begin on the weekday of the plan date, so that they compare with the
        forecast as they stand. The flag says whether the whole demand of the stretch is known;
        where it is not, the sums are lower bounds.
        """
        if not self.horizon:
            return []
        step = -(-self.horizon // DAYS_OF_WEEK) * DAYS_OF_WEEK if self.bucket_days == 1 else self.horizon
        units = np.nan_to_num(self.past["demand_units"].to_numpy(dtype=float))
        whole = (self.past["known"] == Known.WHOLE).to_numpy()
        starts = range(len(units) - step, -1, -step)
        spans = [slice(start, start + self.horizon) for start in starts]
        return [(np.cumsum(units[span]), bool(whole[span].all())) for span in spans]


def bucket_days_of(forecast: pd.DataFrame, demand: pd.DataFrame) -> int:
    """Return the length of a bucket, as the dates of the forecast tell it, else those of demand; 1 without two."""
    for table in (forecast, demand):
        starts = np.unique(table["bucket_start"].to_numpy(dtype="datetime64[D]"))
        if len(starts) > 1:
            return int(np.diff(starts).astype(int).min())
    return 1


def series_view(
    demand: pd.DataFrame,
    forecast: pd.DataFrame,
    item: str,
    site: str,
    *,
    buckets: int,
    bucket_days: int | None = None,
    plan_date: pd.Timestamp | None = None,
) -> SeriesView:
    """Return one series as people look at it.

    Parameters
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``; of several versions of a bucket the latest counts.
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``.
    item, site : str
        Which series.
    buckets : int
        Most past buckets to show.
    bucket_days : int, optional
        Length of a bucket; taken from the dates by default.
    plan_date : Timestamp, optional
        Where the past ends; the first bucket of the forecast by default.
    """
    days = bucket_days or bucket_days_of(forecast, demand)
    ahead = _of(forecast, item, site).sort_values("bucket_index", ignore_index=True)
    told = _of(demand, item, site)
    end = plan_date if plan_date is not None else _end(ahead, told, days)
    return SeriesView(item, site, _past(told, end, buckets, days), ahead, days)


def _of(table: pd.DataFrame, item: str, site: str) -> pd.DataFrame:
    return table[(table["item_id"] == item) & (table["site_id"] == site)]


def _end(ahead: pd.DataFrame, told: pd.DataFrame, days: int) -> pd.Timestamp | None:
    if len(ahead):
        return pd.Timestamp(ahead["bucket_start"].min())
    return pd.Timestamp(told["bucket_start"].max()) + pd.Timedelta(days=days) if len(told) else None


def _past(told: pd.DataFrame, end: pd.Timestamp | None, buckets: int, days: int) -> pd.DataFrame:
    """Lay demand on its grid; a bucket without a row stands there as unknown."""
    told = told[told["bucket_start"] < end] if end is not None else told
    versions = ["bucket_start", "available_at", "batch_id"]
    told = told.sort_values(versions).drop_duplicates("bucket_start", keep="last").set_index("bucket_start")
    if end is None or told.empty:
        return pd.DataFrame({"bucket_start": pd.DatetimeIndex([]), "demand_units": [], "known": []})
    step = pd.Timedelta(days=days)
    begin = max(pd.Timestamp(told.index.min()), end - buckets * step)
    # Counted back from the plan date, because that is where the grid is anchored.
    grid = pd.date_range(end=end - step, periods=max(int((end - begin) / step), 1), freq=step)
    laid = told.reindex(grid)
    units = laid["demand_lower_bound_units"].astype(float)
    known = np.where(units.isna(), Known.NOTHING, np.where(laid["is_censored"].eq(True), Known.AT_LEAST, Known.WHOLE))
    return pd.DataFrame({"bucket_start": grid, "demand_units": units.to_numpy(), "known": known})
