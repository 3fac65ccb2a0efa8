"""Demand of the last buckets before a plan, as many as it has ahead, and what it would be in the buckets ahead.

Here: what a planner may hold against a forecast. Half of what stands out otherwise is a promotion that one of
the two stretches has and the other has not. Not here: which series deserve a look (``pages.noteworthy``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.index import KEY
from assets.forecasting.models.known import Known

# Least share of the stretch whose demand must be known to hold it against a forecast.
KNOWN_SHARE = 0.5


def last_stretch(known: Known) -> pd.DataFrame:
    """Return one row per series with enough known demand in as many buckets before the plan as are ahead.

    Parameters
    ----------
    known : Known
        At the plan date.

    Returns
    -------
    DataFrame
        ``item_id``, ``site_id``; ``asked_units``, demand as known, or as estimated where it is not;
        ``comparable_units``, the same without the promotions, prices, events and season of the year that drove
        it, and with those of the buckets ahead; ``buckets``, how many; ``estimated_buckets``, how many of these
        are not wholly known.
    """
    panel, plain, horizon = known.panel, known.whole, len(known.phase)
    width = min(horizon, panel.length)
    if not width:
        return _rows(known, np.empty((4, 0)), np.empty(0, dtype=np.int64))
    last = slice(panel.length - width, panel.length)
    past = np.ones((panel.size, width)) if plain.driven is None else np.asarray(plain.driven[:, last], dtype=float)
    # Outliers count here: a level that models do not believe in is what a planner looks for.
    level = np.where(plain.observed[:, last], plain.demand[:, last], known.history.units[:, last])
    seen = panel.observed[:, last]
    asked = np.where(seen, panel.demand[:, last], level * past).sum(axis=1)
    ahead = known.history.driven_ahead(np.arange(panel.size), horizon)[:, :width]
    rows = np.flatnonzero(seen.sum(axis=1) >= KNOWN_SHARE * horizon)
    whole, count = horizon / width, np.full(panel.size, horizon)
    told = np.stack([asked * whole, (level * ahead).sum(axis=1) * whole, count, horizon - seen.sum(axis=1)])
    return _rows(known, told, rows)


def _rows(known: Known, told: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    names = known.panel.index.iloc[rows][KEY].reset_index(drop=True)
    columns = ("asked_units", "comparable_units", "buckets", "estimated_buckets")
    found = {name: values[rows] for name, values in zip(columns, told, strict=True)}
    return names.assign(**found).astype({"buckets": "int64", "estimated_buckets": "int64"})
