"""Demand of the past as models see it: what stock-outs and silence hid, and what stands out, as tables.

The raw sale stays beside every estimate. Here: the same panel, seasons, drivers and fills as forecasts are
made from, at the plan date. Not here: how a bucket is filled (``history.fills``), or what stands out
(``history.anomalies``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.history.anomalies import Anomalies, Anomaly, find_shifts
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.fills import Filled, fill_block
from assets.forecasting.history.grid import cells_of
from assets.forecasting.history.index import KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.ranged import series_to_forecast
from assets.forecasting.history.remembered import remembered_panel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import CLOSED_FACTOR, season_factors
from assets.forecasting.history.without_drivers import taken_of, without_drivers
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.forecasts import DEMAND_ANOMALIES, DEMAND_ESTIMATE
from assets.policy.release import Release

# What is published: recent enough for somebody to act on, long enough to hold the window of a level.
PUBLISHED_BUCKETS = {Bucket.DAY: 182, Bucket.WEEK: 52}


@dataclass(frozen=True)
class DemandEstimate:
    """What is published of the past.

    Attributes
    ----------
    estimate : DataFrame
        Frame ``DEMAND_ESTIMATE``.
    anomalies : DataFrame
        Frame ``DEMAND_ANOMALIES``.
    """

    estimate: pd.DataFrame
    anomalies: pd.DataFrame


@dataclass(frozen=True)
class _Cells:
    """Cells of the panel in the order of rows and columns, and what is told of each."""

    row: Integers
    column: Integers
    estimated: Reals
    std: Reals
    heeded: Reals


def demand_estimate(
    demand: pd.DataFrame,
    features: pd.DataFrame,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
    *,
    horizon_buckets: int = 0,
    events: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
) -> DemandEstimate:
    """Estimate the demand of buckets that are not wholly known, and tell what stands out.

    Parameters as in ``forecast_demand``.
    """
    ranged = series_to_forecast(demand, features, items, sites)
    history = release.forecast.history_buckets
    panel = remembered_panel(
        demand, ranged, calendar, plan_date, history,
        events=events, horizon=horizon_buckets, origins=release.forecast.origins,
    )  # fmt: skip
    cells, anomalies = _looked_at(panel, max(panel.length - PUBLISHED_BUCKETS[panel.bucket], 0))
    starts = pd.to_datetime([calendar.bucket_start(plan_date, place) for place in range(-panel.length, 0)])
    dates = starts.to_numpy(dtype="datetime64[us]")
    place, cell, _ = cells_of(demand, panel.index, calendar, plan_date, history)
    told = demand[["sold_units", "is_censored"]].iloc[place]
    estimate = _estimate_frame(panel, cells, anomalies, told.set_axis(cell))
    return DemandEstimate(
        DEMAND_ESTIMATE.conform(estimate.assign(plan_date=pd.Timestamp(plan_date), bucket_start=dates[cells.column])),
        _anomalies_frame(panel, anomalies, dates, plan_date),
    )


def _looked_at(panel: SeriesPanel, since: int) -> tuple[_Cells, Anomalies]:
    taken = taken_of(panel)
    plain, _ = without_drivers(panel, taken.effects)
    factors = season_factors(plain)
    cells, anomalies = [], []
    for rows in row_blocks(panel.size):
        past, factor = taken.past(rows), factors[rows][:, panel.phase]
        driven = np.ones(1) if past is None else past
        filled = fill_block(plain, rows, factor)
        shifts = find_shifts(filled.level, panel.observed[rows] & (factor >= CLOSED_FACTOR), panel.bucket)
        outliers = _in_season(filled.outliers, factor * driven)
        found = _recent(Anomalies.joined(outliers, shifts), since)
        cells.append(_cells(panel, rows, filled, found, np.broadcast_to(driven, factor.shape), since))
        anomalies.append(found.moved(rows.start))
    joined = [np.concatenate([getattr(part, name) for part in cells]) for name in _Cells.__annotations__]
    return _Cells(*joined), Anomalies.joined(*anomalies)


def _in_season(found: Anomalies, factor: Reals) -> Anomalies:
    return found.scaled(factor[found.row, found.column])


def _recent(found: Anomalies, since: int) -> Anomalies:
    return found.take(np.flatnonzero(found.column >= since))


def _cells(panel: SeriesPanel, rows: slice, filled: Filled, found: Anomalies, driven: Reals, since: int) -> _Cells:
    """Return the cells that are published of a block: unknown ones, and those that stand out."""
    std = np.zeros(filled.units.shape)
    std[filled.row, filled.column] = filled.std
    chosen = ~panel.observed[rows] & (np.arange(panel.length) >= np.maximum(panel.begins[rows], since)[:, None])
    chosen[found.row, found.column] = True
    row, column = np.nonzero(chosen)
    heeded = filled.units[row, column] * driven[row, column]
    known = panel.observed[rows][row, column]
    estimated = np.where(known, panel.demand[rows][row, column], heeded)
    return _Cells(row + rows.start, column, estimated, std[row, column] * driven[row, column], heeded)


def _estimate_frame(panel: SeriesPanel, cells: _Cells, anomalies: Anomalies, told: pd.DataFrame) -> pd.DataFrame:
    flat = cells.row * panel.length + cells.column
    rows = told.reindex(flat)
    censored = rows["is_censored"].eq(True).to_numpy()
    bound = panel.demand[cells.row, cells.column]
    names = panel.index[KEY].iloc[cells.row].reset_index(drop=True)
    return names.assign(
        sold_units=rows["sold_units"].astype("Int64").to_numpy(),
        lower_bound_units=bound,
        is_censored=censored,
        estimated_units=cells.estimated,
        estimated_std_units=cells.std,
        lost_units=np.where(censored, np.maximum(cells.estimated - bound, 0.0), 0.0),
        heeded_units=cells.heeded,
        anomaly=_marks(flat, anomalies.row * panel.length + anomalies.column, anomalies.kind),
    )


def _marks(cells: Integers, found: Integers, kind: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return the kind of what stands out in each cell; an outlier goes before a shift of the same cell."""
    marks = np.full(len(cells), "", dtype=object)
    # Ordered with outliers first in a cell, so that they are written last.
    marks[np.searchsorted(cells, found[::-1])] = kind[::-1]
    return marks


def _anomalies_frame(
    panel: SeriesPanel, found: Anomalies, dates: npt.NDArray[np.datetime64], plan_date: dt.date
) -> pd.DataFrame:
    names = panel.index[KEY].iloc[found.row].reset_index(drop=True)
    frame = names.assign(
        plan_date=pd.Timestamp(plan_date),
        bucket_start=dates[found.column],
        kind=[str(kind) for kind in found.kind],
        found_units=found.found,
        usual_units=found.usual,
        size_units=found.found - found.usual,
        evidence_deviations=found.evidence,
        is_cut=found.kind == Anomaly.SPIKE,
    )
    return DEMAND_ANOMALIES.conform(frame)
