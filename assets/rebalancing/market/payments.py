"""What a site pays for the room that its lines of today take of shared limits.

What the others lose by it (Clarke 1971): what all would cost without its lines, the other lines as they
are, less what they would cost if its room were theirs. So a site ends with what the whole saves by
its being served, and whatever else it says, it gains at most what the plan for its true needs is off
the least cost. In a market too large to be chosen again without each site, or with too many sites, it pays the
prices of the room, which is no less while units are small; whoever frees more than they take is paid nothing,
as by the rule. Departures are billed by load (``departures``). Not here:
prices (``rounds``), and who gets what (``award``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.lots import first_items
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.lot_plans import lot_plans, standing
from assets.rebalancing.market.messages import Award, Prices, Proposals, joined, units_of
from assets.rebalancing.market.mixing import whole_mixture

MOST_SITES = 12
"""Most sites without each of which a market is chosen again."""


def room_by_sites(network: Network, limits: Limits, prices: Floats, units: Ints) -> Floats:
    """Return what the room that lines of today take is worth at the prices, by where they go, shape (sites,).

    Parameters
    ----------
    network, limits : Network, Limits
        Whose moves use what.
    prices : float array, shape (L,)
        Of the limits.
    units : int array, shape (m,)
        Of every move; those of later buckets do not count.
    """
    today = np.zeros(len(units))
    today[network.first] = units[network.first]
    paid = np.asarray(limits.use.T @ prices) * today
    return np.bincount(_sites(network), weights=paid, minlength=_count(network)).astype(np.float64)


def paid_by_sites(
    network: Network, limits: Limits, prices: Prices, waiting: Proposals, free: Proposals, found: Award
) -> Floats:
    """Return what each site pays for the room that it takes, in currency, shape (sites,).

    Parameters
    ----------
    network, limits : Network, Limits
        Of the items that share the limits.
    prices : Prices
        Of the limits.
    waiting, free : Proposals
        What items do if nothing may move, and if everything is free.
    found : Award
        Who got what.
    """
    units = units_of(found.plans)
    sites, used = _sites(network), np.zeros(len(units), dtype=bool)
    used[limits.use.indices[limits.use.data > 0]] = True
    taking = np.unique(sites[network.first[(units > 0)[network.first] & used[network.first]]])
    if found.pool is None or len(taking) > MOST_SITES:
        return np.maximum(0.0, room_by_sites(network, limits, prices.per_limit, units))
    paid, asked = np.zeros(_count(network)), units_of(free)[network.first]
    for site in taking.tolist():
        paid[site] = _lost(network, limits, prices, waiting, asked, found, sites == site)
    return paid


def _lost(
    network: Network, limits: Limits, prices: Prices, waiting: Proposals, asked: Ints, found: Award, lines: Flags
) -> float:
    """Return what the others lose by lines of today, which are among ``lines``, in currency."""
    assert found.pool is not None
    units = np.where(lines[network.first], 0, units_of(found.plans)[network.first])
    mine = np.zeros(network.items, dtype=bool)
    mine[first_items(network)[lines[network.first]]] = True
    bare = standing(network, limits, prices, units)
    left = joined([found.plans.take(np.flatnonzero(~mine)), bare.take(np.flatnonzero(mine))])
    around = lot_plans(network, limits, prices, units, asked, mine)
    others = joined([left, found.pool, around])
    gone = np.zeros(len(lines), dtype=np.int64)
    gone[network.first] = lines[network.first]
    again = whole_mixture(waiting, others.take(np.flatnonzero(others.units @ gone == 0)), limits, network.scale)
    assert again is not None
    return max(0.0, int(left.cost.sum() - waiting.cost.sum()) / network.scale - again.value)


def _sites(network: Network) -> Ints:
    """Return the site that each move goes to, shape (m,)."""
    problem = network.problem
    return np.asarray(problem.item_sites.site[problem.moves.destination])


def _count(network: Network) -> int:
    return len(network.problem.item_sites.site_ids)
