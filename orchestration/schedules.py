"""The nightly schedule: at the cutoff, plan the date, unless its live plan was made or is being made."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from assets.kernel.calendar import AsKnown, Bucket
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.documents import LIVE
from assets.orders.standing import as_known_of
from orchestration.jobs import PLAN_DAY
from orchestration.settings import Settings

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def why_not_again(instance: dg.DagsterInstance, published: Published, plan_date: dt.date) -> str:
    """Return why the live plan of a date need not start; empty if it should.

    A plan starts once. A run of the date that was stopped or failed does not count, so that what
    lands next starts the plan again. Nor does a backfill or a plan with hindsight, which issues
    nothing; one made after the live plan does not hide it.
    """
    if any(_is_live(published, plan_date, run_id) for run_id in published.run_ids(DOCUMENTS.name, plan_date)):
        return f"{plan_date} is planned already"
    tags = {"dagster/partition": plan_date.isoformat(), "equipoise/job": PLAN_DAY}
    if instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY, tags=tags), limit=1):
        return f"{plan_date} is being planned"
    return ""


def _is_live(published: Published, plan_date: dt.date, run_id: str) -> bool:
    """Return whether a run made the live documents of a date; one that wanted none is live unless it had hindsight."""
    documents = published.of_run(DOCUMENTS, plan_date, run_id)
    if documents is None or documents.empty:
        return as_known_of(published, plan_date, run_id) == AsKnown.THEN
    return bool((documents["channel"] == LIVE).any())


def nightly(
    settings: Settings, profile: NetworkProfile, published: Published, job: dg.JobDefinition
) -> dg.ScheduleDefinition:
    """Return the schedule that plans the clock's date in the network's time zone.

    The landing sensor may have started the plan earlier, when the date's required tables were
    complete; a plan starts once.
    """
    weekday = "1" if profile.bucket is Bucket.WEEK else "*"

    @dg.schedule(
        job=job,
        cron_schedule=f"0 {settings.nightly_hour} * * {weekday}",
        execution_timezone=profile.timezone,
        name="nightly",
        description="Plans the day at the cutoff, with what has arrived by then.",
    )
    def plan_at_the_cutoff(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        plan_date = profile.calendar.start_of_bucket(profile.clock.today())
        reason = why_not_again(context.instance, published, plan_date)
        if reason:
            return dg.SkipReason(reason)
        tags = {"equipoise/trigger": "cutoff"}
        return dg.RunRequest(partition_key=plan_date.isoformat(), tags=tags)

    return plan_at_the_cutoff
