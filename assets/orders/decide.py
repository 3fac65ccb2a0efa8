"""What a command leads to, and which the rules refuse. Pure. Not here: what events make of an order (``evolve``)."""

from __future__ import annotations

import datetime as dt

from assets.kernel.errors import EquipoiseError
from assets.orders.events import (
    NEVER_SENT,
    PARAMETERS,
    AmendmentDropped,
    ApprovalGiven,
    ApprovalRequired,
    ApprovalVoided,
    Approve,
    BeginSend,
    Cancel,
    CancelRequested,
    Close,
    Command,
    Compensate,
    Confirm,
    EndSend,
    Errand,
    Event,
    Expire,
    Issue,
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
    Override,
    Propose,
    ReceiptRecorded,
    Redirect,
    RefuseReservation,
    Reject,
    Reopen,
    Require,
    Resend,
    ResendRequested,
    ReservationRefused,
    Reserve,
    SendBegun,
    SendEnded,
    SendOutcome,
    Withdraw,
)
from assets.orders.order import (
    ENDED,
    IN_OUTBOX,
    TAKEN,
    UNDER_WAY,
    UNSENT,
    Order,
    OrderStatus,
    believed,
    certainly_here,
    errand_of,
    in_force,
    is_unmade,
    leaves_in_hand,
    planned,
    promises_too_much,
    shortage_text,
)
from assets.orders.receipts import Answer, Receipt, is_older, merged

_ASKED = frozenset({Errand.SUBMIT.value, Errand.CANCEL.value, "find", TAKEN})
"""Sources of statements that are answers, and so not late."""
_APPROVED = frozenset({OrderStatus.APPROVED, OrderStatus.RESERVED})


def decide(order: Order | None, command: Command) -> tuple[Event, ...]:
    """Return the events that a command leads to; none if nothing changes.

    Raises
    ------
    EquipoiseError
        If the rules refuse the command.
    """
    if isinstance(command, Propose):
        return _propose(order, command)
    if order is None:
        raise EquipoiseError("there is no such order", where="order ledger", remedy="List them with `equipoise orders`")
    if order.document.channel in NEVER_SENT and not isinstance(command, Withdraw):
        raise _refused(
            order,
            f"a document of channel {order.document.channel} goes no further",
            "Plan the current date inside its window",
        )
    return _answered(order, command)


def _answered(order: Order, command: Command) -> tuple[Event, ...]:
    match command:
        case Withdraw():
            return _withdraw(order, command)
        case Override():
            return _override(order, command)
        case Require():
            return _require(order, command)
        case Approve():
            return _approve(order, command)
        case Reject(by, reason, note):
            _must_be(order, UNSENT, "only what was not sent can be rejected", "Cancel it with `equipoise cancel`")
            return _over(order, OrderRejected(order.order_id, order.revision, by, reason, note), f"rejected by {by}")
        case Expire():
            return _expire(order, command)
        case Reopen(reason, void):
            if not certainly_here(order) or order.cancel_reason:
                _must_be(order, _APPROVED, "only what was approved and has not left is opened again", "Cancel it")
            return (ApprovalVoided(order.order_id, order.revision, reason, void),)
        case Reserve(holds, expires_on):
            _must_be(order, {OrderStatus.APPROVED}, "only an approved order reserves stock", "Have it approved first")
            return (OrderReserved(order.order_id, order.revision, holds, expires_on),)
        case RefuseReservation(shortages):
            _must_be(order, {OrderStatus.APPROVED}, "only an approved order reserves stock", "Have it approved first")
            if order.status_reason == shortage_text(shortages):
                return ()
            return (ReservationRefused(order.order_id, order.revision, shortages),)
        case Issue():
            return _issue(order, command)
        case BeginSend():
            return _begin_send(order, command)
        case EndSend():
            return _end_send(order, command)
        case Confirm():
            return _confirm(order, command)
        case Cancel():
            return _cancel(order, command)
        case Resend():
            return _resend(order, command)
        case Redirect(gateway, by, reason):
            delivery = order.delivery
            if delivery is None or delivery.gateway == gateway:
                raise _refused(order, "it was not issued to another gateway", "See `equipoise reconcile`")
            return (OrderRedirected(order.order_id, order.revision, gateway, by, reason),)
        case Close(reason):
            if order.status is OrderStatus.CLOSED:
                return ()
            if order.unmade is None:
                _must_be(order, UNDER_WAY, "only what the other side carries out can be closed", "Cancel it instead")
            return (OrderClosed(order.order_id, reason),)
        case Compensate(compensated_by, by, reason):
            moved = order.receipt is not None and order.receipt.shipped_units > 0
            if not moved or order.status is OrderStatus.COMPENSATED:
                raise _refused(order, "only what has moved is compensated", "Cancel it with `equipoise cancel`")
            return (OrderCompensated(order.order_id, compensated_by, by, reason),)
    raise AssertionError(command)


def _propose(order: Order | None, command: Propose) -> tuple[Event, ...]:
    document = command.document
    if order is None:
        return (OrderProposed(document),)
    if order.document.identity != document.identity:
        raise EquipoiseError(
            f"{order.document.identity} and {document.identity} have the same order id",
            where=f"order {document.order_id}",
            remedy="Report it: the digest of order ids is too short",
        )
    if document.content_digest in (order.document.content_digest, planned(order)) and not order.withdrawn:
        return ()
    if document.content_digest == order.declined_digest:
        return ()
    if order.former is not None and order.former.document.content_digest == document.content_digest:
        return (AmendmentDropped(order.former.document, "a later plan wants what was sent"),) if _open(order) else ()
    return (OrderRevised(document, order.revision + 1),) if _revisable(order) else ()


def _open(order: Order) -> bool:
    return order.status in UNSENT


def _revisable(order: Order) -> bool:
    """Tell whether a plan may still change an order: not on its way, nothing moved, nobody asked to cancel it."""
    if order.status in IN_OUTBOX or (order.cancel_reason and order.status not in ENDED):
        return False
    if order.receipt is not None and order.receipt.shipped_units:
        return False
    if in_force(order):
        return order.status in (OrderStatus.ACKNOWLEDGED, OrderStatus.CLOSED)
    return order.status not in (OrderStatus.CLOSED, OrderStatus.COMPENSATED)


def _withdraw(order: Order, command: Withdraw) -> tuple[Event, ...]:
    # What was sent is not called back by a plan: a person cancels it.
    if not _open(order):
        return ()
    return _over(order, OrderWithdrawn(order.order_id, command.reason, command.run_id), command.reason)


def _override(order: Order, command: Override) -> tuple[Event, ...]:
    document = command.document
    if document.identity != order.document.identity:
        raise _refused(order, "an override changes lines, not what the order is", "Change quantities only")
    if document.content_digest == order.document.content_digest:
        return ()
    _must_be(order, UNSENT, "only what was not sent can be changed", "Cancel it with `equipoise cancel`")
    changed = OrderOverridden(document, order.revision + 1, command.by, command.reason, command.note)
    return (changed,)


def _over(order: Order, event: Event, reason: str) -> tuple[Event, ...]:
    """Return an end of what was not sent; of an amendment, with what the other side has as the content again."""
    if order.former is None:
        return (event,)
    return (event, AmendmentDropped(order.former.document, f"amendment {order.revision}: {reason}"))


def _require(order: Order, command: Require) -> tuple[Event, ...]:
    if order.status is not OrderStatus.PROPOSED:
        return ()
    before = order.approval
    if before and (before.approvers, before.rules) == (command.approvers, command.rules):
        return ()
    given = tuple(consent.by for consent in before.given) if before else ()
    asked = ApprovalRequired(
        order.order_id, order.revision, command.approvers, command.rules, command.expires_on, command.why
    )
    if len(given) < command.approvers:
        return (asked,)
    return (asked, OrderApproved(order.order_id, order.revision, given))


def _approve(order: Order, command: Approve) -> tuple[Event, ...]:
    if command.content_digest != order.document.content_digest:
        raise _refused(
            order,
            "the approval is of other content than the order has now",
            "Look at it again and approve what it says",
        )
    approval = order.approval
    if order.status is not OrderStatus.PROPOSED or approval is None:
        raise _refused(order, "only a proposal whose rules were asked can be approved", "See `equipoise inbox`")
    people = tuple(consent.by for consent in approval.given)
    if command.by in people:
        raise _refused(order, f"{command.by} has approved it already", "Another person has to approve it as well")
    if command.by in order.overridden_by:
        raise _refused(order, f"{command.by} changed it, and nobody approves their own", "Ask somebody else")
    given = ApprovalGiven(
        order.order_id, order.revision, command.by, command.given_on, command.expires_on, command.note
    )
    if len(people) + 1 < approval.approvers:
        return (given,)
    return (given, OrderApproved(order.order_id, order.revision, (*people, command.by)))


def _expire(order: Order, command: Expire) -> tuple[Event, ...]:
    asked_until = order.approval.expires_on if order.approval else None
    window_ends = order.document.plan_date + dt.timedelta(days=command.window_days)
    late = {
        OrderStatus.PROPOSED: asked_until or window_ends,
        OrderStatus.APPROVED: asked_until,
        OrderStatus.RESERVED: order.holds_until,
        # One that was sent once and lost there has a reservation without an end.
        OrderStatus.ISSUED: (order.holds_until or window_ends) if certainly_here(order) else None,
    }.get(order.status)
    if late is None:
        return ()
    if command.plan_date is not None and order.document.plan_date < command.plan_date:
        late = min(late, command.plan_date)
    if command.today < late:
        return ()
    reason = f"not sent before {late}"
    return _over(order, OrderExpired(order.order_id, order.revision, reason), reason)


def _issue(order: Order, command: Issue) -> tuple[Event, ...]:
    if order.status in IN_OUTBOX:
        return ()
    _must_be(
        order, {OrderStatus.RESERVED}, "only an approved and reserved order can be issued", "Have it approved first"
    )
    if order.receipt is not None and order.receipt.shipped_units:
        raise _refused(order, "goods have left, so that an amendment comes too late", "Plan a later date")
    key = command.idempotency_key
    return (OrderIssued(order.order_id, order.revision, command.gateway, key, command.by),)


def _begin_send(order: Order, command: BeginSend) -> tuple[Event, ...]:
    delivery = order.delivery
    if delivery is None or errand_of(order) is not command.errand:
        raise _refused(order, "only what is in the outbox is sent", "Issue it first")
    attempt, until = delivery.attempts + 1, command.lease_until
    begun = SendBegun(order.order_id, order.revision, command.errand, attempt, command.by, until)
    if delivery.lease_until is None:
        return (begun,)
    lost = "the process that sent it did not come back"
    ended = SendEnded(order.order_id, order.revision, delivery.attempts, SendOutcome.UNKNOWN, lost, until)
    return (ended, begun)


def _end_send(order: Order, command: EndSend) -> tuple[Event, ...]:
    delivery = order.delivery
    of_it = delivery is not None and (order.revision, delivery.attempts) == (command.revision, command.attempt)
    if delivery is None or not of_it or delivery.lease_until is None:
        return ()  # another process has taken over meanwhile, or a later revision is on its way
    ended = SendEnded(
        order.order_id, order.revision, command.attempt, command.outcome, command.detail, command.retry_at
    )
    return (ended,)


def _confirm(order: Order, command: Confirm) -> tuple[Event, ...]:
    receipt = command.receipt
    if order.delivery is None:
        raise _refused(order, "the other side speaks of an order that was never issued", "Run `equipoise reconcile`")
    if order.status is OrderStatus.COMPENSATED or _comes_too_late(order, command):
        return ()
    if is_unmade(order, receipt):
        return _hold(order, command)
    if leaves_in_hand(order, receipt):
        return _take_in_hand(order, command)
    if _goes_by_the_former(order, command):
        recorded = ReceiptRecorded(order.order_id, receipt, command.source)
        return (recorded, AmendmentDropped(order.standing, f"amendment {order.revision}: taken as it is there"))
    known, levels = order.receipt, order.document.kind == PARAMETERS
    if command.source == TAKEN and (promises_too_much(order) or (known is not None and is_older(receipt, known))):
        return (ReceiptRecorded(order.order_id, receipt, command.source),)
    old = 0 < max(receipt.revision, receipt.answered_revision) < order.revision
    on_its_way = order.former is not None and order.status in IN_OUTBOX
    refused = on_its_way and receipt.answer is Answer.ACCEPTED and _says_no_to(receipt, order.revision, command.source)
    unsettled = (order.delivery.may_have_arrived and not old) or order.unmade is not None
    unsettled = unsettled or (command.source == Errand.CANCEL and order.cancel_pending)
    # What is closed takes late words in as well; they change nothing of its end, unless it holds until others.
    unsettled = unsettled and (levels or order.status is not OrderStatus.CLOSED)
    same = known is not None and merged(known, believed(order, receipt), of_levels=levels) == known
    if same and not refused and not unsettled:
        return ()
    recorded = ReceiptRecorded(order.order_id, receipt, command.source)
    if order.former is not None and receipt.shipped_units and not on_its_way and receipt.revision < order.revision:
        return (recorded, AmendmentDropped(order.former.document, f"amendment {order.revision}: goods have left"))
    if not refused or order.former is None:
        return (recorded,)
    reason = f"amendment {order.revision} was refused: {receipt.reason or 'no reason given'}"
    return (recorded, AmendmentDropped(order.former.document, reason))


def _goes_by_the_former(order: Order, command: Confirm) -> bool:
    """Tell whether a person has an order go by what the other side carries out, whatever it has in hand."""
    receipt, asked = command.receipt, command.source == TAKEN and order.amendment_in_hand
    unanswered = max(receipt.revision, receipt.answered_revision) < order.revision
    return asked and unanswered and receipt.answer is Answer.ACCEPTED


def _take_in_hand(order: Order, command: Confirm) -> tuple[Event, ...]:
    """Record that the other side has an amendment and has not answered, once for each that somebody asked."""
    asked = order.delivery is not None and order.delivery.may_have_arrived
    asked = asked or (command.source == Errand.CANCEL and order.cancel_pending) or order.unmade is not None
    if order.amendment_in_hand and not asked:
        return ()
    return (ReceiptRecorded(order.order_id, command.receipt, command.source),)


def _comes_too_late(order: Order, command: Confirm) -> bool:
    """Tell whether a statement is of a revision that is over here, and says nothing of what holds now."""
    receipt = command.receipt
    if order.unmade is not None and command.source not in _ASKED:
        return 0 < receipt.revision < order.unmade.revision
    ours_is_over = command.source == TAKEN and order.status in ENDED
    old = 0 < max(receipt.revision, receipt.answered_revision) < order.revision
    return old and order.receipt is None and order.former is None and order.unmade is None and not ours_is_over


def _hold(order: Order, command: Confirm) -> tuple[Event, ...]:
    """Record that the other side carries out what nobody here made, which holds the order or, taken, is gone by."""
    receipt, delivery = command.receipt, order.delivery
    settles = command.source == TAKEN or (command.source == Errand.CANCEL and order.cancel_pending)
    if receipt == order.unmade and not settles and delivery is not None and not delivery.may_have_arrived:
        return ()
    recorded = ReceiptRecorded(order.order_id, receipt, command.source)
    if order.former is None:
        return (recorded,)
    reason = f"the other side has revision {receipt.revision}, which this ledger never made"
    return (AmendmentDropped(order.former.document, f"amendment {order.revision}: {reason}"), recorded)


def _says_no_to(receipt: Receipt, revision: int, source: str) -> bool:
    """Tell whether the other side decided on a revision and goes on with an earlier one."""
    if receipt.answered_revision:
        return receipt.answered_revision >= revision > receipt.revision
    return source == Errand.SUBMIT and receipt.revision < revision


def _cancel(order: Order, command: Cancel) -> tuple[Event, ...]:
    by, reason, note = command.by, command.reason, command.note
    never_tried = order.status is OrderStatus.ISSUED and order.delivery is not None and not order.delivery.attempts
    if order.former is None and (order.status in UNSENT or never_tried):
        return (OrderCancelled(order.order_id, by, reason, note),)
    if order.status in ENDED or order.status is OrderStatus.RECEIVED:
        raise _refused(order, "there is nothing left to cancel", "Have it compensated if the goods must go back")
    lost = order.cancel_handed_over and order.receipt is None
    if order.cancel_reason and not lost:
        return ()
    asked = CancelRequested(order.order_id, by, reason, note)
    if order.former is not None and order.status in UNSENT:
        return (AmendmentDropped(order.former.document, "the order is to be cancelled"), asked)
    return (asked,)


def _resend(order: Order, command: Resend) -> tuple[Event, ...]:
    said = [receipt for receipt in (order.receipt, order.unmade) if receipt is not None]
    if not said or any(receipt.shipped_units for receipt in said):
        raise _refused(order, "only what was answered and has not moved is sent again", "Look at both sides")
    if order.former is not None and order.status not in UNSENT and not order.amendment_in_hand:
        raise _refused(order, "an amendment of it is on its way", "Send that with `equipoise dispatch`")
    if order.former is None and order.status not in IN_OUTBOX and not in_force(order):
        raise _refused(order, "only what was under way is sent again", "Plan it again")
    again: tuple[Event, ...] = (ResendRequested(order.order_id, order.revision, command.by, command.reason),)
    if order.former is not None and order.status in UNSENT:
        again = (AmendmentDropped(order.former.document, "what it would change was lost there"), *again)
    if not order.cancel_handed_over:
        return again
    # With the order the other side lost the wish to cancel it: it is told that, and not the order.
    wish = CancelRequested(order.order_id, command.by, "lost there and asked again", order.cancel_reason)
    return (*again, wish)


def _must_be(order: Order, allowed: frozenset[OrderStatus] | set[OrderStatus], rule: str, remedy: str) -> None:
    if order.status not in allowed:
        raise _refused(order, rule, remedy)


def _refused(order: Order, rule: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(f"{rule}; it is {order.status}", where=f"order {order.order_id}", remedy=remedy)
