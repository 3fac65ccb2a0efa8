"""What an event makes of an order. Pure; never refuses. Not here: which events there are to be (``decide``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assets.kernel.errors import EquipoiseError
from assets.orders.events import (
    PARAMETERS,
    AmendmentDropped,
    ApprovalGiven,
    ApprovalRequired,
    ApprovalVoided,
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
    OrderRedirected,
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
)
from assets.orders.levels import not_taken
from assets.orders.order import (
    ENDED,
    TAKEN,
    Approval,
    Consent,
    Delivery,
    Former,
    Order,
    OrderStatus,
    believed,
    in_force,
    is_unmade,
    leaves_in_hand,
    planned,
    promises_too_much,
    shortage_text,
)
from assets.orders.receipts import Answer, Receipt, is_older, merged


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
            given = order.approval.given if order.approval else ()
            return replace(order, approval=Approval(approvers, rules, expires_on, why, given))
        case ApprovalGiven(_, _, by, given_on, expires_on, _):
            return _consented(order, Consent(by, given_on, expires_on))
        case OrderApproved(_, _, by):
            return replace(order, status=OrderStatus.APPROVED, status_reason=_approved_by(by))
        case ApprovalVoided(_, _, reason, void):
            return _reopened(order, reason, void)
        case OrderRejected(_, _, by, reason, note):
            said = _told(by, reason, note)
            return _declined(_ended(order, OrderStatus.REJECTED, said), f"revision {order.revision}: {said}")
        case OrderExpired(_, _, reason):
            return _declined(_ended(order, OrderStatus.EXPIRED, reason), order.person_decided)
        case OrderReserved(_, _, holds, expires_on):
            return replace(
                order, status=OrderStatus.RESERVED, status_reason="", holds=holds, holds_until=expires_on
            )  # fmt: skip
        case ReservationRefused(_, _, shortages):
            return replace(order, status_reason=shortage_text(shortages))
        case OrderIssued(_, _, gateway, key, by):
            delivery = Delivery(gateway, key, attempts=order.delivery.attempts if order.delivery else 0)
            return replace(order, status=OrderStatus.ISSUED, status_reason=f"issued by {by}", delivery=delivery)
        case SendBegun() | SendEnded():
            return _sent(order, event)
        case ReceiptRecorded(_, receipt, source):
            return _not_cancelled(_told_there(order, receipt, source), receipt, source)
        case CancelRequested(_, by, reason, note):
            return replace(order, cancel_reason=_told(by, reason, note), cancel_handed_over=False)
        case OrderCancelled(_, by, reason, note):
            said = _told(by, reason, note)
            return _declined(_ended(order, OrderStatus.CANCELLED, said), f"revision {order.revision}: {said}")
        case ResendRequested(_, _, by, reason):
            return _sent_again(order, _told(by, reason, ""))
        case OrderRedirected(_, _, gateway, _, _):
            # It keeps what is not known of it, so that it is asked for there before it is sent.
            return replace(order, delivery=replace(order.delivery, gateway=gateway)) if order.delivery else order
        case OrderClosed(_, reason):
            return replace(order, status=OrderStatus.CLOSED, status_reason=reason, former=None, unmade=None)
        case OrderCompensated(_, compensated_by, by, reason):
            said = _told(by, reason, f"by order {compensated_by}")
            return replace(
                _without_amendment(order), status=OrderStatus.COMPENSATED, status_reason=said,
                compensated_by=compensated_by,
            )  # fmt: skip


def _revised(order: Order, event: OrderRevised | OrderOverridden) -> Order:
    """Return an order with other content, which nobody has approved; what the other side has stays beside it."""
    former = order.former
    if former is None and in_force(order):
        former = Former(order.document, order.revision, order.holds, order.overridden_by)
    by: tuple[str, ...] = ()
    reason = ""
    if isinstance(event, OrderOverridden):
        by = (*(one for one in order.overridden_by if one != event.by), event.by)
        reason = _told(event.by, event.reason, event.note)
    return Order(
        event.document, event.revision, OrderStatus.PROPOSED, reason, order.version,
        overridden_by=by, planned_digest=planned(order) if by else "", former=former,
        declined_digest=order.declined_digest, person_decided="" if by else _decided_before(order),
        delivery=order.delivery if former else None, receipt=order.receipt if former else None,
        agreed_units=order.agreed_units if former else (),
    )  # fmt: skip


def _decided_before(order: Order) -> str:
    """Return what a person decided of an order that a plan changes now."""
    if order.overridden_by:
        return f"revision {order.revision} was {' and '.join(order.overridden_by)}'s"
    return order.person_decided


def _declined(order: Order, decided: str) -> Order:
    return replace(order, declined_digest=planned(order), person_decided=decided)


def _reopened(order: Order, reason: str, void: tuple[str, ...]) -> Order:
    approval = order.approval
    if approval is not None:
        approval = replace(approval, given=tuple(consent for consent in approval.given if consent.by not in void))
    return replace(
        order, status=OrderStatus.PROPOSED, status_reason=reason, approval=approval, holds=(), holds_until=None
    )


def _sent_again(order: Order, reason: str) -> Order:
    """Return an order that the other side lost, or lost the amendment of: what else it said then stands."""
    again = replace(order.delivery, lease_until=None, retry_at=None, uncertain=True) if order.delivery else None
    known = order.receipt if order.amendment_in_hand else None
    return replace(
        order, status=OrderStatus.ISSUED, status_reason=reason, receipt=known, unmade=None, amendment_in_hand=False,
        delivery=again,
    )  # fmt: skip


def _consented(order: Order, consent: Consent) -> Order:
    if order.approval is None:
        return order
    return replace(order, approval=replace(order.approval, given=(*order.approval.given, consent)))


def _ended(order: Order, status: OrderStatus, reason: str, *, withdrawn: bool = False) -> Order:
    return replace(order, status=status, status_reason=reason, holds=(), holds_until=None, withdrawn=withdrawn)


def _as_it_was(order: Order, document: Document, reason: str) -> Order:
    """Return an order whose amendment came to nothing, as the other side has it."""
    refused_there = order.status in (OrderStatus.ISSUED, OrderStatus.UNKNOWN)
    return replace(
        order, document=document, status=_status(order, order.receipt) if order.receipt else OrderStatus.ISSUED,
        status_reason=reason, holds=order.former.holds if order.former else (), holds_until=None, former=None,
        amendment_in_hand=False, overridden_by=order.former.overridden_by if order.former else (),
        planned_digest=planned(order) if order.overridden_by else "", withdrawn=False,
        declined_digest=planned(order) if refused_there else order.declined_digest,
        delivery=_at_rest(order.delivery),
    )  # fmt: skip


def _without_amendment(order: Order) -> Order:
    return _as_it_was(order, order.former.document, "") if order.former else order


def _sent(order: Order, event: SendBegun | SendEnded) -> Order:
    delivery = order.delivery
    if delivery is None:
        return order
    if isinstance(event, SendBegun):
        begun = replace(
            delivery, attempts=event.attempt, errand=event.errand, lease_until=event.lease_until, retry_at=None
        )
        return replace(order, delivery=begun)
    certain = event.outcome in (SendOutcome.NOT_SENT, SendOutcome.ABSENT)
    uncertain = not certain or (delivery.uncertain and event.outcome is not SendOutcome.ABSENT)
    after = replace(
        delivery, lease_until=None, retry_at=event.retry_at, detail=event.detail, uncertain=uncertain
    )  # fmt: skip
    if order.status not in (OrderStatus.ISSUED, OrderStatus.UNKNOWN):
        return replace(order, delivery=after)
    status = OrderStatus.UNKNOWN if uncertain else OrderStatus.ISSUED
    return replace(order, status=status, status_reason=event.detail, delivery=after)


def _told_there(order: Order, receipt: Receipt, source: str) -> Order:
    """Return an order after a statement; where a person takes it, whatever it says goes."""
    if leaves_in_hand(order, receipt):
        return replace(
            order, status=OrderStatus.ISSUED, status_reason=receipt.reason, unmade=None, amendment_in_hand=True,
            delivery=_at_rest(order.delivery),
        )  # fmt: skip
    levels = order.document.kind == PARAMETERS
    known = merged(order.receipt, believed(order, receipt), of_levels=levels)
    if source == TAKEN:
        return _taken(order, receipt, known)
    if is_unmade(order, receipt):
        return _of_unmade(order, receipt)
    if order.status is OrderStatus.CLOSED and not levels:
        return replace(order, receipt=known)
    return _confirmed(order, believed(order, receipt), known)


def _taken(order: Order, receipt: Receipt, known: Receipt) -> Order:
    """Return an order that goes by what the other side says, also where that is less than it said before."""
    older = order.receipt is not None and is_older(receipt, order.receipt)
    known = receipt if older else known
    if order.status is OrderStatus.CLOSED and order.document.kind != PARAMETERS and not older:
        return replace(order, receipt=known)
    if is_unmade(order, receipt):
        order = replace(order, revision=receipt.revision)
    if older:
        # With what it said before, it lost the wish to cancel: that is told again.
        order = replace(order, cancel_handed_over=False)
    seen = promises_too_much(order)
    after = _confirmed(order, believed(order, receipt), known)
    agreed = tuple((line.line_number, line.accepted_units) for line in known.lines)
    return replace(after, agreed_units=agreed) if seen else after


def _of_unmade(order: Order, receipt: Receipt) -> Order:
    """Return an order of which the other side has a revision that was never made here: it stays until that is settled.

    What a person had cancelled goes on there, and is asked to be cancelled once more.
    """
    why = (
        f"the other side has revision {receipt.revision}, and this ledger made {order.revision}: nothing of it is "
        f"sent; see `equipoise reconcile`"
    )
    handed_over = order.cancel_handed_over and order.status not in ENDED
    return replace(
        order, status=OrderStatus.UNKNOWN, status_reason=why, unmade=receipt, cancel_handed_over=handed_over,
        delivery=_at_rest(order.delivery),
    )  # fmt: skip


def _confirmed(order: Order, receipt: Receipt, known: Receipt) -> Order:
    over = known.answer in (Answer.REFUSED, Answer.CANCELLED, Answer.CLOSED)
    # News of an earlier revision says nothing of one that is on its way.
    spoken_of = over or max(receipt.revision, receipt.answered_revision) >= order.revision
    after = replace(
        order, receipt=known, unmade=None, delivery=_at_rest(order.delivery) if spoken_of else order.delivery
    )
    if over and known.revision < order.revision:
        # It ended as the other side had it: an amendment that it never went by ends with it.
        after = _without_amendment(after)
    if over or receipt.revision >= order.revision:
        reason = known.reason if known.answer is not Answer.ACCEPTED else _partly(after, known)
        status = _status(after, known)
        gone = status in (OrderStatus.FAILED, OrderStatus.CANCELLED)
        return replace(
            after, status=status, status_reason=reason, former=None, amendment_in_hand=False,
            holds=() if gone else after.holds, agreed_units=() if after.former else after.agreed_units,
        )  # fmt: skip
    # What it carries out while an amendment is on its way, which it may not have heard of; else that is the order.
    return after if order.former else replace(after, status=_status(order, known), delivery=_at_rest(order.delivery))


def _not_cancelled(order: Order, receipt: Receipt, source: str) -> Order:
    """Return an order that was asked to be cancelled: it goes on if goods have left, else the other side decides."""
    asked = source == Errand.CANCEL or order.cancel_handed_over
    if not order.cancel_reason or not asked or order.status in ENDED:
        return order
    if receipt.shipped_units:
        why = f"not cancelled: {receipt.reason or 'goods have left'}"
        return replace(order, cancel_reason="", cancel_handed_over=False, status_reason=why)
    return replace(order, cancel_handed_over=True, delivery=_at_rest(order.delivery))


def _at_rest(delivery: Delivery | None) -> Delivery | None:
    return replace(delivery, lease_until=None, retry_at=None, uncertain=False, detail="") if delivery else None


def _status(order: Order, receipt: Receipt) -> OrderStatus:
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
        case Answer.ACCEPTED if order.document.kind == PARAMETERS:
            # Nothing moves: with the acknowledgement all is done.
            return OrderStatus.CLOSED
        case Answer.ACCEPTED:
            arrived = all(line.received_units >= line.accepted_units for line in receipt.lines)
            if receipt.received_units and arrived:
                return OrderStatus.RECEIVED
            return OrderStatus.SHIPPED if receipt.shipped_units else OrderStatus.ACKNOWLEDGED


def _partly(order: Order, receipt: Receipt) -> str:
    asked = order.document.asked_units
    if order.document.kind == PARAMETERS:
        refused = not_taken(order.document, receipt)
        return (
            f"{len(refused)} of {len(order.document.lines)} levels not taken: {', '.join(refused)}" if refused else ""
        )
    if receipt.received_units > max(asked, receipt.accepted_units):
        return f"{receipt.received_units} units arrived, {asked} were asked for"
    if receipt.accepted_units > asked:
        return f"{receipt.accepted_units} units accepted, {asked} were asked for"
    if receipt.accepted_units < asked:
        return f"{receipt.accepted_units} of {asked} units accepted"
    if 0 < receipt.received_units < receipt.accepted_units:
        return f"{receipt.received_units} of {receipt.accepted_units} units arrived"
    return ""


def _approved_by(people: tuple[str, ...]) -> str:
    return f"approved by {' and '.join(people)}" if people else "approved by rule"


def _told(by: str, reason: str, note: str) -> str:
    return f"{reason}, by {by}" + (f": {note}" if note else "")
