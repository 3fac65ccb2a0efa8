"""Orders leave a planned network by the job and its sensor, once, and come back as observations."""

import datetime as dt
import shutil
import stat
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from networks import copied

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea
from assets.governance.events import PAUSE, RELEASES, Paused, PauseKind, PauseScope, RolledBack
from assets.governance.in_flight import Disposition, InFlight
from assets.governance.ledger_log import LedgerLog
from assets.governance.pages import dispatch_page
from assets.kernel.clock import DeclaredClock
from assets.kernel.frames.quality import ALERTS
from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.folder_face import open_face
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Confirmations, NotSent, Receipt, Submission
from assets.orders.order import OrderStatus
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import OrderFilter
from orchestration import instance, jobs
from orchestration.alerts import deliver_rows
from orchestration.cli.bench import load
from orchestration.definitions import build_defs
from orchestration.dispatching import before_a_plan, dispatch_day, dispatch_network
from orchestration.gateways import open_gateway
from orchestration.ledger import open_ledger
from orchestration.settings import GatewayKind, Settings

AT = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ORDER, DISPATCH = dg.AssetKey(["orders", "order"]), dg.AssetKey(["orders", "order_dispatch"])


@pytest.fixture(scope="module")
def network(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return copied(planned_settings, tmp_path_factory.mktemp("dispatch"))


def dispatched(settings: Settings) -> dict[str, object]:
    """Run the job once, and return the page of what left."""
    with instance.opened(settings) as store:
        job = build_defs(settings).resolve_job_def(jobs.DISPATCH_ORDERS)
        run = job.execute_in_process(instance=store)
        assert run.success
        (event,) = run.asset_materializations_for_node("dispatching")[:1]
        return {name: value.value for name, value in event.metadata.items()}


def test_orders_leave_once_and_come_back_as_observations(network: Settings) -> None:
    home, clock = network.network_home(), network.network_home().profile.clock
    first = dispatched(network)
    assert first["issued"]
    assert first["issued"] == first["answered"]
    assert first["in_outbox"] == 0
    sent = sorted((home.gateway_files / "orders").glob("*.json"))
    assert len(sent) == first["issued"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in sent} == {0o600}

    other_side = Counterpart(CounterpartStore(home.root / "counterpart.db"))
    open_face(other_side, home.gateway_files).poll()
    assert [order.times_created for order in other_side.orders()] == [1] * len(sent)
    again = dispatched(network)
    assert again["issued"] == 0
    with closing(open_ledger(network, clock)) as ledger:
        answered = ledger.orders(OrderFilter(status=OrderStatus.ACKNOWLEDGED))
        assert {order.order_id for order in answered} == set(other_side.references())
        assert ledger.verify().faults == ()
    with instance.opened(network) as store:
        for order in answered:
            wanted = dg.AssetRecordsFilter(ORDER, asset_partitions=[order.order_id])
            observed = store.fetch_observations(wanted, limit=1).records[0].asset_observation
            assert observed is not None
            assert observed.metadata["status"].value == "acknowledged"


def test_the_job_observes_once_what_changed_outside_of_it(planned_settings: Settings, tmp_path: Path) -> None:
    settings = copied(planned_settings, tmp_path)
    home = settings.network_home()
    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        gateway = open_gateway(settings, home)
        sent = dispatch_network(settings, store=ledger, gateway=gateway, clock=home.profile.clock).sent.answered
        silent = dispatch_day(settings, ledger, DeclaredClock(home.profile.clock.today() + dt.timedelta(days=10)))
        assert silent.unanswered.keys() == set(sent)  # nobody reads the folder

    def observed() -> dict[str, list[str]]:
        with instance.opened(settings) as store:
            records = store.fetch_observations(dg.AssetRecordsFilter(ORDER), limit=1000).records
        found: dict[str, list[str]] = {}
        for record in records:
            seen = record.asset_observation
            assert seen is not None
            found.setdefault(str(seen.partition), []).append(str(seen.metadata["status"].value))
        return found

    before = observed()
    assert dispatched(settings)["issued"] == 0
    first = observed()
    assert {one: first.get(one) for one in sent} == {one: ["issued"] for one in sent}
    dispatched(settings)
    assert observed() == first
    assert not before.keys() & set(sent)


class Killed(BaseException):
    """What a process dies of."""


class DiesListening(MemoryGateway):
    """Takes orders, and its sender dies before it hears anything else."""

    def confirmations(self, since: str) -> Confirmations:
        raise Killed(since)


def test_the_plan_of_the_next_day_knows_what_a_killed_dispatch_run_sent(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    home, gateway = settings.network_home(), DiesListening()
    table, landing = feed_table("ledger", "commitments"), LandingArea(home.landing, home.profile.clock)
    tomorrow = home.profile.clock.today() + dt.timedelta(days=1)

    def known() -> list[set[str]]:
        cutoff = home.profile.calendar.cutoff(tomorrow)
        batches = [batch for batch in landing.batches(table) if batch.available_at <= cutoff]
        return [set(pd.read_parquet(landing.directory(one) / one.files[0])["order_id"]) for one in batches[-1:]]

    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        with pytest.raises(Killed):
            dispatch_network(settings, store=ledger, gateway=gateway, clock=home.profile.clock)
        assert gateway.references()
        assert known() == [set(gateway.references())]
        # Landed in the home of another machine.
        shutil.rmtree(home.landing / table.source)
        before_a_plan(settings, ledger, home.profile.clock, home.profile.clock.today())
        assert known() == []  # no plan counts its own
        before_a_plan(settings, ledger, DeclaredClock(tomorrow), home.profile.clock.today())
        assert known() == []  # nor does a plan of another date tell it anything
        before_a_plan(settings, ledger, DeclaredClock(tomorrow), tomorrow)
        assert known() == [set(gateway.references())]


class Deaf(MemoryGateway):
    """Takes orders, and says nothing else."""

    def confirmations(self, since: str) -> Confirmations:
        raise NotSent("nobody there", where=since, remedy="wait")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it until Python 3.13
def test_what_was_sent_is_told_though_no_channel_takes_an_alert(planned_settings: Settings, tmp_path: Path) -> None:
    settings = copied(planned_settings, tmp_path).model_copy(update={"alert_urls": ("nowhere://channel",)})
    home, gateway = settings.network_home(), Deaf()
    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        done = dispatch_network(settings, store=ledger, gateway=gateway, clock=home.profile.clock)
    assert sorted(done.sent.answered) == list(gateway.references())
    assert "refused by a channel" in done.alerts_refused
    assert "refused by a channel" in dispatch_page(done)["alerts_not_delivered"]
    took: list[str] = []

    def takes(_url: str, told: Mapping[Any, Any]) -> bool:
        took.append(str(told["rule"]))
        return True

    deliver_rows(settings, ALERTS.empty(), home.profile.clock.today(), takes)
    assert took == ["other_side_silent"]  # it is owed


class Pausing(MemoryGateway):
    """Takes orders, and somebody pauses everything while it takes the first."""

    def __init__(self, ledger: SqlOrderStore) -> None:
        super().__init__()
        self.ledger = ledger

    def submit(self, submission: Submission) -> Receipt:
        if not self.ledger.history(PAUSE):
            pause = Paused(PauseScope(PauseKind.ALL), "ada#1", AT, AT.date(), "a strike")
            LedgerLog(self.ledger).append(PAUSE, 0, [pause])
        return super().submit(submission)


def test_a_pause_that_is_recorded_while_orders_leave_keeps_the_others(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    home = settings.network_home()
    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        gateway = Pausing(ledger)
        done = dispatch_network(settings, store=ledger, gateway=gateway, clock=home.profile.clock)
        assert len(done.issued.issued) > 1
        assert list(gateway.references()) == done.sent.answered
        assert len(done.sent.answered) == 1
        assert len(done.sent.held) == len(done.issued.issued) - 1
        assert all("a strike" in done.sent.details[one] for one in done.sent.held)


def test_a_rollback_that_a_dead_process_left_half_done_is_finished_by_the_job(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    home = settings.network_home()
    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        order, *_ = ledger.orders(OrderFilter(status=OrderStatus.PROPOSED))
        made_by = order.document.provenance.policy_release
        fate = Disposition(order.order_id, order.status, InFlight.CANCEL, "nobody has acted on it")
        recorded = RolledBack(
            made_by, "former@0123456789ab", "hash", "ada#1", AT, "worse", "", (fate,), order.document.plan_date
        )
        LedgerLog(ledger).append(RELEASES, 0, [recorded])
    for _ in range(2):
        dispatched(settings)
    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        (after,) = ledger.orders(OrderFilter(order_ids=(order.order_id,)))
        assert (after.status, after.version) == (OrderStatus.CANCELLED, order.version + 1)
        kinds = [type(event).__name__ for event in LedgerLog(ledger).history(RELEASES)]
        assert kinds == ["RolledBack", "RollbackCarriedOut"]


def test_the_benchmark_times_a_run_that_sends_nothing_and_leaves_the_network_alone(
    planned_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copied(planned_settings, tmp_path)
    monkeypatch.setenv("EQUIPOISE_HOME", str(settings.home))
    monkeypatch.setenv("EQUIPOISE_NETWORK", str(settings.network))
    monkeypatch.delenv("EQUIPOISE_TOKEN", raising=False)
    home = settings.network_home()
    with closing(open_ledger(settings, home.profile.clock)) as ledger:
        before = ledger.append(())
        (row,) = load("dispatching").run(runs=1, gateways=[GatewayKind.FILEDROP])["rows"]
        assert (row["runs"], row["database"], row["stopped"]) == (1, "sqlite", "")
        assert 0 < row["run_cpu_seconds"] < row["command_cpu_seconds"]
        assert ledger.append(()) == before
    assert not home.gateway_files.exists()


def test_the_sensor_starts_switched_off_and_asks_for_a_run_only_when_something_was_recorded(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    definitions = build_defs(settings)
    sensor = definitions.get_repository_def().get_sensor_def("dispatch")
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    with instance.opened(settings) as store:
        asked = sensor.evaluate_tick(dg.build_sensor_context(instance=store))
        assert len(asked.run_requests or []) == 1
        quiet = sensor.evaluate_tick(dg.build_sensor_context(instance=store, cursor=asked.cursor))
        assert not quiet.run_requests
        assert quiet.skip_message == "nothing was recorded, and nothing is under way"


def test_a_plan_has_no_part_in_dispatching(planned_settings: Settings) -> None:
    definitions = build_defs(planned_settings)
    planned = definitions.resolve_job_def(jobs.PLAN_DAY).asset_layer.selected_asset_keys
    assert DISPATCH not in planned
    assert ORDER not in planned
