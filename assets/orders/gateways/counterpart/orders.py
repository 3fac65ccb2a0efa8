"""One order as the other side has it, and what each request makes of it. Pure.

Its counts are what a crash test looks at: ``times_created`` is how often the other side made an order for
one reference. Not here: where orders are kept (``store``), or how requests come in (``http_face``,
``folder_face``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assets.orders.gateways.port import Answer, Receipt, ReceiptLine
from assets.orders.gateways.wire import LEVELS_SCHEMA

ALREADY_SHIPPED = "part of it has been shipped"
IN_FORCE = "its levels hold until others are set"


@dataclass(frozen=True)
class Behaviour:
    """What the other side makes of the orders that reach it.

    Attributes
    ----------
    answer : Answer
        What it says of a new order: ``accepted``, ``refused``, or ``pending`` until somebody there decides.
    accepted_percent : int
        Share of each line that it promises, rounded down to whole units.
    takes_amendments : bool
        Whether a later revision replaces what it has.
    idempotent : bool
        Whether it knows a submission that it had before. One that does not makes a second order of it, which is
        what a sender has to avoid by asking first.
    """

    answer: Answer = Answer.ACCEPTED
    accepted_percent: int = 100
    takes_amendments: bool = True
    idempotent: bool = True


@dataclass(frozen=True)
class TheirOrder:
    """An order on the other side.

    Attributes
    ----------
    reference : str
        Our order id.
    revision : int
        Of ours, that it carries out; 0 where it has only heard of the cancellation.
    content : str
        What tells two orders of the same revision apart.
    answer : Answer
        Where it stands.
    lines : tuple of ReceiptLine
        Empty while pending.
    quantities : mapping of int to int
        Units asked for by line number; of levels the maximum that is to stand there.
    external_id, reason : str
        Its number, and why it refused or cancelled.
    answered_revision : int
        Latest revision of ours that it has decided on.
    times_created, times_amended, times_delivered : int
        How often an order was made, changed, and submitted.
    moves_nothing : bool
        Whether it hands levels over, so that there is nothing to ship.
    """

    reference: str
    revision: int
    content: str
    answer: Answer
    lines: tuple[ReceiptLine, ...]
    quantities: Mapping[int, int]
    external_id: str = ""
    reason: str = ""
    answered_revision: int = 0
    times_created: int = 0
    times_amended: int = 0
    times_delivered: int = 0
    moves_nothing: bool = False

    @property
    def receipt(self) -> Receipt:
        """What it says of the order."""
        return Receipt(
            self.reference, self.revision, self.answer, self.lines, self.external_id, self.reason,
            self.answered_revision,
        )  # fmt: skip

    @property
    def has_moved(self) -> bool:
        """Whether anything has left or arrived."""
        return any(line.shipped_units or line.received_units for line in self.lines)


def submitted(
    before: TheirOrder | None, message: Mapping[str, Any], behaviour: Behaviour, external_id: str, fault: str = ""
) -> TheirOrder:
    """Return the order after a submission: made, amended, or as it was.

    Parameters
    ----------
    before : TheirOrder or None
        What it has under the reference.
    message : mapping
        An order message of ``wire``.
    external_id : str
        The number of a new order.
    fault : str
        What is wrong with the message, so that it is refused; empty if nothing.
    """
    if before is None:
        return _made(message, behaviour, external_id, fault)
    before = replace(before, times_delivered=before.times_delivered + 1)
    revision = int(message["revision"])
    if revision == before.revision and not behaviour.idempotent and before.times_created:
        return replace(before, times_created=before.times_created + 1)
    if revision <= before.revision:
        return before
    before = replace(before, answered_revision=max(revision, before.answered_revision))
    if before.answer in (Answer.CANCELLED, Answer.CLOSED, Answer.REFUSED):
        return replace(before, reason=before.reason or f"it is {before.answer}")
    if fault:
        return replace(before, reason=fault)
    if before.has_moved or not behaviour.takes_amendments:
        return replace(before, reason=ALREADY_SHIPPED if before.has_moved else "amendments are not taken")
    after = _made(message, behaviour, before.external_id, fault)
    return replace(
        after,
        times_created=before.times_created,
        times_amended=before.times_amended + 1,
        times_delivered=before.times_delivered,
    )


def cancelled(before: TheirOrder | None, reference: str, reason: str) -> TheirOrder:
    """Return the order after a cancellation; one never heard of is remembered, lest it come later."""
    if before is None:
        return TheirOrder(reference, 0, "", Answer.CANCELLED, (), {}, reason=reason)
    if before.answer in (Answer.CANCELLED, Answer.REFUSED, Answer.CLOSED):
        return before
    if before.has_moved:
        return replace(before, reason=ALREADY_SHIPPED)
    if before.moves_nothing and before.answer is Answer.ACCEPTED:
        return replace(before, reason=IN_FORCE)
    lines = tuple(replace(line, accepted_units=0) for line in before.lines)
    return replace(before, answer=Answer.CANCELLED, reason=reason, lines=lines)


def called_off(before: TheirOrder, reason: str) -> TheirOrder:
    """Return an order that the other side cancelled by itself; it does not say what that leaves of its lines."""
    return replace(before, answer=Answer.CANCELLED, reason=reason, lines=())


def decided(before: TheirOrder, behaviour: Behaviour) -> TheirOrder:
    """Return a pending order after somebody there answered it."""
    if before.answer is not Answer.PENDING:
        return before
    return replace(before, **_answered(before.quantities, behaviour, before.moves_nothing))


def advanced(before: TheirOrder, shipped: Mapping[int, int], received: Mapping[int, int]) -> TheirOrder:
    """Return the order after more units by line were shipped and received; closed once all have arrived.

    Only an accepted order moves; what is received beyond what was shipped counts as shipped too.
    """
    if before.answer is not Answer.ACCEPTED or before.moves_nothing:
        return before
    lines = tuple(
        _moved(line, shipped.get(line.line_number, 0), received.get(line.line_number, 0)) for line in before.lines
    )
    done = all(line.received_units >= line.accepted_units for line in lines)
    return replace(before, lines=lines, answer=Answer.CLOSED if done else Answer.ACCEPTED)


def stood(before: TheirOrder, lines: tuple[ReceiptLine, ...]) -> TheirOrder:
    """Return the order as far as it has come, counted from the beginning; closed once nothing is to come.

    What is promised may be less than before: what the origin had not, or the supplier left out.
    """
    if before.answer is not Answer.ACCEPTED:
        return before
    done = all(line.received_units >= line.accepted_units for line in lines)
    return replace(before, lines=lines, answer=Answer.CLOSED if done else Answer.ACCEPTED)


def _moved(line: ReceiptLine, shipped: int, received: int) -> ReceiptLine:
    arrived = line.received_units + received
    return replace(line, shipped_units=max(line.shipped_units + shipped, arrived), received_units=arrived)


def _made(message: Mapping[str, Any], behaviour: Behaviour, external_id: str, fault: str) -> TheirOrder:
    asked = "maximum_units" if message["schema"] == LEVELS_SCHEMA else "quantity_units"
    quantities = {int(line["line_number"]): int(line[asked]) for line in message["lines"]}
    order = TheirOrder(
        message["reference"], int(message["revision"]), message["idempotency_key"], Answer.PENDING, (), quantities,
        external_id, answered_revision=int(message["revision"]), times_created=1, times_delivered=1,
        moves_nothing=message["schema"] == LEVELS_SCHEMA,
    )  # fmt: skip
    if fault:
        return replace(order, times_created=0, external_id="", answer=Answer.REFUSED, reason=fault)
    return replace(order, **_answered(quantities, behaviour, order.moves_nothing))


def _answered(quantities: Mapping[int, int], behaviour: Behaviour, levels: bool) -> dict[str, Any]:
    if behaviour.answer is Answer.REFUSED:
        return {"answer": Answer.REFUSED, "reason": "the other side does not want it"}
    if behaviour.answer is Answer.PENDING:
        return {"answer": Answer.PENDING}
    # Levels are taken as they are asked for, or not at all.
    taken = behaviour.accepted_percent >= 100 if levels else None
    lines = tuple(
        ReceiptLine(number, units * behaviour.accepted_percent // 100, taken=taken)
        for number, units in sorted(quantities.items())
    )
    return {"answer": Answer.ACCEPTED, "lines": lines}
