"""Three past dates by Dagster's own backfill, twice: the same orders, nothing live, nothing new in the ledger."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from bad_networks import typed
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.instance import InstanceRef
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from networks import copied

from assets.orders.events import Channel
from assets.orders.sql_store import SqlOrderStore
from orchestration import instance, jobs
from orchestration.settings import Settings

CODE = LoadableTargetOrigin(module_name="orchestration.definitions", attribute="definitions")
# The daemon's runs in this process, one after the other, instead of one process each.
HERE = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
    "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"},
    "concurrency": {},
}


@contextmanager
def daemon(settings: Settings) -> Iterator[tuple[dg.DagsterInstance, IWorkspaceProcessContext]]:
    """Open what Dagster's daemon works on: the record of runs, and the code with the network's settings."""
    here = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(CODE, location_name="equipoise"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUIPOISE_HOME", str(settings.home))
        patch.setenv("EQUIPOISE_NETWORK", str(settings.network))
        reference = InstanceRef.from_dir(str(instance.prepare(settings)), overrides=HERE)
        with (
            dg.DagsterInstance.from_ref(reference) as store,
            create_test_daemon_workspace_context(here, store) as workspace,
        ):
            yield store, workspace


def backfilled(settings: Settings, name: str, dates: list[str]) -> list[dg.DagsterRunStatus]:
    """Backfill dates as the UI and the daemon do, and return what became of the runs."""
    # The partitions of a backfill are those that exist when it is asked for.
    asked = dt.datetime.combine(settings.network_home().profile.clock.today(), dt.time(23), dt.UTC).timestamp()
    with daemon(settings) as (store, workspace):
        location = workspace.create_request_context().get_code_location("equipoise")
        [repository] = location.get_repositories().values()
        partitions = repository.get_partition_set(f"{jobs.PLAN_DAY}_partition_set")
        store.add_backfill(
            PartitionBackfill(
                name, BulkActionStatus.REQUESTED, from_failure=False, tags={}, backfill_timestamp=asked,
                partition_set_origin=partitions.get_remote_origin(), partition_names=dates,
            )
        )  # fmt: skip
        assert [fault for fault in execute_backfill_iteration(workspace, logging.getLogger("backfill")) if fault] == []
        return [run.status for run in store.get_runs(dg.RunsFilter(tags={"dagster/backfill": name}))]


def orders_of(settings: Settings, dates: list[str]) -> list[list[dict[str, Any]]]:
    return [json.loads(typed(settings, "orders", "--date", date, "--json").out) for date in dates]


def ledger_events(settings: Settings) -> int:
    with closing(SqlOrderStore(settings.ledger())) as ledger:
        return len(ledger.events())


# Dagster still reads this property of its own when it describes a schedule; until it stops.
@pytest.mark.filterwarnings("ignore:Property .ScheduleDefinition.environment_vars.:DeprecationWarning")
@pytest.mark.slow
def test_a_repeated_backfill_finds_the_same_orders_and_makes_nothing_live(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    today = settings.network_home().profile.clock.today()
    dates = [(today - dt.timedelta(days=days)).isoformat() for days in (5, 4, 3)]
    live = orders_of(settings, [today.isoformat()])
    assert backfilled(settings, "first", dates) == [dg.DagsterRunStatus.SUCCESS] * 3
    orders, events = orders_of(settings, dates), ledger_events(settings)
    assert all(orders)
    assert {order["channel"] for of_date in orders for order in of_date} == {Channel.BACKFILL}
    assert backfilled(settings, "again", dates) == [dg.DagsterRunStatus.SUCCESS] * 3
    assert orders_of(settings, dates) == orders
    assert ledger_events(settings) == events
    assert orders_of(settings, [today.isoformat()]) == live
