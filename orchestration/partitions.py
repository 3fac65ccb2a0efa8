"""The one partition of the graph: the plan date."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile


def plan_dates(profile: NetworkProfile) -> dg.TimeWindowPartitionsDefinition:
    """Return the plan dates of a network: every day, or every Monday where it plans weeks.

    A partition exists from the morning of its plan date on, because the plan decides for the
    bucket that starts then. A declared network ends at its declared date, which may lie beyond today: a
    simulated day is one whenever it is lived.
    """
    step = dt.timedelta(days=profile.bucket.days)
    end = profile.declared_date + step if profile.declared_date else None
    # Dagster counts what is beyond now, and stops at the end.
    beyond_now = (end - profile.first_plan_date) // step + 1 if end else 1
    return dg.TimeWindowPartitionsDefinition(
        start=profile.first_plan_date.isoformat(),
        end=end.isoformat() if end else None,
        fmt="%Y-%m-%d",
        cron_schedule="0 0 * * 1" if profile.bucket is Bucket.WEEK else "0 0 * * *",
        timezone=profile.timezone,
        end_offset=beyond_now,
    )


def require_partition(partitions: dg.PartitionsDefinition, key: str, where: str) -> None:
    """Raise a one-line error unless ``key`` is a partition.

    Raises
    ------
    EquipoiseError
        If the network cannot be planned for that date.
    """
    if partitions.has_partition_key(key):
        return
    first, last = partitions.get_first_partition_key(), partitions.get_last_partition_key()
    raise EquipoiseError(
        f"{key} is not a plan date of this network",
        where=where,
        remedy=f"Plan a date from {first} to {last}",
    )
