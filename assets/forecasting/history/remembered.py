"""The panel that models see, and beside it the longer past of which rare things are learned.

A holiday comes once in 385 days and a season once a year; a level is forgotten within months. Here: how
long either past is. Not here: the grid (``series``), or what is learned (``driver_learning``, ``yearly``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.longer_past import LongerPast
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.without_drivers import taken_of
from assets.forecasting.history.yearly.factors import LEAST_YEARS
from assets.forecasting.history.yearly.place import YEAR_WEEKS, year_places
from assets.forecasting.history.yearly.weeks import WEEK_DAYS
from assets.kernel.calendar import Bucket, PlanCalendar

# Most buckets of which effects of drivers and the season of the year are learned: three years. The standard
# release lays out more weeks than that as they are.
LEARNING_BUCKETS = {Bucket.DAY: 1_096, Bucket.WEEK: 157}
# Fewer buckets than this beside the panel's own tell nothing that is worth a second panel.
LEAST_OLDER_BUCKETS = 7


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
    years or more; any other panel is ``build_panel``'s. Whose season counts, the network's or a category's,
    is asked once, of all that the plan knows, and holds at every origin of the backtest: one that knew no
    season would teach residuals, and a correction of means, that the plan's season has taken out already.
    For that two years must be behind the oldest origin too. What the season is, and how far it is shrunk, an
    origin tells of its own past.

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
    older = panel
    if is_long:
        older = build_panel(demand, ranged, calendar, plan_date, known, events=events, horizon=horizon)
    if yearly:
        place = year_places(calendar, plan_date, -older.length, horizon)
        found = _with_season(_beside(panel, LongerPast(older, place)))
        if found is not None:
            return found
    return _beside(panel, LongerPast(older)) if is_long and panel.drivers is not None else panel


def _beside(panel: SeriesPanel, longer: LongerPast) -> SeriesPanel:
    """Return a panel with a longer past, and the drivers that this one has."""
    whole = longer.panel
    if whole.drivers is None:
        return replace(panel, longer=longer)
    drivers = whole.drivers.since_column(whole.length - panel.length)
    return replace(panel, longer=longer, drivers=drivers)


def _with_season(panel: SeriesPanel) -> SeriesPanel | None:
    """Return a panel that knows whose season counts; None where nobody's does."""
    season = taken_of(panel).season
    if season is None or panel.longer is None:
        return None
    return replace(panel, longer=replace(panel.longer, year_groups=season.groups))


def _oldest(demand: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date) -> int:
    """Return how many buckets before the plan date the oldest row lies; 0 without any."""
    if demand.empty:
        return 0
    days = (pd.Timestamp(plan_date) - pd.Timestamp(demand["bucket_start"].min())).days
    return -(-days // calendar.bucket.days)
