"""The world: a network, the history that it lived, and the feeds that it would have sent.

Not here: what a day does (``transition``) and how history becomes feeds (``emission``).
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.catalogue import Catalogue, build_catalogue
from assets.feeds.synthetic.chance import Chance, draw_chance
from assets.feeds.synthetic.changes import Changes
from assets.feeds.synthetic.conditions import Conditions
from assets.feeds.synthetic.demand import Demand, DemandDay
from assets.feeds.synthetic.disruptions import Disruption, conditions_on
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
    changes : Changes, optional
        Sites that open, items that come and go, beside the seed's own.
    disruptions : sequence of Disruption
        What happens for some days.
    """

    def __init__(
        self, parameters: WorldParameters, changes: Changes | None = None, disruptions: Sequence[Disruption] = ()
    ) -> None:
        self.parameters = parameters
        self.changes = changes or Changes()
        self.disruptions = tuple(disruptions)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What stands still."""
        return self.changes.of(build_catalogue(self.parameters))

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

    @property
    def last_lived(self) -> dt.date:
        """The last day of the history."""
        return self.history.days[-1].date

    def gone_on(self, days: Sequence[Day], closing: Stock) -> World:
        """Return the same world some days later, whoever ordered on them."""
        later = copy.copy(self)
        later.__dict__["history"] = History((*self.history.days, *days), self.history.opening, closing)
        return later

    def ways(self, date: dt.date) -> tuple[Integers, Integers]:
        """Return the days quoted on a day, by lane and by row of the sourcing."""
        found = self.conditions(date)
        if found is None:
            return self.catalogue.lanes.transit_days, self.catalogue.sourcing.lead_time_days
        return found.transit_days, found.supply_days

    def conditions(self, date: dt.date) -> Conditions | None:
        """Return what is other than usual on a day; ``None`` where nothing is."""
        return conditions_on(self.disruptions, self.catalogue, date)

    def live(self, stock: Stock, orders: Orders, date: dt.date) -> tuple[Stock, Flows]:
        """Let ``date`` pass under any orders; the chance of a date is the same whatever is ordered."""
        chance, conditions = draw_chance(self.catalogue, self.demand, date), self.conditions(date)
        if conditions is not None:
            chance = replace(chance, demand=self._shocked(chance, conditions, date))
        return advance(self.catalogue, stock, orders, chance, conditions)

    def _shocked(self, chance: Chance, conditions: Conditions, date: dt.date) -> DemandDay:
        """Return a day's demand as its conditions have it: what was drawn times the factor, rounded by chance."""
        drawn = chance.demand
        rng = self.parameters.generator(streams.SHOCK, date.toordinal())
        units = np.floor(drawn.units * conditions.demand_factor + rng.random(len(drawn.units)))
        cheaper = np.round(drawn.price * (1 - conditions.price_cut), 2)
        return DemandDay(
            units.astype(np.int64),
            np.where(conditions.price_cut > 0, cheaper, drawn.price),
            drawn.promoted | conditions.promoted,
        )

    def feeds(self, start: dt.date, end: dt.date) -> Iterator[FeedBatch]:
        """Return the batches of the business dates from ``start`` to ``end``, history first.

        See Also
        --------
        assets.feeds.synthetic.emission.feeds : what a batch holds.
        """
        from assets.feeds.synthetic.emission import feeds

        return feeds(self, start, end)
