"""What a slower way costs because it is decided earlier: demand that a faster way would have seen.

The flow sees one course of demand, so that units which arrive in the same bucket are the same to
it whenever they were ordered. A unit on the slower way cannot be called back: what demand falls
short of in the meantime, it lies. Here: that cost per unit. Not here: the value of supply in a
bucket (``value``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import distribution, reserve
from assets.rebalancing.item_sites import Floats, Ints, ItemSites
from assets.rebalancing.moves import Moves

NORMAL_EXCESS = 1.0 / np.sqrt(2.0 * np.pi)
"""``E[(mean - D)+]`` of normal demand, in standard deviations."""


def buckets_earlier(item_sites: ItemSites, moves: Moves) -> Ints:
    """Return by how many buckets the last usual way that arrives no later leaves later, shape (m,).

    Parameters
    ----------
    item_sites : ItemSites
        Ends of the moves.
    moves : Moves
        All of them; those that a guardrail forbids are no other way.
    """
    last = np.full((len(item_sites), item_sites.horizon), -1, dtype=np.int64)
    other = np.flatnonzero(moves.usual & (moves.blocked == 0))
    np.maximum.at(last, (moves.destination[other], moves.arrival[other]), moves.bucket[other])
    last = np.maximum.accumulate(last, axis=1)
    arrival = np.minimum(moves.arrival, item_sites.horizon - 1)
    return np.asarray(np.maximum(0, last[moves.destination, arrival] - moves.bucket))


def cost_of_deciding_early(item_sites: ItemSites, moves: Moves) -> Floats:
    """Return what deciding early is expected to cost, currency per unit of each move, shape (m,).

    ``h E[(E[D] - D)+] / rate`` with D the demand of the w buckets by which a usual way that
    arrives no later could leave later, and rate the expected demand of a bucket. Whoever orders
    up to a level on the slower way and tops up on the faster one holds, in every bucket, what D
    fell short of its mean; that is shared by the units of a bucket. At most ``h w``: a unit is no
    more than w buckets early. The overshoot of dual sourcing (Veeraraghavan and Scheller-Wolf
    2008, Operations Research 56(4)), at its mean.

    Parameters
    ----------
    item_sites : ItemSites
        Where the units go. A site that serves others sees the pooled demand of those, taken as normal.
    moves : Moves
        All of them.

    Notes
    -----
    A price per unit, not a curve: a slower way that saves more than this takes all it can, one
    that saves less nothing, where the best policy would take the part of demand that is sure.
    """
    early = buckets_earlier(item_sites, moves)
    late = np.flatnonzero(early)
    cost = np.zeros(len(moves))
    if not len(late):
        return cost
    row, seen = moves.destination[late], early[late] - 1
    rate, excess = _own(item_sites, row, seen)
    pooled_rate, pooled_excess = _pooled(item_sites, row, seen)
    own = item_sites.has_demand[row]
    rate, excess = np.where(own, rate, pooled_rate), np.where(own, excess, pooled_excess)
    waiting = np.divide(excess, rate, out=np.zeros(len(late)), where=rate > 0)
    cost[late] = item_sites.holding_cost[row] * np.minimum(waiting, early[late])
    return cost


def _own(item_sites: ItemSites, row: Ints, seen: Ints) -> tuple[Floats, Floats]:
    """Return expected demand of a bucket, and ``E[(E[D] - D)+]`` up to bucket ``seen``."""
    at = distribution.knots(item_sites.quantiles[row, seen])
    excess = distribution.expected_excess(at, distribution.mean(at)[:, None])[:, 0]
    return item_sites.mean[row, -1] / item_sites.horizon, excess


def _pooled(item_sites: ItemSites, row: Ints, seen: Ints) -> tuple[Floats, Floats]:
    """Return the same of the sites below."""
    rate = reserve.with_below(item_sites, item_sites.mean[:, -1] / item_sites.horizon)
    std = np.sqrt(reserve.pooled_variance(item_sites))
    return rate[row], NORMAL_EXCESS * std[row, seen]
