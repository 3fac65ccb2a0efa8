"""The nightly schedule: at the cutoff, plan the date, unless it was planned already."""

from __future__ import annotations

import dagster as dg

from assets.kernel.calendar import Bucket
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from orchestration.settings import Settings

FINAL_TABLE = "documents"


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
    def plan_at_the_cutoff(_context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        plan_date = profile.clock.today()
        if published.latest(FINAL_TABLE, plan_date) is not None:
            return dg.SkipReason(f"{plan_date} is planned already")
        key = plan_date.isoformat()
        return dg.RunRequest(run_key=f"plan/{key}", partition_key=key, tags={"equipoise/trigger": "cutoff"})

    return plan_at_the_cutoff
