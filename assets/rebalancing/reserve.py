"""The reserve curve of a site that serves others: where risk pooling pays.

A unit kept upstream answers whichever site below turns out to need it after the next review.
What it is worth there falls with what that site has already: sites below keep a safety stock
of their own, and the first units of a pooled shortage only thin it. Not here: the holding of
the reserve itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from assets.rebalancing.item_sites import Floats, Ints, ItemSites

SURPRISES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Breakpoints of a reserve curve, in standard deviations of pooled demand."""

POINTS = 16
"""Equally likely surprises, from none upward, that a worth is the mean over."""

RATIOS = (1e-6, 1 - 1e-6)
"""Range of critical ratios below, so that free holding and free shortage have finite quantiles."""


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
        Shortage cost per unit and bucket below, weighted by demand: a site's shortage cost over
        its own protection interval in buckets.
    holding : float array, shape (n,)
        Holding cost per unit and bucket below, weighted by demand.
    spread : float array, shape (n,)
        Sum of the standard deviations of demand over each protection interval below: how far
        the safety stocks there stretch.
    """

    rate: Floats
    std: Floats
    price: Floats
    holding: Floats
    spread: Floats


def pool_demand(item_sites: ItemSites, shortage_weight: float = 1.0) -> Pool:
    """Add up demand along normal replenishment, from the stores upward.

    What sites are surprised by moves together as far as ``pooled_variance`` says; sums are ordered by
    item-site. The release's weight of a shortage is in the price, and so in the critical ratio below.
    """
    n, horizon = item_sites.mean.shape
    own = item_sites.mean[:, -1] / max(1, horizon)
    rate = with_below(item_sites, own)
    interval = _protection_buckets(item_sites, rate)
    last = np.clip(interval.astype(np.int64) - 1, 0, horizon - 1)
    column = np.minimum(np.arange(horizon)[None, :], last[:, None])
    std = np.sqrt(np.take_along_axis(pooled_variance(item_sites), column, axis=1))
    price = with_below(item_sites, own * item_sites.shortage_cost * shortage_weight / interval)
    holding = with_below(item_sites, own * item_sites.holding_cost)
    spread = with_below(item_sites, np.where(own > 0, item_sites.std[np.arange(n), last], 0.0))
    demand = np.where(rate > 0, rate, 1.0)
    return Pool(rate, std, price / demand, holding / demand, spread)


def pooled_variance(item_sites: ItemSites) -> Floats:
    """Return the variance of demand at each item-site and at those that it normally serves, shape (n, T).

    ``sum (1 - r) s^2 + (sum sqrt(r) s)^2`` with s the deviations and r the correlation of errors, which is one
    factor that all sites of an item share: with one r ``(1 - r) sum s^2 + r (sum s)^2``.
    """
    shared = item_sites.correlation[:, None]
    alone = with_below(item_sites, (1.0 - shared) * item_sites.std**2)
    return np.asarray(alone + with_below(item_sites, np.sqrt(shared) * item_sites.std) ** 2)


def with_below(item_sites: ItemSites, own: Floats) -> Floats:
    """Return what is at each item-site plus what is at those that it normally serves."""
    total = own.copy()
    for echelon in range(int(item_sites.echelon.max(initial=0)) + 1):
        child = np.flatnonzero((item_sites.echelon == echelon) & (item_sites.parent >= 0))
        # A parent on the same echelon or below would count demand in a circle.
        child = child[item_sites.echelon[item_sites.parent[child]] > echelon]
        np.add.at(total, item_sites.parent[child], total[child])
    return total


def _protection_buckets(item_sites: ItemSites, rate: Floats) -> Floats:
    """Return the protection interval in buckets, from the demand that the target says falls in it."""
    n = len(item_sites)
    buckets = np.divide(item_sites.protection_mean, rate, out=np.full(n, 2.0), where=rate > 0)
    return np.asarray(np.clip(np.round(buckets), 1.0, float(max(1, item_sites.horizon))))


def curve(pool: Pool, row: Ints, bucket: Ints) -> tuple[Ints, Floats, float]:
    """Return breakpoints, the worth of the reserve there (both (R, B)), and the error of its segments.

    ``worth(x) = E[C(Z+) - C((Z - x)+)]``, concave in x, with Z normal of mean 0 and the pooled
    deviation, and C what the sites below lose by a shortage that they share (``shared_loss``). Z is
    taken at the means of ``POINTS`` equally likely ranges of its upper half.
    """
    deviation = pool.std[row, bucket]
    at = np.ceil(deviation[:, None] * np.array((0.0, *SURPRISES)) - 1e-9).astype(np.int64)
    surprise = deviation[:, None] * _surprises()
    missing = np.maximum(0.0, surprise[:, None, :] - at[:, :, None])
    loss, slope = shared_loss(pool, row, missing)
    worth = (loss[:, :1] - loss).sum(axis=2) / (2 * POINTS)
    change = np.abs(np.diff(slope.sum(axis=2), axis=1)) / (2 * POINTS)
    width = np.diff(at, axis=1)
    error = np.where(width > 1, width * change / 4, 0.0)
    return at, worth, float(error.max(initial=0.0))


def _surprises() -> Floats:
    """Return the mean of a standard normal in each of ``POINTS`` equally likely ranges above 0."""
    edge = ndtri(0.5 + 0.5 * np.arange(POINTS + 1) / POINTS)
    return np.asarray(-np.diff(_density(edge)) * 2 * POINTS)


def shared_loss(pool: Pool, row: Ints, missing: Floats) -> tuple[Floats, Floats]:
    """Return what ``missing`` units cost the sites below, and the slope there, shape of ``missing``.

    ``C'(u) = (p + h) (F(z) - F(z - u / s))`` with F the normal distribution function, z its
    quantile at p / (p + h), where sites below would stop without a shortage, and s the sum of
    their deviations: a shortage is shared so that each has the same marginal value. Nothing at
    u = 0, at most p.
    """
    price, holding = pool.price[row], pool.holding[row]
    both = price + holding
    ratio = np.divide(price, both, out=np.full(len(row), RATIOS[0]), where=both > 0)
    z = ndtri(np.clip(ratio, *RATIOS))[:, None, None]
    scale = np.maximum(pool.spread[row], 1e-9)[:, None, None]
    left, each = z - missing / scale, both[:, None, None]
    loss = each * (missing * ndtr(z) - scale * (_area(z) - _area(left)))
    return loss, each * (ndtr(z) - ndtr(left))


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def _area(z: Floats) -> Floats:
    """Return the integral of the normal distribution function up to z."""
    return np.asarray(z * ndtr(z) + _density(z))
