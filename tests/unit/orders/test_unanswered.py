"""A document that the other side has and does not answer is told of: after hours, or past its departure."""

import datetime as dt

import pytest
from unit.orders.order_lives import ACKNOWLEDGED, DOCUMENT, ISSUED, NOON, PLAN_DAY, SENDING, SHIPPED, TOMORROW, receipt

from assets.kernel.clock import FixedClock
from assets.orders.answers import answer_one
from assets.orders.decide import decide
from assets.orders.events import Cancel, Command, Confirm, EndSend, Errand, SendOutcome
from assets.orders.receipts import Answer
from assets.orders.store import Append, MemoryOrderStore
from assets.orders.unanswered import LONGEST_SILENCE, unanswered

PENDING = (*SENDING, Confirm(receipt(Answer.PENDING, accepted=0), "submit"))
CANCEL_IN_HAND = (*ACKNOWLEDGED, Cancel("ann", "no"), Confirm(receipt(), Errand.CANCEL.value))
SOON, LATER = NOON + LONGEST_SILENCE, NOON + LONGEST_SILENCE + dt.timedelta(seconds=1)


def ledger(sequence: tuple[Command, ...]) -> MemoryOrderStore:
    store = MemoryOrderStore(FixedClock(NOON))
    store.append([Append(DOCUMENT.order_id, 0, decide(None, sequence[0]))])
    for command in sequence[1:]:
        answer_one(store, DOCUMENT.order_id, command)
    return store


def told(sequence: tuple[Command, ...], now: dt.datetime, today: dt.date = PLAN_DAY) -> dict[str, str]:
    store = ledger(sequence)
    return unanswered(store, store.orders(), today=today, now=now)


@pytest.mark.parametrize("sequence", [PENDING, CANCEL_IN_HAND], ids=["order", "cancellation"])
def test_silence_is_told_of_after_hours_or_past_the_departure(sequence: tuple[Command, ...]) -> None:
    assert told(sequence, SOON) == {}
    assert "nobody there has answered since 2026-01-05 12:00 UTC" in told(sequence, LATER)[DOCUMENT.order_id]
    assert told(sequence, SOON, TOMORROW)[DOCUMENT.order_id].endswith("it was to depart by now")


@pytest.mark.parametrize(
    "sequence",
    [ISSUED, SENDING, (*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "?", NOON)), ACKNOWLEDGED, SHIPPED],
    ids=["not sent", "being sent", "unknown", "acknowledged", "shipped"],
)
def test_what_we_have_to_send_and_what_was_answered_is_not_silence(sequence: tuple[Command, ...]) -> None:
    assert told(sequence, LATER, TOMORROW) == {}
