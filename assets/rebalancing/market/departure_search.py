"""What is tried of departures: some shut, one more or one less, and what every item does then by the relaxed flow.

*Close*: one departure at a time, the one that saves most by it; its riders go elsewhere or later. *Open*:
one that is shut, where what could ride gains more than it costs. *Last truck*: of several, where what it
carries is worth less. Losses only grow as others close, so that a stale one still says what is worth a look
(lazy greedy, Minoux 1978). Not here: which departures leave in the end (``closing``), or those that pay only
when they are full (``full_trucks``).
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


@dataclass
class Search:
    """What is shut so far, and what every item does then.

    Attributes
    ----------
    network, near : Network
        Of every item, everything open: with its relaxed optimum as the start, and with what items do now.
    departures : Departures
        Over its moves; ``d`` of them.
    shut : bool array, shape (d,)
        Departures that stay.
    row, owner, units : int arrays, shape (len(network.first),)
        Departure of each move of the first bucket, -1 for none; its item; its units now.
    cost : int array, shape (items,)
        What each item costs now, as integer costs.
    potential : int array
        Of every node now.
    worth : float array, shape (d,)
        What riders of a departure that stays would have saved by it, in currency.
    every : int array, shape (m,)
        Units of every move, those of later buckets nothing.
    """

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
    every: Ints = field(init=False)

    @classmethod
    def of(cls, network: Network, departures: Departures, free: Flow) -> Search:
        """Begin with everything open, but for departures on which nobody wants to ride."""
        row = departures.row[network.first]
        ridden = np.zeros(len(departures), dtype=bool)
        ridden[row[(row >= 0) & (free.units > 0)]] = True
        return cls(
            network, replace(network, solved={}), departures, ~ridden & (departures.paid == 0), row,
            lots.first_items(network), free.units.copy(), free.cost.copy(), free.potential.copy(),
            np.zeros(len(departures)),
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
            self.adopt(self.solved(riders, shut))
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
                self.adopt(flow)
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

    def without_last(self, row: int) -> tuple[int, float]:
        """Return how many trucks of a departure leave, and what those that stay save.

        Fewer while what the last one carries is worth less than it costs; one at least. Riders pay a
        price by load that empties it; what they lose by that is at least what they would lose by the
        best choice of who stays.
        """
        departures, lost = self.departures, 0.0
        riders = Riders.of(self, row)
        whole = count = int(np.minimum(departures.trucks(self.every), departures.most)[row])
        while count > max(1, int(departures.paid[row])):
            fewer = riders.lost_within(departures.truck[row] * (count - 1) - departures.others[row])
            if fewer - lost >= departures.cost[row] - LEAST_SAVING:
                break
            count, lost = count - 1, fewer
        return count, (whole - count) * float(departures.cost[row]) - lost

    def _with(self, row: int) -> Flags:
        shut = self.shut.copy()
        shut[row] = True
        return shut

    def adopt(self, flow: Flow) -> None:
        """Take what items do in some flow as what they do now."""
        items = flow.variant.items
        first = gather(self.network.first_start, items)[0]
        self.units[first], self.cost[items], self.potential[flow.nodes] = flow.units, flow.cost, flow.potential
        self.every[self.network.first[first]] = flow.units
        self.near = started(self.near, flow)


@dataclass(frozen=True)
class Riders:
    """The items that ride on a departure, by themselves, and what they cost now."""

    network: Network
    variant: Variant
    departures: Departures
    row: int
    cost: Ints
    shares: float

    @classmethod
    def of(cls, search: Search, row: int) -> Riders:
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
