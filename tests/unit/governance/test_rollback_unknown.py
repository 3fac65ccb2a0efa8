"""An order of which nobody knows whether it arrived when its release is taken back: it goes by the truth, once."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from unit.governance.governance_samples import AT
from unit.governance.test_dispositions import CANARY, TODAY, act
from unit.governance.test_rollback_resumed import Killed, MortalStore, one_order, take_back
from unit.orders.order_lives import ISSUED
from unit.orders.test_outbox import TERMS, Time

from assets.governance.carrying_out import CarriedOut, finish, unfinished
from assets.governance.disposition import held_orders, in_flight
from assets.governance.events import RELEASES, RollbackCarriedOut
from assets.governance.ledger_log import LedgerLog
from assets.orders.confirmations import take_confirmations
from assets.orders.events import Cancel, CancelRequested, OrderProposed
from assets.orders.gateways.counterpart import Behaviour
from assets.orders.gateways.faults import Fault, FaultyGateway
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, OutcomeUnknown
from assets.orders.order import Order, OrderStatus
from assets.orders.outbox import Holds, send_due
from assets.orders.store import Append, OrderFilter, StockGuard

DIED_AT = [(step, after_commit) for step in (1, 2, 3, 4, 5) for after_commit in (False, True)]


@dataclasses.dataclass
class World:
    """A ledger whose only order was sent and not answered when its release was taken back, and the other side."""

    store: MortalStore
    order_id: str
    there: FaultyGateway
    memory: MemoryGateway
    time: Time
    today: dt.date = TODAY

    def run(self) -> tuple[CarriedOut, ...]:
        """Dispatch once, on a later day each time: rollbacks go on, what is due is sent, and the other side heard."""
        self.time.passes()
        self.today += dt.timedelta(days=1)
        done = finish(self.store, LedgerLog(self.store), today=self.today, at=AT)
        send_due(self.store, self.there, "sample", TERMS, self.time, self.holds())
        with suppress(OutcomeUnknown):
            take_confirmations(self.store, self.there, "sample")
        return done

    def holds(self) -> Holds:
        history = LedgerLog(self.store).history(RELEASES)
        return lambda order: held_orders([order], history).get(order.order_id, "")

    def until_nothing_happens(self) -> None:
        before = -1
        while before != len(self.store.events(limit=10**6)):
            before = len(self.store.events(limit=10**6))
            self.run()
        if self.order.status is OrderStatus.SHIPPED:
            self.memory.other_side.receive_all(self.order_id)
            self.until_nothing_happens()

    @property
    def order(self) -> Order:
        (found,) = self.store.orders(OrderFilter(order_ids=(self.order_id,)))
        return found

    def times(self, *kinds: type) -> list[int]:
        counts = Counter(type(recorded.event) for recorded in self.store.events(limit=10**6))
        return [counts[kind] for kind in kinds]

    def outcome(self) -> dict[str, object]:
        """Return where every order stands here and there, and how often what must happen once did."""
        stands = {(one.document.origin_id, one.status, one.cancel_pending) for one in self.store.orders()}
        made = {order.answer: order.times_created for order in self.memory.other_side.orders()}
        return {"here": stands, "there": made, "asked and proposed": self.times(CancelRequested, OrderProposed)}


def world(fault: Fault, behaviour: Behaviour | None = None, store: MortalStore | None = None) -> World:
    """Return it, the send having met a fault of the wire."""
    store, order_id = one_order(*ISSUED, store=store)
    memory = MemoryGateway()
    memory.other_side.behaviour = behaviour or Behaviour()
    there, time = FaultyGateway(memory), Time()
    there.arm("submit", fault)
    send_due(store, there, "sample", TERMS, time)
    made = World(store, order_id, there, memory, time)
    assert made.order.status is OrderStatus.UNKNOWN
    return made


def as_it_is(world: World) -> None:
    """Leave the other side as it is."""


def shipped(world: World) -> None:
    world.memory.other_side.ship_all(world.order_id)


def arrived(world: World) -> None:
    shipped(world)
    world.memory.other_side.receive_all(world.order_id)


CASES = {
    "it arrived": (
        Fault.LOST_REPLY, Behaviour(), as_it_is, "cancelled",
        {"here": {("DC1", OrderStatus.CANCELLED, False)}, "there": {Answer.CANCELLED: 1}, "asked and proposed": [1, 1]},
    ),
    "it never arrived": (
        Fault.CRASH_BEFORE_COMMIT, Behaviour(), as_it_is, "cancelled",
        {"here": {("DC1", OrderStatus.CANCELLED, False)}, "there": {Answer.CANCELLED: 0}, "asked and proposed": [1, 1]},
    ),
    "it was refused": (
        Fault.LOST_REPLY, Behaviour(answer=Answer.REFUSED), as_it_is, "kept",
        {"here": {("DC1", OrderStatus.FAILED, False)}, "there": {Answer.REFUSED: 1}, "asked and proposed": [0, 1]},
    ),
    "its goods are under way": (
        Fault.LOST_REPLY, Behaviour(), shipped, "compensated",
        {
            "here": {("DC1", OrderStatus.CLOSED, False), ("S1", OrderStatus.PROPOSED, False)},
            "there": {Answer.CLOSED: 1}, "asked and proposed": [0, 2],
        },
    ),
    "its goods have arrived": (
        Fault.LOST_REPLY, Behaviour(), arrived, "compensated",
        {
            "here": {("DC1", OrderStatus.CLOSED, False), ("S1", OrderStatus.PROPOSED, False)},
            "there": {Answer.CLOSED: 1}, "asked and proposed": [0, 2],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_held_until_the_truth_is_known_and_then_goes_by_where_it_stands(case: str) -> None:
    fault, behaviour, then, became, outcome = CASES[case]
    its = world(fault, behaviour)
    take_back(its.store)
    assert (its.order.status, its.order.cancel_pending) == (OrderStatus.UNKNOWN, False)
    then(its)
    done = [*its.run(), *its.run()]
    assert [name for one in done[:1] for name in ("held", "waiting") if its.order_id in getattr(one, name)] == [
        "held", "waiting",
    ]  # fmt: skip
    assert its.order_id in getattr(done[-1], became)
    its.until_nothing_happens()
    assert its.outcome() == outcome
    assert its.times(RollbackCarriedOut) == [3 if became == "compensated" else 2]
    assert unfinished(LedgerLog(its.store).history(RELEASES)) == ()


@pytest.mark.parametrize(("step", "after_commit"), DIED_AT)
@pytest.mark.parametrize("case", CASES)
def test_a_process_killed_at_any_record_leaves_what_the_next_one_does_exactly_once(
    case: str, step: int, after_commit: bool
) -> None:
    fault, behaviour, then, _, outcome = CASES[case]
    its = world(fault, behaviour)
    take_back(its.store)
    then(its)
    its.store.lives, its.store.after_commit = step, after_commit
    try:
        for _ in range(6):
            its.run()
    except Killed:
        died = True
    else:
        died = False
    assert died or step >= 4, "each case records four times at least"
    its.store.lives = 10**6
    its.until_nothing_happens()
    assert its.outcome() == outcome
    assert unfinished(LedgerLog(its.store).history(RELEASES)) == ()


def test_while_nobody_answers_nothing_more_is_recorded_of_the_rollback() -> None:
    its = world(Fault.LOST_REPLY)
    take_back(its.store)
    for method in ("find", "confirmations"):
        its.there.arm(method, *[Fault.LOST_REPLY] * 3)
    for _ in range(3):
        (done,) = its.run()
        assert (done.waiting, done.changed) == ((its.order_id,), ())
    assert its.times(RollbackCarriedOut) == [1]


@dataclasses.dataclass
class CrossedStore(MortalStore):
    """A ledger in which another process is faster when the first record that a rollback was carried out is made."""

    meanwhile: list[Callable[[], object]] = dataclasses.field(default_factory=list)

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        if self.meanwhile and any(isinstance(e, RollbackCarriedOut) for one in appends for e in one.events):
            self.meanwhile.pop()()
        return super().append(appends, guard)


def test_of_two_that_go_on_at_once_the_slower_does_not_open_what_the_faster_closed() -> None:
    store = CrossedStore()
    its = world(Fault.LOST_REPLY, store=store)
    store.meanwhile = [lambda: (its.run(), its.run())]
    take_back(store)
    assert its.times(RollbackCarriedOut) == [2]
    assert unfinished(LedgerLog(store).history(RELEASES)) == ()
    its.until_nothing_happens()
    assert its.outcome() == CASES["it arrived"][-1]


def test_what_a_person_cancels_meanwhile_is_not_asked_for_again() -> None:
    its = world(Fault.LOST_REPLY)
    take_back(its.store)
    act(its.store, [Cancel("ben#1", "not_needed", "")], its.order_id)
    its.until_nothing_happens()
    assert its.outcome() == CASES["it arrived"][-1]


def test_an_order_that_waits_is_in_flight_no_more_once_it_is_settled() -> None:
    its = world(Fault.LOST_REPLY)
    take_back(its.store)
    assert len(in_flight(its.store, "sample", CANARY)) == 1
    its.until_nothing_happens()
    assert in_flight(its.store, "sample", CANARY) == ()
    assert finish(its.store, LedgerLog(its.store), today=TODAY + dt.timedelta(days=1), at=AT) == ()
