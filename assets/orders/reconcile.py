"""Ledger against the other side's truth: every difference, since when, for how much, why, and what mends it.

Nothing is changed here by looking. Not here: asking (``gateways``), or the rules of one order (``decide``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import PARAMETERS, Cancel, Command, Errand, Resend
from assets.orders.evolve import evolve_all
from assets.orders.gateways.port import Answer, Gateway, Receipt
from assets.orders.levels_there import standing_documents
from assets.orders.order import (
    ENDED,
    Order,
    OrderStatus,
    believed,
    errand_of,
    in_force,
    is_unmade,
    leaves_in_hand,
    promises_too_much,
    taken_in,
)
from assets.orders.outbox import goes_to, told_elsewhere
from assets.orders.receipts import is_older, merged
from assets.orders.store import OrderFilter, OrderStore
from assets.orders.strangers import issued_here
from assets.orders.unanswered import awaits_answer, has_missed_departure


class Cause(StrEnum):
    """Why the two differ."""

    NOT_ANSWERED = "sent, and no answer has come"
    PENDING = "handed over, not answered, and its departure is over"
    MISSING_THERE = "the other side has nothing of an order that it had answered"
    MISSING_HERE = "the other side has an order that this ledger never issued"
    NEWS = "the other side has gone on, and its message has not come"
    OLDER_THERE = "the other side is back with an older state"
    OTHER_CONTENT = "the other side carries out another revision"
    UNMADE = "the other side has a revision that this ledger never made"
    TOO_MUCH = "the other side promises more than was asked for"
    ELSEWHERE = "it was issued to another system than the gateway's settings name, which was not asked"
    CANCEL_OPEN = "it was asked to be cancelled, and the other side has not answered"


_DISPATCH = "equipoise dispatch"
_CANCEL = "equipoise cancel {order_id} --reason REASON"
_TAKE = "equipoise reconcile --take {order_id}"
_RESEND = "equipoise reconcile --resend {order_id}"
_CLOSE = "equipoise reconcile --close {order_id}"
_MEND = {
    Cause.NOT_ANSWERED: _DISPATCH,
    Cause.PENDING: _CANCEL,
    Cause.MISSING_THERE: _RESEND,
    Cause.MISSING_HERE: "equipoise reconcile --cancel-there {order_id}",
    Cause.NEWS: _TAKE,
    Cause.OLDER_THERE: _RESEND,
    Cause.OTHER_CONTENT: _DISPATCH,
    Cause.UNMADE: _CANCEL,
    Cause.TOO_MUCH: _CANCEL,
    Cause.ELSEWHERE: "equipoise reconcile --redirect {order_id}",
    Cause.CANCEL_OPEN: _DISPATCH,
}
"""What mends a cause where the order's own rules do not speak against it (``_mending``)."""


@dataclass(frozen=True)
class Difference:
    """One order on which the two sides differ.

    Attributes
    ----------
    order_id : str
        Our id, the other side's reference.
    cause : Cause
        Why.
    here, there : str
        What each says.
    value_amount : Decimal
        Of the order, by our content; 0 where we have none.
    days : int
        Since its plan date; 0 where we have none.
    remedy : str
        The command that mends it.
    """

    order_id: str
    cause: Cause
    here: str
    there: str
    value_amount: Decimal
    days: int
    remedy: str


@dataclass(frozen=True)
class Reconciliation:
    """What was compared, and what differs: the most money first."""

    compared: int
    differences: tuple[Difference, ...]


def reconcile(store: OrderStore, gateway: Gateway, network: str, today: dt.date) -> Reconciliation:
    """Compare every order that is under way, and all that the other side has; what went elsewhere is named as that.

    Raises
    ------
    NotSent, OutcomeUnknown, NotUnderstood
        If the other side does not answer; nothing is said about anything then.
    """
    sent = [order for order in store.orders(OrderFilter(network=network)) if order.delivery is not None]
    ours = {order.order_id: order for order in sent if goes_to(order, gateway.address)}
    elsewhere = [_elsewhere(order, today) for order in _issued_elsewhere(sent, gateway)]
    asked = sorted({*gateway.references(), *(order_id for order_id, order in ours.items() if _goes_on(order))})
    replaced = _replaced(ours.values())
    asked = [reference for reference in asked if reference not in replaced]
    # Another network of this ledger, on the same other side, compares its own.
    others = issued_here(store, tuple(reference for reference in asked if reference not in ours))
    asked = [reference for reference in asked if reference not in others]
    there = {reference: gateway.find(reference) for reference in asked}
    return Reconciliation(len(asked), _ranked([*elsewhere, *differences(ours, there, today)]))


def issued_elsewhere(store: OrderStore, gateway: Gateway, network: str) -> tuple[Order, ...]:
    """Return the orders that go on at another system than the gateway's."""
    return _issued_elsewhere(store.orders(OrderFilter(network=network)), gateway)


def said_there(order: Order, gateway: Gateway) -> Receipt | None:
    """Return what the system that an order was issued to says of it; ``None`` if it has nothing.

    Raises
    ------
    EquipoiseError
        If the gateway's is another one: whatever it says, or has nothing to say, is not about this order.
    """
    if order.delivery is not None and not goes_to(order, gateway.address):
        raise EquipoiseError(
            told_elsewhere(order, gateway.address), where=f"order {order.order_id}",
            remedy=f"Set the gateway that it went to, or, if that system has moved, say so with "
            f"`{_MEND[Cause.ELSEWHERE].format(order_id=order.order_id)}`",
        )  # fmt: skip
    return gateway.find(order.order_id)


def require_closable(order: Order, gateway: Gateway) -> None:
    """Raise unless an order has moved and the system that it was issued to knows it no more.

    What has not moved is handed over again, or cancelled: closed, it would not be wanted, and might still come.

    Raises
    ------
    EquipoiseError
        If it may not be closed by a person, with what to do instead.
    """
    where = f"order {order.order_id}"
    if said_there(order, gateway) is not None:
        raise EquipoiseError(
            "the other side has it, and says how far it has come", where=where,
            remedy="See what mends that with `equipoise reconcile`",
        )  # fmt: skip
    if not any(said is not None and said.shipped_units for said in (order.receipt, order.unmade)):
        again, cancel = (told.format(order_id=order.order_id) for told in (_RESEND, _CANCEL))
        raise EquipoiseError(
            "only what has moved is closed, and nothing of it has", where=where,
            remedy=f"If the other side lost it, hand it over again with `{again}`; else cancel it with `{cancel}`",
        )  # fmt: skip


def _issued_elsewhere(orders: Iterable[Order], gateway: Gateway) -> tuple[Order, ...]:
    issued = [order for order in orders if order.delivery is not None]
    replaced = _replaced(issued)
    gone = [order for order in issued if not goes_to(order, gateway.address) and order.order_id not in replaced]
    return tuple(order for order in gone if _goes_on(order))


def _elsewhere(order: Order, today: dt.date) -> Difference:
    issued_to = order.delivery.gateway if order.delivery else "nobody"
    return Difference(
        order.order_id, Cause.ELSEWHERE, f"{_told_here(order)}, issued to {issued_to}", "not asked",
        order.standing.value_amount, (today - order.document.plan_date).days,
        _MEND[Cause.ELSEWHERE].format(order_id=order.order_id),
    )  # fmt: skip


def _replaced(orders: Iterable[Order]) -> frozenset[str]:
    """Return closed documents whose levels later ones have replaced: what the other side says of them holds no more."""
    levels = [order for order in orders if order.document.kind == PARAMETERS]
    stand = standing_documents(levels)
    closed = (order.order_id for order in levels if order.status is OrderStatus.CLOSED)
    return frozenset(order_id for order_id in closed if order_id not in stand)


def differences(
    ours: Mapping[str, Order], there: Mapping[str, Receipt | None], today: dt.date
) -> tuple[Difference, ...]:
    """Return where orders and receipts differ, the most money first, then the oldest.

    Parameters
    ----------
    ours : mapping
        Orders that were issued, by id.
    there : mapping
        What the other side has, by reference; ``None`` where it has nothing.
    """
    found = [_difference(reference, ours.get(reference), receipt, today) for reference, receipt in there.items()]
    return _ranked(_given(found))


def _ranked(found: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(found, key=lambda d: (-d.value_amount, -d.days, d.order_id)))


def _given(found: Iterable[Difference | None]) -> list[Difference]:
    return [difference for difference in found if difference is not None]


def _difference(reference: str, order: Order | None, receipt: Receipt | None, today: dt.date) -> Difference | None:
    cause = _stranger(receipt) if order is None else _cause(order, receipt, today)
    if cause is None:
        return None
    return Difference(
        reference, cause, _told_here(order), _told_there(receipt),
        order.standing.value_amount if order else Decimal(0),
        (today - order.document.plan_date).days if order else 0,
        _mending(cause, order, receipt).format(order_id=reference),
    )  # fmt: skip


def _mending(cause: Cause, order: Order | None, receipt: Receipt | None) -> str:
    """Return the command that mends a difference, one that the order's rules do not refuse."""
    if order is None:
        return _MEND[cause]
    match cause:
        case Cause.MISSING_THERE if errand_of(order) is not None:
            return _DISPATCH
        case Cause.MISSING_THERE:
            return _RESEND if _may(order, Resend("", "")) else _CLOSE
        case Cause.OLDER_THERE if errand_of(order) is Errand.SUBMIT:
            return _DISPATCH
        case Cause.OLDER_THERE:
            return _RESEND if _may(order, Resend("", "")) else _TAKE
        case Cause.CANCEL_OPEN if errand_of(order) is None and _may(order, Resend("", "")):
            return _RESEND  # the wish is told again, not the order
        case Cause.PENDING if order.amendment_in_hand and receipt is not None and receipt.shipped_units:
            return _TAKE  # goods have left by what it had: the amendment comes too late
        case Cause.UNMADE | Cause.TOO_MUCH:
            moved = receipt is not None and receipt.shipped_units > 0
            return _TAKE if moved or not _may(order, Cancel("", "")) else _CANCEL
    return _MEND[cause]


def _may(order: Order, command: Command) -> bool:
    """Tell whether an order's rules let a command through, and the other side is told by it."""
    try:
        after = evolve_all(order, decide(order, command))
    except EquipoiseError:
        return False
    return after is not None and errand_of(after) is not None


def _stranger(receipt: Receipt | None) -> Cause | None:
    gone = receipt is None or receipt.answer in (Answer.CANCELLED, Answer.REFUSED)
    return None if gone else Cause.MISSING_HERE


def _cause(order: Order, receipt: Receipt | None, today: dt.date) -> Cause | None:
    if order.status is OrderStatus.COMPENSATED:
        return None
    if receipt is None:
        return _gone_there(order)
    if is_unmade(order, receipt):
        asked = order.cancel_pending and (order.unmade == receipt or errand_of(order) is Errand.CANCEL)
        return Cause.CANCEL_OPEN if asked else Cause.UNMADE
    if order.unmade is not None:
        return Cause.NEWS
    if order.receipt is None:
        return _first_word(order, receipt)
    if leaves_in_hand(order, receipt):
        return _in_hand(order, today) if order.amendment_in_hand else Cause.NEWS
    if is_older(receipt, order.receipt):
        return Cause.OLDER_THERE
    said = believed(order, receipt)
    if merged(order.receipt, said, of_levels=order.document.kind == PARAMETERS) != order.receipt:
        return Cause.NEWS
    if order.cancel_pending:
        return Cause.CANCEL_OPEN
    if promises_too_much(order):
        return Cause.TOO_MUCH
    if errand_of(order) is not None and not taken_in(order):
        return Cause.OTHER_CONTENT
    return _in_hand(order, today)


def _in_hand(order: Order, today: dt.date) -> Cause | None:
    """Return why an order is told on which the other side has to speak, if it is."""
    if order.cancel_pending:
        return Cause.CANCEL_OPEN
    return Cause.PENDING if awaits_answer(order) and has_missed_departure(order, today) else None


def _gone_there(order: Order) -> Cause | None:
    if errand_of(order) is Errand.CANCEL:
        return Cause.CANCEL_OPEN
    if order.receipt is None and order.unmade is None:
        return Cause.NOT_ANSWERED if errand_of(order) else None
    return Cause.MISSING_THERE if _goes_on(order) else None


def _first_word(order: Order, receipt: Receipt) -> Cause | None:
    """Return why there is a word where none is known here: one of a revision that is over here says nothing new."""
    if not 0 < max(receipt.revision, receipt.answered_revision) < order.revision:
        return Cause.CANCEL_OPEN if errand_of(order) is Errand.CANCEL else Cause.NEWS
    if order.status in ENDED:
        return None if receipt.answer in (Answer.CANCELLED, Answer.REFUSED) else Cause.NEWS
    return Cause.NOT_ANSWERED if errand_of(order) else None


def _goes_on(order: Order) -> bool:
    return order.status not in ENDED or in_force(order)


def _told_here(order: Order | None) -> str:
    if order is None:
        return "nothing"
    return f"revision {order.revision} {order.status}" + _units(order.receipt)


def _told_there(receipt: Receipt | None) -> str:
    return "nothing" if receipt is None else f"revision {receipt.revision} {receipt.answer}" + _units(receipt)


def _units(receipt: Receipt | None) -> str:
    if receipt is None or not receipt.lines:
        return ""
    return (
        f", {receipt.accepted_units} units accepted, {receipt.shipped_units} shipped, {receipt.received_units} received"
    )
