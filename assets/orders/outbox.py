"""The outbox: what was issued is sent once, whatever dies meanwhile.

An order is in the outbox from ``OrderIssued`` until the other side has said where it stands; the ledger
holds it, so that nothing is sent that was not recorded before. A process that goes to the other side
records that first, with a lease: nobody else sends the same meanwhile, and if it never comes back the
next one asks what became of it before it sends again, with the same idempotency key. Not here: who may
send (``governance``), or what an answer does (``evolve``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from assets.orders.decide import decide
from assets.orders.events import BeginSend, Command, Confirm, EndSend, Errand, SendOutcome
from assets.orders.gateways.port import (
    Cancellation,
    Gateway,
    NotSent,
    NotUnderstood,
    OutcomeUnknown,
    Submission,
)
from assets.orders.order import Order, errand_of
from assets.orders.store import Append, OrderFilter, OrderStore, VersionConflict, require_order
from assets.orders.trace import trace_parent

_ATTEMPTS = 20
Now = Callable[[], dt.datetime]
"""Tells the time in UTC; it decides when something is tried again, never what."""


@dataclass(frozen=True)
class SendTerms:
    """How the outbox is worked off.

    Attributes
    ----------
    by : str
        Host and process, as the ledger records them.
    lease : timedelta
        How long a process may take with one batch before another takes over; longer than the gateway's timeouts
        for a batch together.
    batch : int
        Orders that are begun at once.
    first_wait, longest_wait : timedelta
        Before the second attempt, doubled for each further one, and at most.
    give_up_after : int
        Failures in a row after which the rest waits: the other side is down.
    """

    by: str
    lease: dt.timedelta = dt.timedelta(minutes=15)
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
    """Return the orders of a network that are in the outbox, the most valuable first."""
    waiting = store.orders(OrderFilter(network=network, in_outbox=True))
    return tuple(sorted(waiting, key=lambda order: (-order.document.gain_amount, order.order_id)))


def send_due(store: OrderStore, gateway: Gateway, network: str, terms: SendTerms, now: Now) -> Sent:
    """Send what is due, and record what came of it.

    Parameters
    ----------
    network : str
        Whose orders.
    now : callable
        The time in UTC.

    Returns
    -------
    Sent
        A gateway that is down leaves the rest waiting; nothing is raised for it.
    """
    sent, failures = Sent(), 0
    waiting = [order for order in outbox(store, network) if is_due(order, now()) and _mine(order, gateway)]
    for start in range(0, len(waiting), terms.batch):
        if failures >= terms.give_up_after:
            break
        batch = _begun(store, waiting[start : start + terms.batch], terms, now)
        answers: list[tuple[Order, Command]] = []
        for order in batch:
            down = failures >= terms.give_up_after
            answer = _left(order, terms, now) if down else _asked(order, gateway, terms, now)
            down_now = isinstance(answer, EndSend) and answer.outcome is SendOutcome.NOT_SENT
            failures = failures + 1 if down_now else 0
            answers.append((order, answer))
            _note(sent, order, answer)
        _record(store, answers)
    return sent


def _mine(order: Order, gateway: Gateway) -> bool:
    return order.delivery is not None and order.delivery.gateway == gateway.name


def _begun(store: OrderStore, due: Sequence[Order], terms: SendTerms, now: Now) -> list[Order]:
    """Record that these are being sent, and return those that nobody else got hold of first."""
    try:
        return _begin(store, due, terms, now)
    except VersionConflict:
        found: list[Order] = []
        for order in due:
            fresh = [o for o in store.orders(OrderFilter(order_ids=(order.order_id,))) if is_due(o, now())]
            try:
                found += _begin(store, fresh, terms, now)
            except VersionConflict:
                continue
        return found


def _begin(store: OrderStore, due: Sequence[Order], terms: SendTerms, now: Now) -> list[Order]:
    until = now() + terms.lease
    appends = [
        Append(order.order_id, order.version, decide(order, BeginSend(errand, terms.by, until)))
        for order in due
        if (errand := errand_of(order)) is not None
    ]
    if not appends:
        return []
    store.append(appends)
    begun = store.orders(OrderFilter(order_ids=tuple(append.stream for append in appends)))
    rank = {order.order_id: number for number, order in enumerate(due)}
    return sorted(begun, key=lambda order: rank[order.order_id])


def _asked(order: Order, gateway: Gateway, terms: SendTerms, now: Now) -> Command:
    """Talk to the other side about one order, and return what it comes to."""
    try:
        if errand_of(order) is Errand.CANCEL:
            # Of what it never got as well: what is still on its way must find that it came too late.
            return Confirm(gateway.cancel(Cancellation(order.order_id, order.cancel_reason)), Errand.CANCEL.value)
        return _submitted(order, gateway)
    except NotSent as error:
        wait = max(terms.wait(_attempts(order)), dt.timedelta(seconds=error.retry_after_s))
        return _ended(order, SendOutcome.NOT_SENT, str(error), now() + wait)
    except OutcomeUnknown as error:
        return _ended(order, SendOutcome.UNKNOWN, str(error), now() + terms.wait(_attempts(order)))
    except NotUnderstood as error:
        return _ended(order, SendOutcome.NOT_UNDERSTOOD, str(error), now() + terms.longest_wait)


def _submitted(order: Order, gateway: Gateway) -> Command:
    if order.delivery is not None and order.delivery.uncertain:
        found = gateway.find(order.order_id)
        if found is not None and found.revision >= order.revision:
            return Confirm(found, "find")
    submission = Submission(order.document, order.revision, trace_parent(order.document, order.revision))
    return Confirm(gateway.submit(submission), Errand.SUBMIT.value)


def _left(order: Order, terms: SendTerms, now: Now) -> EndSend:
    return _ended(order, SendOutcome.NOT_SENT, "not tried: the other side is down", now() + terms.first_wait)


def _ended(order: Order, outcome: SendOutcome, detail: str, retry_at: dt.datetime) -> EndSend:
    return EndSend(_attempts(order), outcome, detail, retry_at)


def _attempts(order: Order) -> int:
    return order.delivery.attempts if order.delivery else 0


def _note(sent: Sent, order: Order, answer: Command) -> None:
    if not isinstance(answer, EndSend):
        sent.answered.append(order.order_id)
        return
    sent.details[order.order_id] = answer.detail
    {
        SendOutcome.NOT_SENT: sent.waiting,
        SendOutcome.UNKNOWN: sent.unknown,
        SendOutcome.NOT_UNDERSTOOD: sent.not_understood,
    }[answer.outcome].append(order.order_id)


def _record(store: OrderStore, answers: Sequence[tuple[Order, Command]]) -> None:
    """Record outcomes; where others wrote meanwhile, each on its own on what the order is by then."""
    try:
        _append(store, answers)
    except VersionConflict:
        for order, answer in answers:
            record_one(store, order.order_id, answer)


def _append(store: OrderStore, answers: Iterable[tuple[Order, Command]]) -> None:
    appends = [
        Append(order.order_id, order.version, events) for order, answer in answers if (events := decide(order, answer))
    ]
    if appends:
        store.append(appends)


def record_one(store: OrderStore, order_id: str, command: Command) -> Order:
    """Have one order answer a command, again where somebody else changed it meanwhile, and return it after.

    Raises
    ------
    EquipoiseError
        If there is no such order, or the rules refuse the command.
    """
    for _ in range(_ATTEMPTS):
        try:
            _append(store, [(require_order(store, order_id), command)])
        except VersionConflict:
            continue
        return require_order(store, order_id)
    raise VersionConflict(order_id, 0, 0)
