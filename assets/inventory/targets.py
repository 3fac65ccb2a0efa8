"""Stock targets of every ranged item-site: base stock, reorder point and donor protection.

Local base-stock levels over each site's own protection interval; the placement of safety stock
across echelons (guaranteed and stochastic service) is not here and will replace
``_base_stock`` only. Not here either: choosing the source (``supply``), the ratio
(``critical_ratio``) or the mixture (``lead_time_demand``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.critical_ratio import Promise, critical_ratios
from assets.inventory.lead_time_demand import (
    CumulativeDemand,
    Integers,
    LeadTimeDemand,
    Reals,
    gamma_quantiles,
)
from assets.inventory.supply import (
    KEY,
    NO_SOURCE,
    LeadTimes,
    departure_waits,
    lead_times_of,
    normal_sources,
)
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS
from assets.policy.release import Release

DELISTED = "delisted"
# A quantile of whole units read off an interpolated distribution: half a unit below counts as
# reached (continuity correction), else every expectation above nothing would stock a unit.
CONTINUITY = 0.5


@dataclass(frozen=True)
class _Protection:
    """Demand that stock must last for: until the arrival after next, and until the next one."""

    order: LeadTimeDemand
    donor: LeadTimeDemand
    buckets: Integers


def set_targets(
    forecast: pd.DataFrame,
    lead_times: pd.DataFrame,
    item_sites: pd.DataFrame,
    sites: pd.DataFrame,
    lanes: pd.DataFrame,
    sourcing: pd.DataFrame,
    items: pd.DataFrame,
    features: pd.DataFrame,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
) -> pd.DataFrame:
    """Set the targets of every ranged item-site.

    Base stock is the quantile, at the critical ratio, of demand over review plus lead time plus
    the wait for a departure, a mixture over the lead time's distribution; at least the
    presentation minimum and at most the maximum. With no fixed cost per line the periodic-review
    policy is (R, S - 1, S), so the reorder point is one unit below. A donor keeps the release's
    quantile of demand until its own next replenishment could arrive, at least the presentation
    minimum and never more than its base stock. A site that serves others adds the demand of the
    item-sites it normally serves: means and variances add (independent demands, unshifted by lead
    time), with the shape of a gamma distribution. Delisted item-sites have no target.

    Parameters
    ----------
    forecast, lead_times : DataFrame
        Frames ``DEMAND_FORECAST``, ``LEAD_TIME``.
    item_sites, sites, lanes, sourcing, items, features : DataFrame
        Frames ``DIM_ITEM_SITE``, ``DIM_SITE``, ``DIM_LANE``, ``DIM_SOURCING``, ``DIM_ITEM``,
        ``FEAT_ITEM_SITE``.
    release : Release
        Default service targets and the donor's quantile.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        Plan the targets belong to.

    Returns
    -------
    DataFrame
        Frame ``TARGETS``, one row per row of ``item_sites`` at an open site.
    """
    settings = _settings(item_sites, sites, items, features)
    if settings.empty:
        return TARGETS.empty()
    sources = normal_sources(settings, lanes, sourcing, items)
    supply = lead_times_of(sources, lead_times)
    demand = _demand_served(settings, sources, forecast)
    promise = critical_ratios(settings, release)
    protection = _protection(settings, sources, supply, demand, calendar, plan_date)
    base_stock = _base_stock(settings, protection, promise)
    kept = _protected(settings, protection, release.targets.protect_donor_quantile, base_stock)
    return _frame(settings, sources, supply, promise, protection, base_stock, kept, calendar, plan_date)


def _settings(
    item_sites: pd.DataFrame, sites: pd.DataFrame, items: pd.DataFrame, features: pd.DataFrame
) -> pd.DataFrame:
    found = item_sites.merge(sites[["site_id", "echelon"]], on="site_id", how="inner")
    found = found.merge(items[["item_id", "unit_cost", "unit_price"]], on="item_id", how="inner")
    found = found.merge(features[[*KEY, "abc_class"]], on=KEY, how="left")
    return found.sort_values(KEY, kind="stable", ignore_index=True)


def _demand_served(settings: pd.DataFrame, sources: pd.DataFrame, forecast: pd.DataFrame) -> CumulativeDemand:
    own = _own_demand(settings, forecast)
    mean, variance = own.mean.copy(), own.variance.copy()
    serves = np.zeros(len(settings), dtype=bool)
    position = settings[KEY].assign(position=np.arange(len(settings)))
    upstream = sources[["item_id", "source_id"]].rename(columns={"source_id": "site_id"})
    origin = upstream.merge(position, on=KEY, how="left")["position"].fillna(-1).to_numpy(dtype=np.int64)
    origin = np.where(sources["receipt_kind"].to_numpy() == "transfer", origin, -1)
    active = (settings["lifecycle"] != DELISTED).to_numpy()
    echelon = settings["echelon"].to_numpy(dtype=np.int64)
    for level in np.unique(echelon):
        # Sources stand on a higher echelon, so that what is added here is complete.
        rows = np.flatnonzero((echelon == level) & (origin >= 0) & active)
        np.add.at(mean, origin[rows], mean[rows])
        np.add.at(variance, origin[rows], variance[rows])
        serves[origin[rows]] = True
    quantiles = own.quantiles.copy()
    quantiles[serves] = gamma_quantiles(mean[serves], variance[serves])
    # The gamma of a longer interval can dip below a shorter one's in the lowest quantiles.
    return CumulativeDemand(mean, variance, np.maximum.accumulate(quantiles, axis=1))


def _own_demand(settings: pd.DataFrame, forecast: pd.DataFrame) -> CumulativeDemand:
    horizon = int(forecast["bucket_index"].max()) + 1 if len(forecast) else 1
    position = settings[KEY].assign(position=np.arange(len(settings)))
    found = forecast.merge(position, on=KEY, how="inner")
    row, column = found["position"].to_numpy(), found["bucket_index"].to_numpy()
    shape = (len(settings), horizon)
    mean, variance, quantiles = np.zeros(shape), np.zeros(shape), np.zeros((*shape, len(QUANTILE_COLUMNS)))
    mean[row, column] = found["cumulative_mean_units"]
    variance[row, column] = found["cumulative_std_units"] ** 2
    quantiles[row, column] = found[list(QUANTILE_COLUMNS)]
    return CumulativeDemand(mean, variance, quantiles)


def _protection(
    settings: pd.DataFrame,
    sources: pd.DataFrame,
    supply: LeadTimes,
    demand: CumulativeDemand,
    calendar: PlanCalendar,
    plan_date: dt.date,
) -> _Protection:
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
    return _Protection(
        LeadTimeDemand(demand.upto(_buckets(order_days, calendar)), supply.probability),
        LeadTimeDemand(demand.upto(_buckets(donor_days, calendar)), supply.probability),
        np.maximum(np.ceil(mean_days / calendar.bucket.days - 1e-9), 1).astype(np.int64),
    )


def _buckets(days: Integers, calendar: PlanCalendar) -> Integers:
    buckets: Integers = -(-days // calendar.bucket.days)
    return buckets


def _base_stock(settings: pd.DataFrame, protection: _Protection, promise: Promise) -> Integers:
    units = _whole_units(protection.order.quantile(promise.ratio))
    units = np.maximum(units, settings["presentation_minimum_units"].to_numpy(dtype=np.int64))
    return _bounded(units, settings)


def _protected(settings: pd.DataFrame, protection: _Protection, quantile: float, base_stock: Integers) -> Integers:
    kept = _whole_units(protection.donor.quantile(np.full(len(settings), quantile)))
    kept = np.minimum(kept, base_stock)
    kept = np.maximum(kept, settings["presentation_minimum_units"].to_numpy(dtype=np.int64))
    return _bounded(kept, settings)


def _whole_units(units: Reals) -> Integers:
    return np.maximum(np.ceil(units - CONTINUITY - 1e-9), 0).astype(np.int64)


def _bounded(units: Integers, settings: pd.DataFrame) -> Integers:
    most = settings["maximum_units"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    active = (settings["lifecycle"] != DELISTED).to_numpy()
    return np.where(active, np.minimum(units, most), 0).astype(np.int64)


def _frame(
    settings: pd.DataFrame,
    sources: pd.DataFrame,
    supply: LeadTimes,
    promise: Promise,
    protection: _Protection,
    base_stock: Integers,
    kept: Integers,
    calendar: PlanCalendar,
    plan_date: dt.date,
) -> pd.DataFrame:
    mean = protection.order.mean
    frame = settings[[*KEY, "echelon", "maximum_units"]].assign(
        plan_date=pd.Timestamp(plan_date),
        receipt_kind=sources["receipt_kind"],
        source_id=sources["source_id"],
        lead_time_mean_days=supply.mean,
        lead_time_std_days=supply.std,
        protection_buckets=protection.buckets,
        critical_ratio=promise.ratio,
        critical_ratio_source=promise.source,
        shortage_cost_per_unit=promise.shortage_cost,
        holding_cost_per_unit_bucket=settings["holding_cost_per_unit_day"] * calendar.bucket.days,
        protection_mean_units=mean,
        protection_std_units=protection.order.std,
        base_stock_units=base_stock,
        safety_stock_units=base_stock - np.round(mean).astype(np.int64),
        reorder_point_units=np.maximum(base_stock - 1, 0),
        protection_units=kept,
        target_amount=base_stock * settings["unit_cost"],
    )
    return TARGETS.conform(frame)
