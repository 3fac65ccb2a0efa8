"""What will still be uncertain: demand seen from the buckets in which supply can be corrected.

Known stock and pipeline are rolled through lost sales to the first arrival of a decision,
so that what is lost before then is not supplied later. Beyond the protection interval the
spread is that of the demand which later decisions cannot see. Not here: money.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing import distribution
from assets.rebalancing.between_arrivals import between_arrivals
from assets.rebalancing.distribution import POINT_WEIGHTS
from assets.rebalancing.item_sites import Flags, Floats, Ints, ItemSites

REFERENCE_LEVEL = 10
"""Position among the knots (the 80 % quantile) at which a bucket's shortage is weighed."""


@dataclass(frozen=True)
class Projection:
    """Demand as the value curves see it.

    Attributes
    ----------
    knots : float array, shape (n, T, 15)
        Cumulative demand that supply must meet by the end of bucket t, lost demand left out.
    taken : float array, shape (n, T)
        Of that, expected before bucket t.
    weight : float array, shape (n, T)
        Share of the shortage cost that one unit short at the end of bucket t is charged.
    full : bool array, shape (n, T)
        Buckets inside the protection interval, which carry the full distribution.
    early : bool array, shape (n, T)
        Buckets before the first arrival, in which what is short is what is lost before it.
    gap : float array, shape (n, 15)
        Units by which demand gets ahead of known supply at most before the first arrival, from what any
        move reaches on: what is lost if nothing is added; negative where there is too much.
    """

    knots: Floats
    taken: Floats
    weight: Floats
    full: Flags
    early: Flags
    gap: Floats


def project(item_sites: ItemSites, first_arrival: Ints, lost_sales: bool, earliest: Ints | None = None) -> Projection:
    """Project demand over the horizon.

    Parameters
    ----------
    item_sites : ItemSites
        n of them, T buckets.
    first_arrival : int array, shape (n,)
        Bucket in which a normal order placed now can be sold; T if none can.
    lost_sales : bool
        Whether unmet demand is lost. If not, nothing is rolled, every bucket is charged, and what
        is owed already comes on top of demand.
    earliest : int array, shape (n,), optional
        First bucket that any move reaches; what is lost before it nothing can save. Now if not given.

    Notes
    -----
    With a the first arrival and r the review in buckets: before a, demand is rolled to the
    last scheduled receipt; from a on, to a: ``D'[t] = sold[a] + D[t] - D[a-1]``, means and
    variances of independent increments, in the shape of the published quantiles; where demand
    between the arrivals of two orders is published, its own spread and shape take their place.
    From a + r on, the spread is that of the last a + r buckets at most.
    """
    n, horizon = item_sites.mean.shape
    arrival = np.clip(first_arrival, 0, horizon)
    t = np.arange(horizon)[None, :]
    since = _roll_point(item_sites.known_supply, arrival) if lost_sales else np.zeros((n, horizon), np.int64)
    sold_mean, sold_variance = sold_by(item_sites, np.minimum(arrival, int(since.max(initial=0))))
    rows = np.arange(n)[:, None]
    before_mean = np.concatenate([np.zeros((n, 1)), item_sites.mean], axis=1)
    variance = np.maximum.accumulate(item_sites.std**2, axis=1)
    before_variance = np.concatenate([np.zeros((n, 1)), variance], axis=1)
    centre = sold_mean[rows, since] + item_sites.mean - before_mean[rows, since]
    spread = sold_variance[rows, since] + variance - before_variance[rows, since]
    late = t >= (arrival + item_sites.review_buckets)[:, None]
    spread = np.where(late, _correctable_spread(item_sites, arrival, variance), spread)
    spread = np.sqrt(np.clip(spread, 0.0, variance))
    published = distribution.knots(item_sites.quantiles)
    shape = np.divide(spread, item_sites.std, out=np.zeros_like(spread), where=item_sites.std > 0)
    seen = np.maximum(0.0, centre[..., None] + (published - item_sites.mean[..., None]) * shape[..., None])
    # Untouched buckets keep the published figures to the last digit.
    same = (since == 0) & ~late
    seen = np.where(same[..., None], published, seen)
    if lost_sales:
        sold_then = sold_variance[np.arange(n), np.minimum(arrival, sold_variance.shape[1] - 1)]
        seen = between_arrivals(item_sites, arrival, centre, sold_then, seen)
    early, gap, weight = np.zeros((n, horizon), dtype=bool), np.zeros((n, published.shape[2])), np.ones((n, horizon))
    if lost_sales:
        early = t < arrival[:, None]
        reached = np.zeros(n, dtype=np.int64) if earliest is None else np.minimum(earliest, arrival)
        gap, shares = _lost_before(item_sites, published, reached, arrival)
        weight = np.where(early, shares, _weights(item_sites, seen, arrival))
    taken = np.concatenate([np.zeros((n, 1)), centre[:, :-1]], axis=1)
    taken = np.maximum.accumulate(taken, axis=1) + item_sites.owed[:, None]
    return Projection(seen + item_sites.owed[:, None, None], taken, weight, ~late, early, gap)


def with_sold(projection: Projection, sold: Floats) -> Projection:
    """Return the projection with ``sold`` units more, shape (n,), demanded of supply from the first arrival on.

    What came early and was sold by then stays in cumulative supply, so that it stands in
    cumulative demand as well.
    """
    more = np.where(projection.early, 0.0, sold[:, None])
    knots = np.maximum(0.0, projection.knots + more[..., None])
    return replace(projection, knots=knots, taken=np.maximum(0.0, projection.taken + more))


def _roll_point(known_supply: Ints, arrival: Ints) -> Ints:
    """Return the bucket that losses before bucket t are rolled to, shape (n, T)."""
    horizon = known_supply.shape[1]
    receipts = np.diff(known_supply, axis=1, prepend=known_supply[:, :1]) > 0
    t = np.arange(horizon)[None, :]
    last_receipt = np.maximum.accumulate(np.where(receipts, t, 0), axis=1)
    return np.asarray(np.where(t >= arrival[:, None], arrival[:, None], np.minimum(last_receipt, arrival[:, None])))


def sold_by(item_sites: ItemSites, until: Ints) -> tuple[Floats, Floats]:
    """Return mean and variance of what known supply sells before each bucket.

    ``sold[t+1] = sold[t] + min(d[t], known supply[t] - sold[t])``, by 13 x 13 points a step.

    Parameters
    ----------
    item_sites : ItemSites
        n of them.
    until : int array, shape (n,)
        The last bucket wanted of each.

    Returns
    -------
    mean, variance : float array, shape (n, max(until) + 1)
        Nought after the last bucket wanted.
    """
    n, buckets = len(item_sites), int(until.max(initial=0))
    means, variances = np.zeros((n, buckets + 1)), np.zeros((n, buckets + 1))
    sold = np.zeros((n, len(POINT_WEIGHTS)))
    for t in range(buckets):
        row = np.flatnonzero(until > t)
        left = np.maximum(0.0, item_sites.known_supply[row, t, None] - sold[row])
        demand = _bucket_points(item_sites, t)[row]
        after = sold[row, :, None] + np.minimum(demand[:, None, :], left[:, :, None])
        joint = np.broadcast_to(np.outer(POINT_WEIGHTS, POINT_WEIGHTS).ravel(), (len(row), len(POINT_WEIGHTS) ** 2))
        sold[row] = distribution.as_points(after.reshape(len(row), -1), joint)
        means[row, t + 1] = sold[row] @ POINT_WEIGHTS
        variances[row, t + 1] = np.maximum(0.0, (sold[row] ** 2) @ POINT_WEIGHTS - means[row, t + 1] ** 2)
    return means, variances


def _bucket_points(item_sites: ItemSites, t: int) -> Floats:
    """Return demand of bucket t alone as 13 points: its mean and spread in the first bucket's shape."""
    first = item_sites.quantiles[:, 0]
    if t == 0:
        return first
    centre = item_sites.mean[:, t] - item_sites.mean[:, t - 1]
    variance = np.maximum(0.0, item_sites.std[:, t] ** 2 - item_sites.std[:, t - 1] ** 2)
    scale = np.divide(
        np.sqrt(variance), item_sites.std[:, 0], out=np.zeros(len(centre)), where=item_sites.std[:, 0] > 0
    )
    points = np.maximum(0.0, centre[:, None] + (first - item_sites.mean[:, :1]) * scale[:, None])
    found = points @ POINT_WEIGHTS
    return points * np.divide(centre, found, out=np.zeros_like(centre), where=found > 0)[:, None]


def _correctable_spread(item_sites: ItemSites, arrival: Ints, variance: Floats) -> Floats:
    """Return the variance of the demand that decisions for bucket t cannot yet see, shape (n, T).

    A decision at the k-th review still reaches t; it has seen the demand before it. Growth of
    the mean stands in for growth of the variance.
    """
    n, horizon = variance.shape
    rows, t = np.arange(n)[:, None], np.arange(horizon)[None, :]
    review = item_sites.review_buckets[:, None]
    seen = np.maximum(0, (t - arrival[:, None]) // review) * review
    base = np.clip(t - seen, 0, horizon - 1)
    before = np.where(seen > 0, item_sites.mean[rows, np.clip(seen - 1, 0, None)], 0.0)
    ratio = np.divide(
        item_sites.mean - before,
        item_sites.mean[rows, base],
        out=np.ones_like(variance),
        where=item_sites.mean[rows, base] > 0,
    )
    return np.asarray(variance[rows, base] * ratio)


def _lost_before(item_sites: ItemSites, published: Floats, earliest: Ints, arrival: Ints) -> tuple[Floats, Floats]:
    """Return knots of what is lost before the first arrival, and the share of each bucket in it, shape (n, T).

    By the end of t is lost ``max(0, M[t])`` with ``M[t] = max over s <= t of D[s] - x[s]``, demand and
    supply cumulative: what is lost is the reflection of a process at nought (Asmussen 2003, Applied
    Probability and Queues, IX.2). With e the earliest arrival of any move and a that of a normal order,
    u more leave ``max(0, G - u)`` with ``G = M[a-1] - max(0, M[e-1])``: never more than one lost unit
    less a unit. Demand is taken at the same level in all buckets, which is exact where nothing
    is due and else gives M the least probability of passing any number, ``max over s of P(D[s] - x[s]
    > m)``. What comes in t is taken to save the share that is lost from t on; where nothing is lost,
    what is given away is missed at the end.

    Parameters
    ----------
    item_sites : ItemSites
        n of them, T buckets.
    published : float array, shape (n, T, 15)
        Knots of cumulative demand.
    earliest, arrival : int array, shape (n,)
        e and a, e <= a.
    """
    small, rows = 1e-6, np.arange(len(item_sites))
    ahead = np.maximum.accumulate(published - item_sites.known_supply[..., None], axis=1)
    last, before = np.maximum(0, arrival - 1), np.maximum(0, earliest - 1)
    sunk = np.where(earliest[:, None] > 0, np.maximum(0.0, ahead[rows, before]), 0.0)
    gap = np.maximum.accumulate(ahead[rows, last] - sunk, axis=1)
    lost = distribution.mean(np.maximum(ahead, 0.0)) - distribution.mean(sunk)[:, None]
    lost = np.where(np.arange(item_sites.horizon)[None, :] < earliest[:, None], 0.0, lost)
    lost[rows, last] += small
    return gap, np.maximum(0.0, np.diff(lost, axis=1, prepend=0.0) / lost[rows, last][:, None])


def _weights(item_sites: ItemSites, seen: Floats, arrival: Ints) -> Floats:
    """Return the share of the shortage cost per unit short and bucket from the first arrival on, shape (n, T).

    A unit stays short in a cumulative curve until supply comes, but is lost once. Within a stretch
    that nothing can correct, shares are equal, between 1 / (buckets of the stretch) and 1. The
    stretch that an order placed now serves counts the loss at the reference level once, times the
    mean of 1 and 1 / (lead time + 1), chosen by simulated cost (README): the full price orders too
    much, as what is left also meets the demand after it. Later stretches, whose spread is that of
    the whole protection interval, are charged 1 / (lead time + 1).
    """
    n, horizon = item_sites.mean.shape
    rows, t = np.arange(n), np.arange(horizon)[None, :]
    review = item_sites.review_buckets[:, None]
    ordered = (t >= arrival[:, None]) & (t < arrival[:, None] + review)
    last = np.minimum(arrival + item_sites.review_buckets, horizon) - 1
    reference = seen[rows, last][:, None, REFERENCE_LEVEL] * np.ones((1, horizon))
    knots = seen.reshape(n * horizon, seen.shape[2])
    at_reference = distribution.expected_shortage(knots, reference.reshape(-1, 1)).reshape(n, horizon)
    share = _charged_once(at_reference[rows, last], at_reference, ordered)
    lead = (arrival / item_sites.review_buckets)[:, None]
    return np.where(ordered, share * (1.0 + 1.0 / (lead + 1.0)) / 2.0, share / (lead + 1.0))


def _charged_once(once: Floats, every: Floats, stretch: Flags) -> Floats:
    """Return ``once``, shape (n,), over its sum in the buckets of a stretch, within [1 / length, 1], shape (n, 1)."""
    small = 1e-6
    length = np.maximum(1, stretch.sum(axis=1, keepdims=True))
    total = np.where(stretch, every, 0.0).sum(axis=1, keepdims=True)
    return np.asarray(np.clip((once[:, None] + small) / (total + small), 1.0 / length, 1.0))
