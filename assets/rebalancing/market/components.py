"""The coordination graph: items joined over limits that can bind, and its components.

A limit can bind if the largest possible use exceeds what there is; the others are held by any
plan and join nobody. Components are solved apart. Not here: how one is solved (``rounds``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import Limits


@dataclass(frozen=True, eq=False)
class Component:
    """Items and the limits that join them, both ascending."""

    items: Ints
    limits: Ints


def largest_use(network: Network, limits: Limits) -> Floats:
    """Return the most that any plan could use of each limit, shape (L,).

    ``sum_j max(0, use[j]) most[j]`` with most the capacity of the move, 0 where it is blocked,
    and of first-bucket transfers no more than what is there.
    """
    return np.asarray(csr_array(limits.use.maximum(0.0)) @ largest_units(network).astype(np.float64))


def largest_units(network: Network) -> Ints:
    """Return the most units that each move can carry, shape (m,)."""
    moves = network.problem.moves
    most = np.zeros(len(moves), dtype=np.int64)
    moved = network.move >= 0
    most[network.move[moved]] = network.capacity[moved]
    now = moves.is_transfer & (moves.bucket == 0)
    most[now] = np.minimum(most[now], network.problem.item_sites.available[moves.origin[now]])
    return most


def components(network: Network, limits: Limits, among: Flags | None = None) -> list[Component]:
    """Return the components of the coordination graph, by their first item; items without a limit are in none.

    Parameters
    ----------
    network : Network
        Of every item.
    limits : Limits
        Over the network's moves.
    among : bool array, shape (items,), optional
        Items that may be joined; all if not given.
    """
    binding = largest_use(network, limits) > limits.room
    item, limit = edges(network, limits, binding)
    if among is not None:
        item, limit = item[among[item]], limit[among[item]]
    count = network.items + len(limits)
    graph = coo_array((np.ones(len(item)), (item, network.items + limit)), shape=(count, count))
    label = connected_components(graph, directed=False)[1]
    of_item, of_limit = label[: network.items], label[network.items :]
    joined = np.unique(item)
    order = joined[np.unique(of_item[joined], return_index=True)[1]]
    return [
        Component(joined[of_item[joined] == of_item[first]], np.flatnonzero(binding & (of_limit == of_item[first])))
        for first in np.sort(order)
    ]


def touched_items(network: Network, limits: Limits) -> Flags:
    """Return which items have a possible move that a limit counts, shape (items,)."""
    touched = np.zeros(network.items, dtype=bool)
    touched[edges(network, limits, np.ones(len(limits), dtype=bool))[0]] = True
    return touched


def edges(network: Network, limits: Limits, binding: Flags) -> tuple[Ints, Ints]:
    """Return each pair of an item and a limit that can bind and that one of its moves touches."""
    use = limits.use
    limit = np.repeat(np.arange(len(limits)), np.diff(use.indptr))
    possible = (largest_units(network)[use.indices] > 0) & (use.data != 0) & binding[limit]
    moves, item_sites = network.problem.moves, network.problem.item_sites
    item = item_sites.item[moves.destination[use.indices[possible]]]
    pairs = np.unique(item * np.int64(max(1, len(limits))) + limit[possible])
    return pairs // max(1, len(limits)), pairs % max(1, len(limits))
