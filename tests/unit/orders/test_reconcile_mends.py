"""Every command that reconciling names is run here, until both sides say the same."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from unit.orders.level_samples import book, tables
from unit.orders.order_lives import DOCUMENT, ISSUED, SENDING, TOMORROW, variant
from unit.orders.test_levels_there import FIRST, KEY

from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_one
from assets.orders.confirmations import take_confirmations
from assets.orders.decide import decide
from assets.orders.events import (
    BeginSend,
    Cancel,
    Close,
    Command,
    Confirm,
    Document,
    Errand,
    Expire,
    Issue,
    Propose,
    ReceiptRecorded,
    Redirect,
    Require,
    Resend,
    Reserve,
)
from assets.orders.evolve import evolve_all
from assets.orders.gateways.port import (
    Answer,
    Cancellation,
    Confirmation,
    Confirmations,
    Receipt,
    ReceiptLine,
    Submission,
)
from assets.orders.order import TAKEN, Order, OrderStatus, errand_of, taken_in
from assets.orders.outbox import SendTerms, send_due
from assets.orders.reconcile import Cause, Difference, issued_elsewhere, reconcile, require_closable, said_there
from assets.orders.store import Append, MemoryOrderStore, StockGuard

TODAY = dt.date(2026, 1, 8)
NOON = dt.datetime(2026, 1, 8, 12, tzinfo=dt.UTC)
ORDER = DOCUMENT.order_id
FULL = (ReceiptLine(1, 10), ReceiptLine(2, 4))


def says(answer: Answer = Answer.ACCEPTED, revision: int = 1, *lines: ReceiptLine) -> Receipt:
    return Receipt(ORDER, revision, answer, lines or FULL, "X1")


def moved(shipped: int, received: int = 0, answer: Answer = Answer.ACCEPTED) -> Receipt:
    """Return what is said of an order for 10 and 4 units of which so many of the first line have moved."""
    return says(answer, 1, ReceiptLine(1, 10, shipped, received), ReceiptLine(2, 4, 4, 4 if received else 0))


ACKNOWLEDGED = (*SENDING, Confirm(says(), "submit"))
SHIPPED = (*ACKNOWLEDGED, Confirm(moved(10), "m1"))
RECEIVED = (*SHIPPED, Confirm(moved(10, 10), "m2"))


@dataclass
class There:
    """Another side whose one order a test sets; it acts on what it is told as the counterpart does."""

    has: Receipt | None = None
    news: tuple[Receipt, ...] = ()
    submitted: tuple[int, ...] = ()

    name = address = "memory"

    def submit(self, submission: Submission) -> Receipt:
        self.submitted += (submission.revision,)
        if self.has is None or self.has.revision < submission.revision:
            lines = tuple(ReceiptLine(one.line_number, one.quantity_units) for one in submission.document.lines)
            self.has = Receipt(ORDER, submission.revision, Answer.ACCEPTED, lines, "X1")
        return self.has

    def find(self, reference: str) -> Receipt | None:
        return self.has if reference == ORDER else None

    def cancel(self, cancellation: Cancellation) -> Receipt:
        now = self.has or Receipt(cancellation.reference, 0, Answer.CANCELLED)
        open_there = now.answer in (Answer.PENDING, Answer.ACCEPTED) and not now.shipped_units
        self.has = replace(now, answer=Answer.CANCELLED, lines=()) if open_there else now
        return self.has

    def confirmations(self, since: str) -> Confirmations:
        start = int(since or 0)
        found = tuple(Confirmation(f"m{n}", one) for n, one in enumerate(self.news[start:], start))
        return Confirmations(found, str(len(self.news)) if found else since)

    def references(self) -> tuple[str, ...]:
        return (ORDER,) if self.has else ()


def kept(*sequence: Command) -> MemoryOrderStore:
    store, order = MemoryOrderStore(), None
    for command in sequence:
        events = decide(order, command)
        if events:
            store.append([Append(ORDER, order.version if order else 0, events)])
            order = evolve_all(order, events)
    return store


def ours(store: MemoryOrderStore) -> Order:
    (order,) = store.orders()
    return order


def found(store: MemoryOrderStore, there: There) -> tuple[Difference, ...]:
    return reconcile(store, there, "sample", TODAY).differences


def sent(store: MemoryOrderStore, there: There) -> None:
    send_due(store, there, "sample", SendTerms("host"), lambda: NOON)


def run(store: MemoryOrderStore, there: There, remedy: str) -> None:
    """Do what a command does that reconciling names, and what it says that the next dispatch does."""
    words = remedy.split()
    if words[1] == "cancel":
        answer_one(store, words[2], Cancel("ann", "not_needed"))
    elif words[2:] and words[2] == "--take":
        told = said_there(ours(store), there)
        assert told is not None
        answer_one(store, words[3], Confirm(told, TAKEN))
    elif words[2:] and words[2] == "--close":
        require_closable(ours(store), there)
        answer_one(store, words[3], Close("found by reconciling"))
    elif words[2:] and words[2] == "--resend":
        answer_one(store, words[3], Resend("ann", "found by reconciling"))
    else:
        assert words == ["equipoise", "dispatch"]
    sent(store, there)


AMENDED = (Propose(variant("b")), Require(0, (), TOMORROW))
AMENDING = (*AMENDED, Reserve((), TOMORROW), Issue("rule", "memory", "key2"))
CLOSED = (*RECEIVED, Close("received, and settled for 14 days"))
WISH = (*ACKNOWLEDGED, Cancel("ann", "no"))
LOST_WISH = (*WISH, Confirm(says(), Errand.CANCEL.value))
CALLED_OFF = (*LOST_WISH, Confirm(replace(says(Answer.CANCELLED), lines=()), "m1"))
PENDING = says(Answer.PENDING)
OTHERS = says(Answer.ACCEPTED, 7, ReceiptLine(1, 99))
OTHERS_MOVED = says(Answer.ACCEPTED, 7, ReceiptLine(1, 99, 5))
TOO_MANY = says(Answer.ACCEPTED, 1, ReceiptLine(1, 1000), ReceiptLine(2, 4))
SOME_OF_TOO_MANY = says(Answer.ACCEPTED, 1, ReceiptLine(1, 1000, 10), ReceiptLine(2, 4, 4))


@pytest.mark.parametrize(
    ("here", "there", "cause", "verb"),
    [
        (SENDING, None, Cause.NOT_ANSWERED, "dispatch"),
        (SENDING, says(), Cause.NEWS, "--take"),
        (ACKNOWLEDGED, moved(3), Cause.NEWS, "--take"),
        ((*SENDING, Confirm(PENDING, "submit")), PENDING, Cause.PENDING, "cancel"),
        # The other side lost the order, or its answer to it.
        (ACKNOWLEDGED, None, Cause.MISSING_THERE, "--resend"),
        ((*SENDING, Confirm(PENDING, "submit")), None, Cause.MISSING_THERE, "--resend"),
        ((*ACKNOWLEDGED, *AMENDED), None, Cause.MISSING_THERE, "--resend"),
        ((*ACKNOWLEDGED, *AMENDING), None, Cause.MISSING_THERE, "dispatch"),
        (SHIPPED, None, Cause.MISSING_THERE, "--close"),
        (RECEIVED, None, Cause.MISSING_THERE, "--close"),
        (LOST_WISH, None, Cause.MISSING_THERE, "--resend"),
        (WISH, None, Cause.CANCEL_OPEN, "dispatch"),
        # It is back with an older state.
        (ACKNOWLEDGED, PENDING, Cause.OLDER_THERE, "--resend"),
        ((*ACKNOWLEDGED, *AMENDING), PENDING, Cause.OLDER_THERE, "dispatch"),
        (SHIPPED, says(), Cause.OLDER_THERE, "--take"),
        (SHIPPED, PENDING, Cause.OLDER_THERE, "--take"),
        (CLOSED, moved(10), Cause.OLDER_THERE, "--take"),
        (CALLED_OFF, says(), Cause.OLDER_THERE, "--take"),
        # More is said of an order that is closed here.
        (CLOSED, moved(20, 20), Cause.NEWS, "--take"),
        (CLOSED, moved(10, 10, Answer.CLOSED), Cause.NEWS, "--take"),
        # It has what this ledger never made.
        (ACKNOWLEDGED, OTHERS, Cause.UNMADE, "cancel"),
        ((*ACKNOWLEDGED, Confirm(OTHERS, "m1")), OTHERS, Cause.UNMADE, "cancel"),
        ((*ACKNOWLEDGED, *AMENDING), OTHERS, Cause.UNMADE, "cancel"),
        ((*ACKNOWLEDGED, Confirm(OTHERS, "m1")), says(), Cause.NEWS, "--take"),
        ((*ACKNOWLEDGED, Confirm(OTHERS, "m1")), None, Cause.MISSING_THERE, "--resend"),
        ((*ACKNOWLEDGED, Confirm(OTHERS_MOVED, "m1")), None, Cause.MISSING_THERE, "--close"),
        (SHIPPED, OTHERS_MOVED, Cause.UNMADE, "--take"),
        (CALLED_OFF, OTHERS, Cause.UNMADE, "--take"),
        ((*CALLED_OFF, Confirm(OTHERS, "m2")), OTHERS, Cause.CANCEL_OPEN, "dispatch"),
        # It promises more than it was asked for.
        ((*SENDING, Confirm(TOO_MANY, "submit")), TOO_MANY, Cause.TOO_MUCH, "cancel"),
        ((*SENDING, Confirm(SOME_OF_TOO_MANY, "submit")), SOME_OF_TOO_MANY, Cause.TOO_MUCH, "--take"),
        (WISH, says(), Cause.CANCEL_OPEN, "dispatch"),
        (LOST_WISH, says(), Cause.CANCEL_OPEN, "--resend"),
        ((*ACKNOWLEDGED, *AMENDING), says(), Cause.OTHER_CONTENT, "dispatch"),
    ],
)
def test_the_command_that_is_named_mends_its_difference(
    here: tuple[Command, ...], there: Receipt | None, cause: Cause, verb: str
) -> None:
    store, other = kept(*here), There(there)
    (difference,) = found(store, other)
    assert (difference.cause, verb in difference.remedy.split()) == (cause, True)
    run(store, other, difference.remedy)
    left = found(store, other)
    assert cause not in [one.cause for one in left]
    for _ in range(2):  # what the first command brought to light is mended the same way
        for one in left:
            run(store, other, one.remedy)
        left = found(store, other)
    assert left == ()


def test_a_revision_that_this_ledger_never_made_holds_the_order_and_is_told() -> None:
    store, there = kept(*ACKNOWLEDGED, *AMENDING), There(OTHERS)
    done = send_due(store, there, "sample", SendTerms("host"), lambda: NOON)
    held = ours(store)
    assert (held.status, errand_of(held), taken_in(held)) == (OrderStatus.UNKNOWN, None, False)
    assert done.not_understood == [ORDER]
    assert "the other side has revision 7, and this ledger made 2" in done.details[ORDER]
    assert (held.receipt, held.former, held.document.content_digest) == (says(), None, "a")
    assert decide(held, Propose(variant("c"))) == ()
    assert decide(held, Expire(dt.date(2026, 2, 1))) == ()
    sent(store, there)
    assert there.submitted == (2,)


def test_an_order_that_another_system_has_is_neither_closed_nor_taken_by_what_this_one_says() -> None:
    store, other = kept(*SHIPPED), There()
    answer_one(store, ORDER, Redirect("webhook:old", "ann", "as it was issued"))
    for asked in (require_closable, said_there):
        with pytest.raises(EquipoiseError, match=rf"issued to webhook:old.*reconcile --redirect {ORDER}"):
            asked(ours(store), other)


@pytest.mark.parametrize("unmoved", [ACKNOWLEDGED, (*ACKNOWLEDGED, Confirm(OTHERS, "m1"))])
def test_what_has_not_moved_is_not_closed_but_handed_over_again_or_cancelled(unmoved: tuple[Command, ...]) -> None:
    with pytest.raises(EquipoiseError, match=rf"only what has moved.*--resend {ORDER}.*equipoise cancel {ORDER}"):
        require_closable(ours(kept(*unmoved)), There())


def test_news_of_a_revision_never_made_is_told_before_anything_else_is_sent() -> None:
    store, there = kept(*ACKNOWLEDGED), There(OTHERS, (OTHERS, says(), OTHERS))
    taken = take_confirmations(store, there, "sample")
    assert [line.endswith("revision 7, which was never made here") for line in taken.strangers] == [True]
    assert (ours(store).status, ours(store).unmade, ours(store).receipt) == (OrderStatus.UNKNOWN, OTHERS, says())
    sent(store, there)
    assert there.submitted == ()


def test_what_a_person_takes_counts_from_the_revision_that_the_other_side_has() -> None:
    store = kept(*SHIPPED, Confirm(OTHERS_MOVED, TAKEN))
    after = ours(store)
    assert (after.status, after.revision, after.unmade, taken_in(after)) == (OrderStatus.SHIPPED, 7, None, True)


@pytest.mark.parametrize("answer", [Answer.CANCELLED, Answer.REFUSED, Answer.CLOSED])
def test_what_is_over_there_is_over_for_whichever_revision(answer: Answer) -> None:
    after = ours(kept(*ACKNOWLEDGED, Confirm(says(answer, 7), "m1")))
    assert (after.unmade, errand_of(after)) == (None, None)
    assert after.status in (OrderStatus.CANCELLED, OrderStatus.FAILED, OrderStatus.CLOSED)


def handed_over(made: Document, gateway: str, answer: Receipt) -> tuple[Command, ...]:
    """Return what brings a document to a gateway, and its answer."""
    return (
        Propose(made), Require(0, (), TOMORROW), Reserve((), TOMORROW), Issue("rule", gateway, "key"),
        BeginSend(Errand.SUBMIT, "host", NOON), Confirm(answer, "submit"),
    )  # fmt: skip


def test_levels_of_a_revision_never_made_are_in_doubt_and_stop_nothing() -> None:
    (made,) = book(tables(((*KEY, 12),)), FIRST).content
    lines = tuple(ReceiptLine(line.line_number, line.asked_units, taken=True) for line in made.lines)
    foreign = Receipt(made.order_id, 7, Answer.ACCEPTED, lines)
    order: Order | None = None
    for command in handed_over(made, "memory", foreign):
        order = evolve_all(order, decide(order, command))
    assert order is not None
    assert (order.status, order.receipt) == (OrderStatus.CLOSED, replace(foreign, lines=()))
    assert decide(order, Confirm(foreign, "m1")) == ()


def test_a_late_word_of_what_is_closed_is_recorded_once_and_opens_nothing() -> None:
    over = moved(20, 20)
    store, there = kept(*CLOSED), There(over, (over, over))
    assert take_confirmations(store, there, "sample").orders == (ORDER,)
    after = ours(store)
    assert (after.status, after.receipt) == (OrderStatus.CLOSED, over)
    told = [entry.event for entry in store.history(ORDER) if isinstance(entry.event, ReceiptRecorded)]
    assert [one.receipt for one in told].count(over) == 1
    assert found(store, there) == ()


def test_a_promise_of_more_than_was_asked_for_is_told_until_a_person_agrees_or_it_rises_again() -> None:
    store = kept(*SENDING, Confirm(TOO_MANY, "submit"))
    assert ours(store).status_reason == "1004 units accepted, 14 were asked for"
    answer_one(store, ORDER, Confirm(TOO_MANY, TAKEN))
    assert found(store, There(TOO_MANY)) == ()
    more = replace(TOO_MANY, lines=(ReceiptLine(1, 2000), ReceiptLine(2, 4)))
    answer_one(store, ORDER, Confirm(more, "m1"))
    assert [one.cause for one in found(store, There(more))] == [Cause.TOO_MUCH]


def test_taking_news_does_not_agree_unseen_to_more_than_was_asked_for() -> None:
    store = kept(*ACKNOWLEDGED, Confirm(TOO_MANY, TAKEN))
    assert [one.cause for one in found(store, There(TOO_MANY))] == [Cause.TOO_MUCH]


def test_the_rules_still_refuse_to_send_again_what_has_moved() -> None:
    with pytest.raises(EquipoiseError, match="has not moved"):
        decide(ours(kept(*SHIPPED)), Resend("ann", "lost"))


def test_a_batch_that_was_begun_sends_nothing_more_to_a_system_that_an_order_was_redirected_from() -> None:
    store, there = kept(*ISSUED), There()

    class Moving(MemoryOrderStore):
        """A person redirects the order after its sending was recorded."""

        def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
            recorded = super().append(appends, guard)
            if any(type(event).__name__ == "SendBegun" for one in appends for event in one.events):
                answer_one(self, ORDER, Redirect("webhook:new", "ann", "moved"))
            return recorded

    moving = Moving()
    for entry in store.history(ORDER):
        moving.append([Append(ORDER, entry.version - 1, (entry.event,))])
    done = send_due(moving, there, "sample", SendTerms("host"), lambda: NOON)
    assert (there.submitted, done.held) == ((), [ORDER])
    after = ours(moving)
    assert after.delivery is not None
    assert (after.status, after.delivery.gateway, after.delivery.lease_until) == (
        OrderStatus.ISSUED, "webhook:new", None,
    )  # fmt: skip
    assert not after.delivery.uncertain


def test_levels_that_later_ones_replaced_are_not_named_as_issued_elsewhere() -> None:
    store = MemoryOrderStore()
    for day in (0, 1):
        (made,) = book(tables(((*KEY, 12 + day),)), FIRST + dt.timedelta(day)).content
        lines = tuple(ReceiptLine(line.line_number, line.asked_units, taken=True) for line in made.lines)
        taken = Receipt(made.order_id, 1, Answer.ACCEPTED, lines)
        order: Order | None = None
        for command in handed_over(made, "webhook:old", taken):
            events = decide(order, command)
            store.append([Append(made.order_id, order.version if order else 0, events)])
            order = evolve_all(order, events)
    elsewhere = issued_elsewhere(store, There(), "sample")
    assert [one.document.plan_date for one in elsewhere] == [FIRST + dt.timedelta(1)]
