"""Items of orders that something names are hidden until a plan of this home names them."""

import datetime as dt
from pathlib import Path

import pytest
from unit.orders.order_samples import PLAN_DATE, ledger_of_proposals, rows_of

from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.published import Published
from assets.orders.store import MemoryOrderStore
from orchestration.sensitive import NamedOrders

DAYS = [PLAN_DATE + dt.timedelta(days=later) for later in range(3)]


@pytest.fixture
def store() -> MemoryOrderStore:
    return ledger_of_proposals()


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Return three plans, the first of which names I1 and I2."""
    made = Published(tmp_path)
    plan(made, DAYS[0], "I1", "I2")
    for day in DAYS[1:]:
        plan(made, day, "I9")
    return made


def plan(published: Published, day: dt.date, *items: str) -> None:
    published.write(DIM_ITEM, rows_of(DIM_ITEM, [{"item_id": one} for one in items]), day, f"run-{'-'.join(items)}")


def hidden(store: MemoryOrderStore, published: Published) -> frozenset[str]:
    names = [one.order_id for one in store.orders()]
    return NamedOrders(store, frozenset(), published).hidden_in(names).items


def test_an_item_is_hidden_unless_the_latest_publication_of_some_plan_names_it(
    store: MemoryOrderStore, published: Published
) -> None:
    assert hidden(store, published) == frozenset()
    plan(published, DAYS[0], "I1")
    assert hidden(store, published) == {"I2"}
    plan(published, DAYS[2], "I2")
    assert hidden(store, published) == frozenset()


def test_a_plan_whose_table_is_gone_names_nothing(store: MemoryOrderStore, published: Published) -> None:
    latest = published.latest(DIM_ITEM.name, DAYS[0])
    assert latest is not None
    (published.root / latest.path).unlink()
    assert hidden(store, published) == {"I1", "I2"}


def test_what_plans_name_is_read_once_however_many_events_ask(store: MemoryOrderStore, published: Published) -> None:
    plan(published, DAYS[0], "I1")
    assert hidden(store, published) == {"I2"}
    for path in published.root.rglob("*.parquet"):
        path.write_bytes(b"no table any more")
    assert hidden(store, published) == {"I2"}
