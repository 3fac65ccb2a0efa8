"""How a bucket passes at item-sites: what leaves, what arrives, what is sold, and what that costs.

Physics alone, in whole units: stock that leaves one place is under way until it can be sold at
another, and nothing is made or lost. Not here: who decides the lines (a port), what demand was
expected, many buckets (``run``), and what a unit's transport costs (``tariff``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from assets.kernel.errors import EquipoiseError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SUPPLIER = -1
"""Origin of what is bought."""


@dataclass(frozen=True)
class Stock:
    """Stock of ``n`` item-sites between two buckets, base units.

    Attributes
    ----------
    on_hand : int array, shape (n,)
        There, and free to be sold or sent.
    under_way : int array, shape (n, K)
        ``under_way[:, k]`` can be sold from the k-th bucket from now on.
    owed : int array, shape (n,)
        Backorders; 0 where sales are lost.
    """

    on_hand: Ints
    under_way: Ints
    owed: Ints

    @property
    def units(self) -> int:
        """Everything there is, under way included."""
        return int(self.on_hand.sum() + self.under_way.sum())


@dataclass(frozen=True)
class Lines:
    """What starts in a bucket; ``m`` lines.

    Attributes
    ----------
    origin, destination : int array, shape (m,)
        Item-sites; the origin of what is bought is ``SUPPLIER``.
    units : int array, shape (m,)
        Base units, at least 0.
    buckets : int array, shape (m,)
        Buckets from now until they can be sold; 0 for the one that begins.
    price, freight : float array, shape (m,)
        Currency per unit, to the supplier and to the carrier.
    """

    origin: Ints
    destination: Ints
    units: Ints
    buckets: Ints
    price: Floats
    freight: Floats

    @classmethod
    def none(cls) -> Lines:
        """Return no lines."""
        nothing, free = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(nothing, nothing, nothing, nothing, free, free)


@dataclass(frozen=True)
class Rates:
    """What stock and its lack cost at ``n`` item-sites.

    Attributes
    ----------
    holding : float array, shape (n,)
        Currency per unit that a bucket ends with.
    shortage : float array, shape (n,)
        Currency per unit lost; where demand waits, per unit and bucket owed.
    landed : float array, shape (n,)
        Currency at which a unit is valued: what replacing it there would cost.
    lost_sales : bool
        Whether unmet demand is lost or waits.
    """

    holding: Floats
    shortage: Floats
    landed: Floats
    lost_sales: bool


@dataclass(frozen=True)
class Flows:
    """What happened in one bucket, or in several added up, by item-site.

    Attributes
    ----------
    bought, sent, received, asked, sold, unmet : int array, shape (n,)
        Base units: ordered from suppliers for here, sent from here, arrived, asked for, handed
        over (backorders included), and asked for without being handed over in the same bucket.
    holding, shortage, transport, paid : float array, shape (n,)
        Currency. What is on its way between sites is held at the rate of where it left, charged
        as it leaves; freight and purchases are charged to the destination as they start.
    """

    bought: Ints
    sent: Ints
    received: Ints
    asked: Ints
    sold: Ints
    unmet: Ints
    holding: Floats
    shortage: Floats
    transport: Floats
    paid: Floats

    def __add__(self, other: Flows) -> Flows:
        return Flows(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def pass_bucket(stock: Stock, lines: Lines, demand: Ints, rates: Rates) -> tuple[Stock, Flows]:
    """Let one bucket pass: lines leave, what is due arrives, customers are served.

    Parameters
    ----------
    stock : Stock
        As the bucket begins, before anything arrives: only this can be sent.
    lines : Lines
        What starts.
    demand : int array, shape (n,)
        Base units asked for.
    rates : Rates
        Of the item-sites.

    Raises
    ------
    EquipoiseError
        If a line sends what is not there, or demand or units are negative.

    Notes
    -----
    ``on hand + under way + bought = on hand' + under way' + sold``, summed over all item-sites.
    """
    n = len(stock.on_hand)
    sent, bought = _sent(stock, lines, demand), lines.origin == SUPPLIER
    coming = _under_way(stock, lines)
    sellable = stock.on_hand - sent + coming[:, 0]
    wanted = demand + stock.owed
    sold = np.minimum(sellable, wanted)
    left, unserved = sellable - sold, wanted - sold
    owed = np.zeros_like(unserved) if rates.lost_sales else unserved
    moving = np.where(bought, 0.0, rates.holding[lines.origin] * lines.buckets * lines.units)
    flows = Flows(
        bought=_added(n, lines.destination, np.where(bought, lines.units, 0)).astype(np.int64),
        sent=sent,
        received=coming[:, 0],
        asked=demand,
        sold=sold,
        unmet=np.minimum(unserved, demand),
        holding=rates.holding * left + _added(n, lines.origin[~bought], moving[~bought]),
        shortage=rates.shortage * unserved,
        transport=_added(n, lines.destination, lines.freight * lines.units),
        paid=_added(n, lines.destination, lines.price * lines.units),
    )
    return Stock(left, coming[:, 1:], owed), flows


def _sent(stock: Stock, lines: Lines, demand: Ints) -> Ints:
    """Return units sent from each item-site, checked against what is there."""
    if (lines.units < 0).any() or (lines.buckets < 0).any() or (demand < 0).any():
        raise EquipoiseError(
            "units, buckets or demand are negative", where="twin.day", remedy="Take returns out of demand, as receipts"
        )
    moved = lines.origin != SUPPLIER
    sent = _added(len(stock.on_hand), lines.origin[moved], lines.units[moved]).astype(np.int64)
    over = np.flatnonzero(sent > stock.on_hand)
    if len(over):
        place = int(over[0])
        raise EquipoiseError(
            f"{len(over)} item-sites send more than they have; number {place} sends {sent[place]} "
            f"and has {stock.on_hand[place]}",
            where="twin.day",
            remedy="A policy may send only what is on hand as the bucket begins",
        )
    return sent


def _under_way(stock: Stock, lines: Lines) -> Ints:
    """Return what is under way once the lines have left, with room for one bucket at least."""
    width = max(1, stock.under_way.shape[1], int(lines.buckets.max(initial=0)) + 1)
    coming = np.zeros((len(stock.on_hand), width), dtype=np.int64)
    coming[:, : stock.under_way.shape[1]] = stock.under_way
    np.add.at(coming, (lines.destination, lines.buckets), lines.units)
    return coming


def _added(n: int, place: Ints, amount: NDArray[np.generic]) -> Floats:
    return np.bincount(place, weights=amount, minlength=n).astype(np.float64)
