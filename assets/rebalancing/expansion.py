"""The time-expanded network of every item.

Node 0 of an item is the outside: suppliers, and what is left at the end. Each item-site has a
chain of T + 1 nodes that carries cumulative supply, and nodes through which it gives in the
early buckets. Not here: what each arc is (``arcs``), how finely
money is counted (``carried``), solving (``flow``), and lots (``lots``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assets.rebalancing import constraints
from assets.rebalancing.arcs import (
    TIE_STEPS,
    by_item,
    change_arcs,
    curve_arcs,
    giving_arcs,
    item_starts,
    move_arcs,
    node_in_item,
    nodes_per_site,
)
from assets.rebalancing.carried import step_and_penalties
from assets.rebalancing.first_arrivals import earliest_arrivals, first_arrivals
from assets.rebalancing.item_sites import Flags, Floats, Ints, ItemSites
from assets.rebalancing.landed import landed_costs, replacement_costs
from assets.rebalancing.moves import Moves
from assets.rebalancing.problem import Problem
from assets.rebalancing.projection import Projection, project, with_sold
from assets.rebalancing.value import Curves, build_curves

Number = TypeVar("Number", np.int64, np.float64)


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
    known : bool array, shape (items,)
        Items that have one; the others are solved from nothing.
    """

    flows: Ints
    potential: Ints
    known: Flags


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
    penalty : int array, shape (items,)
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
    penalty: Ints
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
        extra = np.round(self.by_arc(prices) * self.scale / TIE_STEPS) * TIE_STEPS
        return replace(self, cost=self.cost + extra.astype(np.int64), solved={}, start=None)

    def by_arc(self, of_moves: NDArray[Number]) -> NDArray[Number]:
        """Return what is told of every move by arc, shape (arcs,); 0 for arcs that are no move."""
        # The last entry is theirs: a network may have no move at all.
        return np.asarray(np.append(of_moves, of_moves.dtype.type(0))[np.maximum(self.move, -1)])

    def chain_node(self, row: Ints, bucket: Ints) -> Ints:
        """Return the node (within the network, not the item) of item-sites at buckets."""
        item_sites = self.problem.item_sites
        return np.asarray(self.node_start[item_sites.item[row]] + node_in_item(item_sites, row, bucket))


def projected(problem: Problem) -> Projection:
    """Return the demand of a problem as its value curves see it."""
    return project(problem.item_sites, first_arrivals(problem), problem.lost_sales, earliest_arrivals(problem))


def expand(problem: Problem, sold: Floats | None = None) -> Network:
    """Build the network of every item of a problem.

    Parameters
    ----------
    problem : Problem
        Of a plan date.
    sold : float array, shape (n,), optional
        Units that early arrivals are expected to sell before the first arrival (``early_sales``).

    Notes
    -----
    An end value above a cheaper way of bringing the unit there would let the flow print money;
    landed costs are therefore shortest paths over purchases and transport.

    Units sold early are demanded of later supply once more, which costs their replacement; it is
    credited, so that what a plan costs is what it did before.
    """
    item_sites, moves = problem.item_sites, problem.moves
    projection = projected(problem)
    landed = landed_costs(item_sites, moves)
    dearer = replacement_costs(item_sites, moves, landed) - landed
    held_back = constraints.held_back(item_sites, moves)
    if sold is not None:
        projection = with_sold(projection, sold)
    curves = build_curves(item_sites, projection, landed, dearer, problem.release.objective, held_back)
    if sold is not None:
        curves = replace(curves, base_purchase=curves.base_purchase - (landed + dearer) * sold)
    free = np.flatnonzero(moves.blocked == 0)
    told = free[moves.announced[free] > 0]
    price = problem.release.guardrails.announced_change_price if len(told) else 0.0
    scale, penalty = step_and_penalties(curves, moves, item_sites, price, problem.steps)
    change = np.zeros(len(moves), dtype=np.int64)
    change[told] = round(price * scale / TIE_STEPS) * TIE_STEPS
    arcs = move_arcs(item_sites, moves, free, scale)
    changes = change_arcs(item_sites, arcs, moves.announced[free], change[free])
    now = moves.bucket[free] == 0
    first = free[now]
    count = len(item_sites.item_ids)
    table, arc_start = by_item(
        [
            {k: v[now] for k, v in arcs.items()},
            {k: v[~now] for k, v in arcs.items()},
            *curve_arcs(item_sites, moves, curves, projection, scale, penalty),
            giving_arcs(item_sites, moves, free, projection),
            *changes,
        ],
        count,
    )
    sites = np.bincount(item_sites.item, minlength=count)
    nodes = 1 + sites * nodes_per_site(item_sites) + np.diff(item_starts(_items_of(item_sites, moves, change), count))
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
        first_start=item_starts(item_sites.item[moves.destination[first]], count),
        node_start=node_start,
        first=first,
        supply=_supply(item_sites, node_start),
        scale=scale,
        penalty=penalty,
        landed=landed,
        change=change,
    )


def _supply(item_sites: ItemSites, node_start: Ints) -> Ints:
    supply = np.zeros(int(node_start[-1]), dtype=np.int64)
    n, horizon = item_sites.known_supply.shape
    row, bucket = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(horizon), indexing="ij"))
    known = np.diff(item_sites.known_supply, axis=1, prepend=0).ravel()
    supply[node_start[item_sites.item[row]] + node_in_item(item_sites, row, bucket)] = known
    np.subtract.at(supply, node_start[item_sites.item], item_sites.known_supply[:, -1])
    return supply


def _items_of(item_sites: ItemSites, moves: Moves, change: Ints) -> Ints:
    """Return the item of each move whose change has a price."""
    return item_sites.item[moves.destination[change > 0]]
