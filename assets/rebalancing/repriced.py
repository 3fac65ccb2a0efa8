"""The optimum at higher prices of moves, from the optimum at lower ones.

A move that has become too dear is emptied, and what it carried is sent along the shortest ways anew;
the other arcs are at their optimum already. Not here: solving from nothing (``flow``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Batch, Flow, free_variant, solve_flows
from assets.rebalancing.item_sites import Floats
from assets.rebalancing.residual import settle


def repriced(network: Network, prices: Floats) -> Flow:
    """Return the relaxed optimum of every item at prices of moves beside a network's own costs.

    Parameters
    ----------
    network : Network
        Whose start, if it has one, is the optimum with every first-bucket move free.
    prices : float array, shape (m,)
        Currency per unit.

    Notes
    -----
    Where a price below 0 leaves an arc that should carry more, everything is solved from nothing.
    """
    dearer, variant = network.priced(prices), free_variant(network, np.arange(network.items))
    start, batch = network.start, Batch.of(network, variant)
    if start is None:
        return solve_flows(dearer, variant)
    flows, excess = start.flows.copy(), np.zeros(len(batch.nodes), dtype=np.int64)
    reduced = dearer.cost + start.potential[batch.tail] - start.potential[batch.head]
    emptied = np.flatnonzero((reduced > 0) & (flows > 0))
    np.add.at(excess, batch.tail[emptied], flows[emptied])
    np.subtract.at(excess, batch.head[emptied], flows[emptied])
    flows[emptied] = 0
    residual = batch.residual(dearer, flows, excess)
    residual = replace(residual, cost=residual.reduced(start.potential))
    further = settle(residual) if residual.at_optimum() else None
    if further is None:
        return solve_flows(dearer, variant)
    flows = residual.back
    cost = np.diff(np.concatenate([[0], np.cumsum(flows * dearer.cost)])[network.arc_start])
    broken = np.zeros(network.items, dtype=bool)
    broken[batch.owner[(flows > 0) & (dearer.cost >= network.penalty // 2)]] = True
    return Flow(
        variant, flows[batch.first_arcs], cost, batch.arcs, flows, broken, batch.nodes, start.potential + further
    )
