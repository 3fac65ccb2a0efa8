"""Demand of what is declared to end: gone where it has ended, fading as it fades where it is ending.

No feed says on which day an end comes, so that what is ending goes on as it has gone lately. Here: the
factors of the buckets ahead. Not here: demand that dies without anybody declaring it, which the models of
its segment follow (README).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.index import KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.kernel.calendar import Bucket

ENDING, DELISTED = "ending", "delisted"
# Buckets whose demand is compared with that of as many before them.
FADE_BUCKETS = {Bucket.DAY: 28, Bucket.WEEK: 8}
# Mean age of what an exponential mean smoothed by 0.05 a day or 0.1 a week holds: it has faded since.
LEVEL_AGE = {Bucket.DAY: 19, Bucket.WEEK: 9}
# Units that the pool of all that is ending weighs when a series tells its own fade, and no fade in the pool's.
PRIOR_UNITS = 30.0
# Demand that is still sold fades no faster than this over the window.
LEAST_FADE = 0.05


def lifecycles(index: pd.DataFrame, settings: pd.DataFrame | None) -> np.ndarray:
    """Return the lifecycle of each series, as `dim_item_site` declares it; empty where nobody does."""
    if settings is None:
        return np.full(len(index), "", dtype=object)
    found = index[KEY].merge(settings[[*KEY, "lifecycle"]], on=KEY, how="left")["lifecycle"]
    declared: np.ndarray = found.fillna("").to_numpy(dtype=object)
    return declared


def fading(panel: SeriesPanel, ending: Flags, horizon: int) -> Reals:
    """Return the factors by which demand of the buckets ahead has faded, shape (n, horizon); 1 where it does not.

    Demand of the latest window over that of the one before, a series shrunk to all that are ending
    (gamma-Poisson), is spread evenly over the buckets, from the age of what a level is the mean of.
    Demand that is declared to end never grows.

    Parameters
    ----------
    panel : SeriesPanel
        What is known, its drivers taken out.
    ending : array (n,)
        Which series are declared to end.
    horizon : int
        Buckets ahead.
    """
    factors = np.ones((panel.size, horizon))
    rows = np.flatnonzero(ending)
    if len(rows) and panel.length:
        width = FADE_BUCKETS[panel.bucket]
        latest, before = (_per_window(panel, rows, stop, width) for stop in (panel.length, panel.length - width))
        pooled = (latest.sum() + PRIOR_UNITS) / (before.sum() + PRIOR_UNITS)
        fade = np.clip((latest + PRIOR_UNITS * pooled) / (before + PRIOR_UNITS), LEAST_FADE, 1.0)
        factors[rows] = fade[:, None] ** ((np.arange(horizon) + 1.0 + LEVEL_AGE[panel.bucket]) / width)
    return factors


def _per_window(panel: SeriesPanel, rows: Integers, stop: int, width: int) -> Reals:
    """Return demand of a window that ends before a bucket, as if all of it were known; 0 where none is."""
    window = slice(max(stop - width, 0), max(stop, 0))
    known = panel.observed[rows, window]
    units = np.where(known, panel.demand[rows, window], 0.0).sum(axis=1)
    per_window: Reals = units * width / np.maximum(known.sum(axis=1), 1)
    return per_window
