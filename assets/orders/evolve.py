"""What an event makes of an order. Pure; never refuses. Not here: which events there are to be (``decide``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assets.kernel.errors import EquipoiseError
from assets.orders.events import (
    AmendmentDropped,
    ApprovalGiven,
    ApprovalRequired,
    CancelRequested,
    Document,
    Errand,
    Event,
    OrderApproved,
    OrderCancelled,
    OrderClosed,
    OrderCompensated,
    OrderExpired,
    OrderIssued,
    OrderOverridden,
    OrderProposed,
    OrderRejected,
    OrderReserved,
    OrderRevised,
    OrderWithdrawn,
    ReceiptRecorded,
    ResendRequested,
    ReservationRefused,
    SendBegun,
    SendEnded,
    SendOutcome,
    Shortage,
)
from assets.orders.order import ENDED, UNDER_WAY, Approval, Consent, Delivery, Former, Order, OrderStatus, planned
from assets.orders.receipts import Answer, Receipt, merged


def evolve(order: Order | None, event: Event) -> Order:
    """Return the order after an event."""
    if isinstance(event, OrderProposed):
        return Order(event.document, 1, OrderStatus.PROPOSED)
    if order is None:
        # A history that was cut: the content is there, and it counts from here.
        if isinstance(event, OrderRevised | OrderOverridden):
            return Order(event.document, event.revision, OrderStatus.PROPOSED)
        raise EquipoiseError("there is no such order", where="order ledger", remedy="List them with `equipoise orders`")
    return replace(_after(order, event), version=order.version + 1)


def evolve_all(order: Order | None, events: Iterable[Event]) -> Order | None:
    """Return the order after events in sequence; ``None`` if there never was one."""
    for event in events:
        order = evolve(order, event)
    return order


def _after(order: Order, event: Event) -> Order:
    match event:
        case OrderProposed(document):
            return Order(document, 1, OrderStatus.PROPOSED)
        case OrderRevised():
            return _revised(order, event)
        case OrderOverridden():
            return _revised(order, event)
        case AmendmentDropped(document, reason):
            return _as_it_was(order, document, reason)
        case OrderWithdrawn(_, reason, _):
            return _ended(order, OrderStatus.CANCELLED, reason, withdrawn=True)
        case ApprovalRequired(_, _, approvers, rules, expires_on, why):
            return replace(order, approval=Approval(approvers, rules, expires_on, why))
        case ApprovalGiven(_, _, by, given_on, expires_on, _):
            return _consented(order, Consent(by, given_on, expires_on))
        case OrderApproved(_, _, by):
            return replace(order, status=OrderStatus.APPROVED, status_reason=_approved_by(by))
        case OrderRejected(_, _, by, reason, note):
            return _ended(order, OrderStatus.REJECTED, _told(by, reason, note))
        case OrderExpired(_, _, reason):
            return _ended(order, OrderStatus.EXPIRED, reason)
        case OrderReserved(_, _, holds, expires_on):
            return replace(
                order, status=OrderStatus.RESERVED, status_reason="", holds=holds, holds_until=expires_on
            )  # fmt: skip
        case ReservationRefused(_, _, shortages):
            return replace(order, status_reason="; ".join(_short(shortage) for shortage in shortages))
        case OrderIssued(_, _, gateway, key, by):
            delivery = Delivery(gateway, key, attempts=order.delivery.attempts if order.delivery else 0)
            return replace(order, status=OrderStatus.ISSUED, status_reason=f"issued by {by}", delivery=delivery)
        case SendBegun() | SendEnded():
            return _sent(order, event)
        case ReceiptRecorded(_, receipt, source):
            return _not_cancelled(_confirmed(order, receipt), receipt, source)
        case CancelRequested(_, by, reason, note):
            return replace(order, cancel_reason=_told(by, reason, note))
        case OrderCancelled(_, by, reason, note):
            return _ended(order, OrderStatus.CANCELLED, _told(by, reason, note))
        case ResendRequested(_, _, by, reason):
            again = replace(order.delivery, lease_until=None, retry_at=None, uncertain=True) if order.delivery else None
            return replace(
                order, status=OrderStatus.ISSUED, status_reason=_told(by, reason, ""), receipt=None, delivery=again
            )
        case OrderClosed(_, reason):
            return replace(order, status=OrderStatus.CLOSED, status_reason=reason, holds=(), former=None)
        case OrderCompensated(_, compensated_by, by, reason):
            return replace(
                order, status=OrderStatus.COMPENSATED, status_reason=_told(by, reason, f"by order {compensated_by}"),
                holds=(), former=None, compensated_by=compensated_by,
            )  # fmt: skip


def _revised(order: Order, event: OrderRevised | OrderOverridden) -> Order:
    """Return an order with other content, which nobody has approved; what the other side has stays beside it."""
    former = order.former
    if former is None and order.status in UNDER_WAY:
        former = Former(order.document, order.revision, order.holds)
    by, reason = "", ""
    if isinstance(event, OrderOverridden):
        by, reason = event.by, _told(event.by, event.reason, event.note)
    return Order(
        event.document, event.revision, OrderStatus.PROPOSED, reason, order.version,
        overridden_by=by, planned_digest=planned(order) if by else "", former=former,
        delivery=order.delivery if former else None, receipt=order.receipt if former else None,
    )  # fmt: skip


def _consented(order: Order, consent: Consent) -> Order:
    if order.approval is None:
        return order
    return replace(order, approval=replace(order.approval, given=(*order.approval.given, consent)))


def _ended(order: Order, status: OrderStatus, reason: str, *, withdrawn: bool = False) -> Order:
    return replace(order, status=status, status_reason=reason, holds=(), holds_until=None, withdrawn=withdrawn)


def _as_it_was(order: Order, document: Document, reason: str) -> Order:
    """Return an order whose amendment came to nothing, as the other side has it."""
    return replace(
        order, document=document, status=_status(order.receipt) if order.receipt else OrderStatus.ISSUED,
        status_reason=reason, holds=order.former.holds if order.former else (), holds_until=None, former=None,
        overridden_by="", planned_digest=planned(order) if order.overridden_by else "", withdrawn=False,
        delivery=_at_rest(order.delivery),
    )  # fmt: skip


def _sent(order: Order, event: SendBegun | SendEnded) -> Order:
    delivery = order.delivery
    if delivery is None:
        return order
    if isinstance(event, SendBegun):
        begun = replace(
            delivery, attempts=event.attempt, errand=event.errand, lease_until=event.lease_until, retry_at=None
        )
        return replace(order, delivery=begun)
    uncertain = event.outcome is not SendOutcome.NOT_SENT or delivery.uncertain
    after = replace(
        delivery, lease_until=None, retry_at=event.retry_at, detail=event.detail, uncertain=uncertain
    )  # fmt: skip
    if order.status not in (OrderStatus.ISSUED, OrderStatus.UNKNOWN):
        return replace(order, delivery=after)
    status = OrderStatus.UNKNOWN if uncertain else OrderStatus.ISSUED
    return replace(order, status=status, status_reason=event.detail, delivery=after)


def _confirmed(order: Order, receipt: Receipt) -> Order:
    known = merged(order.receipt, receipt)
    delivery = _at_rest(order.delivery)
    after = replace(order, receipt=known, delivery=delivery)
    if known.answer in (Answer.REFUSED, Answer.CANCELLED, Answer.CLOSED) or receipt.revision >= order.revision:
        reason = known.reason if known.answer is not Answer.ACCEPTED else _partly(order, known)
        status = _status(known)
        ended = status in (OrderStatus.FAILED, OrderStatus.CANCELLED, OrderStatus.CLOSED)
        return replace(
            after, status=status, status_reason=reason, former=None, holds=() if ended else order.holds
        )  # fmt: skip
    if order.former is None:
        return replace(after, status=_status(known))
    # What it carries out while an amendment is on its way, which it may not have heard of.
    return replace(after, status=OrderStatus.ISSUED) if order.status is OrderStatus.UNKNOWN else after


def _not_cancelled(order: Order, receipt: Receipt, source: str) -> Order:
    """Return the order; if it was asked to be cancelled and is not, it goes on and says so."""
    if source != Errand.CANCEL or order.status in ENDED:
        return order
    return replace(order, cancel_reason="", status_reason=f"not cancelled: {receipt.reason or 'no reason given'}")


def _at_rest(delivery: Delivery | None) -> Delivery | None:
    return replace(delivery, lease_until=None, retry_at=None, uncertain=False, detail="") if delivery else None


def _status(receipt: Receipt) -> OrderStatus:
    match receipt.answer:
        case Answer.PENDING:
            return OrderStatus.ISSUED
        case Answer.REFUSED:
            return OrderStatus.FAILED
        case Answer.CANCELLED:
            # What left cannot be called back: the rest is.
            return OrderStatus.CLOSED if receipt.shipped_units else OrderStatus.CANCELLED
        case Answer.CLOSED:
            return OrderStatus.CLOSED
        case Answer.ACCEPTED:
            arrived = all(line.received_units >= line.accepted_units for line in receipt.lines)
            if receipt.received_units and arrived:
                return OrderStatus.RECEIVED
            return OrderStatus.SHIPPED if receipt.shipped_units else OrderStatus.ACKNOWLEDGED


def _partly(order: Order, receipt: Receipt) -> str:
    asked = order.document.quantity_units
    if receipt.received_units > max(asked, receipt.accepted_units):
        return f"{receipt.received_units} units arrived, {asked} were asked for"
    if receipt.accepted_units < asked:
        return f"{receipt.accepted_units} of {asked} units accepted"
    if 0 < receipt.received_units < receipt.accepted_units:
        return f"{receipt.received_units} of {receipt.accepted_units} units arrived"
    return ""


def _approved_by(people: tuple[str, ...]) -> str:
    return f"approved by {' and '.join(people)}" if people else "approved by rule"


def _told(by: str, reason: str, note: str) -> str:
    return f"{reason}, by {by}" + (f": {note}" if note else "")


def _short(shortage: Shortage) -> str:
    holders = f", {', '.join(shortage.holders)} hold the rest" if shortage.holders else ""
    return (
        f"{shortage.site_id} has {shortage.left_units} of the {shortage.wanted_units} units of "
        f"{shortage.item_id} left{holders}"
    )
