"""Whether a challenger takes a segment over: only by a tested margin, never by luck.

Both candidates were backtested on the same series and origins, so that their losses are compared
pair by pair. Origins of one series tell alike, so that a series counts once (a cluster). Not here:
making the losses (``backtest``), or what follows from a change (``selection``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.evaluation.scorecard import at_quantile_level, cross_calibrated
from assets.forecasting.history.arrays import Integers, Reals

# One-sided: the question is whether the challenger is better, not whether the two differ.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Challenge:
    """One challenger held against the champion of a segment.

    Attributes
    ----------
    champion, challenger : str
        Candidates compared; the champion stood before.
    gain : float
        Share of the champion's decision loss that the challenger saves; below 0 where it loses more.
    gain_low, gain_high : float
        Bounds of the gain, each at one-sided ``CONFIDENCE``.
    margin : float
        Least gain that promotes.
    series_count : int
        Series compared.
    promoted : bool
        Whether the challenger takes over.
    reason : str
        Why, in words.
    """

    champion: str
    challenger: str
    gain: float
    gain_low: float
    gain_high: float
    margin: float
    series_count: int
    promoted: bool
    reason: str


def decision_losses(outcomes: Outcomes) -> Reals:
    """Return the loss of each series and origin that decisions would have paid, shape (m,).

    Pinball loss of cumulative demand at the series' decision level, summed over the horizons scored, on
    quantiles calibrated at the other origins. In base units, as in the loss that champions are chosen by.
    """
    _, actual, scored = outcomes.over(0)
    level = outcomes.decision_level[:, None]
    error = actual - at_quantile_level(cross_calibrated(outcomes)[1], outcomes.decision_level)
    loss: Reals = np.where(scored, np.maximum(level * error, (level - 1.0) * error), 0.0).sum(axis=1)
    return loss


def challenge(champion: tuple[str, Reals], challenger: tuple[str, Reals], series: Integers, margin: float) -> Challenge:
    """Test whether a challenger beats the champion by a margin.

    The gain is ``1 - sum(challenger) / sum(champion)``. Its bounds are those of a ratio of sums
    over clusters, linearised, with Student's t of one degree less than there are series
    (Cochran 1977, section 6.4). A challenger takes over if the gain reaches the margin and its
    lower bound is above 0.

    Parameters
    ----------
    champion, challenger : tuple of str and array (m,)
        Name, and loss of each pair of series and origin, the same pairs in the same order.
    series : array (m,)
        Series of each pair.
    margin : float
        Least relative gain.

    Examples
    --------
    >>> series = np.repeat(np.arange(4), 2)
    >>> told = challenge(("A", np.full(8, 2.0)), ("B", np.full(8, 1.0)), series, 0.01)
    >>> told.gain, told.promoted
    (0.5, True)
    """
    stood, came = (_by_series(losses, series) for _, losses in (champion, challenger))
    total, count = float(stood.sum()), len(stood)
    gain = 1.0 - float(came.sum()) / total if total > 0 else 0.0
    half = _half_width(stood, came, gain)
    promoted = gain >= margin and gain - half > 0
    names = champion[0], challenger[0]
    why = _reason(names, gain, gain - half, margin)
    return Challenge(*names, gain, gain - half, gain + half, margin, count, promoted, why)


def _by_series(losses: Reals, series: Integers) -> Reals:
    if not len(series):
        return np.empty(0)
    cluster = np.unique(series, return_inverse=True)[1]
    return np.bincount(cluster, weights=losses).astype(np.float64)


def _half_width(stood: Reals, came: Reals, gain: float) -> float:
    count, total = len(stood), float(stood.sum())
    if count < 2 or total <= 0:
        # One series proves nothing about a segment.
        return 1.0 + abs(gain)
    residual = (stood - came) - gain * stood
    error = np.sqrt(count / (count - 1) * float((residual**2).sum())) / total
    return float(stdtrit(count - 1, CONFIDENCE) * error)


def _reason(names: tuple[str, str], gain: float, low: float, margin: float) -> str:
    champion, challenger = names
    said = f"{challenger} loses {abs(gain):.1%} {'less' if gain >= 0 else 'more'} than {champion}"
    if gain < margin:
        return f"{said}; {margin:.1%} less would be needed"
    if low <= 0:
        return f"{said}, which may be chance: at least {low:.1%} at {CONFIDENCE:.0%}"
    return f"{said}, at least {low:.1%} at {CONFIDENCE:.0%}"
