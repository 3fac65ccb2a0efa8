"""The OrderStore port: streams of events, one for each order, and the orders as they stand.

A store appends with an expected version, numbers all events without gaps in commit order, and keeps its
view of orders, and of the stock that they hold, in the same transaction as the events. Streams that are
no order's (releases, pauses, access) share the numbers and the chain. ``MemoryOrderStore`` is the fake;
``sql_store`` is the real one. Not here: what events mean (``evolve``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, get_args

from assets.kernel.clock import Clock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.orders.events import Channel, Event, LedgerEvent, Shortage
from assets.orders.evolve import evolve
from assets.orders.handling import Handling, handling_of
from assets.orders.headers import OrderHeader, header_of
from assets.orders.order import ENDED, Order, OrderStatus, errand_of, held

ORDER_EVENTS: tuple[type[LedgerEvent], ...] = get_args(Event)
Stock = tuple[str, str]
"""A site and an item."""
Shown = Mapping[str, Mapping[Stock, int]]
"""Orders, and the units that a snapshot no longer counts because of them."""


class VersionConflict(EquipoiseError):  # noqa: N818 - the pattern's own name
    """Somebody else appended to an order since it was read."""

    def __init__(self, stream: str, expected: int, stored: int) -> None:
        super().__init__(
            f"stored version = {stored}, expected = {expected}: somebody else changed it meanwhile",
            where=f"order {stream}",
            remedy="Read it again and decide again",
        )


class Oversold(EquipoiseError):  # noqa: N818 - a state of the world, not a fault of the program
    """More would be held of a stock than there is. Nothing was recorded."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        first = shortages[0]
        super().__init__(
            f"{first.left_units} of the {first.wanted_units} units of {first.item_id} are left",
            where=f"stock of {first.site_id}",
            remedy="Reserve less, or wait until other orders let go of theirs",
        )
        self.shortages = shortages


@dataclass(frozen=True)
class Append:
    """Events for one stream, valid only if it still stands at ``expected_version`` (0: there is none).

    The stream of an order is its id.
    """

    stream: str
    expected_version: int
    events: tuple[LedgerEvent, ...]


@dataclass(frozen=True)
class StockGuard:
    """What orders may hold of each stock together.

    Attributes
    ----------
    network : str
        The orders concerned.
    available : mapping
        Site and item to units: on hand less what is protected, by one snapshot. A stock that is not named has none.
    shown : mapping
        Order, site and item to units that this snapshot no longer counts: only what an order holds beyond is held from
        it.
    plan_date : date or None
        Of the snapshot: what left for an order of an earlier date that has ended is not in it any more.
    """

    network: str
    available: Mapping[Stock, int]
    shown: Shown = field(default_factory=dict)
    plan_date: dt.date | None = None

    def shortages(
        self,
        claims: Mapping[str, Mapping[Stock, int]],
        newcomers: Iterable[str],
        before: Mapping[str, Mapping[Stock, int]],
    ) -> tuple[Shortage, ...]:
        """Return what newcomers want beyond what others leave, by site and item.

        Who holds no more than before asks for nothing.

        Parameters
        ----------
        claims : mapping
            Order to what it holds, newcomers among them.
        newcomers : iterable of str
            Orders that ask now.
        before : mapping
            What newcomers held before they asked.
        """
        asking = set(newcomers)
        wanted: dict[Stock, int] = {}
        taken: dict[Stock, dict[str, int]] = {}
        for order_id, holds in claims.items():
            for stock, units in holds.items():
                grows = units > before.get(order_id, {}).get(stock, 0)
                beyond = units - self.shown.get(order_id, {}).get(stock, 0)
                if order_id in asking and grows:
                    wanted[stock] = wanted.get(stock, 0) + max(0, beyond)
                elif beyond > 0:
                    taken.setdefault(stock, {})[order_id] = beyond
        found = []
        for stock, units in sorted(wanted.items()):
            others = taken.get(stock, {})
            left = max(0, self.available.get(stock, 0) - sum(others.values()))
            if units > left:
                holders = sorted(others, key=lambda order_id: (-others[order_id], order_id))
                found.append(Shortage(*stock, units, left, tuple(holders)))
        return tuple(found)


@dataclass(frozen=True)
class Recorded:
    """An event as the ledger holds it.

    Attributes
    ----------
    position : int
        Place among all events, from 1, without gaps.
    stream : str
        The order, or what else the event is about.
    version : int
        Place among the stream's events, from 1.
    recorded_at : datetime
        UTC, by the clock of who recorded it; for the audit, and for what stood at a plan's cutoff.
    """

    position: int
    stream: str
    version: int
    event: LedgerEvent
    recorded_at: dt.datetime


@dataclass(frozen=True)
class OrderFilter:
    """Which orders to return; ``None`` stands for any.

    ``latest`` asks for the orders that changed last, that many; ``going_on`` for those that have not ended,
    ``in_outbox`` for those that wait to be sent, ``planned_before`` and ``planned_after`` for those of earlier and
    later plan dates, ``silent_since`` for those of which nothing was recorded from that time (UTC) on,
    ``changed_after`` for those that an event beyond a position changed.
    """

    network: str | None = None
    plan_date: dt.date | None = None
    channel: Channel | None = None
    kind: str | None = None
    status: OrderStatus | None = None
    order_ids: tuple[str, ...] | None = None
    latest: int | None = None
    going_on: bool = False
    in_outbox: bool = False
    planned_before: dt.date | None = None
    planned_after: dt.date | None = None
    silent_since: dt.datetime | None = None
    changed_after: int | None = None

    def admits(self, order: Order) -> bool:
        """Tell whether an order is wanted; ``latest``, ``silent_since`` and ``changed_after`` aside."""
        document = order.document
        return (
            self.network in (None, document.network)
            and self.plan_date in (None, document.plan_date)
            and self.channel in (None, document.channel)
            and self.kind in (None, document.kind)
            and self.status in (None, order.status)
            and (self.order_ids is None or order.order_id in self.order_ids)
            and not (self.going_on and order.status in ENDED)
            and not (self.in_outbox and errand_of(order) is None)
            and (self.planned_before is None or document.plan_date < self.planned_before)
            and (self.planned_after is None or document.plan_date > self.planned_after)
        )


EVERY_ORDER = OrderFilter()


@dataclass(frozen=True)
class RecordReport:
    """Ids of documents by what became of them, each sorted.

    ``kept`` are those that a plan would change or drop and that have gone too far for that.
    """

    new: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class OrderStore(Protocol):
    """Where orders live."""

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        """Record events of several streams, all or none, and return the last position.

        Raises
        ------
        VersionConflict
            If a stream does not stand at its expected version. Nothing is recorded then.
        Oversold
            If orders among the appends would hold stock that the guard does not leave them. Nothing is
            recorded then.
        """
        ...

    def history(self, stream: str, last: int | None = None) -> tuple[Recorded, ...]:
        """Return all events of a stream, or so many of the last, oldest first; empty if there is none."""
        ...

    def events(self, after: int = 0, limit: int = 1000) -> tuple[Recorded, ...]:
        """Return events beyond position ``after``, oldest first, at most ``limit``."""
        ...

    def orders(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Order, ...]:
        """Return orders as they stand, by plan date and id."""
        ...

    def headers(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[OrderHeader, ...]:
        """Return orders as they stand without their lines, by plan date and id: cheap, for lists and counts."""
        ...

    def handlings(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Handling, ...]:
        """Return what people did to orders, by plan date and id: cheap, for counts over months."""
        ...

    def shared_time(self) -> dt.datetime | None:
        """Return the time in UTC by the clock that all hosts of the ledger share; ``None`` if it is of one machine."""
        ...


def sorted_orders(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Return orders by plan date and id."""
    return tuple(sorted(orders, key=lambda order: (order.document.plan_date, order.order_id)))


def require_order(store: OrderStore, order_id: str) -> Order:
    """Return one order.

    Raises
    ------
    EquipoiseError
        If there is no such order.
    """
    found = store.orders(OrderFilter(order_ids=(order_id,)))
    if not found:
        raise EquipoiseError(
            "there is no such order", where=f"order {order_id}", remedy="List them with `equipoise orders`"
        )
    return found[0]


def claims_of(orders: Iterable[Order]) -> dict[str, dict[Stock, int]]:
    """Return what orders hold, by order, site and item."""
    return {order.order_id: {(hold.site_id, hold.item_id): hold.units for hold in held(order)} for order in orders}


def require_stock(
    guard: StockGuard, orders: Iterable[Order], newcomers: Iterable[str], before: Iterable[Order]
) -> None:
    """Raise ``Oversold`` if newcomers among the orders hold more than before of a stock that has it not."""
    ours = [order for order in orders if order.document.network == guard.network]
    counted = [
        order
        for order in ours
        if order.status not in ENDED or guard.plan_date is None or order.document.plan_date >= guard.plan_date
    ]
    shortages = guard.shortages(claims_of(counted), newcomers, claims_of(before))
    if shortages:
        raise Oversold(shortages)


@dataclass
class MemoryOrderStore:
    """Keeps orders for as long as the process lives. For tests and what-ifs."""

    clock: Clock = field(default_factory=WallClock)
    shared_clock: Clock | None = None
    _log: list[Recorded] = field(default_factory=list)
    _orders: dict[str, Order] = field(default_factory=dict)
    _changed: dict[str, int] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        """Record events of several streams, all or none, and return the last position."""
        orders = dict(self._orders)
        log = list(self._log)
        stands: dict[str, int] = dict(self._versions)
        for entry in appends:
            stored = stands.get(entry.stream, 0)
            if stored != entry.expected_version:
                raise VersionConflict(entry.stream, entry.expected_version, stored)
            for version, event in enumerate(entry.events, stored + 1):
                log.append(Recorded(len(log) + 1, entry.stream, version, event, self.clock.now()))
                if isinstance(event, ORDER_EVENTS):
                    orders[entry.stream] = evolve(orders.get(entry.stream), event)  # type: ignore[arg-type]
            stands[entry.stream] = stored + len(entry.events)
        if guard is not None:
            streams = [entry.stream for entry in appends]
            require_stock(guard, orders.values(), streams, [self._orders[s] for s in streams if s in self._orders])
        self._changed |= {recorded.stream: recorded.position for recorded in log[len(self._log) :]}
        self._log, self._orders, self._versions = log, orders, stands
        return len(log)

    def history(self, stream: str, last: int | None = None) -> tuple[Recorded, ...]:
        """Return all events of a stream, or so many of the last, oldest first."""
        found = tuple(recorded for recorded in self._log if recorded.stream == stream)
        return found if last is None else found[len(found) - min(last, len(found)) :]

    def events(self, after: int = 0, limit: int = 1000) -> tuple[Recorded, ...]:
        """Return events beyond position ``after``, oldest first, at most ``limit``."""
        return tuple(self._log[after : after + limit])

    def orders(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Order, ...]:
        """Return orders as they stand, by plan date and id."""
        admitted = [order for order in self._orders.values() if wanted.admits(order)]
        if wanted.changed_after is not None:
            admitted = [order for order in admitted if self._changed[order.order_id] > wanted.changed_after]
        if wanted.silent_since is not None:
            heard = (self._log[self._changed[order.order_id] - 1].recorded_at for order in admitted)
            admitted = [one for one, at in zip(admitted, heard, strict=True) if at < wanted.silent_since]
        if wanted.latest is not None:
            admitted.sort(key=lambda order: -self._changed[order.order_id])
            admitted = admitted[: wanted.latest]
        return sorted_orders(admitted)

    def headers(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[OrderHeader, ...]:
        """Return orders as they stand without their lines, by plan date and id."""
        return tuple(header_of(order) for order in self.orders(wanted))

    def handlings(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Handling, ...]:
        """Return what people did to orders, by plan date and id."""
        return tuple(handling_of(order) for order in self.orders(wanted))

    def shared_time(self) -> dt.datetime | None:
        """Return the time in UTC by the clock that all hosts of the ledger share, if there is one."""
        return self.shared_clock.now() if self.shared_clock else None
