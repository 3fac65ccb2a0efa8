"""Many small changes of an optimum at once: shortest augmenting paths in residual networks.

A variant of an item differs from its optimum by a few units. Each round sends units of every
item along its own shortest way; items are apart, so that one search over all of them does. Not
here: solving from nothing (``flow``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from assets.rebalancing.expansion import Network, Start
from assets.rebalancing.item_sites import Flags, Floats, Ints

LARGEST_EXACT = 2**53
"""Distances beyond this are no whole numbers in the search."""


@dataclass(frozen=True)
class Residual:
    """Residual networks of items side by side; what flows changes ``room``, ``back`` and ``excess`` in place.

    Attributes
    ----------
    tail, head, cost : int array, shape (a,)
        Arcs; those between the same two nodes that follow one another get dearer. Reduced costs:
        at least 0 where there is room, at most 0 where units can go back.
    room, back : int array, shape (a,)
        Units that can still flow, and that can be taken back.
    excess : int array, shape (nodes,)
        Units that must leave (positive) or reach (negative) a node.
    item : int array, shape (nodes,)
        Item of each node, from 0.
    """

    tail: Ints
    head: Ints
    cost: Ints
    room: Ints
    back: Ints
    excess: Ints
    item: Ints


def started(network: Network, flows: Ints) -> Network:
    """Return the network with an optimum that whole plans are solved from.

    Parameters
    ----------
    network : Network
        Of every item.
    flows : int array, shape (a,)
        Units by arc, optimal for the first-bucket moves among them. The nearer they are to the
        plans that are solved next, the sooner those are.

    Notes
    -----
    Reduced costs are ``c + d(tail) - d(head)`` with d the shortest distances in the residual
    network. Where they are too large to add up exactly, the network comes back as it was.
    """
    item = np.repeat(np.arange(network.items), np.diff(network.arc_start))
    tail, head = network.tail + network.node_start[item], network.head + network.node_start[item]
    nodes = int(np.diff(network.node_start).max(initial=0))
    distance = _distances(network, flows, tail, head, nodes)
    reduced = network.cost + distance[tail] - distance[head]
    if int(np.abs(reduced).max(initial=0)) * (nodes + 1) > LARGEST_EXACT:
        return network
    return replace(network, start=Start(flows, reduced))


def _distances(network: Network, flows: Ints, tail: Ints, head: Ints, nodes: int) -> Ints:
    """Return shortest distances without first-bucket moves; an optimum leaves no negative cycle."""
    later = ~np.isin(network.move, network.first)
    ahead, behind = (flows < network.capacity) & later, (flows > 0) & later
    source, target = np.concatenate([tail[ahead], head[behind]]), np.concatenate([head[ahead], tail[behind]])
    cost = np.concatenate([network.cost[ahead], -network.cost[behind]])
    order = np.argsort(target, kind="stable")
    source, target, cost = source[order], target[order], cost[order]
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    distance = np.zeros(int(network.node_start[-1]), dtype=np.int64)
    for _ in range(nodes if len(starts) else 0):
        shorter = distance.copy()
        reached = np.minimum.reduceat(distance[source] + cost, starts)
        shorter[target[starts]] = np.minimum(shorter[target[starts]], reached)
        if np.array_equal(shorter, distance):
            break
        distance = shorter
    return distance


@dataclass(frozen=True)
class Frontier:
    """Two steps for each row of parallel arcs: on the cheapest with room, and back on the dearest that carries units.

    Attributes
    ----------
    begin : int array, shape (rows + 1,)
        Where each row begins among the arcs.
    source, target : int array, shape (2 rows,)
        Nodes of a step, sorted by source.
    sign : int array, shape (2 rows,)
        1 for a step along its arc, -1 for one back.
    arc : int array, shape (2 rows,)
        Arc behind a step; -1 for none.
    row, place : int array, shape (2 rows,)
        Row of a step; where the steps along each row, then those back, stand.
    """

    begin: Ints
    source: Ints
    target: Ints
    sign: Ints
    arc: Ints
    row: Ints
    place: Ints

    @classmethod
    def of(cls, residual: Residual) -> Frontier:
        """Build the frontier of every row."""
        tail, head, cost = residual.tail, residual.head, residual.cost
        same = (tail[1:] == tail[:-1]) & (head[1:] == head[:-1]) & (cost[1:] >= cost[:-1])
        first = np.concatenate([[0], np.flatnonzero(~same) + 1])
        source, target = np.concatenate([tail[first], head[first]]), np.concatenate([head[first], tail[first]])
        order = np.argsort(source, kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        sign, arc = np.where(order < len(first), 1, -1), np.full(len(order), -1, dtype=np.int64)
        ends = np.append(first, len(tail))
        frontier = cls(ends, source[order], target[order], sign, arc, order % len(first), place)
        frontier.refresh(residual, np.arange(len(first)))
        return frontier

    def refresh(self, residual: Residual, rows: Ints) -> None:
        """Look up the arcs of rows again."""
        counts = self.begin[rows + 1] - self.begin[rows]
        offset = np.cumsum(counts) - counts
        arcs = np.arange(int(counts.sum())) + np.repeat(self.begin[rows] - offset, counts)
        far = len(residual.tail)
        ahead = np.minimum.reduceat(np.where(residual.room[arcs] > 0, arcs, far), offset)
        behind = np.maximum.reduceat(np.where(residual.back[arcs] > 0, arcs, -1), offset)
        self.arc[self.place[rows]] = np.where(ahead < far, ahead, -1)
        self.arc[self.place[rows + len(self.begin) - 1]] = behind


def settle(residual: Residual) -> bool:
    """Send every excess where it is missing at the least cost; false if there is no way.

    Notes
    -----
    Successive shortest paths with potentials (Ahuja, Magnanti and Orlin 1993, section 9.7), one
    path an item and round.
    """
    if not residual.excess.any():
        return True
    frontier, potential = Frontier.of(residual), np.zeros(len(residual.excess), dtype=np.int64)
    while (residual.excess > 0).any():
        active = np.zeros(int(residual.item.max()) + 1, dtype=bool)
        active[residual.item[residual.excess > 0]] = True
        if 2 * active.sum() <= len(active):
            return _settle_rest(residual, potential, active)
        distance, entering = _search(residual, frontier, potential)
        sinks = np.flatnonzero((residual.excess < 0) & active[residual.item])
        sinks = sinks[np.lexsort((distance[sinks], residual.item[sinks]))]
        sinks = sinks[np.unique(residual.item[sinks], return_index=True)[1]]
        if len(sinks) < active.sum() or not np.isfinite(distance[sinks]).all():
            return False
        reach = np.zeros(len(active))
        reach[residual.item[sinks]] = distance[sinks]
        potential += np.minimum(distance, reach[residual.item]).astype(np.int64)
        _augment(residual, frontier, sinks, entering)
    return True


def _settle_rest(residual: Residual, potential: Ints, active: Flags) -> bool:
    """Settle the items that are still active without carrying the others along."""
    node = np.flatnonzero(active[residual.item])
    arc = np.flatnonzero(active[residual.item[residual.tail]])
    tail, head = residual.tail[arc], residual.head[arc]
    place = np.zeros(len(residual.item), dtype=np.int64)
    place[node] = np.arange(len(node))
    rest = Residual(
        place[tail], place[head], residual.cost[arc] + potential[tail] - potential[head],
        residual.room[arc], residual.back[arc], residual.excess[node], np.cumsum(active)[residual.item[node]] - 1,
    )  # fmt: skip
    settled = settle(rest)
    residual.room[arc], residual.back[arc], residual.excess[node] = rest.room, rest.back, rest.excess
    return settled


def _search(residual: Residual, frontier: Frontier, potential: Ints) -> tuple[Floats, Ints]:
    """Return each node's distance from the excess of its item, and the step that enters it; -1 for none."""
    nodes, steps = len(residual.excess), np.flatnonzero(frontier.arc >= 0)
    source, target = frontier.source[steps], frontier.target[steps]
    length = residual.cost[frontier.arc[steps]] * frontier.sign[steps] + potential[source] - potential[target]
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=nodes))])
    graph = csr_array((length.astype(np.float64), target, starts), shape=(nodes, nodes))
    distance, before, _ = dijkstra(
        graph, indices=np.flatnonzero(residual.excess > 0), min_only=True, return_predecessors=True
    )
    used = np.flatnonzero(before[target] == source)
    # Of parallel steps the shortest was taken.
    used = used[distance[source[used]] + length[used] == distance[target[used]]]
    entering = np.full(nodes, -1, dtype=np.int64)
    entering[target[used]] = steps[used]
    return distance, entering


def _augment(residual: Residual, frontier: Frontier, sinks: Ints, entering: Ints) -> None:
    """Send along the way to each sink what its narrowest step lets through."""
    node, units = sinks.copy(), -residual.excess[sinks]
    path, owner = [], []
    open_ = np.flatnonzero(entering[node] >= 0)
    while len(open_):
        step = entering[node[open_]]
        path.append(step)
        owner.append(open_)
        node[open_] = frontier.source[step]
        open_ = open_[entering[node[open_]] >= 0]
    steps, mine = np.concatenate(path), np.concatenate(owner)
    arcs, along = frontier.arc[steps], frontier.sign[steps]
    np.minimum.at(units, mine, np.where(along > 0, residual.room[arcs], residual.back[arcs]))
    units = np.minimum(units, residual.excess[node])
    residual.room[arcs] -= units[mine] * along
    residual.back[arcs] += units[mine] * along
    residual.excess[sinks] += units
    residual.excess[node] -= units
    frontier.refresh(residual, np.unique(frontier.row[steps]))
