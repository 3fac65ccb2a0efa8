"""An order without its lines: what a list of orders shows. Not here: the whole order (``order``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from assets.orders.events import Channel
from assets.orders.order import Order, OrderStatus


@dataclass(frozen=True)
class OrderHeader:
    """One order in a list.

    Attributes
    ----------
    value_amount, gain_amount : Decimal
        Over all lines, in the network's currency.
    revision, version : int
        Of its content, and events applied.
    """

    order_id: str
    network: str
    plan_date: dt.date
    channel: Channel
    kind: str
    origin_id: str
    destination_id: str
    quantity_units: int
    value_amount: Decimal
    gain_amount: Decimal
    status: OrderStatus
    status_reason: str
    revision: int
    version: int


def header_of(order: Order) -> OrderHeader:
    """Return an order without its lines."""
    document = order.document
    return OrderHeader(
        order.order_id, document.network, document.plan_date, document.channel, document.kind, document.origin_id,
        document.destination_id, document.quantity_units, document.value_amount, document.gain_amount, order.status,
        order.status_reason, order.revision, order.version,
    )  # fmt: skip


def sorted_headers(headers: Iterable[OrderHeader]) -> tuple[OrderHeader, ...]:
    """Return headers by plan date and id, as orders are listed."""
    return tuple(sorted(headers, key=lambda header: (header.plan_date, header.order_id)))
