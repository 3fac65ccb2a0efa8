"""What starts by itself: a plan when its feeds have landed, an ingest when late ones come, dispatching, alerts.

Each sensor asks one function of a capability and turns the answer into run requests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import dagster as dg

from assets.feeds.contract import contract
from assets.feeds.envelope import Envelope
from assets.feeds.landing import LandingArea
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import digest
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.access import Permission
from orchestration import alerts, recalibration, recovery, report, timings
from orchestration.jobs import PLAN_DAY
from orchestration.schedules import why_not_again
from orchestration.settings import Settings

_POLL_SECONDS = 30
_LISTEN_MINUTES = 5


def landing(home: NetworkHome, profile: NetworkProfile, plan_job: Any, ingest_job: Any) -> dg.SensorDefinition:
    """Return the sensor on the landing area.

    When the required tables of the clock's plan date have all arrived, the plan starts, unless
    its live plan was made or is being made: what lands then is only taken in. Dagster drops a
    request whose run key any run had, however it ended. So the key names the plan date and the
    batches: the same batches never start twice, and a corrected one starts a stopped plan again.
    """

    @dg.sensor(
        name="landing",
        jobs=[plan_job, ingest_job],
        minimum_interval_seconds=_POLL_SECONDS,
        description="Plans when the date's required tables have landed; takes in what comes later.",
    )
    def new_batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        batches = LandingArea(home.landing, profile.clock).batches()
        seen = digest(sorted(batch.batch_id for batch in batches))
        if not batches or seen == context.cursor:
            return dg.SkipReason("nothing new has landed")
        request = _request(context.instance, home, profile, batches, seen, plan_job, ingest_job)
        return dg.SensorResult([request], cursor=seen)

    return new_batches


def _request(
    instance: dg.DagsterInstance,
    home: NetworkHome,
    profile: NetworkProfile,
    batches: list[Envelope],
    seen: str,
    plan_job: Any,
    ingest_job: Any,
) -> dg.RunRequest:
    plan_date = profile.calendar.start_of_bucket(profile.clock.today())
    key, tags = plan_date.isoformat(), {"equipoise/trigger": "landing"}
    complete = not missing_tables(batches, plan_date)
    if complete and not why_not_again(instance, Published(home.published), plan_date):
        return dg.RunRequest(run_key=f"{PLAN_DAY}/{key}/{seen}", job_name=plan_job.name, partition_key=key, tags=tags)
    return dg.RunRequest(run_key=f"ingest/{seen}", job_name=ingest_job.name, partition_key=key, tags=tags)


def missing_tables(batches: list[Envelope], plan_date: dt.date) -> list[str]:
    """Return the required tables that have no batch fresh enough for ``plan_date``."""
    latest: dict[str, dt.date] = {}
    for batch in batches:
        if batch.business_date < plan_date:
            name = f"{batch.source}_{batch.table}"
            latest[name] = max(latest.get(name, batch.business_date), batch.business_date)
    return [
        table.name
        for table in contract()
        if table.required
        and (table.name not in latest or (plan_date - latest[table.name]).days > table.maximum_age_days)
    ]


def after_a_run(settings: Settings, stages: dict[str, str]) -> list[dg.SensorDefinition]:
    """Return the sensors for when a run has ended: alerts delivered, refits asked for, seconds noted."""

    def finish(context: dg.RunStatusSensorContext) -> None:
        timings.note(context.instance, context.dagster_run.run_id, stages)
        key = context.dagster_run.tags.get("dagster/partition")
        if key:
            plan_date = dt.date.fromisoformat(key)
            asking = recalibration.request_refits(settings.network_home(), plan_date)
            delivered = alerts.deliver(settings, plan_date)
            report.deliver_digest(settings, plan_date)
            context.log.info("%d alerts delivered, %d segments ask for a refit", len(delivered), len(asking))

    return [
        dg.run_status_sensor(
            name=f"after_{status.value.lower()}",
            run_status=status,
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=_POLL_SECONDS,
            description="Delivers the alerts of a run that ended, each once, hands on what drift asks for, and notes "
            "what its stages took.",
        )(finish)
        for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
    ]


def dispatch(
    profile: NetworkProfile, orders: OrderStore, dispatch_job: Any, refusal: Callable[[Permission], str]
) -> dg.SensorDefinition:
    """Return the sensor on the ledger; it starts switched off, because what it starts leaves the building.

    When something was recorded (a plan, an approval), orders may go; and every few minutes while orders are
    under way the other side is listened to. Where whoever it runs as may not dispatch, nothing is started.
    """

    @dg.sensor(
        name="dispatch",
        job=dispatch_job,
        minimum_interval_seconds=_POLL_SECONDS,
        description="Lets go what was approved, and listens to the other side while orders are under way.",
    )
    def approved_or_under_way(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if refused := refusal(Permission.DISPATCH):
            return dg.SkipReason(refused)
        last = orders.append(())
        seen, _, minute = (context.cursor or "0@0").partition("@")
        now = int(profile.clock.now().timestamp()) // 60
        listening = now - int(minute) >= _LISTEN_MINUTES and bool(
            orders.orders(OrderFilter(network=profile.name, going_on=True))
        )
        if last == int(seen) and not listening:
            return dg.SkipReason("nothing was recorded, and nothing is under way")
        return dg.SensorResult([dg.RunRequest(run_key=f"dispatch/{last}/{now}")], cursor=f"{last}@{now}")

    return approved_or_under_way


def dead_runs(home: NetworkHome) -> dg.SensorDefinition:
    """Return the sensor that frees the slot of a run whose process was killed."""

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=_POLL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Closes runs whose process is gone, so that the next in the queue can start.",
        asset_selection=dg.AssetSelection.groups("feeds"),
    )
    def free_the_slot(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = recovery.release_dead_runs(context.instance, home.locks)
        return dg.SkipReason(f"{len(dead)} dead runs closed: {', '.join(dead) or 'none'}")

    return free_the_slot
