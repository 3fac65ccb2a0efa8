"""How much a source's own orders count against those of its group.

Here: the credibility constant, learned from how far sources of one group differ. Not here: what is
shrunk with it (``lead_time``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals

# Where too few sources say it: a distribution of some ten values is not seen in fewer.
USUAL_WEIGHT = 5.0
# Sources that look alike in few orders are not alike for ever, and one order is never the whole truth.
LEAST_WEIGHT, MOST_WEIGHT = 1.0, 50.0
LEAST_SOURCES = 3


def credibility_weight(weight: Reals, mean: Reals, squares: Reals, parent: Integers) -> float:
    """Return ``k`` of the credibility ``n / (n + k)`` that a source's own ``n`` orders have.

    ``k`` is the expected variance within a source over the variance between sources of one group
    (Buhlmann 1967; estimators of Buhlmann and Straub 1970, pooled over the groups)::

        v = sum of squares within / sum (n_i - 1)
        a = (sum n_i (x_i - x_group)^2 - (I - G) v) / sum over groups (n - sum n_i^2 / n)

    Sources with one order or less say nothing of ``v`` and are left out; with fewer than three the usual weight
    stands. It is held between the least and the most weight: where ``a`` is not above 0 sources look alike.

    Parameters
    ----------
    weight, mean, squares : array (n,)
        Orders of each source, their mean, and the sum of squared distances to it.
    parent : array (n,)
        Group of each source.

    Examples
    --------
    Two groups of two sources, 10 orders each with a variance of 2 within, means 2 apart:

    >>> orders, inside = np.full(4, 10.0), np.full(4, 18.0)
    >>> credibility_weight(orders, np.array([0.0, 2.0, 5.0, 7.0]), inside, np.array([0, 0, 1, 1]))
    1.1111111111111112
    """
    seen = weight > 1.0
    weight, mean, squares, parent = weight[seen], mean[seen], squares[seen], parent[seen]
    total = np.bincount(parent, weights=weight)
    groups = int((total > 0).sum())
    if len(weight) < LEAST_SOURCES or len(weight) == groups:
        return USUAL_WEIGHT
    within = float(squares.sum() / (weight - 1.0).sum())
    centre = np.bincount(parent, weights=weight * mean) / np.where(total > 0, total, 1.0)
    spread = float((weight * (mean - centre[parent]) ** 2).sum())
    size = float(total.sum() - (weight**2 / total[parent]).sum())
    between = (spread - (len(weight) - groups) * within) / size
    if between * MOST_WEIGHT <= within:
        return MOST_WEIGHT if within > 0 else LEAST_WEIGHT
    return max(within / between, LEAST_WEIGHT)
