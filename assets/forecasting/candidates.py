"""The statistical models of the menu; the only importer of statsforecast.

A candidate turns histories into mean demand per bucket ahead. Not here: choosing between them
(``backtest``) or their uncertainty (``calibrate``).

Smoothing parameters are fixed, not fitted per series: fitted ones chase spikes (DESIGN 5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.forecasting.censoring import History
from assets.forecasting.series import Integers, Reals, SeriesPanel
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError

SMOOTHING = {Bucket.DAY: 0.05, Bucket.WEEK: 0.1}
SEASONAL_SMOOTHING = 0.2
WINDOW = {Bucket.DAY: 28, Bucket.WEEK: 13}
SEASON_WINDOW = {Bucket.DAY: 8, Bucket.WEEK: 2}
# Theta costs milliseconds a series and forgets what is older than this anyway.
THETA_MEMORY = {Bucket.DAY: 182, Bucket.WEEK: 156}


@dataclass(frozen=True)
class Candidate:
    """One model of the menu.

    Attributes
    ----------
    name : str
        As the policy release calls it.
    parameters : dict
        What distinguishes it, for the model version.
    keeps_season : bool
        Whether it models the season itself; others see deseasonalised demand.
    minimum_history : int
        Buckets below which the historic mean stands in for it.
    memory : int
        Latest buckets it sees; 0 for all.
    """

    name: str
    parameters: dict[str, float]
    keeps_season: bool = False
    minimum_history: int = 2
    memory: int = 0


def candidate(name: str, bucket: Bucket, season_length: int) -> Candidate:
    """Return the candidate that a policy release calls ``name``.

    Raises
    ------
    EquipoiseError
        If there is no such model.
    """
    seasons = SEASON_WINDOW[bucket]
    known = (
        Candidate(
            "SeasonalExponentialSmoothing",
            {"season_length": season_length, "alpha": SEASONAL_SMOOTHING},
            keeps_season=True,
            minimum_history=2 * season_length,
        ),
        Candidate(
            "SeasonalWindowAverage",
            {"season_length": season_length, "window_size": seasons},
            keeps_season=True,
            minimum_history=seasons * season_length,
        ),
        Candidate("SimpleExponentialSmoothing", {"alpha": SMOOTHING[bucket]}),
        Candidate("OptimizedTheta", {"season_length": 1}, minimum_history=8, memory=THETA_MEMORY[bucket]),
        Candidate("WindowAverage", {"window_size": WINDOW[bucket]}, minimum_history=WINDOW[bucket]),
        Candidate("HistoricAverage", {}),
        Candidate("TSB", {"alpha_d": SMOOTHING[bucket], "alpha_p": SMOOTHING[bucket]}),
        Candidate("CrostonSBA", {}),
        Candidate("IMAPA", {}, minimum_history=8),
    )
    for found in known:
        if found.name == name:
            return found
    raise EquipoiseError(
        f"model {name} is unknown",
        where="policy release, forecast.candidates",
        remedy=f"Use one of {', '.join(c.name for c in known)}",
    )


def forecast_means(
    choice: Candidate, panel: SeriesPanel, history: History, rows: Integers, future_phase: Integers
) -> Reals:
    """Return the mean demand of each bucket ahead.

    Parameters
    ----------
    choice : Candidate
        Model.
    panel, history : SeriesPanel, History
        What is known, and what models see of it.
    rows : array (m,)
        Series to forecast.
    future_phase : array (H,)
        Season positions of the buckets ahead.

    Returns
    -------
    array (m, H)
        Base units, finite and at least 0.
    """
    horizon = len(future_phase)
    model = _model(choice)
    source = history.units if choice.keeps_season else history.level
    result = np.empty((len(rows), horizon))
    for place, row in enumerate(rows):
        begin = int(panel.begins[row])
        ahead = history.factors[row, future_phase]
        if panel.length - begin < choice.minimum_history:
            level = history.level[row, begin:]
            result[place] = (level.mean() if level.size else 0.0) * ahead
            continue
        values = source[row, max(begin, panel.length - choice.memory if choice.memory else 0) :]
        mean = _forecast(model, values, horizon)
        result[place] = mean if choice.keeps_season else mean * ahead
    return np.maximum(np.nan_to_num(result, nan=0.0, posinf=0.0, neginf=0.0), 0.0)


def _forecast(model: Callable[..., Any], values: Reals, horizon: int) -> Reals:
    # A constant history has nothing to fit, and the optimisers divide by its variance.
    if np.ptp(values) == 0.0:
        return np.full(horizon, values[0])
    mean = np.asarray(model(y=np.ascontiguousarray(values), h=horizon)["mean"], dtype=np.float64)
    return np.where(np.isfinite(mean), mean, values.mean())


def _model(choice: Candidate) -> Callable[..., Any]:
    # Importing statsforecast takes about two seconds.
    from statsforecast import models

    forecast: Callable[..., Any] = getattr(models, choice.name)(**choice.parameters).forecast
    return forecast
