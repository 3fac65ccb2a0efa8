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

    The square of what a ratio differs from 1 by is, on average, that of its bias plus its variance.
    Kept is the share that is bias, the variance being that of the ratio without each origin in turn
    (the jackknife, Quenouille 1956): a shock of one origin is not taken for a bias. Of ``n`` outcomes
    the rest weighs ``n`` in ``MINIMUM_POOL``, as much as such outcomes say of quantiles
    (``recalibrate``).

    Parameters
    ----------
    outcomes : Outcomes
        Backtest of one candidate; there may be none.

    Returns
    -------
    float
        From 1 / ``MOST_FACTOR`` to ``MOST_FACTOR``; 1 where nothing was expected, nothing is known
        or one origin alone says something.
    """
    origins, origin = np.unique(outcomes.origin, return_inverse=True)
    expected, actual = (
        np.bincount(origin, np.where(outcomes.known, part, 0.0).sum(axis=1), minlength=len(origins))
        for part in (outcomes.mean, outcomes.demand)
    )
    tells = expected > 0.0
    expected, actual, count = expected[tells], actual[tells], int(tells.sum())
    if count < 2:
        return 1.0
    ratio = float(actual.sum() / expected.sum())
    without = (actual.sum() - actual) / (expected.sum() - expected)
    variance = (count - 1) / count * float(((without - without.mean()) ** 2).sum())
    excess = (ratio - 1.0) ** 2
    kept = max(0.0, 1.0 - variance / excess) if excess > 0.0 else 0.0
    weight = min(float(outcomes.known.any(axis=1).sum()) / MINIMUM_POOL, 1.0)
    bounded = min(max(ratio, 1.0 / MOST_FACTOR), MOST_FACTOR)
    return 1.0 + weight * kept * (bounded - 1.0)
