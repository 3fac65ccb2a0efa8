"""Reads what plans before a plan date published: their forecasts, by which models, and what they thought of drift.

Only plan dates before the plan's own are looked at, so that a backfill sees nothing later, and only
what was decided as it was known then: a forecast with hindsight proves nothing. Not here: comparing
(``forecast_outcomes``) or judging (``drift``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow.compute as pc

from assets.forecasting.history.index import KEY
from assets.kernel.calendar import AsKnown, PlanCalendar
from assets.kernel.frames import Frame
from assets.kernel.frames.forecasts import CHAMPIONS, DEMAND_FORECAST, QUANTILE_COLUMNS
from assets.kernel.frames.marts import FCT_DEMAND
from assets.kernel.frames.monitoring import FORECAST_DRIFT
from assets.kernel.published import Published
from assets.monitoring.forecast_outcomes import (
    next_bucket_windows,
    standing_demand,
    whole_horizon_windows,
)
from assets.monitoring.recalibration import NEXT_BUCKET
from assets.orders.standing import as_known_of

LOOK_BACK = 28
"""Plan dates looked back: four weeks of days."""

_MEANS = ("plan_date", *KEY, "bucket_start", "mean_units")
_FORECAST = (
    "plan_date", *KEY, "bucket_start", "demand_segment", "decision_level", "cumulative_mean_units",
    "cumulative_std_units",
    *QUANTILE_COLUMNS,
)  # fmt: skip
_DEMAND = (*KEY, "bucket_start", "demand_lower_bound_units", "is_censored", "available_at", "batch_id")


def outcome_windows(
    published: Published, plan_date: dt.date, calendar: PlanCalendar, horizon_buckets: int
) -> Mapping[int, pd.DataFrame]:
    """Return the windows of the next bucket and of the whole horizon that are over by a plan date.

    Parameters
    ----------
    published : Published
        Tables of the network; demand is that of ``plan_date`` itself.
    plan_date : date
        Plan that looks back, over ``LOOK_BACK`` plan dates at most.
    calendar : PlanCalendar
        Bucket grid.
    horizon_buckets : int
        Buckets of the whole horizon; of two plan dates whose windows overlap the later one counts.

    Returns
    -------
    mapping
        Buckets of the horizon to windows; a horizon without any is left out.
    """
    origins = earlier(published, DEMAND_FORECAST, plan_date)
    over = [day for day in origins if calendar.bucket_start(day, horizon_buckets) <= plan_date]
    far = {day: origins[day] for day in _apart(over, calendar, horizon_buckets)}
    demand = _demand(published, plan_date, min(origins, default=plan_date))
    index = pc.field("bucket_index")
    nearest = _forecasts(published, origins, _FORECAST, index == 0)
    farthest = _forecasts(published, far, _FORECAST, index == horizon_buckets - 1)
    means = _forecasts(published, far, _MEANS, index < horizon_buckets)
    found = {
        NEXT_BUCKET: next_bucket_windows(nearest, demand),
        horizon_buckets: whole_horizon_windows(farthest, means, demand),
    }
    return {horizon: windows for horizon, windows in found.items() if len(windows)}


def next_windows(published: Published, plan_date: dt.date, look_back: int) -> pd.DataFrame:
    """Return the windows of the next bucket of so many plan dates before one (``forecast_outcomes.WINDOW_COLUMNS``)."""
    origins = earlier(published, DEMAND_FORECAST, plan_date, look_back)
    nearest = _forecasts(published, origins, _FORECAST, pc.field("bucket_index") == 0)
    return next_bucket_windows(nearest, _demand(published, plan_date, min(origins, default=plan_date)))


def last_requests(published: Published, plan_date: dt.date) -> dict[str, dt.date]:
    """Return the plan date of each segment's last request before a plan date."""
    found: dict[str, dt.date] = {}
    columns = ("demand_segment", "recalibration_requested")
    for day, run_id in earlier(published, FORECAST_DRIFT, plan_date).items():
        table = published.part(FORECAST_DRIFT, day, columns, run_id=run_id, where=pc.field(columns[1]))
        found |= dict.fromkeys([] if table is None else table["demand_segment"], day)
    return found


def in_force_since(published: Published, plan_date: dt.date, champions: pd.DataFrame) -> dt.date | None:
    """Return the first of the plan dates in a row, up to one, that were forecast with its selection.

    Parameters
    ----------
    published : Published
        Tables of the network.
    plan_date : date
        Plan that looks back, over ``LOOK_BACK`` plan dates at most.
    champions : DataFrame
        Frame ``CHAMPIONS`` of that plan.

    Returns
    -------
    date or None
        None where the plan has no champions.
    """
    if champions.empty:
        return None
    version, since, column = champions["selection_version"].iloc[0], plan_date, "selection_version"
    for day, run_id in reversed(earlier(published, CHAMPIONS, plan_date).items()):
        table = published.part(CHAMPIONS, day, (column,), run_id=run_id)
        if table is None or version not in set(table[column]):
            break
        since = day
    return since


def earlier(published: Published, frame: Frame, plan_date: dt.date, look_back: int = LOOK_BACK) -> dict[dt.date, str]:
    """Return the last plan dates before one that published a table as it was known then, and by which run."""
    before = [day for day in published.plan_dates(frame.name) if day < plan_date][-look_back:]
    runs = {day: _live_run(published, frame, day) for day in before}
    return {day: run_id for day, run_id in runs.items() if run_id}


def _live_run(published: Published, frame: Frame, plan_date: dt.date) -> str:
    runs = published.run_ids(frame.name, plan_date)
    return next((run_id for run_id in runs if as_known_of(published, plan_date, run_id) == AsKnown.THEN), "")


def _apart(origins: Sequence[dt.date], calendar: PlanCalendar, buckets: int) -> list[dt.date]:
    """Return plan dates whose windows do not overlap, the latest first."""
    kept: list[dt.date] = []
    for day in sorted(origins, reverse=True):
        if not kept or calendar.bucket_start(day, buckets) <= kept[-1]:
            kept.append(day)
    return kept


def _demand(published: Published, plan_date: dt.date, since: dt.date) -> pd.DataFrame:
    """Return demand between two dates as the plan knows it; a plan with hindsight may know more than is over."""
    over = (pc.field("bucket_start") >= since) & (pc.field("bucket_start") < plan_date)
    found = published.part(FCT_DEMAND, plan_date, _DEMAND, where=over)
    return standing_demand(FCT_DEMAND.empty()[list(_DEMAND)] if found is None else found)


def _forecasts(
    published: Published, runs: Mapping[dt.date, str], columns: Sequence[str], where: pc.Expression
) -> pd.DataFrame:
    parts = [
        published.part(DEMAND_FORECAST, day, columns, run_id=run_id, where=where)
        for day, run_id in sorted(runs.items())
    ]
    found = [part for part in parts if part is not None and len(part)]
    return pd.concat(found, ignore_index=True) if found else DEMAND_FORECAST.empty()[list(columns)]
