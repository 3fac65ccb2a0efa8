"""Chance by counter: a draw follows from seed, purpose, item-site, replication and bucket, and from nothing else.

So a replication is the same whatever others there are, a bucket whatever comes after it, and any order of
chunks, item-sites or threads draws the same. Not here: what a draw means (``outcomes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from assets.twin.day import Ints

Bits = NDArray[np.uint64]

_GAMMA = 0x9E3779B97F4A7C15
_ALL = (1 << 64) - 1
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31


class Purpose(IntEnum):
    """What is drawn; each has streams of its own."""

    DEMAND = 1
    LEAD_TIME = 2
    DELIVERY = 3
    RETURNS = 4


def mixed(bits: Bits, spare: Bits | None = None) -> Bits:
    """Return 64 bits that look drawn, in place: the finalizer of SplitMix64 (Steele, Lea and Flood 2014).

    Parameters
    ----------
    bits : uint64 array
        Overwritten.
    spare : uint64 array, optional
        Room of the same shape.
    """
    room = np.empty_like(bits) if spare is None else spare
    for shift, factor in _MIX:
        np.right_shift(bits, np.uint64(shift), out=room)
        np.bitwise_xor(bits, room, out=bits)
        np.multiply(bits, np.uint64(factor), out=bits)
    np.right_shift(bits, np.uint64(_LAST_SHIFT), out=room)
    np.bitwise_xor(bits, room, out=bits)
    return bits


@dataclass(frozen=True)
class Streams:
    """One stream for every item-site and replication.

    Attributes
    ----------
    start : uint64 array, shape (n, R)
        Where each begins; the t-th draw of SplitMix64 from there is that of bucket t.
    spare : uint64 array, shape (2, n, R)
        Room for the draws; one writer.
    """

    start: Bits
    spare: Bits

    @classmethod
    def of(cls, seed: int, purpose: Purpose, keys: Ints, replications: Ints) -> Streams:
        """Return the streams of item-sites (by key) and replications (by number)."""
        root = mixed(np.array([(seed * _GAMMA + purpose) & _ALL], dtype=np.uint64))
        places = mixed(keys.astype(np.uint64) + root)
        runs = mixed((replications.astype(np.uint64) + np.uint64(1)) * np.uint64(_GAMMA))
        start = mixed(places[:, None] + runs[None, :])
        return cls(start, np.empty((2, *start.shape), dtype=np.uint64))

    def at(self, bucket: int) -> Bits:
        """Return 64 bits of every stream for a bucket, shape (n, R); valid until the next call."""
        bits, room = self.spare
        np.add(self.start, np.uint64((bucket + 1) * _GAMMA & _ALL), out=bits)
        return mixed(bits, room)
