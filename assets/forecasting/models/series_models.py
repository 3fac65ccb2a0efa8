"""Models of one series at a time; the only importer of statsforecast.

A model turns a history into mean demand per bucket ahead. Not here: models of all series
(``network_models``), choosing between them (``backtest``) or their uncertainty (``calibrate``).

Smoothing parameters are fixed, not fitted per series: fitted ones chase spikes (README).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.models.array_models import ARRAY_MODELS, means_since
from assets.forecasting.models.known import Known, MeanForecast, said
from assets.kernel.calendar import Bucket

SMOOTHING = {Bucket.DAY: 0.05, Bucket.WEEK: 0.1}
SEASONAL_SMOOTHING = 0.2
WINDOW = {Bucket.DAY: 28, Bucket.WEEK: 13}
SEASON_WINDOW = {Bucket.DAY: 8, Bucket.WEEK: 2}
# Theta costs milliseconds a series and forgets what is older than this anyway.
THETA_MEMORY = {Bucket.DAY: 91, Bucket.WEEK: 156}
# Of what is older ETS forgets all but the level it started from, and its fits cost by the bucket.
ETS_MEMORY = {Bucket.DAY: 91, Bucket.WEEK: 104}
# What statsforecast keeps of a fitted OptimizedTheta beside its parameters.
THETA_FORM = {"m": 1, "modeltype": "OTM"}
# What a series is forecast with that is too short for its model, or on which it failed.
FALLBACK = "HistoricAverage"


@dataclass(frozen=True)
class SeriesModel:
    """A model of statsforecast with its parameters.

    Attributes
    ----------
    name : str
        As statsforecast and the policy release call it.
    parameters : dict
        What it is made with.
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
    parameters: dict[str, Any]
    keeps_season: bool = False
    minimum_history: int = 2
    memory: int = 0
    fits: tuple[str, ...] = ()
    fallback: str = FALLBACK
    learns_from_all: bool = False

    def settings(self) -> Mapping[str, Any]:
        """Return its parameters and the version of the library that defines it."""
        return {**asdict(self), "statsforecast": version("statsforecast")}

    def forecast(self, known: Known, rows: Integers, fitted: Reals | None = None) -> MeanForecast:
        """Forecast each series from its own history."""
        mean, stood_in = np.empty((len(rows), len(known.phase))), np.empty(len(rows), dtype=bool)
        fitted = np.full((len(rows), len(self.fits)), np.nan) if fitted is None else fitted.copy()
        for block in row_blocks(len(rows)):
            found = _forecast_block(self, known, rows[block], fitted[block])
            mean[block], stood_in[block], fitted[block] = found.mean, found.stood_in, found.fitted
        return said(mean, stood_in, fitted)


def series_models(bucket: Bucket, season_length: int) -> tuple[SeriesModel, ...]:
    """Return the models of single series that a release may name."""
    seasons = SEASON_WINDOW[bucket]
    return (
        SeriesModel(
            "SeasonalExponentialSmoothing",
            {"season_length": season_length, "alpha": SEASONAL_SMOOTHING},
            keeps_season=True,
            minimum_history=2 * season_length,
        ),
        SeriesModel(
            "SeasonalWindowAverage",
            {"season_length": season_length, "window_size": seasons},
            keeps_season=True,
            minimum_history=seasons * season_length,
        ),
        SeriesModel("SimpleExponentialSmoothing", {"alpha": SMOOTHING[bucket]}),
        SeriesModel(
            "OptimizedTheta",
            {"season_length": 1},
            minimum_history=8,
            memory=THETA_MEMORY[bucket],
            fits=("initial_smoothed", "alpha", "theta"),
        ),
        SeriesModel("WindowAverage", {"window_size": WINDOW[bucket]}, minimum_history=WINDOW[bucket]),
        SeriesModel("HistoricAverage", {}),
        SeriesModel("TSB", {"alpha_d": SMOOTHING[bucket], "alpha_p": SMOOTHING[bucket]}),
        SeriesModel("CrostonSBA", {}),
        SeriesModel("ADIDA", {}, minimum_history=8),
        SeriesModel("IMAPA", {}, minimum_history=8),
        # Error and trend by its information criterion; the season is taken out of what it sees.
        SeriesModel("AutoETS", {"season_length": 1, "model": "ZZN"}, minimum_history=8, memory=ETS_MEMORY[bucket]),
    )


def _forecast_block(choice: SeriesModel, known: Known, rows: Integers, fitted: Reals) -> MeanForecast:
    panel, history = known.panel, known.history
    begins, ahead = panel.begins[rows], history.ahead(rows, known.phase)
    short = panel.length - begins < choice.minimum_history
    mean = means_since(history.level[rows], np.where(short, begins, panel.length))[:, None] * ahead
    if short.all():
        return MeanForecast(mean, short, fitted)
    long = np.flatnonzero(~short)
    values = (history.units if choice.keeps_season else history.level)[rows[long]]
    oldest = max(panel.length - choice.memory, 0) if choice.memory else 0
    told = _told(choice, values, np.maximum(begins[long], oldest), len(known.phase), fitted[long])
    # A model of its own season still knows nothing of promotions and events.
    seen = history.driven_ahead(rows[long], len(known.phase)) if choice.keeps_season else ahead[long]
    mean[long] = told.mean * seen
    stood_in, fitted = short.copy(), fitted.copy()
    stood_in[long], fitted[long] = told.stood_in, told.fitted
    return MeanForecast(mean, stood_in, fitted)


def _told(choice: SeriesModel, values: Reals, begins: Integers, horizon: int, fitted: Reals) -> MeanForecast:
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


def _fit(model: Any, choice: SeriesModel, values: Reals, horizon: int, fitted: Reals) -> Reals | None:
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


def definition(choice: SeriesModel) -> Any:
    """Return the statsforecast model that a candidate is."""
    # Importing statsforecast takes about two seconds.
    from statsforecast import models

    return getattr(models, choice.name)(**choice.parameters)
