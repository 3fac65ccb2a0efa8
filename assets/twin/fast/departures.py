"""What starts in a bucket: orders on normal ways, help from the side, or a planner's lines, as far as they can.

Days of departure, lots, limits and the stock of whoever sends say how far. Not here: what arrives or is sold
(``bucket``), or who comes first (``sharing``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Ints, Lines
from assets.twin.fast.books import Books
from assets.twin.fast.chance import Drawn
from assets.twin.fast.network import FastNetwork, Flags
from assets.twin.fast.rules import Decision, Orders
from assets.twin.fast.sharing import Sharing

WHOLE = 1000
"""Parts of an order that ``Chance.delivered`` counts in."""


@dataclass
class Departures:
    """What starts in a network, for some replications.

    Parameters
    ----------
    network : FastNetwork
        What is played.
    lead_time, delivered : callable or None
        What chance draws in each bucket for them.
    """

    network: FastNetwork
    lead_time: Drawn | None
    delivered: Drawn | None

    def start(self, books: Books, decision: Decision) -> None:
        """Start what was decided.

        Raises
        ------
        EquipoiseError
            If a line sends what is not there, or takes longer than the longest.
        """
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
            wanted = limit.lets_through(wanted, bucket)
        sent, shares = self._send(books, wanted), self._origins
        if self.delivered is not None:
            supplied = sent * self.delivered(bucket) // WHOLE
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
        if self.lead_time is None and self._one_lead is not None:
            books.due[(bucket + self._one_lead) % ring] += units
            return ways.buckets[:, None]
        lead = ways.buckets[:, None] if self.lead_time is None else self.lead_time(bucket)
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
        least, longest = (1 if self.network.ships_arrivals else 0), self.network.longest_buckets
        if (lines.units < 0).any() or (lines.buckets < least).any() or (lines.buckets > longest).any():
            raise EquipoiseError(
                f"a line is of less than nothing, or takes less than {least} or more than {longest} buckets",
                where="fast twin", remedy="Give whole units, and a network whose longest way is as long as any line's",
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
        # Views of one replication, so that lines to the same place add up.
        due, totals = books.due[:, :, place], books.totals
        np.add.at(due, ((bucket + lines.buckets) % ring, lines.destination), units)
        np.add.at(books.position[:, place], lines.destination, units)
        np.add.at(totals.bought[:, place], lines.destination, np.where(moved, 0, units))
        np.add.at(totals.sent[:, place], lines.destination, np.where(moved, units, 0))
        weight = self.network.rates.holding[lines.origin] * lines.buckets * units
        books.carried[place] += float(np.where(moved, weight, 0.0).sum())
        books.paid[place] += float((lines.price * units).sum())
        books.freight[place] += float((lines.freight * units).sum())

    @cached_property
    def _origins(self) -> Sharing:
        return Sharing.of(self.network.ways.origin)

    @cached_property
    def _helpers(self) -> list[Sharing]:
        return [] if self.network.laterals is None else [Sharing.of(one) for one in self.network.laterals.origin]

    @cached_property
    def _is_bought(self) -> Flags:
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
