"""One body for every order store: memory, SQLite, and PostgreSQL where one is at hand."""

import dataclasses
import datetime as dt
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from unit.orders.order_lives import (
    ACKNOWLEDGED,
    APPROVED,
    DOCUMENT,
    ISSUED,
    RECEIVED,
    SHIPPED,
    TOMORROW,
    variant,
)
from unit.orders.order_samples import DEFAULT_LINES, PLAN_DATE, order_book

from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_one
from assets.orders.confirmations import ConfirmationsTaken
from assets.orders.decide import decide
from assets.orders.events import (
    ApprovalRequired,
    BeginSend,
    Cancel,
    Channel,
    Command,
    Confirm,
    Document,
    Errand,
    Issue,
    OrderApproved,
    OrderBook,
    OrderProposed,
    Propose,
    Require,
)
from assets.orders.evolve import evolve_all
from assets.orders.handling import handling_of
from assets.orders.headers import header_of
from assets.orders.order import ENDED, Order, OrderStatus, held
from assets.orders.projections import moved_since
from assets.orders.receipts import Answer, Receipt, ReceiptLine
from assets.orders.record import record
from assets.orders.reservations import Reservations, reserve, worth
from assets.orders.sql_schema import HEAD, SCHEMA_RELEASE
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import Append, MemoryOrderStore, OrderFilter, OrderStore, StockGuard, VersionConflict

POSTGRES = os.environ.get("EQUIPOISE_TEST_POSTGRES_URL", "")
CHANGED = (("transfer", "I1", "DC1", "S1", 99), *DEFAULT_LINES[2:])
Opener = Callable[[], SqlOrderStore]


@contextmanager
def postgres_schema() -> Iterator[str]:
    """Return the URL of an empty schema of its own, dropped afterwards."""
    if not POSTGRES:
        pytest.skip("EQUIPOISE_TEST_POSTGRES_URL names no PostgreSQL to test on")
    schema = f"orders_{uuid.uuid4().hex[:12]}"
    address = sa.make_url(POSTGRES).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(address)
    with admin.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    inside = address.set(drivername="postgresql").update_query_dict({"options": f"-csearch_path={schema}"})
    try:
        yield inside.render_as_string(hide_password=False)
    finally:
        with admin.begin() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
        admin.dispose()


@contextmanager
def sql_opener(kind: str, folder: Path) -> Iterator[Opener]:
    """Return a function that opens one more store on one and the same database."""
    opened: list[SqlOrderStore] = []

    def opener(url: str) -> SqlOrderStore:
        opened.append(SqlOrderStore(url))
        return opened[-1]

    try:
        if kind == "sqlite":
            yield lambda: opener(f"sqlite:///{folder / 'home' / 'ledger.db'}")
        else:
            with postgres_schema() as url:
                yield lambda: opener(url)
                for store in opened:
                    store.close()
    finally:
        for store in opened:
            store.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OrderStore]:
    if request.param == "memory":
        yield MemoryOrderStore()
        return
    with sql_opener(request.param, tmp_path) as opener:
        yield opener()


@pytest.fixture(params=["sqlite", "postgresql"])
def another_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    with sql_opener(request.param, tmp_path) as opener:
        yield opener


def appends(book: OrderBook) -> list[Append]:
    return [Append(document.order_id, 0, (OrderProposed(document),)) for document in book.content]


def test_what_is_appended_is_read_back(store: OrderStore) -> None:
    book = order_book()
    assert store.append(appends(book)) == 3
    assert [order.document for order in store.orders()] == list(book.content)
    assert [r.event for r in store.history(book.content[0].order_id)] == [OrderProposed(book.content[0])]


def test_a_new_store_is_empty(store: OrderStore) -> None:
    assert (store.orders(), store.headers(), store.events(), store.history("T-none")) == ((), (), (), ())


def test_hosts_that_share_a_ledger_share_the_clock_of_its_database(store: OrderStore) -> None:
    told = store.shared_time()
    on_a_server = isinstance(store, SqlOrderStore) and "postgresql" in store._where
    assert (told is not None) is on_a_server
    if told is not None:
        assert told.utcoffset() == dt.timedelta(0)
        assert abs(told - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


def test_positions_have_no_gaps_also_after_a_refusal(store: OrderStore) -> None:
    store.append(appends(order_book()))
    with pytest.raises(VersionConflict, match="stored version = 1, expected = 0"):
        store.append(appends(order_book()))
    record(order_book(CHANGED), store)
    assert [r.position for r in store.events()] == [1, 2, 3, 4]
    assert [r.position for r in store.events(after=1, limit=2)] == [2, 3]


def test_a_refused_append_leaves_nothing_of_itself(store: OrderStore) -> None:
    first, second, _ = order_book().content
    store.append([Append(second.order_id, 0, (OrderProposed(second),))])
    with pytest.raises(VersionConflict):
        store.append(
            [Append(first.order_id, 0, (OrderProposed(first),)), Append(second.order_id, 0, (OrderProposed(second),))]
        )
    assert [order.order_id for order in store.orders()] == [second.order_id]


def test_orders_stand_where_their_events_left_them(store: OrderStore) -> None:
    for book in (order_book(), order_book(CHANGED), order_book(DEFAULT_LINES[:1]), order_book()):
        record(book, store)
    for order in store.orders():
        events = [recorded.event for recorded in store.history(order.order_id)]
        assert evolve_all(None, events) == order
        assert store.history(order.order_id, last=1) == store.history(order.order_id)[-1:]
        assert store.history(order.order_id, last=99) == store.history(order.order_id)


LIVES = [RECEIVED, SHIPPED, ISSUED, (*ACKNOWLEDGED, Propose(variant("b"))), (*APPROVED, Cancel("ann", "no"))]


@pytest.mark.parametrize("sequence", LIVES)
def test_an_order_stands_where_its_whole_life_left_it_one_append_a_step(
    store: OrderStore, sequence: tuple[Command, ...]
) -> None:
    order: Order | None = None
    for command in sequence:
        events = decide(order, command)
        store.append([Append(variant("a").order_id, order.version if order else 0, events)])
        order = evolve_all(order, events)
        assert store.orders() == (order,)
        assert store.headers() == (header_of(order),)
        assert store.handlings() == (handling_of(order),)
    assert order is not None
    assert len(store.orders(OrderFilter(going_on=True))) == (order.status not in ENDED)


def test_a_stream_that_is_no_orders_shares_positions_and_has_its_own_versions(store: OrderStore) -> None:
    event = OrderProposed(DOCUMENT)
    store.append([Append(DOCUMENT.order_id, 0, (event,))])
    assert store.history("pause") == ()
    with pytest.raises(VersionConflict):
        store.append([Append("pause", 3, (event,))])


def approved(store: OrderStore, *lines: tuple[str, str, str, str, int]) -> list[Order]:
    """Record documents that need nobody's approval, and return them."""
    for document in order_book(lines).content:
        events = (
            OrderProposed(document), ApprovalRequired(document.order_id, 1, 0, (), TOMORROW, ""),
            OrderApproved(document.order_id, 1, ()),
        )  # fmt: skip
        store.append([Append(document.order_id, 0, events)])
    return list(store.orders(OrderFilter(status=OrderStatus.APPROVED)))


def reserved(store: OrderStore, orders: list[Order], units: int, shown: dict[str, int] | None = None) -> Reservations:
    told = {order_id: {("DC1", "I1"): promised} for order_id, promised in (shown or {}).items()}
    guard = StockGuard("sample", {("DC1", "I1"): units}, told)
    return reserve(store, orders, guard, stock_sites={"DC1"}, expires_on=TOMORROW)


def test_an_amendment_that_asks_for_less_passes_though_the_stock_is_not_there_any_more(store: OrderStore) -> None:
    (first,) = approved(store, ("transfer", "I1", "DC1", "S1", 10))
    reserved(store, [first], 10)
    order = store.orders()[0]
    for command in (
        ISSUE,
        BEGIN,
        Confirm(accepted(order), "submit"),
        Propose(smaller(order)),
        Require(0, (), TOMORROW),
    ):
        order = store.orders()[0]
        store.append([Append(order.order_id, order.version, decide(order, command))])
    assert reserved(store, list(store.orders()), 6).reserved == (first.order_id,)


def test_a_snapshot_that_has_taken_out_what_was_promised_leaves_an_amendment_what_it_asks_beyond(
    store: OrderStore,
) -> None:
    first, second = approved(store, ("transfer", "I1", "DC1", "S1", 10), ("transfer", "I1", "DC1", "S2", 10))
    reserved(store, [first], 10)
    order = store.orders(OrderFilter(order_ids=(first.order_id,)))[0]
    larger = dataclasses.replace(smaller(order, 20), content_digest="c")
    for command in (ISSUE, BEGIN, Confirm(accepted(order), "submit"), Propose(larger), Require(0, (), TOMORROW)):
        (order,) = store.orders(OrderFilter(order_ids=(first.order_id,)))
        store.append([Append(order.order_id, order.version, decide(order, command))])
    (order,) = store.orders(OrderFilter(order_ids=(first.order_id,)))
    # 20 were there; the snapshot counts 10, without those that were promised.
    assert reserved(store, [order], 10, {first.order_id: 10}).reserved == (first.order_id,)
    assert reserved(store, [second], 10, {first.order_id: 10}).refused == (second.order_id,)


def amended(store: OrderStore, order: Order, units: int) -> None:
    """Have the other side accept a reserved order, and a plan want other units of it."""
    other = dataclasses.replace(smaller(order, units), content_digest="c")
    for command in (ISSUE, BEGIN, Confirm(accepted(order), "submit"), Propose(other), Require(0, (), TOMORROW)):
        (now,) = store.orders(OrderFilter(order_ids=(order.order_id,)))
        store.append([Append(now.order_id, now.version, decide(now, command))])


def two_of_one_stock(store: OrderStore, units: int, amended_to: int) -> tuple[Order, Order]:
    """Return an order that holds 10 of some units and wants others, and one that wants 5 of them."""
    first, second = approved(store, ("transfer", "I1", "DC1", "S1", 10), ("transfer", "I1", "DC1", "S2", 5))
    reserved(store, [first], units)
    amended(store, store.orders(OrderFilter(order_ids=(first.order_id,)))[0], amended_to)
    return first, second


def test_an_amendment_that_wants_no_more_gives_way_to_nobody(store: OrderStore) -> None:
    first, second = two_of_one_stock(store, units=12, amended_to=8)
    found = reserved(store, list(store.orders()), 12)
    assert (found.reserved, found.refused) == ((first.order_id,), (second.order_id,))
    assert f"{first.order_id} hold the rest" in store.orders(OrderFilter(order_ids=(second.order_id,)))[0].status_reason


def test_in_a_conflict_an_amendment_pays_for_what_the_snapshot_has_not_taken_out(store: OrderStore) -> None:
    first, second = two_of_one_stock(store, units=12, amended_to=12)
    # 10 of its 12 are out of the snapshot, which has 3 left.
    found = reserved(store, list(store.orders()), 3, {first.order_id: 10})
    assert (found.reserved, found.refused) == ((first.order_id,), (second.order_id,))


def test_who_is_refused_while_it_holds_something_is_told_and_nothing_hangs(store: OrderStore) -> None:
    (first,) = approved(store, ("transfer", "I1", "DC1", "S1", 10))
    reserved(store, [first], 10)
    order = store.orders()[0]
    larger = dataclasses.replace(smaller(order, 20), content_digest="c")
    for command in (ISSUE, BEGIN, Confirm(accepted(order), "submit"), Propose(larger), Require(0, (), TOMORROW)):
        order = store.orders()[0]
        store.append([Append(order.order_id, order.version, decide(order, command))])
    assert reserved(store, list(store.orders()), 12).refused == (first.order_id,)
    assert store.orders()[0].former is not None


ISSUE, BEGIN = Issue("rule", "memory", "key"), BeginSend(Errand.SUBMIT, "h", dt.datetime(2026, 1, 5, tzinfo=dt.UTC))


def accepted(order: Order) -> Receipt:
    lines = tuple(ReceiptLine(line.line_number, line.quantity_units) for line in order.document.lines)
    return Receipt(order.order_id, 1, Answer.ACCEPTED, lines)


def smaller(order: Order, units: int = 5) -> Document:
    lines = (dataclasses.replace(order.document.lines[0], quantity_units=units),)
    return dataclasses.replace(order.document, lines=lines, content_digest="b")


def test_what_left_for_a_closed_order_is_not_promised_again_on_its_day(store: OrderStore) -> None:
    first, second = approved(store, ("transfer", "I1", "DC1", "S1", 10), ("transfer", "I1", "DC1", "S2", 10))
    reserved(store, [first], 10)
    gone = Receipt(first.order_id, 1, Answer.CLOSED, (ReceiptLine(1, 10, 10, 10),))
    for command in (ISSUE, BEGIN, Confirm(gone, "submit")):
        order = store.orders(OrderFilter(order_ids=(first.order_id,)))[0]
        store.append([Append(order.order_id, order.version, decide(order, command))])
    today = StockGuard("sample", {("DC1", "I1"): 10}, plan_date=PLAN_DATE)
    assert reserve(store, [second], today, stock_sites={"DC1"}, expires_on=TOMORROW).refused == (second.order_id,)
    tomorrow = StockGuard("sample", {("DC1", "I1"): 10}, plan_date=TOMORROW)
    assert reserve(store, [second], tomorrow, stock_sites={"DC1"}, expires_on=TOMORROW).reserved == (second.order_id,)


def test_of_two_that_begin_a_stream_that_is_no_orders_one_is_told(another_store: Opener) -> None:
    first = ConfirmationsTaken("memory", "1")
    stores = [SqlOrderStore(another_store()._engine.url.render_as_string(False), kinds=[ConfirmationsTaken])] * 2
    stores[0].append([Append("gateway/x", 0, (first,))])
    with pytest.raises(VersionConflict):
        stores[1].append([Append("gateway/x", 0, (first,))])
    stores[0].close()


def test_no_more_is_reserved_than_is_there_and_the_loser_is_told_who_holds_it(store: OrderStore) -> None:
    first, second = approved(store, ("transfer", "I1", "DC1", "S1", 10), ("transfer", "I1", "DC1", "S2", 7))
    assert reserved(store, [first], 15).reserved == (first.order_id,)
    assert reserved(store, [second], 15).refused == (second.order_id,)
    told = store.orders(OrderFilter(order_ids=(second.order_id,)))[0]
    wanted, left = second.document.quantity_units, 15 - first.document.quantity_units
    assert told.status_reason == (f"DC1 has {left} of the {wanted} units of I1 left, {first.order_id} hold the rest")
    # A snapshot that no longer counts what the first one took has the rest for others.
    assert reserved(store, [second], wanted, {first.order_id: 10}).reserved == (second.order_id,)


def test_of_orders_that_want_the_same_stock_the_most_valuable_goes_first(store: OrderStore) -> None:
    orders = approved(store, *(("transfer", "I1", "DC1", f"S{n}", 10) for n in range(6)))
    found = reserve(store, orders, StockGuard("sample", {("DC1", "I1"): 25}), stock_sites={"DC1"}, expires_on=TOMORROW)
    assert found.reserved == tuple(sorted(order.order_id for order in sorted(orders, key=worth)[:2]))
    assert len(found.refused) == 4


def test_what_suppliers_send_needs_no_stock_of_ours(store: OrderStore) -> None:
    orders = approved(store, ("purchase", "I1", "SUP", "DC1", 1000))
    assert reserved(store, orders, 0).refused == ()


def test_what_is_cancelled_gives_its_stock_back(store: OrderStore) -> None:
    first, second = approved(store, ("transfer", "I1", "DC1", "S1", 10), ("transfer", "I1", "DC1", "S2", 10))
    reserved(store, [first], 10)
    stands = store.orders(OrderFilter(order_ids=(first.order_id,)))[0]
    store.append([Append(first.order_id, stands.version, decide(stands, Cancel("ann", "no")))])
    assert reserved(store, [second], 10).reserved == (second.order_id,)


def test_racing_hosts_never_hold_more_than_there_is(another_store: Opener) -> None:
    stores = [another_store() for _ in range(4)]
    orders = approved(stores[0], *(("transfer", "I1", "DC1", f"S{n}", 10) for n in range(12)))
    gate = threading.Barrier(len(stores))

    def race(number: int) -> None:
        gate.wait()
        reserved(stores[number], orders[number::2], 45)

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(race, range(4)))
    holding = [o for o in stores[0].orders() if o.status is OrderStatus.RESERVED]
    assert sum(hold.units for order in holding for hold in held(order)) == 40


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (OrderFilter(), 4),
        (OrderFilter(network="sample"), 4),
        (OrderFilter(network="other"), 0),
        (OrderFilter(plan_date=PLAN_DATE, channel=Channel.LIVE), 3),
        (OrderFilter(channel=Channel.BACKFILL), 1),
        (OrderFilter(kind="purchase"), 1),
        (OrderFilter(planned_before=PLAN_DATE), 0),
        (OrderFilter(planned_before=PLAN_DATE + dt.timedelta(days=1)), 4),
        (OrderFilter(planned_after=PLAN_DATE), 0),
        (OrderFilter(planned_after=PLAN_DATE - dt.timedelta(days=1)), 4),
        (OrderFilter(status=OrderStatus.CANCELLED), 1),
        (OrderFilter(order_ids=()), 0),
        (OrderFilter(order_ids=("T-none",)), 0),
        (OrderFilter(latest=2), 2),
    ],
)
def test_orders_are_found_by_what_they_are(store: OrderStore, wanted: OrderFilter, count: int) -> None:
    record(order_book(), store)
    record(order_book(DEFAULT_LINES[:1], channel=Channel.BACKFILL), store)
    record(order_book(DEFAULT_LINES[:3]), store)
    assert len(store.orders(wanted)) == count
    assert store.headers(wanted) == tuple(header_of(order) for order in store.orders(wanted))
    assert store.handlings(wanted) == tuple(handling_of(order) for order in store.orders(wanted))


def test_orders_of_which_nothing_was_recorded_lately_are_found_by_their_last_event(store: OrderStore) -> None:
    record(order_book(), store)
    report = record(order_book(CHANGED), store)
    (changed,) = report.revised
    last = {order.order_id: store.history(order.order_id)[-1].recorded_at for order in store.orders()}
    before = tuple(sorted(name for name, at in last.items() if at < last[changed]))
    assert tuple(sorted(o.order_id for o in store.orders(OrderFilter(silent_since=last[changed])))) == before
    later = OrderFilter(silent_since=max(last.values()) + dt.timedelta(seconds=1), order_ids=(changed,))
    assert [header.order_id for header in store.headers(later)] == [changed]


def test_orders_that_changed_after_a_position_are_found(store: OrderStore) -> None:
    record(order_book(), store)
    position = store.append(())
    assert store.orders(OrderFilter(changed_after=position)) == ()
    report = record(order_book(CHANGED), store)
    assert tuple(order.order_id for order in store.orders(OrderFilter(changed_after=position))) == report.revised
    assert [one.order_id for one in store.headers(OrderFilter(changed_after=position))] == list(report.revised)
    assert len(store.orders(OrderFilter(changed_after=0))) == 3


def test_page_by_page_an_order_that_changed_is_told_with_its_last_event_and_only_then(store: OrderStore) -> None:
    record(order_book(), store)
    position = store.append(())
    first, *others = [order.order_id for order in store.orders()]
    for order_id, command in (
        (first, Require(1, (), TOMORROW)),
        *((one, Require(1, (), TOMORROW)) for one in others),
        (first, Cancel("ann", "not needed")),
    ):
        answer_one(store, order_id, command)
    pages = []
    while (moved := moved_since(store, "sample", position, enough=1, page=2)).position > position:
        pages.append([order.order_id for order in moved.orders])
        position = moved.position
    assert sorted(one for page in pages for one in page) == sorted([first, *others])
    assert first in pages[-1]
    assert len(pages) == 2


def test_the_latest_orders_are_those_that_changed_last(store: OrderStore) -> None:
    record(order_book(), store)
    report = record(order_book(CHANGED), store)
    assert tuple(order.order_id for order in store.orders(OrderFilter(latest=1))) == report.revised


def test_a_second_opening_finds_the_first_ones_orders(another_store: Opener) -> None:
    record(order_book(), another_store())
    assert len(another_store().orders()) == 3


def test_a_projection_made_again_is_the_same(another_store: Opener) -> None:
    store = another_store()
    for book in (order_book(), order_book(CHANGED), order_book(DEFAULT_LINES[:1])):
        record(book, store)
    before: tuple[Order, ...] = store.orders()
    latest = store.orders(OrderFilter(latest=1))
    assert store.rebuild() == len(store.events())
    assert store.orders() == before
    assert store.orders(OrderFilter(latest=1)) == latest


def test_of_two_writers_with_one_expected_version_one_wins(another_store: Opener) -> None:
    stores = [another_store() for _ in range(4)]
    gate = threading.Barrier(len(stores))

    def write(store: SqlOrderStore) -> str:
        gate.wait()
        try:
            store.append(appends(order_book()))
        except VersionConflict:
            return "refused"
        return "kept"

    with ThreadPoolExecutor(len(stores)) as pool:
        outcomes = sorted(pool.map(write, stores))
    assert outcomes == ["kept", "refused", "refused", "refused"]
    assert [r.position for r in stores[0].events()] == [1, 2, 3]


def test_recording_one_plan_from_several_places_at_once_records_it_once(another_store: Opener) -> None:
    stores = [another_store() for _ in range(4)]
    gate = threading.Barrier(len(stores))

    def write(store: SqlOrderStore) -> int:
        gate.wait()
        return len(record(order_book(), store).new)

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sum(pool.map(write, stores)) == 3
    assert len(stores[0].events()) == 3


def test_a_reader_gets_an_answer_while_a_long_transaction_writes(another_store: Opener) -> None:
    writer = another_store()
    record(order_book(), writer)
    with writer._writing() as connection:
        connection.execute(sa.update(HEAD).values(position=99))
        # A reader that opens the ledger only now must not need the writer's lock either.
        reader = another_store()
        with ThreadPoolExecutor(1) as pool:
            assert len(pool.submit(reader.orders).result(timeout=5)) == 3
        connection.execute(sa.update(HEAD).values(position=3))


def test_the_ledger_of_a_newer_release_is_left_alone(another_store: Opener) -> None:
    store = another_store()
    store.append(())
    with store._writing() as connection:
        connection.execute(sa.update(HEAD).values(schema_release=SCHEMA_RELEASE + 1))
    with pytest.raises(EquipoiseError, match="this release knows"):
        another_store().orders()
    # Also by a process that opened it before the newer release came.
    with pytest.raises(EquipoiseError, match="this release knows"):
        store.append(appends(order_book()))
    with store._writing() as connection:
        connection.execute(sa.update(HEAD).values(schema_release=SCHEMA_RELEASE))
    assert store.events() == ()


def test_a_writer_waits_for_another_no_longer_than_its_limit_and_says_who_holds_the_ledger() -> None:
    with postgres_schema() as url:
        address = sa.make_url(url)
        own = f"{address.query['options']} -clock_timeout=300ms"
        patient, hasty = (
            SqlOrderStore(url),
            SqlOrderStore(address.update_query_dict({"options": own}).render_as_string(hide_password=False)),
        )
        patient.append(())
        hasty.orders()
        with patient._writing() as connection:
            shown = [
                connection.execute(sa.text(f"show {one}")).scalar()
                for one in ("lock_timeout", "idle_in_transaction_session_timeout")
            ]
        assert shown == ["30s", "30s"]
        with patient._reading() as connection:  # of that transaction alone: a pooler hands the session on
            assert connection.execute(sa.text("show lock_timeout")).scalar() == "0"
        with patient._writing() as connection:
            connection.execute(sa.update(HEAD).values(position=HEAD.c.position))
            pid = connection.execute(sa.text("select pg_backend_pid()")).scalar()
            with pytest.raises(EquipoiseError, match="another writer holds it") as told:
                hasty.append(appends(order_book()))
        assert f"session {pid} of " in str(told.value)
        assert f"(equipoise {socket.gethostname()}/{os.getpid()}), idle in transaction" in str(told.value)
        assert "\n" not in str(told.value)
        assert hasty.append(appends(order_book())) == 3
        hasty.close()
        patient.close()


def test_a_writer_that_holds_the_ledger_and_does_nothing_is_ended_and_nothing_of_it_is_kept() -> None:
    with postgres_schema() as url:
        address = sa.make_url(url)
        own = f"{address.query['options']} -cidle_in_transaction_session_timeout=200ms"
        slow = SqlOrderStore(address.update_query_dict({"options": own}).render_as_string(hide_password=False))
        slow.append(())

        def dawdle() -> None:
            with slow._writing() as connection:
                connection.execute(sa.update(HEAD).values(position=7))
                time.sleep(0.6)
                connection.execute(sa.select(HEAD.c.position))

        with pytest.raises(EquipoiseError, match="did nothing for too long"):
            dawdle()
        assert slow.append(appends(order_book())) == 3
        slow.close()


def test_a_ledger_that_does_not_answer_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database" * 100)
    with pytest.raises(EquipoiseError, match="does not answer"):
        SqlOrderStore(f"sqlite:///{tmp_path / 'ledger.db'}").orders()
