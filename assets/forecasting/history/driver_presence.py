"""Whether anything drives demand beside level and season, told from tables alone, before a panel is laid out.

Not here: the drivers themselves (``drivers``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from assets.forecasting.history.grid import ages_of, runs_of
from assets.forecasting.history.index import KEY
from assets.kernel.calendar import PlanCalendar


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
    age = ages_of(demand, calendar, plan_date)
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
