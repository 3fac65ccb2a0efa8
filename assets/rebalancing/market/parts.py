"""A part of a network: some of its items, everything about them as it was.

Costs, scale, tie keys and supplies stay to the bit, so that an item's plan costs the same in
every part. Not here: which items belong together (``components``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from assets.rebalancing.expansion import Network, Start
from assets.rebalancing.flow import FREE_UNITS, Variant, gather, solve_flows, started
from assets.rebalancing.item_sites import Flags, Ints, ItemSites
from assets.rebalancing.moves import Moves
from assets.rebalancing.problem import Problem
from assets.rebalancing.value import Curves


@dataclass(frozen=True)
class Part:
    """Some items of a network.

    Attributes
    ----------
    network : Network
        Of these items only.
    items, moves : int array
        Their positions, and those of their moves, in the whole.
    """

    network: Network
    items: Ints
    moves: Ints


def part(network: Network, items: Ints) -> Part:
    """Return the part of a network that some items make.

    Parameters
    ----------
    network : Network
        The whole.
    items : int array
        Items, ascending.
    """
    item_sites = network.problem.item_sites
    problem, rows, moves = problem_part(network.problem, items)
    row_place = _places(len(item_sites), rows)
    arcs = gather(network.arc_start, items)[0]
    segments = np.flatnonzero(row_place[network.curves.row] >= 0)
    return Part(
        replace(
            network,
            problem=problem,
            curves=_curves(network.curves, rows, segments, row_place),
            tail=network.tail[arcs],
            head=network.head[arcs],
            capacity=network.capacity[arcs],
            cost=network.cost[arcs],
            move=_moved(network.move[arcs], _places(len(network.problem.moves), moves)),
            segment=_moved(network.segment[arcs], _places(len(network.curves.row), segments)),
            arc_start=_starts(network.arc_start, items),
            first_start=_starts(network.first_start, items),
            node_start=_starts(network.node_start, items),
            first=_places(len(network.problem.moves), moves)[network.first[gather(network.first_start, items)[0]]],
            supply=network.supply[gather(network.node_start, items)[0]],
            penalty=network.penalty[items],
            landed=network.landed[rows],
            change=network.change[moves],
            solved={},
            start=None,
        ),
        items,
        moves,
    )


def problem_part(problem: Problem, items: Ints) -> tuple[Problem, Ints, Ints]:
    """Return the problem of some items, with the positions of its item-sites and moves in the whole.

    Parameters
    ----------
    problem : Problem
        The whole; its limits stay as they are.
    items : int array
        Items, ascending.
    """
    item_sites = problem.item_sites
    chosen = np.zeros(len(item_sites.item_ids), dtype=bool)
    chosen[items] = True
    rows = np.flatnonzero(chosen[item_sites.item])
    row_place = _places(len(item_sites), rows)
    moves = np.flatnonzero(chosen[item_sites.item[problem.moves.destination]])
    some = replace(
        problem,
        item_sites=_item_sites(item_sites, items, rows, row_place),
        moves=_moves(problem.moves, moves, row_place),
        departures=problem.departures.take(moves) if problem.departures else None,
        minimums=problem.minimums.take(moves) if problem.minimums else None,
        documents=problem.documents.take(moves) if problem.documents else None,
    )
    return some, rows, moves


def capped(network: Network, most: Ints) -> Network:
    """Return a network whose moves carry at most ``most`` units each, shape (m,)."""
    moves = network.problem.moves
    held = np.minimum(network.capacity, network.by_arc(most))
    capacity = np.where(network.move >= 0, held, network.capacity)
    problem = replace(network.problem, moves=replace(moves, capacity=np.minimum(moves.capacity, most)))
    return replace(network, problem=problem, capacity=capacity, solved={}, start=None)


def started_part(network: Network, items: Ints) -> Part:
    """Return the part of a network that some items make, with their start."""
    some, start = part(network, items), network.start
    if start is None:
        return some
    arcs, nodes = gather(network.arc_start, items)[0], gather(network.node_start, items)[0]
    own = Start(start.flows[arcs], start.potential[nodes], start.known[items])
    return replace(some, network=replace(some.network, start=own))


def shut(network: Network, moves: Flags) -> Network:
    """Return a network in which some moves of the first bucket carry nothing.

    Its start is the relaxed optimum without them, from that with them, if the network has one.
    """
    most = np.where(moves, 0, network.problem.moves.capacity)
    if network.start is not None:
        stays = np.where(moves[network.first], 0, FREE_UNITS)
        network = started(network, solve_flows(network, Variant(np.arange(network.items), stays)))
    return replace(capped(network, most), start=network.start)


def _places(count: int, chosen: Ints) -> Ints:
    """Return where each of ``count`` stands among the chosen; -1 for those that are not."""
    place = np.full(count, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    return place


def _moved(position: Ints, place: Ints) -> Ints:
    """Return positions in the part; -1 stays."""
    known: Flags = position >= 0
    return np.where(known, place[np.where(known, position, 0)] if len(place) else -1, -1)


def _starts(starts: Ints, items: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(starts[items + 1] - starts[items])]).astype(np.int64)


def _item_sites(item_sites: ItemSites, items: Ints, rows: Ints, row_place: Ints) -> ItemSites:
    kept = ("bucket_days", "site_ids", "item_ids", "protection_demand")
    taken = {f.name: getattr(item_sites, f.name)[rows] for f in fields(item_sites) if f.name not in kept}
    protection = item_sites.protection_demand
    return replace(
        item_sites,
        **{
            **taken,
            "item_ids": tuple(item_sites.item_ids[k] for k in items),
            "item": _places(len(item_sites.item_ids), items)[item_sites.item[rows]],
            "parent": _moved(item_sites.parent[rows], row_place),
            "protection_demand": replace(
                protection, **{f.name: getattr(protection, f.name)[rows] for f in fields(protection)}
            ),
        },
    )


def _moves(moves: Moves, chosen: Ints, row_place: Ints) -> Moves:
    taken = moves.take(chosen)
    return replace(taken, origin=_moved(taken.origin, row_place), destination=row_place[taken.destination])


def _curves(curves: Curves, rows: Ints, segments: Ints, row_place: Ints) -> Curves:
    own = ("bucket", "width", "holding", "shortage", "purchase")
    base = ("base_holding", "base_shortage", "base_purchase")
    return replace(
        curves,
        row=row_place[curves.row[segments]],
        **{name: getattr(curves, name)[segments] for name in own},
        **{name: getattr(curves, name)[rows] for name in base},
    )
