"""Demand that an order placed now meets: the published interval between two arrivals, after lost sales.

Here: putting the interval's own spread and shape in the place of what differences of cumulative
variances say. Not here: the interval's distribution (``inventory.protection_demand``), or what is sold
before it (``projection``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import distribution
from assets.rebalancing.item_sites import Floats, Ints, ItemSites


def between_arrivals(
    item_sites: ItemSites, arrival: Ints, centre: Floats, sold_variance: Floats, seen: Floats
) -> Floats:
    """Return ``seen`` with published demand between two arrivals, where it is of these buckets.

    With W the variance of demand from a to t and V that of cumulative demand, what is sold before a
    varies with demand after it, as ``V[t] = V[a-1] + W + 2 C`` says. Of C the share counts that sales
    keep of the spread of demand: ``s = sd(sold) / sd(D[a-1])``, all of it where nothing is lost and
    none where the shelf is sure to be empty. So the variance is ``var(sold) + W + s (V[t] - V[a-1] -
    W)`` and the shape goes from that of the interval to that of cumulative demand. Before the last
    of the buckets W is in proportion to the growth of V.

    Parameters
    ----------
    item_sites : ItemSites
        n of them, T buckets, with their demand between two arrivals.
    arrival : int array, shape (n,)
        Bucket in which an order placed now can be sold; T if none can.
    centre : float array, shape (n, T)
        Expected demand that supply must meet by the end of each bucket, lost demand left out.
    sold_variance : float array, shape (n,)
        Of what is sold before the arrival.
    seen : float array, shape (n, T, 15)
        Knots of that demand so far; those of the interval are replaced in place.
    """
    given, horizon = item_sites.protection_demand, item_sites.horizon
    told = (given.first == arrival) & (given.last < horizon) & (given.std > 0)
    variance = np.maximum.accumulate(item_sites.std**2, axis=1)
    for t in range(horizon):
        row = np.flatnonzero(told & (t >= arrival) & (t <= given.last))
        if not len(row):
            continue
        before = np.where(arrival[row] > 0, variance[row, arrival[row] - 1], 0.0)
        growth = variance[row, t] - before
        whole = variance[row, given.last[row]] - before
        own = given.std[row] ** 2 * np.divide(growth, whole, out=np.ones(len(row)), where=whole > 0)
        share = np.sqrt(np.clip(np.divide(sold_variance[row], before, out=np.zeros(len(row)), where=before > 0), 0, 1))
        spread = np.sqrt(np.maximum(0.0, sold_variance[row] + own + share * (growth - own)))
        interval = _standard(given.quantiles[row], given.mean[row], given.std[row])
        whole_shape = _standard(item_sites.quantiles[row, t], item_sites.mean[row, t], item_sites.std[row, t])
        shape = interval + share[:, None] * (whole_shape - interval)
        at = np.maximum(0.0, centre[row, t, None] + spread[:, None] * shape)
        seen[row, t] = np.maximum.accumulate(at, axis=1)
    return seen


def _standard(quantiles: Floats, mean: Floats, std: Floats) -> Floats:
    """Return knots less the mean, in standard deviations."""
    return (distribution.knots(quantiles) - mean[:, None]) / np.where(std > 0, std, 1.0)[:, None]
