"""How a bucket passes for all item-sites of some replications: what starts, arrives, is sold, befalls and expires.

The physics of ``twin.day`` and of the sample world, over replications and in place. What comes first differs: where
arrivals can be sent on at once (the world) they come before orders start, else after (``day``). Not here: what starts
(``departures``), who decides it (``rules``), or how many buckets (``simulate``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.twin.day import Ints
from assets.twin.fast.books import Books
from assets.twin.fast.chance import Chance
from assets.twin.fast.departures import Departures
from assets.twin.fast.network import FastNetwork
from assets.twin.fast.rules import Decision


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
        self._departures = Departures(
            self.network,
            None if chance.lead_time is None else chance.lead_time.drawn_for(numbers),
            None if chance.delivered is None else chance.delivered.drawn_for(numbers),
        )
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
            self._departures.start(books, decision)
        else:
            self._departures.start(books, decision)
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
        network = self.network
        if network.receiving is not None:
            let_in = network.receiving.lets_through(let_in, books.bucket)
        if network.storage is not None:
            let_in = network.storage.lets_through(let_in, books.bucket, books.on_hand)
        if let_in is not due:
            books.due[(books.bucket + 1) % ring] += due - let_in
        books.on_hand += let_in
        arrived = let_in.copy() if self.network.shelf_life is not None and let_in is due else let_in
        due[:] = 0
        return np.asarray(arrived)

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
