"""Orders as assets: one materialization per revision, repaired after a death, one transaction for 500."""

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from unit.orders.order_samples import PLAN_DATE, plan_lines, publish_plan, rows_of

from assets.kernel.calendar import AsKnown
from assets.kernel.clock import DeclaredClock, FixedClock
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LINES, PLAN_LINES
from assets.kernel.frames.marts import DIM_ITEM_SITE, DIM_SOURCING
from assets.kernel.frames.quality import PLAN_VERDICTS
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders import defs
from assets.orders.events import Channel
from assets.orders.levels_there import LedgerLevels
from assets.orders.order import OrderStatus
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.registry import PolicyRegistry
from orchestration.io_managers import PublishedIOManager

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-01")
Run = Callable[..., dg.ExecuteInProcessResult]


def definitions_of(
    published: Published, orders: OrderStore, today: dt.date, partition_days: int = 90
) -> dg.Definitions:
    upstream = [
        dg.AssetSpec(key, partitions_def=DAYS, metadata={"dagster/io_manager_key": "parquet"})
        for key in (
            ["rebalancing", "plan_lines"],
            ["rebalancing", "plan_summary"],
            ["rebalancing", "canary_items"],
            ["rebalancing", "decisions"],
            ["quality", "plan_verdicts"],
            ["inventory", "targets"],
            ["marts", "dim_item_site"],
            ["marts", "dim_sourcing"],
        )
    ]
    return dg.Definitions(
        assets=[*upstream, *defs.build(DAYS)],
        resources={
            "parquet": PublishedIOManager(published), "published": published, "orders": orders,
            "profile": NetworkProfile(name="sample", first_plan_date=PLAN_DATE),
            "clock": DeclaredClock(today), "as_known": AsKnown.THEN, "policies": PolicyRegistry(),
            "order_partition_days": partition_days,
            "levels": LedgerLevels(orders, "sample"),
        },
    )  # fmt: skip


@pytest.fixture
def published(tmp_path: Path) -> Published:
    published = Published(tmp_path / "published")
    publish_plan(published)
    published.write(PLAN_VERDICTS, rows_of(PLAN_VERDICTS, []), PLAN_DATE, "run-1")
    published.write(CANARY_ITEMS, CANARY_ITEMS.empty(), PLAN_DATE, "run-1")
    published.write(DIM_ITEM_SITE, DIM_ITEM_SITE.empty(), PLAN_DATE, "run-1")
    published.write(DIM_SOURCING, DIM_SOURCING.empty(), PLAN_DATE, "run-1")
    return published


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlOrderStore]:
    store = SqlOrderStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield store
    store.close()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture
def plan(published: Published, store: SqlOrderStore, instance: dg.DagsterInstance) -> Run:
    """Return a function that runs the orders of the sample's plan date."""

    def run(
        orders: OrderStore = store, today: dt.date = PLAN_DATE, partition_days: int = 90, **options: Any
    ) -> dg.ExecuteInProcessResult:
        definitions = definitions_of(published, orders, today, partition_days)
        job = definitions.resolve_implicit_global_asset_job_def()
        tables = ("documents", "order_lines", "order_levels", "levels_there")
        selection = [dg.AssetKey(["orders", table]) for table in tables]
        return job.execute_in_process(
            instance=instance, partition_key=PLAN_DATE.isoformat(), asset_selection=selection, **options
        )

    return run


def logged(instance: dg.DagsterInstance) -> list[dg.AssetMaterialization]:
    records = instance.fetch_materializations(defs.ORDER_KEY, limit=1000).records
    return [record.asset_materialization for record in reversed(records) if record.asset_materialization]


def change_a_line(published: Published) -> None:
    lines = plan_lines()
    lines.loc[lines["destination_id"] == "S2", "quantity_units"] = 99
    published.write(PLAN_LINES, lines, PLAN_DATE, "run-2")


def test_every_document_is_a_partition_with_its_lines_on_the_page(
    plan: Run, published: Published, instance: dg.DagsterInstance
) -> None:
    result = plan()
    documents = published.read(DOCUMENTS, PLAN_DATE)
    assert set(instance.get_dynamic_partitions("order_documents")) == set(documents["order_id"])
    event = next(e for e in logged(instance) if e.metadata["destination"].value == "S1")
    assert [row.data["item"] for row in event.metadata["lines"].records] == ["I1", "I2"]
    assert event.metadata["command"].value == f"equipoise explain {event.partition}"
    assert "sales-0103" in event.metadata["batch_ids"].value
    assert event.metadata["made_in_run"].value == result.run_id
    assert {
        "value_amount", "gain_amount", "reason", "plan_digest", "policy_release", "model_version",
        "feature_version", "channel", "status",
    } <= event.metadata.keys()  # fmt: skip
    assert event.tags["equipoise/plan_date"] == PLAN_DATE.isoformat()


def test_planning_a_date_twice_logs_and_changes_nothing(
    plan: Run, published: Published, store: SqlOrderStore, instance: dg.DagsterInstance
) -> None:
    plan()
    tables = [published.latest(frame.name, PLAN_DATE) for frame in (DOCUMENTS, ORDER_LINES)]
    plan()
    again = [published.latest(frame.name, PLAN_DATE) for frame in (DOCUMENTS, ORDER_LINES)]
    assert [table.digest for table in tables if table] == [table.digest for table in again if table]
    assert (len(logged(instance)), len(store.events())) == (3, 3)


def test_a_changed_document_is_logged_once_more_and_alone(
    plan: Run, published: Published, instance: dg.DagsterInstance
) -> None:
    plan()
    change_a_line(published)
    plan()
    events = logged(instance)
    assert len(events) == 4
    assert (events[-1].metadata["destination"].value, events[-1].metadata["revision"].value) == ("S2", 2)


def test_a_withdrawn_document_is_observed_and_no_longer_published(
    plan: Run, published: Published, instance: dg.DagsterInstance
) -> None:
    plan()
    published.write(PLAN_LINES, plan_lines().query("kind == 'transfer'"), PLAN_DATE, "run-2")
    plan()
    observed = instance.fetch_observations(defs.ORDER_KEY, limit=10).records
    assert [record.asset_observation.metadata["status"].value for record in observed if record.asset_observation] == [
        "cancelled"
    ]
    assert len(published.read(DOCUMENTS, PLAN_DATE)) == 2


def test_partitions_of_orders_that_were_over_long_ago_are_pruned_and_the_ledger_keeps_all(
    plan: Run, published: Published, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    then = FixedClock(dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC))
    with closing(SqlOrderStore(f"sqlite:///{tmp_path / 'old.db'}", then)) as old:
        plan(old)
        published.write(PLAN_LINES, plan_lines().query("kind == 'transfer'"), PLAN_DATE, "run-2")
        plan(old)
        (ended,) = [order.order_id for order in old.orders() if order.status is OrderStatus.CANCELLED]
        before = set(instance.get_dynamic_partitions("order_documents"))
        plan(old, today=PLAN_DATE + dt.timedelta(days=7), partition_days=7)
        there = set(instance.get_dynamic_partitions("order_documents"))
        assert ended in there, "its seventh day is not over"
        backfilled = {order.order_id for order in old.orders(OrderFilter(channel=Channel.BACKFILL))}
        assert len(backfilled & there) == 2, "a backfill ends nowhere, and goes by its age"
        plan(old, today=PLAN_DATE + dt.timedelta(days=8), partition_days=7)
        left = set(instance.get_dynamic_partitions("order_documents"))
        assert (before - left, backfilled & left) == ({ended}, set())
        logs = len(logged(instance))
        plan(old, today=PLAN_DATE + dt.timedelta(days=9), partition_days=7)
        assert (len(logged(instance)), set(instance.get_dynamic_partitions("order_documents"))) == (logs, left)
        assert [type(entry.event).__name__ for entry in old.history(ended)] == ["OrderProposed", "OrderWithdrawn"]


class DyingStore:
    """A ledger whose run dies just after the orders were recorded."""

    def __init__(self, store: SqlOrderStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, appends: Any) -> int:
        self._store.append(appends)
        raise KeyboardInterrupt


def test_documents_of_a_run_that_died_before_it_logged_are_logged_by_the_next(
    plan: Run, store: SqlOrderStore, instance: dg.DagsterInstance
) -> None:
    with pytest.raises(KeyboardInterrupt):
        plan(orders=DyingStore(store))
    assert (len(store.orders()), logged(instance)) == (3, [])
    plan()
    assert {event.partition for event in logged(instance)} == {order.order_id for order in store.orders()}
    assert len(store.events()) == 3


def test_a_past_date_is_a_backfill_beside_the_live_documents(plan: Run, store: SqlOrderStore) -> None:
    plan()
    plan(today=PLAN_DATE + dt.timedelta(days=3))
    assert sorted(order.document.channel for order in store.orders()) == ["backfill"] * 3 + ["live"] * 3


class CountingStore:
    """A ledger that counts its transactions."""

    def __init__(self, store: SqlOrderStore) -> None:
        self._store = store
        self.transactions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, appends: Any) -> int:
        self.transactions += 1
        return self._store.append(appends)


@pytest.mark.slow
def test_five_hundred_documents_are_recorded_in_one_transaction_and_logged_once_each(
    plan: Run, published: Published, store: SqlOrderStore, instance: dg.DagsterInstance
) -> None:
    many = plan_lines([("transfer", f"I{item}", "DC1", f"S{number}", 5) for number in range(500) for item in range(10)])
    published.write(PLAN_LINES, many, PLAN_DATE, "run-2")
    counting, start = CountingStore(store), time.perf_counter()
    plan(orders=counting)
    sys.stdout.write(f"500 documents of 10 lines: {time.perf_counter() - start:.1f} s\n")
    assert counting.transactions == 1
    partitions = [event.partition for event in logged(instance)]
    assert len(partitions) == len(set(partitions)) == 500
    plan(orders=counting)
    assert (counting.transactions, len(logged(instance))) == (1, 500)


def test_the_face_explains_itself(published: Published, store: SqlOrderStore) -> None:
    specs = definitions_of(published, store, PLAN_DATE).resolve_all_asset_specs()
    ours = {spec.key.to_user_string(): spec for spec in specs if spec.key.path[0] == "orders"}
    tables = {"orders/documents", "orders/order_lines", "orders/order_levels", "orders/levels_there"}
    assert ours.keys() == {*tables, "orders/order"}
    for spec in ours.values():
        # What stands in ERPs is read by the plan, and belongs to its stage.
        assert spec.group_name == ("rebalancing" if spec.key.path[-1] == "levels_there" else "orders")
        assert spec.description
        assert spec.owners
        assert spec.kinds
