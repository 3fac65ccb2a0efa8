"""How far a candidate's means are off as a whole: the factor that the backtest says they lack.

Quantiles are residuals of the backtest, so they are right whatever the means are; the means are not.
Whoever adds means up, over sites or over the buckets before an arrival, would add up what the
quantiles beside them deny. Here: one factor a segment, for every pool to be about the corrected mean.
Not here: pools (``calibrate``), or errors that differ by level (their groups).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.evaluation.calibrate import MINIMUM_POOL
from assets.forecasting.evaluation.outcomes import Outcomes

# Means further off than this are of another kind of series; a factor would only move the error.
MOST_FACTOR = 3.0


def mean_factor(outcomes: Outcomes) -> float:
    """Return demand over forecast, of all series, origins and buckets whose demand is known, drawn towards 1.

    What the ratio differs from 1 is kept by the share that its variance between origins leaves: the
    positive part of James and Stein (1961), so that a shock of one origin is not taken for a bias.
    Of ``n`` outcomes it then weighs ``n`` in ``MINIMUM_POOL``, as much as such outcomes say of
    quantiles (``recalibrate``).

    Parameters
    ----------
    outcomes : Outcomes
        Backtest of one candidate; there may be none.

    Returns
    -------
    float
        From 1 / ``MOST_FACTOR`` to ``MOST_FACTOR``; 1 where nothing was expected, nothing is known
        or there is one origin only.
    """
    known, (origins, origin) = outcomes.known, np.unique(outcomes.origin, return_inverse=True)
    expected, actual = (
        np.bincount(origin, np.where(known, part, 0.0).sum(axis=1), minlength=len(origins))
        for part in (outcomes.mean, outcomes.demand)
    )
    total, count = float(expected.sum()), len(origins)
    if total <= 0.0 or count < 2:
        return 1.0
    ratio = float(actual.sum()) / total
    variance = count / (count - 1) * float(((actual - ratio * expected) ** 2).sum()) / total**2
    excess = (ratio - 1.0) ** 2
    kept = max(0.0, 1.0 - variance / excess) if excess > 0.0 else 0.0
    weight = min(float(known.any(axis=1).sum()) / MINIMUM_POOL, 1.0)
    bounded = min(max(ratio, 1.0 / MOST_FACTOR), MOST_FACTOR)
    return 1.0 + weight * kept * (bounded - 1.0)
