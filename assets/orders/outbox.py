"""The outbox: what was issued is sent once, whatever dies meanwhile.

An order is in the outbox from ``OrderIssued`` until the other side has said where it stands; the ledger
holds it, so that nothing is sent that was not recorded before. A process that goes to the other side
records that first, with a lease: nobody else sends the same meanwhile, and if it never comes back the
next one asks what became of it before it sends again, with the same idempotency key. Not here: who may
send (``governance``), or what an answer does (``evolve``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assets.orders.answers import answer_surely
from assets.orders.decide import decide
from assets.orders.events import BeginSend, Command, Confirm, EndSend, Errand, SendOutcome
from assets.orders.evolve import evolve_all
from assets.orders.gateways.port import (
    FILES_IN_HOME,
    Cancellation,
    Gateway,
    NotSent,
    NotUnderstood,
    OutcomeUnknown,
    Submission,
)
from assets.orders.order import Order, OrderStatus, errand_of, turn
from assets.orders.store import Append, OrderFilter, OrderStore, VersionConflict
from assets.orders.trace import trace_parent

Now = Callable[[], dt.datetime]
"""Tells the time in UTC; it decides when something is tried again, never what."""
Holds = Callable[[Order], str]
"""Returns why an order may not leave now; empty if it may."""
_SILENCE = frozenset({SendOutcome.NOT_SENT, SendOutcome.UNKNOWN})


def nothing_holds(_order: Order) -> str:
    """Let every order leave."""
    return ""


@dataclass(frozen=True)
class SendTerms:
    """How the outbox is worked off.

    Attributes
    ----------
    by : str
        Host and process, as the ledger records them.
    lease : timedelta
        How long a process may take with one batch before another takes over.
    call : timedelta
        Longest that one order may take: nothing is begun that would outlast the lease.
    batch : int
        Orders that are begun at once.
    first_wait, longest_wait : timedelta
        Before the second attempt, doubled for each further one, and at most.
    give_up_after : int
        Failures in a row after which the rest waits: the other side is down.
    """

    by: str
    lease: dt.timedelta = dt.timedelta(minutes=15)
    call: dt.timedelta = dt.timedelta(minutes=2)
    batch: int = 50
    first_wait: dt.timedelta = dt.timedelta(seconds=30)
    longest_wait: dt.timedelta = dt.timedelta(hours=1)
    give_up_after: int = 3

    def wait(self, attempts: int) -> dt.timedelta:
        """Return how long to wait after so many attempts."""
        return min(self.first_wait * (1 << min(attempts - 1, 16)), self.longest_wait)


@dataclass
class Sent:
    """What one dispatch run of the outbox brought; ids in the order of their sending."""

    answered: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)


def is_due(order: Order, now: dt.datetime) -> bool:
    """Tell whether an order waits to be sent and nobody is at it."""
    delivery = order.delivery
    if delivery is None or errand_of(order) is None:
        return False
    busy = delivery.lease_until is not None and delivery.lease_until > now
    later = delivery.retry_at is not None and delivery.retry_at > now
    return not busy and not later


def outbox(store: OrderStore, network: str) -> tuple[Order, ...]:
    """Return the orders of a network that are in the outbox, in turn."""
    return tuple(sorted(store.orders(OrderFilter(network=network, in_outbox=True)), key=turn))


def send_due(
    store: OrderStore, gateway: Gateway, network: str, terms: SendTerms, now: Now, holds: Holds = nothing_holds
) -> Sent:
    """Send what is due, and record what came of it.

    Parameters
    ----------
    network : str
        Whose orders.
    now : callable
        The time in UTC.
    holds : callable
        Why an order may not leave now; asked again just before each leaves. What may have arrived is still asked for,
        and cancellations go.

    Returns
    -------
    Sent
        A gateway that is down leaves the rest waiting; nothing is raised for it.
    """
    sent, failures = Sent(), 0
    due = [order for order in outbox(store, network) if is_due(order, now())]
    waiting = [order for order in due if _is_ours(order, gateway, sent) and not _is_held(order, holds, sent)]
    for start in range(0, len(waiting), terms.batch):
        if failures >= terms.give_up_after:
            break
        until = now() + terms.lease
        batch = _begun(store, waiting[start : start + terms.batch], terms, until, now)
        answers: list[tuple[Order, Command]] = []
        for order in batch:
            fresh = _still_ours(store, order)
            if fresh is None:
                continue
            if _address(fresh) != _address(order) and not _is_ours(fresh, gateway, sent):
                why = told_elsewhere(fresh, gateway.address)
                answers.append((order, _ended(order, SendOutcome.NOT_SENT, why, now())))
                continue
            left = failures >= terms.give_up_after or now() + terms.call > until
            answer = _left(order, terms, now) if left else _asked(order, gateway, terms, now, holds)
            failures = failures + 1 if isinstance(answer, EndSend) and answer.outcome in _SILENCE else 0
            answers.append((order, answer))
            _note(sent, order, answer)
        answer_surely(store, answers)
    return sent


def goes_to(order: Order, gateway: str) -> bool:
    """Tell whether an order was issued to the system at an address.

    Orders that were issued before addresses were recorded name the kind alone, and go to any system of it. Of those
    that may have arrived in a drop folder only the one in the home is asked: another that has none of them would be
    sent them a second time.
    """
    delivery = order.delivery
    if delivery is None or delivery.gateway == gateway:
        return delivery is not None
    kind, _, which = gateway.partition(":")
    if not which or delivery.gateway != kind:
        return False
    in_files = kind == FILES_IN_HOME.partition(":")[0]
    return gateway == FILES_IN_HOME or not (
        in_files and (order.status is OrderStatus.UNKNOWN or delivery.may_have_arrived)
    )


def _is_ours(order: Order, gateway: Gateway, sent: Sent) -> bool:
    """Tell whether an order goes this way; one that was issued to another system stays until it is settled there."""
    if goes_to(order, gateway.address):
        return True
    sent.held.append(order.order_id)
    sent.details[order.order_id] = told_elsewhere(order, gateway.address)
    return False


def told_elsewhere(order: Order, gateway: str) -> str:
    """Return that an order was issued to another system than the one at an address."""
    issued_to = order.delivery.gateway if order.delivery else "nobody"
    return f"it was issued to {issued_to}, and orders go to {gateway} now"


def _is_held(order: Order, holds: Holds, sent: Sent) -> bool:
    """Tell whether an order stays: what certainly has not arrived, where something holds it."""
    if errand_of(order) is Errand.CANCEL or (order.delivery is not None and order.delivery.may_have_arrived):
        return False
    why = holds(order)
    if why:
        sent.held.append(order.order_id)
        sent.details[order.order_id] = why
    return bool(why)


def _begun(store: OrderStore, due: Sequence[Order], terms: SendTerms, until: dt.datetime, now: Now) -> list[Order]:
    """Record that these are being sent, and return those that nobody else got hold of first."""
    try:
        return _begin(store, due, terms, until)
    except VersionConflict:
        found: list[Order] = []
        for order in due:
            fresh = [o for o in store.orders(OrderFilter(order_ids=(order.order_id,))) if is_due(o, now())]
            try:
                found += _begin(store, fresh, terms, until)
            except VersionConflict:
                continue
        return found


def _begin(store: OrderStore, due: Sequence[Order], terms: SendTerms, until: dt.datetime) -> list[Order]:
    begun: list[Order] = []
    appends: list[Append] = []
    for order in due:
        errand = errand_of(order)
        if errand is None:
            continue
        events = decide(order, BeginSend(errand, terms.by, until))
        after = evolve_all(order, events)
        if after is not None:
            # What was decided on is what is sent, whatever becomes of the order meanwhile.
            begun.append(after)
            appends.append(Append(order.order_id, order.version, events))
    if appends:
        store.append(appends)
    return begun


def _still_ours(store: OrderStore, order: Order) -> Order | None:
    """Return an order as it is now, unless another took it over: a host that is ahead finds a lease over that is not.

    Asked just before each call, so that it can meet one that is under way at most; the idempotency key settles that.
    """
    fresh = store.orders(OrderFilter(order_ids=(order.order_id,)))
    if not fresh or fresh[0].delivery is None:
        return None
    mine = (fresh[0].revision, _attempts(fresh[0])) == (order.revision, _attempts(order))
    return fresh[0] if mine else None


def _asked(order: Order, gateway: Gateway, terms: SendTerms, now: Now, holds: Holds) -> Command:
    """Talk to the other side about one order, and return what it comes to."""
    try:
        if errand_of(order) is Errand.CANCEL:
            # Of what it never got as well: what is still on its way must find that it came too late.
            return Confirm(gateway.cancel(Cancellation(order.order_id, order.cancel_reason)), Errand.CANCEL.value)
        return _submitted(order, gateway, now, holds)
    except NotSent as error:
        wait = max(terms.wait(_attempts(order)), dt.timedelta(seconds=error.retry_after_s))
        return _ended(order, SendOutcome.NOT_SENT, str(error), now() + wait)
    except OutcomeUnknown as error:
        return _ended(order, SendOutcome.UNKNOWN, str(error), now() + terms.wait(_attempts(order)))
    except NotUnderstood as error:
        return _ended(order, SendOutcome.NOT_UNDERSTOOD, str(error), now() + terms.longest_wait)


def _submitted(order: Order, gateway: Gateway, now: Now, holds: Holds) -> Command:
    if order.delivery is not None and order.delivery.uncertain:
        found = gateway.find(order.order_id)
        if found is not None and max(found.revision, found.answered_revision) >= order.revision:
            return Confirm(found, "find")
    why = holds(order)
    if why:
        return _ended(order, SendOutcome.ABSENT, f"it has not arrived, and stays: {why}", now())
    submission = Submission(order.document, order.revision, trace_parent(order.document, order.revision))
    return Confirm(gateway.submit(submission), Errand.SUBMIT.value)


def _left(order: Order, terms: SendTerms, now: Now) -> EndSend:
    why = "not tried: the other side does not answer, or time ran out"
    return _ended(order, SendOutcome.NOT_SENT, why, now() + terms.first_wait)


def _ended(order: Order, outcome: SendOutcome, detail: str, retry_at: dt.datetime) -> EndSend:
    return EndSend(order.revision, _attempts(order), outcome, detail, retry_at)


def _attempts(order: Order) -> int:
    return order.delivery.attempts if order.delivery else 0


def _address(order: Order) -> str:
    return order.delivery.gateway if order.delivery else ""


def _note(sent: Sent, order: Order, answer: Command) -> None:
    if not isinstance(answer, EndSend):
        after = evolve_all(order, decide(order, answer))
        if after is not None and after.unmade is not None:
            sent.not_understood.append(order.order_id)
            sent.details[order.order_id] = after.status_reason
        else:
            sent.answered.append(order.order_id)
        return
    sent.details[order.order_id] = answer.detail
    {
        SendOutcome.NOT_SENT: sent.waiting,
        SendOutcome.ABSENT: sent.held,
        SendOutcome.UNKNOWN: sent.unknown,
        SendOutcome.NOT_UNDERSTOOD: sent.not_understood,
    }[answer.outcome].append(order.order_id)
