"""The statistical models of the menu; the only importer of statsforecast.

A candidate turns histories into mean demand per bucket ahead. Not here: choosing between them
(``backtest``) or their uncertainty (``calibrate``).

Smoothing parameters are fixed, not fitted per series: fitted ones chase spikes (DESIGN 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.forecasting.array_models import ARRAY_MODELS, means_since
from assets.forecasting.censoring import History
from assets.forecasting.series import Flags, Integers, Reals, SeriesPanel, row_blocks
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError

SMOOTHING = {Bucket.DAY: 0.05, Bucket.WEEK: 0.1}
SEASONAL_SMOOTHING = 0.2
WINDOW = {Bucket.DAY: 28, Bucket.WEEK: 13}
SEASON_WINDOW = {Bucket.DAY: 8, Bucket.WEEK: 2}
# Theta costs milliseconds a series and forgets what is older than this anyway.
THETA_MEMORY = {Bucket.DAY: 182, Bucket.WEEK: 156}
# What statsforecast keeps of a fitted OptimizedTheta beside its parameters.
THETA_FORM = {"m": 1, "modeltype": "OTM"}


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
    fits : tuple of str
        Parameters that it fits to each series, which a later run may update without a fit.
    """

    name: str
    parameters: dict[str, float]
    keeps_season: bool = False
    minimum_history: int = 2
    memory: int = 0
    fits: tuple[str, ...] = ()


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
        Candidate(
            "OptimizedTheta",
            {"season_length": 1},
            minimum_history=8,
            memory=THETA_MEMORY[bucket],
            fits=("initial_smoothed", "alpha", "theta"),
        ),
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


@dataclass(frozen=True)
class MeanForecast:
    """What a candidate says of some series.

    Attributes
    ----------
    mean : array (m, H)
        Mean demand of each bucket ahead; base units, finite and at least 0.
    stood_in : array (m,)
        Whether the historic mean stands in: the history is too short for the model, or the model failed on it.
    fitted : array (m, P)
        Parameters fitted to each series, as ``Candidate.fits`` names them; NaN without any.
    """

    mean: Reals
    stood_in: Flags
    fitted: Reals


def forecast_means(
    choice: Candidate, panel: SeriesPanel, history: History, rows: Integers, future_phase: Integers
) -> Reals:
    """Return the mean demand of each bucket ahead, as ``forecast_with`` does."""
    return forecast_with(choice, panel, history, rows, future_phase).mean


def forecast_with(
    choice: Candidate,
    panel: SeriesPanel,
    history: History,
    rows: Integers,
    future_phase: Integers,
    fitted: Reals | None = None,
) -> MeanForecast:
    """Forecast some series with one model.

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
    fitted : array (m, P), optional
        Parameters of an earlier fit, which is then updated and not made again; NaN to fit.
    """
    mean, stood_in = np.empty((len(rows), len(future_phase))), np.empty(len(rows), dtype=bool)
    fitted = np.full((len(rows), len(choice.fits)), np.nan) if fitted is None else fitted.copy()
    for block in row_blocks(len(rows)):
        found = _forecast_block(choice, panel, history, rows[block], future_phase, fitted[block])
        mean[block], stood_in[block], fitted[block] = found.mean, found.stood_in, found.fitted
    finite = np.nan_to_num(mean, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return MeanForecast(np.maximum(finite, 0.0), stood_in, fitted)


def _forecast_block(
    choice: Candidate, panel: SeriesPanel, history: History, rows: Integers, future_phase: Integers, fitted: Reals
) -> MeanForecast:
    begins, ahead = panel.begins[rows], history.factors[rows][:, future_phase]
    short = panel.length - begins < choice.minimum_history
    mean = means_since(history.level[rows], np.where(short, begins, panel.length))[:, None] * ahead
    if short.all():
        return MeanForecast(mean, short, fitted)
    long = np.flatnonzero(~short)
    values = (history.units if choice.keeps_season else history.level)[rows[long]]
    oldest = max(panel.length - choice.memory, 0) if choice.memory else 0
    told = _told(choice, values, np.maximum(begins[long], oldest), len(future_phase), fitted[long])
    mean[long] = told.mean if choice.keeps_season else told.mean * ahead[long]
    stood_in, fitted = short.copy(), fitted.copy()
    stood_in[long], fitted[long] = told.stood_in, told.fitted
    return MeanForecast(mean, stood_in, fitted)


def _told(choice: Candidate, values: Reals, begins: Integers, horizon: int, fitted: Reals) -> MeanForecast:
    """Return what the model says of histories aligned at their ends, each from its own beginning."""
    first = values[np.arange(len(values)), begins][:, None]
    # A constant history has nothing to fit, and the optimisers divide by its variance.
    vary = np.flatnonzero(np.ptp(np.where(np.arange(values.shape[1]) >= begins[:, None], values, first), axis=1))
    mean, failed = np.repeat(first, horizon, axis=1), np.zeros(len(values), dtype=bool)
    array_model = ARRAY_MODELS.get(choice.name)
    if array_model is not None:
        mean[vary] = array_model(values[vary], begins[vary], horizon, choice.parameters)
        return MeanForecast(mean, failed, fitted)
    model = definition(choice)
    for row in vary:
        # A copy starts at an aligned address: compiled sums differ in their last bit where it does not,
        # and the row that a series happens to stand in must not matter.
        own = values[row, begins[row] :].copy()
        found = _fit(model, choice, own, horizon, fitted[row])
        failed[row] = found is None
        mean[row] = own.mean() if found is None else found
    return MeanForecast(mean, failed, fitted)


def _fit(model: Any, choice: Candidate, values: Reals, horizon: int, fitted: Reals) -> Reals | None:
    """Return the model's mean, or ``None`` where it fails; ``fitted`` is read, or written if it is NaN."""
    try:
        if not choice.fits:
            mean = model.forecast(y=values, h=horizon)["mean"]
        elif np.isfinite(fitted).all():
            model.model_ = {**THETA_FORM, "par": dict(zip(choice.fits, fitted.tolist(), strict=True))}
            mean = model.forward(y=values, h=horizon)["mean"]
        else:
            mean = model.fit(y=values).predict(h=horizon)["mean"]
            fitted[:] = [model.model_["par"][name] for name in choice.fits]
    except Exception:
        # An optimiser may raise anything on a strange history. The caller's fallback says so in its output.
        return None
    return np.asarray(mean, dtype=np.float64) if np.isfinite(mean).all() else None


def definition(choice: Candidate) -> Any:
    """Return the statsforecast model that a candidate is."""
    # Importing statsforecast takes about two seconds.
    from statsforecast import models

    return getattr(models, choice.name)(**choice.parameters)
