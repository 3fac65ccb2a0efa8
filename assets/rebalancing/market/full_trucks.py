"""Departures that are filled, to sites where not half a truck goes later.

There no rider pays for half a truck, today or later. One that stays may pay once it is full: riders decide by
the share of a full truck, then by less, until it is. One that leaves more than half full charges by its shares
more than it costs: riders decide by less, until the room that is paid for is taken. Not here: departures that
pay half full (``departure_search``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.departure_search import LEAST_SAVING, Search
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.shares import at_shares, started_again
from assets.rebalancing.moves import ASSUMED_FILL, Moves

FILLS = (1.0, 1.25, 1.5, 1.75, 2.0)
"""Loads of a truck that its riders decide by until it is full; beyond one they decide by less than they pay."""
ROOM_FILLS = (0.55, 0.6, 0.7, 0.8, *FILLS, 4.0, 16.0)
"""The same of one that leaves more than half full: what room is left is paid for."""


def filled(search: Search) -> Search:
    """Return the search with departures filled where that pays; the same one where it pays nowhere.

    Shares that fewer units pay later are no reason to leave: nobody is billed for them.
    """
    lanes = _lanes(search.network.problem.moves, search.departures.row)
    for row in _could_fill(search, lanes).tolist():
        search = _better(search, _filled_with(search, row, FILLS), row, lanes)
    room = with_room(search.network, search.departures, search.every)
    for row in np.flatnonzero(_seldom(search, lanes, room)).tolist():
        search = _better(search, _filled_with(search, row, ROOM_FILLS), row, lanes)
    return search


def _better(search: Search, tried: Search, row: int, lanes: Ints) -> Search:
    """Return what was tried of a departure if it saves anything."""
    if _saved_by(search, tried, row, lanes) <= LEAST_SAVING:
        return search
    return replace(tried, network=started_again(tried.network, np.zeros(len(tried.row), dtype=bool))[0])


def _could_fill(search: Search, lanes: Ints) -> Ints:
    """Return departures that stay and could pay if they were full, as far as prices tell.

    Each unit that sites ask for at most gains what the next one does: more than it can, where they sell.
    """
    network, departures = search.network, search.departures
    stays = _seldom(search, lanes, search.shut)
    rows = np.flatnonzero(np.append(stays, False)[search.row])
    if not len(rows):
        return rows
    on, owner, spread = search.row[rows], search.owner[rows], departures.spread[network.first[rows]]
    arcs = network.arc_start[owner] + rows - network.first_start[owner]
    node = network.node_start[owner]
    ends = search.potential[node + network.tail[arcs]] - search.potential[node + network.head[arcs]]
    gain = spread - (network.cost[arcs] + ends) / network.scale
    asked = _asked(network)[network.first[rows]]
    most = np.where(gain > 0, np.minimum(asked, largest_units(network)[network.first[rows]]), 0.0)
    # Those that gain most by their share of a truck fill it first.
    load = most * spread * departures.fill[on] / departures.cost[on]
    order = np.lexsort((np.arange(len(rows)), -gain / np.maximum(spread, 1e-300), on))
    before = np.cumsum(load[order]) - load[order]
    before -= before[np.searchsorted(on[order], on[order])]
    taken = np.clip(1.0 - before, 0.0, load[order]) / np.maximum(load[order], 1e-300)
    count = len(departures)
    gains = np.bincount(on[order], weights=(gain * most)[order] * taken, minlength=count)
    loads = np.bincount(on, weights=load, minlength=count)
    return np.flatnonzero((gains > departures.cost) & (loads > ASSUMED_FILL))


def with_room(network: Network, departures: Departures, units: Ints) -> Flags:
    """Return departures that leave with room though riders decide by more than they pay, shape (d,).

    On usual lanes to sites that sell, and not on what others pay for.

    Parameters
    ----------
    network, departures : Network, Departures
        As items decide by them.
    units : int array, shape (m,)
        Of every move.
    """
    trucks = departures.trucks(units)
    full = departures.truck * np.maximum(1, np.minimum(trucks, departures.most))[:, None]
    room = (trucks > 0) & (departures.loads(units) < full).all(axis=1)
    room &= departures.beyond(units) < -LEAST_SAVING
    sells = np.zeros(len(departures) + 1, dtype=bool)
    sells[departures.row[_asked(network) > 0]] = True
    return np.asarray(room & sells[:-1] & _usual(network, departures))


def _usual(network: Network, departures: Departures) -> Flags:
    """Return which departures fill up and pay for themselves, on lanes of usual replenishment, shape (d,)."""
    usual = np.zeros(len(departures) + 1, dtype=bool)
    # Nothing leaves later on other lanes (``moves``), so that what they would spare is unknown.
    usual[departures.row[network.problem.moves.usual]] = True
    return np.asarray(usual[:-1] & departures.fills & (departures.paid == 0))


def _seldom(search: Search, lanes: Ints, chosen: Flags) -> Flags:
    """Return which of some departures fill up and go to where not half a truck goes later."""
    departures = search.departures
    chosen = chosen & _usual(search.network, departures)
    if chosen.any():
        chosen &= _to_one_site(search) @ _later(search, lanes) < ASSUMED_FILL * departures.truck[:, 0]
    return np.asarray(chosen)


def _asked(network: Network) -> Floats:
    """Return the most that the site of each move asks for beyond what is known to come, shape (m,)."""
    sites, to = network.problem.item_sites, network.problem.moves.destination
    return np.asarray(np.maximum(0.0, sites.quantiles[to, -1, -1] - sites.known_supply[to, -1]))


def _later(search: Search, lanes: Ints) -> Floats:
    """Return the weight that leaves later on the lane of each departure, shape (d,); no end where it is unknown."""
    network, departures, start = search.network, search.departures, search.near.start
    later = np.zeros(len(departures))
    if start is None:
        return later + np.inf
    moved = np.flatnonzero((network.move >= 0) & (start.flows > 0))
    row = lanes[network.move[moved]]
    on = row >= 0
    load = start.flows[moved[on]] * departures.load[network.move[moved[on]], 0]
    return np.bincount(row[on], weights=load, minlength=len(departures)).astype(np.float64)


def _to_one_site(search: Search) -> Flags:
    """Return which departures go to one site, shape (d, d)."""
    moves, site = search.network.problem.moves, np.zeros(len(search.departures), dtype=np.int64)
    on = np.flatnonzero(search.departures.row >= 0)
    site[search.departures.row[on]] = search.network.problem.item_sites.site[moves.destination[on]]
    return np.equal.outer(site, site)


def _filled_with(search: Search, row: int, fills: Sequence[float]) -> Search:
    """Return the search with a departure open for as small a share as fills its trucks, one at least."""
    trucks = min(max(1, int(search.departures.trucks(search.every)[row])), int(search.departures.most[row]))
    for fill in fills:
        tried = _at_fill(search, row, fill)
        if (tried.departures.loads(tried.every)[row] >= trucks * tried.departures.truck[row]).any():
            break
    return tried


def _saved_by(search: Search, other: Search, row: int, lanes: Ints) -> float:
    """Return what another search saves by a departure, but for shares that are paid later."""
    departures = search.departures
    fewer = (_later(search, lanes) - _later(other, lanes)) / departures.truck[:, 0] / ASSUMED_FILL * departures.cost
    spared = max(0.0, float(fewer[departures.fills].sum()))
    return _total(search) - _total(other) + _last_saves(other, row) - spared


def _at_fill(search: Search, row: int, fill: float) -> Search:
    """Return another search with a departure open whose riders decide by some load of it."""
    chosen = np.arange(len(search.shut)) == row
    departures = search.departures.at_fill(np.where(chosen, fill, search.departures.fill))
    network, near = at_shares(search.network, departures), at_shares(search.near, departures)
    shut = search.shut & ~chosen
    near, items = started_again(near, np.append(shut, False)[search.row])
    other = replace(
        search, network=network, near=near, departures=departures, shut=shut, units=search.units.copy(),
        cost=search.cost.copy(), potential=search.potential.copy(), worth=search.worth.copy(),
    )  # fmt: skip
    other.adopt(other.solved(items, shut))
    return other


def _total(search: Search) -> float:
    """Return what items cost with their departures, less what no plan changes, in currency."""
    return int(search.cost.sum()) / search.network.scale + float(search.departures.beyond(search.every).sum())


def _last_saves(search: Search, row: int) -> float:
    """Return what fewer trucks of a departure that leaves save."""
    several = search.departures.sized[row] and search.departures.trucks(search.every)[row] > 1
    return search.without_last(row)[1] if several else 0.0


def _lanes(moves: Moves, row: Ints) -> Ints:
    """Return the departure of today on the lane of each later move, shape (m,); -1 for none."""
    mode = np.unique(moves.mode.astype(str), return_inverse=True)[1]
    key = np.stack([moves.origin, moves.destination, mode], axis=1)
    way = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    today = np.full(int(way.max(initial=-1)) + 1, -1)
    today[way[row >= 0]] = row[row >= 0]
    return np.where(moves.bucket > 0, today[way], -1)
