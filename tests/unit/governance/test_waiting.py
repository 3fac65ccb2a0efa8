"""What waits for a person is found by headers: what needs nobody is not read whole."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from unit.governance.governance_samples import release_with
from unit.governance.test_dispatch import EVERYTHING, planned
from unit.governance.test_dispatch import day as dispatch_day
from unit.orders.level_samples import book, tables
from unit.orders.order_lives import (
    ACKNOWLEDGED,
    APPROVED,
    DOCUMENT,
    ISSUED,
    NOON,
    PROPOSED,
    RECEIVED,
    RESERVED,
    SENDING,
    SHIPPED,
    life,
    receipt,
    variant,
)
from unit.orders.order_samples import DEFAULT_LINES, order_book
from unit.orders.test_outbox import TERMS, Down, Time

from assets.governance.dispatch import DispatchDay, dispatch
from assets.governance.facts import Known
from assets.governance.pause import PauseState
from assets.governance.waiting import Kind, may_wait, waiting
from assets.orders.answers import answer_one
from assets.orders.events import (
    BeginSend,
    Cancel,
    Channel,
    Command,
    Confirm,
    EndSend,
    Errand,
    Propose,
    Reject,
    SendOutcome,
)
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.headers import header_of
from assets.orders.order import Order, OrderStatus
from assets.orders.receipts import Answer
from assets.orders.record import record
from assets.orders.store import MemoryOrderStore
from assets.policy.registry import PolicyRegistry

TODAY = DOCUMENT.plan_date
UNKNOWN = (*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "no answer", NOON))
REFUSED = (*SENDING, Confirm(receipt(Answer.REFUSED, accepted=0, reason="no stock"), "submit"))
DAY = DispatchDay(
    "sample", TODAY, TODAY, PolicyRegistry().active(), Known(), None, PauseState(()), frozenset({"ann"}),
    stopped="a gate stopped it",
)  # fmt: skip
STRICT = release_with(toggles={"automatic_approval": False})
LIVES = (PROPOSED, APPROVED, RESERVED, ISSUED, UNKNOWN, REFUSED, ACKNOWLEDGED, SHIPPED, RECEIVED)


@pytest.mark.parametrize("sequence", LIVES, ids=lambda sequence: life(*sequence).status)
@pytest.mark.parametrize("days_later", [0, 1])
def test_every_order_of_which_something_waits_is_known_by_its_header(
    sequence: tuple[Command, ...], days_later: int
) -> None:
    order = life(*sequence)
    date = TODAY + dt.timedelta(days=days_later)
    day = DispatchDay(**{**vars(DAY), "plan_date": date})
    assert bool(list(waiting((order,), day))) <= may_wait(header_of(order), day)


def test_what_nobody_there_answers_waits_for_somebody_to_ask_or_cancel() -> None:
    pending = life(*SENDING, Confirm(receipt(Answer.PENDING, accepted=0), "submit"))
    day = replace(DAY, plan_date=TODAY + dt.timedelta(days=10), unanswered={pending.order_id: "silent"})
    (one,) = waiting((pending,), day)
    assert (one.kind, one.why, one.stake_amount) == (Kind.UNANSWERED, "silent", pending.document.value_amount)
    assert one.command == f"equipoise cancel {pending.order_id} --reason REASON"
    assert may_wait(header_of(pending), day)
    assert list(waiting((pending,), replace(day, unanswered={}))) == []


def test_what_goes_its_way_or_never_leaves_is_not_read() -> None:
    under_way = (ACKNOWLEDGED, SHIPPED, RECEIVED)
    assert not any(may_wait(header_of(life(*sequence)), DAY) for sequence in under_way)
    backfill = life(Propose(variant("a", Channel.BACKFILL)))
    assert not may_wait(header_of(backfill), DAY)
    tomorrow = DispatchDay(**{**vars(DAY), "plan_date": TODAY + dt.timedelta(days=1)})
    assert not any(may_wait(header_of(life(*sequence)), tomorrow) for sequence in (PROPOSED, ISSUED))


def test_what_a_rollback_left_to_people_waits_whatever_its_plan_date_is() -> None:
    order = life(*SHIPPED)
    why = "eager decided it and was taken back: a purchase under way is sent back by no document of ours"
    later = {"plan_date": TODAY + dt.timedelta(days=3), "left": {order.order_id: why}}
    day = DispatchDay(**{**vars(DAY), **later})
    (one,) = waiting((order,), day)
    assert may_wait(header_of(order), day)
    assert (one.kind, one.why, one.who, one.stake_amount) == (Kind.LEFT, why, ("ann",), order.document.value_amount)
    assert one.command == f"equipoise policy lift {order.order_id} --reason WHY"


def test_what_a_rollback_holds_is_let_go_by_the_command_that_says_so() -> None:
    order = life(*RESERVED)
    day = DispatchDay(**{**vars(DAY), "stopped": "", "held": {order.order_id: "it was taken back"}})
    (one,) = waiting((order,), day)
    assert one.command == f"equipoise policy lift {order.order_id} --reason WHY"


def stuck() -> tuple[MemoryOrderStore, Order]:
    """Return a ledger whose orders did not get out, and one of them."""
    store = planned()
    dispatch(store, Down(MemoryGateway()), dispatch_day(), TERMS, Time())
    return store, store.orders()[0]


@pytest.mark.parametrize(
    ("holds", "why", "command"),
    [
        ({"pauses": PauseState((EVERYTHING,))}, "stocktaking", "equipoise resume 'all' --reason WHY"),
        ({"held": "it was taken back"}, "it was taken back", "equipoise policy lift {} --reason WHY"),
        ({"stopped": "a gate stopped it"}, "a gate stopped it", "equipoise plan --date 2026-01-05"),
        ({"release": STRICT}, "the rules ask for more people now", "equipoise dispatch"),
        ({"today": TODAY + dt.timedelta(days=1)}, "a later plan decides anew", "equipoise cancel {} --reason REASON"),
    ],
    ids=["pause", "rollback", "gate", "more people", "departed"],
)
def test_what_is_held_in_the_outbox_is_in_the_inbox_with_what_settles_it(
    holds: dict[str, Any], why: str, command: str
) -> None:
    store, order = stuck()
    if "held" in holds:
        holds = {"held": {order.order_id: holds["held"]}}
    day = dispatch_day(**holds)
    found = {one.order_id: one for one in waiting(store.orders(), day)}
    one = found[order.order_id]
    assert (one.kind, one.command) == (Kind.HELD, command.format(order.order_id))
    assert why in one.why
    assert may_wait(header_of(order), day)
    assert list(waiting((order,), dispatch_day())) == []


def test_what_may_have_left_or_is_to_be_cancelled_is_not_said_to_be_held_here() -> None:
    _, order = stuck()
    day = dispatch_day(pauses=PauseState((EVERYTHING,)))
    sending = life(BeginSend(Errand.SUBMIT, "host-1", NOON), order=order)
    cancelled = life(Cancel("ann", "not_needed"), order=order)
    assert cancelled.cancel_pending
    assert list(waiting((sending, cancelled), day)) == []


def test_levels_that_wait_are_worth_the_stock_that_they_keep_or_kept() -> None:
    (document,) = book(tables((("S1", "I1", 12), ("S1", "I2", 5)))).content
    order = Order(document, 1, OrderStatus.PROPOSED)
    (one,) = waiting((order,), DAY, {"I1": 2.5, "I2": 1.0})
    assert (one.value_amount, one.stake_amount) == (0, Decimal("35.00"))
    line = document.lines[0]
    withdrawn = replace(line.levels, maximum_units=0, former_maximum_units=12, is_withdrawn=True)
    gone = replace(document, lines=(replace(line, levels=withdrawn),))
    (one,) = waiting((replace(order, document=gone),), DAY, {"I1": 2.5})
    assert one.stake_amount == Decimal("30.00")


def test_what_a_person_decided_of_before_waits_for_people_in_the_inbox_as_in_dispatching() -> None:
    store, day = planned(), dispatch_day()
    (order,) = (one for one in store.orders() if one.document.destination_id == "S2")
    answer_one(store, order.order_id, Reject("ann#1", "not_needed"))
    fewer = (("transfer", "I1", "DC1", "S2", 9), *DEFAULT_LINES[:2], *DEFAULT_LINES[3:])
    record(order_book(fewer), store)
    (before,) = waiting(store.orders(), day)
    assert (before.order_id, before.kind) == (order.order_id, Kind.APPROVAL)
    assert "a person decided of it before" in before.why
    assert dispatch(store, MemoryGateway(), day, TERMS, Time()).waiting_for_people == (order.order_id,)
    assert [one for one in waiting(store.orders(), day) if one.kind is Kind.APPROVAL] == [before]


def test_what_is_unknown_elsewhere_is_settled_there_or_by_saying_that_it_moved() -> None:
    order = life(*UNKNOWN)
    assert order.delivery is not None
    (here,) = waiting((order,), replace(DAY, gateway=order.delivery.gateway))
    assert here.command == "equipoise dispatch"
    (elsewhere,) = waiting((order,), replace(DAY, gateway="webhook:0123"))
    assert elsewhere.command == f"equipoise reconcile --redirect {order.order_id}"
    assert "orders go to webhook:0123 now" in elsewhere.why
