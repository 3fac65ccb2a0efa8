"""Opening and closing: one truck or document less, or one more, while what rides on it plans again.

Everybody else stays, so that riders may use what others leave of limits and of trucks that are paid
for. A change stays if it lowers the whole cost, trucks included; every state keeps limits, trucks
and minimums. Not here: where the search starts and what bounds it (``charged``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.lots import relaxed_optimum
from assets.rebalancing.market.agents import still_network
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.market.minimums import Minimums
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.rounds import Budget, base_cost
from assets.rebalancing.market.verify import breaches

PASSES = 3
"""Most times that every departure and document is looked at."""
MOST_RIDERS = 400
"""Items that plan again at most; those that ride already come first."""
QUICK_ROUNDS = 8
"""Most rounds of bidding of those that plan again."""
SUBSIDIES = (0.02, 0.1, 0.5)
"""What riders are promised to fill a document, as shares of what a unit costs that they move or buy."""
LEAST_SAVING = 1e-6
"""Least that a change saves, in currency."""


@dataclass(frozen=True)
class Case:
    """A market with trucks and minimums."""

    network: Network
    limits: Limits
    departures: Departures
    minimums: Minimums
    budget: Budget

    def cost(self, units: Ints) -> float:
        """Return the whole cost of a plan's units, trucks included, in currency."""
        return own_cost(self.network, units) + self.departures.bill(units)

    def saving(self, before: Ints, after: Ints) -> float:
        """Return what a plan saves against another, trucks included: only the items that changed are looked at."""
        changed = np.unique(self._item(np.flatnonzero(before != after)))
        if not len(changed):
            return 0.0
        some = part(self.network, changed)
        own = own_cost(some.network, before[some.moves]) - own_cost(some.network, after[some.moves])
        return own + self.departures.bill(before) - self.departures.bill(after)

    def keeps(self, units: Ints) -> bool:
        """Return whether every limit, minimum and number of trucks is kept, added up anew.

        Riders that no longer free room which others use could break a limit, whatever was left to them.
        """
        departures = self.departures
        within = not breaches(self.limits, units) and not self.minimums.broken(units).any()
        return within and bool((departures.trucks(units) <= departures.most).all())

    def feasible(self, units: Ints) -> Ints:
        """Return a plan without documents below their minimum: they are closed, and their riders plan again.

        Where that breaks anything else, everybody waits.
        """
        shut = np.zeros(len(self.minimums), dtype=bool)
        while self.minimums.broken(units).any():
            shut |= self.minimums.broken(units)
            riders = self.riders(units, self.minimums.use[np.flatnonzero(shut)])
            units = self.again(units, riders, self.departures.trucks(units), shut)
        return units if self.keeps(units) else np.zeros_like(units)

    def riders(self, units: Ints, use: csr_array) -> Ints:
        """Return the items with units on the moves of some rows, ascending."""
        moves = np.unique(use.indices)
        return np.unique(self._item(moves[units[moves] > 0]))

    def touching(self, units: Ints, use: csr_array) -> Ints:
        """Return the items that could ride on some rows, at most ``MOST_RIDERS``, those that do first; ascending."""
        mine = self.riders(units, use)
        others = np.setdiff1d(self._item(np.unique(use.indices)), mine)
        return np.sort(np.concatenate([mine, others])[:MOST_RIDERS])

    def _item(self, moves: Ints) -> Ints:
        problem = self.network.problem
        return np.asarray(problem.item_sites.item[problem.moves.destination[moves]])

    def again(self, units: Ints, items: Ints, trucks: Ints, shut: Flags, help_: Floats | None = None) -> Ints:
        """Return the plan after some items planned again within what the others leave.

        Parameters
        ----------
        units : int array, shape (m,)
            Of every move.
        items : int array
            Ascending.
        trucks : int array, shape (d,)
            That are paid for, of each departure.
        shut : bool array
            Documents that stay empty.
        help_ : float array, shape (m,), optional
            What a unit of each move is promised, in currency.
        """
        some = part(self.network, items)
        others = units.copy()
        others[some.moves] = 0
        left = np.maximum(0.0, self.departures.capacity * trucks - self.departures.load(others))
        limits = self.limits.take(slice(None))
        limits = replace(limits, capacity=np.maximum(0.0, limits.room - limits.used(others)), fixed=0 * limits.fixed)
        every = together([limits, self.departures.limits(left), self.minimums.closed(shut)])
        quick = replace(self.budget, rounds=min(QUICK_ROUNDS, self.budget.rounds), award_rounds=1)
        mine = some.network if help_ is None else some.network.priced(-help_[some.moves])
        others[some.moves] = negotiate(mine, every.take(slice(None), some.moves), quick).units
        return others


def own_cost(network: Network, units: Ints) -> float:
    """Return the cost of units of every move at a network's own costs, in currency; no truck is in it."""
    moves = np.flatnonzero(network.move >= 0)
    node = np.repeat(network.node_start[:-1], np.diff(network.arc_start))[moves]
    carried, supply = units[network.move[moves]], network.supply.copy()
    np.subtract.at(supply, node + network.tail[moves], carried)
    np.add.at(supply, node + network.head[moves], carried)
    held = replace(still_network(network), supply=supply)
    cost = int(relaxed_optimum(held).cost.sum()) + int((carried * network.cost[moves]).sum())
    return base_cost(network) + cost / network.scale


def searched(case: Case, units: Ints) -> Ints:
    """Return the plan after every change by one truck or document that lowers the whole cost."""
    seen: set[tuple[int, bytes]] = set()
    for _ in range(PASSES):
        before = units
        for number, (change, row) in enumerate(_changes(case)):
            key = (number, units.tobytes())
            for tried in () if key in seen else change(case, units, row):
                if case.keeps(tried) and case.saving(units, tried) > LEAST_SAVING:
                    units = tried
            seen.add(key)
        if before is units:
            break
    return units


Change = Callable[[Case, Ints, int], Iterator[Ints]]


def _changes(case: Case) -> list[tuple[Change, int]]:
    trucks, documents = range(len(case.departures)), range(len(case.minimums))
    found: list[tuple[Change, int]] = [(change, row) for change in (_one_less, _one_more) for row in trucks]
    return found + [(change, row) for change in (_close, _open) for row in documents]


def _one_less(case: Case, units: Ints, row: int) -> Iterator[Ints]:
    """Keep one truck of a departure; its riders take what is paid for, or may call another elsewhere."""
    departures, shut = case.departures, case.minimums.amount(units) == 0
    trucks = departures.trucks(units)
    if not trucks[row]:
        return
    trucks[row] -= 1
    riders = case.riders(units, departures.use[[row]])
    yield case.again(units, riders, trucks, shut)
    elsewhere = np.where(np.arange(len(departures)) == row, trucks, np.minimum(trucks + 1, departures.most))
    yield case.again(units, riders, elsewhere, shut, -(departures.use.T @ (departures.cost / departures.capacity)))


def _one_more(case: Case, units: Ints, row: int) -> Iterator[Ints]:
    """Let one more truck of a departure leave."""
    trucks = case.departures.trucks(units)
    if trucks[row] < case.departures.most[row]:
        trucks[row] += 1
        yield case.again(
            units, case.touching(units, case.departures.use[[row]]), trucks, case.minimums.amount(units) == 0
        )


def _close(case: Case, units: Ints, row: int) -> Iterator[Ints]:
    """Keep a document in."""
    shut = case.minimums.amount(units) == 0
    if not shut[row]:
        shut[row] = True
        riders = case.riders(units, case.minimums.use[[row]])
        yield case.again(units, riders, case.departures.trucks(units), shut)


def _open(case: Case, units: Ints, row: int) -> Iterator[Ints]:
    """Let a document out after all: whoever could be on it is helped to reach its minimum."""
    shut = case.minimums.amount(units) == 0
    if not shut[row]:
        return
    shut[row] = False
    use = case.minimums.use[[row]]
    moves = case.network.problem.moves
    help_ = np.zeros(len(moves))
    help_[use.indices] = moves.unit_amount[use.indices]
    items = case.touching(units, use)
    for share in SUBSIDIES:
        yield case.again(units, items, case.departures.trucks(units), shut, share * help_)
