"""Every order that changed is told of once, however many changed since the last time."""

from unit.orders.order_lives import TOMORROW
from unit.orders.order_samples import order_book

from assets.orders.decide import decide
from assets.orders.events import Document, Propose, Require
from assets.orders.projections import Moved, moved_since
from assets.orders.store import Append, MemoryOrderStore

MANY = 1100


def documents(first: int, count: int) -> tuple[Document, ...]:
    return order_book([("transfer", "I1", "DC1", f"S{first + n}", 10) for n in range(count)]).content


def proposed(store: MemoryOrderStore, wanted: tuple[Document, ...]) -> list[str]:
    store.append([Append(one.order_id, 0, decide(None, Propose(one))) for one in wanted])
    return [one.order_id for one in wanted]


def asked_for(store: MemoryOrderStore, order_ids: list[str]) -> None:
    """Give orders a rule that asks people: more than a plan does."""
    stands = {order.order_id: order for order in store.orders()}
    events = {name: decide(stands[name], Require(1, ("rule",), TOMORROW)) for name in order_ids}
    store.append([Append(name, stands[name].version, events[name]) for name in order_ids])


def told(store: MemoryOrderStore, position: int) -> list[Moved]:
    """Return what run after run tells until the end of the ledger."""
    found = [moved_since(store, "sample", position)]
    while found[-1].position < len(store.events(limit=10**9)):
        found.append(moved_since(store, "sample", found[-1].position))
    return found


def test_a_large_plan_hides_none_of_the_orders_that_changed_before_it() -> None:
    store = MemoryOrderStore()
    changed = proposed(store, documents(0, 3))
    position = store.append(())
    asked_for(store, changed)
    proposed(store, documents(3, MANY))
    (moved,) = told(store, position)
    assert [order.order_id for order in moved.orders] == sorted(changed)
    assert moved.position == store.append(())


def test_of_more_orders_than_one_run_tells_each_is_told_once() -> None:
    store = MemoryOrderStore()
    changed = proposed(store, documents(0, 2 * MANY))
    position = store.append(())
    asked_for(store, changed)
    proposed(store, documents(2 * MANY, 1))
    runs = told(store, position)
    assert len(runs) > 1
    assert sorted(order.order_id for run in runs for order in run.orders) == sorted(changed)


def test_a_position_beyond_a_ledger_that_was_put_back_counts_as_its_end() -> None:
    store = MemoryOrderStore()
    changed = proposed(store, documents(0, 3))
    end = store.append(())
    moved = moved_since(store, "sample", end + 50)
    assert moved == Moved((), end)
    asked_for(store, changed)
    assert len(moved_since(store, "sample", moved.position).orders) == 3
