"""The world: a network, the history that it lived, and the feeds that it would have sent.

Not here: what a day does (``transition``) and how history becomes feeds (``emission``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue, build_catalogue
from assets.feeds.synthetic.chance import draw_chance
from assets.feeds.synthetic.demand import Demand
from assets.feeds.synthetic.items import Integers
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.replenishment import order_up_to
from assets.feeds.synthetic.transition import Flows, Orders, Stock, advance, opening_stock

if TYPE_CHECKING:
    from assets.feeds.synthetic.batch import FeedBatch


@dataclass(frozen=True)
class Day:
    """One lived day.

    Attributes
    ----------
    date : date
        The day.
    orders : Orders
        Placed that morning.
    flows : Flows
        What happened.
    on_hand, blocked : int, over places
        Stock at its end.
    """

    date: dt.date
    orders: Orders
    flows: Flows
    on_hand: Integers
    blocked: Integers


@dataclass(frozen=True)
class History:
    """Every lived day, warm-up included, and the stock at the end of the last."""

    days: tuple[Day, ...]
    opening: Stock
    closing: Stock

    @cached_property
    def received(self) -> Integers:
        """Units received by day and place; row 0 is the opening stock, row d + 1 the d-th day."""
        return np.stack([self.opening.on_hand, *(day.flows.received for day in self.days)])


class World:
    """A seeded network.

    Parameters
    ----------
    parameters : WorldParameters
        Everything follows from them.
    """

    def __init__(self, parameters: WorldParameters) -> None:
        self.parameters = parameters

    @cached_property
    def catalogue(self) -> Catalogue:
        """What stands still."""
        return build_catalogue(self.parameters)

    @cached_property
    def demand(self) -> Demand:
        """What customers ask for on any day."""
        return Demand(self.catalogue)

    @cached_property
    def history(self) -> History:
        """The history lived under the world's own replenishment rule, from birth to ``last_date``."""
        opening = stock = opening_stock(self.catalogue)
        days: list[Day] = []
        for number in range(self.parameters.day_index(self.parameters.last_date) + 1):
            date = self.parameters.birth + dt.timedelta(days=number)
            orders = order_up_to(self.catalogue, stock, date)
            stock, flows = self.live(stock, orders, date)
            days.append(Day(date, orders, flows, stock.on_hand, stock.blocked))
        return History(tuple(days), opening, stock)

    def live(self, stock: Stock, orders: Orders, date: dt.date) -> tuple[Stock, Flows]:
        """Let ``date`` pass under any orders; the chance of a date is the same whatever is ordered."""
        return advance(self.catalogue, stock, orders, draw_chance(self.catalogue, self.demand, date))

    def feeds(self, start: dt.date, end: dt.date) -> Iterator[FeedBatch]:
        """Return the batches of the business dates from ``start`` to ``end``, history first.

        See Also
        --------
        assets.feeds.synthetic.emission.feeds : what a batch holds.
        """
        from assets.feeds.synthetic.emission import feeds

        return feeds(self, start, end)
