"""Min-cost flow, many items at once.

Items are independent, so that several copies of one item, each with other moves fixed, can be
solved in one call. Every answer carries the potentials that prove it, so that the next plan can
start from it. Not here: which moves to fix (``lots``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.kernel.solvers.min_cost_flow import optimal_flows
from assets.rebalancing.expansion import Answer, Network, Start
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.residual import Frontier, Residual, settle, shortest

FREE_UNITS = -1
"""Stands for a first-bucket move that the flow may choose."""

REMEMBERED = 20_000
"""Most answers that a network remembers; each takes four bytes an arc and eight a node."""

LARGEST_EXACT = 2**53
"""Distances beyond this are no whole numbers in the search of a change."""


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
    nodes, potential : int array
        Nodes, item by item, and their potentials: with ``cost + potential[tail] - potential[head]``
        for costs no arc but the fixed moves gains by carrying more or less.
    """

    variant: Variant
    units: Ints
    cost: Ints
    arcs: Ints
    flows: Ints
    broken: np.ndarray
    nodes: Ints
    potential: Ints


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
    """Solve every item of a variant to proven optimality, each by itself.

    What the network has solved before, it remembers: a search asks for the same item with the
    same moves fixed many times.

    Parameters
    ----------
    network : Network
        Of every item.
    variant : Variant
        What to solve.

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
    nothing = np.zeros(0, dtype=np.int64)
    flows = np.concatenate([nothing, *(answer.flows for answer in found)])
    potential = np.concatenate([nothing, *(answer.potential for answer in found)])
    arcs, counts = gather(network.arc_start, variant.items)
    lead = _first_arcs(network, variant.items, counts)
    cost = np.array([answer.cost for answer in found], dtype=np.int64)
    broken = np.array([answer.broken for answer in found], dtype=bool)
    nodes, _ = gather(network.node_start, variant.items)
    return Flow(variant, flows[lead], cost, arcs, flows, broken, nodes, potential)


def _keys(network: Network, variant: Variant) -> list[tuple[int, bytes]]:
    """Return what identifies each item of a variant: the item, and which moves are fixed to what."""
    parts = _split(variant.units.astype(np.int64), network.first_start, variant.items)
    return [(item, part.tobytes()) for item, part in zip(variant.items.tolist(), parts, strict=True)]


def _by_item(network: Network, flow: Flow, keys: list[tuple[int, bytes]]) -> dict[tuple[int, bytes], Answer]:
    flows = _split(flow.flows.astype(np.int32), network.arc_start, flow.variant.items)
    potential = _split(flow.potential, network.node_start, flow.variant.items)
    whole = zip(keys, flow.cost.tolist(), flow.broken.tolist(), flows, potential, strict=True)
    return {key: Answer(*answer) for key, *answer in whole}


def _split(values: np.ndarray, starts: Ints, items: Ints) -> list[np.ndarray]:
    """Return the values of each item in turn."""
    return np.split(values, np.cumsum(starts[items + 1] - starts[items])[:-1]) if len(items) else []


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
    nodes: Ints
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
        nodes, node_counts = gather(network.node_start, variant.items)
        node_offset, ends = np.cumsum(node_counts) - node_counts, np.concatenate([[0], np.cumsum(counts)])
        tail, head = network.tail[arcs] + node_offset[owner], network.head[arcs] + node_offset[owner]
        first = _first_arcs(network, variant.items, counts)
        fixed = variant.units != FREE_UNITS
        return cls(variant, arcs, ends, owner, first, nodes, node_counts, node_offset, tail, head, fixed)

    def entering(self, supply: Ints, units: Ints) -> Ints:
        """Return a supply after ``units`` of the fixed moves have flowed."""
        fixed, supply = self.first_arcs[self.fixed], supply.copy()
        np.subtract.at(supply, self.tail[fixed], units)
        np.add.at(supply, self.head[fixed], units)
        return supply

    def residual(self, network: Network, flows: Ints, excess: Ints) -> Residual:
        """Return what can still change beside the fixed moves."""
        room, back, fixed = network.capacity[self.arcs] - flows, flows.copy(), self.first_arcs[self.fixed]
        room[fixed] = back[fixed] = 0
        item = np.repeat(np.arange(len(self.node_counts)), self.node_counts)
        return Residual(self.tail, self.head, network.cost[self.arcs], room, back, excess, item)


def _solve_fresh(network: Network, variant: Variant) -> Flow:
    batch = Batch.of(network, variant)
    flows, potential = _optima(network, batch)
    cost = network.cost[batch.arcs]
    sums = np.concatenate([[0], np.cumsum(flows * cost)])[batch.arc_offset]
    broken = np.zeros(len(variant.items), dtype=bool)
    dear = (network.segment[batch.arcs] >= 0) & (cost >= network.penalty[variant.items][batch.owner] // 2)
    broken[batch.owner[(flows > 0) & dear]] = True
    units = flows[batch.first_arcs]
    return Flow(variant, units, np.diff(sums), batch.arcs, flows, broken, batch.nodes, potential)


def _optima(network: Network, batch: Batch) -> tuple[Ints, Ints]:
    """Return the flow of every arc and the potential of every node, of each item from its start if it has one."""
    items, start = batch.variant.items, network.start
    known = np.zeros(len(items), dtype=bool) if start is None else start.known[items]
    if known.all():
        return _from_start(network, batch) or _from_nothing(network, batch)
    if not known.any():
        return _from_nothing(network, batch)
    flows, potential = np.zeros(len(batch.arcs), dtype=np.int64), np.zeros(len(batch.nodes), dtype=np.int64)
    moves = network.first_start[items + 1] - network.first_start[items]
    for some in (known, ~known):
        variant = Variant(items[some], batch.variant.units[np.repeat(some, moves)])
        found = _optima(network, Batch.of(network, variant))
        flows[some[batch.owner]], potential[np.repeat(some, batch.node_counts)] = found
    return flows, potential


def _from_nothing(network: Network, batch: Batch) -> tuple[Ints, Ints]:
    """Return the flow of every arc, solved afresh, and the potential of every node."""
    capacity, cost = network.capacity[batch.arcs], network.cost[batch.arcs]
    fixed, units = batch.first_arcs[batch.fixed], batch.variant.units[batch.fixed]
    capacity[fixed] = 0
    supply = batch.entering(network.supply[batch.nodes], units)
    flows = optimal_flows(
        network.tail[batch.arcs], network.head[batch.arcs], capacity, cost, supply, batch.arc_offset,
        np.append(batch.node_offset, len(batch.nodes)), lambda k: problem_name(network, batch.variant.items[k : k + 1]),
    )  # fmt: skip
    flows[fixed] = units
    at_rest = np.zeros(len(batch.nodes), dtype=np.int64)
    residual = batch.residual(network, flows, at_rest)
    return flows, shortest(Frontier.of(residual), residual, at_rest)


def _from_start(network: Network, batch: Batch) -> tuple[Ints, Ints] | None:
    """Return flows and potentials as a change of the network's start; none if it has to be solved from nothing."""
    start = network.start
    if start is None:
        return None
    flows, potential = start.flows[batch.arcs], start.potential[batch.nodes]
    fixed = batch.first_arcs[batch.fixed]
    change = batch.variant.units[batch.fixed] - flows[fixed]
    residual = batch.residual(network, flows, batch.entering(np.zeros(len(batch.nodes), dtype=np.int64), change))
    beside = replace(residual, cost=residual.reduced(potential))
    # A move that was fixed in the start proves nothing once it is free.
    further = settle(beside) if beside.at_optimum() else None
    if further is None:
        return None
    held = flows[fixed] + change
    flows = beside.back
    flows[fixed] = held
    return flows, potential + further


def started(network: Network, flow: Flow) -> Network:
    """Return the network with optima that plans are solved from.

    Parameters
    ----------
    network : Network
        Of every item.
    flow : Flow
        Each item at most once; the others keep their start. The nearer it is to the plans that
        are solved next, the sooner those are.

    Notes
    -----
    An item whose reduced costs are too large to add up exactly has no start. Where no item would
    have one, or some were never solved, the network comes back as it was.
    """
    if network.start is None and len(flow.variant.items) < network.items:
        return network
    start = network.start or Start(
        np.zeros_like(network.cost), np.zeros_like(network.supply), np.zeros(network.items, dtype=bool)
    )
    start = Start(start.flows.copy(), start.potential.copy(), start.known.copy())
    start.flows[flow.arcs], start.potential[flow.nodes] = flow.flows, flow.potential
    batch = Batch.of(network, flow.variant)
    reduced = network.cost[flow.arcs] + flow.potential[batch.tail] - flow.potential[batch.head]
    most = np.zeros(len(flow.variant.items))
    np.maximum.at(most, batch.owner, np.abs(reduced).astype(np.float64))
    start.known[flow.variant.items] = most * (batch.node_counts + 1) <= LARGEST_EXACT
    return replace(network, start=start) if start.known.any() else network


def problem_name(network: Network, items: Ints) -> str:
    """Return the items of a call, for an error message."""
    names = [network.problem.item_sites.item_ids[i] for i in items[:3]]
    return f"items {', '.join(names)}" + (" ..." if len(items) > 3 else "")


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
    batch = Batch.of(network, flow.variant)
    far = np.int64(2**61)
    distance = np.full(len(batch.nodes), far)
    distance[batch.node_offset] = 0
    residual = batch.residual(network, flow.flows, np.zeros_like(distance))
    # From the outside against the steps: the same steps with their ends exchanged.
    frontier = Frontier.of(residual)
    distance = shortest(replace(frontier, source=frontier.target, target=frontier.source), residual, distance)
    return np.where(distance < far // 2, -distance / network.scale, np.nan)
