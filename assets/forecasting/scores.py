"""Forecast metrics: one pure function each. Not here: which forecasts are scored."""

from __future__ import annotations

import numpy as np

from assets.forecasting.series import Reals


def pinball_loss(actual: Reals, quantile: Reals, level: float) -> float:
    """Return the mean pinball loss of a quantile forecast (Koenker and Bassett 1978).

    Parameters
    ----------
    actual, quantile : array
        Outcomes and forecasts of the same shape, in base units.
    level : float
        Level of the quantile, between 0 and 1.

    Returns
    -------
    float
        ``mean(max(level * (y - q), (level - 1) * (y - q)))``; 0 without outcomes.

    Examples
    --------
    >>> float(round(pinball_loss(np.array([10.0]), np.array([8.0]), 0.9), 6))
    1.8
    >>> float(round(pinball_loss(np.array([8.0]), np.array([10.0]), 0.9), 6))
    0.2
    """
    if actual.size == 0:
        return 0.0
    error = actual - quantile
    return float(np.mean(np.maximum(level * error, (level - 1.0) * error)))


def wape(actual: Reals, forecast: Reals) -> float:
    """Return the sum of absolute errors over the sum of demand; 0 without demand.

    >>> wape(np.array([4.0, 6.0]), np.array([5.0, 6.0]))
    0.1
    """
    total = float(np.sum(actual))
    return float(np.sum(np.abs(forecast - actual))) / total if total > 0 else 0.0


def bias(actual: Reals, forecast: Reals) -> float:
    """Return the sum of errors (forecast less demand) over the sum of demand; 0 without demand.

    >>> bias(np.array([4.0, 6.0]), np.array([5.0, 7.0]))
    0.2
    """
    total = float(np.sum(actual))
    return float(np.sum(forecast - actual)) / total if total > 0 else 0.0


def coverage(actual: Reals, lower: Reals, upper: Reals) -> float | None:
    """Return the share of outcomes inside a band, bounds included; ``None`` without outcomes.

    >>> coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0]))
    0.5
    """
    return float(np.mean((lower <= actual) & (actual <= upper))) if actual.size else None
