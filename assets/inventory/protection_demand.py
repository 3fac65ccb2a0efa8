"""Demand that an order placed now is there for: from its arrival to the arrival of the next order.

Base stock is a position: it must last from now to the arrival of the next order, and is set in
``targets`` against demand of all these buckets. An order is added to what will be left when it
arrives, and with lost sales that is not the position less demand; what it must meet is the demand of
the buckets that no other order reaches. Not here: what is left by then, and what a unit is worth
(``rebalancing``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from assets.forecasting.intervals import IntervalForecast, interval_forecast
from assets.inventory.cross_docks import past_cross_docks
from assets.inventory.lead_time_demand import Integers, Reals
from assets.inventory.supply import KEY, NO_SOURCE, LeadTimes, departure_waits, lead_times_of, normal_sources
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import INTERVAL_COLUMNS

# A random lead time is taken as its quantiles at these levels, each as likely as the others.
LEAD_TIME_LEVELS: Reals = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def protection_demand(
    forecast: pd.DataFrame,
    calibration: pd.DataFrame,
    lead_times: pd.DataFrame,
    item_sites: pd.DataFrame,
    sites: pd.DataFrame,
    lanes: pd.DataFrame,
    sourcing: pd.DataFrame,
    items: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
) -> pd.DataFrame:
    """Return demand between the arrival of an order placed now and that of the next, by item-site.

    With ``a`` the bucket of arrival (wait for a departure plus mean lead time of the normal source,
    as the plan counts it: what arrives inside a bucket can be sold from the next) and ``r`` the
    review in buckets, quantiles are of demand in ``[a, a + r)``. Lead times that spread over buckets
    make it ``[A, A' + r)``, ``A`` and ``A'`` independent draws; of that mixture mean and spread are told,
    for people. The plan does not use them: it cost more (README).

    Parameters
    ----------
    forecast, calibration, lead_times : DataFrame
        Frames ``DEMAND_FORECAST``, ``INTERVAL_CALIBRATION``, ``LEAD_TIME``.
    item_sites, sites, lanes, sourcing, items : DataFrame
        Frames ``DIM_ITEM_SITE``, ``DIM_SITE``, ``DIM_LANE``, ``DIM_SOURCING``, ``DIM_ITEM``.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        First day of bucket 0.

    Returns
    -------
    DataFrame
        Frame ``PROTECTION_DEMAND``; item-sites without a forecast or a source have no row.
    """
    if forecast.empty or item_sites.empty:
        return PROTECTION_DEMAND.empty()
    known = interval_forecast(forecast, calibration)
    settings = _settings(item_sites, sites, known)
    sources = normal_sources(settings, lanes, sourcing, items)
    settings, sources, supply = past_cross_docks(settings, sources, lead_times_of(sources, lead_times))
    served = ((sources["receipt_kind"] != NO_SOURCE) & (settings["series"] >= 0)).to_numpy(dtype=bool)
    settings, sources = settings[served].reset_index(drop=True), sources[served].reset_index(drop=True)
    if settings.empty:
        return PROTECTION_DEMAND.empty()
    supply = LeadTimes(supply.days[served], supply.probability[served])
    wait = departure_waits(sources["departure_days"], np.full(len(sources), plan_date.isoweekday(), dtype=np.int64))
    review = np.array([max(1, calendar.buckets_in(days)) for days in settings["review_days"]], dtype=np.int64)
    # Half a day more than a whole number of days is noise, not another bucket: the plan rounds so too.
    usual = _buckets(wait + np.floor(supply.mean + 0.5).astype(np.int64), calendar)
    possible = _buckets(wait[:, None] + _quantiles_of(supply), calendar)
    return _frame(known, settings, usual, possible, review, plan_date)


def _settings(item_sites: pd.DataFrame, sites: pd.DataFrame, known: IntervalForecast) -> pd.DataFrame:
    series = known.series.assign(series=np.arange(len(known.series)))
    found = item_sites[[*KEY, "review_days", "lifecycle"]].merge(
        sites[["site_id", "site_kind", "echelon"]], on="site_id"
    )
    found = found.merge(series, on=KEY, how="left").fillna({"series": -1})
    return found.sort_values(KEY, kind="stable", ignore_index=True)


def _quantiles_of(supply: LeadTimes) -> Integers:
    reached = np.cumsum(supply.probability, axis=1)
    place = (reached[:, None, :] < LEAD_TIME_LEVELS[:, None] - 1e-9).sum(axis=2)
    return np.take_along_axis(supply.days, np.minimum(place, supply.days.shape[1] - 1), axis=1)


def _buckets(days: Integers, calendar: PlanCalendar) -> Integers:
    buckets: Integers = -(-days // calendar.bucket.days)
    return buckets


def _frame(
    known: IntervalForecast,
    settings: pd.DataFrame,
    usual: Integers,
    possible: Integers,
    review: Integers,
    plan_date: dt.date,
) -> pd.DataFrame:
    series = settings["series"].to_numpy(dtype=np.int64)
    usually = known.over(series, usual, usual + review - 1)
    mean, std = usually.mean.copy(), usually.std.copy()
    random = np.flatnonzero((possible != usual[:, None]).any(axis=1))
    mean[random], std[random] = _moments(known, series[random], possible[random], review[random])
    frame = settings[KEY].assign(
        plan_date=pd.Timestamp(plan_date),
        first_bucket=usual,
        last_bucket=usual + review - 1,
        mean_units=usually.mean,
        std_units=usually.std,
        protection_mean_units=mean,
        protection_std_units=std,
    )
    frame[list(INTERVAL_COLUMNS)] = usually.quantiles
    return PROTECTION_DEMAND.conform(frame)


def _moments(known: IntervalForecast, series: Integers, possible: Integers, review: Integers) -> tuple[Reals, Reals]:
    """Return mean and spread of demand of ``[A, A' + r)`` over all pairs of arrivals (law of total variance)."""
    count = possible.shape[1]
    first = np.repeat(possible, count, axis=1)
    last = np.tile(possible, count) + review[:, None] - 1
    each = known.over(series, first, last)
    mean: Reals = each.mean.mean(axis=1)
    variance = (each.std**2 + each.mean**2).mean(axis=1) - mean**2
    return mean, np.sqrt(np.maximum(variance, 0.0))
