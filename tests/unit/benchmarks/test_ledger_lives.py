"""The lives of orders that the ledger's numbers are measured on."""

import pytest

from assets.orders.evolve import evolve_all
from assets.orders.order import OrderStatus
from assets.orders.store import MemoryOrderStore, OrderFilter
from orchestration.cli.bench import load

ledger_lives = load("ledger_lives")


def lived(events=600, seed=1):
    return [append for day in ledger_lives.lives(events, seed, documents_a_day=20) for append in day]


@pytest.fixture(scope="module")
def store():
    made = MemoryOrderStore()
    made.append(lived())
    return made


def test_the_same_seed_lives_the_same_and_another_does_not():
    assert lived(200) == lived(200) != lived(200, seed=2)


def test_there_are_as_many_events_as_asked_for_and_no_day_more(store):
    days = [sum(len(append.events) for append in day) for day in ledger_lives.lives(600, 1, documents_a_day=20)]
    assert sum(days[:-1]) < 600 <= sum(days) == len(store.events())


def test_a_store_takes_them_and_orders_stand_where_they_leave_them(store):
    for order in store.orders():
        assert evolve_all(None, [entry.event for entry in store.history(order.order_id)]) == order


def test_most_orders_are_closed_some_ended_early_and_those_of_the_last_days_are_open(store):
    found = [header.status for header in store.headers()]
    open_orders = store.headers(OrderFilter(going_on=True))
    assert found.count(OrderStatus.CLOSED) > 0.2 * len(found)
    assert OrderStatus.CANCELLED in found
    assert OrderStatus.REJECTED in found
    last = max(header.plan_date for header in open_orders)
    assert {(last - header.plan_date).days for header in open_orders} <= {0, 1, 2, 3}


def test_a_plan_has_the_documents_and_lines_that_were_asked_for():
    made = ledger_lives.book(0, 7, 20, 1)
    assert len({document.order_id for document in made.content}) == 7
    assert {len(document.lines) for document in made.content} == {20}
