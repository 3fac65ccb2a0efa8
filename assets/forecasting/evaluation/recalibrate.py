"""The law of a segment of few outcomes: a wider one, its levels moved to where those outcomes fell.

A segment of few series says too little for quantiles of its own by level, and is unlike the rest:
what is dying falls on, what is new is uncertain. Here: the distribution of its transforms under the
wider law, read backwards. Not here: segments of many outcomes (``calibrate``), or how much origins
share (``shocks``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from assets.forecasting.evaluation.calibrate import LEVELS, MEDIAN, MINIMUM_POOL, Calibration, scale
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.evaluation.pit import share_below
from assets.forecasting.evaluation.shocks import OriginSums, UsualShares, origin_sums, stretch
from assets.forecasting.history.arrays import Flags, Integers, Reals

# So many outcomes of a segment whose series may end say all that is said of it.
ENDING_POOL = 25
# Between the published levels, and beyond them, a law is a line over normal scores, which ends here.
MOST_SCORE = 6.0
_SCORES: Reals = np.concatenate([[-MOST_SCORE], ndtri(LEVELS), [MOST_SCORE]])
# A tail is at least as steep as if this share of the law's width were its last step.
LEAST_STEP, LEAST_RANGE = 0.05, 1e-6
# An outcome beyond the tails has transforms of one place, which is given a width.
LEAST_WIDTH = 1e-7
# Densities of all transforms together are at most 1 / LEAST_WIDTH, so that sums of multiples of this are exact.
DENSITY_STEP = 2.0**-28
# Shares this near tell the level of a share together: a fifth of what lies beyond the outermost published level.
NEARBY_SHARE = float(LEVELS[0]) / 5.0


@dataclass(frozen=True)
class _Fallen:
    """Where outcomes fell under a law: windows from one bucket to each later one, ``n`` rows of ``L`` lengths.

    Attributes
    ----------
    lower, upper : array (n, L)
        Bounds of the transform; both 0 where the window is not scored.
    excess : array (n, L)
        Squared residual over the law's deviation.
    scored : array (n, L)
        Which windows count.
    """

    lower: Reals
    upper: Reals
    excess: Reals
    scored: Flags


def recalibrated(outcomes: Outcomes, wider: Calibration, usual: UsualShares, *, may_end: bool = False) -> Calibration:
    """Return the wider calibration as a segment's outcomes say that it should have been.

    The quantile at a level is the wider one at the level below which such a share of the segment's
    transforms fell (Kuleshov, Fenner and Ermon 2018), so that the wider law still tells how spread
    depends on the level of demand. Of ``n`` outcomes the transforms weigh ``n`` in ``MINIMUM_POOL``
    and the uniform law the rest: the mean of a Dirichlet process around the wider law (Ferguson
    1973), whose say ends where there are enough.

    Parameters
    ----------
    outcomes : Outcomes
        Backtest of the segment's champion; there may be none.
    wider : Calibration
        Law that is moved.
    usual : UsualShares
        Share of variance between origins that is usual in the network.
    may_end : bool
        Whether series of the segment may never sell again. Then one outcome more than was seen counts as
        an end, below all that a law foresees (the rule of succession, Laplace 1774), and ``ENDING_POOL``
        outcomes say all: no other segment is like it.
    """
    if not len(outcomes.level):
        return wider
    horizon = wider.deviation.shape[1]
    intervals = replace(wider, quantiles=wider.interval_quantiles, deviation=wider.interval_deviation)
    ahead = [_fallen(outcomes, wider, 0)]
    anywhere = [_fallen(outcomes, intervals, first) for first in range(horizon)]
    pool, ends = (ENDING_POOL, 1) if may_end else (MINIMUM_POOL, 0)
    quantiles, deviation = _moved(wider, ahead, outcomes.origin, usual.cumulative, pool, ends)
    interval_quantiles, interval_deviation = _moved(intervals, anywhere, outcomes.origin, usual.intervals, pool, ends)
    return Calibration(wider.edges, quantiles, deviation, interval_quantiles, interval_deviation)


def moved_levels(lower: Reals, upper: Reals, weight: float) -> Reals:
    """Return the levels below which the shares ``LEVELS`` of transforms fall.

    Where no transform falls between two levels, either is the quantile of one share, and which of
    them is found hangs on the last bit of a sum. So each is the mean of the quantiles of all shares
    within ``NEARBY_SHARE``, of which none alone decides: an L-estimate (Serfling 1980, chapter 8),
    continuous in the transforms.

    Parameters
    ----------
    lower, upper : array (k,)
        Bounds of each transform, which is anywhere between them.
    weight : float
        Of the transforms; the uniform law has the rest.

    Returns
    -------
    array (13,)
        Rising.

    Examples
    --------
    >>> moved_levels(np.array([0.0]), np.array([0.5]), 1.0)[[2, 6, 10]].round(6).tolist()
    [0.05, 0.25, 0.45]
    """
    begin = np.minimum(lower, 1.0 - LEAST_WIDTH)
    end = np.maximum(upper, begin + LEAST_WIDTH)
    density = weight / max(len(begin), 1) / (end - begin)
    place = np.concatenate([[0.0], begin, end, [1.0]])
    change = np.concatenate([[1.0 - weight], density, -density, [0.0]])
    order = np.argsort(place, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(_running(change[order])[:-1] * np.diff(place[order]))])
    below = np.maximum.accumulate(below)
    share, place = below / below[-1], place[order]
    # From the nearer end, beside which a level that is all but 0 or 1 keeps its digits.
    low, high = _mean_quantiles(share, place), 1.0 - _mean_quantiles(1.0 - share[::-1], 1.0 - place[::-1])[::-1]
    levels: Reals = np.maximum.accumulate(np.where(low <= 0.5, low, high))
    return levels


def _running(change: Reals) -> Reals:
    """Return the running sum of densities, of which no rounding is left once they have ended."""
    coarse = np.round(change / DENSITY_STEP) * DENSITY_STEP
    total: Reals = np.cumsum(coarse) + np.cumsum(change - coarse)
    return total


def _mean_quantiles(below: Reals, place: Reals) -> Reals:
    """Return the mean quantile of the shares around each of ``LEVELS``, of a law that is a line through its knots.

    The levels lie symmetrically around 0.5, so that the law may be read from its upper end too.
    """
    width = np.diff(below)
    until = np.concatenate([[0.0], np.cumsum(width * (place[1:] + place[:-1]) / 2.0)])
    bound = np.stack([LEVELS - NEARBY_SHARE, LEVELS + NEARBY_SHARE])
    knot = np.clip(np.searchsorted(below, bound, side="right") - 1, 0, len(width) - 1)
    into = bound - below[knot]
    slope = np.diff(place)[knot] / np.where(width[knot] > 0, width[knot], 1.0)
    least, most = until[knot] + into * (place[knot] + into * slope / 2.0)
    mean: Reals = (most - least) / (2.0 * NEARBY_SHARE)
    return mean


def _fallen(outcomes: Outcomes, law: Calibration, first: int) -> _Fallen:
    expected, actual, scored = outcomes.over(first)
    group, unit = np.broadcast_to(law.group(outcomes.level)[:, None], scored.shape)[scored], scale(expected)
    knots = _knots(law.quantiles)[group, np.nonzero(scored)[1]]
    lower, upper = np.zeros(expected.shape), np.zeros(expected.shape)
    for bound, half in ((lower, -0.5), (upper, 0.5)):
        residual = np.maximum(((actual + half - expected) / unit)[scored], knots[:, 0])
        bound[scored] = ndtr(share_below(residual, knots, _SCORES))
    # Less than nothing is never asked for.
    lower[actual <= 0] = 0.0
    promised = unit * law.deviation[law.group(outcomes.level), : expected.shape[1]]
    return _Fallen(lower, upper, ((actual - expected) / np.maximum(promised, 1e-9)) ** 2, scored)


def _moved(
    law: Calibration, windows: list[_Fallen], origin: Integers, usual: Reals, pool: int, ends: int
) -> tuple[Reals, Reals]:
    """Return the quantiles and deviation of a law, moved to where windows of each length fell.

    ``pool`` outcomes say all; ``ends`` more than were seen fell below the law, of each beginning.
    """
    factor = stretch(_sums(windows, origin), usual)
    quantiles, deviation = law.quantiles.copy(), law.deviation.copy()
    for place in range(law.deviation.shape[1]):
        told = [fallen for fallen in windows if fallen.scored.shape[1] > place]
        seen = [fallen.scored[:, place] for fallen in told]
        weight = min(float(np.any(seen, axis=0).sum()) / pool, 1.0)
        if weight == 0.0:
            continue
        lower, upper, excess = (
            np.concatenate([getattr(fallen, name)[flags, place] for fallen, flags in zip(told, seen, strict=True)])
            for name in ("lower", "upper", "excess")
        )
        unseen = np.zeros(ends * len(told))
        score = _score(moved_levels(np.append(lower, unseen), np.append(upper, unseen), weight))
        score = score[MEDIAN] + factor.quantiles[0, place] * (score - score[MEDIAN])
        quantiles[:, place] = [np.interp(score, _SCORES, knots) for knots in _knots(law.quantiles[:, place])]
        spread = np.sqrt(weight * excess.mean() + 1.0 - weight)
        deviation[:, place] *= spread * factor.deviation[0, place]
    return quantiles, deviation


def _sums(windows: list[_Fallen], origin: Integers) -> OriginSums:
    """Add up the normal scores of transforms, in which a shock common to all levels is one number."""
    sums = None
    for fallen in windows:
        score = _score((fallen.lower + fallen.upper) / 2.0)
        part = origin_sums(score, fallen.scored, np.zeros(len(origin), dtype=np.int64), origin, 1)
        sums = part if sums is None else sums.plus(part)
    assert sums is not None, "there is a window from the origin"
    return sums


def _score(levels: Reals) -> Reals:
    score: Reals = ndtri(np.clip(levels, LEAST_WIDTH, 1.0 - LEAST_WIDTH))
    return score


def _knots(quantiles: Reals) -> Reals:
    """Return quantiles (..., 13) with the ends of their tails, shape (..., 15)."""
    least = LEAST_STEP * np.maximum(quantiles[..., -1:] - quantiles[..., :1], LEAST_RANGE)
    low, high = np.maximum(quantiles[..., 1:2] - quantiles[..., :1], least), quantiles[..., -1:] - quantiles[..., -2:-1]
    first, last = (MOST_SCORE - _SCORES[-2]) / np.diff(_SCORES)[[1, -2]]
    begin, end = quantiles[..., :1] - first * low, quantiles[..., -1:] + last * np.maximum(high, least)
    return np.concatenate([begin, quantiles, end], axis=-1)
