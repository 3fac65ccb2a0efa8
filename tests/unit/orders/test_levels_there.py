"""Who orders an item at a site: its ERP from its word that it took levels to its word that they are withdrawn."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from unit.orders.level_samples import book, tables

from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import Confirm, Document
from assets.orders.evolve import evolve_all
from assets.orders.levels import Word, word_on
from assets.orders.levels_there import levels_there, require_still
from assets.orders.order import Approval, Consent, Delivery, Former, Order, OrderStatus
from assets.orders.receipts import Answer, Receipt, ReceiptLine

DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 3, 2)
KEY = ("S1", "I1")
SENT = Delivery("filedrop", "key", attempts=1)
LOST = replace(SENT, uncertain=True)
BY_BEN = Approval(1, ("levels",), FIRST + DAY, "", (Consent("ben", FIRST, FIRST + DAY),))


def document(day: int, units: int = 12) -> Document:
    """Return a document that sets the levels of one item, or withdraws them for 0 units."""
    stands = levels_there([answered(document(0))], FIRST + DAY) if not units else None
    wanted = tables(((*KEY, units),)) if units else tables((), there=stands, ours=[KEY])
    (made,) = book(wanted, FIRST).content
    date = FIRST + day * DAY
    return replace(made, plan_date=date, order_id=f"L-{day}")


def answered(made: Document, *lines: ReceiptLine, answer: Answer = Answer.ACCEPTED, **order: Any) -> Order:
    taken = tuple(ReceiptLine(line.line_number, line.asked_units, taken=True) for line in made.lines)
    receipt = Receipt(made.order_id, 1, answer, lines or taken)
    return Order(made, 1, OrderStatus.CLOSED, delivery=SENT, receipt=receipt, **order)


def silent(made: Document, **order: Any) -> Order:
    return Order(made, 1, OrderStatus.UNKNOWN, delivery=LOST, **order)


def stands(*orders: Order) -> tuple[bool, bool, int, bool] | None:
    """Return whether the ERP orders, whether that is certain, the maximum, and whether it was told to stop."""
    found = levels_there(orders, FIRST + 9 * DAY)
    if found.empty:
        return None
    (row,) = found.to_dict("records")
    return row["erp_orders"], row["is_certain"], row["maximum_units"], row["is_withdrawn"]


def test_an_erp_orders_from_its_word_on_levels_to_its_word_on_their_withdrawal() -> None:
    told = answered(document(0))
    assert stands() is None
    assert stands(told) == (True, True, 12, False)
    assert stands(told, answered(document(1, 0))) == (False, True, 0, True)


@pytest.mark.parametrize("status", [OrderStatus.PROPOSED, OrderStatus.EXPIRED, OrderStatus.CANCELLED])
def test_a_document_that_never_left_changes_nothing(status: OrderStatus) -> None:
    told = answered(document(0))
    assert stands(Order(document(0), 1, status)) is None
    assert stands(told, Order(document(1, 0), 1, status)) == stands(told)


def test_a_refused_withdrawal_leaves_the_levels_standing_though_nothing_of_nothing_was_accepted() -> None:
    told = answered(document(0))
    refused = answered(document(1, 0), ReceiptLine(1, 0, taken=False))
    assert stands(told, refused) == (True, True, 12, False)
    unsaid = answered(document(1, 0), ReceiptLine(1, 0))
    assert stands(told, unsaid) == (True, False, 12, False)
    whole = replace(refused, status=OrderStatus.FAILED, receipt=replace(refused.receipt, answer=Answer.REFUSED))
    assert stands(told, whole) == stands(told)


def test_levels_that_were_taken_otherwise_are_in_doubt_and_the_erp_orders_by_them() -> None:
    assert stands(answered(document(0), ReceiptLine(1, 13, taken=True))) == (True, False, 12, False)
    assert stands(answered(document(0), ReceiptLine(1, 13))) == (True, False, 12, False)
    assert stands(answered(document(0), ReceiptLine(1, 0))) is None


def test_what_got_no_answer_that_anybody_can_read_is_in_doubt_and_changes_nobodys_turn() -> None:
    told = answered(document(0))
    assert stands(silent(document(0))) == (False, False, 12, False)
    assert stands(told, silent(document(1, 20))) == (True, False, 20, False)
    assert stands(told, silent(document(1, 0))) == (True, False, 12, False)
    pending = answered(document(0), answer=Answer.PENDING)
    assert stands(replace(pending, status=OrderStatus.ISSUED)) == (False, False, 12, False)


def test_an_amendment_that_may_have_arrived_puts_what_was_taken_in_doubt() -> None:
    told = answered(document(0))
    amended = replace(told, document=document(0, 20), revision=2, former=Former(told.document, 1, ()))
    assert stands(replace(amended, status=OrderStatus.PROPOSED)) == stands(told)
    assert stands(replace(amended, status=OrderStatus.UNKNOWN, delivery=LOST)) == (True, False, 20, False)


def test_levels_that_the_other_side_cancelled_later_are_in_doubt() -> None:
    told = answered(document(0))
    cancelled = replace(answered(document(1, 20), answer=Answer.CANCELLED), status=OrderStatus.CANCELLED)
    assert stands(told, cancelled) == (True, False, 12, False)
    assert stands(replace(told, receipt=replace(told.receipt, answer=Answer.CANCELLED))) is None


def called_off(order: Order, answer: Answer = Answer.CANCELLED) -> Order:
    """Return an order that the other side ends without a word on its lines."""
    assert order.receipt is not None
    said = Confirm(replace(order.receipt, answer=answer, lines=(), reason="ended there"), "m2")
    after = evolve_all(order, decide(order, said))
    assert after is not None
    assert decide(after, said) == (), "the same word twice is one"
    return after


@pytest.mark.parametrize("answer", [Answer.CANCELLED, Answer.REFUSED])
def test_an_end_without_a_word_on_lines_leaves_levels_in_doubt_and_nobodys_turn_changes(answer: Answer) -> None:
    told = answered(document(0))
    assert stands(called_off(told, answer)) == (True, False, 12, False)
    assert stands(told, called_off(answered(document(1, 20)), answer)) == (True, False, 20, False)
    # A gateway that does not say of a line whether it was taken.
    assert stands(called_off(answered(document(0), ReceiptLine(1, 12)), answer)) == (True, False, 12, False)


def test_a_withdrawal_that_was_called_off_leaves_what_stood_in_doubt() -> None:
    told = answered(document(0))
    assert stands(told, called_off(answered(document(1, 0)))) == (True, False, 12, False)
    assert stands(called_off(answered(document(1, 0)))) == (False, False, 0, True)


def test_of_levels_that_were_never_taken_a_cancellation_without_lines_does_not_make_the_erp_order() -> None:
    told, pending = answered(document(0)), answered(document(1, 20), answer=Answer.PENDING)
    waits = replace(pending, status=OrderStatus.ISSUED, receipt=replace(pending.receipt, lines=()))
    assert stands(called_off(waits)) == (False, False, 20, False)
    assert stands(told, called_off(waits)) == (True, False, 20, False)
    refused = answered(document(1, 20), ReceiptLine(1, 0, taken=False))
    assert stands(told, called_off(refused)) == (True, False, 12, False)
    unheard = replace(waits, receipt=Receipt("L-1", 0, Answer.CANCELLED))
    assert stands(unheard) is None


def test_levels_that_were_called_off_are_told_again_or_withdrawn() -> None:
    there = levels_there([called_off(answered(document(0)))], FIRST + DAY)
    again = tables(((*KEY, 12),), there=there).told()
    assert [(row["maximum_units"], row["is_withdrawn"]) for row in again.to_dict("records")] == [(12, False)]
    taken_back = tables((), there=there, ours=[KEY]).told()
    assert list(taken_back["is_withdrawn"]) == [True]
    kept = tables(((*KEY, 12),), there=levels_there([answered(document(0))], FIRST + DAY)).told()
    assert kept.empty


def test_what_was_called_off_on_the_date_itself_stays_in_its_document() -> None:
    off = called_off(answered(document(0)))
    (row,) = levels_there([off], FIRST).to_dict("records")
    assert (row["of_this_date"], row["maximum_units"]) == (True, 12)
    gone = replace(off, receipt=replace(off.receipt, lines=(ReceiptLine(1, 0, taken=False),)))
    assert levels_there([gone], FIRST).empty


def test_an_acceptance_without_lines_says_of_no_level_that_it_was_taken_or_refused() -> None:
    silent = answered(document(0))
    silent = replace(silent, receipt=replace(silent.receipt, lines=()))
    assert stands(silent) == (False, False, 12, False)
    assert stands(answered(document(0)), replace(silent, document=document(1, 0))) == (True, False, 12, False)


def test_what_was_acknowledged_on_a_date_counts_for_later_dates_only() -> None:
    told = answered(document(0))
    (row,) = levels_there([told], FIRST).to_dict("records")
    assert (row["of_this_date"], row["erp_orders"]) == (True, False)
    assert levels_there([told], FIRST - DAY).empty


def test_the_last_levels_that_a_person_approved_are_kept_while_rules_approve_others() -> None:
    def approved(*orders: Order) -> tuple[int, int]:
        (row,) = levels_there(orders, FIRST + 9 * DAY).to_dict("records")
        return row["approved_reorder_point_units"], row["approved_maximum_units"]

    first, second = answered(document(0), approval=BY_BEN), answered(document(1, 18))
    third = answered(document(2, 27), approval=replace(BY_BEN, given=()))
    assert approved(first, second, third) == (11, 12)
    assert approved(first, second, replace(third, approval=BY_BEN)) == (26, 27)
    # Of another revision than the one that was answered.
    assert approved(first, replace(second, approval=BY_BEN, revision=2)) == (11, 12)
    # What is handed over anew after a withdrawal begins anew.
    assert approved(first, answered(document(1, 0)), third) == (26, 27)


@pytest.mark.parametrize(
    ("asked", "accepted", "taken", "word"),
    [
        (12, 12, None, Word.TAKEN), (12, 0, None, Word.REFUSED), (12, 13, None, Word.OTHERWISE),
        (12, 12, False, Word.REFUSED), (12, 13, True, Word.OTHERWISE), (12, 12, True, Word.TAKEN),
        (0, 0, None, Word.UNSAID), (0, 0, True, Word.TAKEN), (0, 0, False, Word.REFUSED), (0, 5, None, Word.OTHERWISE),
    ],
)  # fmt: skip
def test_a_receipt_says_of_each_line_whether_it_was_taken(
    asked: int, accepted: int, taken: bool | None, word: Word
) -> None:
    line = document(0, 12).lines[0]
    line = replace(line, levels=replace(line.levels, maximum_units=asked))
    assert word_on(line, ReceiptLine(1, accepted, taken=taken)) is word
    assert word_on(line, None) is Word.REFUSED


def test_levels_that_left_while_their_date_was_planned_stop_the_plan() -> None:
    before, now = levels_there([], FIRST), levels_there([answered(document(0))], FIRST)
    require_still(now, now, FIRST)
    with pytest.raises(EquipoiseError, match="left while the date was planned, first S1 I1"):
        require_still(before, now, FIRST)
