"""The time-expanded network of every item: nodes, arcs, capacities and integer costs.

Node 0 of an item is the outside: suppliers, and what is left at the end. Each item-site has a
chain of T + 1 nodes that carries cumulative supply, and nodes through which it gives in the
early buckets. Not here: solving (``flow``), and lots (``lots``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from assets.rebalancing import constraints
from assets.rebalancing.first_arrivals import earliest_arrivals, first_arrivals
from assets.rebalancing.item_sites import UNLIMITED, Floats, Ints, ItemSites
from assets.rebalancing.landed import landed_costs, replacement_costs
from assets.rebalancing.moves import LATERAL_RECOURSE_BUCKETS, Moves
from assets.rebalancing.problem import Problem
from assets.rebalancing.projection import Projection, project
from assets.rebalancing.value import Curves, build_curves

GIVING_NODES = LATERAL_RECOURSE_BUCKETS + 1
LATERAL_NOW = LATERAL_RECOURSE_BUCKETS
"""Giving node that lateral moves of the first bucket leave through, behind that of the bucket."""
TIE_STEPS = 64
"""Integer costs below one money step, by which equal plans are told apart: fewer moves, then order."""
LARGEST_TOTAL = 2**60
FINEST_STEP = 10**6


@dataclass(frozen=True)
class Answer:
    """What the flow of one item gave: its integer cost, whether it breaks a limit, units by arc, potentials by node."""

    cost: int
    broken: bool
    flows: NDArray[np.int32]
    potential: Ints


@dataclass(frozen=True)
class Start:
    """Optima that other solves start from.

    Attributes
    ----------
    flows : int array, shape (a,)
        Units by arc.
    potential : int array, shape (nodes,)
        With ``cost + potential[tail] - potential[head]`` the costs are, but for first-bucket
        moves, at least 0 where an arc has room, at most 0 where it carries units.
    """

    flows: Ints
    potential: Ints


@dataclass(frozen=True)
class Network:
    """Arcs sorted by item; first-bucket moves come first within an item.

    Attributes
    ----------
    problem : Problem
        What it was made from.
    curves : Curves
        Value curves behind the chain arcs.
    tail, head : int array, shape (a,)
        Nodes, counted within the item.
    capacity, cost : int array, shape (a,)
        Units; money steps times ``TIE_STEPS`` plus the tie key.
    move, segment : int array, shape (a,)
        Position of the move or the curve's segment behind an arc; -1 for none.
    arc_start, first_start, node_start : int array, shape (items + 1,)
        Where each item's arcs, first-bucket moves and nodes begin.
    first : int array
        Positions of the first-bucket moves that are free, by item.
    supply : int array, shape (nodes,)
        Known supply entering each node.
    scale : float
        Integer cost of one unit of currency.
    penalty : int
        Integer cost per unit of breaking a maximum stock.
    landed : float array, shape (n,)
        Landed replacement cost.
    change : int array, shape (m,)
        Integer cost of each unit by which a move's announced units are changed; 0 for none.
    solved : dict
        What ``flow`` has already solved, by item and fixed moves.
    start : Start, optional
        Optima of every item that plans are solved from; none solves them from nothing.
    """

    problem: Problem
    curves: Curves
    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    move: Ints
    segment: Ints
    arc_start: Ints
    first_start: Ints
    node_start: Ints
    first: Ints
    supply: Ints
    scale: float
    penalty: int
    landed: Floats
    change: Ints
    solved: dict[tuple[int, bytes], Answer] = field(default_factory=dict, compare=False, repr=False)
    start: Start | None = field(default=None, compare=False, repr=False)

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.arc_start) - 1

    @property
    def fixed_amount(self) -> float:
        """Cost that no arc carries, in currency: of no supply at all, and of changing all that was announced."""
        curves, announced = self.curves, self.problem.moves.announced
        supply = curves.base_holding.sum() + curves.base_shortage.sum() + curves.base_purchase.sum()
        return float(supply) + int(self.change @ announced) / self.scale

    def priced(self, prices: Floats) -> Network:
        """Return the network with additive prices on its moves.

        Parameters
        ----------
        prices : float array, shape (m,)
            Currency per unit of each move, as a market of shared limits sets them.
        """
        extra = np.where(self.move >= 0, np.round(prices[self.move] * self.scale / TIE_STEPS) * TIE_STEPS, 0)
        return replace(self, cost=self.cost + extra.astype(np.int64), solved={}, start=None)

    def chain_node(self, row: Ints, bucket: Ints) -> Ints:
        """Return the node (within the network, not the item) of item-sites at buckets."""
        item_sites = self.problem.item_sites
        return np.asarray(self.node_start[item_sites.item[row]] + _chain(item_sites, row, bucket))


def expand(problem: Problem) -> Network:
    """Build the network of every item of a problem.

    Notes
    -----
    An end value above a cheaper way of bringing the unit there would let the flow print money;
    landed costs are therefore shortest paths over purchases and transport.
    """
    item_sites, moves = problem.item_sites, problem.moves
    projection = project(item_sites, first_arrivals(problem), problem.lost_sales, earliest_arrivals(problem))
    landed = landed_costs(item_sites, moves)
    dearer = replacement_costs(item_sites, moves, landed) - landed
    held_back = constraints.held_back(item_sites, moves)
    curves = build_curves(item_sites, projection, landed, dearer, problem.release.objective, held_back)
    free = np.flatnonzero(moves.blocked == 0)
    told = free[moves.announced[free] > 0]
    price = problem.release.guardrails.announced_change_price if len(told) else 0.0
    scale, penalty = _scale(curves, moves, item_sites, price)
    change = np.zeros(len(moves), dtype=np.int64)
    change[told] = round(price * scale / TIE_STEPS) * TIE_STEPS
    arcs = _move_arcs(item_sites, moves, free, scale)
    changes = _change_arcs(item_sites, arcs, moves.announced[free], change[free])
    now = moves.bucket[free] == 0
    first = free[now]
    count = len(item_sites.item_ids)
    table, arc_start = _by_item(
        [
            {k: v[now] for k, v in arcs.items()},
            {k: v[~now] for k, v in arcs.items()},
            *_curve_arcs(item_sites, curves, projection, scale, penalty),
            _giving_arcs(item_sites, moves, free, projection),
            *changes,
        ],
        count,
    )
    sites = np.bincount(item_sites.item, minlength=count)
    nodes = 1 + sites * _nodes_per_site(item_sites) + np.diff(_starts(_items_of(item_sites, moves, change), count))
    node_start = np.concatenate([[0], np.cumsum(nodes)])
    return Network(
        problem=problem,
        curves=curves,
        tail=table["tail"],
        head=table["head"],
        capacity=table["capacity"],
        cost=table["cost"],
        move=table["move"],
        segment=table["segment"],
        arc_start=arc_start,
        first_start=_starts(item_sites.item[moves.destination[first]], count),
        node_start=node_start,
        first=first,
        supply=_supply(item_sites, node_start),
        scale=scale,
        penalty=penalty,
        landed=landed,
        change=change,
    )


def _scale(curves: Curves, moves: Moves, item_sites: ItemSites, change: float) -> tuple[float, int]:
    """Return the finest money step whose totals fit 64 bits, and the penalty of a broken limit."""
    steep = np.abs(curves.slope)
    chain, end = steep[curves.bucket < item_sites.horizon], steep[curves.bucket == item_sites.horizon]
    once = float(end.max(initial=0.0) + moves.unit_amount.max(initial=0.0)) + 2.0 * change
    bucket = float(chain.max(initial=0.0))
    # More than any unit can save by breaking a limit on its way through the horizon.
    penalty = bucket * (item_sites.horizon + 2) + 3.0 * once + 1e-3
    units = float(_bounds(item_sites).max(initial=1)) * (item_sites.horizon + 1) * 8
    step = FINEST_STEP
    while step > 1 and penalty * step * TIE_STEPS * units > LARGEST_TOTAL:
        step //= 10
    scale = float(step * TIE_STEPS)
    return scale, round(penalty * scale)


def _bounds(item_sites: ItemSites) -> Ints:
    """Return more units of each item than any sensible plan moves."""
    top = np.ceil(item_sites.quantiles[:, -1, -1] * 3).astype(np.int64)
    total = top + item_sites.known_supply[:, -1] + 2 * item_sites.presentation + item_sites.owed + 10
    return np.bincount(item_sites.item, weights=total, minlength=len(item_sites.item_ids)).astype(np.int64)


def _nodes_per_site(item_sites: ItemSites) -> int:
    return item_sites.horizon + 1 + GIVING_NODES


def _chain(item_sites: ItemSites, row: Ints, bucket: Ints) -> Ints:
    first = _starts(item_sites.item, len(item_sites.item_ids))[item_sites.item[row]]
    return np.asarray(1 + (row - first) * _nodes_per_site(item_sites) + bucket)


def _giving(item_sites: ItemSites, row: Ints, bucket: Ints) -> Ints:
    return _chain(item_sites, row, bucket) + item_sites.horizon + 1


def _starts(sorted_items: Ints, count: int) -> Ints:
    return np.searchsorted(sorted_items, np.arange(count + 1)).astype(np.int64)


def _by_item(pieces: list[dict[str, Ints]], count: int) -> tuple[dict[str, Ints], Ints]:
    """Return the arcs of pieces, each sorted by item, one behind the other within an item; and where items begin."""
    sizes = [np.bincount(piece["item"], minlength=count) for piece in pieces]
    arc_start = np.concatenate([[0], np.cumsum(np.sum(sizes, axis=0))]).astype(np.int64)
    table = {k: np.empty(arc_start[-1], dtype=np.int64) for k in pieces[0] if k != "item"}
    begin = arc_start[:-1]
    for piece, size in zip(pieces, sizes, strict=True):
        item = piece["item"]
        position = (begin - (np.cumsum(size) - size))[item] + np.arange(len(item))
        for name, column in table.items():
            column[position] = piece[name]
        begin = begin + size
    return table, arc_start


def _supply(item_sites: ItemSites, node_start: Ints) -> Ints:
    supply = np.zeros(int(node_start[-1]), dtype=np.int64)
    n, horizon = item_sites.known_supply.shape
    row, bucket = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(horizon), indexing="ij"))
    known = np.diff(item_sites.known_supply, axis=1, prepend=0).ravel()
    supply[node_start[item_sites.item[row]] + _chain(item_sites, row, bucket)] = known
    np.subtract.at(supply, node_start[item_sites.item], item_sites.known_supply[:, -1])
    return supply


def _giving_slot(item_sites: ItemSites, moves: Moves) -> Ints:
    """Return the giving node that each move leaves through; -1 for straight from the chain.

    Everything that leaves now, and later whatever demand or protection could hold back.
    """
    meets = item_sites.has_demand | (item_sites.echelon == 0)
    later = moves.is_transfer & (moves.bucket < LATERAL_RECOURSE_BUCKETS) & (meets[moves.origin] | moves.lateral)
    now = np.where(moves.lateral, LATERAL_NOW, 0)
    slot = np.where(later, moves.bucket, -1)
    return np.where(moves.is_transfer & (moves.bucket == 0), now, slot)


def _move_arcs(item_sites: ItemSites, moves: Moves, free: Ints, scale: float) -> dict[str, Ints]:
    used = moves.take(free)
    item = item_sites.item[used.destination]
    origin = np.maximum(used.origin, 0)
    slot = _giving_slot(item_sites, used)
    giving, chain = _giving(item_sites, origin, np.maximum(slot, 0)), _chain(item_sites, origin, used.bucket)
    leaves = np.where(slot >= 0, giving, chain)
    within = np.arange(len(used)) - _starts(item, len(item_sites.item_ids))[item]
    amount = np.round(used.unit_amount * scale / TIE_STEPS).astype(np.int64) * TIE_STEPS
    lot = constraints.smallest_lot(used.minimum, used.multiple)
    most = np.maximum(_bounds(item_sites)[item] + lot, used.announced)
    return {
        "item": item,
        "tail": np.where(used.is_transfer, leaves, 0),
        "head": _chain(item_sites, used.destination, used.arrival),
        "capacity": np.minimum(used.capacity, most),
        "cost": amount + 1 + within % (TIE_STEPS - 1),
        "move": free,
        "segment": np.full(len(used), -1),
    }


def _change_arcs(item_sites: ItemSites, arcs: dict[str, Ints], announced: Ints, price: Ints) -> list[dict[str, Ints]]:
    """Lead announced moves through a node of their own, and return the two arcs out of each, if any.

    The announced units earn the price and those beyond pay it, so that with the whole price of
    the announced units beside (``Network.fixed_amount``) each unit changed costs it.
    """
    told = np.flatnonzero(price)
    item, head = arcs["item"][told], arcs["head"][told]
    sites = np.bincount(item_sites.item, minlength=len(item_sites.item_ids))
    within = np.arange(len(told)) - _starts(item, len(sites))[item]
    own = 1 + sites[item] * _nodes_per_site(item_sites) + within
    arcs["head"][told] = own
    nothing = np.full(2 * len(told), -1)
    pair = {
        "item": np.repeat(item, 2),
        "tail": np.repeat(own, 2),
        "head": np.repeat(head, 2),
        "capacity": np.stack([announced[told], arcs["capacity"][told]], axis=1).ravel(),
        "cost": np.stack([-price[told], price[told]], axis=1).ravel(),
        "move": nothing,
        "segment": nothing,
    }
    return [pair] if len(told) else []


def _items_of(item_sites: ItemSites, moves: Moves, change: Ints) -> Ints:
    """Return the item of each move whose change has a price."""
    return item_sites.item[moves.destination[change > 0]]


def _curve_arcs(
    item_sites: ItemSites, curves: Curves, projection: Projection, scale: float, penalty: int
) -> list[dict[str, Ints]]:
    """Return chain and end arcs; then, where a site has a maximum, those of units beyond it, which cost the penalty."""
    row, bucket = curves.row, curves.bucket
    cost = np.round(curves.slope * scale / TIE_STEPS).astype(np.int64) * TIE_STEPS
    limit = np.concatenate(
        [constraints.maximum_stock(item_sites, projection.taken), np.full((len(item_sites), 1), UNLIMITED)], axis=1
    )[row, bucket]
    inside = np.clip(limit - curves.starts, 0, curves.width)
    cost = _non_decreasing(cost, row * (item_sites.horizon + 2) + bucket)
    beyond = np.flatnonzero((inside < curves.width) & (limit < UNLIMITED))
    within = np.flatnonzero(inside > 0)
    return [
        _segment_arcs(item_sites, curves, within, inside[within], cost[within]),
        _segment_arcs(item_sites, curves, beyond, (curves.width - inside)[beyond], cost[beyond] + penalty),
    ]


def _segment_arcs(item_sites: ItemSites, curves: Curves, chosen: Ints, width: Ints, cost: Ints) -> dict[str, Ints]:
    row, bucket = curves.row[chosen], curves.bucket[chosen]
    own, item = _chain(item_sites, row, bucket), item_sites.item[row]
    return {
        "item": item,
        "tail": own,
        "head": np.where(bucket == item_sites.horizon, 0, own + 1),
        "capacity": np.minimum(width, np.maximum(1, _bounds(item_sites) * 4)[item]),
        "cost": cost,
        "move": np.full(len(chosen), -1),
        "segment": chosen,
    }


def _non_decreasing(cost: Ints, group: Ints) -> Ints:
    """Lift slopes that rounding put below the one before them on the same curve."""
    for _ in range(64):
        lifted = cost.copy()
        same = group[1:] == group[:-1]
        lifted[1:] = np.where(same, np.maximum(cost[1:], cost[:-1]), cost[1:])
        if np.array_equal(lifted, cost):
            break
        cost = lifted
    return cost


def _giving_arcs(item_sites: ItemSites, moves: Moves, free: Ints, projection: Projection) -> dict[str, Ints]:
    """Return the arcs into giving nodes, capped by what may leave.

    In the first bucket nothing leaves that is not there now, and laterally only what the
    donor's protection spares.
    """
    used = moves.take(free)
    slot = _giving_slot(item_sites, used)
    gives = np.zeros((len(item_sites), GIVING_NODES), dtype=bool)
    gives[used.origin[slot >= 0], slot[slot >= 0]] = True
    gives[:, 0] |= gives[:, LATERAL_NOW]
    row, slot = np.nonzero(gives)
    left = constraints.expected_left(item_sites, projection.taken)
    later = left[row, np.minimum(slot, left.shape[1] - 1)]
    laterally = constraints.donor_protection(item_sites)[row]
    capacity = np.where(slot == 0, item_sites.available[row], np.where(slot == LATERAL_NOW, laterally, later))
    chain = _chain(item_sites, row, np.minimum(slot, left.shape[1] - 1))
    return {
        "item": item_sites.item[row],
        "tail": np.where(slot == LATERAL_NOW, _giving(item_sites, row, 0 * row), chain),
        "head": _giving(item_sites, row, slot),
        "capacity": capacity,
        "cost": np.zeros(len(row), dtype=np.int64),
        "move": np.full(len(row), -1),
        "segment": np.full(len(row), -1),
    }
