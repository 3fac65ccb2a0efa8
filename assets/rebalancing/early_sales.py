"""What comes before a normal order could is partly sold by then: later supply must not count on it.

The flow carries cumulative supply, in which a unit that came early and was sold stays. What is
bought today would be too little by such units, and what a giver cannot sell any more would be
bought for nobody. Here: how many units those are, from a first optimum, and the network that knows
of them. Not here: what an early unit saves (``value``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import distribution
from assets.rebalancing.expansion import Network, expand, projected
from assets.rebalancing.first_arrivals import first_arrivals
from assets.rebalancing.flow import free_variant, solve_flows
from assets.rebalancing.item_sites import Flags, Floats
from assets.rebalancing.problem import Problem
from assets.rebalancing.projection import Projection


def expand_knowing_sales(problem: Problem) -> Network:
    """Build the network of every item, demand after the first arrival less what early units sell before it.

    Parameters
    ----------
    problem : Problem
        Of a plan date.

    Notes
    -----
    Early units are those of the relaxed optimum of a network that knows nothing of them: one
    step of a fixed point. Where demand waits nothing is sold twice, and that network stands.
    """
    network = expand(problem)
    early = early_moves(problem)
    if not problem.lost_sales or not early.any():
        return network
    item_sites, moves = problem.item_sites, problem.moves
    items = np.unique(item_sites.item[moves.destination[early]])
    flow = solve_flows(network, free_variant(network, items))
    move = network.move[flow.arcs]
    sent = (move >= 0) & (flow.flows > 0)
    units = np.zeros(len(moves), dtype=np.int64)
    units[move[sent]] = flow.flows[sent]
    added = np.zeros(len(item_sites))
    np.add.at(added, moves.destination[early], units[early])
    np.subtract.at(added, moves.origin[early], units[early])
    return expand(problem, sold_early(projected(problem), added)) if added.any() else network


def early_moves(problem: Problem) -> Flags:
    """Return which moves of today come before a normal order could, shape (m,).

    Those on departures with a fixed cost are left out: most of them stay, and nobody knows yet which.
    """
    moves = problem.moves
    unusual = moves.is_transfer & ~moves.usual & (moves.bucket == 0) & (moves.blocked == 0) & (moves.spread == 0)
    return np.asarray(unusual & (moves.arrival < first_arrivals(problem)[moves.destination]))


def sold_early(projection: Projection, added: Floats) -> Floats:
    """Return how many units more are sold before the first arrival where ``added`` units come, shape (n,).

    ``E[G+] - E[(G - u)+]`` with G what is lost if nothing is added (``Projection.gap``): less
    than nothing where units are given away.

    Parameters
    ----------
    projection : Projection
        Of n item-sites.
    added : float array, shape (n,)
        Net units u.
    """
    at = np.stack([np.zeros(len(added)), added], axis=1)
    lost = distribution.expected_shortage(projection.gap, at)
    sold = lost[:, 0] - lost[:, 1]
    return np.where(projection.early.any(axis=1) & (added != 0), sold, 0.0)
