"""Which departures of today leave: all are open at first, and each that saves less than it costs closes.

Items plan by the relaxed flow, for nothing on what is open. *Close*: one departure at a time, the one
that saves most by it; its riders go elsewhere or later. *Open*: one that is shut, where what could
ride gains more than it costs. *Last truck*: of several, where what it carries is worth less. Losses
only grow as others close, so that a stale one still says what is worth a look (lazy greedy, Minoux
1978). Not here: whole lots (``consolidated``), and limits that items share.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Flow, Variant, gather, solve_flows, started
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.shares import at_shares, started_again
from assets.rebalancing.moves import ASSUMED_FILL, Moves

LEAST_SAVING = 1e-6
"""Least that a change saves, in currency."""
PASSES = 3
"""Most times that everything is closed and opened."""
LOOKS = 4
"""Most times that a departure is looked at in a pass, on average."""
FIRST_RIDERS = 24
"""Items of a departure that are solved first; more are only while those lose less than it costs."""
PRICES = 12
"""Halvings of the price at which riders leave the last truck."""
FILLS = (1.0, 1.25, 1.5, 1.75, 2.0)
"""Loads of a truck that its riders decide by until it is full; beyond one they decide by less than they pay."""


@dataclass(frozen=True)
class Open:
    """Which departures leave.

    Attributes
    ----------
    network : Network
        Everything open, with its relaxed optimum as the start of what is solved next.
    departures : Departures
        With the shares by which units decide now.
    shut : bool array, shape (d,)
        Departures that stay.
    trucks : int array, shape (d,)
        Most trucks of each that leave.
    free : Flow
        Relaxed optimum of every item, all departures open.
    worth : float array, shape (d,)
        What riders of a departure that stays would have saved by it, in currency.
    """

    network: Network
    departures: Departures
    shut: Flags
    trucks: Ints
    free: Flow
    worth: Floats


def close(network: Network, departures: Departures) -> Open:
    """Return which departures leave.

    Parameters
    ----------
    network : Network
        Of every item, all departures open.
    departures : Departures
        Over its moves.
    """
    return ways(network, departures, most=1)[0]


def ways(network: Network, departures: Departures, most: int = 2) -> list[Open]:
    """Return which departures leave, and which do if those that pay only when they are full may, if any does.

    The second way is cheaper by the relaxed flow; in whole lots and within limits it may not be.

    Parameters
    ----------
    network, departures : Network, Departures
        As ``close`` takes them.
    most : int
        Ways to look for.
    """
    free = lots.relaxed_optimum(network)
    search = _Search.of(started(network, free), departures, free)
    search.settle()
    found = [search.open(free)]
    if most > 1 and search.fill_each():
        search.settle()
        found.append(search.open(free))
    return found


@dataclass
class _Search:
    """What is shut so far, and what every item does then."""

    network: Network
    near: Network
    departures: Departures
    shut: Flags
    row: Ints
    owner: Ints
    units: Ints
    cost: Ints
    potential: Ints
    worth: Floats
    lane: Ints
    every: Ints = field(init=False)

    @classmethod
    def of(cls, network: Network, departures: Departures, free: Flow) -> _Search:
        """Begin with everything open, but for departures on which nobody wants to ride."""
        row = departures.row[network.first]
        ridden = np.zeros(len(departures), dtype=bool)
        ridden[row[(row >= 0) & (free.units > 0)]] = True
        return cls(
            network, replace(network, solved={}), departures, ~ridden & (departures.paid == 0), row,
            lots.first_items(network), free.units.copy(), free.cost.copy(), free.potential.copy(),
            np.zeros(len(departures)), _lanes(network.problem.moves, departures.row),
        )  # fmt: skip

    def __post_init__(self) -> None:
        self.every = np.zeros(len(self.network.problem.moves), dtype=np.int64)
        self.every[self.network.first] = self.units

    def settle(self) -> None:
        """Close and open departures until neither saves anything."""
        for _ in range(PASSES):
            self.close_each()
            if not self.open_each():
                break

    def open(self, free: Flow) -> Open:
        """Return what leaves, of several trucks as many as pay."""
        departures, shut, worth = self.departures, self.shut.copy(), self.worth.copy()
        trucks = np.minimum(departures.trucks(self.every), departures.most)
        for row in np.flatnonzero(departures.sized & (trucks > np.maximum(1, departures.paid))).tolist():
            trucks[row] = self.without_last(row)[0]
        return Open(self.network, departures, shut, trucks, free, worth)

    def solved(self, items: Ints, shut: Flags) -> Flow:
        """Return the relaxed optimum of items with some departures shut, those that are among them."""
        return self._solved(self.near, items, shut)

    def from_open(self, items: Ints, shut: Flags) -> Flow:
        """Return the relaxed optimum of items with some departures shut, from that with all of them open."""
        return self._solved(self.network, items, shut)

    def _solved(self, network: Network, items: Ints, shut: Flags) -> Flow:
        first = gather(self.network.first_start, items)[0]
        stays = np.append(shut, False)[self.row[first]]
        return solve_flows(network, Variant(items, np.where(stays, 0, FREE_UNITS)))

    def close_each(self) -> None:
        """Close departures, the one that saves most first, until none saves anything.

        What others pay for leaves anyway; of several trucks fewer may be better than none.
        """
        departures = self.departures
        candidates = np.flatnonzero(~self.shut & (departures.beyond(self.every) > 0) & (departures.paid == 0))
        queue = [(-saving, row, 0) for row, saving in zip(candidates.tolist(), self.savings(candidates), strict=True)]
        queue = [entry for entry in queue if entry[0] < -LEAST_SAVING]
        heapq.heapify(queue)
        changes, looks = 0, LOOKS * len(self.departures)
        while queue and looks:
            saving, row, seen = heapq.heappop(queue)
            if seen < changes:
                looks -= 1
                fresh = self.savings(np.array([row]))[0]
                if fresh > LEAST_SAVING:
                    heapq.heappush(queue, (-fresh, row, changes))
                continue
            several = departures.sized[row] and departures.trucks(self.every)[row] > 1
            if several and self.without_last(row)[1] >= -saving:
                continue
            riders = self.riders(row)
            shut = self._with(row)
            self.worth[row] = self.departures.bills(self.every)[row] + saving
            self.shut = shut
            self._adopt(self.solved(riders, shut))
            changes += 1

    def savings(self, rows: Ints) -> Floats:
        """Return what closing each of some departures saves, its riders elsewhere; below 0 where it costs.

        Riders are solved by turns, twice as many each; a departure that they lose more by than it
        costs is not looked at further.
        """
        beyond, now = self.departures.beyond(self.every), self.departures.bills(self.every)
        lost, changed = np.zeros(len(rows)), [list[tuple[Ints, Ints]]() for _ in range(len(rows))]
        waiting = {k: self.riders(row) for k, row in enumerate(rows.tolist())}
        begin, size, given_up = 0, FIRST_RIDERS, set[int]()
        while waiting:
            parts = {k: riders[begin : begin + size] for k, riders in waiting.items()}
            for k, flow in self._each(rows, parts):
                items = flow.variant.items
                lost[k] += float((flow.cost - self.cost[items]).sum()) / self.network.scale
                changed[k].append((self.network.first[gather(self.network.first_start, items)[0]], flow.units))
            begin, size = begin + size, 2 * size
            waiting = {k: riders for k, riders in waiting.items() if len(riders) > begin}
            dear = {k for k in waiting if lost[k] >= now[rows[k]]}
            given_up |= dear
            waiting = {k: riders for k, riders in waiting.items() if k not in dear}
        saved = -lost
        for k in sorted(set(range(len(rows))) - given_up):
            after = self.every.copy()
            for moves, units in changed[k]:
                after[moves] = units
            # One truck more elsewhere is seldom needed for all of what moves there: last trucks are looked at later.
            more = np.maximum(0.0, self.departures.bills(after) - now) * self.departures.sized
            saved[k] += float((beyond - self.departures.beyond(after) + more).sum())
        return saved

    def _each(self, rows: Ints, parts: dict[int, Ints]) -> list[tuple[int, Flow]]:
        """Return flows of riders with their departure shut besides, solved in one call."""
        variants = []
        for k, items in parts.items():
            first = gather(self.network.first_start, items)[0]
            stays = np.append(self._with(rows[k]), False)[self.row[first]]
            variants.append(Variant(items, np.where(stays, 0, FREE_UNITS)))
        if not variants:
            return []
        solve_flows(
            self.near,
            Variant(np.concatenate([v.items for v in variants]), np.concatenate([v.units for v in variants])),
        )
        return [(k, solve_flows(self.near, variant)) for k, variant in zip(parts, variants, strict=True)]

    def riders(self, row: int) -> Ints:
        """Return the items that ride on a departure: those that could lose most by it first."""
        on = np.flatnonzero((self.row == row) & (self.units > 0))
        short = self.network.problem.item_sites.shortage_cost[
            self.network.problem.moves.destination[self.network.first]
        ]
        items, place = np.unique(self.owner[on], return_inverse=True)
        at_risk = np.bincount(place, weights=(self.units * short)[on], minlength=len(items))
        return items[np.lexsort((items, -at_risk))]

    def open_each(self) -> bool:
        """Open departures that gain more than they cost; say if one did.

        A unit of a move gains at most what its reduced cost says, so that few are solved.
        """
        opened = False
        moves, gains = self._could_gain()
        order = np.argsort(-gains, kind="stable")
        for row in order[gains[order] > self.departures.cost[order]].tolist():
            items = np.unique(self.owner[moves[self.row[moves] == row]])
            shut = self.shut.copy()
            shut[row] = False
            flow = self.from_open(items, shut)
            gained = float((self.cost[items] - flow.cost).sum()) / self.network.scale
            before, after = self.departures.beyond(self.every).sum(), self.every.copy()
            after[self.network.first[gather(self.network.first_start, items)[0]]] = flow.units
            saved = gained - self.departures.beyond(after).sum() + before
            self.worth[row] = max(self.worth[row], saved + self.departures.bills(after)[row])
            if saved > LEAST_SAVING:
                self.shut, opened = shut, True
                self._adopt(flow)
        return opened

    def _could_gain(self) -> tuple[Ints, Floats]:
        """Return first-bucket moves of shut departures that would gain, and the most that each departure could."""
        network = self.network
        rows = np.flatnonzero(np.append(self.shut, False)[self.row])
        arcs = network.arc_start[self.owner[rows]] + rows - network.first_start[self.owner[rows]]
        node = network.node_start[self.owner[rows]]
        reduced = (
            network.cost[arcs] + self.potential[node + network.tail[arcs]] - self.potential[node + network.head[arcs]]
        )
        most = largest_units(network)[network.first[rows]]
        gain = np.maximum(0, -reduced) * most / network.scale
        return rows[gain > 0], np.bincount(self.row[rows], weights=gain, minlength=len(self.shut)).astype(np.float64)

    def fill_each(self) -> bool:
        """Open departures that pay once they are full, to sites where not half a truck goes later; say if one did.

        There no rider pays for half a truck, today or later, but all of them may pay for a full one. The
        shares that fewer units pay later are no reason to leave: nobody is billed for them.
        """
        changed = False
        for row in self._could_fill().tolist():
            tried = self._filled(row)
            if self._saved_by(tried, row) > LEAST_SAVING:
                self._become(tried)
                changed = True
        return changed

    def without_last(self, row: int) -> tuple[int, float]:
        """Return how many trucks of a departure leave, and what those that stay save.

        Fewer while what the last one carries is worth less than it costs; one at least. Riders pay a
        price by load that empties it; what they lose by that is at least what they would lose by the
        best choice of who stays.
        """
        departures, lost = self.departures, 0.0
        riders = _Riders.of(self, row)
        whole = count = int(np.minimum(departures.trucks(self.every), departures.most)[row])
        while count > max(1, int(departures.paid[row])):
            fewer = riders.lost_within(departures.truck[row] * (count - 1) - departures.others[row])
            if fewer - lost >= departures.cost[row] - LEAST_SAVING:
                break
            count, lost = count - 1, fewer
        return count, (whole - count) * float(departures.cost[row]) - lost

    def _could_fill(self) -> Ints:
        """Return departures that stay and could pay if they were full, as far as prices tell.

        Each unit that sites ask for at most gains what the next one does: more than it can, where they sell.
        """
        network, departures = self.network, self.departures
        usual = np.zeros(len(departures) + 1, dtype=bool)
        # Nothing leaves later on other lanes (``moves``), so that what they would spare is unknown.
        usual[departures.row[network.problem.moves.usual]] = True
        stays = self.shut & departures.fills & (departures.paid == 0) & usual[:-1]
        if stays.any():
            stays &= self._sites @ self._later() < ASSUMED_FILL * departures.truck[:, 0]
        rows = np.flatnonzero(np.append(stays, False)[self.row])
        if not len(rows):
            return rows
        on, owner, spread = self.row[rows], self.owner[rows], departures.spread[network.first[rows]]
        arcs = network.arc_start[owner] + rows - network.first_start[owner]
        node = network.node_start[owner]
        ends = self.potential[node + network.tail[arcs]] - self.potential[node + network.head[arcs]]
        gain = spread - (network.cost[arcs] + ends) / network.scale
        sites, to = network.problem.item_sites, network.problem.moves.destination[network.first[rows]]
        asked = np.maximum(0.0, sites.quantiles[to, -1, -1] - sites.known_supply[to, -1])
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

    def _later(self) -> Floats:
        """Return the weight that leaves later on the lane of each departure, shape (d,); no end where it is unknown."""
        network, departures, start = self.network, self.departures, self.near.start
        later = np.zeros(len(departures))
        if start is None:
            return later + np.inf
        moved = np.flatnonzero((network.move >= 0) & (start.flows > 0))
        row = self.lane[network.move[moved]]
        on = row >= 0
        load = start.flows[moved[on]] * departures.load[network.move[moved[on]], 0]
        return np.bincount(row[on], weights=load, minlength=len(departures)).astype(np.float64)

    @property
    def _sites(self) -> Flags:
        """Return which departures go to one site, shape (d, d)."""
        moves, site = self.network.problem.moves, np.zeros(len(self.departures), dtype=np.int64)
        on = np.flatnonzero(self.departures.row >= 0)
        site[self.departures.row[on]] = self.network.problem.item_sites.site[moves.destination[on]]
        return np.equal.outer(site, site)

    def _filled(self, row: int) -> _Search:
        """Return the search with a departure open for as small a share as fills it, from that of a full truck on."""
        for fill in FILLS:
            tried = self._at_fill(row, fill)
            if (tried.departures.loads(tried.every)[row] >= tried.departures.truck[row]).any():
                break
        return tried

    def _saved_by(self, other: _Search, row: int) -> float:
        """Return what another search saves by a departure, but for shares that are paid later."""
        departures = self.departures
        fewer = (self._later() - other._later()) / departures.truck[:, 0] / ASSUMED_FILL * departures.cost
        spared = max(0.0, float(fewer[departures.fills].sum()))
        return self._total() - other._total() + other._last_saves(row) - spared

    def _at_fill(self, row: int, fill: float) -> _Search:
        """Return another search with a departure open whose riders decide by some load of it."""
        chosen = np.arange(len(self.shut)) == row
        departures = self.departures.at_fill(np.where(chosen, fill, self.departures.fill))
        network, near, shut = at_shares(self.network, departures), at_shares(self.near, departures), self.shut & ~chosen
        near, items = started_again(near, np.append(shut, False)[self.row])
        other = replace(
            self, network=network, near=near, departures=departures, shut=shut, units=self.units.copy(),
            cost=self.cost.copy(), potential=self.potential.copy(), worth=self.worth.copy(),
        )  # fmt: skip
        other._adopt(other.solved(items, shut))
        return other

    def _become(self, other: _Search) -> None:
        """Go on from another search."""
        for name in ("near", "departures", "shut", "units", "cost", "potential", "every"):
            setattr(self, name, getattr(other, name))
        self.network = started_again(other.network, np.zeros(len(self.row), dtype=bool))[0]

    def _total(self) -> float:
        """Return what items cost with their departures, less what no plan changes, in currency."""
        return int(self.cost.sum()) / self.network.scale + float(self.departures.beyond(self.every).sum())

    def _last_saves(self, row: int) -> float:
        """Return what fewer trucks of a departure that leaves save."""
        several = self.departures.sized[row] and self.departures.trucks(self.every)[row] > 1
        return self.without_last(row)[1] if several else 0.0

    def _with(self, row: int) -> Flags:
        shut = self.shut.copy()
        shut[row] = True
        return shut

    def _adopt(self, flow: Flow) -> None:
        items = flow.variant.items
        first = gather(self.network.first_start, items)[0]
        self.units[first], self.cost[items], self.potential[flow.nodes] = flow.units, flow.cost, flow.potential
        self.every[self.network.first[first]] = flow.units
        self.near = started(self.near, flow)


def _lanes(moves: Moves, row: Ints) -> Ints:
    """Return the departure of today on the lane of each later move, shape (m,); -1 for none."""
    mode = np.unique(moves.mode.astype(str), return_inverse=True)[1]
    key = np.stack([moves.origin, moves.destination, mode], axis=1)
    way = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    today = np.full(int(way.max(initial=-1)) + 1, -1)
    today[way[row >= 0]] = row[row >= 0]
    return np.where(moves.bucket > 0, today[way], -1)


@dataclass(frozen=True)
class _Riders:
    """The items that ride on a departure, by themselves, and what they cost now."""

    network: Network
    variant: Variant
    departures: Departures
    row: int
    cost: Ints
    shares: float

    @classmethod
    def of(cls, search: _Search, row: int) -> _Riders:
        """Return the riders of a departure, other departures as they are."""
        items = np.sort(search.riders(row))
        some = part(search.network, items)
        departures = search.departures.take(some.moves)
        stays = np.append(search.shut, False)[departures.row[some.network.first]]
        variant = Variant(np.arange(len(items)), np.where(stays, 0, FREE_UNITS))
        shares = float(departures.spread @ search.every[some.moves])
        return cls(some.network, variant, departures, row, search.cost[items], shares)

    def lost_within(self, room: Floats) -> float:
        """Return what they lose if their load fits into some room, in currency."""
        departures, first = self.departures, self.network.first
        load = (departures.load / departures.truck[self.row]).max(axis=1) * (departures.row == self.row)
        on = departures.row[first] == self.row
        low, high, lost = 0.0, 2.0 * float(departures.cost[self.row]), np.inf
        for _ in range(PRICES):
            price = (low + high) / 2
            flow = solve_flows(self.network.priced(price * load), self.variant)
            used = (np.where(on, flow.units, 0)[:, None] * departures.load[first]).sum(axis=0)
            if (used <= room + 1e-9).all():
                paid = price * float(flow.units @ load[first])
                # Shares by which units decide are no cost: those that are not paid any more count back.
                shares = self.shares - float(flow.units @ departures.spread[first])
                lost = min(lost, float((flow.cost - self.cost).sum()) / self.network.scale - paid + shares)
                high = price
            else:
                low = price
        return lost
