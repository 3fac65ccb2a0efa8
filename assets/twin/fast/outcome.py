"""What simulated buckets cost and served: a number a replication, and intervals over replications.

Money is units counted exactly times rates, added up in the order of item-sites, so that no chunk or thread changes
a bit. Not here: playing (``simulate``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from scipy.stats import t as student

from assets.twin.day import SUPPLIER, Floats, Ints
from assets.twin.fast.books import Books, Totals
from assets.twin.fast.network import FastNetwork


@dataclass(frozen=True)
class Interval:
    """A mean over replications and its confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Width of the interval as a share of the mean; 0 where that is 0."""
        return (self.high - self.low) / abs(self.mean) if self.mean else 0.0


def interval(values: Floats, confidence: float = 0.95) -> Interval:
    """Return the mean of independent values with Student's interval; a point for one value."""
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, mean, mean)
    reach = float(student.ppf(0.5 + confidence / 2.0, len(values) - 1)) * float(values.std(ddof=1))
    reach /= float(np.sqrt(len(values)))
    return Interval(mean, mean - reach, mean + reach)


@dataclass(frozen=True)
class Outcome:
    """What was simulated; money and units of the buckets that count, an entry a replication.

    Attributes
    ----------
    buckets : int
        How many count.
    holding, shortage, transport, purchase : float array, shape (R,)
        Currency. Purchases are told net, as in ``twin.run``: paid, less the rise of stock and goods sold at
        landed cost.
    asked, unmet : int array, shape (R,)
        Units asked for, and not handed over in their own bucket.
    closing_units : int array, shape (R,)
        On hand and under way at the end.
    stock_value : float array, shape (R,)
        Currency: stock on hand as buckets end, at landed cost, mean over buckets.
    by_item_site : Totals
        Units by item-site, added up over replications, shape (n, 1).
    """

    buckets: int
    holding: Floats
    shortage: Floats
    transport: Floats
    purchase: Floats
    asked: Ints
    unmet: Ints
    closing_units: Ints
    stock_value: Floats
    by_item_site: Totals

    @property
    def cost(self) -> Floats:
        """All costs, shape (R,)."""
        return self.holding + self.shortage + self.transport + self.purchase

    @property
    def cost_per_bucket(self) -> Interval:
        """All costs of a bucket."""
        return interval(self.cost / self.buckets)

    @cached_property
    def fill_rate(self) -> float:
        """Share of demand handed over in its own bucket; 1 where nobody asked."""
        asked = int(self.asked.sum())
        return 1.0 - int(self.unmet.sum()) / asked if asked else 1.0

    @property
    def fill_rates(self) -> Floats:
        """The same by replication, shape (R,)."""
        return np.asarray(1.0 - self.unmet / np.maximum(self.asked, 1))


def outcome_of(network: FastNetwork, before: Ints, books: Books, buckets: int) -> Outcome:
    """Return what the books say.

    Parameters
    ----------
    before : int array, shape (n, R)
        On hand and under way as the buckets that count began.
    buckets : int
        How many count.
    """
    rates, ways, totals = network.rates, network.ways, books.totals
    if rates.lost_sales:
        totals.unmet = totals.asked - totals.sold
    short = totals.unmet if rates.lost_sales else totals.waited
    holding = _summed(rates.holding, totals.held)
    if books.by_lines:
        carried, freight, paid = (np.array(money) for money in (books.carried, books.freight, books.paid))
    else:
        carried = _summed(np.where(ways.origin == SUPPLIER, 0.0, rates.holding[ways.origin]), totals.moving)
        freight = _summed(ways.freight, totals.sent + totals.bought) + _summed(ways.fixed, totals.orders)
        paid = _summed(ways.price, totals.bought)
    if network.laterals is not None:
        for helper, units in enumerate(books.lateral):
            moving = rates.holding[network.laterals.origin[helper]] * network.laterals.buckets[helper]
            freight = freight + _summed(network.laterals.freight[helper], units)
            carried = carried + _summed(moving, units)
    stock = units_of(books)
    rise = _summed(rates.landed, stock - before + totals.sold)
    return Outcome(
        buckets=buckets,
        holding=holding + carried,
        shortage=_summed(rates.shortage, short),
        transport=freight,
        purchase=paid - rise,
        asked=totals.asked.sum(axis=0),
        unmet=totals.unmet.sum(axis=0),
        closing_units=stock.sum(axis=0),
        stock_value=_summed(rates.landed, totals.held) / buckets,
        by_item_site=Totals(*(getattr(totals, f.name).sum(axis=1, keepdims=True) for f in fields(Totals))),
    )


def units_of(books: Books) -> Ints:
    """Return what is on hand and under way, shape (n, R)."""
    return np.asarray(books.on_hand + books.due.sum(axis=0))


def joined(parts: list[Outcome]) -> Outcome:
    """Return replications that were played apart as one outcome, in order."""
    by_replication = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(Outcome)
        if f.name not in ("buckets", "by_item_site")
    }
    by_item_site = Totals(
        *(np.sum([getattr(part.by_item_site, f.name) for part in parts], axis=0) for f in fields(Totals))
    )
    return Outcome(buckets=parts[0].buckets, by_item_site=by_item_site, **by_replication)


def _summed(rates: Floats, units: Ints) -> Floats:
    """Return money by replication, item-sites added one after the other."""
    if not rates.any():
        return np.zeros(units.shape[1])
    return np.asarray(np.cumsum(rates[:, None] * units, axis=0)[-1])
