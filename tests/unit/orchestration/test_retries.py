"""One more try: for a transient fault, in every kind of run, and for nothing else."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import sqlalchemy as sa

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Publication, Published
from orchestration import automation
from orchestration.planning import first_failure
from orchestration.retries import RetryingIOManager, is_transient, once_more, retried

WRONG = EquipoiseError("two items have one id", where="erp_items", remedy="Send it again")


class Fails:
    """Raises what it is told to, once or always, and counts."""

    def __init__(self, error: Exception, times: int = 9) -> None:
        self.error, self.times, self.tries = error, times, 0

    def __call__(self) -> None:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error


def asset_of(body: Fails) -> Any:
    @dg.asset
    def table() -> None:
        body()

    return retried(table, delay_seconds=0)


def assets_of_a_generator(body: Fails) -> Any:
    @dg.multi_asset(outs={"table": dg.AssetOut()})
    def tables() -> Iterator[dg.Output[int]]:
        body()
        yield dg.Output(1, "table")

    return retried(tables, delay_seconds=0)


def check_of(body: Fails) -> Any:
    @dg.asset_check(asset="table")
    def check() -> dg.AssetCheckResult:
        body()
        return dg.AssetCheckResult(passed=True)

    return retried(check, delay_seconds=0)


def run(asset: Any, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Run as the UI and a backfill of chosen assets do: in Dagster's own job, which has no policy."""
    definitions = dg.Definitions(assets=[asset])
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, raise_on_error=False)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


@pytest.mark.parametrize("kind", [asset_of, assets_of_a_generator, check_of])
def test_an_error_with_a_remedy_fails_at_once_and_a_transient_fault_is_tried_once_more(
    kind: Any, instance: dg.DagsterInstance
) -> None:
    for error, tries in ((WRONG, 1), (KeyError("item_id"), 1), (OSError("the disk is away"), 2)):
        fails = Fails(error)
        assert not run(kind(fails), instance).success
        assert fails.tries == tries, error
    mended = Fails(OSError("the disk is away"), times=1)
    assert run(kind(mended), instance).success


@pytest.mark.parametrize(
    "fault", [OSError(), duckdb.IOException("IO Error"), sa.exc.OperationalError("select 1", None, Exception("gone"))]
)
def test_a_transient_fault_told_with_a_remedy_is_still_transient(fault: Exception) -> None:
    told = EquipoiseError("the ledger does not answer", where="ledger", remedy="Check that it is reachable")
    told.__cause__ = fault
    assert is_transient(fault)
    assert is_transient(told)
    assert not is_transient(WRONG)


def test_what_was_merely_handled_before_an_error_does_not_make_it_transient() -> None:
    with pytest.raises(EquipoiseError), once_more():  # noqa: PT012 - the two errors are the case
        try:
            raise OSError
        except OSError:
            raise WRONG from None


def test_a_table_that_cannot_be_written_for_a_moment_asks_to_be_published_again() -> None:
    class Away(Published):
        def write(self, *_given: Any, **_named: Any) -> Publication:
            raise OSError

    context = dg.build_output_context(
        asset_key=dg.AssetKey(["targets"]), definition_metadata={"frame": TARGETS.name}, partition_key="2026-01-05"
    )
    # The context holds an instance of its own until it is left.
    with context, pytest.raises(dg.RetryRequested):
        RetryingIOManager(Away(Path("nowhere"))).handle_output(context, TARGETS.empty())


def test_the_rules_of_all_assets_ask_for_one_more_try_a_second_later() -> None:
    @dg.asset
    def table(context: dg.AssetExecutionContext) -> None:
        raise OSError(context.asset_key)

    (kept,) = automation.apply([table], NetworkProfile(name="net", first_plan_date=dt.date(2026, 1, 5)))
    # A context that Dagster makes is closed whenever it is collected, perhaps in another test.
    with dg.build_asset_context() as context, pytest.raises(dg.RetryRequested) as asked:
        kept(context)
    assert (asked.value.max_retries, asked.value.seconds_to_wait) == (1, 1)


@pytest.mark.parametrize("fault", [None, ValueError("line 3")])
def test_a_failed_run_tells_the_error_that_has_a_remedy(fault: Exception | None, instance: dg.DagsterInstance) -> None:
    told = EquipoiseError("the ledger does not answer", where="ledger", remedy="Check that it is reachable")
    told.__cause__ = fault or OSError("connection refused")
    result = run(asset_of(Fails(told)), instance)
    line = "assets.kernel.errors.EquipoiseError: ledger: the ledger does not answer. Check that it is reachable"
    assert first_failure(instance, result.run_id) == ("table", line)
