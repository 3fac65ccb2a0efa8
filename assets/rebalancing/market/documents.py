"""Order documents of today, and sites that handle at most so many of them, sent and received together.

``sum_d handles[s, d] out[d] <= most[s]``, with ``out[d]`` where anything is on document d: one a kind,
origin and destination. A linear master sees nothing of it, as of any fixed cost, so that the bound
leaves it out. Not here: how feeds state them (``stated_charges``), and which stay (``documented``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.item_sites import Flags, Ints


@dataclass(frozen=True)
class Documents:
    """Documents that a limited site handles, over the moves of a problem; ``d`` of them at ``s`` sites.

    Attributes
    ----------
    sites : tuple of str
        Unique names of what the sites can handle.
    most : int array, shape (s,)
        Most documents.
    names : tuple of str
        Of the documents; unique.
    handles : sparse int array, shape (s, d)
        1 where a site handles a document.
    row : int array, shape (m,)
        Document that each move is on; -1 for none.
    others : bool array, shape (d,)
        Documents that lines which stand are on: they go out anyway.

    Raises
    ------
    EquipoiseError
        If a site handles less than nothing.
    """

    sites: tuple[str, ...]
    most: Ints
    names: tuple[str, ...]
    handles: csr_array
    row: Ints
    others: Flags

    def __post_init__(self) -> None:
        """Refuse what no site can be."""
        for name in np.array(self.sites, dtype=object)[self.most < 0][:1]:
            raise EquipoiseError(
                "a site handles less than no document", where=name, remedy="Correct it, or leave the limit out"
            )

    def __len__(self) -> int:
        return len(self.names)

    def out(self, units: Ints) -> Flags:
        """Return which documents go out for these units; what stands is not theirs, shape (d,)."""
        on = np.zeros(len(self), dtype=bool)
        on[self.row[(units > 0) & (self.row >= 0)]] = True
        return np.asarray(on & ~self.others)

    def room(self) -> Ints:
        """Return how many documents each site can handle beside those that stand, shape (s,)."""
        return np.asarray(np.maximum(0, self.most - self.stand()), dtype=np.int64)

    def stand(self) -> Ints:
        """Return how many documents of each site stand, shape (s,)."""
        return self._of_sites(self.others)

    def handled(self, units: Ints) -> Ints:
        """Return how many documents of these units each site handles, shape (s,)."""
        return self._of_sites(self.out(units))

    def excess(self, units: Ints) -> Ints:
        """Return how many of them are too many, shape (s,)."""
        return np.asarray(np.maximum(0, self.handled(units) - self.room()), dtype=np.int64)

    def unopened(self, units: Ints) -> Flags:
        """Return which documents cannot go out beside these units: a site that handles them is full, shape (d,)."""
        full = self.handled(units) >= self.room()
        there = np.asarray(self.handles.T @ full.astype(np.int64)) > 0
        return np.asarray(there & ~self.out(units) & ~self.others)

    def moves_of(self, which: Flags) -> Flags:
        """Return which moves are on some documents, shape (m,)."""
        return np.asarray(np.append(which, False)[self.row])

    def beside(self, units: Ints) -> Documents:
        """Return documents on which units that stand are already."""
        return replace(self, others=self.others | self.out(units))

    def take(self, moves: Any) -> Documents:
        """Return the documents over some of the moves."""
        return replace(self, row=self.row[moves])

    def _of_sites(self, which: Flags) -> Ints:
        return np.asarray(self.handles @ which.astype(np.int64), dtype=np.int64)


def no_documents(moves: int) -> Documents:
    """Return the documents of a problem whose sites handle any number."""
    none = np.zeros(0, dtype=np.int64)
    return Documents((), none, (), csr_array((0, 0), dtype=np.int64), np.full(moves, -1), np.zeros(0, dtype=bool))
