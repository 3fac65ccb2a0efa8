"""Many small changes of an optimum at once: shortest augmenting paths in residual networks.

A variant of an item differs from its optimum by a few units. Each round sends units of every
item along its own shortest ways; items are apart, so that one search over all of them does. Not
here: solving from nothing (``flow``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from assets.rebalancing.item_sites import Flags, Floats, Ints


@dataclass(frozen=True)
class Residual:
    """Residual networks of items side by side; what flows changes ``room``, ``back`` and ``excess`` in place.

    Attributes
    ----------
    tail, head, cost : int array, shape (a,)
        Arcs; those between the same two nodes that follow one another get dearer. For ``settle``
        reduced costs: at least 0 where there is room, at most 0 where units can go back.
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

    def reduced(self, potential: Ints) -> Ints:
        """Return the costs reduced by potentials of the nodes."""
        return self.cost + potential[self.tail] - potential[self.head]

    def at_optimum(self) -> bool:
        """Return whether the costs are reduced costs of what flows."""
        return not (((self.cost < 0) & (self.room > 0)) | ((self.cost > 0) & (self.back > 0))).any()

    def unsettled(self) -> Flags:
        """Return which items still have units to send."""
        result = np.zeros(int(self.item.max(initial=-1)) + 1, dtype=bool)
        result[self.item[self.excess > 0]] = True
        return result


@dataclass(frozen=True)
class Frontier:
    """Two steps for each row of parallel arcs: on the cheapest with room, and back on the dearest that carries units.

    Attributes
    ----------
    begin : int array, shape (rows + 1,)
        Where each row begins among the arcs.
    starts : int array, shape (nodes + 1,)
        Where the steps from each node begin.
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
    starts: NDArray[np.int32]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    sign: Ints
    arc: Ints
    row: Ints
    place: Ints

    @classmethod
    def of(cls, residual: Residual) -> Frontier:
        """Build the frontier of every row."""
        tail, head, cost = residual.tail, residual.head, residual.cost
        same = (tail[1:] == tail[:-1]) & (head[1:] == head[:-1]) & (cost[1:] >= cost[:-1])
        first = np.concatenate([[0], np.flatnonzero(~same) + 1])[: len(tail)]
        # The search takes 32 bits; others would be copied every time.
        source = np.concatenate([tail[first], head[first]]).astype(np.int32)
        target = np.concatenate([head[first], tail[first]]).astype(np.int32)
        order = np.argsort(source, kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        sign, arc = np.where(order < len(first), 1, -1), np.full(len(order), -1, dtype=np.int64)
        ends = np.append(first, len(tail))
        starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(residual.excess)))]).astype(np.int32)
        frontier = cls(ends, starts, source[order], target[order], sign, arc, order % max(1, len(first)), place)
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


def shortest(frontier: Frontier, residual: Residual, distance: Ints) -> Ints:
    """Return the shortest distances over the steps of a residual network without negative cycles.

    Parameters
    ----------
    frontier, residual : Frontier, Residual
        Costs of any sign.
    distance : int array, shape (nodes,)
        Where the ways may begin, and at what.
    """
    steps = np.flatnonzero(frontier.arc >= 0)
    source, target = frontier.source[steps], frontier.target[steps]
    length = residual.cost[frontier.arc[steps]] * frontier.sign[steps]
    order = np.argsort(target, kind="stable")
    source, target, length = source[order], target[order], length[order]
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    reached = target[starts]
    # Without negative cycles no way passes a node twice.
    for _ in range(len(distance) if len(starts) else 0):
        shorter = distance.copy()
        shorter[reached] = np.minimum(distance[reached], np.minimum.reduceat(distance[source] + length, starts))
        if np.array_equal(shorter, distance):
            break
        distance = shorter
    return distance


def settle(residual: Residual) -> Ints | None:
    """Send every excess where it is missing at the least cost; none if there is no way.

    Returns
    -------
    int array, shape (nodes,)
        Potentials that prove it: with them the costs are reduced costs of what flows then.

    Notes
    -----
    Successive shortest paths with potentials (Ahuja, Magnanti and Orlin 1993, section 9.7). Only
    items with something to send are searched; whenever half of them are done, the others go on
    without them.
    """
    result, unsettled = np.zeros(len(residual.excess), dtype=np.int64), residual.unsettled()
    if not unsettled.any():
        return result
    node = np.flatnonzero(unsettled[residual.item])
    arc = np.flatnonzero(unsettled[residual.item[residual.tail]])
    rest = _part(residual, unsettled, node, arc)
    potential = _settle_half(rest)
    if potential is None:
        return None
    further = settle(replace(rest, cost=rest.reduced(potential)))
    if further is None:
        return None
    residual.room[arc], residual.back[arc], residual.excess[node] = rest.room, rest.back, rest.excess
    result[node] = potential + further
    return result


def _part(residual: Residual, items: Flags, node: Ints, arc: Ints) -> Residual:
    """Return copies of some items, with their nodes and arcs."""
    place = np.zeros(len(residual.item), dtype=np.int64)
    place[node] = np.arange(len(node))
    return Residual(
        place[residual.tail[arc]], place[residual.head[arc]], residual.cost[arc], residual.room[arc],
        residual.back[arc], residual.excess[node], np.cumsum(items)[residual.item[node]] - 1,
    )  # fmt: skip


def _settle_half(residual: Residual) -> Ints | None:
    """Settle at least half of the items and return potentials; none if there is no way."""
    frontier, potential = Frontier.of(residual), np.zeros(len(residual.excess), dtype=np.int64)
    unsettled = residual.unsettled()
    half = len(unsettled) // 2
    while unsettled.sum() > half:
        distance, entering, root = _search(residual, frontier, potential)
        sinks = np.flatnonzero((residual.excess < 0) & np.isfinite(distance))
        sinks = sinks[np.argsort(distance[sinks], kind="stable")]
        farthest = np.full(len(unsettled), -1.0)
        farthest[residual.item[sinks]] = distance[sinks]
        if (farthest[unsettled] < 0).any():
            return None
        potential += np.minimum(distance, np.maximum(0.0, farthest)[residual.item]).astype(np.int64)
        _augment(residual, frontier, sinks, entering, root)
        unsettled = residual.unsettled()
    return potential


def _search(residual: Residual, frontier: Frontier, potential: Ints) -> tuple[Floats, Ints, Ints]:
    """Return each node's distance from the excess of its item, the step that enters it (-1 for none), its origin."""
    source, target, nodes = frontier.source, frontier.target, len(residual.excess)
    length = residual.cost[frontier.arc] * frontier.sign + potential[source] - potential[target]
    # Steps without an arc stay in the matrix, which is the same for every search.
    lengths = np.where(frontier.arc >= 0, length, np.inf)
    distance, before, root = dijkstra(
        csr_array((lengths, target, frontier.starts), shape=(nodes, nodes)),
        indices=np.flatnonzero(residual.excess > 0), min_only=True, return_predecessors=True,
    )  # fmt: skip
    used = np.flatnonzero(before[target] == source)
    # Of parallel steps the shortest was taken.
    used = used[distance[source[used]] + lengths[used] == distance[target[used]]]
    entering = np.full(nodes, -1, dtype=np.int64)
    entering[target[used]] = used
    return distance, entering, root


def _augment(residual: Residual, frontier: Frontier, sinks: Ints, entering: Ints, root: Ints) -> None:
    """Send along the way to each sink what its narrowest step lets through, the nearest of an item first.

    Every way of a search costs nothing more by now, so that all may be used until a step on them is full.
    """
    turn = _turns(residual.item[sinks])
    order = np.argsort(turn, kind="stable")
    sinks, turn = sinks[order], turn[order]
    steps, offset = _ways(frontier, sinks, entering)
    searched, along = frontier.arc[steps], frontier.sign[steps]
    for first, stop in pairwise(np.searchsorted(turn, np.arange(turn[-1] + 2)).tolist()):
        part = slice(int(offset[first]), int(offset[stop]))
        to, of = sinks[first:stop], root[sinks[first:stop]]
        arcs, sign = searched[part], along[part]
        room = np.where(sign > 0, residual.room[arcs], residual.back[arcs])
        room[frontier.arc[steps[part]] != arcs] = 0
        units = np.minimum(
            np.minimum(-residual.excess[to], residual.excess[of]),
            np.minimum.reduceat(room, offset[first:stop] - offset[first]),
        )
        if not units.any():
            return
        sent = np.repeat(units, np.diff(offset[first : stop + 1])) * sign
        residual.room[arcs] -= sent
        residual.back[arcs] += sent
        residual.excess[to] += units
        residual.excess[of] -= units
        frontier.refresh(residual, np.unique(frontier.row[steps[part]][sent != 0]))


def _turns(item: Ints) -> Ints:
    """Return how often the item of each position stood before it."""
    order = np.argsort(item, kind="stable")
    begin = np.flatnonzero(np.diff(item[order], prepend=-1))
    result = np.empty(len(item), dtype=np.int64)
    result[order] = np.arange(len(item)) - np.repeat(begin, np.diff(begin, append=len(item)))
    return result


def _ways(frontier: Frontier, sinks: Ints, entering: Ints) -> tuple[Ints, Ints]:
    """Return the steps to each sink in turn, and where each one's begin."""
    node, open_ = sinks.copy(), np.arange(len(sinks))
    path, owner = [], []
    while len(open_):
        step = entering[node[open_]]
        path.append(step)
        owner.append(open_)
        node[open_] = frontier.source[step]
        open_ = open_[entering[node[open_]] >= 0]
    mine = np.concatenate(owner)
    order = np.argsort(mine, kind="stable")
    return np.concatenate(path)[order], np.concatenate([[0], np.cumsum(np.bincount(mine))])
