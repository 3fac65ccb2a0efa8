"""What becomes of orders when the release that made them is taken back, carried out in the ledger."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import pytest
from unit.governance.governance_samples import ADA, AT, VERA
from unit.orders.order_lives import (
    ACKNOWLEDGED,
    APPROVED,
    DOCUMENT,
    ISSUED,
    PROPOSED,
    RECEIVED,
    RESERVED,
    SENDING,
    SHIPPED,
    TOMORROW,
    receipt,
)
from unit.orders.order_samples import order_book

from assets.governance.carrying_out import carry_out
from assets.governance.disposition import close_compensated, held_orders, in_flight, left_to_people, lift_hold
from assets.governance.events import Event, HoldLifted, LeftToPeople, RollbackCarriedOut, RolledBack
from assets.governance.in_flight import InFlight, dispositions
from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import BeginSend, Command, Confirm, Document, Errand, Issue, Propose, Require, Reserve
from assets.orders.order import Order, OrderStatus
from assets.orders.record import record
from assets.orders.store import Append, MemoryOrderStore, OrderFilter
from assets.policy.access import NotPermitted

CANARY = "eager@0123456789ab"
TODAY = DOCUMENT.plan_date
CAME = {DOCUMENT.order_id: TODAY - dt.timedelta(days=1)}
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
ROLLED_BACK = RolledBack(CANARY, "standard@0123456789ab", "hash", ADA.person, AT, "worse")


def by_canary(document: Document, *items: str) -> Document:
    made_by = dataclasses.replace(document.provenance, canary_release=CANARY, canary_items=items)
    return dataclasses.replace(document, provenance=made_by)


def store_with(*sequence: Command, document: Document | None = None) -> MemoryOrderStore:
    """Return a ledger with one order of the canary, after commands."""
    document = document or by_canary(DOCUMENT, "I1")
    store = MemoryOrderStore(FixedClock(AT - dt.timedelta(days=1)))
    act(store, [Propose(document), *(c for c in sequence if not isinstance(c, Propose))], document.order_id)
    return store


def act(store: MemoryOrderStore, sequence: Sequence[Command], order_id: str) -> None:
    for command in sequence:
        found = store.orders(OrderFilter(order_ids=(order_id,)))
        order = found[0] if found else None
        if events := decide(order, command):
            store.append([Append(order_id, order.version if order else 0, events)])


def the(store: MemoryOrderStore, order_id: str = DOCUMENT.order_id) -> Order:
    (order,) = store.orders(OrderFilter(order_ids=(order_id,)))
    return order


def rollback(store: MemoryOrderStore) -> RolledBack:
    orders = dispositions(in_flight(store, "sample", CANARY), CANARY)
    return dataclasses.replace(ROLLED_BACK, orders=orders, plan_date=TODAY)


@pytest.mark.parametrize(
    ("life", "action", "after", "pending"),
    [
        (PROPOSED, "cancelled", OrderStatus.CANCELLED, False),
        (APPROVED, "held", OrderStatus.APPROVED, False),
        (RESERVED, "held", OrderStatus.RESERVED, False),
        (ISSUED, "cancelled", OrderStatus.CANCELLED, False),
        (ACKNOWLEDGED, "cancelled", OrderStatus.ACKNOWLEDGED, True),
        (RECEIVED, "kept", OrderStatus.RECEIVED, False),
    ],
)
def test_an_order_of_a_release_that_was_taken_back_becomes_what_its_status_says(
    life: tuple[Command, ...], action: str, after: OrderStatus, pending: bool
) -> None:
    store = store_with(*life)
    for _ in range(2):
        done = carry_out(store, rollback(store), plan_date=TODAY)
    order = the(store)
    assert (order.status, order.cancel_pending) == (after, pending)
    if after is not OrderStatus.CANCELLED:
        assert getattr(done, action) == (order.order_id,)


def test_orders_in_which_the_release_decided_no_line_are_left_alone() -> None:
    store = store_with(document=DOCUMENT)
    assert in_flight(store, "sample", CANARY) == ()
    assert held_orders([the(store)], [ROLLED_BACK]) == {}


def test_what_nobody_acted_on_may_be_proposed_again_just_so() -> None:
    store = store_with(*PROPOSED)
    carry_out(store, rollback(store), plan_date=TODAY)
    record(order_book(), store)
    order = the(store)
    assert (order.status, order.document.releases) == (OrderStatus.PROPOSED, ("standard@0123456789ab",))
    assert held_orders([order], [ROLLED_BACK]) == {}


def test_goods_that_were_under_way_are_sent_back_by_a_proposal_that_later_plans_leave_alone() -> None:
    store = store_with(*SHIPPED)
    rolled = rollback(store)
    act(store, RECEIVED[len(SHIPPED) :], DOCUMENT.order_id)
    for _ in range(2):
        done = carry_out(store, rolled, plan_date=TODAY, arrivals=CAME)
    (back,) = done.compensated.values()
    document = the(store, back).document
    assert (document.origin_id, document.destination_id) == (DOCUMENT.destination_id, DOCUMENT.origin_id)
    assert [(line.item_id, line.quantity_units) for line in document.lines] == [(DOCUMENT.lines[0].item_id, 14)]
    assert the(store).status is OrderStatus.RECEIVED
    report = record(order_book(()), store)
    assert back not in report.withdrawn
    assert the(store, back).status is OrderStatus.PROPOSED
    assert held_orders([the(store, back)], [ROLLED_BACK]) == {}


def test_an_order_counts_as_compensated_when_its_goods_are_back() -> None:
    store = store_with(*SHIPPED)
    rolled = rollback(store)
    act(store, RECEIVED[len(SHIPPED) :], DOCUMENT.order_id)
    (back,) = carry_out(store, rolled, plan_date=TODAY, arrivals=CAME).compensated.values()
    assert close_compensated(store, "sample") == ()
    there = dataclasses.replace(receipt(shipped=14, received=14), reference=back)
    ways = [
        Require(0, (), TOMORROW), Reserve((), TOMORROW), Issue("rule", "memory", "key-2"),
        BeginSend(Errand.SUBMIT, "host-1", NOON), Confirm(there, "submit"),
    ]  # fmt: skip
    act(store, ways, back)
    assert close_compensated(store, "sample") == (DOCUMENT.order_id,)
    assert close_compensated(store, "sample") == ()
    assert (the(store).status, the(store).compensated_by) == (OrderStatus.COMPENSATED, back)


def test_what_was_bought_and_is_under_way_is_left_to_people() -> None:
    bought = next(document for document in order_book().content if document.kind == "purchase")
    store = MemoryOrderStore()
    there = dataclasses.replace(receipt(shipped=100, accepted=100), reference=bought.order_id)
    ways = [
        Propose(by_canary(bought, "I1")), Require(0, (), TOMORROW), Reserve((), TOMORROW),
        Issue("rule", "memory", "key"), BeginSend(Errand.SUBMIT, "host-1", NOON), Confirm(there, "submit"),
    ]  # fmt: skip
    act(store, ways, bought.order_id)
    done = carry_out(store, rollback(store), plan_date=TODAY)
    assert (set(done.for_people), done.compensated) == ({bought.order_id}, {})


def test_what_was_left_to_people_waits_until_it_arrives_or_somebody_says_that_it_was_seen_to() -> None:
    order = the(store_with(*SHIPPED))
    why = (LeftToPeople(order.order_id, "a purchase under way is sent back by no document of ours"),)
    history: list[Event] = [ROLLED_BACK, RollbackCarriedOut(CANARY, AT, AT, why)]
    assert "sent back by no document" in left_to_people([order], history)[order.order_id]
    assert left_to_people([the(store_with(*RECEIVED))], history) == {}
    with pytest.raises(NotPermitted):
        lift_hold(order, history, by=VERA, at=AT, why="the supplier takes it back")
    history += lift_hold(order, history, by=ADA, at=AT, why="the supplier takes it back")
    assert left_to_people([order], history) == {}
    with pytest.raises(EquipoiseError, match="not held by a rollback"):
        lift_hold(order, history, by=ADA, at=AT, why="the supplier takes it back")


def test_a_held_order_leaves_when_somebody_who_approves_says_that_it_holds() -> None:
    order = the(store_with(*RESERVED))
    assert "a person says whether it holds" in held_orders([order], [ROLLED_BACK])[order.order_id]
    (lifted,) = lift_hold(order, [ROLLED_BACK], by=ADA, at=AT, why="the truck is booked")
    assert isinstance(lifted, HoldLifted)
    assert held_orders([order], [ROLLED_BACK, lifted]) == {}
    assert held_orders([dataclasses.replace(order, revision=2)], [ROLLED_BACK, lifted])
    with pytest.raises(NotPermitted):
        lift_hold(order, [ROLLED_BACK], by=VERA, at=AT, why="the truck is booked")
    with pytest.raises(EquipoiseError, match="not held by a rollback"):
        lift_hold(order, [], by=ADA, at=AT, why="the truck is booked")
    with pytest.raises(EquipoiseError, match="no reason"):
        lift_hold(order, [ROLLED_BACK], by=ADA, at=AT, why=" ")


def test_a_held_order_in_the_outbox_that_has_not_left_may_be_let_go_as_well() -> None:
    order = the(store_with(*ISSUED))
    (lifted,) = lift_hold(order, [ROLLED_BACK], by=ADA, at=AT, why="the truck is booked")
    assert held_orders([order], [ROLLED_BACK, lifted]) == {}
    with pytest.raises(EquipoiseError, match="not held by a rollback"):
        lift_hold(the(store_with(*SENDING)), [ROLLED_BACK], by=ADA, at=AT, why="the truck is booked")


def test_every_disposition_names_an_act() -> None:
    assert {action.value for action in InFlight} == {"keep", "hold", "cancel", "compensate"}
