"""What waits for a person: each with the money at stake, the time left, who may settle it, and by which command.

Nothing is recorded by looking. Not here: the rules (``requirement``), or showing it (the inbox, the daily report).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from enum import StrEnum

from assets.governance.dispatch import DispatchDay, as_asked, held_back, needs_people, waits_here
from assets.governance.events import PauseKind
from assets.governance.facts import facts_of
from assets.governance.pause import PauseState, paused_by
from assets.kernel.telling import Record, counted, plain
from assets.orders.events import Channel
from assets.orders.headers import OrderHeader
from assets.orders.order import UNSENT, Order, OrderStatus
from assets.orders.outbox import goes_to, told_elsewhere
from assets.orders.reconcile import Difference


class Kind(StrEnum):
    """Why something waits for a person."""

    APPROVAL = "approval"
    HELD = "held back"
    UNKNOWN = "outcome unknown"
    UNANSWERED = "not answered there"
    LEFT = "left by a rollback"
    REFUSED = "refused there"
    DIFFERENCE = "differs there"
    RECALIBRATION = "recalibration"


_SETTLED_HERE = UNSENT | {OrderStatus.ISSUED, OrderStatus.FAILED}
"""Statuses of the plan date's orders in which something may wait for a person."""


NO_COSTS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for a person.

    Attributes
    ----------
    kind : Kind
        What sort of thing.
    order_id, about : str
        The order, and what it is in words.
    value_amount, gain_amount : Decimal
        Over all its lines.
    stake_amount : Decimal
        What is lost if nobody acts: the gain of what has not left, the value of what may be amiss; of levels the
        stock that they keep.
    days_left : int or None
        Days on which it can still be settled, today included; ``None`` where nothing ends by itself.
    why : str
        Rules that ask, or what keeps it.
    who : tuple of str
        People who may settle it, where that is known.
    command : str
        What settles it.
    """

    kind: Kind
    order_id: str
    about: str
    value_amount: Decimal
    gain_amount: Decimal
    stake_amount: Decimal
    days_left: int | None
    why: str
    who: tuple[str, ...]
    command: str

    @property
    def urgency(self) -> Decimal:
        """Money at stake for each day left."""
        return self.stake_amount / max(self.days_left or 1, 1)

    def as_record(self) -> Record:
        """Return it as JSON holds it."""
        told: Record = plain({**asdict(self), "kind": str(self.kind)})
        return told


def ranked(found: list[Waiting]) -> list[Waiting]:
    """Return what waits, most money at stake for each day left first."""
    return sorted(found, key=lambda one: (-one.urgency, one.days_left or 0, one.order_id))


def may_wait(header: OrderHeader, day: DispatchDay) -> bool:
    """Tell from its columns whether ``waiting`` may have something to say of an order; if not, it need not be read."""
    if header.channel is not Channel.LIVE:
        return False
    of_today = header.plan_date == day.plan_date
    anywhere = header.status is OrderStatus.UNKNOWN or header.order_id in {*day.left, *day.unanswered}
    return anywhere or (of_today and header.status in _SETTLED_HERE)


def waiting(
    orders: tuple[Order, ...], day: DispatchDay, unit_costs: Mapping[str, float] = NO_COSTS
) -> Iterator[Waiting]:
    """Yield what waits among the live orders of a network.

    Parameters
    ----------
    orders : tuple of Order
        Of all plan dates that have not ended, and those that failed.
    day : DispatchDay
        What holds for the orders of the clock's plan date.
    unit_costs : mapping
        By item. Levels have no value of their own: what is at stake is the stock that they keep, at cost.
    """
    for order in orders:
        if order.document.channel is not Channel.LIVE:
            continue
        one = _left(order, day)
        if one is None and order.document.plan_date == day.plan_date:
            one = _of_today(order, day)
        one = one or _on_the_other_side(order, day)
        if one is not None:
            stock = _stock_kept(order, unit_costs)
            yield replace(one, stake_amount=stock) if stock else one


def _stock_kept(order: Order, unit_costs: Mapping[str, float]) -> Decimal:
    """Return what the maxima of a document of levels are worth at cost, now or before, whichever is more."""
    kept = Decimal(0)
    for line in order.document.lines:
        if line.levels is not None:
            units = max(line.levels.maximum_units, line.levels.former_maximum_units or 0)
            kept += units * Decimal(str(unit_costs.get(line.item_id, 0.0)))
    return kept.quantize(Decimal("0.01"))


def of_difference(difference: Difference) -> Waiting:
    """Return a difference between ledger and the other side as something that waits."""
    told = f"here {difference.here}, there {difference.there}"
    value = difference.value_amount
    return Waiting(
        Kind.DIFFERENCE, difference.order_id, told, value, Decimal(0), value, None, str(difference.cause), (),
        difference.remedy,
    )  # fmt: skip


def of_request(asked_for: str, segments: list[str], why: str, command: str) -> Waiting:
    """Return a refit that drift asked for as something that waits; what it is worth, only the command tells."""
    about, nothing = f"refit of {', '.join(segments)}, asked for after {asked_for}", Decimal(0)
    return Waiting(Kind.RECALIBRATION, "", about, nothing, nothing, nothing, None, why, (), command)


def _left(order: Order, day: DispatchDay) -> Waiting | None:
    """Return what a rollback left to people; it was sent, so that its value may be amiss and nothing ends by itself."""
    why = day.left.get(order.order_id, "")
    who = tuple(sorted(day.may_approve))
    return _waiting(Kind.LEFT, order, order.standing.value_amount, None, why, who, _lift(order)) if why else None


def _lift(order: Order) -> str:
    return f"equipoise policy lift {order.order_id} --reason WHY"


def _of_today(order: Order, day: DispatchDay) -> Waiting | None:
    if order.status is OrderStatus.PROPOSED:
        return _proposal(as_asked(order, day), day)
    if order.status in (OrderStatus.APPROVED, OrderStatus.RESERVED) or waits_here(order):
        return _held(order, day)
    return None


def _proposal(order: Order, day: DispatchDay) -> Waiting | None:
    approval = order.approval
    if approval is None or order.status is not OrderStatus.PROPOSED:
        return None
    given = {consent.by for consent in approval.given}
    may = tuple(sorted(day.may_approve - given - {*order.overridden_by}))
    why = f"{approval.approvers - len(given)} of {approval.approvers} to approve: {approval.why}"
    gain = order.document.gain_amount
    left = (approval.expires_on - day.today).days
    return _waiting(Kind.APPROVAL, order, gain, left, why, may, f"equipoise approve {order.order_id}")


def _held(order: Order, day: DispatchDay) -> Waiting | None:
    short = order.status is OrderStatus.APPROVED and not order.status_reason.startswith("approved by")
    why = day.stopped or held_back(order, day) or (order.status_reason if short else "")
    if not why:
        return None
    left = (day.window_ends - day.today).days
    return _waiting(Kind.HELD, order, order.document.gain_amount, left, why, (), _settling(order, day))


def _settling(order: Order, day: DispatchDay) -> str:
    """Return the command that lets a held order go, or ends it."""
    facts = facts_of(order.document, order.revision, day.known)
    for pause in day.pauses.pauses:
        if paused_by(facts, PauseState((pause,))):
            scope = "all" if pause.scope.kind is PauseKind.ALL else f"{pause.scope.kind}={pause.scope.name}"
            return f"equipoise resume '{scope}' --reason WHY"
    if day.stopped:
        return f"equipoise plan --date {day.plan_date}"
    if day.availability is not None and needs_people(order, day):
        return "equipoise dispatch"  # the rules speak again, and it is a proposal that people approve
    if order.order_id in day.held:
        return _lift(order)
    if order.status is OrderStatus.ISSUED:
        return _cancelling(order)
    return f"equipoise reject {order.order_id} --reason WHY"


def _on_the_other_side(order: Order, day: DispatchDay) -> Waiting | None:
    value = order.standing.value_amount
    if order.status is OrderStatus.UNKNOWN and day.gateway and not goes_to(order, day.gateway):
        why, command = told_elsewhere(order, day.gateway), f"equipoise reconcile --redirect {order.order_id}"
        return _waiting(Kind.UNKNOWN, order, value, None, why, (), command)
    if order.status is OrderStatus.UNKNOWN:
        return _waiting(Kind.UNKNOWN, order, value, None, order.status_reason, (), "equipoise dispatch")
    if order.order_id in day.unanswered:
        command = f"equipoise orders {order.order_id}" if order.cancel_pending else _cancelling(order)
        return _waiting(Kind.UNANSWERED, order, value, None, day.unanswered[order.order_id], (), command)
    if order.status is OrderStatus.FAILED and order.document.plan_date == day.plan_date:
        command = f"equipoise orders {order.order_id}"
        return _waiting(Kind.REFUSED, order, order.document.gain_amount, None, order.status_reason, (), command)
    return None


def _cancelling(order: Order) -> str:
    return f"equipoise cancel {order.order_id} --reason REASON"


def _waiting(
    kind: Kind, order: Order, stake: Decimal, left: int | None, why: str, who: tuple[str, ...], command: str
) -> Waiting:
    document = order.document
    about = f"{document.kind} {document.origin_id} to {document.destination_id}, {counted(document.lines, 'line')}"
    return Waiting(
        kind, order.order_id, about, document.value_amount, document.gain_amount, stake, left, why, who, command
    )
