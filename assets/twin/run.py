"""Buckets in a row under one policy, and what they cost with what is left valued.

The policy is a port: it sees the number of the bucket and the stock, and answers with lines. Not
here: a bucket (``day``), or any policy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

import numpy as np

from assets.twin.day import Floats, Flows, Ints, Lines, Rates, Stock, pass_bucket

PlanBucket = Callable[[int, Stock], Lines]
"""Lines that a policy starts in a bucket, from the stock as it begins."""


@dataclass(frozen=True)
class Run:
    """What some buckets did.

    Attributes
    ----------
    opening, closing : Stock
        Before the first and after the last.
    buckets : tuple of Flows
        One a bucket.
    rates : Rates
        Of the item-sites.
    """

    opening: Stock
    closing: Stock
    buckets: tuple[Flows, ...]
    rates: Rates

    @cached_property
    def total(self) -> Flows:
        """All buckets added up."""
        return reduce(add, self.buckets)

    @property
    def purchase(self) -> Floats:
        """Currency by item-site: paid to suppliers, less what stock rose by, less goods sold.

        Stock on hand and under way, and goods sold, are valued at landed cost. Goods sold are left
        out so that losing a sale saves nothing: the shortage cost is a margin. What is owed is not
        valued: it will be bought and sold at landed cost. Landed cost holds freight, so that what
        is brought down an echelon is credited here for the freight it paid.
        """
        rates, sold = self.rates, self.total.sold
        rise = _valued(self.closing, rates) - _valued(self.opening, rates)
        return np.asarray(self.total.paid - rise - rates.landed * sold)

    @property
    def cost(self) -> Floats:
        """Holding, shortage, transport and purchase, shape (n,)."""
        total = self.total
        return np.asarray(total.holding + total.shortage + total.transport + self.purchase)

    @property
    def fill_rate(self) -> float:
        """Share of demand handed over in its own bucket; 1 where nobody asked."""
        asked = int(self.total.asked.sum())
        return 1.0 - int(self.total.unmet.sum()) / asked if asked else 1.0


def run(opening: Stock, demand: Ints, rates: Rates, plan_bucket: PlanBucket) -> Run:
    """Play a policy over demand.

    Parameters
    ----------
    opening : Stock
        Of ``n`` item-sites.
    demand : int array, shape (n, T)
        Base units asked for.
    rates : Rates
        What things cost.
    plan_bucket : callable
        The policy.

    Raises
    ------
    EquipoiseError
        If the policy sends what is not there.
    """
    stock, passed = opening, []
    for bucket in range(demand.shape[1]):
        stock, flows = pass_bucket(stock, plan_bucket(bucket, stock), demand[:, bucket], rates)
        passed.append(flows)
    return Run(opening, stock, tuple(passed), rates)


def _valued(stock: Stock, rates: Rates) -> Floats:
    return np.asarray(rates.landed * (stock.on_hand + stock.under_way.sum(axis=1)))
