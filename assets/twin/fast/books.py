"""The books of some replications: what is where, and what happened so far. Written by one writer.

Not here: what a bucket does to them (``bucket``), or what things cost (``outcome``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Ints, Stock


@dataclass(frozen=True)
class Opening:
    """Stock that a replication begins with.

    Attributes
    ----------
    stock : Stock
        On hand, under way and owed.
    blocked : int array, shape (n,), or None
        Of what is on hand, not to be sold; nothing where it is not given.
    fresh : int array, shape (A, n), or None
        Units received in the bucket before (row 0), the one before that, and so on: the ages of lots. All of
        what is on hand came in the bucket before where it is not given.
    """

    stock: Stock
    blocked: Ints | None = None
    fresh: Ints | None = None

    @classmethod
    def empty(cls, on_hand: Ints) -> Opening:
        """Return stock on hand with nothing under way."""
        return cls(Stock(on_hand, np.zeros((len(on_hand), 0), dtype=np.int64), np.zeros_like(on_hand)))


@dataclass
class Totals:
    """Sums over buckets by item-site and replication, base units, shape (n, R).

    Attributes
    ----------
    held : int array
        On hand as buckets ended.
    asked, sold, unmet : int array
        Asked for, handed over (backorders included), and not handed over in its own bucket.
    waited : int array
        Owed as buckets ended.
    bought, sent : int array
        What suppliers ship here, and what left another site for here.
    moving : int array
        Of what left another site for here, units times buckets on the way.
    scrapped, missing, returned : int array
        Expired or cleared; lost when counted; brought back by customers.
    orders : int array
        Orders that started on normal ways, counted where they cost something.
    """

    held: Ints
    asked: Ints
    sold: Ints
    unmet: Ints
    waited: Ints
    bought: Ints
    sent: Ints
    moving: Ints
    scrapped: Ints
    missing: Ints
    returned: Ints
    orders: Ints

    @classmethod
    def none(cls, shape: tuple[int, int]) -> Totals:
        """Return sums over no bucket."""
        return cls(*(np.zeros(shape, dtype=np.int64) for _ in fields(cls)))


@dataclass
class Books:
    """Stock of ``n`` item-sites in ``R`` replications, base units, shape (n, R).

    Attributes
    ----------
    bucket : int
        The one that begins.
    on_hand, blocked, owed : int array
        There, blocked of it, and backorders.
    position : int array
        Inventory position: free on hand and everything under way, less owed.
    due : int array, shape (K, n, R)
        A ring: ``due[(bucket + k) % K]`` can be sold from the k-th bucket from now on.
    fresh, young : int array, shape (A, n, R) and (n, R)
        A ring of receipts by bucket, and those that are young enough to be there still; empty where lots are off.
    totals : Totals
        Since they were last begun anew.
    lateral : int array, shape (K, n, R)
        Units sent to help out, from each of the K that may, since then.
    blocks : bool
        Whether anything was blocked as they were opened.
    by_lines : bool
        Whether lines were decided, with prices of their own, and not units on normal ways.
    paid, freight, carried : list of float
        Of lines, by replication: to suppliers, to carriers, and for holding what is on its way between sites.
    """

    bucket: int
    on_hand: Ints
    blocked: Ints
    owed: Ints
    position: Ints
    due: Ints
    fresh: Ints
    young: Ints
    totals: Totals
    lateral: Ints
    blocks: bool
    by_lines: bool = False
    paid: list[float] = field(default_factory=list)
    freight: list[float] = field(default_factory=list)
    carried: list[float] = field(default_factory=list)

    @classmethod
    def open(
        cls, opening: Opening, replications: int, longest_buckets: int, shelf_life: Ints | None, helpers: int = 0
    ) -> Books:
        """Return the books of replications that begin alike."""
        stock, n = opening.stock, len(opening.stock.on_hand)
        ahead = stock.under_way.shape[1]
        due = np.zeros((max(longest_buckets + 2, ahead + 1), n, replications), dtype=np.int64)
        due[:ahead] = stock.under_way.T[:, :, None]

        def everywhere(units: Ints) -> Ints:
            return np.repeat(units.astype(np.int64)[:, None], replications, axis=1)

        blocked = np.zeros(n, dtype=np.int64) if opening.blocked is None else opening.blocked
        fresh, young = _ages(opening, shelf_life)
        return cls(
            bucket=0,
            on_hand=everywhere(stock.on_hand),
            blocked=everywhere(blocked),
            owed=everywhere(stock.owed),
            position=everywhere(stock.on_hand - blocked - stock.owed + stock.under_way.sum(axis=1)),
            due=due,
            fresh=np.repeat(fresh[:, :, None], replications, axis=2),
            young=everywhere(young),
            totals=Totals.none((n, replications)),
            lateral=np.zeros((helpers, n, replications), dtype=np.int64),
            blocks=bool(blocked.any()),
            paid=[0.0] * replications,
            freight=[0.0] * replications,
            carried=[0.0] * replications,
        )

    def stock_of(self, replication: int) -> Stock:
        """Return the stock of one replication, as ``twin.run`` tells it to a policy."""
        order = (self.bucket + np.arange(len(self.due))) % len(self.due)
        under_way = np.ascontiguousarray(self.due[order, :, replication].T)
        return Stock(self.on_hand[:, replication].copy(), under_way, self.owed[:, replication].copy())

    def begin_totals(self) -> None:
        """Begin the sums anew, as after a warm-up."""
        self.lateral[:] = 0
        self.totals = Totals.none((self.on_hand.shape[0], self.on_hand.shape[1]))
        self.paid, self.freight, self.carried = ([0.0] * self.on_hand.shape[1] for _ in range(3))


def _ages(opening: Opening, shelf_life: Ints | None) -> tuple[Ints, Ints]:
    """Return the ring of receipts, the bucket before the first in its last row, and what of it is young in bucket 0."""
    n = len(opening.stock.on_hand)
    if shelf_life is None:
        return np.zeros((0, n), dtype=np.int64), np.zeros(n, dtype=np.int64)
    size = int(shelf_life.max(initial=0)) + 1
    told = opening.stock.on_hand[None] if opening.fresh is None else opening.fresh
    if len(told) > size and told[size:].any():
        raise EquipoiseError(
            "lots are older than any shelf life", where="fast twin", remedy="Give lots that may be sold"
        )
    fresh = np.zeros((size, n), dtype=np.int64)
    rows = min(len(told), size)
    # The bucket before the first stands in the last row of the ring, the one before it in the row before.
    fresh[size - 1 - np.arange(rows)] = told[:rows]
    age = np.arange(rows)[:, None]
    return fresh, np.where(age < shelf_life, told[:rows], 0).sum(axis=0)
