"""Models with fixed parameters as recursions over all series at once.

statsforecast is the definition: each function here returns, to the bit, what its model of the
same name returns series by series, and a test holds it to that. Not here: models that fit
parameters (``candidates`` calls those series by series), or which model is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals

# Models of Croston's family smooth sizes and intervals by this.
CROSTON_SMOOTHING = 0.1
# Syntetos and Boylan (2005) take Croston's bias off.
SBA_FACTOR = 0.95

ArrayModel = Callable[[Reals, Integers, int, Mapping[str, float]], Reals]


def simple_exponential_smoothing(
    values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]
) -> Reals:
    """Return the exponential mean of each series, for every bucket ahead.

    Parameters
    ----------
    values : array (m, T)
        Histories, aligned at their ends.
    begins : array (m,)
        Column at which each series begins.
    horizon : int
        Buckets ahead.
    parameters : mapping
        ``alpha``.

    Returns
    -------
    array (m, horizon)
    """
    level = smoothed(values, _since(values, begins), parameters["alpha"])
    return _flat(level, horizon)


def tsb(values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]) -> Reals:
    """Return probability of demand times its size (Teunter, Syntetos and Babai 2011).

    ``parameters``: ``alpha_d`` and ``alpha_p``. A series without demand forecasts nothing.
    """
    since = _since(values, begins)
    probability = smoothed((values > 0).astype(np.float64), since, parameters["alpha_p"])
    size = smoothed(values, since & (values > 0), parameters["alpha_d"])
    return _flat(probability * size, horizon)


def croston_sba(values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]) -> Reals:  # noqa: ARG001
    """Return size over interval, less Croston's bias (Syntetos and Boylan 2005)."""
    sold = _since(values, begins) & (values > 0)
    place = np.where(sold, np.arange(1, values.shape[1] + 1) - begins[:, None], 0)
    last = np.maximum.accumulate(place, axis=1)
    interval = place.astype(np.float64)
    interval[:, 1:] -= last[:, :-1]
    size = smoothed(values, sold, CROSTON_SMOOTHING)
    between = smoothed(interval, sold, CROSTON_SMOOTHING)
    return _flat(size / np.where(between != 0.0, between, 1.0) * SBA_FACTOR, horizon)


def window_average(values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]) -> Reals:  # noqa: ARG001
    """Return the mean of the last ``window_size`` buckets."""
    return _flat(values[:, -int(parameters["window_size"]) :].mean(axis=1), horizon)


def historic_average(values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]) -> Reals:  # noqa: ARG001
    """Return the mean of each series."""
    return _flat(means_since(values, begins), horizon)


def seasonal_exponential_smoothing(
    values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]
) -> Reals:
    """Return the exponential mean of each position of the season.

    ``parameters``: ``season_length`` and ``alpha``. The oldest buckets that fill no season are left out.
    """
    season = int(parameters["season_length"])
    blocks = _seasons(values, season, values.shape[1] // season)
    whole = (values.shape[1] - begins) // season
    age = np.arange(blocks.shape[1], 0, -1)
    flat = blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1])
    counted = np.repeat(age <= whole[:, None], season, axis=0)
    level: Reals = smoothed(flat, counted, parameters["alpha"]).reshape(len(values), season)
    return level[:, np.arange(horizon) % season]


def seasonal_window_average(values: Reals, begins: Integers, horizon: int, parameters: Mapping[str, float]) -> Reals:  # noqa: ARG001
    """Return the mean of each position of the season over the last ``window_size`` seasons."""
    season = int(parameters["season_length"])
    mean: Reals = _seasons(values, season, int(parameters["window_size"])).mean(axis=1)
    return mean[:, np.arange(horizon) % season]


ARRAY_MODELS: dict[str, ArrayModel] = {
    "SimpleExponentialSmoothing": simple_exponential_smoothing,
    "TSB": tsb,
    "CrostonSBA": croston_sba,
    "WindowAverage": window_average,
    "HistoricAverage": historic_average,
    "SeasonalExponentialSmoothing": seasonal_exponential_smoothing,
    "SeasonalWindowAverage": seasonal_window_average,
}


def smoothed(values: Reals, counted: Flags, alpha: float) -> Reals:
    """Return the exponential mean of the counted cells of each row; 0 where none counts.

    It starts from the first counted cell and is that cell where no other follows.
    """
    rows = np.arange(len(values))
    first = values[rows, counted.argmax(axis=1)]
    level, complement = first.copy(), 1.0 - alpha
    for value, counts in zip(np.ascontiguousarray(values.T), np.ascontiguousarray(counted.T), strict=True):
        np.copyto(level, alpha * value + complement * level, where=counts)
    count = counted.sum(axis=1)
    result: Reals = np.where(count == 1, first, np.where(count == 0, 0.0, level))
    return result


def means_since(values: Reals, begins: Integers) -> Reals:
    """Return the mean of each row from its first column on; 0 for a series that never began."""
    means = np.zeros(len(values))
    for begin in np.unique(begins[begins < values.shape[1]]):
        rows = np.flatnonzero(begins == begin)
        means[rows] = np.ascontiguousarray(values[rows, begin:]).mean(axis=1)
    return means


def _since(values: Reals, begins: Integers) -> Flags:
    since: Flags = np.arange(values.shape[1]) >= begins[:, None]
    return since


def _seasons(values: Reals, season: int, count: int) -> Reals:
    return values[:, values.shape[1] - count * season :].reshape(len(values), count, season)


def _flat(level: Reals, horizon: int) -> Reals:
    return np.repeat(level[:, None], horizon, axis=1)
