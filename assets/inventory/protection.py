"""Demand that stock must last for: until the arrival after next, and until the next one.

Not here: which quantile of it is stocked (``targets``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.lead_time_demand import CumulativeDemand, Integers, LeadTimeDemand
from assets.inventory.promise import ReviewCycle
from assets.inventory.settings import normal_parents
from assets.inventory.supply import NO_SOURCE, LeadTimes, departure_waits
from assets.kernel.calendar import PlanCalendar


@dataclass(frozen=True)
class Protection:
    """Demand by item-site until given arrivals.

    Attributes
    ----------
    order : LeadTimeDemand
        Until the order of the next review has arrived: what a base stock is for.
    donor : LeadTimeDemand
        Until an order placed now could arrive: what a donor keeps.
    cycle : ReviewCycle
        The points of a review cycle that service is told at.
    buckets : array (n,)
        Mean length of ``order``, rounded up.
    """

    order: LeadTimeDemand
    donor: LeadTimeDemand
    cycle: ReviewCycle
    buckets: Integers


def protection_of(
    settings: pd.DataFrame,
    sources: pd.DataFrame,
    supply: LeadTimes,
    demand: CumulativeDemand,
    calendar: PlanCalendar,
    plan_date: dt.date,
) -> Protection:
    """Return demand over review, wait for a departure and lead time, a mixture over the lead time.

    Parameters
    ----------
    settings, sources, supply
        What ``item_site_settings``, ``normal_sources`` and ``lead_times_of`` returned.
    demand : CumulativeDemand
        At the item-site, what it serves included.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        From which departures are waited for.
    """
    review = settings["review_days"].to_numpy(dtype=np.int64)
    today = np.full(len(settings), plan_date.isoweekday(), dtype=np.int64)
    next_review = (today - 1 + review) % 7 + 1
    wait = departure_waits(sources["departure_days"], today)
    later_wait = departure_waits(sources["departure_days"], next_review)
    # Nothing is on its way to a site without a source: what it has must last the horizon.
    unserved = (sources["receipt_kind"] == NO_SOURCE).to_numpy()[:, None]
    horizon_days = demand.mean.shape[1] * calendar.bucket.days
    order_days = np.where(unserved, horizon_days, (review + later_wait)[:, None] + supply.days)
    donor_days = np.where(unserved, horizon_days, wait[:, None] + supply.days)
    mean_days = (order_days * supply.probability).sum(axis=1)
    serves = np.zeros(len(settings), dtype=bool)
    parents = normal_parents(settings, sources)
    serves[parents[parents >= 0]] = True
    # Orders of other sites come with the morning, before its arrivals are counted; customers come after it.
    told_days = order_days - np.where(serves, calendar.bucket.days, 0)[:, None]
    cycle = ReviewCycle.of(demand, supply, told_days, review, calendar)
    return Protection(
        LeadTimeDemand(demand.upto(_buckets(order_days, calendar)), supply.probability),
        LeadTimeDemand(demand.upto(_buckets(donor_days, calendar)), supply.probability),
        cycle,
        np.maximum(np.ceil(mean_days / calendar.bucket.days - 1e-9), 1).astype(np.int64),
    )


def _buckets(days: Integers, calendar: PlanCalendar) -> Integers:
    buckets: Integers = -(-days // calendar.bucket.days)
    return buckets
