"""The profile of the sample network: what `equipoise demo` writes before it emits the world."""

from __future__ import annotations

import datetime as dt

from assets.feeds.synthetic.parameters import WorldParameters
from assets.kernel.calendar import Bucket
from assets.kernel.network import NetworkProfile

DAILY_BATCHES = 8
"""Business dates with batches of their own at the end of the history; all but the first can be planned on."""


def demo_profile(parameters: WorldParameters) -> NetworkProfile:
    """Return the profile of the sample network, declared on the day after its last business date."""
    return NetworkProfile(
        name="sample",
        title="Sample network",
        timezone=parameters.timezone,
        bucket=Bucket.DAY,
        horizon_buckets=14,
        first_plan_date=parameters.last_date - dt.timedelta(days=DAILY_BATCHES - 3),
        declared_date=parameters.last_date + dt.timedelta(days=1),
        currency=parameters.currency,
        lost_sales=True,
    )


def demo_dates(parameters: WorldParameters) -> tuple[dt.date, dt.date]:
    """Return the first and last business date of the sample network's daily batches."""
    first = parameters.last_date - dt.timedelta(days=DAILY_BATCHES - 1)
    return max(first, parameters.first_date), parameters.last_date
