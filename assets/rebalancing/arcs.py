"""The arcs of the time-expanded network: of moves, of value curves, and into giving nodes.

Nodes are counted within an item. Node 0 is the outside; each item-site has a chain of T + 1 nodes
and ``GIVING_NODES`` behind it; announced moves with a price have one each behind those of all
sites. Not here: the network they make (``expansion``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.item_sites import UNLIMITED, Flags, Floats, Ints, ItemSites
from assets.rebalancing.moves import Moves
from assets.rebalancing.projection import Projection
from assets.rebalancing.value import Curves

Arcs = dict[str, Ints]
"""item, tail, head, capacity, cost, move and segment of arcs sorted by item; -1 for no move or segment."""

GIVING_BUCKETS = 3
"""Buckets in which a site that meets demand sends on no more than what demand is expected to leave there."""
GIVING_NODES = GIVING_BUCKETS + 1
LATERAL_NOW = GIVING_BUCKETS
"""Giving node that lateral moves of the first bucket leave through, behind that of the bucket."""
TIE_STEPS = 64
"""Integer costs below one money step, by which equal plans are told apart: fewer moves, then order."""


def nodes_per_site(item_sites: ItemSites) -> int:
    """Return how many nodes each item-site has."""
    return item_sites.horizon + 1 + GIVING_NODES


def node_in_item(item_sites: ItemSites, row: Ints, bucket: Ints) -> Ints:
    """Return the chain's node of item-sites at buckets, counted within their items."""
    first = item_starts(item_sites.item, len(item_sites.item_ids))[item_sites.item[row]]
    return np.asarray(1 + (row - first) * nodes_per_site(item_sites) + bucket)


def _giving(item_sites: ItemSites, row: Ints, bucket: Ints) -> Ints:
    return node_in_item(item_sites, row, bucket) + item_sites.horizon + 1


def in_steps(amount: Floats, scale: float) -> Ints:
    """Return amounts in currency as integer costs, in whole money steps."""
    return np.round(amount * scale / TIE_STEPS).astype(np.int64) * TIE_STEPS


def item_starts(sorted_items: Ints, count: int) -> Ints:
    """Return where each item begins among rows sorted by item, shape (items + 1,)."""
    return np.searchsorted(sorted_items, np.arange(count + 1)).astype(np.int64)


def most_units(item_sites: ItemSites) -> Ints:
    """Return more units of each item than any sensible plan moves."""
    top = np.ceil(item_sites.quantiles[:, -1, -1] * 3).astype(np.int64)
    total = top + item_sites.known_supply[:, -1] + 2 * item_sites.presentation + item_sites.owed + 10
    return np.bincount(item_sites.item, weights=total, minlength=len(item_sites.item_ids)).astype(np.int64)


def chain_units(item_sites: ItemSites, moves: Moves) -> Ints:
    """Return the units of each item that the chain of a site has room for, shape (items,).

    Four times what any plan moves; or half of that and the smallest lots of all moves of today into one site, where
    that is more: a lot is tried whole, however far it is above what is needed.
    """
    most, today = most_units(item_sites), (moves.bucket == 0) & (moves.blocked == 0)
    into = moves.destination[today]
    lot = constraints.smallest_lot(moves.minimum[today], moves.multiple[today])
    of_site = np.bincount(into, weights=lot, minlength=len(item_sites)).astype(np.int64)
    lots = np.zeros(len(most), dtype=np.int64)
    np.maximum.at(lots, item_sites.item, of_site)
    return np.asarray(np.maximum(4 * most, 2 * most + lots))


def has_room(item_sites: ItemSites, moves: Moves, units: Ints, chosen: Ints, tried: Ints) -> Flags:
    """Return whether chains carry each trial of ``tried`` units on one move, the others of today at ``units``.

    What any plan moves of the item is left free for what is known to come and for later buckets.
    """
    into = moves.destination
    of_site = np.bincount(into, weights=units, minlength=len(item_sites))[into[chosen]]
    room = (chain_units(item_sites, moves) - most_units(item_sites))[item_sites.item[into[chosen]]]
    return np.asarray(of_site - units[chosen] + tried <= room)


def by_item(pieces: list[Arcs], count: int) -> tuple[Arcs, Ints]:
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


def _giving_slot(item_sites: ItemSites, moves: Moves) -> Ints:
    """Return the giving node that each move leaves through; -1 for straight from the chain.

    Everything that leaves now, and later whatever demand or protection could hold back.
    """
    meets = item_sites.has_demand | (item_sites.echelon == 0)
    later = moves.is_transfer & (moves.bucket < GIVING_BUCKETS) & (meets[moves.origin] | moves.lateral)
    now = np.where(moves.lateral, LATERAL_NOW, 0)
    slot = np.where(later, moves.bucket, -1)
    return np.where(moves.is_transfer & (moves.bucket == 0), now, slot)


def move_arcs(item_sites: ItemSites, moves: Moves, free: Ints, scale: float) -> Arcs:
    """Return the arcs of the moves at positions ``free``, which end at the chain where they arrive."""
    used = moves.take(free)
    item = item_sites.item[used.destination]
    origin = np.maximum(used.origin, 0)
    slot = _giving_slot(item_sites, used)
    giving, chain = _giving(item_sites, origin, np.maximum(slot, 0)), node_in_item(item_sites, origin, used.bucket)
    leaves = np.where(slot >= 0, giving, chain)
    within = np.arange(len(used)) - item_starts(item, len(item_sites.item_ids))[item]
    amount = in_steps(used.unit_amount, scale)
    lot = constraints.smallest_lot(used.minimum, used.multiple)
    most = np.maximum(most_units(item_sites)[item] + lot, used.announced)
    return {
        "item": item,
        "tail": np.where(used.is_transfer, leaves, 0),
        "head": node_in_item(item_sites, used.destination, used.arrival),
        "capacity": np.minimum(used.capacity, most),
        "cost": amount + 1 + within % (TIE_STEPS - 1),
        "move": free,
        "segment": np.full(len(used), -1),
    }


def change_arcs(item_sites: ItemSites, arcs: Arcs, announced: Ints, price: Ints) -> list[Arcs]:
    """Lead announced moves through a node of their own, and return the two arcs out of each, if any.

    The announced units earn the price and those beyond pay it, so that with the whole price of
    the announced units beside (``Network.fixed_amount``) each unit changed costs it.
    """
    told = np.flatnonzero(price)
    item, head = arcs["item"][told], arcs["head"][told]
    sites = np.bincount(item_sites.item, minlength=len(item_sites.item_ids))
    within = np.arange(len(told)) - item_starts(item, len(sites))[item]
    own = 1 + sites[item] * nodes_per_site(item_sites) + within
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


def curve_arcs(
    item_sites: ItemSites, moves: Moves, curves: Curves, projection: Projection, scale: float, penalty: Ints
) -> list[Arcs]:
    """Return chain and end arcs; then, where a site has a maximum, units beyond it, at their item's penalty."""
    row, bucket = curves.row, curves.bucket
    cost = in_steps(curves.slope, scale)
    limit = np.concatenate(
        [constraints.maximum_stock(item_sites, projection.taken), np.full((len(item_sites), 1), UNLIMITED)], axis=1
    )[row, bucket]
    inside = np.clip(limit - curves.starts, 0, curves.width)
    cost = _non_decreasing(cost, row * (item_sites.horizon + 2) + bucket)
    beyond = np.flatnonzero((inside < curves.width) & (limit < UNLIMITED))
    within = np.flatnonzero(inside > 0)
    most, above = chain_units(item_sites, moves), cost[beyond] + penalty[item_sites.item[row[beyond]]]
    return [
        _segment_arcs(item_sites, curves, within, inside[within], cost[within], most),
        _segment_arcs(item_sites, curves, beyond, (curves.width - inside)[beyond], above, most),
    ]


def _segment_arcs(item_sites: ItemSites, curves: Curves, chosen: Ints, width: Ints, cost: Ints, most: Ints) -> Arcs:
    row, bucket = curves.row[chosen], curves.bucket[chosen]
    own, item = node_in_item(item_sites, row, bucket), item_sites.item[row]
    return {
        "item": item,
        "tail": own,
        "head": np.where(bucket == item_sites.horizon, 0, own + 1),
        "capacity": np.minimum(width, np.maximum(1, most)[item]),
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


def giving_arcs(item_sites: ItemSites, moves: Moves, free: Ints, projection: Projection) -> Arcs:
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
    chain = node_in_item(item_sites, row, np.minimum(slot, left.shape[1] - 1))
    return {
        "item": item_sites.item[row],
        "tail": np.where(slot == LATERAL_NOW, _giving(item_sites, row, 0 * row), chain),
        "head": _giving(item_sites, row, slot),
        "capacity": capacity,
        "cost": np.zeros(len(row), dtype=np.int64),
        "move": np.full(len(row), -1),
        "segment": np.full(len(row), -1),
    }
