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
from assets.rebalancing.snapshot import Snapshot

MONDAY = dt.date(1970, 1, 5)
"""From which periods are counted, so that consecutive plan dates share one."""


@dataclass(frozen=True)
class Stage:
    """What limits are stated over: item-sites, their moves, the first day of bucket 0, and if sales are lost."""

    item_sites: ItemSites
    moves: Moves
    plan_date: dt.date
    lost_sales: bool = True

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

    @property
    def expected_stock(self) -> Floats:
        """Units expected at the end of a bucket if no move starts, shape (n, T); below nothing is room for inflow.

        Known supply less mean demand. Never below nothing in buckets that no move reaches, and what
        is lost by then takes nothing from what comes later. From the first bucket that one can
        reach, demand beyond known supply is taken off what comes in, and counts below nothing.
        """
        net = self.item_sites.known_supply - self.item_sites.mean
        first = np.full(len(net), self.item_sites.horizon, dtype=np.int64)
        comes = self.free & (self.moves.capacity > 0)
        np.minimum.at(first, self.moves.destination[comes], self.moves.arrival[comes])
        early = np.arange(self.item_sites.horizon) < first[:, None]
        short = np.where(early, np.maximum(0.0, -net), 0.0)
        return np.asarray(net + (np.maximum.accumulate(short, axis=1) if self.lost_sales else short))

    def periods(self, bucket: Ints, days: Ints) -> Ints:
        """Return the period of so many days in which each bucket starts, counted from a Monday long past."""
        since = (self.plan_date - MONDAY).days
        return np.asarray((since + bucket * self.item_sites.bucket_days) // days)

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

    def in_periods(self, stage: Stage, subject: Ints, ordered: pd.DataFrame, days: Ints, column: str) -> Floats:
        """Return what was ordered before of each row's subject in its period.

        Parameters
        ----------
        stage : Stage
            Whose plan date it is.
        subject : int array
            Of each purchase.
        ordered : DataFrame
            See ``ordered_before``.
        days : int array
            Length of each subject's periods.
        column : str
            open_units or open_amount.
        """
        since = (stage.plan_date - MONDAY).days + ordered["days"].to_numpy(np.int64)
        amount = pd.Series(ordered[column].to_numpy(np.float64))
        known = amount.groupby([pd.Index(subject), pd.Index(since // days[subject])]).sum()
        return np.array([known.get(pair, 0.0) for pair in self.pairs], dtype=np.float64)

    def limits(
        self, stage: Stage, kind: str, names: list[tuple[str, str]], most: Floats, move: Ints, use: Floats,
        fixed: Floats | None = None,
    ) -> Limits:  # fmt: skip
        """Return the rows that some move uses as limits; ``row``, ``move`` and ``use`` are parallel.

        Names are pairs of what a limit holds and when.
        """
        kept = use != 0
        table = coo_array((use[kept], (self.row[kept], move[kept])), shape=(len(names), len(stage.moves)))
        nothing = np.zeros(len(names)) if fixed is None else fixed
        told, families = tuple(f"{what} {when}" for what, when in names), tuple(what for what, _ in names)
        rows = Limits(told, (kind,) * len(names), most, nothing, csr_array(table), families)
        return rows.take(np.unique(self.row[kept]))


def period_name(period: int, days: int) -> str:
    """Return the first and last day of a period.

    >>> period_name(2930, 7)
    '2026-03-02 to 2026-03-08'
    """
    first = MONDAY + dt.timedelta(days=int(period) * int(days))
    return f"{first} to {first + dt.timedelta(days=int(days) - 1)}"


def ordered_before(stage: Stage, snapshot: Snapshot) -> pd.DataFrame:
    """Return purchases under way: item_id, source_id, days from the plan date (below 0), open_units and open_amount.

    What came in already is no longer known here, and is counted no more. A purchase costs what its
    sourcing states today, else the item's standard cost.
    """
    found = snapshot.open_orders
    if found is None or found.empty:
        return pd.DataFrame({"item_id": [], "source_id": [], "days": [], "open_units": [], "open_amount": []})
    key = ["item_id", "source_id", "site_id"]
    bought = found.loc[found["receipt_kind"] == "purchase", [*key, "started_date", "open_units"]]
    terms = snapshot.sourcing.rename(columns={"supplier_id": "source_id", "unit_cost": "cost"})
    bought = bought.merge(terms.groupby(key)["cost"].min().reset_index(), how="left", on=key)
    standard = bought["item_id"].map(snapshot.items.set_index("item_id")["unit_cost"])
    days = (pd.to_datetime(bought["started_date"]) - pd.Timestamp(stage.plan_date)).dt.days
    return bought.assign(days=days, open_amount=bought["cost"].fillna(standard).fillna(0.0) * bought["open_units"])


def of_sites(stage: Stage, sites: pd.DataFrame, column: str) -> tuple[Ints, Floats]:
    """Return each site's position where it states a capacity, else -1, and the capacity by position."""
    known = sites.set_index("site_id")[column].reindex(list(stage.item_sites.site_ids)).astype("float64")
    stated: Floats = np.asarray(known, dtype=np.float64)
    return np.where(np.isnan(stated), -1, np.arange(len(stated))), stated
