"""What was issued is sent once, whatever fails, and what the other side says is taken in once."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from unit.orders.order_lives import HOLDS, TOMORROW
from unit.orders.order_samples import PLAN_DATE, order_book

from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_one
from assets.orders.confirmations import ConfirmationsTaken, take_confirmations
from assets.orders.decide import decide
from assets.orders.events import Cancel, Command, Errand, Issue, Propose, Redirect, Require, Reserve
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.faults import Fault, FaultyGateway
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, NotSent, OutcomeUnknown, Receipt, Submission, address_of
from assets.orders.order import Order, OrderStatus, errand_of
from assets.orders.outbox import SendTerms, Sent, outbox, send_due
from assets.orders.reconcile import Cause, reconcile
from assets.orders.store import Append, MemoryOrderStore, OrderFilter, StockGuard

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
TERMS = SendTerms("host-1", batch=3)


class Time:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> dt.datetime:
        return self.at

    def passes(self, hours: float = 2.0) -> None:
        self.at += dt.timedelta(hours=hours)


def issued(count: int = 1, gateway: str = "memory") -> MemoryOrderStore:
    store = MemoryOrderStore()
    lines = [("transfer", "I1", "DC1", f"S{number}", 10 + number) for number in range(count)]
    for document in order_book(lines).content:
        run(store, document.order_id, Propose(document))
        for command in (Require(0, (), TOMORROW), Reserve(HOLDS, TOMORROW), Issue("rule", gateway, "key")):
            run(store, document.order_id, command)
    return store


def run(store: MemoryOrderStore, order_id: str, command: Command) -> Order:
    found = store.orders(OrderFilter(order_ids=(order_id,)))
    before = found[0] if found else None
    store.append([Append(order_id, before.version if before else 0, decide(before, command))])
    return store.orders(OrderFilter(order_ids=(order_id,)))[0]


class Meeting(MemoryGateway):
    """The way of one host to the other side, on which another host works the outbox off at the first call."""

    def __init__(self, inner: MemoryGateway, meanwhile: Callable[[], object], *, before_commit: bool) -> None:
        super().__init__(inner.other_side)
        self._meanwhile, self._before_commit, self.calls = meanwhile, before_commit, 0

    def submit(self, submission: Submission) -> Receipt:
        self.calls += 1
        if self.calls == 1 and self._before_commit:
            self._meanwhile()
        receipt = super().submit(submission)
        if self.calls == 1 and not self._before_commit:
            self._meanwhile()
        return receipt


@pytest.mark.parametrize("before_commit", [False, True])
@pytest.mark.parametrize("ahead", [dt.timedelta(minutes=20), dt.timedelta(days=1)])
def test_a_host_whose_clock_is_ahead_by_more_than_the_lease_asks_first_and_nothing_is_sent_twice(
    ahead: dt.timedelta, before_commit: bool
) -> None:
    store = issued(5)
    # While a call is under way nobody can ask for what it brings: then the idempotency key has to settle it.
    there = MemoryGateway() if before_commit else naive()
    other: list[Sent] = []

    def other_host() -> None:
        other.append(send_due(store, there, "sample", SendTerms("host-2", batch=5), lambda: NOON + ahead))

    ours = Meeting(there, other_host, before_commit=before_commit)
    send_due(store, ours, "sample", SendTerms("host-1", batch=5), Time())
    assert {order.status for order in store.orders()} == {OrderStatus.ACKNOWLEDGED}
    assert (len(other[0].answered), ours.calls) == (5, 1), "what was taken over is not sent by the first host as well"
    assert len(there.other_side.store.orders()) == 5


def test_a_host_whose_clock_is_behind_waits_for_its_own_clock_and_takes_over_nothing() -> None:
    store, there = issued(), naive()
    ours = Meeting(there, lambda: send_due(
        store, there, "sample", SendTerms("host-2"), lambda: NOON - dt.timedelta(days=1)
    ), before_commit=True)  # fmt: skip
    send_due(store, ours, "sample", TERMS, Time())
    assert (ours.calls, len(there.other_side.store.orders())) == (1, 1)


def naive() -> MemoryGateway:
    """Return a gateway to another side that makes a second order of what comes twice."""
    return MemoryGateway(Counterpart(CounterpartStore(), Behaviour(idempotent=False)))


def only(store: MemoryOrderStore) -> Order:
    (order,) = store.orders()
    return order


def created(gateway: MemoryGateway) -> list[int]:
    return [order.times_created for order in gateway.other_side.orders()]


def test_what_is_issued_arrives_once_and_is_acknowledged() -> None:
    store, gateway, time = issued(7), MemoryGateway(), Time()
    sent = send_due(store, gateway, "sample", TERMS, time)
    assert len(sent.answered) == 7
    assert {order.status for order in store.orders()} == {OrderStatus.ACKNOWLEDGED}
    assert created(gateway) == [1] * 7
    assert outbox(store, "sample") == ()
    assert send_due(store, gateway, "sample", TERMS, time) == Sent()


@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.CRASH_AFTER_COMMIT, Fault.SLOW, Fault.SCHEMA_CHANGE])
def test_an_order_whose_answer_was_lost_is_asked_for_and_not_sent_again(fault: Fault) -> None:
    store, memory, time = issued(), naive(), Time()
    gateway = FaultyGateway(memory, FixedClock(NOON.date()))
    gateway.arm("submit", fault)
    send_due(store, gateway, "sample", TERMS, time)
    assert only(store).status is OrderStatus.UNKNOWN
    time.passes()
    send_due(store, gateway, "sample", TERMS, time)
    assert only(store).status is OrderStatus.ACKNOWLEDGED
    assert created(memory) == [1]
    assert [method for method, _ in gateway.calls].count("submit") == 1


def test_a_gateway_that_is_down_is_left_alone_after_a_few_attempts_and_nothing_is_lost() -> None:
    store, memory, time = issued(9), MemoryGateway(), Time()
    down = Down(memory)
    sent = send_due(store, down, "sample", TERMS, time)
    assert down.calls == TERMS.give_up_after
    assert len(sent.waiting) == 3
    assert {order.status for order in store.orders()} == {OrderStatus.ISSUED}
    time.passes()
    assert len(send_due(store, memory, "sample", TERMS, time).answered) == 9
    assert created(memory) == [1] * 9


class Down(MemoryGateway):
    """Certainly never reached."""

    def __init__(self, inner: MemoryGateway) -> None:
        super().__init__(inner.other_side)
        self.calls = 0

    def submit(self, submission: object) -> None:  # type: ignore[override]
        del submission
        self.calls += 1
        raise NotSent("connection refused", where="the other side", remedy="Wait", retry_after_s=60)


def test_a_time_that_the_other_side_names_is_waited_for() -> None:
    store, memory, time = issued(), MemoryGateway(), Time()
    send_due(store, Down(memory), "sample", TERMS, time)
    time.passes(40 / 3600)
    assert send_due(store, memory, "sample", TERMS, time).answered == []
    time.passes(30 / 3600)
    assert len(send_due(store, memory, "sample", TERMS, time).answered) == 1


def test_nobody_sends_what_another_process_is_sending_until_its_lease_is_over() -> None:
    store, gateway, time = issued(), MemoryGateway(), Time()

    class Dies(MemoryGateway):
        def submit(self, submission: object) -> None:  # type: ignore[override]
            del submission
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_due(store, Dies(gateway.other_side), "sample", TERMS, time)
    assert send_due(store, gateway, "sample", TERMS, time).answered == []
    time.passes()
    assert len(send_due(store, gateway, "sample", TERMS, time).answered) == 1
    assert created(gateway) == [1]


def test_what_may_not_leave_any_more_stays_and_what_may_have_arrived_is_asked_for() -> None:
    store, gateway, time = issued(2), naive(), Time()
    faulty = FaultyGateway(gateway, FixedClock(NOON.date()))
    faulty.arm("submit", Fault.CRASH_BEFORE_COMMIT, Fault.LOST_REPLY)
    send_due(store, faulty, "sample", TERMS, time)
    assert {order.status for order in store.orders()} == {OrderStatus.UNKNOWN}
    time.passes()
    sent = send_due(store, gateway, "sample", TERMS, time, lambda _order: "paused")
    assert sorted(order.status for order in store.orders()) == [OrderStatus.ACKNOWLEDGED, OrderStatus.ISSUED]
    assert len(sent.held) == 1
    assert created(gateway) == [1]
    before = len(store.events())
    assert len(send_due(store, gateway, "sample", TERMS, time, lambda _order: "paused").held) == 1
    assert len(store.events()) == before
    assert len(send_due(store, gateway, "sample", TERMS, time).answered) == 1


def test_a_side_that_hangs_is_left_alone_and_no_lease_is_outlived() -> None:
    store, gateway, time = issued(9), MemoryGateway(), Time()
    calls = []

    class Hangs(MemoryGateway):
        def submit(self, submission: Submission) -> Receipt:
            calls.append(submission.reference)
            time.passes(10 / 60)
            raise OutcomeUnknown("no answer", where="the other side", remedy="Ask")

    send_due(store, Hangs(gateway.other_side), "sample", dataclasses.replace(TERMS, batch=9), time)
    assert len(calls) == 2  # the third would outlive the quarter of an hour
    time.passes()
    patient = dataclasses.replace(TERMS, batch=9, lease=dt.timedelta(hours=9))
    send_due(store, Hangs(gateway.other_side), "sample", patient, time)
    assert len(calls) == 2 + TERMS.give_up_after


def test_two_senders_at_once_send_each_order_once() -> None:
    store, gateway, time = issued(6), naive(), Time()

    class Meanwhile(MemoryGateway):
        """Another sender works while this one is talking."""

        def submit(self, submission):  # type: ignore[no-untyped-def]
            send_due(store, gateway, "sample", dataclasses.replace(TERMS, by="host-2"), time)
            return super().submit(submission)

    send_due(store, Meanwhile(gateway.other_side), "sample", TERMS, time)
    send_due(store, gateway, "sample", TERMS, time)
    assert created(gateway) == [1] * 6
    assert {order.status for order in store.orders()} == {OrderStatus.ACKNOWLEDGED}


def test_a_cancellation_of_what_was_sent_is_asked_and_answered() -> None:
    store, gateway, time = issued(), MemoryGateway(), Time()
    send_due(store, gateway, "sample", TERMS, time)
    order = answer_one(store, only(store).order_id, Cancel("ann", "not needed"))
    assert errand_of(order) is Errand.CANCEL
    send_due(store, gateway, "sample", TERMS, time)
    assert only(store).status is OrderStatus.CANCELLED


def test_what_was_cancelled_before_it_arrived_is_not_taken_in_when_it_comes_late() -> None:
    store, memory, time = issued(), MemoryGateway(), Time()
    gateway = FaultyGateway(memory, FixedClock(NOON.date()))
    gateway.arm("submit", Fault.SLOW)
    send_due(store, gateway, "sample", TERMS, time)
    answer_one(store, only(store).order_id, Cancel("ann", "not needed"))
    time.passes()
    send_due(store, memory, "sample", TERMS, time)
    assert only(store).status is OrderStatus.CANCELLED


def test_what_happens_to_goods_comes_back_once_and_a_later_cursor_is_kept() -> None:
    store, gateway, time = issued(), MemoryGateway(page=1), Time()
    send_due(store, gateway, "sample", TERMS, time)
    reference = only(store).order_id
    gateway.other_side.ship_all(reference)
    assert take_confirmations(store, gateway, "sample").orders == (reference,)
    assert only(store).status is OrderStatus.SHIPPED
    gateway.other_side.receive_all(reference)
    take_confirmations(store, gateway, "sample")
    assert only(store).status is OrderStatus.CLOSED
    before = len(store.events())
    assert take_confirmations(store, gateway, "sample").messages == 0
    assert len(store.events()) == before


def test_a_message_about_an_order_that_was_never_issued_is_kept_and_told() -> None:
    gateway, time = MemoryGateway(), Time()
    send_due(issued(), gateway, "sample", TERMS, time)
    empty = MemoryOrderStore()
    gateway.other_side.ship_all(gateway.other_side.references()[0])
    taken = take_confirmations(empty, gateway, "sample")
    assert any(gateway.other_side.references()[0] in stranger for stranger in taken.strangers)
    last = empty.history("gateway/sample/memory")[-1].event
    assert isinstance(last, ConfirmationsTaken)
    assert last.strangers == taken.strangers


class Killed(Exception):  # noqa: N818
    """The process ends here."""


class Mortal:
    """Dies at one of the steps of a process: before or after an append, before or after the other side commits."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Killed


class MortalStore(MemoryOrderStore):
    def __init__(self, inner: MemoryOrderStore, mortal: Mortal) -> None:
        super().__init__(_log=inner._log, _orders=inner._orders, _changed=inner._changed, _versions=inner._versions)
        self.inner, self.mortal = inner, mortal

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        self.mortal.step()
        last = self.inner.append(appends, guard)
        vars(self).update({name: vars(self.inner)[name] for name in ("_log", "_orders", "_changed", "_versions")})
        self.mortal.step()
        return last


class MortalGateway(MemoryGateway):
    def __init__(self, other_side: Counterpart, mortal: Mortal) -> None:
        super().__init__(other_side)
        self.mortal = mortal

    def submit(self, submission):  # type: ignore[no-untyped-def]
        return self._dying(lambda: super(MortalGateway, self).submit(submission))

    def cancel(self, cancellation):  # type: ignore[no-untyped-def]
        return self._dying(lambda: super(MortalGateway, self).cancel(cancellation))

    def _dying(self, call: Callable[[], object]) -> object:
        self.mortal.step()
        answer = call()
        self.mortal.step()
        return answer


@pytest.mark.parametrize("seed", range(30))
def test_of_a_process_that_dies_at_any_step_again_and_again_every_order_arrives_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    store, time = issued(5), Time()
    answers = [Answer.ACCEPTED, Answer.PENDING, Answer.REFUSED]
    other_side = Counterpart(CounterpartStore(), Behaviour(answer=answers[seed % 3], idempotent=False))
    for _ in range(40):
        mortal = Mortal(int(random.integers(0, 12)))
        dying = MortalStore(store, mortal)
        try:
            send_due(dying, MortalGateway(other_side, mortal), "sample", TERMS, time)
            take_confirmations(dying, MortalGateway(other_side, mortal), "sample")
        except Killed:
            pass
        if random.integers(8) == 0:
            for order in store.orders(OrderFilter(in_outbox=True))[:1]:
                answer_one(store, order.order_id, Cancel("ann", "not needed"))
        time.passes()
    quiet = MemoryGateway(other_side)
    send_due(store, quiet, "sample", TERMS, time)
    assert outbox(store, "sample") == ()
    assert all(order.times_created <= 1 for order in other_side.orders())
    there = {order.reference: order.receipt.answer for order in other_side.orders()}
    for order in store.orders():
        if order.status is OrderStatus.CANCELLED:
            assert there.get(order.order_id, Answer.CANCELLED) is Answer.CANCELLED
        else:
            assert there[order.order_id] is answers[seed % 3]
            assert order.status is {0: OrderStatus.ACKNOWLEDGED, 1: OrderStatus.ISSUED, 2: OrderStatus.FAILED}[seed % 3]


class Moved(MemoryGateway):
    """A system of the same kind at another address."""

    @property
    def address(self) -> str:
        return address_of("memory", "elsewhere")


class Silent(MemoryGateway):
    """Takes in and never answers."""

    @property
    def address(self) -> str:
        return address_of("memory", "here")

    def submit(self, submission: Submission) -> Receipt:
        super().submit(submission)
        raise OutcomeUnknown("no answer", where="there", remedy="Ask")


def test_what_may_have_arrived_at_another_address_is_neither_asked_nor_sent_at_this_one_and_that_is_said() -> None:
    here, elsewhere, time = Silent(), Moved(), Time()
    store = issued(gateway=here.address)
    order_id = store.orders()[0].order_id
    assert send_due(store, here, "sample", TERMS, time).unknown == [order_id]
    time.passes(2.0)
    before = len(store.events())
    sent = send_due(store, elsewhere, "sample", TERMS, time)
    assert (sent.held, elsewhere.references(), len(store.events())) == ([order_id], (), before)
    assert sent.details[order_id] == f"it was issued to {here.address}, and orders go to {elsewhere.address} now"
    (found,) = reconcile(store, elsewhere, "sample", PLAN_DATE).differences
    assert (found.cause, found.there) == (Cause.ELSEWHERE, "not asked")
    elsewhere.other_side = here.other_side
    answer_one(store, order_id, Redirect(elsewhere.address, "ann", "the server has a new name"))
    assert send_due(store, elsewhere, "sample", TERMS, time).answered == [order_id]
    assert [one.times_delivered for one in here.other_side.orders()] == [1]
    assert reconcile(store, elsewhere, "sample", PLAN_DATE).differences == ()


def test_an_order_of_which_the_ledger_holds_only_the_kind_goes_to_any_system_of_it() -> None:
    store, elsewhere = issued(gateway="memory"), Moved()
    assert len(send_due(store, elsewhere, "sample", TERMS, Time()).answered) == 1
    with pytest.raises(EquipoiseError, match="not issued to another gateway"):
        answer_one(store, store.orders()[0].order_id, Redirect("memory", "ann", "why"))
