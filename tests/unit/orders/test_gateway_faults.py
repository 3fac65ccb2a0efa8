"""Faults on request happen as scripted, call by call, and nothing else does."""

import datetime as dt

import pytest
from contract.gateways.kit import send_until_known
from contract.gateways.kit_documents import submission
from contract.gateways.rigs import TickingClock

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.faults import Fault, FaultyGateway
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import NotSent, NotUnderstood, OutcomeUnknown

WANTED = submission()


@pytest.fixture
def inner() -> MemoryGateway:
    return MemoryGateway(Counterpart(CounterpartStore(), Behaviour(idempotent=False)))


FELT = [
    (Fault.CRASH_BEFORE_COMMIT, OutcomeUnknown, 0),
    (Fault.CRASH_AFTER_COMMIT, OutcomeUnknown, 1),
    (Fault.LOST_REPLY, OutcomeUnknown, 1),
    (Fault.SLOW, OutcomeUnknown, 1),
    (Fault.RATE_LIMIT, NotSent, 0),
    (Fault.DOWN, NotSent, 0),
    (Fault.WRONG_TOTALS, NotUnderstood, 1),
    (Fault.SCHEMA_CHANGE, NotUnderstood, 1),
]
"""Fault of a submission, what it is felt as, and the orders that it leaves on the other side."""


@pytest.mark.parametrize(
    ("fault", "expected", "orders"),
    FELT,
)
def test_a_fault_happens_once_and_leaves(
    inner: MemoryGateway, fault: Fault, expected: type[Exception], orders: int
) -> None:
    gateway = FaultyGateway(inner)
    gateway.arm("submit", None, fault)
    other = submission("S9")
    gateway.submit(other)
    with pytest.raises(expected):
        gateway.submit(WANTED)
    assert len(inner.references()) == 1 + orders
    assert gateway.calls == [("submit", None), ("submit", fault)]
    assert gateway.find(other.reference) is not None


@pytest.mark.parametrize(
    "fault",
    [Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT, Fault.LOST_REPLY, Fault.SLOW, Fault.DOWN, Fault.RATE_LIMIT],
)
def test_asking_first_makes_one_order_even_where_the_other_side_knows_no_keys(
    inner: MemoryGateway, fault: Fault
) -> None:
    clock = TickingClock()
    gateway = FaultyGateway(inner, clock)
    gateway.arm("submit", fault, fault)
    gateway.arm("find", Fault.LOST_REPLY, Fault.DOWN)
    send_until_known(gateway, WANTED, clock.tick)
    assert [order.times_created for order in inner.other_side.orders()] == [1]


def test_sending_again_without_asking_makes_two_there(inner: MemoryGateway) -> None:
    # What the rule is for, and that the counts would show it.
    gateway = FaultyGateway(inner)
    gateway.arm("submit", Fault.LOST_REPLY)
    with pytest.raises(OutcomeUnknown):
        gateway.submit(WANTED)
    gateway.submit(WANTED)
    assert [order.times_created for order in inner.other_side.orders()] == [2]


def test_nobody_answers_until_the_clock_says_so(inner: MemoryGateway) -> None:
    clock = TickingClock()
    gateway = FaultyGateway(inner, clock, down_until=clock.now() + dt.timedelta(hours=1))
    clock.tick(3599)
    with pytest.raises(NotSent):
        gateway.references()
    clock.tick(1)
    assert gateway.references() == ()


def test_a_message_comes_twice_with_one_id(inner: MemoryGateway) -> None:
    gateway = FaultyGateway(inner)
    gateway.submit(WANTED)
    gateway.arm("confirmations", Fault.DUPLICATE_REPLY)
    found = gateway.confirmations("").found
    assert len(found) == 2
    assert found[0] == found[1]


@pytest.mark.parametrize("fault", [Fault.REFUSAL, Fault.PARTIAL_ACCEPTANCE, Fault.OLDER_STATE])
def test_what_the_other_side_decides_is_no_fault_of_a_wire(inner: MemoryGateway, fault: Fault) -> None:
    with pytest.raises(EquipoiseError):
        FaultyGateway(inner).arm("submit", fault)
