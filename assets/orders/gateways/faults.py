"""What can go wrong between two systems, and a proxy that makes it go wrong on request.

``FaultyGateway`` wraps any gateway and follows a script, call by call, so that a test or a drill goes the same
way each time. Not here: faults that the other side has by itself (a refusal, a part accepted, an older
state), which are the ``counterpart``'s.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from assets.kernel.clock import Clock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import (
    Cancellation,
    Confirmations,
    Gateway,
    NotSent,
    NotUnderstood,
    OutcomeUnknown,
    Receipt,
    Submission,
)

RATE_LIMIT_S = 30.0
T = TypeVar("T")


class Fault(StrEnum):
    """What a gateway has to survive with exactly one order on the other side."""

    CRASH_BEFORE_COMMIT = "crash_before_commit"
    CRASH_AFTER_COMMIT = "crash_after_commit"
    LOST_REPLY = "lost_reply"
    DUPLICATE_REPLY = "duplicate_reply"
    LATE_ACKNOWLEDGEMENT = "late_acknowledgement"
    PARTIAL_ACCEPTANCE = "partial_acceptance"
    REFUSAL = "refusal"
    WRONG_TOTALS = "wrong_totals"
    SLOW = "slow"
    DOWN = "down"
    OLDER_STATE = "older_state"
    RATE_LIMIT = "rate_limit"
    SCHEMA_CHANGE = "schema_change"


WIRE_FAULTS = frozenset(Fault) - {
    Fault.LATE_ACKNOWLEDGEMENT,
    Fault.PARTIAL_ACCEPTANCE,
    Fault.REFUSAL,
    Fault.OLDER_STATE,
}
"""Faults that a proxy can make; the others are the other side's own."""


@dataclass
class FaultyGateway:
    """A gateway whose calls fail as scripted.

    Attributes
    ----------
    inner : Gateway
        The real one.
    clock : Clock
        Tells whether the other side is up again.
    down_until : datetime or None
        Until when nobody answers.
    calls : list of (str, Fault or None)
        What was called, and what happened to it.
    """

    inner: Gateway
    clock: Clock = field(default_factory=WallClock)
    down_until: dt.datetime | None = None
    calls: list[tuple[str, Fault | None]] = field(default_factory=list)
    _script: dict[str, deque[Fault | None]] = field(default_factory=dict)

    def arm(self, method: str, *faults: Fault | None) -> None:
        """Have the next calls of a method meet these faults, one each; ``None`` is a call that works.

        Raises
        ------
        EquipoiseError
            If a fault is none of a wire.
        """
        strange = [fault for fault in faults if fault is not None and fault not in WIRE_FAULTS]
        if strange:
            raise EquipoiseError(
                f"{strange[0]} is no fault of a wire", where="FaultyGateway", remedy="Have the other side make it"
            )
        self._script.setdefault(method, deque()).extend(faults)

    @property
    def name(self) -> str:
        """Name of the kind that is wrapped."""
        return self.inner.name

    @property
    def address(self) -> str:
        """Which system of the kind."""
        return self.inner.address

    def submit(self, submission: Submission) -> Receipt:
        """Hand a document over, if nothing goes wrong."""
        return self._call("submit", lambda: self.inner.submit(submission))

    def find(self, reference: str) -> Receipt | None:
        """Ask for an order, if nothing goes wrong."""
        return self._call("find", lambda: self.inner.find(reference))

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Cancel an order, if nothing goes wrong."""
        return self._call("cancel", lambda: self.inner.cancel(cancellation))

    def confirmations(self, since: str) -> Confirmations:
        """Return what the other side said; a fault of content puts the first message aside."""
        return self._call("confirmations", lambda: self.inner.confirmations(since), _spoilt)

    def references(self) -> tuple[str, ...]:
        """Return references, if nothing goes wrong."""
        return self._call("references", self.inner.references)

    def _call(self, method: str, call: Callable[[], T], spoil: Callable[[T, Fault], T] | None = None) -> T:
        script = self._script.get(method)
        fault = script.popleft() if script else None
        if self.down_until is not None and self.clock.now() < self.down_until:
            fault = Fault.DOWN
        self.calls.append((method, fault))
        where = f"{self.name} {method}"
        _before(fault, where)
        answer = call()
        if fault is Fault.DUPLICATE_REPLY:
            answer = call()
        if fault is not None and spoil is not None:
            return spoil(answer, fault)
        _after(fault, where)
        return answer


def _before(fault: Fault | None, where: str) -> None:
    if fault is Fault.DOWN:
        raise NotSent("nobody answers", where=where, remedy="Wait until the other side is up")
    if fault is Fault.RATE_LIMIT:
        raise NotSent("too many calls", where=where, remedy="Wait", retry_after_s=RATE_LIMIT_S)
    if fault is Fault.CRASH_BEFORE_COMMIT:
        raise OutcomeUnknown("the connection broke", where=where, remedy="Ask for the order before sending it again")


def _after(fault: Fault | None, where: str) -> None:
    if fault in (Fault.CRASH_AFTER_COMMIT, Fault.LOST_REPLY, Fault.SLOW):
        raise OutcomeUnknown("no answer in time", where=where, remedy="Ask for the order before sending it again")
    if fault in (Fault.WRONG_TOTALS, Fault.SCHEMA_CHANGE):
        raise NotUnderstood(f"the answer cannot be read: {fault}", where=where, remedy="Ask the other side")


def _spoilt(answer: Confirmations, fault: Fault) -> Confirmations:
    if fault is Fault.DUPLICATE_REPLY:
        return replace(answer, found=answer.found + answer.found)
    if fault in (Fault.WRONG_TOTALS, Fault.SCHEMA_CHANGE):
        aside = tuple(f"{one.confirmation_id}: {fault}. Ask the other side" for one in answer.found[:1])
        return replace(answer, found=answer.found[1:], unreadable=answer.unreadable + aside)
    _after(fault, "confirmations")
    return answer
