"""The calibration that is published: pools of the backtest, widened for the origin that is still to come.

Here: which segments have pools of their own, and which move a wider law. Not here: pools
(``calibrate``), moving (``recalibrate``), or what origins share (``shocks``). Candidates are compared
on pools about their own means (``scorecard``): what widens all alike decides nothing between them, and
what corrects the mean of one is not in its score.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.forecasting.evaluation.bias import mean_factor
from assets.forecasting.evaluation.calibrate import (
    GROUP_RESIDUALS,
    MEDIAN,
    MINIMUM_POOL,
    Calibration,
    calibrated,
    scale,
    untested,
)
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.evaluation.recalibrate import recalibrated
from assets.forecasting.evaluation.shocks import OriginSums, Stretch, UsualShares, origin_sums, shared_share, stretch
from assets.forecasting.history.arrays import Flags, Integers, Reals

# Pools of fewer outcomes have one group of levels: a wider law knows more of how spread depends on level.
OWN_POOLS = 2 * GROUP_RESIDUALS


def network_calibration(outcomes: Outcomes, horizon: int) -> tuple[Calibration, UsualShares]:
    """Return the calibration over all segments, and the share of variance between origins that is usual.

    Spikes are cut, here as in what a segment learns: they tell of their series and not of those pooled with it.

    Parameters
    ----------
    outcomes : Outcomes
        Backtests of the champions of all segments; there may be none.
    horizon : int
        Buckets ahead.
    """
    outcomes = outcomes.without_spikes()
    plain = calibrated(outcomes, untested(horizon))
    ahead, anywhere = _sums(outcomes, plain)
    usual = UsualShares(shared_share(ahead).mean(axis=0), shared_share(anywhere).mean(axis=0))
    return widened(plain, outcomes, usual), usual


def segment_calibration(
    outcomes: Outcomes, network: Calibration, usual: UsualShares, *, may_end: bool = False
) -> Calibration:
    """Return the calibration of one candidate in one segment.

    Parameters
    ----------
    outcomes : Outcomes
        Its backtest.
    network, usual
        As ``network_calibration`` returns them.
    may_end : bool
        Whether series of the segment may never sell again (``recalibrated``).
    """
    outcomes = outcomes.without_spikes()
    factor = mean_factor(outcomes)
    corrected = outcomes.scaled(factor)
    if has_few(outcomes):
        law = recalibrated(corrected, network, usual, may_end=may_end)
    else:
        law = widened(calibrated(corrected, network), corrected, usual)
    return replace(law, mean_factor=factor)


def has_few(outcomes: Outcomes) -> bool:
    """Return whether a segment has too few outcomes for pools of its own by level."""
    return bool(outcomes.over(0)[2].sum(axis=0).min() < OWN_POOLS)


def widened(plain: Calibration, outcomes: Outcomes, usual: UsualShares) -> Calibration:
    """Return a calibration with its pools stretched; what it borrowed for want of outcomes is wide already.

    Parameters
    ----------
    plain : Calibration
        By ``calibrated``.
    outcomes : Outcomes
        What it was pooled from.
    usual : UsualShares
        Of the network.
    """
    ahead, anywhere = _sums(outcomes, plain)
    own = ahead.count.sum(axis=1) >= MINIMUM_POOL
    cumulative, intervals = _told(stretch(ahead, usual.cumulative), own), _told(stretch(anywhere, usual.intervals), own)
    return replace(
        plain,
        quantiles=_stretched(plain.quantiles, cumulative.quantiles),
        deviation=plain.deviation * cumulative.deviation,
        interval_quantiles=_stretched(plain.interval_quantiles, intervals.quantiles),
        interval_deviation=plain.interval_deviation * intervals.deviation,
    )


def _told(factor: Stretch, own: Flags) -> Stretch:
    return Stretch(np.where(own[:, :, None], factor.quantiles, 1.0), np.where(own, factor.deviation, 1.0))


def _stretched(quantiles: Reals, factor: Reals) -> Reals:
    middle = quantiles[:, :, MEDIAN, None]
    found: Reals = middle + factor * (quantiles - middle)
    return found


def _sums(outcomes: Outcomes, plain: Calibration) -> tuple[OriginSums, OriginSums]:
    """Add residuals up by group, origin and length: of windows from the origin, and of all."""
    pool, pools = plain.group(outcomes.level), len(plain.deviation)
    ahead = _sums_from(outcomes, 0, pool, pools)
    anywhere = ahead
    for first in range(1, plain.deviation.shape[1]):
        anywhere = anywhere.plus(_sums_from(outcomes, first, pool, pools))
    return ahead, anywhere


def _sums_from(outcomes: Outcomes, first: int, pool: Integers, pools: int) -> OriginSums:
    expected, actual, scored = outcomes.over(first)
    return origin_sums((actual - expected) / scale(expected), scored, pool, outcomes.origin, pools)
