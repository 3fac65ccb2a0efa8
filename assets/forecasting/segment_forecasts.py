"""Forecasts of a plan date series by series: by its segment's champion, by analogues, or none where it has ended.

Here: what is known at the plan date, and the arrays that come of it. Not here: which model is a segment's
champion (``registry``), or the frames that leave (``forecast_frames``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.analogue import forecast_from_analogues
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.ending import fading
from assets.forecasting.history.index import KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.segments import rows_by_segment
from assets.forecasting.history.without_drivers import Taken, without_drivers
from assets.forecasting.models.candidates import candidate
from assets.forecasting.models.known import Candidate, Known, learned
from assets.forecasting.registry.selection import Selection
from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.policy.release import ForecastRules

ANALOGUE = "analogue"
UNINFORMED = "uninformed"
ENDED = "ended"


@dataclass(frozen=True)
class ForecastArrays:
    """The forecast of ``n`` series over ``H`` buckets, written series by series.

    Attributes
    ----------
    mean : array (n, H)
        Of each bucket, in base units.
    deviation : array (n, H)
        Of demand accumulated from the plan date.
    quantiles : array (n, H, 13)
        Of the same.
    model : array (n,)
        What each series was forecast with.
    """

    mean: Reals
    deviation: Reals
    quantiles: Reals
    model: npt.NDArray[np.object_]


def known_at_plan(
    panel: SeriesPanel,
    taken: Taken,
    selection: Selection,
    rules: ForecastRules,
    phase: Integers,
    ending: Flags,
) -> Known:
    """Return what is known at the plan date, the model of all series among it if a champion asks it."""
    champions = [
        candidate(selection.of_segment(segment, rules)[0], panel.bucket) for segment in rows_by_segment(panel.index)
    ]
    plain, driven = without_drivers(panel, taken.effects)
    if ending.any():
        driven = fading(plain, ending, len(phase)) * (1.0 if driven is None else driven)
    boosted = selection.boosted or learned(champions, plain, phase)
    return Known(panel, fill_censored(plain, driven=driven), phase, plain, np.arange(panel.size), boosted)


def forecast_series(
    known: Known, selection: Selection, rules: ForecastRules, ended: Flags
) -> tuple[ForecastArrays, pd.DataFrame]:
    """Return the forecast of every series, and the parameters fitted to them as ``Selection.fitted``.

    Parameters
    ----------
    known : Known
        At the plan date.
    selection : Selection
        Champions and calibrations.
    rules : ForecastRules
        Menus of segments that the selection does not know.
    ended : array (n,)
        Which series are expected to sell nothing any more.
    """
    arrays, fitted = _forecast_segments(known, selection, rules)
    _borrow(known, arrays)
    _end(arrays, ended)
    return arrays, fitted


def _forecast_segments(known: Known, selection: Selection, rules: ForecastRules) -> tuple[ForecastArrays, pd.DataFrame]:
    panel, shape = known.panel, (known.panel.size, len(known.phase))
    model = np.full(panel.size, "", dtype=object)
    arrays = ForecastArrays(np.zeros(shape), np.zeros(shape), np.zeros((*shape, len(QUANTILE_LEVELS))), model)
    fitted = [selection.fitted.head(0)]
    for segment, rows in rows_by_segment(panel.index).items():
        name, calibration = selection.of_segment(segment, rules)
        choice, series = candidate(name, panel.bucket), panel.index.iloc[rows]
        found = choice.forecast(known, rows, selection.fitted_to(choice, series))
        cumulative, level = np.cumsum(found.mean, axis=1), found.mean.mean(axis=1)
        arrays.mean[rows] = calibration.mean_of(found.mean)
        arrays.deviation[rows] = calibration.deviation_of(cumulative, level)
        arrays.quantiles[rows] = calibration.quantiles_of(cumulative, level)
        arrays.model[rows] = np.where(found.stood_in, choice.fallback, choice.name)
        fitted.append(_fitted(choice, series, found.fitted))
    return arrays, pd.concat([part for part in fitted if len(part)] or fitted[:1], ignore_index=True)


def _fitted(choice: Candidate, series: pd.DataFrame, parameters: Reals) -> pd.DataFrame:
    known = np.isfinite(parameters).all(axis=1) if choice.fits else np.zeros(len(series), dtype=bool)
    columns = {name: parameters[known, place] for place, name in enumerate(choice.fits)}
    return series[known][KEY].assign(model=choice.name, **columns)


def _borrow(known: Known, arrays: ForecastArrays) -> None:
    thin = known.panel.is_thin
    borrowed = forecast_from_analogues(known.panel, known.history, known.phase)
    arrays.mean[thin] = borrowed.mean
    arrays.deviation[thin] = borrowed.deviation
    arrays.quantiles[thin] = borrowed.quantiles
    arrays.model[thin] = np.where(borrowed.informed, ANALOGUE, UNINFORMED)


def _end(arrays: ForecastArrays, ended: Flags) -> None:
    arrays.mean[ended], arrays.deviation[ended], arrays.quantiles[ended] = 0.0, 0.0, 0.0
    arrays.model[ended] = ENDED
