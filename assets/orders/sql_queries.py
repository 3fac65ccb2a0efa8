"""Questions to the view of orders on SQL: which ones a filter admits, whole or without their lines.

Not here: making the view (``sql_projection``), or connections and transactions (``sql_store``).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from assets.orders.codec import Codec
from assets.orders.events import Channel
from assets.orders.handling import Handling, handling
from assets.orders.headers import OrderHeader
from assets.orders.order import Order, OrderStatus
from assets.orders.sql_projection import chunks, order_of, orders_by_id, with_content
from assets.orders.sql_schema import EVENTS, ORDERS
from assets.orders.store import OrderFilter

_HANDLED = (
    ORDERS.c.order_id, ORDERS.c.plan_date, ORDERS.c.destination_id, ORDERS.c.value_amount, ORDERS.c.status,
)  # fmt: skip
_HEADER = [ORDERS.c[column.name] for column in fields(OrderHeader)]


def whole_orders(connection: sa.Connection, wanted: OrderFilter, codec: Codec) -> list[Order]:
    """Return the orders that a filter admits, in any order."""
    query = matching(with_content(), wanted)
    if wanted.order_ids is not None:
        return orders_by_id(connection, wanted.order_ids, codec, query)
    return [order_of(row, codec) for row in connection.execute(query)]


def headers(connection: sa.Connection, wanted: OrderFilter) -> list[OrderHeader]:
    """Return the headers of the orders that a filter admits, in any order; no event is read."""
    query = matching(sa.select(*_HEADER), wanted)
    if wanted.order_ids is None:
        return [_header(row) for row in connection.execute(query)]
    return [
        _header(row)
        for chunk in chunks(wanted.order_ids)
        for row in connection.execute(query.where(ORDERS.c.order_id.in_(chunk)))
    ]


def handlings(connection: sa.Connection, wanted: OrderFilter) -> list[Handling]:
    """Return what people did to the orders that a filter admits, in any order; no event is read."""
    query = matching(sa.select(*_HANDLED, ORDERS.c.state), wanted)
    if wanted.order_ids is not None:
        query = query.where(ORDERS.c.order_id.in_(wanted.order_ids))
    return [_handling(row) for row in connection.execute(query)]


def matching(query: sa.Select[Any], wanted: OrderFilter) -> sa.Select[Any]:
    """Return a query of the view narrowed to what a filter admits, ids aside."""
    for column, value in (
        (ORDERS.c.network, wanted.network),
        (ORDERS.c.plan_date, wanted.plan_date),
        (ORDERS.c.channel, wanted.channel),
        (ORDERS.c.kind, wanted.kind),
        (ORDERS.c.status, wanted.status),
    ):
        query = query if value is None else query.where(column == value)
    if wanted.going_on:
        query = query.where(ORDERS.c.going_on)
    if wanted.in_outbox:
        query = query.where(ORDERS.c.in_outbox)
    if wanted.planned_before is not None:
        query = query.where(ORDERS.c.plan_date < wanted.planned_before)
    if wanted.changed_after is not None:
        query = query.where(ORDERS.c.position > wanted.changed_after)
    if wanted.planned_after is not None:
        query = query.where(ORDERS.c.plan_date > wanted.planned_after)
    if wanted.silent_since is not None:
        last = EVENTS.alias("last_event")  # the query itself may read the event that holds the content
        its = sa.and_(last.c.stream == ORDERS.c.order_id, last.c.version == ORDERS.c.version)
        heard = sa.select(last.c.recorded_at).where(its).correlate(ORDERS).scalar_subquery()
        query = query.where(heard < wanted.silent_since.astimezone(dt.UTC).replace(tzinfo=None))
    if wanted.latest is not None:
        query = query.order_by(ORDERS.c.position.desc()).limit(wanted.latest)
    return query


def _handling(row: sa.Row[Any]) -> Handling:
    order_id, plan_date, destination_id, value, status, state = tuple(row)
    return handling(order_id, plan_date, destination_id, Decimal(value), OrderStatus(status), json.loads(state))


def _header(row: sa.Row[Any]) -> OrderHeader:
    (
        order_id, network, plan_date, channel, kind, origin_id, destination_id, units, value, gain, status, reason,
        revision, version,
    ) = tuple(row)  # fmt: skip
    return OrderHeader(
        order_id, network, plan_date, Channel(channel), kind, origin_id, destination_id, units, Decimal(value),
        Decimal(gain), OrderStatus(status), reason, revision, version,
    )  # fmt: skip
