"""Networks whose units decide by other shares of the departures that they ride on.

A departure that is fuller than is assumed of one that leaves later comes to less by the unit. Costs are
those that ``expand`` would give. Not here: which load is expected (``closing``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rebalancing.arcs import in_steps
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Variant, gather, solve_flows, started
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.departures import Departures


def at_shares(network: Network, departures: Departures) -> Network:
    """Return a network whose units decide by the shares of some departures; its start stays, right or wrong.

    Parameters
    ----------
    network : Network
        Of any items.
    departures : Departures
        Over its moves.
    """
    dear = at_spread(network, departures.spread_of(network.problem.moves.spread))
    return replace(dear, problem=replace(dear.problem, departures=departures))


def at_spread(network: Network, spread: Floats) -> Network:
    """Return a network whose units decide by other shares, in currency, shape (m,); its start stays, right or wrong."""
    was = network.problem.moves
    moves = replace(was, spread=spread)
    more = in_steps(moves.unit_amount, network.scale) - in_steps(was.unit_amount, network.scale)
    cost = network.cost + network.by_arc(more)
    return replace(network, problem=replace(network.problem, moves=moves), cost=cost, solved={})


def started_again(network: Network, shut: Flags) -> tuple[Network, Ints]:
    """Return a network whose start is an optimum at its costs, and the items that it was none of.

    Parameters
    ----------
    network : Network
        Of every item; only costs of first-bucket moves differ from those of its start.
    shut : bool array, shape (len(network.first),)
        Moves of the first bucket that carry nothing.
    """
    items = _moved(network, shut)
    if not len(items):
        return network, items
    stays = np.where(shut, 0, FREE_UNITS)[gather(network.first_start, items)[0]]
    return started(network, solve_flows(network, Variant(items, stays))), items


def _moved(network: Network, shut: Flags) -> Ints:
    """Return the items whose start is no optimum any more: all without a start."""
    start, owner = network.start, np.repeat(np.arange(network.items), np.diff(network.first_start))
    if start is None:
        return np.arange(network.items)
    arcs = network.arc_start[owner] + np.arange(len(owner)) - network.first_start[owner]
    node, flows = network.node_start[owner], start.flows[arcs]
    ends = start.potential[node + network.tail[arcs]] - start.potential[node + network.head[arcs]]
    reduced, room = network.cost[arcs] + ends, network.capacity[arcs] > flows
    moved = owner[~shut & (((reduced < 0) & room) | ((reduced > 0) & (flows > 0)))]
    return np.union1d(moved, np.flatnonzero(~start.known))
