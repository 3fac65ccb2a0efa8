"""Mixtures of whole proposals, as whole as they can be: the smoothed master, then the linear one for who is undecided.

An optimum of the linear master takes nearly every item whole, a smooth mixture does not; but most
items have made up their mind in both. Small markets have an integer master as well. Not here: what
becomes of those that stay mixed (``award``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array, csr_matrix, vstack

from assets.kernel.solvers.integer_program import IntegerProgram, least_cost
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.master import Master
from assets.rebalancing.market.messages import Proposals
from assets.rebalancing.market.pool import Mixture
from assets.rebalancing.market.smoothed import smoothed, undecided

SURE_SHARES = (np.inf, 0.999, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6)
"""An item with a plan of this share has made up its mind; the first at which the linear master is small enough."""
MOST_ROWS = 1_500
"""Most undecided items and limits of the linear master."""
NEAR_SHARE = 1e-5
"""Least share of the proposals that undecided items still think of."""
WHOLE_ROWS, WHOLE_NODES = 60, 1_000
"""Most items and limits of an integer master, and the nodes that it may take."""
SHARPEST = 1e-3
"""Share of what moving saves by which the smooth mixture may err: the linear one chooses among what is near."""


def mixed(idle: Proposals, pool: Proposals, limits: Limits, scale: float, prices: Floats, gain: float) -> Mixture:
    """Return a mixture of the pool that is whole for nearly every item.

    Parameters
    ----------
    idle, pool : Proposals
        What each item costs if it waits, in order; whole plans that they proposed.
    limits : Limits
        Shared.
    scale : float
        Integer cost of one unit of currency.
    prices : float array, shape (L,)
        Where the search of prices starts.
    gain : float
        What may still be gained, in currency.
    """
    smooth = smoothed(idle, pool, limits, scale, prices, gain, SHARPEST)
    chosen, open_ = _minds(idle, pool, smooth, len(limits))
    taken, items = chosen[chosen >= 0], np.flatnonzero(open_)
    near = np.flatnonzero(open_[pool.item] & (smooth.share > NEAR_SHARE)) if len(pool) else taken
    share = np.zeros(len(pool))
    share[taken] = 1.0
    if len(near):
        place = np.cumsum(open_) - 1
        used = np.asarray(pool.use[taken].sum(axis=0)).ravel()
        rest = replace(limits, capacity=np.maximum(0.0, limits.room - used), fixed=np.zeros(len(limits)))
        master = Master(replace(idle.take(items), item=np.arange(len(items))), rest, scale)
        thought = pool.take(near)
        master.add(replace(thought, item=place[thought.item]))
        exact = master.solve()
        share[near] = exact.share
        # Where nobody had decided before, its prices are those of all.
        smooth = exact if len(items) == len(idle) else smooth
    return replace(smooth, share=share)


def _minds(idle: Proposals, pool: Proposals, mixture: Mixture, limits: int) -> tuple[Ints, Flags]:
    """Return what is decided, by the surest share at which few enough are open."""
    for sure in SURE_SHARES:
        chosen, open_ = undecided(idle, pool, mixture, sure)
        if open_.sum() + limits <= MOST_ROWS:
            break
    return chosen, open_


def is_small(idle: Proposals, limits: Limits) -> bool:
    """Return whether an integer master can choose among whole plans of every item."""
    return len(idle) + len(limits) <= WHOLE_ROWS


def whole_mixture(idle: Proposals, pool: Proposals, limits: Limits, scale: float) -> Mixture | None:
    """Return the cheapest whole choice of proposals, by branch and bound; none where they are too many or too few."""
    count = len(pool)
    if not count or not is_small(idle, limits):
        return None
    saving = (pool.cost - idle.cost[pool.item]) / scale
    of_item = csr_array((np.ones(count), (pool.item, np.arange(count))), shape=(len(idle), count))
    most = np.concatenate([np.ones(len(idle)), limits.room])
    program = IntegerProgram(
        saving, np.zeros(count), np.ones(count), np.ones(count, dtype=bool), csr_matrix(vstack([of_item, pool.use.T])),
        np.full(len(most), -np.inf), most,
    )  # fmt: skip
    found = least_cost(program, "market award", nodes=WHOLE_NODES)
    return Mixture(found.value, found.solution, np.zeros(len(limits)))
