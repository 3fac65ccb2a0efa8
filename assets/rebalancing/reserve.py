"""The reserve curve of a site that serves others: where risk pooling pays.

A unit kept upstream answers whichever site below turns out to need it after the next review.
Its worth is the price of the shortage it can prevent there, times the chance that the pooled
surprise is that large. Not here: the holding of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from assets.rebalancing.item_sites import Floats, Ints, ItemSites

SURPRISES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Breakpoints of a reserve curve, in standard deviations of pooled demand."""


@dataclass(frozen=True)
class Pool:
    """Demand of the sites that an item-site normally serves, directly or through others.

    Attributes
    ----------
    rate : float array, shape (n,)
        Expected demand per bucket.
    std : float array, shape (n, T)
        Standard deviation of the pooled demand that cannot yet be corrected in bucket t.
    price : float array, shape (n,)
        Mean shortage cost below, weighted by demand.
    interval : float array, shape (n,)
        Buckets over which one unit may be missed: the site's own protection interval.
    """

    rate: Floats
    std: Floats
    price: Floats
    interval: Floats


def pool_demand(item_sites: ItemSites) -> Pool:
    """Add up means and variances along normal replenishment, from the stores upward.

    Sites are taken as independent of each other; the sum is ordered by item-site.
    """
    n, horizon = item_sites.mean.shape
    own = item_sites.mean[:, -1] / max(1, horizon)
    rate, variance = own.copy(), item_sites.std**2
    weighted = own * item_sites.shortage_cost
    for echelon in range(int(item_sites.echelon.max(initial=0)) + 1):
        child = np.flatnonzero((item_sites.echelon == echelon) & (item_sites.parent >= 0))
        # A parent on the same echelon or below would count demand in a circle.
        child = child[item_sites.echelon[item_sites.parent[child]] > echelon]
        np.add.at(rate, item_sites.parent[child], rate[child])
        np.add.at(weighted, item_sites.parent[child], weighted[child])
        np.add.at(variance, item_sites.parent[child], variance[child])
    interval = _protection_buckets(item_sites, rate)
    last = np.clip(interval.astype(np.int64) - 1, 0, horizon - 1)
    column = np.minimum(np.arange(horizon)[None, :], last[:, None])
    std = np.sqrt(np.take_along_axis(variance, column, axis=1))
    price = np.divide(weighted, rate, out=np.zeros(n), where=rate > 0)
    return Pool(rate, std, price, interval)


def _protection_buckets(item_sites: ItemSites, rate: Floats) -> Floats:
    """Return the protection interval in buckets, from the demand that the target says falls in it."""
    n = len(item_sites)
    buckets = np.divide(item_sites.protection_mean, rate, out=np.full(n, 2.0), where=rate > 0)
    return np.asarray(np.clip(np.round(buckets), 1.0, float(max(1, item_sites.horizon))))


def curve(pool: Pool, row: Ints, bucket: Ints) -> tuple[Ints, Floats, float]:
    """Return breakpoints, the worth of the reserve there (both (R, B)), and the error of its segments.

    ``worth(x) = v E[min(x, Z+)]`` with Z normal of mean 0 and the pooled deviation, and v the
    mean shortage cost below over the protection interval in buckets: concave in x.
    """
    deviation = pool.std[row, bucket]
    at = np.ceil(deviation[:, None] * np.array((0.0, *SURPRISES)) - 1e-9).astype(np.int64)
    safe = np.where(deviation > 0, deviation, 1.0)[:, None]
    z = at / safe
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    met = at * ndtr(-z) + safe * (1 / np.sqrt(2 * np.pi) - density)
    value = (pool.price / pool.interval)[row][:, None]
    worth = np.where(deviation[:, None] > 0, value * met, 0.0)
    width = np.diff(at, axis=1)
    error = np.where(width > 1, width * value * np.abs(np.diff(ndtr(-z), axis=1)) / 4, 0.0)
    return at, worth, float(error.max(initial=0.0))
