"""A window as it went under a policy: what the twin counted, and the stock and lines of every bucket.

From stock by bucket a cost can be told bucket by bucket, so that seasons and disruptions stand apart.
Not here: what differs between policies (``comparison``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assets.twin.day import SUPPLIER, Floats, Flows, Ints, Lines, Stock
from assets.twin.run import Run

KINDS = ("holding", "shortage", "transport", "purchase")
"""Kinds of cost, as ``Run`` adds them up."""


@dataclass(frozen=True)
class Played:
    """One window under one policy; ``n`` item-sites, ``T`` buckets.

    Attributes
    ----------
    run : Run
        What the twin counted.
    stocks : tuple of Stock, T + 1
        As each bucket begins, and what is left.
    lines : tuple of Lines, T
        What started in each bucket.
    echelons : int array, shape (n,)
        0 where demand is met.
    """

    run: Run
    stocks: tuple[Stock, ...]
    lines: tuple[Lines, ...]
    echelons: Ints

    @property
    def buckets(self) -> tuple[Flows, ...]:
        """What happened in each bucket."""
        return self.run.buckets

    @cached_property
    def kinds(self) -> dict[str, Floats]:
        """Currency by kind of cost, bucket and item-site, shape (T, n) each."""
        rates, flows = self.run.rates, self.buckets
        worth = np.stack([rates.landed * (stock.on_hand + stock.under_way.sum(axis=1)) for stock in self.stocks])
        paid, sold = np.stack([one.paid for one in flows]), np.stack([one.sold for one in flows])
        return {
            "holding": np.stack([one.holding for one in flows]),
            "shortage": np.stack([one.shortage for one in flows]),
            "transport": np.stack([one.transport for one in flows]),
            "purchase": paid - np.diff(worth, axis=0) - rates.landed * sold,
        }

    @cached_property
    def cost(self) -> Floats:
        """Currency by bucket and item-site, shape (T, n)."""
        return np.asarray(sum(self.kinds[kind] for kind in KINDS))

    @property
    def mean_stock(self) -> float:
        """Units on hand at the end of a bucket, all item-sites together."""
        return float(np.mean([stock.on_hand.sum() for stock in self.stocks[1:]]))

    @property
    def order_lines(self) -> int:
        """Lines that started."""
        return sum(int((lines.units > 0).sum()) for lines in self.lines)

    @property
    def transferred_units(self) -> int:
        """Moved between sites, down and sideways."""
        return sum(int(lines.units[lines.origin != SUPPLIER].sum()) for lines in self.lines)

    @property
    def lateral_units(self) -> int:
        """Moved between sites of one echelon, or up."""
        return sum(int(lines.units[self._sideways(lines)].sum()) for lines in self.lines)

    @property
    def lateral_freight(self) -> float:
        """What the carrier got for these."""
        return float(sum((lines.units * lines.freight)[self._sideways(lines)].sum() for lines in self.lines))

    def _sideways(self, lines: Lines) -> NDArray[np.bool_]:
        moved = lines.origin != SUPPLIER
        level = self.echelons
        return np.asarray(moved & (level[lines.origin] <= level[lines.destination]))

    def bullwhip(self, groups: Ints) -> float | None:
        """Return the variance of what suppliers are asked for over that of demand, by bucket.

        Parameters
        ----------
        groups : int array, shape (n,)
            Item of each item-site: variances are of items over the whole network, added up.

        Returns
        -------
        float or None
            None where demand does not vary. Chen, Drezner, Ryan and Simchi-Levi 2000: var(q) / var(D).
        """
        count = int(groups.max(initial=-1)) + 1

        def by_group(name: str) -> Floats:
            table = [np.bincount(groups, weights=getattr(one, name), minlength=count) for one in self.buckets]
            return np.asarray(np.stack(table).var(axis=0).sum())

        varied = float(by_group("asked"))
        return float(by_group("bought")) / varied if varied > 0 else None
