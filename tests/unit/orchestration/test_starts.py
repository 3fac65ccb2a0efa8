"""What starts by itself: a plan starts once, when its feeds are complete or at the cutoff."""

import datetime as dt
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from feed_samples import rows_of

from assets.feeds.contract import contract
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import Bucket
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.schema import Frame, Kind
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from orchestration import automation, jobs, schedules, sensors
from orchestration.settings import Settings

DAY = dt.date(2026, 1, 6)
_FILL = {Kind.TEXT: "x", Kind.INTEGER: 1, Kind.REAL: 1.0, Kind.MONEY: 1.0, Kind.FLAG: True}


@pytest.fixture
def home(tmp_path: Path) -> NetworkHome:
    home = NetworkHome(tmp_path / "net")
    NetworkProfile(name="net", first_plan_date=DAY, declared_date=DAY).write(home.root)
    return home


def rows(frame: Frame, **given: str) -> pd.DataFrame:
    return pd.DataFrame([{c.name: _FILL.get(c.kind, pd.Timestamp(DAY)) for c in frame.columns} | given])


def planned(home: NetworkHome, channel: str, run_id: str = "run") -> None:
    Published(home.published).write(DOCUMENTS, rows(DOCUMENTS, channel=channel), DAY, run_id)


def planned_without_a_document(home: NetworkHome, as_known: str) -> None:
    published = Published(home.published)
    published.write(FEED_STATE, rows(FEED_STATE, as_known=as_known), DAY, "run")
    published.write(DOCUMENTS, DOCUMENTS.empty(), DAY, "run")


def at_the_cutoff(home: NetworkHome, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    schedule = schedules.nightly(Settings(), home.profile, Published(home.published), jobs.plan_day())
    # A context that is not left hands its instance's storage back whenever it is collected, perhaps to another test.
    with dg.build_schedule_context(instance=instance) as context:
        return schedule(context)


def land_everything(home: NetworkHome, business_date: dt.date, count: int = 3) -> None:
    area = LandingArea(home.landing, home.profile.clock)
    for table in contract():
        available = dt.datetime.combine(business_date + dt.timedelta(days=1), dt.time(2), dt.UTC)
        area.land_frame(table, rows_of(table, count, business_date), business_date, available_at=available)


def landed(home: NetworkHome, instance: dg.DagsterInstance, cursor: str | None = None):  # type: ignore[no-untyped-def]
    sensor = sensors.landing(home, home.profile, jobs.plan_day(), jobs.ingest([dg.AssetKey(["raw", "erp_items"])]))
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        return sensor(context)


def test_the_schedule_plans_the_clocks_date_once_in_the_networks_time_zone(home: NetworkHome) -> None:
    with dg.instance_for_test() as instance:
        request = at_the_cutoff(home, instance)
        assert isinstance(request, dg.RunRequest)
        assert request.partition_key == DAY.isoformat()
        planned(home, "live")
        assert isinstance(at_the_cutoff(home, instance), dg.SkipReason)


def test_a_backfill_of_today_does_not_stand_for_its_live_plan(home: NetworkHome) -> None:
    planned(home, "backfill")
    with dg.instance_for_test() as instance:
        assert isinstance(at_the_cutoff(home, instance), dg.RunRequest)


def test_a_later_plan_with_hindsight_does_not_hide_the_live_plan(home: NetworkHome) -> None:
    planned(home, "live", "first")
    planned(home, "backfill", "second")
    with dg.instance_for_test() as instance:
        assert isinstance(at_the_cutoff(home, instance), dg.SkipReason)


@pytest.mark.parametrize(("as_known", "starts"), [("then", dg.SkipReason), ("now", dg.RunRequest)])
def test_a_plan_that_wanted_no_document_is_a_plan_unless_it_had_hindsight(
    home: NetworkHome, as_known: str, starts: type
) -> None:
    planned_without_a_document(home, as_known)
    with dg.instance_for_test() as instance:
        assert isinstance(at_the_cutoff(home, instance), starts)


def test_a_plan_under_way_is_not_started_again(home: NetworkHome) -> None:
    with dg.instance_for_test() as instance:
        tags = {"dagster/partition": DAY.isoformat(), "equipoise/job": jobs.PLAN_DAY}
        job = dg.GraphDefinition("plan_day").to_job()
        instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
        skipped = at_the_cutoff(home, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "being planned" in str(skipped.skip_message)


def test_complete_feeds_start_the_plan_and_the_same_batches_start_nothing(home: NetworkHome) -> None:
    land_everything(home, DAY - dt.timedelta(days=1))
    with dg.instance_for_test() as instance:
        result = landed(home, instance)
        (request,) = result.run_requests
        assert request.job_name == jobs.PLAN_DAY
        assert isinstance(landed(home, instance, result.cursor), dg.SkipReason)


def test_a_corrected_batch_starts_the_plan_again_that_failed(home: NetworkHome) -> None:
    land_everything(home, DAY - dt.timedelta(days=1))
    with dg.instance_for_test() as instance:
        result = landed(home, instance)
        (first,) = result.run_requests
        assert first.job_name == jobs.PLAN_DAY
        # Dagster drops a request whose key a run of the sensor has, however that run ended.
        job, tags = dg.GraphDefinition("plan_day").to_job(), {**first.tags, "dagster/run_key": first.run_key}
        instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.FAILURE)
        land_everything(home, DAY - dt.timedelta(days=1), count=2)
        (second,) = landed(home, instance, result.cursor).run_requests
        assert second.job_name == jobs.PLAN_DAY
        assert not instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": second.run_key}))


def test_incomplete_or_late_feeds_are_only_taken_in(home: NetworkHome) -> None:
    land_everything(home, DAY - dt.timedelta(days=30))
    with dg.instance_for_test() as instance:
        (request,) = landed(home, instance).run_requests
        assert request.job_name == jobs.INGEST
        land_everything(home, DAY - dt.timedelta(days=1))
        planned(home, "live")
        (request,) = landed(home, instance).run_requests
        assert request.job_name == jobs.INGEST


def test_nothing_landed_starts_nothing(home: NetworkHome) -> None:
    with dg.instance_for_test() as instance:
        assert isinstance(landed(home, instance), dg.SkipReason)


def test_a_live_networks_tables_age_and_a_declared_networks_do_not() -> None:
    @dg.asset
    def table() -> None: ...

    live = NetworkProfile(name="live", first_plan_date=DAY, bucket=Bucket.WEEK)
    declared = live.model_copy(update={"declared_date": DAY})
    (aged,) = automation.apply([table], live)
    (still,) = automation.apply([table], declared)
    assert next(iter(aged.specs)).freshness_policy is not None
    assert next(iter(still.specs)).freshness_policy is None
