"""What the ledger has issued, as a feed: so that it counts in the next plan until other feeds show it.

Commitments never return to planning as an edge between assets: they are landed as a batch of the business
date, with a time of their own, like what any other system says. Also what orders a plan's snapshot has
already taken out of its stock. Not here: how a feed's own lines and ours are told apart (``int_commitment``
in the dbt project), or when they are landed (orchestration).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator

import pandas as pd

from assets.feeds.contract import feed_table
from assets.feeds.envelope import Envelope, batch_available_at
from assets.feeds.landing import LandingArea, content_hash
from assets.kernel.clock import Clock
from assets.kernel.frames.feeds import COMMITMENTS
from assets.kernel.frames.marts import FCT_COMMITMENT
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.decide import decide
from assets.orders.events import PARAMETERS, Channel, Expire, OrderLine
from assets.orders.order import ENDED, UNSENT, Order, OrderStatus
from assets.orders.receipts import Answer, ReceiptLine
from assets.orders.store import OrderFilter, OrderStore

# A batch is known before its business date ends, and later editions of the day after earlier ones.
_BEFORE_THE_END = dt.timedelta(seconds=1)
_EDITION = dt.timedelta(microseconds=1)
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
    """Have the plan of the clock's date know every order of an earlier date that left, where no batch told it.

    Another machine may have landed it in a home of its own, or nobody came to it. The last word of the days before is
    said again, as of the day before: with the orders that it leaves out, and without those that it names and that came
    to nothing. What else happened since to orders that it names is not known to this plan date.

    Parameters
    ----------
    store, landing, profile, clock
        As ``land_commitments``.

    Returns
    -------
    Envelope or None
        Of the new batch; ``None`` where nothing is missing.
    """
    table, today = feed_table("ledger", "commitments"), clock.today()
    plan_date = profile.calendar.start_of_bucket(today)
    cutoff = profile.calendar.cutoff(plan_date)
    known = [batch for batch in landing.batches(table) if batch.available_at <= cutoff]
    said = _said(landing, known[-1]) if known else COMMITMENTS.empty()
    named = set(said["order_id"])
    live = OrderFilter(network=profile.name, channel=Channel.LIVE, planned_before=plan_date, going_on=True)
    earlier = store.orders(live)
    left = {order.order_id: order for order in earlier if is_commitment(order) and not _stays(order, today)}
    void = (named & {order.order_id for order in earlier}) - left.keys() | _came_to_nothing(store, named)
    missing = [order for order_id, order in left.items() if order_id not in named]
    if not missing and not void:
        return None
    frame = pd.concat([said[~said["order_id"].isin(void)], commitments_frame(missing)], ignore_index=True)
    return _landed(landing, COMMITMENTS.conform(frame), profile, plan_date - dt.timedelta(days=1))


def shown_orders(published: Published, plan_date: dt.date) -> frozenset[str]:
    """Return the orders whose goods the snapshot of a plan date does not count as available at their origin.

    They were committed by the plan's cutoff: either a shipment shows that the goods have left, or the position
    has taken them out. What such an order holds must not be taken from that stock a second time.

    Raises
    ------
    EquipoiseError
        If the plan date is not published.
    """
    return frozenset(published.read(FCT_COMMITMENT, plan_date)["order_id"])


def _landed(landing: LandingArea, frame: pd.DataFrame, profile: NetworkProfile, business_date: dt.date) -> Envelope:
    """Land a word of a business date after those that it has."""
    table = feed_table("ledger", "commitments")
    edition = sum(batch.business_date == business_date for batch in landing.batches(table))
    available_at = batch_available_at(table, business_date, profile.timezone) - _BEFORE_THE_END + edition * _EDITION
    return landing.land_frame(table, frame, business_date, available_at=available_at, edition=edition)


def _said(landing: LandingArea, batch: Envelope) -> pd.DataFrame:
    return COMMITMENTS.conform(pd.read_parquet(landing.directory(batch) / batch.files[0]))


def _stays(order: Order, today: dt.date) -> bool:
    """Tell whether an order in the outbox has missed its window and is not on the other side."""
    return order.former is None and bool(decide(order, Expire(today)))


def _came_to_nothing(store: OrderStore, order_ids: Collection[str]) -> set[str]:
    headers = store.headers(OrderFilter(order_ids=tuple(sorted(order_ids))))
    return {header.order_id for header in headers if header.status in _CAME_TO_NOTHING}


def _rows(order: Order) -> Iterator[dict[str, object]]:
    document, answered = order.standing, _answered(order)
    for line in document.lines:
        there = _as_asked(line) if answered is None else answered.get(line.line_number, _nothing(line))
        yield {
            "order_id": order.order_id,
            "line_number": line.line_number,
            "kind": document.kind,
            "item_id": line.item_id,
            "origin_id": document.origin_id,
            "destination_id": document.destination_id,
            "mode": line.mode,
            "accepted_units": there.accepted_units,
            "shipped_units": max(there.shipped_units, there.received_units),
            "received_units": there.received_units,
            "departure_date": pd.Timestamp(line.departure_date),
            "arrival_date": pd.Timestamp(line.arrival_date),
            "value_amount": _value(line, there.accepted_units),
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
