"""Forecast metrics: one pure function each.

Not here: which forecasts are scored (``scorecard``), or calibration of distributions (``pit``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Reals


def pinball_loss(actual: Reals, quantile: Reals, level: Reals | float) -> float:
    """Return the mean pinball loss of a quantile forecast (Koenker and Bassett 1978).

    Parameters
    ----------
    actual, quantile : array
        Outcomes and forecasts of the same shape, in base units.
    level : float or array
        Level of the quantile, between 0 and 1; of each outcome where it is an array.

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


def mase(actual: Reals, forecast: Reals, known: Flags, naive_error: Reals) -> float | None:
    """Return the mean absolute scaled error (Hyndman and Koehler 2006), averaged over rows.

    Parameters
    ----------
    actual, forecast : array (n, H)
        Demand and forecast mean of each bucket, in base units.
    known : array (n, H)
        Buckets that count.
    naive_error : array (n,)
        Mean absolute error of the naive forecast before the origin. A row without one above 0, or
        without a known bucket, is left out.

    Returns
    -------
    float or None
        Below 1 is better than the naive forecast did in sample; ``None`` without a row.

    Examples
    --------
    >>> mase(np.array([[4.0, 6.0]]), np.array([[5.0, 7.0]]), np.array([[True, True]]), np.array([2.0]))
    0.5
    """
    return _mean_of_rows(np.abs(forecast - actual), known, naive_error)


def rmsse(actual: Reals, forecast: Reals, known: Flags, naive_square: Reals) -> float | None:
    """Return the root mean squared scaled error (Makridakis, Spiliotis and Assimakopoulos 2022: M5), over rows.

    Parameters are those of ``mase``, but the mean *squared* error of the naive forecast.

    >>> rmsse(np.array([[4.0, 6.0]]), np.array([[5.0, 7.0]]), np.array([[True, True]]), np.array([4.0]))
    0.5
    """
    return _mean_of_rows((forecast - actual) ** 2, known, naive_square, power=0.5)


def scaled_pinball_loss(
    actual: Reals, quantiles: Reals, levels: Reals, scored: Flags, naive_error: Reals
) -> float | None:
    """Return the scaled pinball loss of M5's uncertainty track, for cumulative demand.

    The mean over levels and windows of the pinball loss, over the naive error times the buckets of
    the window: with one bucket it is the published definition. Averaged over rows.

    Parameters
    ----------
    actual : array (n, H)
        Demand from the origin to the end of each bucket, in base units.
    quantiles : array (n, H, K)
        Of the same, at ``levels``.
    levels : array (K,)
        Between 0 and 1.
    scored : array (n, H)
        Windows that count.
    naive_error : array (n,)
        As in ``mase``.

    Examples
    --------
    >>> quantiles = np.array([[[3.0, 5.0]]])
    >>> scaled_pinball_loss(np.array([[4.0]]), quantiles, np.array([0.25, 0.75]), np.array([[True]]), np.array([0.5]))
    0.5
    """
    error = actual[:, :, None] - quantiles
    loss = np.maximum(levels * error, (levels - 1.0) * error).mean(axis=2)
    return _mean_of_rows(loss / np.arange(1, actual.shape[1] + 1), scored, naive_error)


def _mean_of_rows(loss: Reals, counts: Flags, scale: Reals, power: float = 1.0) -> float | None:
    """Return the mean over rows of (mean loss of what counts / scale) to a power."""
    measured = counts.any(axis=1) & (scale > 0)
    if not measured.any():
        return None
    mean = np.where(counts, loss, 0.0)[measured].sum(axis=1) / counts[measured].sum(axis=1)
    return float(np.mean((mean / scale[measured]) ** power))
