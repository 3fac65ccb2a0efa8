"""What limits are stated over, and how entries by subject and bucket become their rows.

Not here: what a capacity limits (``stated``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from assets.rebalancing.item_sites import Flags, Floats, Ints, ItemSites
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.moves import Moves


@dataclass(frozen=True)
class Stage:
    """What limits are stated over: item-sites, their moves and the first day of bucket 0."""

    item_sites: ItemSites
    moves: Moves
    plan_date: dt.date

    @property
    def free(self) -> Flags:
        """Which moves no guardrail forbids."""
        return np.asarray(self.moves.blocked == 0)

    @property
    def destination(self) -> NDArray[np.object_]:
        """Site that each move ends at."""
        sites = np.array(self.item_sites.site_ids, dtype=object)
        return np.asarray(sites[self.item_sites.site[self.moves.destination]])

    def per_item(self, values: pd.Series[float]) -> Floats:
        """Return a figure by item, 0 where it is unknown, shape (items,)."""
        known = values.reindex(list(self.item_sites.item_ids)).fillna(0.0)
        return np.asarray(known, dtype=np.float64)

    def of_moves(self, per_item: Floats) -> Floats:
        """Return the figure of each move's item."""
        return np.asarray(per_item[self.item_sites.item[self.moves.destination]])

    def date(self, bucket: int) -> dt.date:
        """Return the first day of a bucket."""
        return self.plan_date + dt.timedelta(days=int(bucket) * self.item_sites.bucket_days)


@dataclass(frozen=True)
class Rows:
    """One row a subject and bucket that something uses: both of each row, the row of each entry, its first entry."""

    subject: Ints
    bucket: Ints
    row: Ints
    first: Ints

    @classmethod
    def of(cls, subject: Ints, bucket: Ints) -> Rows:
        """Return the rows of entries that are told by subject and bucket."""
        span = int(bucket.max(initial=0)) + 1
        found, first, row = np.unique(subject * span + bucket, return_index=True, return_inverse=True)
        return cls(found // span, found % span, row, first)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Subject and bucket of each row."""
        return list(zip(self.subject.tolist(), self.bucket.tolist(), strict=True))

    def limits(
        self, stage: Stage, kind: str, names: list[str], most: Floats, move: Ints, use: Floats,
        fixed: Floats | None = None,
    ) -> Limits:  # fmt: skip
        """Return the rows as limits; ``row``, ``move`` and ``use`` are parallel."""
        kept = use != 0
        table = coo_array((use[kept], (self.row[kept], move[kept])), shape=(len(names), len(stage.moves)))
        nothing = np.zeros(len(names)) if fixed is None else fixed
        return Limits(tuple(names), (kind,) * len(names), most, nothing, csr_array(table))


def of_sites(stage: Stage, sites: pd.DataFrame, column: str) -> tuple[Ints, Floats]:
    """Return each site's position where it states a capacity, else -1, and the capacity by position."""
    known = sites.set_index("site_id")[column].reindex(list(stage.item_sites.site_ids)).astype("float64")
    stated: Floats = np.asarray(known, dtype=np.float64)
    return np.where(np.isnan(stated), -1, np.arange(len(stated))), stated
