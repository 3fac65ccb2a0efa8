"""The conformance kit: what every gateway must do, and what it must survive with exactly one order.

To give a gateway of your own to it, write a ``Rig`` (the gateway with a fresh other side, and the means to
make that side fail) and one class, in any test module of this folder::

    class TestMyErp(GatewayConformance):
        @pytest.fixture
        def rig(self, tmp_path):
            rig = MyErpRig(tmp_path)
            yield rig
            rig.close()

A rig names the faults that it can inject; tests of the others are skipped with that reason. Faults of the wire
(``WIRE_FAULTS``) need nothing of the other side: wrap the gateway in ``FaultyGateway`` and arm it, as
``ProxyRig`` in ``rigs`` does. ``send_until_known`` is the rule that senders follow. Not here: gateways, or how
one of them is set up (``rigs``).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest
from contract.gateways.kit_documents import LEVELS, PLAN_DATE, UNITS, cancellation, parameters, submission
from contract.gateways.kit_ledger import Ledger

from assets.orders.gateways.faults import Fault
from assets.orders.gateways.port import (
    Answer,
    Confirmation,
    Gateway,
    NotSent,
    NotUnderstood,
    OutcomeUnknown,
    Receipt,
    Submission,
)
from assets.orders.order import Order, OrderStatus, held

PATIENCE = 400
NEXT_DAY = PLAN_DATE + dt.timedelta(days=1)
PAUSE_S = 60.0


class Rig(Protocol):
    """A gateway under test, with the other side in hand."""

    @property
    def gateway(self) -> Gateway:
        """The gateway under test, on an other side that had nothing at the beginning."""
        ...

    @property
    def faults(self) -> frozenset[Fault]:
        """Faults that can be injected."""
        ...

    def inject(self, fault: Fault) -> None:
        """Have a fault happen to the next submission, or to the answer to it; see ``lift``.

        ``DOWN`` lasts for an hour of ``wait``. The three that are the other side's own decision (late
        acknowledgement, partial acceptance of half, refusal) last until lifted.
        """
        ...

    def lift(self) -> None:
        """End what lasts."""
        ...

    def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        ...

    def settle(self) -> None:
        """Let the other side do what it has to do, starting it again if it crashed."""
        ...

    def times_created(self) -> Mapping[str, int]:
        """Return how many orders the other side made, by our reference, as it counts them itself."""
        ...

    def decide(self, reference: str) -> None:
        """Have the other side accept a pending order."""
        ...

    def ship(self, reference: str) -> None:
        """Have it ship all that it accepted."""
        ...

    def receive(self, reference: str) -> None:
        """Have all that it accepted arrive."""
        ...

    def levels(self) -> Mapping[tuple[str, str], tuple[int, int, int]]:
        """Return reorder point, minimum and maximum by site and item, as the other side replenishes by them."""
        ...

    @property
    def decides_on_levels(self) -> bool:
        """Whether it can refuse levels, take some, or leave them waiting; else they are set when they come."""
        ...

    @property
    def calls_off(self) -> bool:
        """Whether it can cancel an order without a word on its lines."""
        ...

    def call_off(self, reference: str) -> None:
        """Have it do so."""
        ...

    def repeat(self, reference: str) -> None:
        """Have it say again where an order stands."""
        ...

    def back_up(self) -> None:
        """Remember the other side as it is."""
        ...

    def restore(self) -> None:
        """Put the other side back to what was remembered."""
        ...

    def close(self) -> None:
        """Stop everything."""
        ...


def send_until_known(gateway: Gateway, wanted: Submission, wait: Callable[[float], None]) -> Receipt:
    """Send as senders do: again after ``NotSent``; after ``OutcomeUnknown`` ask first, and send if it has nothing.

    ``NotUnderstood`` is for a person and comes through.
    """
    must_ask = False
    for _ in range(PATIENCE):
        try:
            found = gateway.find(wanted.reference) if must_ask else None
            if found is not None and found.revision >= wanted.revision:
                return found
            must_ask = False
            return gateway.submit(wanted)
        except NotSent as fault:
            wait(max(fault.retry_after_s, PAUSE_S))
        except OutcomeUnknown:
            must_ask = True
            wait(PAUSE_S)
    raise AssertionError(f"{wanted.reference} is still not known to have arrived")


def everything_said(gateway: Gateway, since: str = "") -> tuple[list[Confirmation], list[str], str]:
    """Return all confirmations beyond a cursor, what could not be read, and the cursor after them."""
    found: list[Confirmation] = []
    unreadable: list[str] = []
    for _ in range(PATIENCE):
        page = gateway.confirmations(since)
        found += page.found
        unreadable += page.unreadable
        if page.cursor == since and not page.found:
            return found, unreadable, since
        since = page.cursor
    raise AssertionError("the cursor never comes to an end")


def units(receipt: Receipt) -> dict[str, list[int]]:
    """Return accepted, shipped and received units in the order of lines."""
    lines = sorted(receipt.lines, key=lambda line: line.line_number)
    return {
        "accepted": [line.accepted_units for line in lines],
        "shipped": [line.shipped_units for line in lines],
        "received": [line.received_units for line in lines],
    }


def found(rig: Rig, reference: str) -> Receipt:
    """Return what the gateway finds once the other side has done its work."""
    rig.settle()
    receipt = rig.gateway.find(reference)
    assert receipt is not None
    return receipt


def sent(rig: Rig, wanted: Submission) -> Receipt:
    """Send, let the other side work, and return what it says of the order."""
    send_until_known(rig.gateway, wanted, rig.wait)
    return found(rig, wanted.reference)


def ledger_with(rig: Rig, wanted: Submission) -> Ledger:
    """Return a ledger of one order that the other side has accepted."""
    ledger = Ledger(rig.gateway)
    ledger.put_in_outbox(wanted)
    dispatched(rig, ledger)
    assert ledger.order(wanted.reference).status is OrderStatus.ACKNOWLEDGED
    return ledger


def dispatched(rig: Rig, ledger: Ledger) -> None:
    """Send what is due, let the other side work, and hear what it says."""
    ledger.send()
    rig.settle()
    ledger.listen()


def kept(order: Order) -> list[int]:
    """Return the units that an order keeps, by item."""
    return [hold.units for hold in held(order)]


class GatewayConformance:
    """What any gateway passes; a subclass gives the fixture ``rig``."""

    # What a gateway does when nothing goes wrong.

    def test_a_submission_is_accepted_and_found(self, rig: Rig) -> None:
        receipt = sent(rig, submission())
        assert (receipt.revision, receipt.answer) == (1, Answer.ACCEPTED)
        assert units(receipt) == {"accepted": list(UNITS), "shipped": [0, 0], "received": [0, 0]}
        assert receipt.external_id

    def test_its_address_tells_the_kind_and_which_system_but_not_where(self, rig: Rig) -> None:
        kind, _, which = rig.gateway.address.partition(":")
        assert kind == rig.gateway.name
        assert which in ("", "home") or set(which) <= set("0123456789abcdef")

    def test_the_receipt_of_a_submission_names_the_order_and_its_revision(self, rig: Rig) -> None:
        receipt = rig.gateway.submit(submission())
        assert (receipt.reference, receipt.revision) == (submission().reference, 1)
        assert receipt.answer in (Answer.PENDING, Answer.ACCEPTED)

    def test_a_duplicate_submission_creates_one_order(self, rig: Rig) -> None:
        first = sent(rig, submission())
        again = sent(rig, submission())
        assert again == first
        assert rig.times_created() == {submission().reference: 1}

    def test_many_who_send_one_order_at_once_make_one(self, rig: Rig) -> None:
        wanted = [submission("S1"), submission("S2")] * 6
        with ThreadPoolExecutor(4) as pool:
            receipts = list(pool.map(rig.gateway.submit, wanted))
        rig.settle()
        assert [receipt.reference for receipt in receipts] == [one.reference for one in wanted]
        assert rig.times_created() == {one.reference: 1 for one in wanted}

    def test_what_was_never_sent_is_not_found(self, rig: Rig) -> None:
        sent(rig, submission("S1"))
        assert rig.gateway.find(submission("S2").reference) is None

    def test_nothing_is_there_at_the_beginning(self, rig: Rig) -> None:
        assert rig.gateway.references() == ()
        assert rig.gateway.confirmations("").found == ()

    def test_every_order_is_among_the_references(self, rig: Rig) -> None:
        wanted = [submission(site) for site in ("S1", "S2", "S3")]
        for one in wanted:
            sent(rig, one)
        assert sorted(rig.gateway.references()) == sorted(one.reference for one in wanted)

    def test_other_content_under_the_same_revision_is_not_understood_and_the_first_stands(self, rig: Rig) -> None:
        first = sent(rig, submission())
        with pytest.raises(NotUnderstood):
            rig.gateway.submit(submission(units=(99, 1)))
        assert found(rig, first.reference) == first
        assert rig.times_created() == {first.reference: 1}

    def test_an_amendment_changes_the_order_that_is_there(self, rig: Rig) -> None:
        sent(rig, submission())
        receipt = sent(rig, submission(revision=2, units=(6, 0)))
        assert (receipt.revision, units(receipt)["accepted"]) == (2, [6, 0])
        assert not receipt.amendment_was_refused
        assert rig.times_created() == {receipt.reference: 1}

    def test_an_amendment_of_what_was_shipped_is_refused_and_the_order_stands(self, rig: Rig) -> None:
        first = sent(rig, submission())
        rig.ship(first.reference)
        receipt = sent(rig, submission(revision=2, units=(6, 0)))
        assert receipt.revision == 1
        assert receipt.amendment_was_refused
        assert units(receipt)["shipped"] == list(UNITS)
        assert rig.times_created() == {first.reference: 1}

    def test_an_amendment_that_is_answered_later_keeps_the_stock_of_both_until_then(self, rig: Rig) -> None:
        first, amendment = submission(), submission(revision=2, units=(6, 4))
        ledger = ledger_with(rig, first)
        inject(rig, Fault.LATE_ACKNOWLEDGEMENT)
        ledger.put_in_outbox(amendment)
        dispatched(rig, ledger)
        assert ledger.order(first.reference).status is OrderStatus.ISSUED
        assert kept(ledger.order(first.reference)) == [10, 4]
        rig.lift()
        rig.decide(first.reference)
        dispatched(rig, ledger)
        order = ledger.order(first.reference)
        assert (order.status, order.document) == (OrderStatus.ACKNOWLEDGED, amendment.document)
        assert kept(order) == [6, 4]
        assert rig.times_created() == {first.reference: 1}

    def test_an_amendment_that_is_refused_leaves_what_was_sent_its_stock_and_its_shipment(self, rig: Rig) -> None:
        first = submission()
        ledger = ledger_with(rig, first)
        ledger.put_in_outbox(submission(revision=2, units=(6, 0)))
        rig.ship(first.reference)
        dispatched(rig, ledger)
        order = ledger.order(first.reference)
        assert (order.status, order.document) == (OrderStatus.SHIPPED, first.document)
        assert order.receipt is not None
        assert units(order.receipt)["shipped"] == list(UNITS)
        assert kept(order) == list(UNITS)

    def test_a_former_revision_that_comes_late_changes_nothing(self, rig: Rig) -> None:
        sent(rig, submission())
        after = sent(rig, submission(revision=2, units=(6, 0)))
        rig.gateway.submit(submission())
        assert found(rig, after.reference) == after

    def test_an_order_is_cancelled_and_cancelling_again_changes_nothing(self, rig: Rig) -> None:
        reference = sent(rig, submission()).reference
        rig.gateway.cancel(cancellation(reference))
        first = found(rig, reference)
        rig.gateway.cancel(cancellation(reference))
        assert first.answer is Answer.CANCELLED
        assert found(rig, reference) == first

    def test_what_was_shipped_is_not_cancelled(self, rig: Rig) -> None:
        reference = sent(rig, submission()).reference
        rig.ship(reference)
        rig.gateway.cancel(cancellation(reference))
        receipt = found(rig, reference)
        assert receipt.answer is Answer.ACCEPTED
        assert units(receipt)["shipped"] == list(UNITS)

    def test_cancelling_what_was_never_sent_makes_no_order(self, rig: Rig) -> None:
        receipt = rig.gateway.cancel(cancellation(submission().reference))
        rig.settle()
        assert receipt.answer in (Answer.CANCELLED, Answer.PENDING)
        assert sum(rig.times_created().values()) == 0

    def test_confirmations_tell_what_was_accepted_shipped_and_received_so_far(self, rig: Rig) -> None:
        reference = sent(rig, submission()).reference
        rig.ship(reference)
        rig.settle()
        rig.receive(reference)
        rig.settle()
        said, unreadable, _ = everything_said(rig.gateway)
        assert unreadable == []
        assert {one.receipt.reference for one in said} == {reference}
        last = said[-1].receipt
        assert last.answer is Answer.CLOSED
        assert units(last) == {"accepted": list(UNITS), "shipped": list(UNITS), "received": list(UNITS)}
        moved = [sum(units(one.receipt)["shipped"]) + sum(units(one.receipt)["received"]) for one in said]
        assert moved == sorted(moved)

    def test_a_cursor_leads_to_what_came_after_it_and_the_empty_one_to_everything(self, rig: Rig) -> None:
        sent(rig, submission("S1"))
        before, _, cursor = everything_said(rig.gateway)
        assert rig.gateway.confirmations(cursor).found == ()
        assert rig.gateway.confirmations(cursor).cursor == cursor
        sent(rig, submission("S2"))
        after, _, _ = everything_said(rig.gateway, cursor)
        assert {one.receipt.reference for one in after} == {submission("S2").reference}
        assert everything_said(rig.gateway)[0] == before + after

    def test_every_confirmation_has_an_id_of_its_own(self, rig: Rig) -> None:
        for site in ("S1", "S2"):
            rig.ship(sent(rig, submission(site)).reference)
        rig.settle()
        ids = [one.confirmation_id for one in everything_said(rig.gateway)[0]]
        assert len(ids) >= 4
        assert len(set(ids)) == len(ids)

    def test_what_was_said_of_an_order_later_has_a_later_place_where_places_are_told(self, rig: Rig) -> None:
        reference = sent(rig, submission()).reference
        rig.ship(reference)
        rig.settle()
        said = [one.receipt for one in everything_said(rig.gateway)[0] if one.receipt.reference == reference]
        places = [one.sequence for one in sorted(said, key=lambda one: one.shipped_units)]
        assert len(places) >= 2
        assert places == [0] * len(places) or places == sorted(set(places))

    # Levels, which hand replenishment over.

    def test_levels_are_acknowledged_and_stand_there(self, rig: Rig) -> None:
        receipt = sent(rig, parameters())
        assert (receipt.revision, receipt.answer) == (1, Answer.ACCEPTED)
        assert units(receipt) == {"accepted": [17, 3], "shipped": [0, 0], "received": [0, 0]}
        assert receipt.external_id
        assert rig.levels() == {("S1", "I1"): LEVELS[0], ("S1", "I2"): LEVELS[1]}
        assert rig.gateway.references() == (receipt.reference,)
        assert {one.receipt for one in everything_said(rig.gateway)[0]} == {receipt}

    def test_levels_that_many_send_at_once_are_one_document(self, rig: Rig) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(rig.gateway.submit, [parameters()] * 6))
        rig.settle()
        assert rig.times_created() == {parameters().reference: 1}
        assert rig.levels()["S1", "I1"] == LEVELS[0]

    def test_other_levels_under_the_same_revision_are_not_understood(self, rig: Rig) -> None:
        sent(rig, parameters())
        with pytest.raises(NotUnderstood):
            rig.gateway.submit(parameters(levels=((1, 1, 2), (0, 0, 3))))
        assert rig.levels()["S1", "I1"] == LEVELS[0]

    def test_an_amendment_of_levels_sets_them_anew(self, rig: Rig) -> None:
        sent(rig, parameters())
        receipt = sent(rig, parameters(revision=2, levels=((8, 2, 14), (0, 0, 3))))
        assert (receipt.revision, receipt.answer, receipt.amendment_was_refused) == (2, Answer.ACCEPTED, False)
        assert rig.levels() == {("S1", "I1"): (8, 2, 14), ("S1", "I2"): LEVELS[1]}
        rig.gateway.submit(parameters())
        assert found(rig, receipt.reference) == receipt
        assert rig.levels()["S1", "I1"] == (8, 2, 14)

    def test_levels_of_a_later_day_replace_those_they_name_and_no_others(self, rig: Rig) -> None:
        first = sent(rig, parameters())
        later = sent(rig, parameters(levels=((5, 1, 9),), plan_date=NEXT_DAY))
        assert rig.levels() == {("S1", "I1"): (5, 1, 9), ("S1", "I2"): LEVELS[1]}
        assert found(rig, first.reference) == first
        assert rig.times_created() == {first.reference: 1, later.reference: 1}

    def test_levels_of_a_day_before_that_come_late_change_nothing(self, rig: Rig) -> None:
        sent(rig, parameters(levels=((5, 1, 9),), plan_date=NEXT_DAY))
        sent(rig, parameters())
        assert rig.levels() == {("S1", "I1"): (5, 1, 9), ("S1", "I2"): LEVELS[1]}

    def test_levels_that_are_withdrawn_are_gone(self, rig: Rig) -> None:
        sent(rig, parameters())
        receipt = sent(rig, parameters(levels=((0, 0, 0),), plan_date=NEXT_DAY, withdrawn=(1,)))
        assert units(receipt)["accepted"] == [0]
        assert rig.levels() == {("S1", "I2"): LEVELS[1]}

    def test_levels_of_a_day_before_that_come_after_a_withdrawal_do_not_revive_it(self, rig: Rig) -> None:
        sent(rig, parameters(levels=((0, 0, 0),), plan_date=NEXT_DAY, withdrawn=(1,)))
        sent(rig, parameters())
        assert rig.levels() == {("S1", "I2"): LEVELS[1]}

    def test_a_receipt_says_of_each_level_that_it_was_taken(self, rig: Rig) -> None:
        receipt = sent(rig, parameters(levels=(LEVELS[0], (0, 0, 0)), withdrawn=(2,)))
        assert [(line.accepted_units, line.taken) for line in receipt.lines] == [(LEVELS[0][2], True), (0, True)]

    def test_levels_in_force_are_not_cancelled(self, rig: Rig) -> None:
        reference = sent(rig, parameters()).reference
        rig.gateway.cancel(cancellation(reference))
        assert found(rig, reference).answer is Answer.ACCEPTED
        assert rig.levels()["S1", "I1"] == LEVELS[0]

    @pytest.mark.parametrize(
        "fault", [Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT, Fault.LOST_REPLY, Fault.DOWN]
    )
    def test_levels_arrive_once_in_spite_of(self, rig: Rig, fault: Fault) -> None:
        inject(rig, fault)
        receipt = sent(rig, parameters())
        assert receipt.answer is Answer.ACCEPTED
        assert rig.times_created() == {receipt.reference: 1}
        assert rig.levels() == {("S1", "I1"): LEVELS[0], ("S1", "I2"): LEVELS[1]}

    @pytest.mark.parametrize("wanted", [submission(), parameters()], ids=["order", "levels"])
    def test_a_cancellation_that_says_nothing_of_lines_arrives_as_just_that(self, rig: Rig, wanted: Submission) -> None:
        calls_off(rig)
        reference = sent(rig, wanted).reference
        _, _, cursor = everything_said(rig.gateway)
        rig.call_off(reference)
        receipt = found(rig, reference)
        assert (receipt.answer, receipt.revision, receipt.lines) == (Answer.CANCELLED, 1, ())
        assert everything_said(rig.gateway, cursor)[0][-1].receipt == receipt

    def test_levels_that_are_refused_do_not_stand(self, rig: Rig) -> None:
        decides_on_levels(rig)
        inject(rig, Fault.REFUSAL)
        assert sent(rig, parameters()).answer is Answer.REFUSED
        assert rig.levels() == {}

    def test_levels_that_were_not_taken_as_asked_are_told_by_line(self, rig: Rig) -> None:
        decides_on_levels(rig)
        inject(rig, Fault.PARTIAL_ACCEPTANCE)
        receipt = sent(rig, parameters())
        assert (receipt.answer, units(receipt)["accepted"]) == (Answer.ACCEPTED, [8, 1])
        assert rig.levels() == {}

    # What it survives.

    @pytest.mark.parametrize(
        "fault",
        [
            Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT, Fault.LOST_REPLY, Fault.DUPLICATE_REPLY,
            Fault.SLOW, Fault.DOWN, Fault.RATE_LIMIT,
        ],
    )  # fmt: skip
    def test_a_submission_arrives_once_in_spite_of(self, rig: Rig, fault: Fault) -> None:
        inject(rig, fault)
        receipt = sent(rig, submission())
        assert (receipt.revision, receipt.answer) == (1, Answer.ACCEPTED)
        assert units(receipt)["accepted"] == list(UNITS)
        assert rig.times_created() == {receipt.reference: 1}
        assert {one.receipt.reference for one in everything_said(rig.gateway)[0]} == {receipt.reference}

    @pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT, Fault.LOST_REPLY])
    def test_an_amendment_arrives_once_in_spite_of(self, rig: Rig, fault: Fault) -> None:
        sent(rig, submission())
        inject(rig, fault)
        receipt = sent(rig, submission(revision=2, units=(6, 0)))
        assert (receipt.revision, units(receipt)["accepted"]) == (2, [6, 0])
        assert rig.times_created() == {receipt.reference: 1}

    @pytest.mark.parametrize("fault", [Fault.WRONG_TOTALS, Fault.SCHEMA_CHANGE])
    def test_an_answer_that_cannot_be_read_is_reported_and_never_believed(self, rig: Rig, fault: Fault) -> None:
        inject(rig, fault)
        reported = False
        try:
            rig.gateway.submit(submission())
        except NotUnderstood:
            reported = True
        rig.settle()
        _, unreadable, cursor = everything_said(rig.gateway)
        assert reported or unreadable
        rig.lift()
        rig.repeat(submission().reference)
        receipt = found(rig, submission().reference)
        assert receipt.answer is Answer.ACCEPTED
        assert units(receipt)["accepted"] == list(UNITS)
        assert rig.times_created() == {receipt.reference: 1}
        later, still_unreadable, _ = everything_said(rig.gateway, cursor)
        assert still_unreadable == []
        assert later[-1].receipt == receipt

    def test_one_that_cannot_be_read_does_not_stop_the_others(self, rig: Rig) -> None:
        inject(rig, Fault.WRONG_TOTALS)
        for site in ("S1", "S2"):
            try:
                rig.gateway.submit(submission(site))
            except NotUnderstood:
                continue
            finally:
                rig.settle()
        said, _, _ = everything_said(rig.gateway)
        assert submission("S2").reference in {one.receipt.reference for one in said}

    def test_a_late_acknowledgement_is_pending_until_it_comes(self, rig: Rig) -> None:
        inject(rig, Fault.LATE_ACKNOWLEDGEMENT)
        receipt = sent(rig, submission())
        assert (receipt.answer, receipt.lines) == (Answer.PENDING, ())
        _, _, cursor = everything_said(rig.gateway)
        rig.lift()
        rig.decide(receipt.reference)
        later = found(rig, receipt.reference)
        assert later.answer is Answer.ACCEPTED
        assert everything_said(rig.gateway, cursor)[0][-1].receipt == later
        assert rig.times_created() == {receipt.reference: 1}

    def test_a_partial_acceptance_tells_the_units_by_line(self, rig: Rig) -> None:
        inject(rig, Fault.PARTIAL_ACCEPTANCE)
        receipt = sent(rig, submission())
        assert (receipt.answer, units(receipt)["accepted"]) == (Answer.ACCEPTED, [5, 2])
        assert rig.times_created() == {receipt.reference: 1}

    def test_a_refusal_is_an_answer_and_sending_again_does_not_change_it(self, rig: Rig) -> None:
        inject(rig, Fault.REFUSAL)
        receipt = sent(rig, submission())
        assert receipt.answer is Answer.REFUSED
        assert receipt.reason
        rig.lift()
        assert sent(rig, submission()).answer is Answer.REFUSED
        assert rig.times_created().get(receipt.reference, 0) <= 1

    def test_an_other_side_back_with_an_older_state_gets_what_it_lost_and_nothing_twice(self, rig: Rig) -> None:
        needs(rig, Fault.OLDER_STATE)
        kept, lost = submission("S1"), submission("S2")
        sent(rig, kept)
        rig.back_up()
        sent(rig, lost)
        _, _, cursor = everything_said(rig.gateway)
        rig.restore()
        rig.settle()
        for one in (kept, lost):
            if rig.gateway.find(one.reference) is None:
                sent(rig, one)
        assert rig.times_created() == {kept.reference: 1, lost.reference: 1}
        rig.ship(lost.reference)
        receipt = found(rig, lost.reference)
        assert units(receipt)["shipped"] == list(UNITS)
        assert everything_said(rig.gateway, cursor)[0][-1].receipt == receipt

    def test_a_confirmation_that_comes_twice_has_the_same_id(self, rig: Rig) -> None:
        inject(rig, Fault.DUPLICATE_REPLY)
        sent(rig, submission())
        said, _, _ = everything_said(rig.gateway)
        assert len({one.confirmation_id for one in said}) == len(set(said))


def needs(rig: Rig, fault: Fault) -> None:
    """Skip where a rig cannot inject a fault."""
    if fault not in rig.faults:
        pytest.skip(f"this rig cannot inject {fault}")


def decides_on_levels(rig: Rig) -> None:
    """Skip where levels are set when they come."""
    if not rig.decides_on_levels:
        pytest.skip("this other side sets levels when they come, and decides nothing")


def calls_off(rig: Rig) -> None:
    """Skip where the other side always says what a cancellation leaves of each line."""
    if not rig.calls_off:
        pytest.skip("this other side says of each line what a cancellation leaves of it")


def inject(rig: Rig, fault: Fault) -> None:
    """Inject a fault, or skip."""
    needs(rig, fault)
    rig.inject(fault)
