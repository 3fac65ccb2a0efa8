"""The full twin: a world lived day by day under orders that a network sends, or under the world's own rule.

Production is a port: it plans a day and says what the other side has taken in, and is told what the day made of
it. Not here: production itself (``orchestration.simulation``), or what a run is worth (``scorecard``).
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assets.feeds.synthetic.replenishment import order_up_to
from assets.feeds.synthetic.transition import Flows, Orders, Stock
from assets.feeds.synthetic.world import Day, World
from assets.kernel.errors import EquipoiseError
from assets.twin.full_book import Book, OpenLine, SentLine
from assets.twin.full_record import LivedDay, RunRecord, Software
from assets.twin.scenario_world import Staged

OnDay = Callable[[LivedDay], None]
"""Called with every day once it is kept."""


@dataclass(frozen=True)
class Planned:
    """What a network did in the morning.

    Attributes
    ----------
    sent : tuple of SentLine
        What the other side has taken in by now; it may have told of some of it before.
    software : Software
        How it went.
    """

    sent: tuple[SentLine, ...]
    software: Software = field(default_factory=Software)


class Network(Protocol):
    """Production, as a run sees it. Every call may come again for a day that was not finished."""

    def plan_day(self, date: dt.date, book: Book) -> Planned:
        """Plan a day and send its orders.

        Parameters
        ----------
        date : date
            The day that begins.
        book : Book
            What the other side had of us the evening before.
        """
        ...

    def day_passed(self, date: dt.date, world: World, changed: Sequence[OpenLine], book: Book) -> Software | None:
        """Be told in the evening what the day made of orders, and take its feeds in.

        Parameters
        ----------
        world : World
            Whose history ends with the day.
        changed : sequence of OpenLine
            Lines that the day changed.
        book : Book
            As it stands in the evening.

        Returns
        -------
        Software or None
            How the whole day went, if the evening changed anything of it.
        """
        ...


def play(staged: Staged, network: Network, record: RunRecord, on_day: OnDay | None = None) -> tuple[LivedDay, ...]:
    """Live a scenario's days under a network's orders, from where the record ends.

    Parameters
    ----------
    staged : Staged
        The scenario in its world.
    network : Network
        Whose orders.
    record : RunRecord
        Where days are kept; those that are there are not lived again.
    on_day : callable, optional
        Told of every day, the kept ones included.
    """
    lived = list(record.days(staged.dates))
    for one in lived if on_day else ():
        on_day(one)  # type: ignore[misc]
    for date in staged.dates[len(lived) :]:
        started = time.monotonic()
        one = _day(staged.world, network, lived, date, started)
        record.keep(one)
        lived.append(one)
        if on_day:
            on_day(one)
    return tuple(lived)


def _day(world: World, network: Network, lived: Sequence[LivedDay], date: dt.date, started: float) -> LivedDay:
    stock = lived[-1].stock if lived else world.history.closing
    book = lived[-1].book if lived else Book()
    planned = network.plan_day(date, book)
    book = book.with_sent(planned.sent)
    due = book.due(world.catalogue, date)
    stock_after, flows = world.live(stock, due.orders, date)
    book, changed = due.settled(book, flows, date)
    day = Day(date, due.orders, flows, stock_after.on_hand, stock_after.blocked)
    so_far = world.gone_on([*(one.day for one in lived), day], stock_after)
    software = network.day_passed(date, so_far, changed, book) or planned.software
    require_conserved(stock, stock_after, flows)
    return LivedDay(day, stock_after, book, software, round(time.monotonic() - started, 3))


def play_rule(staged: Staged) -> tuple[LivedDay, ...]:
    """Live a scenario's days under the rule that the world's own planners follow: min/max, as they do it today."""
    return tuple(_rule_days(staged))


def _rule_days(staged: Staged) -> Iterator[LivedDay]:
    world, stock = staged.world, staged.world.history.closing
    for date in staged.dates:
        orders: Orders = order_up_to(world.catalogue, stock, date)
        before = stock
        stock, flows = world.live(stock, orders, date)
        require_conserved(before, stock, flows)
        yield LivedDay(Day(date, orders, flows, stock.on_hand, stock.blocked), stock)


def require_conserved(before: Stock, after: Stock, flows: Flows) -> None:
    """Raise if a unit was made or lost in a day.

    Raises
    ------
    EquipoiseError
        If stock before, with what suppliers deliver, is not stock after with what was sold, scrapped and lost.
    """
    had = int(before.on_hand.sum() + before.due.sum() + flows.supplied_units.sum())
    has = int(after.on_hand.sum() + after.due.sum() + flows.sold.sum() + flows.scrapped.sum() - flows.adjusted.sum())
    if had != has:
        raise EquipoiseError(
            f"{had} units became {has}", where="twin.full", remedy="Report it: a day of the world is at fault"
        )
