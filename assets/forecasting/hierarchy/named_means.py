"""Item-site means at any origin, each series by the model that its published forecast names.

For tests that need forecasts of all series at once, as of the past. Not here: who is champion
(``selection``), or the published forecast (``forecast``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.forecasting.analogue import forecast_from_analogues
from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.index import KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.boosted import BoostedModel
from assets.forecasting.models.candidates import candidate
from assets.forecasting.models.known import Candidate, Known, learned
from assets.kernel.errors import EquipoiseError

# Stands in for a model that fits parameters to each series, which all series and origins cannot
# afford, and for names of what is no model: a series may have been thin later than at the origin.
STAND_IN = "SimpleExponentialSmoothing"

MeansAt = Callable[[Known], Reals]
"""Item-site means, shape (n, H), of the series of which something is known at an origin."""


def means_by_name(named: pd.DataFrame, tested: BoostedModel | None = None) -> MeansAt:
    """Return the forecast of any of the series that are named with a model.

    Without the model of all series from before the earliest origin, it is fitted the first time it
    is asked and then kept: ask for the earliest origin first.

    Parameters
    ----------
    named : DataFrame
        ``item_id``, ``site_id`` and ``model``, one row a series; ``mean_factor``, which the model's
        means are multiplied with, where they were corrected.
    tested : BoostedModel, optional
        Model of all series that knows nothing from the earliest origin on.
    """
    kept: list[BoostedModel | None] = [] if tested is None else [tested]

    def means_at(known: Known) -> Reals:
        panel = known.panel
        told_of = panel.index[KEY].merge(named.reindex(columns=[*KEY, "model", "mean_factor"]), on=KEY, how="left")
        names = told_of["model"].fillna(STAND_IN).to_numpy(dtype=object)
        factor = told_of["mean_factor"].astype("float64").fillna(1.0).to_numpy()
        means, thin = np.zeros((panel.size, len(known.phase))), panel.is_thin
        means[thin] = forecast_from_analogues(panel, known.history, known.phase).mean
        chosen = {name: _affordable(name, panel) for name in sorted(set(names))}
        if not kept:
            kept.append(learned(chosen.values(), known.whole, known.phase))
        told = replace(known, boosted=kept[0])
        for name, choice in chosen.items():
            rows = np.flatnonzero((names == name) & ~thin)
            means[rows] = choice.forecast(told, rows).mean * factor[rows, None]
        return means

    return means_at


def _affordable(name: str, panel: SeriesPanel) -> Candidate:
    try:
        found = candidate(name, panel.bucket)
    except EquipoiseError:
        return candidate(STAND_IN, panel.bucket)
    return candidate(STAND_IN, panel.bucket) if found.fits else found
