"""What may happen to one order: laws of decide and evolve, and its life step by step."""

import dataclasses
import datetime as dt
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.orders.order_lives import (
    ACKNOWLEDGED,
    APPROVED,
    DOCUMENT,
    HOLDS,
    ISSUED,
    NEXT_WEEK,
    NOON,
    PROPOSED,
    RECEIVED,
    RESERVED,
    SENDING,
    SHIPPED,
    TOMORROW,
    commands,
    life,
    receipt,
    run,
    variant,
    yes,
)

from assets.kernel.errors import EquipoiseError
from assets.orders.codec import Codec, event_type
from assets.orders.decide import decide
from assets.orders.events import (
    NEVER_SENT,
    SCHEMA_VERSION,
    BeginSend,
    Cancel,
    Channel,
    Close,
    Command,
    Compensate,
    Confirm,
    ContentEvent,
    EndSend,
    Errand,
    Event,
    Expire,
    Hold,
    Issue,
    OrderOverridden,
    OrderProposed,
    OrderRevised,
    Override,
    Propose,
    Redirect,
    RefuseReservation,
    Reject,
    Reopen,
    Require,
    Resend,
    ResendRequested,
    Reserve,
    SendBegun,
    SendEnded,
    SendOutcome,
    Shortage,
    Withdraw,
)
from assets.orders.evolve import evolve_all
from assets.orders.order import ENDED, Order, OrderStatus, errand_of, held, promises_too_much
from assets.orders.receipts import Answer, Receipt, ReceiptLine, merged

LIVES = st.lists(commands(), max_size=25)
ISSUE = Issue("rule", "memory", "key")


def without_lines(answer: Answer) -> Receipt:
    return dataclasses.replace(receipt(answer), lines=())


@given(LIVES)
def test_whatever_is_decided_can_be_evolved_and_replayed(sequence: list[Command]) -> None:
    order, log = run(sequence)
    assert evolve_all(None, log) == order
    if order:
        assert order.version == len(log)
        assert order.revision == sum(isinstance(e, OrderProposed | OrderRevised | OrderOverridden) for e in log)
        last = [event for event in log if isinstance(event, ContentEvent)][-1]
        assert last.document == order.document


@given(LIVES, st.sampled_from("abc"))
def test_proposing_twice_changes_nothing(sequence: list[Command], content: str) -> None:
    order, _ = run([*sequence, Propose(variant(content))])
    assert decide(order, Propose(variant(content))) == ()


@given(LIVES)
def test_every_event_survives_storage_to_the_byte(sequence: list[Command]) -> None:
    for event in run(sequence)[1]:
        text = Codec().to_json(event)
        again = Codec().from_json(event_type(event), SCHEMA_VERSION, text)
        assert again == event
        assert Codec().to_json(again) == text


@given(LIVES)
def test_what_has_ended_holds_no_stock_and_what_stands_outside_holds_what_it_was_given(
    sequence: list[Command],
) -> None:
    order, _ = run(sequence)
    if order and order.status in ENDED:
        assert held(order) == ()
    if order and order.status in (OrderStatus.ISSUED, OrderStatus.ACKNOWLEDGED, OrderStatus.SHIPPED):
        assert held(order) == HOLDS


@given(LIVES)
def test_nothing_is_sent_that_was_not_approved_and_reserved_in_this_revision(sequence: list[Command]) -> None:
    stage = ""
    for event in run(sequence)[1]:
        name = type(event).__name__
        if isinstance(event, ContentEvent) or name == "ApprovalVoided":
            stage = "proposed"
        elif name in ("OrderApproved", "OrderReserved", "OrderIssued"):
            assert stage == {"OrderApproved": "proposed", "OrderReserved": "OrderApproved"}.get(name, "OrderReserved")
            stage = name
        elif isinstance(event, ResendRequested):
            stage = "OrderIssued"
        elif isinstance(event, SendBegun) and event.errand is Errand.SUBMIT:
            assert stage == "OrderIssued"


@given(st.permutations([receipt(), receipt(shipped=5), receipt(shipped=14), receipt(shipped=14, received=14)]))
def test_what_the_other_side_says_counts_whatever_its_order(said: list[object]) -> None:
    order = life(*SENDING)
    for message in said:
        order, _ = run([Confirm(message, "m")], order)  # type: ignore[assignment, arg-type]
    assert order.status is OrderStatus.RECEIVED


@given(st.permutations([(1, 14), (2, 2), (3, 9), (4, 9)]))
def test_of_promises_alone_the_last_one_by_the_other_side_s_count_holds(said: list[tuple[int, int]]) -> None:
    order = life(*SENDING)
    for sequence, accepted in [*said, *said]:
        message = dataclasses.replace(receipt(accepted=accepted), sequence=sequence)
        order, _ = run([Confirm(message, f"m{sequence}")], order)  # type: ignore[assignment]
    assert order.receipt is not None
    assert order.receipt.accepted_units == 9


def test_a_promise_of_an_answer_that_tells_no_place_counts_as_news() -> None:
    known = dataclasses.replace(receipt(accepted=14), sequence=5)
    assert merged(known, receipt(accepted=2)) == receipt(accepted=2)
    assert merged(known, receipt(accepted=2)).sequence == 5
    assert merged(known, dataclasses.replace(receipt(accepted=2, shipped=1), sequence=4)).shipped_units == 1


@pytest.mark.parametrize("channel", sorted(NEVER_SENT))
@given(data=st.data())
def test_a_document_of_a_backfill_or_a_shadow_goes_no_further_than_a_proposal(
    data: st.DataObject, channel: Channel
) -> None:
    sequence = data.draw(st.lists(commands(channel), max_size=25))
    order, _ = run(sequence)
    assert order is None or order.status in (OrderStatus.PROPOSED, OrderStatus.CANCELLED)
    with pytest.raises(EquipoiseError):
        decide(order, ISSUE)


def test_every_event_that_there_is_happens_in_some_life() -> None:
    lives: list[tuple[Command, ...]] = [
        RECEIVED,
        (*RECEIVED, Compensate("T-back", "ann", "sent back")),
        (*RECEIVED, Close("shown")),
        (*SHIPPED, Cancel("ann", "too late")),
        (*APPROVED, Cancel("ann", "no")),
        (*APPROVED, RefuseReservation((Shortage("DC1", "I1", 10, 3, ("T-x",)),)), Expire(NEXT_WEEK)),
        (*PROPOSED, Require(1, ("value",), TOMORROW), yes("ann", "a"), Reject("bo", "too much")),
        (*ACKNOWLEDGED, Propose(variant("b")), Withdraw("gone", "r")),
        (*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "no answer", NOON)),
        (*ACKNOWLEDGED, Resend("ann", "lost there")),
        (*ACKNOWLEDGED, Redirect("webhook:new", "ann", "moved")),
        (*PROPOSED, Override(variant("b"), "ann", "local event")),
        (*RESERVED, Reopen("cy may not approve any more")),
    ]
    happened = {type(event) for sequence in lives for event in run(list(sequence))[1]}
    assert happened == set(get_args(Event))


@pytest.mark.parametrize(
    ("sequence", "status"),
    [
        (PROPOSED, OrderStatus.PROPOSED),
        (APPROVED, OrderStatus.APPROVED),
        (RESERVED, OrderStatus.RESERVED),
        (ISSUED, OrderStatus.ISSUED),
        (SENDING, OrderStatus.ISSUED),
        ((*SENDING, Confirm(receipt(Answer.PENDING), "submit")), OrderStatus.ISSUED),
        ((*SENDING, EndSend(1, 1, SendOutcome.NOT_SENT, "down", NOON)), OrderStatus.ISSUED),
        ((*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "no answer", NOON)), OrderStatus.UNKNOWN),
        (ACKNOWLEDGED, OrderStatus.ACKNOWLEDGED),
        ((*ACKNOWLEDGED, Confirm(receipt(shipped=3), "m")), OrderStatus.SHIPPED),
        ((*ACKNOWLEDGED, Confirm(receipt(shipped=14, received=3), "m")), OrderStatus.SHIPPED),
        (RECEIVED, OrderStatus.RECEIVED),
        ((*SENDING, Confirm(receipt(Answer.REFUSED, reason="no such item"), "submit")), OrderStatus.FAILED),
        ((*ACKNOWLEDGED, Confirm(receipt(Answer.CANCELLED), "m")), OrderStatus.CANCELLED),
        ((*SHIPPED, Confirm(receipt(Answer.CANCELLED, shipped=14), "m")), OrderStatus.CLOSED),
        ((*ACKNOWLEDGED, Confirm(without_lines(Answer.CANCELLED), "m")), OrderStatus.CANCELLED),
        ((*SHIPPED, Confirm(without_lines(Answer.CANCELLED), "m")), OrderStatus.CLOSED),
        ((*SHIPPED, Confirm(without_lines(Answer.CLOSED), "m")), OrderStatus.CLOSED),
        ((*SHIPPED, Confirm(without_lines(Answer.REFUSED), "m")), OrderStatus.SHIPPED),
        ((*ACKNOWLEDGED, Confirm(without_lines(Answer.REFUSED), "m")), OrderStatus.FAILED),
        ((*PROPOSED, Require(1, ("value",), TOMORROW), Expire(TOMORROW)), OrderStatus.EXPIRED),
        ((*RECEIVED, Compensate("T-b", "ann", "back")), OrderStatus.COMPENSATED),
    ],
)
def test_an_order_stands_where_its_life_has_brought_it(sequence: tuple[Command, ...], status: OrderStatus) -> None:
    assert life(*sequence).status is status


def test_a_partial_acceptance_and_an_over_receipt_are_said() -> None:
    assert life(*SENDING, Confirm(receipt(accepted=9), "submit")).status_reason == "9 of 14 units accepted"
    assert life(*SHIPPED, Confirm(receipt(shipped=14, received=16), "m")).status_reason == (
        "16 units arrived, 14 were asked for"
    )


def test_a_cut_acceptance_is_received_when_what_was_accepted_has_arrived() -> None:
    order = life(*SENDING, Confirm(receipt(accepted=9), "submit"), Confirm(receipt(accepted=9, received=9), "m"))
    assert order.status is OrderStatus.RECEIVED


def test_two_approvers_are_two_people() -> None:
    order = life(*PROPOSED, Require(2, ("value",), TOMORROW), yes("ann", "a"))
    assert order.status is OrderStatus.PROPOSED
    with pytest.raises(EquipoiseError, match="ann has approved it already"):
        decide(order, yes("ann", "a"))
    assert life(yes("bo", "a"), order=order).status_reason == "approved by ann and bo"


def test_an_approval_of_content_that_changed_meanwhile_is_refused() -> None:
    order = life(*PROPOSED, Require(1, ("value",), TOMORROW), Propose(variant("b")), Require(1, ("value",), TOMORROW))
    with pytest.raises(EquipoiseError, match="other content"):
        decide(order, yes("ann", "a"))


def test_a_revision_needs_approval_anew() -> None:
    order = life(*RESERVED, Propose(variant("b")))
    assert (order.status, order.approval, held(order)) == (OrderStatus.PROPOSED, None, ())


def test_an_order_on_its_way_is_not_changed_by_a_plan() -> None:
    for way in (ISSUED, SENDING, SHIPPED):
        assert decide(life(*way), Propose(variant("b"))) == ()
        assert decide(life(*way), Withdraw("gone", "r")) == ()


def test_what_a_person_rejected_stays_so_until_the_plan_says_something_else() -> None:
    order = life(*PROPOSED, Reject("ann", "too much"))
    assert decide(order, Propose(variant("a"))) == ()
    assert life(Propose(variant("b")), order=order).status is OrderStatus.PROPOSED


def test_an_amendment_that_is_taken_replaces_what_was_sent() -> None:
    order = life(
        *ACKNOWLEDGED, Propose(variant("b")), Require(0, (), TOMORROW), Reserve((Hold("DC1", "I1", 12),), TOMORROW)
    )
    assert held(order) == (Hold("DC1", "I1", 12), Hold("DC1", "I2", 4))  # both claims, until it is known which holds
    order = life(ISSUE, BeginSend(Errand.SUBMIT, "h", NOON), Confirm(receipt(revision=2), "submit"), order=order)
    assert (order.status, order.document.content_digest) == (OrderStatus.ACKNOWLEDGED, "b")
    assert held(order) == (Hold("DC1", "I1", 12),)


def test_an_amendment_that_is_refused_leaves_what_was_sent() -> None:
    order = life(
        *ACKNOWLEDGED, Propose(variant("b")), Require(0, (), TOMORROW), Reserve((Hold("DC1", "I1", 12),), TOMORROW),
        ISSUE, BeginSend(Errand.SUBMIT, "h", NOON), Confirm(receipt(revision=1, reason="picked already"), "submit"),
    )  # fmt: skip
    assert (order.status, order.document.content_digest) == (OrderStatus.ACKNOWLEDGED, "a")
    assert held(order) == HOLDS
    assert "picked already" in order.status_reason
    assert life(Confirm(receipt(shipped=14), "m"), order=order).status is OrderStatus.SHIPPED


def test_an_amendment_that_nobody_approves_leaves_what_was_sent() -> None:
    amended = life(*ACKNOWLEDGED, Propose(variant("b")), Require(1, ("value",), TOMORROW))
    for end in (Expire(TOMORROW), Reject("ann", "no"), Withdraw("gone", "r"), Propose(variant("a"))):
        order = life(end, order=amended)
        assert (order.status, order.document.content_digest) == (OrderStatus.ACKNOWLEDGED, "a")


def test_goods_that_leave_while_an_amendment_is_prepared_end_it() -> None:
    order = life(*ACKNOWLEDGED, Propose(variant("b")), Confirm(receipt(shipped=14), "m"))
    assert (order.status, order.document.content_digest) == (OrderStatus.SHIPPED, "a")
    assert order.receipt is not None
    assert order.receipt.shipped_units == 14


def test_an_order_that_was_never_tried_is_cancelled_at_once_and_a_sent_one_by_asking() -> None:
    assert life(*ISSUED, Cancel("ann", "no")).status is OrderStatus.CANCELLED
    asked = life(*ACKNOWLEDGED, Cancel("ann", "no"))
    assert asked.cancel_pending
    taken = life(BeginSend(Errand.CANCEL, "h", NOON), Confirm(receipt(Answer.CANCELLED), "cancel"), order=asked)
    assert taken.status is OrderStatus.CANCELLED
    kept = life(
        BeginSend(Errand.CANCEL, "h", NOON), Confirm(receipt(shipped=14, reason="on the road"), "cancel"), order=asked
    )
    assert (kept.status, kept.cancel_pending) == (OrderStatus.SHIPPED, False)
    assert kept.status_reason == "not cancelled: on the road"


def test_a_cancelled_order_that_had_never_arrived_is_over() -> None:
    order = life(*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "no answer", NOON), Cancel("ann", "no"))
    gone = receipt(Answer.CANCELLED, revision=0, accepted=0)
    assert life(BeginSend(Errand.CANCEL, "h", NOON), Confirm(gone, "cancel"), order=order).status is (
        OrderStatus.CANCELLED
    )


def test_a_process_that_never_came_back_leaves_an_unknown_outcome_to_the_next() -> None:
    order = life(*SENDING)
    later = BeginSend(Errand.SUBMIT, "host-2", NOON + dt.timedelta(minutes=5))
    events = decide(order, later)
    assert [type(event) for event in events] == [SendEnded, SendBegun]
    taken_over = evolve_all(order, events)
    assert taken_over is not None
    assert taken_over.delivery is not None
    assert (taken_over.status, taken_over.delivery.uncertain) == (OrderStatus.UNKNOWN, True)
    # What the first one brings back after that is not heard.
    assert decide(taken_over, EndSend(1, 1, SendOutcome.NOT_SENT, "down", NOON)) == ()


def test_a_process_that_comes_back_does_not_end_the_attempt_of_a_later_revision() -> None:
    again = (Propose(variant("b")), Require(0, (), NEXT_WEEK), Reserve((), NEXT_WEEK), Issue("rule", "memory", "key-2"))
    absent = EndSend(1, 1, SendOutcome.ABSENT, "stays", NOON)
    late = life(*SENDING, absent, Expire(NEXT_WEEK), *again, BeginSend(Errand.SUBMIT, "h", NOON))
    assert (late.revision, late.delivery.attempts if late.delivery else 0) == (2, 1)
    assert decide(late, EndSend(1, 1, SendOutcome.NOT_SENT, "of revision 1", NOON)) == ()
    assert decide(late, EndSend(2, 1, SendOutcome.NOT_SENT, "of revision 2", NOON)) != ()


def test_an_unknown_outcome_stays_unknown_until_the_other_side_was_asked() -> None:
    unknown = life(*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "no answer", NOON))
    again = life(BeginSend(Errand.SUBMIT, "h", NOON), EndSend(1, 2, SendOutcome.NOT_SENT, "down", NOON), order=unknown)
    assert again.status is OrderStatus.UNKNOWN
    asked = life(BeginSend(Errand.SUBMIT, "h", NOON), Confirm(receipt(), "find"), order=again)
    assert asked.status is OrderStatus.ACKNOWLEDGED


def test_only_what_is_certainly_not_outside_expires_in_the_outbox() -> None:
    assert life(*ISSUED, Expire(TOMORROW)).status is OrderStatus.EXPIRED
    for way in (SENDING, (*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "?", NOON)), ACKNOWLEDGED):
        assert decide(life(*way), Expire(NEXT_WEEK)) == ()
    taken_in = life(*SENDING, Confirm(receipt(Answer.PENDING), "submit"))
    assert decide(taken_in, Expire(NEXT_WEEK)) == ()


@pytest.mark.parametrize(
    ("before", "command", "rule"),
    [
        (PROPOSED, ISSUE, "approved and reserved"),
        (PROPOSED, Reserve(HOLDS, TOMORROW), "only an approved order"),
        (RECEIVED, Cancel("ann", "no"), "nothing left to cancel"),
        (ACKNOWLEDGED, Compensate("T-b", "ann", "back"), "only what has moved"),
        (PROPOSED, BeginSend(Errand.SUBMIT, "h", NOON), "only what is in the outbox"),
        (PROPOSED, Confirm(receipt(), "m"), "never issued"),
        (ISSUED, Reject("ann", "no"), "only what was not sent"),
        (PROPOSED, yes("ann", "a"), "whose rules were asked"),
    ],
)
def test_what_the_rules_refuse_is_said_with_the_rule(before: tuple[Command, ...], command: Command, rule: str) -> None:
    with pytest.raises(EquipoiseError, match=rule):
        decide(life(*before), command)


@pytest.mark.parametrize("channel", sorted(NEVER_SENT))
def test_issuing_a_document_that_is_never_sent_names_the_rule(channel: Channel) -> None:
    order = evolve_all(None, [OrderProposed(variant("a", channel))])
    with pytest.raises(EquipoiseError, match=f"channel {channel} goes no further"):
        decide(order, ISSUE)


def test_a_withdrawn_document_that_is_planned_again_comes_back_as_a_revision() -> None:
    order, log = run([Propose(variant("a")), Withdraw("gone", "r"), Propose(variant("a"))])
    assert order is not None
    assert (order.status, order.revision, len(log)) == (OrderStatus.PROPOSED, 2, 3)


def test_withdrawing_twice_is_withdrawing_once() -> None:
    order, log = run([Propose(variant("a")), Withdraw("gone", "r"), Withdraw("gone", "r")])
    assert order is not None
    assert (order.status, len(log)) == (OrderStatus.CANCELLED, 2)


def test_two_documents_with_one_id_are_refused() -> None:
    order = evolve_all(None, [OrderProposed(DOCUMENT)])
    with pytest.raises(EquipoiseError, match="same order id"):
        decide(order, Propose(dataclasses.replace(DOCUMENT, origin_id="elsewhere")))


def test_no_command_makes_an_order_out_of_nothing_but_a_proposal() -> None:
    with pytest.raises(EquipoiseError, match="no such order"):
        decide(None, ISSUE)


def test_an_event_of_a_newer_release_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="newer"):
        Codec().from_json("OrderProposed", SCHEMA_VERSION + 1, "{}")


def test_an_older_shape_is_lifted_when_it_is_read() -> None:
    text = Codec().to_json(OrderRevised(DOCUMENT, 2)).replace('"revision":2', '"number":2')
    codec = Codec(upcasters={("OrderRevised", 1): lambda old: {"document": old["document"], "revision": old["number"]}})
    assert codec.from_json("OrderRevised", 1, text) == OrderRevised(DOCUMENT, 2)
    with pytest.raises(EquipoiseError, match="cannot be read"):
        codec.from_json("OrderRevised", SCHEMA_VERSION, text)


def test_what_somebody_changed_stays_until_the_plan_wants_something_new_and_another_person_approves_it() -> None:
    order = life(*PROPOSED, Override(variant("b"), "ann", "local event"), Require(1, ("override",), TOMORROW))
    assert decide(order, Propose(variant("a"))) == ()
    with pytest.raises(EquipoiseError, match="nobody approves their own"):
        decide(order, yes("ann", "b"))
    assert life(yes("bo", "b"), order=order).status is OrderStatus.APPROVED
    assert life(Propose(variant("c")), order=order).overridden_by == ()


def test_of_several_who_changed_it_nobody_approves() -> None:
    order = life(
        *PROPOSED, Override(variant("b"), "ann", "local event"), Override(variant("c"), "bo", "rounded"),
        Require(1, ("override",), TOMORROW),
    )  # fmt: skip
    assert order.overridden_by == ("ann", "bo")
    for own in ("ann", "bo"):
        with pytest.raises(EquipoiseError, match="nobody approves their own"):
            decide(order, yes(own, "c"))
    assert life(yes("cy", "c"), order=order).status is OrderStatus.APPROVED


def test_units_beyond_what_was_asked_are_agreed_to_by_line() -> None:
    def promised(first: int, second: int, source: str) -> Confirm:
        lines = (ReceiptLine(1, first), ReceiptLine(2, second))
        return Confirm(Receipt(DOCUMENT.order_id, 1, Answer.ACCEPTED, lines, "X"), source)

    agreed = life(*SENDING, promised(15, 4, "submit"), promised(15, 4, "take"))
    assert not promises_too_much(agreed)
    assert not promises_too_much(life(promised(12, 4, "m5"), order=agreed))
    assert promises_too_much(life(promised(0, 19, "m5"), order=agreed))


def test_what_the_other_side_has_in_hand_after_an_amendment_was_dropped_is_not_sent_again_and_does_not_expire() -> None:
    dropped = life(*ACKNOWLEDGED, Propose(variant("b")), Require(1, ("value",), TOMORROW), Expire(TOMORROW))
    order = life(Confirm(receipt(Answer.PENDING, accepted=0), "take"), order=dropped)
    assert decide(order, Expire(NEXT_WEEK, plan_date=NEXT_WEEK)) == ()


def test_who_changed_what_the_other_side_has_does_not_approve_it_after_an_amendment_was_dropped() -> None:
    own = life(
        *PROPOSED, Override(variant("b"), "ann", "local event"), Require(1, ("override",), TOMORROW), yes("bo", "b"),
        Reserve(HOLDS, TOMORROW), ISSUE, BeginSend(Errand.SUBMIT, "h", NOON), Confirm(receipt(revision=2), "submit"),
    )  # fmt: skip
    assert own.status is OrderStatus.ACKNOWLEDGED
    after = life(Propose(variant("c")), Require(1, ("value",), TOMORROW), Expire(TOMORROW), order=own)
    assert (after.document.content_digest, after.overridden_by) == ("b", ("ann",))


def test_units_that_were_agreed_to_of_the_former_content_are_not_of_an_amendment() -> None:
    more = receipt(accepted=20)
    agreed = life(*SENDING, Confirm(more, "submit"), Confirm(more, "take"))
    assert not promises_too_much(agreed)
    amended = life(
        Propose(variant("b")), Require(0, (), TOMORROW), Reserve(HOLDS, TOMORROW), ISSUE,
        BeginSend(Errand.SUBMIT, "h", NOON), Confirm(receipt(revision=2, accepted=20), "submit"), order=agreed,
    )  # fmt: skip
    assert amended.document.content_digest == "b"
    assert promises_too_much(amended)


def test_an_order_that_was_lost_there_and_stays_here_expires_whether_an_amendment_was_dropped_or_not() -> None:
    dropped = life(*ACKNOWLEDGED, Propose(variant("b")), Require(1, ("value",), TOMORROW), Expire(TOMORROW))
    for start in (life(*ACKNOWLEDGED), dropped):
        begun = life(Resend("ann", "lost"), BeginSend(Errand.SUBMIT, "h", NOON), order=start)
        assert begun.delivery is not None
        absent = EndSend(begun.revision, begun.delivery.attempts, SendOutcome.ABSENT, "it stays", NOON)
        later = life(absent, Expire(NEXT_WEEK, plan_date=NEXT_WEEK), order=begun)
        assert (later.status, held(later)) == (OrderStatus.EXPIRED, ())


def amending(*more: Command) -> Order:
    """Return an acknowledged order whose amendment was sent, and what came after that."""
    return life(
        *ACKNOWLEDGED, Propose(variant("b")), Require(0, (), TOMORROW), Reserve(HOLDS, TOMORROW), ISSUE,
        BeginSend(Errand.SUBMIT, "h", NOON), *more,
    )  # fmt: skip


def test_news_of_the_former_revision_leaves_the_lease_and_the_doubt_of_an_amendment() -> None:
    busy = amending(Confirm(receipt(accepted=12), "m1"))
    assert busy.delivery is not None
    assert busy.delivery.lease_until == NOON
    lost = amending(EndSend(2, 2, SendOutcome.UNKNOWN, "no answer", NOON), Confirm(receipt(accepted=12), "m1"))
    assert lost.status is OrderStatus.UNKNOWN
    assert decide(lost, Expire(NEXT_WEEK)) == ()
    assert life(Confirm(receipt(revision=2), "m2"), order=lost).document.content_digest == "b"


def test_a_late_word_about_a_refused_revision_does_not_end_the_next() -> None:
    refused = life(*SENDING, Confirm(receipt(Answer.REFUSED, reason="no such item"), "submit"))
    again = life(Propose(variant("b")), Require(0, (), TOMORROW), Reserve(HOLDS, TOMORROW), ISSUE, order=refused)
    late = receipt(Answer.REFUSED, reason="no such item")
    with pytest.raises(EquipoiseError, match="never issued"):
        decide(life(Propose(variant("b")), order=refused), Confirm(late, "m1"))
    assert decide(again, Confirm(late, "m1")) == ()
    sent = life(BeginSend(Errand.SUBMIT, "h", NOON), Confirm(receipt(revision=2), "submit"), order=again)
    assert held(sent) == HOLDS


def test_a_cancellation_that_was_handed_over_waits_for_the_other_sides_decision() -> None:
    asked = life(*ACKNOWLEDGED, Cancel("ann", "no"), BeginSend(Errand.CANCEL, "h", NOON))
    waits = life(Confirm(receipt(), "cancel"), order=asked)
    assert (waits.cancel_pending, errand_of(waits)) == (True, None)
    assert decide(waits, Propose(variant("b"))) == ()
    assert life(Confirm(receipt(Answer.CANCELLED), "m"), order=waits).status is OrderStatus.CANCELLED
    gone = life(Confirm(receipt(shipped=14), "m"), order=waits)
    assert (gone.status, gone.cancel_pending) == (OrderStatus.SHIPPED, False)


def test_an_order_that_was_to_be_cancelled_and_never_arrived_is_not_sent_any_more() -> None:
    lost = life(*SENDING, EndSend(1, 1, SendOutcome.NOT_SENT, "disk full", NOON), Cancel("ann", "strike"))
    waits = life(
        BeginSend(Errand.CANCEL, "h", NOON), Confirm(receipt(Answer.PENDING, revision=0, accepted=0), "cancel"),
        order=lost,
    )  # fmt: skip
    assert errand_of(waits) is None


def test_what_left_is_held_from_the_snapshot_that_still_counts_it() -> None:
    gone = life(*RECEIVED, Close("settled"))
    assert held(gone) == (Hold("DC1", "I1", 10),)  # one line was told of: the units that it shipped, up to its hold


def test_an_amendment_that_a_person_rejected_is_not_proposed_again_by_the_same_plan() -> None:
    order = life(*ACKNOWLEDGED, Propose(variant("b")), Require(1, ("value",), TOMORROW), Reject("ann", "too much"))
    assert decide(order, Propose(variant("b"))) == ()
    other = life(Propose(variant("c")), order=order)
    assert other.person_decided == "revision 2: too much, by ann"


def test_a_consent_stays_when_a_rule_has_nothing_to_say_any_more() -> None:
    order = life(
        *PROPOSED, Require(2, ("value", "novelty"), TOMORROW), yes("ann", "a"), Require(1, ("value",), TOMORROW)
    )
    assert (order.status, order.status_reason) == (OrderStatus.APPROVED, "approved by ann")


def test_an_approval_that_does_not_hold_any_more_is_asked_for_again() -> None:
    reserved = life(*PROPOSED, Require(1, ("value",), TOMORROW), yes("ann", "a"), Reserve(HOLDS, TOMORROW))
    again = life(Reopen("ann may not approve any more", ("ann",)), order=reserved)
    assert (again.status, held(again)) == (OrderStatus.PROPOSED, ())
    assert life(yes("bo", "a"), order=again).status_reason == "approved by bo"


def test_what_is_in_the_outbox_and_has_certainly_not_left_is_asked_for_again_and_goes_on_where_it_was() -> None:
    not_sent = life(*SENDING, EndSend(1, 1, SendOutcome.NOT_SENT, "down", NOON))
    for order in (life(*ISSUED), not_sent):
        again = life(Reopen("more people"), order=order)
        assert (again.status, held(again), errand_of(again)) == (OrderStatus.PROPOSED, (), None)
    issued = life(Require(1, ("value",), TOMORROW), yes("bo", "a"), Reserve(HOLDS, TOMORROW), ISSUE, order=again)
    assert issued.delivery is not None
    assert issued.delivery.attempts == 1, "a late answer of the first attempt is none of the second"


@pytest.mark.parametrize(
    "sequence",
    [
        SENDING,
        (*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "no answer", NOON)),
        (*SENDING, Confirm(receipt(Answer.PENDING, accepted=0), "submit")),
        (*SENDING, EndSend(1, 1, SendOutcome.NOT_SENT, "down", NOON), Cancel("ann", "no")),
        ACKNOWLEDGED,
    ],
    ids=["being sent", "unknown", "taken in", "to be cancelled", "acknowledged"],
)
def test_what_may_have_left_is_not_opened_again(sequence: tuple[Command, ...]) -> None:
    with pytest.raises(EquipoiseError, match="has not left"):
        decide(life(*sequence), Reopen("more people"))


def test_a_proposal_that_nobody_looked_at_expires_with_its_window() -> None:
    assert decide(life(*PROPOSED), Expire(TOMORROW, window_days=2)) == ()
    assert life(*PROPOSED, Expire(TOMORROW, window_days=1)).status is OrderStatus.EXPIRED


def test_a_shortage_that_says_the_same_again_is_no_event() -> None:
    short = RefuseReservation((Shortage("DC1", "I1", 10, 3, ("T-x",)),))
    assert decide(life(*APPROVED, short), short) == ()


def test_every_status_says_what_kind_of_state_it_is() -> None:
    order = Order(DOCUMENT, 1, OrderStatus.PROPOSED)
    assert all(held(dataclasses.replace(order, status=status, holds=HOLDS)) == () for status in ENDED)
