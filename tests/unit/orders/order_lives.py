"""Lives of an order: any commands in any order, and the usual way from a plan to what has arrived."""

import dataclasses
import datetime as dt

from hypothesis import strategies as st
from unit.orders.order_samples import order_book

from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import (
    Approve,
    BeginSend,
    Cancel,
    Channel,
    Close,
    Command,
    Compensate,
    Confirm,
    Document,
    EndSend,
    Errand,
    Event,
    Expire,
    Hold,
    Issue,
    Override,
    Propose,
    RefuseReservation,
    Reject,
    Reopen,
    Require,
    Resend,
    Reserve,
    SendOutcome,
    Shortage,
    Withdraw,
)
from assets.orders.evolve import evolve_all
from assets.orders.order import Order
from assets.orders.receipts import Answer, Receipt, ReceiptLine

DOCUMENT = next(document for document in order_book().content if document.destination_id == "S1")
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
PLAN_DAY = dt.date(2026, 1, 5)
TOMORROW, NEXT_WEEK = dt.date(2026, 1, 6), dt.date(2026, 1, 12)
HOLDS = (Hold("DC1", "I1", 10), Hold("DC1", "I2", 4))


def variant(content: str, channel: Channel = Channel.LIVE) -> Document:
    return dataclasses.replace(DOCUMENT, content_digest=content, channel=channel)


def receipt(
    answer: Answer = Answer.ACCEPTED, revision: int = 1, accepted: int = 14, shipped: int = 0, received: int = 0,
    reason: str = "",
) -> Receipt:  # fmt: skip
    lines = (ReceiptLine(1, accepted, shipped, received),)
    return Receipt(DOCUMENT.order_id, revision, answer, lines, f"X{revision}", reason)


def yes(by: str, content: str) -> Approve:
    """Return an approval that counts for a week."""
    return Approve(by, content, PLAN_DAY, NEXT_WEEK)


def run(sequence: list[Command], order: Order | None = None) -> tuple[Order | None, list[Event]]:
    """Return the order and its events after commands; those that the rules refuse change nothing."""
    log: list[Event] = []
    for command in sequence:
        try:
            events = decide(order, command)
        except EquipoiseError:
            continue
        log += events
        order = evolve_all(order, events)
    return order, log


def life(*sequence: Command, order: Order | None = None) -> Order:
    """Return the order after commands, none of which the rules may refuse."""
    for command in sequence:
        order = evolve_all(order, decide(order, command))
    assert order is not None
    return order


PROPOSED = (Propose(variant("a")),)
APPROVED = (*PROPOSED, Require(0, (), TOMORROW))
RESERVED = (*APPROVED, Reserve(HOLDS, TOMORROW))
ISSUED = (*RESERVED, Issue("rule", "memory", "key"))
SENDING = (*ISSUED, BeginSend(Errand.SUBMIT, "host-1", NOON))
ACKNOWLEDGED = (*SENDING, Confirm(receipt(), "submit"))
SHIPPED = (*ACKNOWLEDGED, Confirm(receipt(shipped=14), "m1"))
RECEIVED = (*SHIPPED, Confirm(receipt(shipped=14, received=14), "m2"))


def commands(channel: Channel = Channel.LIVE) -> st.SearchStrategy[Command]:
    """Return any command, the likely ones more often."""
    people = st.sampled_from(["ann", "bo", "cy"])
    receipts = st.builds(
        receipt, st.sampled_from(Answer), st.integers(1, 3), st.integers(0, 14), st.integers(0, 14), st.integers(0, 15),
        st.sampled_from(["", "no stock"]),
    )  # fmt: skip
    receipts |= receipts.map(lambda said: dataclasses.replace(said, lines=()))
    outcome = st.builds(
        EndSend, st.integers(1, 2), st.integers(1, 3), st.sampled_from(SendOutcome), st.just("what came"), st.just(NOON)
    )  # fmt: skip
    return st.one_of(
        st.sampled_from("abc").map(lambda content: Propose(variant(content, channel))),
        st.just(Withdraw("gone", "run-2")),
        st.builds(Require, st.integers(0, 2), st.just(("value",)), st.just(TOMORROW)),
        st.builds(yes, people, st.sampled_from("abc")),
        st.builds(Override, st.sampled_from("abcd").map(lambda c: variant(c, channel)), people, st.just("local event")),
        st.just(Reserve(HOLDS, NEXT_WEEK)),
        st.just(Issue("rule", "memory", "key")),
        st.builds(BeginSend, st.sampled_from(Errand), people, st.just(NOON)),
        outcome,
        st.builds(Confirm, receipts, st.sampled_from(["submit", "cancel", "find", "take", "m1"])),
        st.builds(Cancel, people, st.just("not needed")),
        st.builds(Reject, people, st.just("too much")),
        st.sampled_from([Expire(PLAN_DAY), Expire(TOMORROW), Expire(NEXT_WEEK)]),
        st.just(RefuseReservation((Shortage("DC1", "I1", 10, 3, ("T-other",)),))),
        st.just(Close("shown by the feed")),
        st.just(Reopen("may not any more", ("ann",))),
        st.just(Resend("ann", "restored from a backup")),
        st.just(Compensate("T-back", "ann", "not needed")),
    )
