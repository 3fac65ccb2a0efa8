"""What is played: item-sites, what stock costs there, the way each is supplied, and what they share.

Not here: chance (``chance``), decisions (``rules``), or what a bucket does (``bucket``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Floats, Ints, Rates
from assets.twin.fast.sharing import Sharing

Flags = NDArray[np.bool_]
UNLIMITED = np.int64(1) << 60


@dataclass(frozen=True)
class Ways:
    """The normal way of supply of ``n`` item-sites, an array each.

    Attributes
    ----------
    origin : int array, shape (n,)
        Item-site that it is sent from, or ``SUPPLIER``.
    buckets : int array, shape (n,)
        Buckets until an order can be sold, where chance draws no others.
    departs : bool array, shape (n, cycle)
        Whether an order can start, by bucket modulo the cycle.
    minimum, multiple : int array, shape (n,)
        Least units of an order, and what it is a multiple of.
    price, freight : float array, shape (n,)
        Currency per unit, to the supplier and to the carrier.
    fixed : float array, shape (n,)
        Currency per order, charged with freight.
    """

    origin: Ints
    buckets: Ints
    departs: Flags
    minimum: Ints
    multiple: Ints
    price: Floats
    freight: Floats
    fixed: Floats

    @classmethod
    def bought(cls, n: int, buckets: int) -> Ways:
        """Return ways on which ``n`` item-sites buy any number in every bucket, for nothing."""
        one, free = np.ones(n, dtype=np.int64), np.zeros(n)
        return cls(SUPPLIER * one, buckets * one, np.ones((n, 1), dtype=bool), one, one, free, free, free)


@dataclass(frozen=True)
class Laterals:
    """Other item-sites that may help ``n`` item-sites out, the next of ``K`` in every bucket.

    Attributes
    ----------
    origin : int array, shape (K, n)
        Item-site that would send; below 0 for none.
    buckets : int array, shape (K, n)
        Buckets until what is sent can be sold, at least 1.
    departs : bool array, shape (K, n, cycle)
        Whether it can leave, by bucket modulo the cycle.
    freight : float array, shape (K, n)
        Currency per unit.
    """

    origin: Ints
    buckets: Ints
    departs: Flags
    freight: Floats


@dataclass(frozen=True)
class Limit:
    """What item-sites may take together in one bucket; whoever comes first is served first.

    Attributes
    ----------
    group : int array, shape (n,)
        Which limit an item-site falls under; -1 for none.
    most : int array, shape (groups,)
        Most of each.
    weight : int array, shape (n,)
        What a unit takes of it, at least 1: units, grams, litres.
    """

    group: Ints
    most: Ints
    weight: Ints

    @cached_property
    def sharing(self) -> Sharing:
        """Who falls under the same limit."""
        return Sharing.of(self.group)

    def lets_through(self, wanted: Ints, bucket: int, used: Ints | None = None) -> Ints:
        """Return what of it passes, those that it does not concern left alone.

        Parameters
        ----------
        wanted : int array, shape (n, R)
            Units.
        bucket : int
            Says whose turn it is to be first.
        used : int array, shape (n, R), optional
            Units that take of the limit already.
        """
        if not self.sharing:
            return wanted
        shares = self.sharing.turned(bucket)
        rows, weight = shares.rows, self.weight[shares.rows]
        most = self.most[shares.name][:, None]
        if used is not None:
            most = np.maximum(most - shares.summed(used[rows] * weight[:, None]), 0)
        granted = wanted.copy()
        granted[rows] = shares.granted(wanted[rows], most, weight)
        return granted


@dataclass(frozen=True)
class FastNetwork:
    """What is played.

    Attributes
    ----------
    rates : Rates
        What stock and its lack cost.
    ways : Ways
        How item-sites are supplied.
    longest_buckets : int
        No order takes longer.
    shelf_life : int array, shape (n,), or None
        Buckets after its receipt in which a unit may still be sold; 0 keeps for ever. ``None``: lots are off.
    starting : tuple of Limit
        Of what starts: lanes, suppliers.
    receiving, storage : Limit or None
        Of what arrives in a bucket, and of what is on hand; what finds no room waits a bucket outside.
    laterals : Laterals or None
        Who helps out whom.
    ships_arrivals : bool
        Whether what arrives in a bucket can be sent on in it. Then arrivals come first and an order takes a
        bucket at least; else it leaves before they come, and may take none.
    """

    rates: Rates
    ways: Ways
    longest_buckets: int
    shelf_life: Ints | None = None
    starting: tuple[Limit, ...] = field(default=())
    receiving: Limit | None = None
    storage: Limit | None = None
    laterals: Laterals | None = None
    ships_arrivals: bool = False

    def __post_init__(self) -> None:
        faults = self.consistency()
        if faults:
            raise EquipoiseError("; ".join(faults[:3]), where="fast twin", remedy="Correct the network that is played")

    def __len__(self) -> int:
        return len(self.ways.origin)

    def consistency(self) -> list[str]:
        """Return every fault of the network, named."""
        ways, n = self.ways, len(self)
        least = 1 if self.ships_arrivals else 0
        found = [
            (n == 0, "there is no item-site"),
            (bool((ways.buckets < least).any()), f"an order takes less than {least} buckets"),
            (bool((ways.buckets > self.longest_buckets).any()), "a way takes longer than the longest"),
            (bool(((ways.origin < SUPPLIER) | (ways.origin >= n)).any()), "an origin is not an item-site"),
            (bool((ways.origin == np.arange(n)).any()), "an item-site supplies itself"),
            (bool((ways.multiple < 1).any() or (ways.minimum < 0).any()), "a lot is below one unit"),
            (len(self.rates.holding) != n, "there are not as many rates as item-sites"),
            (self.shelf_life is not None and bool((self.shelf_life < 0).any()), "a shelf life is negative"),
        ]
        limits = [limit for limit in (*self.starting, self.receiving, self.storage) if limit is not None]
        found += [(bool((limit.most < 0).any()), "a limit is negative") for limit in limits]
        found += [(bool((limit.weight < 1).any()), "a unit takes nothing of a limit") for limit in limits]
        return [name for is_so, name in found if is_so]
