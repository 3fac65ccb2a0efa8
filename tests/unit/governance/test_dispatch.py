"""One dispatch run brings orders as far as they may go, and says what holds the others."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from unit.governance.governance_samples import BEN, release_with
from unit.orders.order_samples import PLAN_DATE, order_book
from unit.orders.test_outbox import TERMS, Down, Time

from assets.governance.approval import approve
from assets.governance.dispatch import DispatchDay, Dispatched, ask_rules, clock_off, dispatch, reopen
from assets.governance.dispatch_alerts import LONGEST_IN_OUTBOX, dispatch_alerts
from assets.governance.events import Paused, PauseKind, PauseScope
from assets.governance.facts import Known
from assets.governance.pause import PauseState
from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_one
from assets.orders.availability import Availability
from assets.orders.decide import decide
from assets.orders.events import Cancel, Channel, Confirm, Issue, Require, Reserve
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.faults import Fault, FaultyGateway
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, Cancellation, NotSent, Receipt, ReceiptLine, Submission
from assets.orders.order import OrderStatus
from assets.orders.outbox import Sent, outbox
from assets.orders.record import record
from assets.orders.store import Append, MemoryOrderStore, OrderFilter, StockGuard

KNOWN = Known(
    suppliers=frozenset({"SUP"}), ordered_items=frozenset({"I1", "I2"}), ordered_suppliers=frozenset({"SUP"}),
    ordered_lanes=frozenset({("DC1", "S1"), ("DC1", "S2")}),
)  # fmt: skip
STOCK = Availability(StockGuard("sample", {("DC1", "I1"): 100, ("DC1", "I2"): 100}), frozenset({"DC1", "S1", "S2"}))
ANN = "ann#1"
EVERYTHING = Paused(
    PauseScope(PauseKind.ALL), ANN, dt.datetime.combine(PLAN_DATE, dt.time(9), dt.UTC), PLAN_DATE, "stocktaking"
)


def day(**changes: Any) -> DispatchDay:
    facts: dict[str, Any] = {
        "network": "sample", "plan_date": PLAN_DATE, "today": PLAN_DATE, "release": release_with(), "known": KNOWN,
        "availability": STOCK, "pauses": PauseState(), "may_approve": frozenset({BEN.person}),
    }  # fmt: skip
    return DispatchDay(**(facts | changes))


def planned(channel: Channel = Channel.LIVE) -> MemoryOrderStore:
    noon = dt.datetime.combine(PLAN_DATE, dt.time(12), dt.UTC)
    store = MemoryOrderStore(FixedClock(noon))
    record(order_book(channel=channel), store)
    return store


def statuses(store: MemoryOrderStore) -> set[OrderStatus]:
    return {order.status for order in store.orders()}


def test_what_needs_nobody_is_planned_and_acknowledged_in_one_working_off() -> None:
    store = planned()
    found = dispatch(store, MemoryGateway(), day(), TERMS, Time())
    assert statuses(store) == {OrderStatus.ACKNOWLEDGED}
    assert len(found.issued.issued) == len(found.changed) == 3
    before = len(store.events())
    assert dispatch(store, MemoryGateway(), day(), TERMS, Time()).changed == ()
    assert len(store.events()) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"stopped": "a gate stopped it"},
        {"availability": None},
        {"plan_date": PLAN_DATE + dt.timedelta(days=1), "today": PLAN_DATE + dt.timedelta(days=1)},
    ],
    ids=["stopped", "never planned", "of another date"],
)
def test_nothing_leaves_of_a_plan_that_does_not_stand_today(changes: dict[str, Any]) -> None:
    store, gateway = planned(), MemoryGateway()
    assert dispatch(store, gateway, day(**changes), TERMS, Time()).issued.issued == ()
    assert gateway.references() == ()


def test_a_backfill_is_never_sent() -> None:
    store, gateway = planned(Channel.BACKFILL), MemoryGateway()
    dispatch(store, gateway, day(), TERMS, Time())
    assert (statuses(store), gateway.references()) == ({OrderStatus.PROPOSED}, ())


class Killed(BaseException):
    """What a process dies of."""


def test_planning_is_told_of_all_that_may_leave_before_any_of_it_has() -> None:
    store, gateway, told = planned(), MemoryGateway(), []
    dispatch(
        store, gateway, day(), TERMS, Time(),
        before_sending=lambda: told.append((statuses(store), gateway.references())),
    )  # fmt: skip
    assert told == [({OrderStatus.ISSUED}, ())]

    def refuse() -> None:
        raise Killed

    other = planned()
    with pytest.raises(Killed):
        dispatch(other, MemoryGateway(), day(), TERMS, Time(), before_sending=refuse)
    assert all(order.delivery is not None and not order.delivery.attempts for order in other.orders())


@pytest.mark.parametrize("fault", [EquipoiseError("no room", where="landing", remedy="make some"), OSError("no room")])
def test_what_the_other_side_has_said_is_taken_in_though_planning_cannot_be_told(fault: Exception) -> None:
    store, gateway = planned(), MemoryGateway()
    dispatch(store, gateway, day(), TERMS, Time())
    gateway.other_side.ship_all(gateway.references()[0])

    def full() -> None:
        raise fault

    with pytest.raises(type(fault), match="no room"):
        dispatch(store, gateway, day(), TERMS, Time(), before_sending=full)
    assert OrderStatus.SHIPPED in statuses(store)


def test_orders_leave_no_more_once_another_plan_date_has_come_however_long_their_window() -> None:
    store, gateway = planned(), MemoryGateway()
    release = release_with(dispatch={"window_days": 3})
    dispatch(store, Down(gateway), day(release=release), TERMS, Time())
    tomorrow = PLAN_DATE + dt.timedelta(days=1)
    found = dispatch(store, gateway, day(plan_date=tomorrow, today=tomorrow, release=release), TERMS, Time())
    assert (len(found.expired), gateway.references()) == (3, ())
    assert {order.status_reason for order in store.orders()} == {f"not sent before {tomorrow}"}


def test_what_was_not_sent_in_its_window_expires() -> None:
    store = planned()
    dispatch(store, Down(MemoryGateway()), day(), TERMS, Time())
    assert statuses(store) == {OrderStatus.ISSUED}
    later = day(today=PLAN_DATE + dt.timedelta(days=1))
    assert len(dispatch(store, Down(MemoryGateway()), later, TERMS, Time()).expired) == 3
    assert statuses(store) == {OrderStatus.EXPIRED}


def test_what_arrived_is_closed_when_nothing_more_is_heard_of_it() -> None:
    store, gateway = planned(), MemoryGateway()
    dispatch(store, gateway, day(), TERMS, Time())
    reference = gateway.references()[0]
    (order,) = store.orders(OrderFilter(order_ids=(reference,)))
    lines = tuple(
        ReceiptLine(line.line_number, line.quantity_units, line.quantity_units, line.quantity_units)
        for line in order.document.lines
    )
    answer_one(store, reference, Confirm(Receipt(reference, 1, Answer.ACCEPTED, lines), "m1"))
    arrival = max(line.arrival_date for line in order.document.lines)
    for days, status in ((13, OrderStatus.RECEIVED), (14, OrderStatus.CLOSED)):
        later = arrival + dt.timedelta(days=days)
        dispatch(store, gateway, day(plan_date=later, today=later), TERMS, Time())
        assert store.orders(OrderFilter(order_ids=(reference,)))[0].status is status


def test_an_order_waits_for_the_people_that_the_rules_ask_for() -> None:
    store, strict = planned(), day(release=release_with(toggles={"automatic_approval": False}))
    found = dispatch(store, MemoryGateway(), strict, TERMS, Time())
    assert len(found.waiting_for_people) == 3
    order = store.orders()[0]
    told = approve(order, strict.release, seen_digest=order.document.content_digest, by=BEN, today=PLAN_DATE)
    store.append([Append(order.order_id, order.version, decide(order, told))])
    assert dispatch(store, MemoryGateway(), strict, TERMS, Time()).issued.issued == (order.order_id,)


def test_an_order_whose_approver_lost_the_role_is_held_back() -> None:
    store, strict = planned(), day(release=release_with(toggles={"automatic_approval": False}))
    dispatch(store, MemoryGateway(), strict, TERMS, Time())
    order = store.orders()[0]
    told = approve(order, strict.release, seen_digest=order.document.content_digest, by=BEN, today=PLAN_DATE)
    store.append([Append(order.order_id, order.version, decide(order, told))])
    removed = dataclasses.replace(strict, may_approve=frozenset({ANN}))
    found = dispatch(store, MemoryGateway(), removed, TERMS, Time())
    assert order.order_id in found.waiting_for_people
    reopened = store.orders(OrderFilter(order_ids=(order.order_id,)))[0]
    assert (reopened.status, reopened.status_reason) == (OrderStatus.PROPOSED, "ben#1001 may not approve any more")


def test_a_pause_holds_what_it_concerns_and_nothing_else() -> None:
    scope = PauseScope(PauseKind.SUPPLIER, "SUP")
    at = dt.datetime.combine(PLAN_DATE, dt.time(9), dt.UTC)
    store = planned()
    paused = day(pauses=PauseState((Paused(scope, ANN, at, PLAN_DATE, "strike"),)))
    found = dispatch(store, MemoryGateway(), paused, TERMS, Time())
    assert len(found.issued.issued) == 2
    assert ["strike" in why for why in found.issued.held.values()] == [True]
    assert len(dispatch(store, MemoryGateway(), day(), TERMS, Time()).issued.issued) == 1


class Saying(MemoryGateway):
    """Somebody does something while the first order is with the other side."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then

    def submit(self, submission: Submission) -> Receipt:
        self.then()
        return super().submit(submission)


@pytest.mark.parametrize(
    "after",
    [
        {"pauses": PauseState((EVERYTHING,))},
        {"stopped": "a gate stopped it"},
        {"plan_date": PLAN_DATE + dt.timedelta(days=1), "today": PLAN_DATE + dt.timedelta(days=1)},
        {"release": release_with(toggles={"automatic_approval": False})},
        {"availability": None},
    ],
    ids=["paused", "stopped", "midnight", "stricter rules", "not planned"],
)
def test_what_holds_an_order_is_asked_again_before_each_leaves(after: dict[str, Any]) -> None:
    store, holds = planned(), day()

    def change() -> None:
        nonlocal holds
        holds = day(**after)

    gateway = Saying(change)
    found = dispatch(store, gateway, day(), TERMS, Time(), day_now=lambda: holds)
    assert list(gateway.references()) == found.sent.answered
    assert (len(found.sent.answered), len(found.sent.held), found.sent.waiting) == (1, 2, [])
    kept = store.orders(OrderFilter(status=OrderStatus.ISSUED))
    assert [order.delivery.lease_until for order in kept if order.delivery] == [None, None]
    dispatch(store, gateway, day(), TERMS, Time(), day_now=day)
    assert len(gateway.references()) == 3


def test_what_waits_in_the_outbox_and_needs_people_now_is_a_proposal_that_they_can_approve() -> None:
    store, gateway, time = planned(), MemoryGateway(), Time()
    dispatch(store, Down(gateway), day(), TERMS, time)
    time.passes(1.0)
    strict = day(release=release_with(toggles={"automatic_approval": False}))
    found = dispatch(store, gateway, strict, TERMS, time)
    assert gateway.references() == ()
    assert (len(found.waiting_for_people), statuses(store)) == (3, {OrderStatus.PROPOSED})
    assert {order.status_reason for order in store.orders()} == {"the rules ask for more people now"}
    assert [order.holds for order in store.orders()] == [()] * 3
    order = store.orders()[0]
    told = approve(order, strict.release, seen_digest=order.document.content_digest, by=BEN, today=PLAN_DATE)
    answer_one(store, order.order_id, told)
    time.passes(1.0)
    assert dispatch(store, gateway, strict, TERMS, time).sent.answered == [order.order_id]
    assert gateway.references() == (order.order_id,)
    assert len(dispatch(store, gateway, day(), TERMS, time).sent.answered) == 2


def test_stricter_rules_open_nothing_again_that_may_be_on_the_other_side() -> None:
    store, memory, time = planned(), MemoryGateway(), Time()
    gateway = FaultyGateway(memory)
    gateway.arm("submit", *[Fault.LOST_REPLY] * 3)
    gateway.arm("confirmations", Fault.LOST_REPLY)
    dispatch(store, gateway, day(), TERMS, time)
    assert (statuses(store), len(memory.references())) == ({OrderStatus.UNKNOWN}, 3)
    strict = day(release=release_with(toggles={"automatic_approval": False}))
    assert reopen(store, strict) == ()
    time.passes(1.0)
    dispatch(store, gateway, strict, TERMS, time)
    assert statuses(store) == {OrderStatus.ACKNOWLEDGED}
    assert [order.times_created for order in memory.other_side.orders()] == [1] * 3


def test_what_somebody_holds_in_the_outbox_is_no_matter_of_the_alert_on_it() -> None:
    store, time = planned(), Time()
    dispatch(store, Down(MemoryGateway()), day(), TERMS, time)
    time.passes(2.0)
    ids = sorted(order.order_id for order in store.orders())
    found = dispatch(store, Down(MemoryGateway()), day(held=dict.fromkeys(ids[:1], "taken back")), TERMS, time)
    assert (found.in_outbox, found.held_in_outbox, found.oldest in ids[1:]) == (3, 1, True)
    (told,) = dispatch_alerts(found, PLAN_DATE, PLAN_DATE).to_dict("records")
    assert told["message"].startswith("2 orders wait to be sent")
    paused = dispatch(store, Down(MemoryGateway()), day(pauses=PauseState((EVERYTHING,))), TERMS, time)
    assert (paused.in_outbox, paused.held_in_outbox, paused.oldest) == (3, 3, "")
    assert dispatch_alerts(paused, PLAN_DATE, PLAN_DATE).empty


def test_an_order_without_stock_waits_and_the_others_go() -> None:
    short = dataclasses.replace(STOCK, guard=StockGuard("sample", {("DC1", "I1"): 10, ("DC1", "I2"): 100}))
    found = dispatch(planned(), MemoryGateway(), day(availability=short), TERMS, Time())
    assert len(found.reserved.refused) == 1
    assert len(found.issued.issued) == 2


def test_the_outbox_is_bounded_and_what_has_no_room_waits() -> None:
    store = planned()
    found = dispatch(store, Down(MemoryGateway()), day(capacity=2), TERMS, Time())
    assert len(found.issued.issued) == 2
    assert list(found.issued.held.values()) == ["the outbox is full (2 orders)"]
    assert len(outbox(store, "sample")) == 2


def test_an_order_that_waits_too_long_is_told_of_once_a_day() -> None:
    store, time = planned(), Time()
    fresh = dispatch(store, Down(MemoryGateway()), day(), TERMS, time)
    assert dispatch_alerts(fresh, PLAN_DATE, PLAN_DATE).empty
    (told,) = dispatch_alerts(fresh, PLAN_DATE, PLAN_DATE, ["L-1 for S1"]).to_dict("records")
    assert (told["rule"], told["message"]) == ("refused_there", "L-1 for S1")
    time.passes(2.0)
    stuck = dispatch(store, Down(MemoryGateway()), day(), TERMS, time)
    assert stuck.waited > LONGEST_IN_OUTBOX
    alert = dispatch_alerts(stuck, PLAN_DATE, PLAN_DATE)
    assert list(alert["rule"]) == ["outbox_waits"]
    assert "3 orders wait to be sent" in alert["message"].iloc[0]
    assert alert[["owner", "remedy"]].iloc[0].tolist() == ["replenishment", "Run `equipoise dispatch`"]
    assert list(alert["alert_id"]) == list(dispatch_alerts(stuck, PLAN_DATE, PLAN_DATE)["alert_id"])


class Moved:
    """A clock that is set."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = at

    def now(self) -> dt.datetime:
        return self.at

    def today(self) -> dt.date:
        return self.at.date()


@pytest.mark.parametrize("late", [0, 1, 2], ids=["smallest id", "middle", "largest id"])
def test_the_order_that_has_waited_longest_is_told_of_whatever_its_id(late: int) -> None:
    clock = Moved(dt.datetime.combine(PLAN_DATE, dt.time(8), dt.UTC))
    store = MemoryOrderStore(clock)
    record(order_book(), store)
    ids = sorted(order.order_id for order in store.orders())
    longest = ids.pop(late)
    for hour, order_id in zip((8, 12, 13), (longest, *ids), strict=True):
        clock.at = clock.at.replace(hour=hour)
        until = PLAN_DATE + dt.timedelta(days=1)
        for command in (Require(0, (), until), Reserve((), until), Issue("rule", "memory", order_id)):
            answer_one(store, order_id, command)
    found = dispatch(store, Down(MemoryGateway()), day(), TERMS, clock.now)
    assert (found.oldest, found.waited) == (longest, dt.timedelta(hours=5))


def test_a_cancellation_waits_since_it_was_asked_for() -> None:
    clock = Moved(dt.datetime.combine(PLAN_DATE, dt.time(8), dt.UTC))
    store, gateway = MemoryOrderStore(clock), MemoryGateway()
    record(order_book(), store)
    dispatch(store, gateway, day(), TERMS, clock.now)
    clock.at += dt.timedelta(hours=6)
    answer_one(store, gateway.references()[0], Cancel(ANN, "not needed"))
    clock.at += dt.timedelta(minutes=1)

    class Deaf(MemoryGateway):
        def cancel(self, cancellation: Cancellation) -> Receipt:
            raise NotSent("down", where=cancellation.reference, remedy="wait")

    found = dispatch(store, Deaf(gateway.other_side), day(), TERMS, clock.now)
    assert (found.oldest, found.waited) == (gateway.references()[0], dt.timedelta(minutes=1))


def test_what_was_to_depart_before_today_is_held_though_its_window_is_open() -> None:
    store, gateway = planned(), MemoryGateway()
    release = release_with(dispatch={"window_days": 3})
    third = day(today=PLAN_DATE + dt.timedelta(days=2), release=release)
    found = dispatch(store, gateway, third, TERMS, Time())
    assert (found.issued.issued, gateway.references()) == ((), ())
    assert set(found.issued.held.values()) == {
        "it was to depart on 2026-01-05, and today is 2026-01-07: a later plan decides anew"
    }


def test_what_was_issued_and_did_not_get_out_in_time_for_its_departure_stays() -> None:
    store, gateway = planned(), MemoryGateway()
    release = release_with(dispatch={"window_days": 3})
    dispatch(store, Down(gateway), day(release=release), TERMS, Time())
    assert statuses(store) == {OrderStatus.ISSUED}
    time = Time()
    time.passes(24.0)
    tomorrow = day(today=PLAN_DATE + dt.timedelta(days=1), release=release)
    found = dispatch(store, gateway, tomorrow, TERMS, time)
    assert (len(found.sent.held), gateway.references()) == (3, ())


def test_what_a_rollback_left_to_people_is_told_of_each_day_until_it_is_settled() -> None:
    left = {"T-1": "eager was taken back: a purchase under way is sent back by no document of ours"}
    found = dispatch(planned(), MemoryGateway(), day(left=left), TERMS, Time())
    alert = dispatch_alerts(found, PLAN_DATE, PLAN_DATE)
    assert alert[["rule", "severity", "offender_count"]].iloc[0].tolist() == ["left_by_rollback", "warning", 1]
    assert "T-1: eager was taken back" in alert["message"].iloc[0]
    later = dispatch_alerts(found, PLAN_DATE, PLAN_DATE + dt.timedelta(days=1))
    assert set(later["alert_id"]).isdisjoint(alert["alert_id"])


def test_what_is_not_understood_or_was_never_issued_is_told_of() -> None:
    gateway = MemoryGateway(Counterpart(CounterpartStore(), Behaviour(answer=Answer.ACCEPTED)))
    dispatch(planned(), gateway, day(), TERMS, Time())
    gateway.other_side.ship_all(gateway.references()[0])
    found = dispatch(MemoryOrderStore(), gateway, day(), TERMS, Time())
    assert list(dispatch_alerts(found, PLAN_DATE, PLAN_DATE)["rule"]) == ["never_issued"]
    lost = Dispatched(sent=Sent(not_understood=["T-1"], details={"T-1": "schema 9"}), silence="down")
    assert sorted(dispatch_alerts(lost, PLAN_DATE, PLAN_DATE)["rule"]) == ["not_understood", "other_side_silent"]


def test_what_nobody_there_answers_is_told_of_until_somebody_does() -> None:
    gateway = MemoryGateway(Counterpart(CounterpartStore(), Behaviour(answer=Answer.PENDING)))
    store = planned()
    dispatch(store, gateway, day(), TERMS, Time())
    assert statuses(store) == {OrderStatus.ISSUED}
    silent, answered = (order.order_id for order in store.orders()[:2])
    gateway.other_side.decide(answered, Behaviour(answer=Answer.ACCEPTED))
    found = dispatch(store, gateway, day(unanswered={silent: "long", answered: "long"}), TERMS, Time())
    assert found.unanswered == {silent: "long"}
    (told,) = dispatch_alerts(found, PLAN_DATE, PLAN_DATE).to_dict("records")
    assert (told["rule"], told["message"]) == ("not_answered", f"{silent}: long")


def test_only_orders_of_the_network_are_touched() -> None:
    store = planned()
    dispatch(store, MemoryGateway(), day(network="another"), TERMS, Time())
    assert len(store.orders(OrderFilter(status=OrderStatus.PROPOSED))) == 3


def test_a_host_without_the_tables_of_the_plan_undoes_nothing_and_sends_nothing() -> None:
    store, gateway = planned(), MemoryGateway()
    sensitive = dataclasses.replace(KNOWN, sensitive_items=frozenset({"I2"}))
    two = release_with(approvals={"sensitive_approvers": 2})
    dispatch(store, Down(gateway), day(known=sensitive, release=two), TERMS, Time())
    dispatch(store, Down(gateway), day(known=sensitive, release=two, capacity=0), TERMS, Time())
    (asked,) = store.orders(OrderFilter(status=OrderStatus.PROPOSED))
    told = approve(asked, two, seen_digest=asked.document.content_digest, by=BEN, today=PLAN_DATE)
    store.append([Append(asked.order_id, asked.version, decide(asked, told))])
    before, time = store.orders(), Time()
    time.passes(1.0)
    bare = day(known=Known(), availability=None, release=two)
    found = dispatch(store, gateway, bare, TERMS, time)
    assert store.orders() == before
    assert gateway.references() == ()
    assert set(found.sent.details.values()) == {"the tables of the plan of 2026-01-05 are not on this host"}
    assert found.waiting_for_people == (asked.order_id,)


@pytest.mark.parametrize("days", [1, -1], ids=["ahead", "behind"])
def test_a_host_that_lives_on_another_day_than_the_ledger_ends_opens_and_sends_nothing(days: int) -> None:
    store, gateway, time = planned(), MemoryGateway(), Time()
    store.shared_clock = FixedClock(time())
    dispatch(store, Down(gateway), day(), TERMS, time)
    dispatch(store, Down(gateway), day(capacity=0), TERMS, time)
    before = store.orders()
    off = dt.timedelta(days=days)
    found_off = clock_off(store, time() + off)
    assert "1,440 minutes" in found_off
    elsewhere = day(plan_date=PLAN_DATE + off, today=PLAN_DATE + off, clock_off=found_off)
    found = dispatch(store, gateway, elsewhere, TERMS, lambda: time() + off)
    assert store.orders() == before
    assert gateway.references() == ()
    assert (found.expired, found.issued.issued) == ((), ())
    told = dispatch_alerts(found, PLAN_DATE, PLAN_DATE)
    assert told.loc[told["rule"] == "clock_off", "message"].tolist() == [found_off]
    assert clock_off(store, time() + dt.timedelta(minutes=4)) == clock_off(planned(), time() + off) == ""


def test_an_approval_of_a_day_that_has_not_come_here_waits_for_the_day_and_is_kept() -> None:
    week = release_with(toggles={"automatic_approval": False}, dispatch={"window_days": 7})
    store, gateway, tomorrow = planned(), MemoryGateway(), PLAN_DATE + dt.timedelta(days=1)
    dispatch(store, gateway, day(release=week), TERMS, Time())
    order = store.orders()[0]
    told = approve(order, week, seen_digest=order.document.content_digest, by=BEN, today=tomorrow)
    store.append([Append(order.order_id, order.version, decide(order, told))])
    held = dispatch(store, gateway, day(release=week), TERMS, Time()).issued.held
    assert "a day that has not come" in held[order.order_id]
    (kept,) = store.orders(OrderFilter(order_ids=(order.order_id,)))
    assert kept.status is OrderStatus.RESERVED
    assert kept.approval is not None
    assert [consent.by for consent in kept.approval.given] == [BEN.person]


def test_a_window_longer_than_the_bucket_ends_with_it() -> None:
    release, tomorrow = release_with(dispatch={"window_days": 3}), PLAN_DATE + dt.timedelta(days=1)
    assert day(release=release).window_ends == PLAN_DATE + dt.timedelta(days=3)
    assert day(release=release, next_plan_date=tomorrow).window_ends == tomorrow


def test_a_host_that_cannot_judge_lets_no_rule_speak() -> None:
    store = planned()
    assert ask_rules(store, day(availability=None)) == reopen(store, day(availability=None)) == ()
    assert ask_rules(store, day(clock_off="an hour ahead")) == ()
    assert all(order.approval is None for order in store.orders())
