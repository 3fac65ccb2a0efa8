"""An amendment that the other side has and does not answer: until it does, all goes by what it said before."""

import dataclasses

import pytest
from unit.orders.order_lives import ACKNOWLEDGED, HOLDS, NOON, TOMORROW, life, receipt, variant

from assets.kernel.errors import EquipoiseError
from assets.orders.commitments import commitments_frame
from assets.orders.decide import decide
from assets.orders.events import (
    BeginSend,
    Cancel,
    Command,
    Confirm,
    EndSend,
    Errand,
    Hold,
    Issue,
    Propose,
    Require,
    Resend,
    Reserve,
    SendOutcome,
)
from assets.orders.order import Order, OrderStatus, errand_of, held
from assets.orders.receipts import Answer, Receipt
from assets.orders.reconcile import Cause, differences

FEWER = (Hold("DC1", "I1", 5),)
ASKED: tuple[Command, ...] = (
    *ACKNOWLEDGED, Propose(variant("b")), Require(0, (), TOMORROW), Reserve(FEWER, TOMORROW),
    Issue("rule", "memory", "key2"), BeginSend(Errand.SUBMIT, "h", NOON),
)  # fmt: skip
PENDING = Confirm(receipt(Answer.PENDING, revision=2, accepted=0), "submit")


def in_hand(*more: Command) -> Order:
    """Return an acknowledged order whose amendment was handed over, and what came after that."""
    return life(*ASKED, PENDING, *more)


def of_the_former(answer: Answer = Answer.ACCEPTED, shipped: int = 0, answered: int = 0) -> Receipt:
    return dataclasses.replace(receipt(answer, shipped=shipped, received=shipped), answered_revision=answered)


def test_what_the_other_side_said_stands_and_nothing_is_sent_again() -> None:
    order = in_hand()
    assert (order.status, held(order), errand_of(order)) == (OrderStatus.ISSUED, HOLDS, None)
    assert order.receipt is not None
    assert (order.receipt.revision, order.receipt.answer) == (1, Answer.ACCEPTED)
    assert commitments_frame([order]).loc[0, "accepted_units"] == 10
    assert decide(order, PENDING) == ()


def test_news_of_the_former_is_heard_meanwhile() -> None:
    order = in_hand(Confirm(of_the_former(shipped=6), "m1"))
    assert order.receipt is not None
    assert order.receipt.shipped_units == 6
    assert order.former is not None


def test_one_that_is_accepted_later_replaces_what_was_sent() -> None:
    order = in_hand(Confirm(receipt(revision=2, accepted=5), "m1"))
    assert (order.status, order.document.content_digest) == (OrderStatus.ACKNOWLEDGED, "b")
    assert held(order) == FEWER
    assert not order.amendment_in_hand


def test_one_that_is_refused_later_leaves_what_was_sent_and_its_stock() -> None:
    order = in_hand(Confirm(of_the_former(answered=2), "m1"), Confirm(of_the_former(shipped=14, answered=2), "m2"))
    assert order.document.content_digest == "a"
    assert order.receipt is not None
    assert order.receipt.shipped_units == 14
    assert held(order) == HOLDS


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.CLOSED, OrderStatus.CLOSED),
        (Answer.CANCELLED, OrderStatus.CANCELLED),
        (Answer.REFUSED, OrderStatus.FAILED),
    ],
)
def test_what_ends_there_ends_with_the_content_that_it_had(answer: Answer, status: OrderStatus) -> None:
    order = in_hand(Confirm(of_the_former(answer, answered=2), "m1"))
    assert (order.status, order.document.content_digest) == (status, "a")
    assert order.former is None


def test_all_units_that_left_by_the_former_stay_out_of_the_stock_of_the_plan_date() -> None:
    order = in_hand(Confirm(dataclasses.replace(receipt(Answer.CLOSED, shipped=10), answered_revision=2), "m1"))
    assert held(order) == (Hold("DC1", "I1", 10),)


def test_a_cancellation_goes_out_and_ends_it() -> None:
    wished = in_hand(Cancel("ann", "no"))
    assert errand_of(wished) is Errand.CANCEL
    over = life(
        BeginSend(Errand.CANCEL, "h", NOON), Confirm(of_the_former(Answer.CANCELLED, answered=2), "cancel"),
        order=wished,
    )  # fmt: skip
    assert over.status is OrderStatus.CANCELLED
    assert not over.cancel_pending


def test_an_amendment_that_was_lost_there_is_sent_again_as_it_is() -> None:
    order = in_hand(Resend("ann", "lost"))
    assert (errand_of(order), order.revision, held(order)) == (Errand.SUBMIT, 2, HOLDS)
    assert order.former is not None
    assert order.delivery is not None
    assert order.delivery.uncertain


def test_one_that_was_found_after_a_lost_reply_is_in_hand() -> None:
    lost = life(*ASKED, EndSend(2, 2, SendOutcome.UNKNOWN, "no answer", NOON))
    assert lost.status is OrderStatus.UNKNOWN
    order = life(PENDING, order=lost)
    assert (order.status, order.amendment_in_hand) == (OrderStatus.ISSUED, True)


def test_reconciling_finds_no_difference_until_the_departure_is_over() -> None:
    order = in_hand()
    there = dict.fromkeys([order.order_id], PENDING.receipt)
    assert differences({order.order_id: order}, there, order.document.plan_date) == ()
    (late,) = differences({order.order_id: order}, there, TOMORROW)
    assert late.cause is Cause.PENDING


def test_a_person_has_it_go_by_what_left_where_the_amendment_is_never_answered() -> None:
    left = of_the_former(shipped=14)
    order = in_hand(Confirm(left, "m1"))
    (late,) = differences({order.order_id: order}, {order.order_id: left}, TOMORROW)
    assert late.remedy.startswith("equipoise reconcile --take")
    taken = life(Confirm(left, "take"), order=order)
    assert (taken.status, taken.document.content_digest) == (OrderStatus.RECEIVED, "a")


def test_it_is_not_amended_again_while_it_is_in_hand() -> None:
    assert decide(in_hand(), Propose(variant("c"))) == ()
    with pytest.raises(EquipoiseError, match="an amendment of it is on its way"):
        decide(life(*ASKED), Resend("ann", "lost"))
