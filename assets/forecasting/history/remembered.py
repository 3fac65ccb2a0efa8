"""The panel that models see, and beside it the longer past of which rare things are learned.

A holiday comes once in 385 days and a season once a year; a level is forgotten within months. Here: how
long either past is. Not here: the grid (``series``), or what is learned (``driver_learning``, ``yearly``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.forecasting.history.series import Reals, SeriesPanel, build_panel
from assets.forecasting.history.without_drivers import taken_of
from assets.forecasting.history.yearly import LEAST_YEARS, WEEK_DAYS, YEAR_WEEKS
from assets.kernel.calendar import Bucket, PlanCalendar

# Most buckets of which effects of drivers and the season of the year are learned: three years.
LEARNING_BUCKETS = {Bucket.DAY: 1_096, Bucket.WEEK: 157}
# Fewer buckets than this beside the panel's own tell nothing that is worth a second panel.
LEAST_OLDER_BUCKETS = 7
# Thursday is the middle of an ISO week.
_MIDDLE_WEEKDAY = 3


def remembered_panel(
    demand: pd.DataFrame,
    ranged: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
    history_buckets: int,
    *,
    events: pd.DataFrame | None = None,
    horizon: int = 0,
    origins: int = 0,
) -> SeriesPanel:
    """Lay demand on the bucket grid, with a longer past where that tells more.

    It is kept where the panel has drivers, or where the season of the year shows in daily demand of two
    years or more; any other panel is ``build_panel``'s. Two years must be behind the oldest origin of the
    backtest too: one that knew no season would teach residuals, and a correction of means, that the plan's
    season has taken out already. For that a season counts only if it shows at the oldest origin as well.

    Parameters
    ----------
    demand, ranged, calendar, plan_date, history_buckets, events, horizon
        As in ``build_panel``.
    origins : int
        Origins of the backtest, one horizon apart.
    """
    panel = build_panel(demand, ranged, calendar, plan_date, history_buckets, events=events, horizon=horizon)
    known = min(_oldest(demand, calendar, plan_date), max(LEARNING_BUCKETS[calendar.bucket], history_buckets))
    is_long = known >= history_buckets + LEAST_OLDER_BUCKETS
    yearly = calendar.bucket is Bucket.DAY and known >= LEAST_YEARS * YEAR_WEEKS * WEEK_DAYS + origins * horizon
    if panel.length == 0 or not (yearly or (is_long and panel.drivers is not None)):
        return panel
    longer = panel
    if is_long:
        longer = build_panel(demand, ranged, calendar, plan_date, known, events=events, horizon=horizon)
    if yearly:
        longer = replace(longer, year_place=year_places(calendar, plan_date, -longer.length, horizon))
    found = _with(panel, longer)
    if yearly and not _season_shows(found, origins * horizon):
        found = _with(panel, replace(longer, year_place=None))
    return panel if found.drivers is None and _year_place(found) is None else found


def _with(panel: SeriesPanel, longer: SeriesPanel) -> SeriesPanel:
    """Return a panel with a longer past, and the drivers that this one has."""
    if longer.drivers is None:
        return replace(panel, longer=longer)
    drivers = longer.drivers.since_column(longer.length - panel.length)
    return replace(panel, longer=longer, drivers=drivers)


def _year_place(panel: SeriesPanel) -> Reals | None:
    return None if panel.longer is None else panel.longer.year_place


def _season_shows(panel: SeriesPanel, back: int) -> bool:
    """Return whether a season of the year shows at the plan date and ``back`` buckets before it."""
    return all(
        taken_of(panel.until(column)).season is not None
        for column in sorted({max(1, panel.length - back), panel.length})
    )


def year_places(calendar: PlanCalendar, plan_date: dt.date, start: int, stop: int) -> Reals:
    """Return where in the year the days ``start`` to ``stop`` from the plan date lie, week 53 as week 52.

    In ISO weeks from the Thursday of the first.
    """
    days = [calendar.bucket_start(plan_date, index).isocalendar() for index in range(start, stop)]
    return np.array([min(day.week, YEAR_WEEKS) - 1 + (day.weekday - 1 - _MIDDLE_WEEKDAY) / WEEK_DAYS for day in days])


def _oldest(demand: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date) -> int:
    """Return how many buckets before the plan date the oldest row lies; 0 without any."""
    if demand.empty:
        return 0
    days = (pd.Timestamp(plan_date) - pd.Timestamp(demand["bucket_start"].min())).days
    return -(-days // calendar.bucket.days)
