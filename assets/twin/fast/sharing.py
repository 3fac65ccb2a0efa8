"""Who gets what of something that several want: whoever comes first is served first.

The one rule behind stock at an origin, capacity of lanes and suppliers, docks and storage. Not here: what is
wanted, or how much there is (``bucket``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.twin.day import Ints


@dataclass(frozen=True)
class Sharing:
    """Item-sites that share something, sorted by what they share.

    Attributes
    ----------
    rows : int array, shape (m,)
        Item-sites, group after group.
    group : int array, shape (m,)
        Number of the group of each, among those that have a member.
    first : int array, shape (G,)
        Place in ``rows`` of the first of each group.
    name : int array, shape (G,)
        What the groups were called.
    """

    rows: Ints
    group: Ints
    first: Ints
    name: Ints

    @classmethod
    def of(cls, group: Ints) -> Sharing:
        """Return who shares with whom; a group below 0 is none."""
        rows = np.flatnonzero(group >= 0)
        rows = rows[np.argsort(group[rows], kind="stable")]
        name, first, inverse = np.unique(group[rows], return_index=True, return_inverse=True)
        return cls(rows, inverse.astype(np.int64), first.astype(np.int64), name.astype(np.int64))

    def __bool__(self) -> bool:
        return len(self.rows) > 0

    def turned(self, bucket: int) -> Sharing:
        """Return the same with everybody's turn moved on by one a bucket, so that a shortage is shared over time."""
        size = np.diff(np.append(self.first, len(self.rows)))[self.group]
        start = self.first[self.group]
        place = start + (np.arange(len(self.rows)) - start + bucket) % np.maximum(size, 1)
        return Sharing(self.rows[place], self.group, self.first, self.name)

    def granted(self, wanted: Ints, most: Ints, weight: Ints | None = None) -> Ints:
        """Return what each gets, earlier ones first.

        Parameters
        ----------
        wanted : int array, shape (m, R)
            Units, in the order of ``rows``.
        most : int array, shape (G, R) or (G, 1)
            How much there is.
        weight : int array, shape (m,), optional
            What a unit takes; 1 where it is not given.
        """
        takes = wanted if weight is None else wanted * weight[:, None]
        before = np.cumsum(takes, axis=0)
        before -= takes
        before -= before[self.first][self.group]
        room = most[self.group] - before
        if weight is not None:
            room //= weight[:, None]
        return np.clip(room, 0, wanted)

    def summed(self, units: Ints) -> Ints:
        """Return the sum of each group, shape (G, R)."""
        return np.asarray(np.add.reduceat(units, self.first, axis=0))
