"""What the ledger tells planning it is committed to, and when a plan gets to know it."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.orders.order_lives import (
    ACKNOWLEDGED,
    DOCUMENT,
    ISSUED,
    NOON,
    PROPOSED,
    RECEIVED,
    RESERVED,
    SENDING,
    TOMORROW,
    life,
    receipt,
)
from unit.orders.order_samples import PLAN_DATE, order_book, rows_of

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea
from assets.kernel.clock import Clock, DeclaredClock, FixedClock
from assets.kernel.frames.marts import FCT_COMMITMENT
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders import commitments
from assets.orders.commitments import commitments_frame, land_commitments, land_missing, shown_orders
from assets.orders.decide import decide
from assets.orders.events import (
    BeginSend,
    Cancel,
    Close,
    Compensate,
    Confirm,
    EndSend,
    Errand,
    Expire,
    Issue,
    Propose,
    Require,
    Reserve,
    SendOutcome,
)
from assets.orders.order import Order
from assets.orders.receipts import Answer, Receipt, ReceiptLine
from assets.orders.store import Append, MemoryOrderStore, OrderFilter

TABLE = feed_table("ledger", "commitments")
PROFILE = NetworkProfile(name="sample", first_plan_date=PLAN_DATE, timezone="Europe/Berlin")
TODAY = DeclaredClock(PLAN_DATE)


def of_order(command: Any, name: str) -> Any:
    """Return a command of another order of the same content."""
    if isinstance(command, Propose):
        return Propose(dataclasses.replace(command.document, order_id=name))
    if isinstance(command, Confirm):
        return Confirm(dataclasses.replace(command.receipt, reference=name), command.source)
    return command


def answer(*lines: ReceiptLine) -> Confirm:
    return Confirm(Receipt(DOCUMENT.order_id, 1, Answer.ACCEPTED, lines, "X1"), "m1")


def units(*orders: Order) -> list[tuple[int, str, int, int, int]]:
    """Return line, item, accepted, shipped and received units of what orders commit to."""
    frame = commitments_frame(orders)
    columns = ["line_number", "item_id", "accepted_units", "shipped_units", "received_units"]
    return list(frame[columns].itertuples(index=False, name=None))


def test_an_order_that_nobody_outside_knows_of_or_that_is_over_commits_to_nothing() -> None:
    over = (
        life(*RECEIVED, Close("shown by the feed")),
        life(*SENDING, Confirm(receipt(Answer.REFUSED), "submit")),
        life(*ISSUED, Cancel("ann", "not needed")),
    )
    assert commitments_frame([life(*PROPOSED), life(*RESERVED), *over]).empty


@pytest.mark.parametrize(
    "unanswered",
    [
        ISSUED,
        (*SENDING, EndSend(1, 1, SendOutcome.UNKNOWN, "timeout", NOON)),
        (*SENDING, Confirm(Receipt(DOCUMENT.order_id, 1, Answer.PENDING), "submit")),
    ],
    ids=["issued", "unknown", "pending"],
)
def test_an_order_without_an_answer_commits_to_what_it_asks(unanswered: tuple[object, ...]) -> None:
    assert units(life(*unanswered)) == [(1, "I1", 10, 0, 0), (2, "I2", 4, 0, 0)]  # type: ignore[arg-type]


def test_an_answer_commits_to_what_it_says_of_each_line_and_to_none_of_a_line_that_it_leaves_out() -> None:
    order = life(*SENDING, answer(ReceiptLine(1, 6, 2, 4)))
    assert units(order) == [(1, "I1", 6, 4, 4), (2, "I2", 0, 0, 0)]
    value = commitments_frame([order]).set_index("line_number")["value_amount"]
    assert value.to_dict() == {1: float(DOCUMENT.lines[0].value_amount * Decimal("0.6")), 2: 0.0}


def test_what_is_promised_beyond_what_was_asked_counts_once_it_moves_or_somebody_agrees() -> None:
    much = answer(ReceiptLine(1, 1000), ReceiptLine(2, 4))
    assert units(life(*SENDING, much)) == [(1, "I1", 10, 0, 0), (2, "I2", 4, 0, 0)]
    assert units(life(*SENDING, much, Confirm(much.receipt, "take")))[0] == (1, "I1", 1000, 0, 0)
    assert units(life(*SENDING, answer(ReceiptLine(1, 1000, 30), ReceiptLine(2, 4))))[0] == (1, "I1", 10, 30, 0)


def test_what_has_arrived_is_told_until_the_order_is_closed() -> None:
    assert units(life(*SENDING, answer(ReceiptLine(1, 10, 10, 10), ReceiptLine(2, 4, 4, 4)))) == [
        (1, "I1", 10, 10, 10),
        (2, "I2", 4, 4, 4),
    ]


def test_while_an_amendment_is_on_its_way_what_was_sent_before_stands() -> None:
    line = dataclasses.replace(DOCUMENT.lines[0], quantity_units=99)
    amended = dataclasses.replace(DOCUMENT, content_digest="b", lines=(line, DOCUMENT.lines[1]))
    proposed = life(*ACKNOWLEDGED, Propose(amended))
    issued = life(Require(0, (), TOMORROW), Reserve((), TOMORROW), Issue("rule", "memory", "key-2"), order=proposed)
    assert issued.document.lines[0].quantity_units == 99
    for order in (proposed, issued):
        assert units(order) == [(1, "I1", 10, 0, 0), (2, "I2", 0, 0, 0)]


@pytest.fixture
def landing(tmp_path: Path) -> LandingArea:
    return LandingArea(tmp_path, FixedClock(NOON))


@pytest.fixture
def store() -> MemoryOrderStore:
    """Return a ledger in which one order is issued."""
    made = MemoryOrderStore(FixedClock(NOON))
    order = None
    for command in ISSUED:
        events = decide(order, command)
        made.append([Append(DOCUMENT.order_id, order.version if order else 0, events)])
        (order,) = made.orders()
    return made


def then(store: MemoryOrderStore, command: object) -> None:
    (order,) = store.orders()
    store.append([Append(order.order_id, order.version, decide(order, command))])  # type: ignore[arg-type]


def test_the_next_plan_knows_of_what_was_issued_and_a_plan_of_the_same_date_does_not(
    store: MemoryOrderStore, landing: LandingArea
) -> None:
    envelope = land_commitments(store, landing, PROFILE, TODAY)
    assert envelope is not None
    assert (envelope.business_date, envelope.row_count) == (PLAN_DATE, 2)
    tomorrow = PLAN_DATE + dt.timedelta(days=1)
    assert envelope.available_at < PROFILE.model_copy(update={"cutoff_hour": 0}).calendar.cutoff(tomorrow)
    assert envelope.available_at > PROFILE.calendar.cutoff(PLAN_DATE)


def test_a_ledger_that_never_issued_anything_and_one_that_did_not_change_land_nothing(
    store: MemoryOrderStore, landing: LandingArea
) -> None:
    assert land_commitments(MemoryOrderStore(), landing, PROFILE, TODAY) is None
    assert land_commitments(store, landing, PROFILE, TODAY) is not None
    assert land_commitments(store, landing, PROFILE, TODAY) is None
    assert land_commitments(store, landing, PROFILE, DeclaredClock(PLAN_DATE + dt.timedelta(days=1))) is None
    assert len(landing.batches(TABLE)) == 1


def test_a_ledger_with_nothing_under_way_any_more_says_so(store: MemoryOrderStore, landing: LandingArea) -> None:
    land_commitments(store, landing, PROFILE, TODAY)
    then(store, Cancel("ann", "not needed"))
    envelope = land_commitments(store, landing, PROFILE, TODAY)
    assert envelope is not None
    assert envelope.row_count == 0


def test_the_last_word_of_a_day_stands_also_where_it_was_said_before(
    store: MemoryOrderStore, landing: LandingArea
) -> None:
    other = MemoryOrderStore()
    said = [land_commitments(ledger, landing, PROFILE, TODAY) for ledger in (store, other, store)]
    assert [envelope.edition for envelope in said if envelope] == [0, 1, 2]
    assert landing.batches(TABLE) == said
    assert land_commitments(store, landing, PROFILE, TODAY) is None


def test_orders_of_another_network_are_not_told(store: MemoryOrderStore, landing: LandingArea) -> None:
    assert land_commitments(store, landing, PROFILE.model_copy(update={"name": "other"}), TODAY) is None


TOMORROWS = DeclaredClock(PLAN_DATE + dt.timedelta(days=1))


def test_a_later_plan_knows_what_left_though_nobody_landed_it(store: MemoryOrderStore, landing: LandingArea) -> None:
    then(store, BeginSend(Errand.SUBMIT, "host", NOON))
    assert land_missing(store, landing, PROFILE, TODAY) is None  # a plan of its own date never counts it
    assert land_commitments(store, landing, PROFILE, TOMORROWS) is not None  # too late for the plan of that date
    envelope = land_missing(store, landing, PROFILE, TOMORROWS)
    assert envelope is not None
    assert (envelope.business_date, envelope.row_count) == (PLAN_DATE, 2)
    assert envelope.available_at < PROFILE.calendar.cutoff(TOMORROWS.today())
    assert land_missing(store, landing, PROFILE, TOMORROWS) is None


NEXT_MORNING = FixedClock(PROFILE.calendar.cutoff(TOMORROWS.today()) + dt.timedelta(minutes=1))


EARLY = FixedClock(NEXT_MORNING.instant - dt.timedelta(hours=2))


@pytest.mark.parametrize(
    "ends",
    [(), (Close("shown by the feed"),), (Compensate("T-back", "ann", "not wanted"),)],
    ids=["received", "closed", "compensated"],
)
@pytest.mark.parametrize("told_before", [True, False])
def test_a_later_plan_knows_what_was_said_by_the_end_of_the_day_before_and_nothing_of_its_own_day(
    store: MemoryOrderStore, landing: LandingArea, ends: tuple[object, ...], told_before: bool
) -> None:
    then(store, BeginSend(Errand.SUBMIT, "host", NOON))
    if told_before:
        land_commitments(store, landing, PROFILE, TODAY)
    then(store, answer(ReceiptLine(1, 6, 6), ReceiptLine(2, 4)))
    store.clock = EARLY  # after midnight and before the cutoff: no stock of the day before shows it
    then(store, answer(ReceiptLine(1, 6, 6, 6), ReceiptLine(2, 4, 4, 4)))
    for end in ends:
        then(store, end)
    envelope = land_missing(store, landing, PROFILE, NEXT_MORNING)
    assert envelope is not None
    told = pd.read_parquet(landing.directory(envelope) / envelope.files[0])
    assert told[["accepted_units", "shipped_units", "received_units"]].to_numpy().tolist() == [[6, 6, 0], [4, 0, 0]]
    assert land_missing(store, landing, PROFILE, NEXT_MORNING) is None


def test_all_that_was_closed_on_the_day_itself_is_told_however_much_it_is(
    landing: LandingArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitments, "_PAGE", 2)
    store = MemoryOrderStore(FixedClock(NOON))
    names = [f"T-{number}" for number in range(7)]
    arrived = answer(ReceiptLine(1, 10, 10, 10), ReceiptLine(2, 4, 4, 4))
    for commands in ((*SENDING, answer(ReceiptLine(1, 10, 10), ReceiptLine(2, 4, 4))), (arrived, Close("seen"))):
        for name in names:
            for command in commands:
                order = next(iter(store.orders(OrderFilter(order_ids=(name,)))), None)
                events = decide(order, of_order(command, name))
                store.append([Append(name, order.version if order else 0, events)])
        store.clock = EARLY
    envelope = land_missing(store, landing, PROFILE, NEXT_MORNING)
    assert envelope is not None
    told = pd.read_parquet(landing.directory(envelope) / envelope.files[0])
    assert sorted(set(told["order_id"])) == names


def test_a_host_that_only_plans_forgets_orders_that_are_closed(store: MemoryOrderStore, landing: LandingArea) -> None:
    then(store, BeginSend(Errand.SUBMIT, "host", NOON))
    land_commitments(store, landing, PROFILE, TODAY)
    then(store, answer(ReceiptLine(1, 10, 10, 10), ReceiptLine(2, 4, 4, 4)))
    then(store, Close("shown by the feed"))
    envelope = land_missing(store, landing, PROFILE, NEXT_MORNING)
    assert envelope is not None
    assert envelope.row_count == 0


def test_what_left_after_midnight_is_told_as_it_left(landing: LandingArea) -> None:
    store = MemoryOrderStore(EARLY)
    for command in (
        *ISSUED,
        BeginSend(Errand.SUBMIT, "host", NOON),
        answer(ReceiptLine(1, 6, 6, 6), ReceiptLine(2, 4)),
    ):
        order = next(iter(store.orders()), None)
        events = decide(order, command)
        store.append([Append(DOCUMENT.order_id, order.version if order else 0, events)])
    envelope = land_missing(store, landing, PROFILE, NEXT_MORNING)
    assert envelope is not None
    told = pd.read_parquet(landing.directory(envelope) / envelope.files[0])
    assert told[["accepted_units", "received_units"]].to_numpy().tolist() == [[10, 0], [4, 0]]


def test_where_the_date_is_declared_what_was_last_said_of_an_order_stands(
    store: MemoryOrderStore, landing: LandingArea
) -> None:
    then(store, BeginSend(Errand.SUBMIT, "host", NOON))
    land_commitments(store, landing, PROFILE, TODAY)
    then(store, answer(ReceiptLine(1, 10, 10), ReceiptLine(2, 4)))
    assert land_missing(store, landing, PROFILE, TOMORROWS) is None


def morning(days: int) -> FixedClock:
    return FixedClock(PROFILE.calendar.cutoff(PLAN_DATE + dt.timedelta(days=days)) + dt.timedelta(minutes=1))


def declared(days: int) -> DeclaredClock:
    return DeclaredClock(PLAN_DATE + dt.timedelta(days=days))


@pytest.mark.parametrize(
    "end",
    [(), (Expire(PLAN_DATE + dt.timedelta(days=9)),), (Cancel("ann", "not needed"),)],
    ids=["in the outbox for ever", "expired", "cancelled"],
)
@pytest.mark.parametrize("days", [1, 9])
@pytest.mark.parametrize("clock", [morning, declared])
def test_a_later_plan_does_not_count_what_was_issued_and_came_to_nothing(
    store: MemoryOrderStore, landing: LandingArea, end: tuple[object, ...], days: int, clock: Callable[[int], Clock]
) -> None:
    land_commitments(store, landing, PROFILE, TODAY)
    for command in end:
        then(store, command)
    envelope = land_missing(store, landing, PROFILE, clock(days))
    assert envelope is not None
    assert (envelope.business_date, envelope.row_count) == (PLAN_DATE + dt.timedelta(days=days - 1), 0)


def test_orders_that_a_plan_knew_of_are_not_taken_from_its_stock_again(tmp_path: Path) -> None:
    published = Published(tmp_path)
    rows = rows_of(
        FCT_COMMITMENT, [{"order_id": "T-1", "line_number": 1}, {"order_id": "T-1", "line_number": 2, "open_units": 0}]
    )
    published.write(FCT_COMMITMENT, rows, PLAN_DATE, "run-1")
    assert shown_orders(published, PLAN_DATE).keys() == {"T-1"}
    assert order_book().content[0].order_id not in shown_orders(published, PLAN_DATE)
