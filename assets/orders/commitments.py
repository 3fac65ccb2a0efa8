"""What the ledger has issued, as a feed: so that it counts in the next plan until other feeds show it.

Commitments never return to planning as an edge between assets: they are landed as a batch of the business
date, with a time of their own, like what any other system says. Also what orders a plan's snapshot has
already taken out of its stock. Not here: how a feed's own lines and ours are told apart (``int_commitment``
in the dbt project), or when they are landed (orchestration).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import pandas as pd

from assets.feeds.contract import feed_table
from assets.feeds.envelope import Envelope, batch_available_at, end_of_day
from assets.feeds.landing import LandingArea, content_hash
from assets.kernel.clock import Clock, DeclaredClock
from assets.kernel.frames.feeds import COMMITMENTS
from assets.kernel.frames.marts import FCT_COMMITMENT
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.decide import decide
from assets.orders.events import PARAMETERS, Channel, Event, Expire, OrderLine
from assets.orders.evolve import evolve
from assets.orders.order import ENDED, UNSENT, Order, OrderStatus, promises_too_much
from assets.orders.receipts import Answer, ReceiptLine
from assets.orders.store import OrderFilter, OrderStore, Stock

# A batch is known before its business date ends, and later editions of the day after earlier ones.
_BEFORE_THE_END = dt.timedelta(seconds=1)
_EDITION = dt.timedelta(microseconds=1)
_PAGE = 2000
"""Orders that ended last are looked through so many at first, and then twice as many until that finds no more."""
_MAY_HAVE_MOVED = (OrderStatus.CLOSED, OrderStatus.COMPENSATED)
_CAME_TO_NOTHING = frozenset({OrderStatus.EXPIRED, OrderStatus.FAILED, OrderStatus.CANCELLED})


def is_commitment(order: Order) -> bool:
    """Tell whether the other side has something of an order, or is about to, and it is not over.

    Levels commit to nothing: what an ERP orders by them, it tells itself.
    """
    if order.status in ENDED or order.document.kind == PARAMETERS:
        return False
    return order.former is not None or order.status not in UNSENT


def commitments_frame(orders: Iterable[Order]) -> pd.DataFrame:
    """Return COMMITMENTS: the lines of orders that were issued and are not over, as they stand outside.

    While an amendment is on its way, that is what the other side had before it.

    Parameters
    ----------
    orders : iterable of Order
        Any; those that nobody outside knows of, or that are over, are left out.
    """
    rows = [row for order in orders if is_commitment(order) for row in _rows(order)]
    return COMMITMENTS.conform(pd.DataFrame(rows)) if rows else COMMITMENTS.empty()


def land_commitments(store: OrderStore, landing: LandingArea, profile: NetworkProfile, clock: Clock) -> Envelope | None:
    """Land what the network's ledger is committed to as a batch of the clock's business date, if it changed.

    A plan of a later date counts it; one of that date or an earlier one never does, however often it is made.

    Parameters
    ----------
    store : OrderStore
        The ledger.
    landing : LandingArea
        Of the network.
    profile : NetworkProfile
        Its name and time zone.
    clock : Clock
        The network's; its date is the business date.

    Returns
    -------
    Envelope or None
        Of the new batch; ``None`` where the ledger says what it last said, or never issued anything.
    """
    table, business_date = feed_table("ledger", "commitments"), clock.today()
    frame = commitments_frame(store.orders(OrderFilter(network=profile.name, going_on=True)))
    said = landing.batches(table)
    if said and said[-1].content_hash == content_hash(table, frame):
        return None
    if not said and frame.empty:
        return None
    return _landed(landing, frame, profile, business_date)


def land_missing(store: OrderStore, landing: LandingArea, profile: NetworkProfile, clock: Clock) -> Envelope | None:
    """Have the plan of the clock's date know what was committed to as its day began, where no batch tells it.

    Another machine may have landed it in a home of its own, or nobody came to it. Orders of earlier dates are told as
    they stood when the day before ended, as its stock is: without those that came to nothing since, or cannot leave
    any more, and with those that left since, as they left. What else happened since is not known to this plan date.
    Where the network's date is declared the ledger's times are of other days: what was last said of an order stands.

    Parameters
    ----------
    store, landing, profile, clock
        As ``land_commitments``.

    Returns
    -------
    Envelope or None
        Of the new batch; ``None`` where nothing is missing.
    """
    table = feed_table("ledger", "commitments")
    plan_date = profile.calendar.start_of_bucket(clock.today())
    cutoff = profile.calendar.cutoff(plan_date)
    known = [batch for batch in landing.batches(table) if batch.available_at <= cutoff]
    said = _said(landing, known[-1]) if known else COMMITMENTS.empty()
    earlier = OrderFilter(network=profile.name, channel=Channel.LIVE, planned_before=plan_date)
    began = None if isinstance(clock, DeclaredClock) else end_of_day(plan_date - dt.timedelta(days=1), profile.timezone)
    orders = _orders(store, earlier, said["order_id"], began)
    left = [one for one in orders if one.status not in _CAME_TO_NOTHING and not _stays(one, clock.today(), plan_date)]
    if began is None:
        stands = said[said["order_id"].isin({order.order_id for order in left})]
        missing = [order for order in left if order.order_id not in set(said["order_id"])]
        frame = COMMITMENTS.conform(pd.concat([stands, commitments_frame(missing)], ignore_index=True))
    else:
        frame = commitments_frame(_at(began, store, left))
    if content_hash(table, frame) == content_hash(table, said):
        return None
    return _landed(landing, frame, profile, plan_date - dt.timedelta(days=1))


def shown_orders(published: Published, plan_date: dt.date) -> dict[str, dict[Stock, int]]:
    """Return, by order, the units that the snapshot of a plan date does not count as available at their origin.

    They were promised by the end of the day before: either a shipment shows that the goods have left, or the position
    has taken them out. They must not be taken from that stock a second time, and what the order holds beyond them
    must: an amendment that is on its way, or a promise that rose since.

    Raises
    ------
    EquipoiseError
        If the plan date is not published.
    """
    told = published.read(FCT_COMMITMENT, plan_date)
    columns = (told[name].tolist() for name in ("order_id", "source_id", "item_id", "promised_units"))
    shown: dict[str, dict[Stock, int]] = {}
    for order_id, source_id, item_id, units in zip(*columns, strict=True):
        stocks = shown.setdefault(order_id, {})
        stocks[source_id, item_id] = stocks.get((source_id, item_id), 0) + units
    return shown


def _landed(landing: LandingArea, frame: pd.DataFrame, profile: NetworkProfile, business_date: dt.date) -> Envelope:
    """Land a word of a business date after those that it has."""
    table = feed_table("ledger", "commitments")
    edition = sum(batch.business_date == business_date for batch in landing.batches(table))
    available_at = batch_available_at(table, business_date, profile.timezone) - _BEFORE_THE_END + edition * _EDITION
    return landing.land_frame(table, frame, business_date, available_at=available_at, edition=edition)


def _said(landing: LandingArea, batch: Envelope) -> pd.DataFrame:
    return COMMITMENTS.conform(pd.read_parquet(landing.directory(batch) / batch.files[0]))


def _orders(store: OrderStore, earlier: OrderFilter, named: Iterable[str], since: dt.datetime | None) -> list[Order]:
    """Return orders that go on, and of those that have ended the named ones and those that moved and ended since."""
    going_on = store.orders(replace(earlier, going_on=True))
    ended = [_ended(store, replace(earlier, status=one), since) for one in _MAY_HAVE_MOVED] if since else []
    over = {*named}.union(*ended) - {order.order_id for order in going_on}
    return [*going_on, *(store.orders(replace(earlier, order_ids=tuple(sorted(over)))) if over else ())]


def _ended(store: OrderStore, wanted: OrderFilter, since: dt.datetime) -> set[str]:
    """Return the orders of a status that were heard of since a time."""
    found: set[str] | None = None
    latest = _PAGE
    while True:
        page = replace(wanted, latest=latest)
        last = {one.order_id for one in store.headers(page)}
        heard = last - {one.order_id for one in store.headers(replace(page, silent_since=since))}
        # A host whose clock is behind puts a quiet one before others: one that is met ends nothing.
        if heard == found or len(last) < latest:
            return heard
        found, latest = heard, 2 * latest


def _at(time: dt.datetime, store: OrderStore, orders: list[Order]) -> list[Order]:
    """Return orders as they stood at a time; those that were no commitment by then as they left after it."""
    order_ids = tuple(sorted(order.order_id for order in orders))
    quiet = store.headers(OrderFilter(order_ids=order_ids, silent_since=time)) if orders else ()
    as_they_stand = {header.order_id for header in quiet}
    return [one if one.order_id in as_they_stand else _stood(store, one, time) for one in orders]


def _stood(store: OrderStore, now: Order, time: dt.datetime) -> Order:
    """Return an order as it stood at a time; if it was no commitment by then, as it became one, or as it is."""
    order = None
    for recorded in store.history(now.order_id):
        if recorded.recorded_at > time and order is not None and (is_commitment(order) or order.status in ENDED):
            return order
        order = evolve(order, cast(Event, recorded.event))
    return now


def _stays(order: Order, today: dt.date, plan_date: dt.date) -> bool:
    """Tell whether an order in the outbox leaves no more and is not on the other side."""
    return order.former is None and bool(decide(order, Expire(today, plan_date=plan_date)))


def _rows(order: Order) -> Iterator[dict[str, object]]:
    document, answered = order.standing, _answered(order)
    # What is promised beyond that counts once it moves, or once somebody has agreed to it.
    more_than_asked = promises_too_much(order)
    for line in document.lines:
        there = _as_asked(line) if answered is None else answered.get(line.line_number, _nothing(line))
        promised = min(there.accepted_units, line.quantity_units) if more_than_asked else there.accepted_units
        yield {
            "order_id": order.order_id,
            "line_number": line.line_number,
            "kind": document.kind,
            "item_id": line.item_id,
            "origin_id": document.origin_id,
            "destination_id": document.destination_id,
            "mode": line.mode,
            "accepted_units": promised,
            "shipped_units": max(there.shipped_units, there.received_units),
            "received_units": there.received_units,
            "departure_date": pd.Timestamp(line.departure_date),
            "arrival_date": pd.Timestamp(line.arrival_date),
            "value_amount": _value(line, promised),
        }


def _answered(order: Order) -> dict[int, ReceiptLine] | None:
    """Return what the other side says of each line; ``None`` while it has not answered."""
    if order.receipt is None or order.receipt.answer is Answer.PENDING:
        return None
    return {line.line_number: line for line in order.receipt.lines}


def _as_asked(line: OrderLine) -> ReceiptLine:
    return ReceiptLine(line.line_number, line.quantity_units)


def _nothing(line: OrderLine) -> ReceiptLine:
    """Return what an answer says that does not name the line: that it was not accepted."""
    return ReceiptLine(line.line_number, 0)


def _value(line: OrderLine, units: int) -> float:
    return float(line.value_amount * units / line.quantity_units) if line.quantity_units else 0.0
