"""Demand laid on the bucket grid: the panel that the demand mart and the calendar of events tell.

Not here: which row is of which cell (``grid``), the panel itself (``panel``), or the longer past beside it
(``remembered``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.forecasting.history.announced import announced
from assets.forecasting.history.arrays import Flags, Integers, Reals, Singles
from assets.forecasting.history.drivers import Drivers, told_drivers
from assets.forecasting.history.grid import cells_of
from assets.forecasting.history.index import DECISION_LEVEL, KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.phase import season_phase
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.marts import DIM_EVENT


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
    # Where every row stands, which is as the mart comes, none is picked out.
    standing: slice | Integers = slice(None) if len(place) == len(demand) else place
    units, observed, begins = _told(demand, standing, cell, (len(index), length))
    phase, share = season_phase(calendar, plan_date, -length, 0), _in_stock(demand, standing, cell, units.shape)
    panel = SeriesPanel(index, units, observed, begins, phase, calendar.bucket, in_stock=share)
    calendar_events = DIM_EVENT.empty() if events is None else events
    located = ranged.assign(region=ranged.get("region", "")).sort_values(KEY, ignore_index=True)
    plans = announced(calendar_events, located[[*KEY, "region"]], calendar, plan_date, length, horizon)
    told_rows = demand[["is_promoted", "unit_price"]].iloc[standing]
    promoted, price = told_drivers(told_rows, cell, plans.planned[:, :length])
    if not (promoted.any() or price is not None or len(calendar_events)):
        return panel
    return replace(panel, drivers=Drivers(promoted, price, plans, horizon))


def _told(
    demand: pd.DataFrame, standing: slice | Integers, cell: Integers, shape: tuple[int, int]
) -> tuple[Reals, Flags, Integers]:
    """Return the demand of each cell, whether it is the whole of it, and the first column told of each series."""
    units, observed, reported = np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    told = demand["demand_lower_bound_units"].to_numpy(dtype=np.float64)[standing]
    number = np.isfinite(told)
    units.reshape(-1)[cell] = np.where(number, np.maximum(told, 0.0), 0.0)
    observed.reshape(-1)[cell] = number & ~demand["is_censored"].to_numpy(dtype=bool)[standing]
    reported.reshape(-1)[cell] = True
    return units, observed, _first(reported)


def _in_stock(
    demand: pd.DataFrame, standing: slice | Integers, cell: Integers, shape: tuple[int, ...]
) -> Singles | None:
    """Return the share of each bucket in stock; None where each has stock throughout or not at all."""
    told = demand["in_stock_share"].to_numpy(dtype=np.float32)[standing]
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
