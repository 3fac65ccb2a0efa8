"""Recording a plan's documents, as often as one likes."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.orders.order_samples import DEFAULT_LINES, order_book

from assets.orders.events import Channel
from assets.orders.order import OrderStatus
from assets.orders.projections import as_planned, documents_frame, lines_frame, orders_to_log, unlogged
from assets.orders.record import record
from assets.orders.store import Append, MemoryOrderStore, OrderFilter, VersionConflict

CHANGED = (("transfer", "I1", "DC1", "S1", 99), *DEFAULT_LINES[1:])


@pytest.fixture
def store() -> MemoryOrderStore:
    return MemoryOrderStore()


def test_planning_twice_gives_the_same_documents_and_no_event(store: MemoryOrderStore) -> None:
    first = record(order_book(), store)
    documents = documents_frame(as_planned(order_book(), store))
    again = record(order_book(run_id="run-2"), store)
    assert (len(first.new), len(again.unchanged)) == (3, 3)
    assert len(store.events()) == 3
    assert documents_frame(as_planned(order_book(run_id="run-2"), store)).equals(documents)


def test_a_changed_quantity_revises_one_document(store: MemoryOrderStore) -> None:
    record(order_book(), store)
    report = record(order_book(CHANGED, run_id="run-2"), store)
    assert (len(report.revised), len(report.unchanged)) == (1, 2)
    revised = store.orders(OrderFilter(order_ids=report.revised))[0]
    assert (revised.revision, revised.document.provenance.run_id) == (2, "run-2")


def test_a_document_that_vanished_is_withdrawn(store: MemoryOrderStore) -> None:
    record(order_book(), store)
    report = record(order_book(DEFAULT_LINES[:3]), store)
    assert [order_id[0] for order_id in report.withdrawn] == ["P"]
    assert record(order_book(DEFAULT_LINES[:3]), store).withdrawn == ()
    cancelled = store.orders(OrderFilter(status=OrderStatus.CANCELLED))
    assert [order.order_id for order in cancelled] == list(report.withdrawn)


def test_an_empty_plan_withdraws_everything(store: MemoryOrderStore) -> None:
    record(order_book(), store)
    empty = dataclasses.replace(order_book(), content=())
    assert len(record(empty, store).withdrawn) == 3
    assert documents_frame(as_planned(empty, store)).empty


def test_a_backfill_leaves_live_documents_alone(store: MemoryOrderStore) -> None:
    record(order_book(), store)
    report = record(order_book(CHANGED[:1], channel=Channel.BACKFILL), store)
    assert (len(report.new), report.revised, report.withdrawn) == (1, (), ())
    assert len(store.orders(OrderFilter(channel=Channel.LIVE, status=OrderStatus.PROPOSED))) == 3


def test_an_unchanged_document_is_published_with_the_plan_of_today_and_the_run_that_made_it(
    store: MemoryOrderStore,
) -> None:
    record(order_book(), store)
    later = order_book(CHANGED, run_id="run-2", plan_digest="c" * 32)
    record(later, store)
    documents = documents_frame(as_planned(later, store)).set_index("destination_id")
    assert set(documents["plan_digest"]) == {"c" * 32}
    assert documents["run_id"].to_dict() == {"S1": "run-2", "S2": "run-1", "DC1": "run-1"}
    assert documents["revision"].to_dict() == {"S1": 2, "S2": 1, "DC1": 1}
    assert lines_frame(as_planned(later, store))["quantity_units"].max() == 100


def test_what_a_dead_run_recorded_but_did_not_log_is_found(store: MemoryOrderStore) -> None:
    book = order_book()
    record(book, store)
    orders = orders_to_log(book, store)
    logged = {order.order_id: order.data_version for order in orders[:1]}
    assert unlogged(orders, logged) == orders[1:]
    record(order_book(CHANGED), store)
    assert len(unlogged(orders_to_log(book, store), {o.order_id: o.data_version for o in orders})) == 1


class RacingStore(MemoryOrderStore):
    """Lets another writer in just before each of the first appends."""

    races = 1

    def append(self, appends: list[Append]) -> int:  # type: ignore[override]
        if self.races:
            self.races -= 1
            super().append(appends)
        return super().append(appends)


def test_a_writer_that_lost_a_race_reads_and_decides_again() -> None:
    store = RacingStore()
    report = record(order_book(), store)
    assert (len(report.unchanged), len(store.events())) == (3, 3)


def test_a_stale_writer_is_refused_and_nothing_of_it_is_kept(store: MemoryOrderStore) -> None:
    record(order_book(), store)
    event = store.events()[0].event
    with pytest.raises(VersionConflict, match="expected = 0"):
        store.append([Append("T-new", 0, (event,)), Append(store.events()[0].stream, 0, (event,))])
    assert len(store.events()) == 3


books = st.lists(st.sampled_from([*DEFAULT_LINES, *CHANGED[:1]]), unique_by=lambda line: line[:4])


@settings(max_examples=25, deadline=None)
@given(st.lists(books, min_size=1, max_size=4))
def test_after_any_history_of_plans_the_last_one_stands(history: list[list[tuple[str, str, str, str, int]]]) -> None:
    store = MemoryOrderStore()
    for lines in history:
        report = record(order_book(lines), store)
        assert record(order_book(lines), store).unchanged == tuple(
            sorted({*report.new, *report.revised, *report.unchanged})
        )
    last = order_book(history[-1])
    standing = store.orders(OrderFilter(status=OrderStatus.PROPOSED))
    assert [o.document.content_digest for o in standing] == [d.content_digest for d in last.content]
