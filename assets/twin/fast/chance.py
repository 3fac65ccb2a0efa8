"""What nobody decides, as arrays over item-sites and replications: demand, lead times, deliveries, returns, mishaps.

A source of chance is asked once for the replications that one writer plays, and answers bucket by bucket. Not
here: what it does to stock (``bucket``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from assets.inventory.demand_distributions.lattice import Lattice
from assets.kernel.errors import EquipoiseError
from assets.twin.day import Ints
from assets.twin.fast.outcomes import Outcomes
from assets.twin.fast.streams import Purpose, Streams

Drawn = Callable[[int], Ints]
"""Units of a bucket, shape (n, R) or (n, 1)."""


class Units(Protocol):
    """A source of whole units."""

    def drawn_for(self, replications: Ints) -> Drawn:
        """Return what is drawn in each bucket for some replications, by number."""


@dataclass(frozen=True)
class Replayed:
    """Units that are known, as a real series: alike in every replication.

    Attributes
    ----------
    units : int array, shape (n, T)
        By bucket.
    """

    units: Ints

    def __post_init__(self) -> None:
        if (self.units < 0).any():
            raise EquipoiseError(
                "units are negative", where="fast twin", remedy="Take returns out of demand, as receipts"
            )

    def drawn_for(self, _replications: Ints) -> Drawn:
        """Return the known units."""
        columns = np.ascontiguousarray(self.units.T)[:, :, None]

        def drawn(bucket: int) -> Ints:
            if bucket >= len(columns):
                raise EquipoiseError(
                    f"bucket {bucket} of a series of {len(columns)}", where="fast twin",
                    remedy="Play no more buckets than were recorded",
                )  # fmt: skip
            return np.asarray(columns[bucket])

        return drawn


@dataclass(frozen=True)
class Sampled:
    """Independent draws from distributions that repeat in a cycle.

    Attributes
    ----------
    outcomes : Outcomes
        Distributions.
    row : int array, shape (n, cycle)
        Distribution of each item-site, by bucket modulo the cycle.
    keys : int array, shape (n,)
        What tells item-sites apart: the same key draws the same chance wherever it stands.
    seed : int
        Everything drawn follows from it.
    purpose : Purpose
        What is drawn.
    """

    outcomes: Outcomes
    row: Ints
    keys: Ints
    seed: int
    purpose: Purpose = Purpose.DEMAND

    @classmethod
    def of(
        cls, laws: Sequence[Lattice], seed: int, purpose: Purpose = Purpose.DEMAND, keys: Ints | None = None
    ) -> Sampled:
        """Return draws from one distribution an item-site, the same in every bucket."""
        # One table for item-sites that share a distribution: tables cost more than draws.
        number: dict[int, int] = {}
        row = np.array([number.setdefault(id(law), len(number)) for law in laws])
        first = np.unique(row, return_index=True)[1]
        keys = np.arange(len(laws)) if keys is None else keys
        return cls(Outcomes.of([laws[place] for place in first]), row[:, None], keys, seed, purpose)

    def drawn_for(self, replications: Ints) -> Drawn:
        """Return a draw for every item-site and replication."""
        streams = Streams.of(self.seed, self.purpose, self.keys, replications)
        first = [(column << self.outcomes.width_bits)[:, None] for column in self.row.T]

        def drawn(bucket: int) -> Ints:
            return self.outcomes.drawn(streams.at(bucket), first[bucket % len(first)])

        return drawn


@dataclass(frozen=True)
class Mishaps:
    """What befalls stock in a bucket, base units by item-site and replication, shape (n, R) or (n, 1).

    Attributes
    ----------
    lost : int array
        Units that are missing when the site is counted; no more than are free to be sold.
    damaged : int array
        Units blocked from now on, where so many are free; else none.
    cleared : int array
        1 where what is blocked is scrapped, else 0.
    """

    lost: Ints
    damaged: Ints
    cleared: Ints


@dataclass(frozen=True)
class Chance:
    """All that nobody decides.

    Attributes
    ----------
    demand : Units
        Asked for.
    lead_time : Units or None
        Buckets until an order of a bucket can be sold; ``None`` where the ways' own hold.
    delivered : Units or None
        Of a thousand units ordered from a supplier, how many it ships; all where ``None``.
    returns : Units or None
        Brought back by customers, sold from the next bucket on.
    mishaps : callable or None
        Of some replications, what befalls stock in each bucket.
    """

    demand: Units
    lead_time: Units | None = None
    delivered: Units | None = None
    returns: Units | None = None
    mishaps: Callable[[Ints], Callable[[int], Mishaps]] | None = None
