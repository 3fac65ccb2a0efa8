"""How a bucket passes for all item-sites of some replications: what starts, arrives, is sold, befalls and expires.

The physics of ``twin.day`` and of the sample world, over replications and in place. What comes first differs: where
arrivals can be sent on at once (the world) they come before orders start, else after (``day``). Not here: who
decides (``rules``), who comes first (``sharing``), or how many buckets (``simulate``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Ints, Lines
from assets.twin.fast.books import Books
from assets.twin.fast.chance import Chance
from assets.twin.fast.network import FastNetwork, Limit
from assets.twin.fast.rules import Decision, Orders
from assets.twin.fast.sharing import Sharing

WHOLE = 1000
"""Parts of an order that ``Chance.delivered`` counts in."""


@dataclass
class Passage:
    """A network and its chance for some replications.

    Parameters
    ----------
    network : FastNetwork
        What is played.
    chance : Chance
        What nobody decides.
    replications : int array, shape (R,)
        Their numbers.
    """

    network: FastNetwork
    chance: Chance
    replications: Ints

    def __post_init__(self) -> None:
        chance, numbers = self.chance, self.replications
        self._demand = chance.demand.drawn_for(numbers)
        self._lead = None if chance.lead_time is None else chance.lead_time.drawn_for(numbers)
        self._delivered = None if chance.delivered is None else chance.delivered.drawn_for(numbers)
        self._returns = None if chance.returns is None else chance.returns.drawn_for(numbers)
        self._mishaps = None if chance.mishaps is None else chance.mishaps(numbers)

    def play(self, books: Books, decision: Decision) -> None:
        """Let a bucket pass in the books.

        Raises
        ------
        EquipoiseError
            If a line sends what is not there, or takes longer than the longest.
        """
        if self.network.ships_arrivals:
            arrived = self._arrive(books)
            self._start(books, decision)
        else:
            self._start(books, decision)
            arrived = self._arrive(books)
        self._serve(books)
        if self._mishaps is not None or self.network.shelf_life is not None:
            self._spoil(books, arrived)
        if self._returns is not None:
            self._take_back(books)
        books.totals.held += books.on_hand
        books.bucket += 1

    def _arrive(self, books: Books) -> Ints:
        """Let in what is due; what finds no dock or shelf waits for the next bucket."""
        ring = len(books.due)
        due = books.due[books.bucket % ring]
        let_in = due
        for limit in (self.network.receiving, self.network.storage):
            if limit is not None:
                used = books.on_hand if limit is self.network.storage else np.zeros_like(due)
                let_in = _within(limit, self._sharing(limit).turned(books.bucket), let_in, used)
        if let_in is not due:
            books.due[(books.bucket + 1) % ring] += due - let_in
        books.on_hand += let_in
        arrived = let_in.copy() if self.network.shelf_life is not None and let_in is due else let_in
        due[:] = 0
        return arrived

    def _start(self, books: Books, decision: Decision) -> None:
        if isinstance(decision, np.ndarray):
            self._start_ways(books, decision)
            return
        if isinstance(decision, Orders):
            # Help first: what it brings is not ordered again from whoever normally supplies.
            helped = self._start_laterals(books, decision)
            self._start_ways(books, np.maximum(decision.ways - helped, 0))
            return
        books.by_lines = True
        for place, lines in enumerate(decision):
            self._start_lines(books, lines, place)

    def _start_ways(self, books: Books, wanted: Ints) -> None:
        """Start what is wanted on the normal ways, as far as days, lots, limits and stock allow."""
        ways, totals, bucket = self.network.ways, books.totals, books.bucket
        if not self._always_departs:
            wanted = wanted * ways.departs[:, bucket % ways.departs.shape[1], None]
        if not self._any_number:
            multiple = ways.multiple[:, None]
            lots = -(-np.maximum(wanted, ways.minimum[:, None]) // multiple) * multiple
            wanted = np.where(wanted > 0, lots, 0)
        for limit in self.network.starting:
            wanted = _within(limit, self._sharing(limit).turned(bucket), wanted, None)
        sent, shares = self._send(books, wanted), self._origins
        if self._delivered is not None:
            supplied = sent * self._delivered(bucket) // WHOLE
            sent = np.where(self._is_bought, supplied, sent)
        lead = self._put_under_way(books, sent)
        if self._orders_cost:
            totals.orders += sent > 0
        if shares:
            totals.bought += np.where(self._is_bought, sent, 0)
            moved = np.where(self._is_bought, 0, sent)
            totals.sent += moved
            totals.moving += moved * lead
        else:
            totals.bought += sent

    def _send(self, books: Books, wanted: Ints) -> Ints:
        """Take what leaves from the stock of its origin; return what starts."""
        shares = self._origins
        if not shares:
            return wanted
        turned, free = shares.turned(books.bucket), np.maximum(books.on_hand - books.blocked, 0)
        sent = turned.granted(wanted[turned.rows], free[shares.name])
        gone = turned.summed(sent)
        books.on_hand[shares.name] -= gone
        books.position[shares.name] -= gone
        started = wanted.copy()
        started[turned.rows] = sent
        return started

    def _put_under_way(self, books: Books, units: Ints) -> Ints:
        """Put what starts under way on the normal ways; return in how many buckets each can be sold."""
        ring, bucket, ways = len(books.due), books.bucket, self.network.ways
        books.position += units
        if self._lead is None and self._one_lead is not None:
            books.due[(bucket + self._one_lead) % ring] += units
            return ways.buckets[:, None]
        lead = ways.buckets[:, None] if self._lead is None else self._lead(bucket)
        lead = np.clip(lead, 1 if self.network.ships_arrivals else 0, self.network.longest_buckets)
        slot = (bucket + lead) % ring * units.size + np.arange(units.size).reshape(units.shape)
        # Each item-site has one way, so that no place is written twice.
        books.due.reshape(-1)[slot] += units
        return lead

    def _start_laterals(self, books: Books, orders: Orders) -> Ints:
        """Let the next helper of each item-site send what it can spare, where that pays; return what is sent."""
        laterals, bucket = self.network.laterals, books.bucket
        if laterals is None or not len(laterals.origin):
            return np.zeros_like(orders.lateral)
        helper = bucket % len(laterals.origin)
        shares, sent = self._helpers[helper], np.zeros_like(orders.lateral)
        if not shares:
            return sent
        turned = shares.turned(bucket)
        departs = laterals.departs[helper, :, bucket % laterals.departs.shape[2], None]
        free = np.maximum(books.on_hand - books.blocked - orders.kept, 0)
        granted = turned.granted((orders.lateral * departs)[turned.rows], free[shares.name])
        granted = np.where(granted >= orders.least[turned.rows], granted, 0)
        gone = turned.summed(granted)
        books.on_hand[shares.name] -= gone
        books.position[shares.name] -= gone
        sent[turned.rows] = granted
        books.position += sent
        slot = (bucket + laterals.buckets[helper]) % len(books.due)
        books.due[slot, np.arange(len(slot))] += sent
        books.lateral[helper] += sent
        return sent

    def _start_lines(self, books: Books, lines: Lines, place: int) -> None:
        """Start the lines of one replication; earlier ones are served first where the origin has too little."""
        moved, bucket, ring = lines.origin != SUPPLIER, books.bucket, len(books.due)
        if len(lines.buckets) and int(lines.buckets.max()) > self.network.longest_buckets:
            raise EquipoiseError(
                f"a line takes {lines.buckets.max()} buckets", where="fast twin",
                remedy=f"Play a network whose longest way takes more than {self.network.longest_buckets}",
            )  # fmt: skip
        units = lines.units.copy()
        shares = Sharing.of(np.where(moved, lines.origin, -1))
        if shares:
            free = np.maximum(books.on_hand[shares.name, place] - books.blocked[shares.name, place], 0)
            units[shares.rows] = shares.granted(units[shares.rows, None], free[:, None])[:, 0]
            if not self.network.ships_arrivals and (units != lines.units).any():
                raise EquipoiseError(
                    "lines send more than there is", where="fast twin",
                    remedy="A policy may send only what is on hand as the bucket begins",
                )  # fmt: skip
            gone = shares.summed(units[shares.rows, None])[:, 0]
            books.on_hand[shares.name, place] -= gone
            books.position[shares.name, place] -= gone
        np.add.at(books.due, ((bucket + lines.buckets) % ring, lines.destination, place), units)
        np.add.at(books.position, (lines.destination, place), units)
        np.add.at(books.totals.bought, (lines.destination, place), np.where(moved, 0, units))
        np.add.at(books.totals.sent, (lines.destination, place), np.where(moved, units, 0))
        weight = self.network.rates.holding[lines.origin] * lines.buckets * units
        books.carried[place] += float(np.where(moved, weight, 0.0).sum())
        books.paid[place] += float((lines.price * units).sum())
        books.freight[place] += float((lines.freight * units).sum())

    def _serve(self, books: Books) -> None:
        """Serve backorders, then demand, from what is free."""
        totals, demand = books.totals, self._demand(books.bucket)
        free = books.on_hand - books.blocked if self._blocks(books) else books.on_hand
        totals.asked += demand
        if self.network.rates.lost_sales:
            sold = np.minimum(free, demand)
            books.position -= sold
        else:
            wanted = books.owed + demand
            sold = np.minimum(free, wanted)
            np.subtract(wanted, sold, out=books.owed)
            books.position -= demand
            totals.unmet += np.minimum(books.owed, demand)
            totals.waited += books.owed
        books.on_hand -= sold
        totals.sold += sold

    def _spoil(self, books: Books, arrived: Ints) -> None:
        """Count, damage, clear and expire: first in, first out, so that what is on hand came last."""
        cleared: Ints | int = 0
        befalls = None if self._mishaps is None else self._mishaps(books.bucket)
        if befalls is not None:
            free = books.on_hand - books.blocked
            missing = np.clip(free, 0, befalls.lost)
            books.on_hand -= missing
            books.totals.missing += missing
            damaged = np.where(free - missing >= befalls.damaged, befalls.damaged, 0)
            books.blocked += damaged
            books.position -= missing + damaged
            cleared = books.blocked * befalls.cleared
        expired = self._expired(books, arrived, cleared)
        scrapped = cleared + expired
        books.on_hand -= scrapped
        books.totals.scrapped += scrapped
        free = books.position + books.blocked
        books.blocked -= cleared
        np.minimum(books.blocked, books.on_hand, out=books.blocked)
        np.subtract(free, books.blocked + scrapped, out=books.position)

    def _expired(self, books: Books, arrived: Ints, cleared: Ints | int) -> Ints | int:
        """Return what is older than its shelf life: what exceeds the receipts that are young enough."""
        life = self.network.shelf_life
        if life is None:
            return 0
        ring, bucket, every = len(books.fresh), books.bucket, np.arange(len(life))
        books.young += arrived
        old = books.fresh[(bucket - life) % ring, every]
        keeps = (life == 0)[:, None]
        books.young -= np.where(keeps, 0, old)
        books.fresh[bucket % ring] = arrived
        return np.where(keeps, 0, np.maximum(books.on_hand - cleared - books.young, 0))

    def _take_back(self, books: Books) -> None:
        """Put what customers brought back on the shelf; its age counts from today."""
        assert self._returns is not None
        returned = self._returns(books.bucket)
        books.on_hand += returned
        books.position += returned
        books.totals.returned += returned
        if self.network.shelf_life is not None:
            books.young += returned
            books.fresh[books.bucket % len(books.fresh)] += returned

    def _blocks(self, books: Books) -> bool:
        return self._mishaps is not None or books.blocks

    def _sharing(self, limit: Limit) -> Sharing:
        return self._shared[id(limit)]

    @cached_property
    def _shared(self) -> dict[int, Sharing]:
        network = self.network
        limits = (*network.starting, network.receiving, network.storage)
        return {id(limit): Sharing.of(limit.group) for limit in limits if limit is not None}

    @cached_property
    def _origins(self) -> Sharing:
        return Sharing.of(self.network.ways.origin)

    @cached_property
    def _helpers(self) -> list[Sharing]:
        return [] if self.network.laterals is None else [Sharing.of(one) for one in self.network.laterals.origin]

    @cached_property
    def _is_bought(self) -> Ints:
        return np.asarray((self.network.ways.origin == SUPPLIER)[:, None])

    @cached_property
    def _one_lead(self) -> int | None:
        buckets = self.network.ways.buckets
        return int(buckets[0]) if (buckets == buckets[0]).all() else None

    @cached_property
    def _always_departs(self) -> bool:
        return bool(self.network.ways.departs.all())

    @cached_property
    def _orders_cost(self) -> bool:
        return bool(self.network.ways.fixed.any())

    @cached_property
    def _any_number(self) -> bool:
        ways = self.network.ways
        return bool((ways.multiple == 1).all() and (ways.minimum <= 1).all())


def _within(limit: Limit, shares: Sharing, wanted: Ints, used: Ints | None) -> Ints:
    """Return what a limit lets through, those that it does not concern left alone."""
    if not shares:
        return wanted
    rows, weight = shares.rows, limit.weight[shares.rows]
    most = limit.most[shares.name][:, None]
    if used is not None:
        most = np.maximum(most - shares.summed(used[rows] * weight[:, None]), 0)
    granted = wanted.copy()
    granted[rows] = shares.granted(wanted[rows], most, weight)
    return granted
