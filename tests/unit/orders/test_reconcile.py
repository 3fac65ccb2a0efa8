"""What differs between the ledger and the other side is named, with the command that mends it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from contract.gateways.kit_documents import submission
from unit.orders.order_lives import ACKNOWLEDGED, ISSUED, RECEIVED, SENDING, SHIPPED, life, receipt

from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_one
from assets.orders.decide import decide
from assets.orders.events import (
    Cancel,
    Confirm,
    EndSend,
    Errand,
    OrderProposed,
    Resend,
    ResendRequested,
    SendOutcome,
)
from assets.orders.evolve import evolve
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, Cancellation, OutcomeUnknown, Receipt, ReceiptLine
from assets.orders.order import Order, OrderStatus, errand_of, held
from assets.orders.outbox import SendTerms, send_due
from assets.orders.reconcile import Cause, differences, reconcile
from assets.orders.store import Append, MemoryOrderStore
from assets.orders.strangers import StrangerCancelRequested, cancel_stranger, strangers_stream

TODAY = dt.date(2026, 1, 8)
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
ACCEPTED = life(*ACKNOWLEDGED)
IN_FULL = replace(receipt(), lines=(ReceiptLine(1, 10), ReceiptLine(2, 4)))
CALLED_OFF = replace(receipt(Answer.CANCELLED), lines=())
PENDING = receipt(Answer.PENDING, accepted=0)


@pytest.mark.parametrize(
    ("order", "there", "cause"),
    [
        (life(*SENDING, Confirm(IN_FULL, "submit")), IN_FULL, None),
        (life(*RECEIVED), receipt(shipped=14, received=14), None),
        (life(*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "?", NOON)), None, Cause.NOT_ANSWERED),
        (life(*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "?", NOON)), receipt(), Cause.NEWS),
        (ACCEPTED, None, Cause.MISSING_THERE),
        (ACCEPTED, receipt(shipped=3), Cause.NEWS),
        (ACCEPTED, receipt(accepted=9), Cause.NEWS),
        (life(*SHIPPED), receipt(), Cause.OLDER_THERE),
        (ACCEPTED, CALLED_OFF, Cause.NEWS),
        (life(*ACKNOWLEDGED, Confirm(CALLED_OFF, "find")), CALLED_OFF, None),
        (life(*SHIPPED, Confirm(CALLED_OFF, "find")), CALLED_OFF, None),
        (life(*ACKNOWLEDGED, Cancel("ann", "no")), receipt(), Cause.CANCEL_OPEN),
        (life(*ISSUED, Cancel("ann", "no")), None, None),
        (life(*SENDING, Confirm(PENDING, "submit")), PENDING, Cause.PENDING),
        (life(*SENDING, Confirm(PENDING, "submit")), receipt(), Cause.NEWS),
        (None, receipt(), Cause.MISSING_HERE),
        (None, receipt(Answer.CANCELLED), None),
    ],
)
def test_a_difference_has_its_cause(order: Order | None, there: Receipt | None, cause: Cause | None) -> None:
    reference = ACCEPTED.order_id
    found = differences({reference: order} if order else {}, {reference: there}, TODAY)
    assert [difference.cause for difference in found] == ([cause] if cause else [])
    for difference in found:
        assert difference.remedy.startswith("equipoise ")
        assert difference.days == (3 if order else 0)
        assert difference.value_amount == (order.document.value_amount if order else Decimal(0))


def test_a_restored_other_side_gets_again_what_it_lost() -> None:
    store, gateway = MemoryOrderStore(), MemoryGateway()
    _keep(store, ACKNOWLEDGED)
    (difference,) = reconcile(store, gateway, "sample", TODAY).differences
    assert (difference.cause, difference.there) == (Cause.MISSING_THERE, "nothing")
    again = life(Resend("ann", "restored"), order=store.orders()[0])
    assert again.status is OrderStatus.ISSUED


def test_what_was_to_be_cancelled_and_was_lost_there_is_cancelled_and_not_ordered_again() -> None:
    store, gateway = MemoryOrderStore(), MemoryGateway()
    _keep(store, (*ACKNOWLEDGED, Cancel("ann", "duplicate"), Confirm(receipt(), Errand.CANCEL.value)))
    assert store.orders()[0].cancel_handed_over
    (difference,) = reconcile(store, gateway, "sample", TODAY).differences
    assert difference.cause is Cause.MISSING_THERE
    after = answer_one(store, ACCEPTED.order_id, Resend("bo", "found by reconciling"))
    assert (errand_of(after), "duplicate, by ann" in after.cancel_reason) == (Errand.CANCEL, True)
    send_due(store, gateway, "sample", SendTerms("host"), lambda: NOON)
    (cancelled,) = store.orders()
    assert (cancelled.status, held(cancelled)) == (OrderStatus.CANCELLED, ())
    assert gateway.other_side.orders()[0].times_created == 0


def test_a_cancellation_that_an_earlier_resend_forgot_can_be_asked_for_again() -> None:
    asked = (*ACKNOWLEDGED, Cancel("ann", "duplicate"), Confirm(receipt(), Errand.CANCEL.value))
    stuck = evolve(life(*asked), ResendRequested(ACCEPTED.order_id, 1, "bo", "restored"))
    assert errand_of(stuck) is None
    assert errand_of(life(Cancel("ann", "duplicate"), order=stuck)) is Errand.CANCEL
    assert decide(life(*asked), Cancel("ann", "duplicate")) == ()  # the other side has the wish


def test_orders_that_another_network_of_the_ledger_issued_are_no_strangers() -> None:
    store, gateway = MemoryOrderStore(), MemoryGateway()
    _keep(store, ACKNOWLEDGED)
    gateway.submit(replace(submission(), document=ACCEPTED.document))
    assert [one.cause for one in reconcile(store, gateway, "sample", TODAY).differences] == [Cause.NEWS]
    elsewhere = reconcile(store, gateway, "another", TODAY)
    assert (elsewhere.compared, elsewhere.differences) == (0, ())
    with pytest.raises(EquipoiseError, match=r"this ledger issued it.*on network sample"):
        cancel_stranger(store, gateway, "another", ACCEPTED.order_id, by="ann", reason="not ours")
    assert store.history(strangers_stream(gateway, "another")) == ()


def test_what_this_ledger_only_proposed_is_a_stranger_there() -> None:
    store, gateway = MemoryOrderStore(), MemoryGateway()
    store.append([Append(ACCEPTED.order_id, 0, (OrderProposed(ACCEPTED.document),))])
    gateway.submit(replace(submission(), document=ACCEPTED.document))
    assert [one.cause for one in reconcile(store, gateway, "sample", TODAY).differences] == [Cause.MISSING_HERE]
    assert cancel_stranger(store, gateway, "sample", ACCEPTED.order_id, by="ann", reason="lost").answer


def test_a_stranger_is_cancelled_only_after_the_ledger_holds_who_wants_it() -> None:
    class Lost(MemoryGateway):
        def cancel(self, cancellation: Cancellation) -> Receipt:
            super().cancel(cancellation)
            raise OutcomeUnknown("no answer", where="there", remedy="ask again")

    store, gateway, stranger = MemoryOrderStore(), Lost(), submission("S9")
    gateway.submit(stranger)
    for times in (1, 2):
        with pytest.raises(OutcomeUnknown):
            cancel_stranger(store, gateway, "sample", stranger.reference, by="ann", reason="not ours")
        asked = StrangerCancelRequested("memory", stranger.reference, "ann", "not ours")
        kept = store.history(strangers_stream(gateway, "sample"))
        assert [entry.event for entry in kept] == [asked] * times
    with pytest.raises(EquipoiseError, match="has nothing of it"):
        cancel_stranger(store, gateway, "sample", "T-none", by="ann", reason="not ours")
    assert len(store.history(strangers_stream(gateway, "sample"))) == 2


def _keep(store: MemoryOrderStore, sequence: tuple[object, ...]) -> None:
    from assets.orders.decide import decide
    from assets.orders.evolve import evolve_all

    order: Order | None = None
    for command in sequence:
        events = decide(order, command)  # type: ignore[arg-type]
        store.append([Append(ACCEPTED.order_id, order.version if order else 0, events)])
        order = evolve_all(order, events)
