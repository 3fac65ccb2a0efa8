"""The OrderStore port: streams of events per order, and the orders as they stand.

A store appends with an expected version, numbers all events without gaps in commit order, and
keeps its view of orders in the same transaction as the events. ``MemoryOrderStore`` is the
fake; ``sql_store`` is the real one. Not here: what events mean (``order``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assets.kernel.clock import Clock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.orders.events import Channel, Event
from assets.orders.order import Order, OrderStatus, evolve_all


class VersionConflict(EquipoiseError):  # noqa: N818 - the pattern's own name
    """Somebody else appended to an order since it was read."""

    def __init__(self, order_id: str, expected: int, stored: int) -> None:
        super().__init__(
            f"stored version = {stored}, expected = {expected}: somebody else changed the order meanwhile",
            where=f"order {order_id}",
            remedy="Read the order again and decide again",
        )


@dataclass(frozen=True)
class Append:
    """Events for one order, valid only if it still stands at ``expected_version`` (0: no such order)."""

    order_id: str
    expected_version: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Recorded:
    """An event as the ledger holds it.

    Attributes
    ----------
    position : int
        Place among all events, from 1, without gaps.
    version : int
        Place among the order's events, from 1.
    recorded_at : datetime
        UTC; for the audit only.
    """

    position: int
    order_id: str
    version: int
    event: Event
    recorded_at: dt.datetime


@dataclass(frozen=True)
class OrderFilter:
    """Which orders to return; ``None`` stands for any.

    ``latest`` asks for the orders that changed last, that many.
    """

    network: str | None = None
    plan_date: dt.date | None = None
    channel: Channel | None = None
    status: OrderStatus | None = None
    order_ids: tuple[str, ...] | None = None
    latest: int | None = None

    def admits(self, order: Order) -> bool:
        """Tell whether an order is wanted, ``latest`` aside."""
        document = order.document
        return (
            self.network in (None, document.network)
            and self.plan_date in (None, document.plan_date)
            and self.channel in (None, document.channel)
            and self.status in (None, order.status)
            and (self.order_ids is None or order.order_id in self.order_ids)
        )


EVERY_ORDER = OrderFilter()


@dataclass(frozen=True)
class RecordReport:
    """Ids of documents by what became of them, each sorted."""

    new: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()


class OrderStore(Protocol):
    """Where orders live."""

    def append(self, appends: Sequence[Append]) -> int:
        """Record events of several orders, all or none, and return the last position.

        Raises
        ------
        VersionConflict
            If an order does not stand at its expected version. Nothing is recorded then.
        """
        ...

    def history(self, order_id: str) -> tuple[Recorded, ...]:
        """Return all events of an order, oldest first; empty if there is no such order."""
        ...

    def events(self, after: int = 0, limit: int = 1000) -> tuple[Recorded, ...]:
        """Return events beyond position ``after``, oldest first, at most ``limit``."""
        ...

    def orders(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Order, ...]:
        """Return orders as they stand, by plan date and id."""
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


@dataclass
class MemoryOrderStore:
    """Keeps orders for as long as the process lives. For tests and what-ifs."""

    clock: Clock = field(default_factory=WallClock)
    _log: list[Recorded] = field(default_factory=list)
    _orders: dict[str, Order] = field(default_factory=dict)
    _changed: dict[str, int] = field(default_factory=dict)

    def append(self, appends: Sequence[Append]) -> int:
        """Record events of several orders, all or none, and return the last position."""
        orders = dict(self._orders)
        log = list(self._log)
        for entry in appends:
            before = orders.get(entry.order_id)
            stored = before.version if before else 0
            if stored != entry.expected_version:
                raise VersionConflict(entry.order_id, entry.expected_version, stored)
            for version, event in enumerate(entry.events, stored + 1):
                log.append(Recorded(len(log) + 1, entry.order_id, version, event, self.clock.now()))
            after = evolve_all(before, entry.events)
            if after is not None:
                orders[entry.order_id] = after
        self._changed |= {recorded.order_id: recorded.position for recorded in log[len(self._log) :]}
        self._log, self._orders = log, orders
        return len(log)

    def history(self, order_id: str) -> tuple[Recorded, ...]:
        """Return all events of an order, oldest first."""
        return tuple(recorded for recorded in self._log if recorded.order_id == order_id)

    def events(self, after: int = 0, limit: int = 1000) -> tuple[Recorded, ...]:
        """Return events beyond position ``after``, oldest first, at most ``limit``."""
        return tuple(self._log[after : after + limit])

    def orders(self, wanted: OrderFilter = EVERY_ORDER) -> tuple[Order, ...]:
        """Return orders as they stand, by plan date and id."""
        admitted = [order for order in self._orders.values() if wanted.admits(order)]
        if wanted.latest is not None:
            admitted.sort(key=lambda order: -self._changed[order.order_id])
            admitted = admitted[: wanted.latest]
        return sorted_orders(admitted)
