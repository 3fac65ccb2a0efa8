"""Min-cost flow, many items at once: the only importer of OR-Tools.

Items are independent, so that several copies of one item, each with other moves fixed, can be
solved in one call. Not here: which moves to fix (``lots``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.expansion import Answer, Network
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.residual import Residual, settle

FREE_UNITS = -1
"""Stands for a first-bucket move that the flow may choose."""

REMEMBERED = 20_000
"""Most answers that a network remembers; each takes four bytes an arc."""

NODES_PER_CALL = 500
"""Items are gathered up to so many nodes a call; larger graphs are slower."""

NODES_PER_SEARCH = 20_000
"""The same for changes of a start."""


@dataclass(frozen=True)
class Variant:
    """Items to solve, each with its first-bucket moves free or fixed.

    Attributes
    ----------
    items : int array, shape (v,)
        Items; the same item may stand several times.
    units : int array
        Units of the first-bucket moves of each item in turn; ``FREE_UNITS`` for free.
    """

    items: Ints
    units: Ints


@dataclass(frozen=True)
class Flow:
    """Optimal flows of a variant's items.

    Attributes
    ----------
    variant : Variant
        What was solved.
    units : int array
        Units of the first-bucket moves, aligned with ``variant.units``.
    cost : int array, shape (v,)
        Integer cost of each item, fixed moves included.
    arcs, flows : int array
        Positions of the network's arcs, item by item, and the units on them.
    broken : bool array, shape (v,)
        Whether an item breaks a maximum stock.
    """

    variant: Variant
    units: Ints
    cost: Ints
    arcs: Ints
    flows: Ints
    broken: np.ndarray


def gather(starts: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """Return the positions in ``starts[k]:starts[k+1]`` for every k in ``chosen``, and their counts.

    >>> import numpy as np
    >>> gather(np.array([0, 2, 5]), np.array([1, 0, 1]))[0].tolist()
    [2, 3, 4, 0, 1, 2, 3, 4]
    """
    counts = starts[chosen + 1] - starts[chosen]
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts[chosen] - (ends - counts), counts), counts


def free_variant(network: Network, items: Ints) -> Variant:
    """Return a variant in which every first-bucket move of ``items`` is free."""
    positions, _ = gather(network.first_start, items)
    return Variant(items, np.full(len(positions), FREE_UNITS, dtype=np.int64))


def solve_flows(network: Network, variant: Variant) -> Flow:
    """Solve every item of a variant to proven optimality.

    What the network has solved before, it remembers: a search asks for the same item with the
    same moves fixed many times.

    Raises
    ------
    EquipoiseError
        If the solver reports anything but an optimum; the item is named.
    """
    keys = _keys(network, variant)
    known = network.solved
    asked = dict(zip(keys, range(len(keys)), strict=True))
    missing = np.array(sorted(k for key, k in asked.items() if key not in known), dtype=np.int64)
    first = np.concatenate(
        [[0], np.cumsum(network.first_start[variant.items + 1] - network.first_start[variant.items])]
    )
    fresh = _solve_fresh(network, Variant(variant.items[missing], variant.units[gather(first, missing)[0]]))
    answers = {
        **{key: known[key] for key in asked if key in known},
        **_by_item(network, fresh, [keys[k] for k in missing]),
    }
    known.update(dict(list(answers.items())[: max(0, REMEMBERED - len(known))]))
    found = [answers[key] for key in keys]
    flows = np.concatenate([np.zeros(0, np.int64), *(answer.flows for answer in found)]).astype(np.int64)
    arcs, counts = gather(network.arc_start, variant.items)
    lead = _first_arcs(network, variant.items, counts)
    cost = np.array([answer.cost for answer in found], dtype=np.int64)
    return Flow(variant, flows[lead], cost, arcs, flows, np.array([answer.broken for answer in found], dtype=bool))


def _keys(network: Network, variant: Variant) -> list[tuple[int, bytes]]:
    """Return what identifies each item of a variant: the item, and which moves are fixed to what."""
    counts = network.first_start[variant.items + 1] - network.first_start[variant.items]
    parts = np.split(variant.units.astype(np.int64), np.cumsum(counts)[:-1]) if len(counts) else []
    return [(item, part.tobytes()) for item, part in zip(variant.items.tolist(), parts, strict=True)]


def _by_item(network: Network, flow: Flow, keys: list[tuple[int, bytes]]) -> dict[tuple[int, bytes], Answer]:
    counts = network.arc_start[flow.variant.items + 1] - network.arc_start[flow.variant.items]
    parts = np.split(flow.flows.astype(np.int32), np.cumsum(counts)[:-1]) if len(counts) else []
    whole = zip(keys, flow.cost.tolist(), flow.broken.tolist(), parts, strict=True)
    return {key: Answer(cost, broken, flows) for key, cost, broken, flows in whole}


def _first_arcs(network: Network, items: Ints, arc_counts: Ints) -> Ints:
    """Return where the first-bucket moves of each item stand among the arcs of all: they lead their item's."""
    counts = network.first_start[items + 1] - network.first_start[items]
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(within + np.repeat(np.cumsum(arc_counts) - arc_counts, counts))


@dataclass(frozen=True)
class Batch:
    """Items of a variant side by side, their fixed moves taken out."""

    variant: Variant
    arcs: Ints
    arc_offset: Ints
    owner: Ints
    first_arcs: Ints
    node_counts: Ints
    node_offset: Ints
    tail: Ints
    head: Ints
    fixed: np.ndarray

    @classmethod
    def of(cls, network: Network, variant: Variant) -> Batch:
        """Line up the items of a variant; nodes are counted from 0."""
        arcs, counts = gather(network.arc_start, variant.items)
        owner = np.repeat(np.arange(len(variant.items)), counts)
        node_counts = network.node_start[variant.items + 1] - network.node_start[variant.items]
        node_offset, ends = np.cumsum(node_counts) - node_counts, np.concatenate([[0], np.cumsum(counts)])
        tail, head = network.tail[arcs] + node_offset[owner], network.head[arcs] + node_offset[owner]
        first = _first_arcs(network, variant.items, counts)
        fixed = variant.units != FREE_UNITS
        return cls(variant, arcs, ends, owner, first, node_counts, node_offset, tail, head, fixed)

    def entering(self, supply: Ints, units: Ints) -> Ints:
        """Return a supply after ``units`` of the fixed moves have flowed."""
        fixed, supply = self.first_arcs[self.fixed], supply.copy()
        np.subtract.at(supply, self.tail[fixed], units)
        np.add.at(supply, self.head[fixed], units)
        return supply


def _solve_fresh(network: Network, variant: Variant) -> Flow:
    batch = Batch.of(network, variant)
    flows = _from_start(network, batch)
    flows = _from_nothing(network, batch) if flows is None else flows
    cost = network.cost[batch.arcs]
    sums = np.concatenate([[0], np.cumsum(flows * cost)])[batch.arc_offset]
    broken = np.zeros(len(variant.items), dtype=bool)
    np.logical_or.at(broken, batch.owner, (flows > 0) & (cost >= network.penalty // 2))
    return Flow(variant, flows[batch.first_arcs], np.diff(sums), batch.arcs, flows, broken)


def _from_nothing(network: Network, batch: Batch) -> Ints:
    """Return the flow of every arc by OR-Tools."""
    capacity, cost = network.capacity[batch.arcs], network.cost[batch.arcs]
    fixed, units = batch.first_arcs[batch.fixed], batch.variant.units[batch.fixed]
    capacity[fixed] = 0
    supply = batch.entering(network.supply[gather(network.node_start, batch.variant.items)[0]], units)
    flows = np.zeros(len(batch.arcs), dtype=np.int64)
    for start, stop in _calls(batch.node_counts, NODES_PER_CALL):
        part = slice(int(batch.arc_offset[start]), int(batch.arc_offset[stop]))
        low, high = int(batch.node_offset[start]), int(batch.node_offset[stop - 1] + batch.node_counts[stop - 1])
        name = problem_name(network, batch.variant.items[start:stop])
        ends = batch.tail[part] - low, batch.head[part] - low
        flows[part] = _solve(*ends, capacity[part], cost[part], supply[low:high], name)
    flows[fixed] = units
    return flows


def _from_start(network: Network, batch: Batch) -> Ints | None:
    """Return the flow of every arc as a change of the network's start; none if it has to be solved from nothing.

    Whole plans only: where moves are free, equal plans are told apart as the solver does.
    """
    start = network.start
    if start is None or not batch.fixed.all():
        return None
    flows, reduced = start.flows[batch.arcs], start.reduced[batch.arcs]
    room, back = network.capacity[batch.arcs] - flows, flows.copy()
    room[batch.first_arcs] = back[batch.first_arcs] = 0
    change = batch.variant.units - flows[batch.first_arcs]
    excess = batch.entering(np.zeros(int(batch.node_counts.sum()), dtype=np.int64), change)
    item = np.repeat(np.arange(len(batch.node_counts)), batch.node_counts)
    before = back.copy()
    for first, stop in _calls(batch.node_counts, NODES_PER_SEARCH):
        part = slice(int(batch.arc_offset[first]), int(batch.arc_offset[stop]))
        low, high = int(batch.node_offset[first]), int(batch.node_offset[stop - 1] + batch.node_counts[stop - 1])
        ends = batch.tail[part] - low, batch.head[part] - low
        beside = Residual(*ends, reduced[part], room[part], back[part], excess[low:high], item[low:high] - first)
        if not settle(beside):
            return None
    flows += back - before
    flows[batch.first_arcs] += change
    return flows


def problem_name(network: Network, items: Ints) -> str:
    """Return the items of a call, for an error message."""
    names = [network.problem.item_sites.item_ids[i] for i in items[:3]]
    return f"items {', '.join(names)}" + (" ..." if len(items) > 3 else "")


def _calls(node_counts: Ints, most: int) -> list[tuple[int, int]]:
    """Cut a row of items into calls of at most ``most`` nodes, at least one item each."""
    calls, start, nodes = [], 0, 0
    for position, count in enumerate(node_counts.tolist()):
        if nodes and nodes + count > most:
            calls.append((start, position))
            start, nodes = position, 0
        nodes += count
    return [*calls, (start, len(node_counts))] if len(node_counts) else []


def _solve(tail: Ints, head: Ints, capacity: Ints, cost: Ints, supply: Ints, name: str) -> Ints:
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), capacity.astype(np.int64), cost.astype(np.int64)
    )
    solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply.astype(np.int64))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise EquipoiseError(
            f"the flow has no optimum ({status})", where=name, remedy="Look at the problem's consistency() for its data"
        )
    return np.asarray(solver.flows(arcs), dtype=np.int64)


def min_cost(tail: Ints, head: Ints, capacity: Ints, cost: Ints, supply: Ints) -> int:
    """Return the optimal cost of a plain min-cost flow.

    Parameters
    ----------
    tail, head, capacity, cost : int array, shape (a,)
        Arcs.
    supply : int array, shape (nodes,)
        Units entering (positive) or leaving (negative) each node.
    """
    flows = _solve(tail, head, capacity, cost, supply, "graph")
    return int((flows * cost).sum())


def unit_prices(network: Network, flow: Flow) -> Floats:
    """Return what one more unit at each node would save, from the residual network.

    Parameters
    ----------
    network : Network
        Whose flow it is.
    flow : Flow
        Of each item once, in order.

    Returns
    -------
    float array, shape (nodes,)
        Currency per unit: minus the shortest way of one more unit to the outside, with the
        moves of the plan fixed as they are.
    """
    item = np.repeat(flow.variant.items, np.diff(network.arc_start)[flow.variant.items])
    tail, head = network.tail[flow.arcs] + network.node_start[item], network.head[flow.arcs] + network.node_start[item]
    fixed = np.isin(network.move[flow.arcs], network.first)
    forward = (flow.flows < network.capacity[flow.arcs]) & ~fixed
    backward = (flow.flows > 0) & ~fixed
    source = np.concatenate([tail[forward], head[backward]])
    target = np.concatenate([head[forward], tail[backward]])
    cost = np.concatenate([network.cost[flow.arcs][forward], -network.cost[flow.arcs][backward]])
    order = np.argsort(source, kind="stable")
    source, target, cost = source[order], target[order], cost[order]
    starts = np.flatnonzero(np.diff(source, prepend=-1))
    far = np.int64(2**61)
    distance = np.full(int(network.node_start[-1]), far)
    distance[network.node_start[:-1]] = 0
    for _ in range(4 * network.problem.horizon + 64):
        shortest = distance.copy()
        reached = np.minimum.reduceat(np.where(distance[target] < far, distance[target] + cost, far), starts)
        shortest[source[starts]] = np.minimum(shortest[source[starts]], reached)
        if np.array_equal(shortest, distance):
            break
        distance = shortest
    return np.where(distance < far, -distance / network.scale, np.nan)
