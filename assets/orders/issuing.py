"""From approved to the outbox, and what came too late: the steps between a decision and its sending.

Only orders of the clock's current plan date leave, from a plan that no gate has stopped since, and no more
than the outbox holds. Not here: who approves or pauses (``governance``), or the sending (``outbox``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assets.orders.answers import answer_each
from assets.orders.events import Channel, Close, Command, Expire, Issue
from assets.orders.gateways.port import Submission
from assets.orders.order import Order, OrderStatus, turn
from assets.orders.outbox import Holds
from assets.orders.store import OrderFilter, OrderStore

CAPACITY = 2000
"""Orders that the outbox holds; more wait until it has room."""
SETTLED_AFTER_DAYS = 14
"""Days after its last expected arrival in which more may be heard of an order that was received."""


@dataclass(frozen=True)
class Issued:
    """What went into the outbox, and what was kept back and why; by id."""

    issued: tuple[str, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)


def expire(store: OrderStore, network: str, today: dt.date, *, plan_date: dt.date, window_days: int) -> tuple[str, ...]:
    """End what was to be sent by now and certainly was not, and return the ids.

    Parameters
    ----------
    plan_date : date
        Of the bucket that holds today: orders of earlier ones leave no more.
    window_days : int
        Days from its plan date in which a proposal may leave whose rules were never asked.
    """
    orders = store.orders(OrderFilter(network=network, channel=Channel.LIVE, going_on=True))
    return answer_each(store, ((order, Expire(today, window_days, plan_date)) for order in orders))


def close(store: OrderStore, network: str, today: dt.date) -> tuple[str, ...]:
    """Close what arrived in full and of which nothing more was heard for a while, and return the ids."""
    received = store.orders(OrderFilter(network=network, status=OrderStatus.RECEIVED))
    settled = [order for order in received if (today - _last_arrival(order)).days >= SETTLED_AFTER_DAYS]
    return answer_each(
        store, ((order, Close(f"received, and settled for {SETTLED_AFTER_DAYS} days")) for order in settled)
    )


def _last_arrival(order: Order) -> dt.date:
    return max(line.arrival_date for line in order.document.lines)


def issue(
    store: OrderStore,
    orders: Iterable[Order],
    *,
    gateway: str,
    by: str,
    holds: Holds,
    capacity: int = CAPACITY,
) -> Issued:
    """Put reserved orders into the outbox in turn, as far as it has room.

    Parameters
    ----------
    orders : iterable of Order
        Reserved ones; others are left alone.
    gateway : str
        Which system they go to, as ``Gateway.address`` tells.
    by : str
        Who lets them go.
    holds : callable
        Why one may not leave now: a pause, a stopped plan, an approver who lost the role.
    capacity : int
        Orders that the outbox holds.
    """
    ready = [order for order in orders if order.status is OrderStatus.RESERVED]
    if not ready:
        return Issued()
    networks = {order.document.network for order in ready}
    room = capacity - sum(len(store.headers(OrderFilter(network=name, in_outbox=True))) for name in networks)
    going: list[tuple[Order, Command]] = []
    held: dict[str, str] = {}
    for order in sorted(ready, key=turn):
        why = holds(order) or ("" if len(going) < room else f"the outbox is full ({capacity} orders)")
        if why:
            held[order.order_id] = why
        else:
            key = Submission(order.document, order.revision).idempotency_key
            going.append((order, Issue(by, gateway, key)))
    return Issued(answer_each(store, going), held)
