"""A process dies between a recorded rollback and what becomes of its orders: whoever comes next goes on, once."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from unit.governance.governance_samples import ADA, AT, release_with
from unit.governance.test_dispositions import CANARY, TODAY, act, by_canary
from unit.orders.order_lives import ACKNOWLEDGED, APPROVED, ISSUED, PROPOSED, RECEIVED, RESERVED, SHIPPED
from unit.orders.order_samples import order_book

from assets.governance.carrying_out import CarriedOut, finish, see_to, unfinished
from assets.governance.disposition import in_flight
from assets.governance.events import RELEASES, Arrival, Event, HoldLifted, RollbackCarriedOut, RolledBack
from assets.governance.in_flight import dispositions
from assets.governance.ledger_log import LedgerLog
from assets.governance.log import settle
from assets.governance.rollback import roll_back
from assets.kernel.clock import Clock, FixedClock
from assets.kernel.errors import EquipoiseError
from assets.orders.events import CancelRequested, Command, Confirm, OrderWithdrawn, Propose, Reserve
from assets.orders.order import OrderStatus
from assets.orders.record import record
from assets.orders.store import Append, MemoryOrderStore, OrderFilter, StockGuard
from assets.policy.stage import Stage

NEXT, LATER, LAST = (TODAY + dt.timedelta(days=days) for days in (1, 2, 3))
LINES = tuple(("transfer", "I1", "DC1", site, 14) for site in ("S1", "S2", "S3", "S4"))
LIVES = dict(zip(("S1", "S2", "S3", "S4"), (PROPOSED, ACKNOWLEDGED, SHIPPED, RESERVED), strict=True))


class Killed(BaseException):
    """The process is gone; nothing of it catches that."""


@dataclass
class MortalStore(MemoryOrderStore):
    """A ledger whose process is killed before or after one of its appends, on the day before a rollback."""

    clock: Clock = field(default_factory=lambda: FixedClock(AT - dt.timedelta(days=1)))
    lives: int = 10**6
    after_commit: bool = False
    busy: bool = False

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        if self.busy:
            raise EquipoiseError("the ledger is busy", where="order ledger", remedy="Try again")
        if not appends:
            return super().append(appends, guard)
        self.lives -= 1
        if self.lives == 0 and not self.after_commit:
            raise Killed
        last = super().append(appends, guard)
        if self.lives == 0:
            raise Killed
        return last


def ledger() -> MortalStore:
    """Return a ledger with an order of the canary in each of four statuses."""
    store = MortalStore()
    for document in order_book(LINES).content:
        ours = by_canary(document, "I1")
        life = [_of(command, ours.order_id) for command in LIVES[ours.destination_id][1:]]
        act(store, [Propose(ours), *life], ours.order_id)
    return store


def _of(command: Command, order_id: str) -> Command:
    if isinstance(command, Confirm):
        return dataclasses.replace(command, receipt=dataclasses.replace(command.receipt, reference=order_id))
    return dataclasses.replace(command, holds=()) if isinstance(command, Reserve) else command


def one_order(*life: Command, store: MortalStore | None = None) -> tuple[MortalStore, str]:
    """Return a ledger with one order of the canary after commands, and its id."""
    store = store or MortalStore()
    (document,) = order_book(LINES[:1]).content
    act(store, [Propose(by_canary(document, "I1"))], document.order_id)
    moved_on(store, document.order_id, life)
    return store, document.order_id


def moved_on(store: MortalStore, order_id: str, commands: Sequence[Command]) -> None:
    """Bring an order further."""
    act(store, [_of(one, order_id) for one in commands if not isinstance(one, Propose)], order_id)


def amended(quantity: int, *items: str) -> Propose:
    """Return a plan of another quantity, by the canary if it decided items."""
    (document,) = order_book((("transfer", "I1", "DC1", "S1", quantity),)).content
    return Propose(by_canary(document, *items) if items else document)


def arrives(store: MortalStore) -> None:
    """Let another process hear that what was under way has come."""
    lives, store.lives = store.lives, 10**6
    for order in store.orders(OrderFilter(network="sample")):
        if order.status is OrderStatus.SHIPPED:
            moved_on(store, order.order_id, RECEIVED[len(SHIPPED) :])
    store.lives = lives


def die_once_recorded(store: MortalStore) -> None:
    """Take the canary back in a process that dies as soon as that is recorded."""
    store.lives, store.after_commit = 1, True
    with pytest.raises(Killed):
        take_back(store)
    store.lives = 10**6


def resumed(store: MortalStore) -> CarriedOut:
    """Return what the next process makes of it, or the next day's of goods that came; then nothing is left."""
    (done,) = finish(store, LedgerLog(store), today=LATER, at=AT)
    if done.arrived:
        (done,) = finish(store, LedgerLog(store), today=LAST, at=AT)
    assert finish(store, LedgerLog(store), today=LAST, at=AT) == ()
    return done


def take_back(store: MortalStore, *, came: bool = False) -> None:
    """Take the canary back as the command does: recorded, then carried out, goods under way having come or not."""
    made: list[RolledBack] = []

    def decide(_: tuple[Event, ...]) -> Sequence[Event]:
        orders = dispositions(in_flight(store, "sample", CANARY), CANARY)
        made[:] = [RolledBack(CANARY, "standard@0123456789ab", "hash", ADA.person, AT, "worse", "", orders, TODAY)]
        return made

    settle(LedgerLog(store), RELEASES, decide)
    if came:
        arrives(store)
    see_to(store, LedgerLog(store), made[0], today=TODAY, at=AT)


def to_the_end(store: MortalStore) -> None:
    """Take the canary back when its goods had come, and go on with it on a later day."""
    take_back(store, came=True)
    finish(store, LedgerLog(store), today=LATER, at=AT)


def arrivals(store: MortalStore) -> list[Arrival]:
    """Return the notes that goods have come."""
    history = LedgerLog(store).history(RELEASES)
    return [one for event in history if isinstance(event, RollbackCarriedOut) for one in event.arrived]


def told(store: MortalStore) -> dict[str, object]:
    """Return where every order stands, by its destination, and how often each thing happened."""
    stands = {
        (one.document.origin_id, one.document.destination_id): (one.status, one.cancel_pending)
        for one in store.orders(OrderFilter(network="sample"))
    }
    kinds = Counter(type(recorded.event).__name__ for recorded in store.events(limit=10**6))
    watched = (OrderWithdrawn, CancelRequested, RolledBack, RollbackCarriedOut)
    return {"orders": stands, **{kind.__name__: kinds[kind.__name__] for kind in watched}}


UNDISTURBED = {
    "orders": {
        ("DC1", "S1"): (OrderStatus.CANCELLED, False),
        ("DC1", "S2"): (OrderStatus.ACKNOWLEDGED, True),
        ("DC1", "S3"): (OrderStatus.RECEIVED, False),
        ("DC1", "S4"): (OrderStatus.RESERVED, False),
        ("S3", "DC1"): (OrderStatus.PROPOSED, False),
    },
    "OrderWithdrawn": 1, "CancelRequested": 1, "RolledBack": 1, "RollbackCarriedOut": 2,
}  # fmt: skip


def test_a_rollback_that_nobody_disturbs_sees_to_every_order_once() -> None:
    store = ledger()
    to_the_end(store)
    assert told(store) == UNDISTURBED
    assert [one.plan_date for one in arrivals(store)] == [TODAY]
    assert finish(store, LedgerLog(store), today=LATER, at=AT) == ()


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
def test_a_process_killed_at_any_record_leaves_what_the_next_one_finishes_exactly_once(
    step: int, after_commit: bool
) -> None:
    store = ledger()
    store.lives, store.after_commit = step, after_commit
    with pytest.raises(Killed):
        to_the_end(store)
    store.lives = 10**6
    if (step, after_commit) == (1, True):
        arrives(store)
    if (step, after_commit) == (1, False):
        take_back(store, came=True)  # nothing was recorded, so that it is asked for again
    left = unfinished(LedgerLog(store).history(RELEASES))
    assert len(left) == (0 if (step, after_commit) == (6, True) else 1)
    for today in (LATER, LAST):
        finish(store, LedgerLog(store), today=today, at=AT)
    assert told(store) == UNDISTURBED
    assert len(arrivals(store)) == 1
    assert finish(store, LedgerLog(store), today=LAST, at=AT) == ()
    assert told(store) == UNDISTURBED


def test_a_second_death_on_another_day_makes_no_second_counter_move() -> None:
    store = ledger()
    store.lives, store.after_commit = 1, True
    with pytest.raises(Killed):
        take_back(store, came=True)
    arrives(store)
    finish(store, LedgerLog(store), today=TODAY, at=AT)
    store.lives, store.after_commit = 1, True  # the counter-move: then it dies as well
    with pytest.raises(Killed):
        finish(store, LedgerLog(store), today=NEXT, at=AT)
    store.lives = 10**6
    (done,) = finish(store, LedgerLog(store), today=LATER, at=AT)
    assert len(done.compensated) == 1
    assert told(store) == UNDISTURBED


@pytest.mark.parametrize(
    ("before", "after", "became", "status", "pending"),
    [
        (PROPOSED, APPROVED, "held", OrderStatus.APPROVED, False),
        (PROPOSED, RESERVED, "held", OrderStatus.RESERVED, False),
        (RESERVED, ISSUED, "cancelled", OrderStatus.CANCELLED, False),
        (RESERVED, ACKNOWLEDGED, "cancelled", OrderStatus.ACKNOWLEDGED, True),
        (ACKNOWLEDGED, RECEIVED, "compensated", OrderStatus.RECEIVED, False),
        (SHIPPED, RECEIVED, "compensated", OrderStatus.RECEIVED, False),
        (RECEIVED, RECEIVED, "kept", OrderStatus.RECEIVED, False),
    ],
)
def test_an_order_that_moved_on_meanwhile_becomes_what_its_status_says_now(
    before: tuple[Command, ...], after: tuple[Command, ...], became: str, status: OrderStatus, pending: bool
) -> None:
    store, order_id = one_order(*before)
    die_once_recorded(store)
    moved_on(store, order_id, after[len(before) :])
    done = resumed(store)
    (order,) = store.orders(OrderFilter(order_ids=(order_id,)))
    assert {name for name in ("kept", "held", "cancelled", "compensated") if order_id in getattr(done, name)} == {
        became
    }
    assert (order.status, order.cancel_pending) == (status, pending)


def test_of_an_amendment_nothing_of_the_release_is_left_neither_it_nor_what_the_other_side_has() -> None:
    store, order_id = one_order(*ACKNOWLEDGED)
    act(store, [amended(20, "I1")], order_id)
    die_once_recorded(store)
    done = resumed(store)
    (order,) = store.orders(OrderFilter(order_ids=(order_id,)))
    assert (done.cancelled, done.changed) == ((order_id,), (order_id,))
    assert (order.status, order.cancel_pending, order.former) == (OrderStatus.ACKNOWLEDGED, True, None)


def test_an_amendment_of_what_another_release_ordered_is_withdrawn_and_the_order_goes_on() -> None:
    store = MortalStore()
    propose = amended(14)
    order_id = propose.document.order_id
    act(store, [propose], order_id)
    moved_on(store, order_id, ACKNOWLEDGED)
    act(store, [amended(20, "I1")], order_id)
    die_once_recorded(store)
    done = resumed(store)
    (order,) = store.orders()
    assert (done.kept, done.as_before, done.cancelled, done.changed) == ((order_id,), (order_id,), (), (order_id,))
    assert (order.status, order.cancel_pending, order.document.quantity_units) == (OrderStatus.ACKNOWLEDGED, False, 14)


def test_an_amendment_on_its_way_of_what_another_release_ordered_is_left_to_people() -> None:
    store = MortalStore()
    propose = amended(14)
    order_id = propose.document.order_id
    act(store, [propose], order_id)
    moved_on(store, order_id, ACKNOWLEDGED)
    act(store, [amended(20, "I1")], order_id)
    moved_on(store, order_id, ISSUED[len(PROPOSED) :])
    die_once_recorded(store)
    assert set(resumed(store).for_people) == {order_id}
    (order,) = store.orders()
    assert (order.status, order.cancel_pending) == (OrderStatus.ISSUED, False)


@pytest.mark.parametrize("before", [ACKNOWLEDGED, SHIPPED])
def test_goods_under_way_wait_until_they_have_come_and_only_then_is_it_proposed_to_send_them_back(
    before: tuple[Command, ...],
) -> None:
    store, order_id = one_order(*before)
    die_once_recorded(store)
    moved_on(store, order_id, SHIPPED[len(before) :])
    for _ in range(2):
        (done,) = finish(store, LedgerLog(store), today=LATER, at=AT)
        assert (done.waiting, done.compensated, done.changed) == ((order_id,), {order_id: ""}, ())
        assert len(store.orders()) == 1
    arrives(store)
    assert list(resumed(store).compensated) == [order_id]
    assert {one.status for one in store.orders()} == {OrderStatus.RECEIVED, OrderStatus.PROPOSED}


@pytest.mark.parametrize("days", [-1, 0, 400], ids=["east of UTC", "same date", "dates of a declared clock"])
def test_what_comes_on_a_plan_date_is_sent_back_by_the_next_whatever_the_ledger_s_clock_says(days: int) -> None:
    store, order_id = one_order(*SHIPPED)
    die_once_recorded(store)
    store.clock = FixedClock(AT + dt.timedelta(days=days))
    arrives(store)
    for _ in range(2):
        (done,) = finish(store, LedgerLog(store), today=TODAY, at=AT)
        assert (done.waiting, len(store.orders())) == ((order_id,), 1)
    assert arrivals(store) == [Arrival(order_id, TODAY)]
    (done,) = finish(store, LedgerLog(store), today=NEXT, at=AT)
    (there,) = store.orders(OrderFilter(order_ids=tuple(done.compensated.values())))
    assert (done.waiting, there.document.plan_date) == ((), NEXT)


def test_what_a_person_said_meanwhile_to_hold_is_left_alone() -> None:
    store, order_id = one_order(*RESERVED)
    die_once_recorded(store)
    lifted = HoldLifted(order_id, 1, ADA.person, AT, "the truck is booked")
    settle(LedgerLog(store), RELEASES, lambda _: (lifted,))
    moved_on(store, order_id, SHIPPED[len(RESERVED) :])
    assert resumed(store).kept == (order_id,)
    assert len(store.orders()) == 1


def test_a_busy_ledger_leaves_the_rollback_to_whoever_comes_next() -> None:
    store, order_id = one_order(*SHIPPED)
    die_once_recorded(store)
    arrives(store)
    store.busy = True
    with pytest.raises(EquipoiseError, match="busy"):
        finish(store, LedgerLog(store), today=LATER, at=AT)
    store.busy = False
    assert set(resumed(store).compensated) == {order_id}


def test_what_the_restored_release_planned_meanwhile_is_left_to_it() -> None:
    store = ledger()
    store.lives, store.after_commit = 1, True
    with pytest.raises(Killed):
        take_back(store)
    store.lives = 10**6
    record(order_book((("transfer", "I1", "DC1", "S1", 9),)), store)
    finish(store, LedgerLog(store), today=TODAY, at=AT)
    (to_s1,) = [one for one in store.orders() if one.document.destination_id == "S1"]
    assert (to_s1.status, to_s1.document.releases) == (OrderStatus.PROPOSED, ("standard@0123456789ab",))


def test_a_rollback_records_what_becomes_of_its_orders_with_the_stages() -> None:
    canary, active = (
        release_with(name).model_copy(update={"stage": stage})
        for name, stage in (("eager", Stage.CANARY), ("standard", Stage.ACTIVE))
    )
    store = ledger()
    orders = [
        dataclasses.replace(one, policy_release=canary.version) for one in in_flight(store, "sample", CANARY)
    ]  # fmt: skip
    made = roll_back((), "eager", [canary, active], orders, by=ADA, at=AT, why="worse", plan_date=TODAY)
    assert made.events[-1] == made.rolled
    assert (len(made.rolled.orders or ()), made.rolled.plan_date) == (4, TODAY)


def test_rollbacks_of_ledgers_that_kept_no_fates_are_not_carried_out_again() -> None:
    old = RolledBack(CANARY, "standard@0123456789ab", "hash", ADA.person, AT, "worse")
    assert unfinished([old]) == ()
