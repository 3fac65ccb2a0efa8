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


@dataclass(frozen=True)
class Open:
    """Which departures leave.

    Attributes
    ----------
    network : Network
        Everything open, with its relaxed optimum as the start of what is solved next.
    shut : bool array, shape (d,)
        Departures that stay.
    trucks : int array, shape (d,)
        Most trucks of each that leave.
    free, flow : Flow
        Relaxed optimum of every item: with all departures open, and with those that stay shut.
    worth : float array, shape (d,)
        What riders of a departure that stays would have saved by it, in currency.
    """

    network: Network
    shut: Flags
    trucks: Ints
    free: Flow
    flow: Flow
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
    free = lots.relaxed_optimum(network)
    search = _Search.of(started(network, free), departures, free)
    for _ in range(PASSES):
        search.close_each()
        if not search.open_each():
            break
    trucks = np.minimum(departures.trucks(search.every), departures.most)
    for row in np.flatnonzero(departures.sized & (trucks > np.maximum(1, departures.paid))).tolist():
        trucks[row] = search.without_last(row, trucks)
    # From the same start whatever was tried on the way, so that an item by itself finds the same optimum.
    flow = search.from_open(np.arange(network.items), search.shut)
    return Open(search.network, search.shut, trucks, free, flow, search.worth)


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
            np.zeros(len(departures)),
        )  # fmt: skip

    def __post_init__(self) -> None:
        self.every = np.zeros(len(self.network.problem.moves), dtype=np.int64)
        self.every[self.network.first] = self.units

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
        """Close departures, the one that saves most first, until none saves anything."""
        candidates = np.flatnonzero(~self.shut & (self.departures.beyond(self.every) > 0))
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
            riders = self.riders(row)
            shut = self._with(row)
            self.worth[row] = self.departures.beyond(self.every)[row] + saving
            self.shut = shut
            self._adopt(self.solved(riders, shut))
            changes += 1

    def savings(self, rows: Ints) -> Floats:
        """Return what closing each of some departures saves, its riders elsewhere; below 0 where it costs.

        Riders are solved by turns, twice as many each; a departure that they lose more by than it
        costs is not looked at further.
        """
        beyond, now = self.departures.beyond(self.every), self.departures.bills(self.every)
        lost, after = np.zeros(len(rows)), [self.every.copy() for _ in range(len(rows))]
        waiting = {k: self.riders(row) for k, row in enumerate(rows.tolist())}
        begin, size, given_up = 0, FIRST_RIDERS, set[int]()
        while waiting:
            parts = {k: riders[begin : begin + size] for k, riders in waiting.items()}
            for k, flow in self._each(rows, parts):
                items = flow.variant.items
                lost[k] += float((flow.cost - self.cost[items]).sum()) / self.network.scale
                after[k][self.network.first[gather(self.network.first_start, items)[0]]] = flow.units
            begin, size = begin + size, 2 * size
            waiting = {k: riders for k, riders in waiting.items() if len(riders) > begin}
            dear = {k for k in waiting if lost[k] >= now[rows[k]]}
            given_up |= dear
            waiting = {k: riders for k, riders in waiting.items() if k not in dear}
        saved = -lost
        for k in sorted(set(range(len(rows))) - given_up):
            # One truck more elsewhere is seldom needed for all of what moves there: last trucks are looked at later.
            more = np.maximum(0.0, self.departures.bills(after[k]) - now) * self.departures.sized
            saved[k] += float((beyond - self.departures.beyond(after[k]) + more).sum())
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
            self.worth[row] = max(self.worth[row], gained)
            if gained - self.departures.beyond(after).sum() + before > LEAST_SAVING:
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

    def without_last(self, row: int, trucks: Ints) -> int:
        """Return how many trucks of a departure leave: fewer while what the last one carries is worth less.

        Riders pay a price by load that empties it; what they lose by that is at least what they
        would lose by the best choice of who stays.
        """
        departures, count, before = self.departures, int(trucks[row]), 0.0
        while count > max(1, int(departures.paid[row])):
            lost = self._lost_within(row, departures.truck[row] * (count - 1) - departures.others[row])
            if lost - before >= departures.cost[row] - LEAST_SAVING:
                break
            count, before = count - 1, lost
        return count

    def _lost_within(self, row: int, room: Floats) -> float:
        """Return what riders of a departure lose if their load fits into some room."""
        network, items = self.network, np.sort(self.riders(row))
        load = (self.departures.load / self.departures.truck[row]).max(axis=1) * (self.departures.row == row)
        first = gather(network.first_start, items)[0]
        stays = np.append(self.shut, False)[self.row[first]]
        variant = Variant(items, np.where(stays, 0, FREE_UNITS))
        on = self.row[first] == row
        per_unit, mine = load[network.first[first]], self.departures.load[network.first[first]]
        low, high, lost = 0.0, 2.0 * self.departures.cost[row], np.inf
        for _ in range(PRICES):
            price = (low + high) / 2
            flow = solve_flows(network.priced(price * load), variant)
            used = (np.where(on, flow.units, 0)[:, None] * mine).sum(axis=0)
            if (used <= room + 1e-9).all():
                paid = price * float((flow.units * per_unit).sum())
                lost = min(lost, float((flow.cost - self.cost[items]).sum()) / network.scale - paid)
                high = price
            else:
                low = price
        return lost

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
