"""Stock targets of every ranged item-site: base stock, reorder point and donor protection, and what they promise.

Stores cover their own protection interval; warehouses do as their item's placement says. Not here: the placement
(``placement``), choosing the source (``supply``), the ratio (``critical_ratio``) or the mixture
(``lead_time_demand``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from assets.inventory.cross_docks import holds_stock
from assets.inventory.fill_rate import least_base_stock
from assets.inventory.lead_time_demand import Integers, Reals
from assets.inventory.lead_time_loss import probability_of_at_most
from assets.inventory.master_data import MasterData
from assets.inventory.promise import ExpectedService
from assets.inventory.protection import Protection
from assets.inventory.settings import DELISTED, item_site_settings
from assets.inventory.situation import Situation, situation_of
from assets.inventory.supply import KEY
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.targets import PLACEMENT
from assets.policy.critical_ratio import CYCLE_SERVICE, Promise, implied_shortage_cost
from assets.policy.release import Release

# A quantile of whole units read off an interpolated distribution: half a unit below counts as
# reached (continuity correction), else every expectation above nothing would stock a unit.
CONTINUITY = 0.5


def set_targets(
    forecast: pd.DataFrame,
    lead_times: pd.DataFrame,
    master: MasterData,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
    placement: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set the targets of every ranged item-site.

    Base stock is the quantile, at the critical ratio, of demand over review plus lead time plus
    the wait for a departure, a mixture over the lead time's distribution; at least the
    presentation minimum and at most the maximum. A warehouse that was placed covers the mean of that
    demand and as many standard deviations as its placement says. A target by fill rate is the least
    base stock that fills it. With no fixed cost per line the periodic-review policy is (R, S - 1, S),
    so the reorder point is one unit below. A donor keeps the release's quantile of demand until its
    own next replenishment could arrive, at least the presentation minimum and never more than its base
    stock. A site that serves others adds the demand of the item-sites it normally serves: means and
    variances add (independent demands, unshifted by lead time), with the shape of a gamma
    distribution. Delisted item-sites and cross-docks have no
    target; a site behind a cross-dock covers the way to it as well. What a base stock is expected to do counts what
    its source will owe it.

    Parameters
    ----------
    forecast, lead_times : DataFrame
        Frames ``DEMAND_FORECAST``, ``LEAD_TIME``.
    master : MasterData
        Of the plan date.
    release : Release
        Default service targets, what they measure, and the donor's quantile.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        Plan the targets belong to.
    placement : DataFrame, optional
        Frame ``PLACEMENT``; without it every site covers its own protection interval.

    Returns
    -------
    DataFrame
        Frame ``TARGETS``, one row per item-site at an open site.
    """
    if item_site_settings(master).empty:
        return TARGETS.empty()
    known = situation_of(forecast, lead_times, master, release, calendar, plan_date)
    settings, protection = known.settings, known.protection
    placed = _placed(settings, PLACEMENT.empty() if placement is None else placement)
    base_stock = _base_stock(settings, protection, known.promise, placed)
    promise = _implied(known, base_stock, placed)
    kept = _protected(settings, protection, release.targets.protect_donor_quantile, base_stock)
    system = known.system(promise.shortage_cost)
    frame = settings[[*KEY, "echelon", "maximum_units"]].assign(
        plan_date=pd.Timestamp(plan_date),
        receipt_kind=known.sources["receipt_kind"],
        source_id=known.sources["source_id"],
        lead_time_mean_days=known.supply.mean,
        lead_time_std_days=known.supply.std,
        **_levels(settings, protection, promise, base_stock, kept, calendar),
        placement=placed["placement"],
        **_promised(settings, promise, known.expected(system, base_stock)),
        demand_mean_units=system.mean,
    )
    return TARGETS.conform(frame)


def _placed(settings: pd.DataFrame, placement: pd.DataFrame) -> pd.DataFrame:
    found = settings[KEY].merge(placement[[*KEY, "placement", "safety_factor"]], on=KEY, how="left")
    return found.assign(placement=found["placement"].fillna("local"))


def _base_stock(settings: pd.DataFrame, protection: Protection, promise: Promise, placed: pd.DataFrame) -> Integers:
    units = _whole_units(protection.order.quantile(promise.ratio))
    factor = placed["safety_factor"].to_numpy(dtype=np.float64)
    held = _whole_units(protection.order.mean + np.nan_to_num(factor) * protection.order.std)
    units = np.where(np.isfinite(factor), held, units)
    by_fill = np.flatnonzero(promise.by_fill_rate & ~np.isfinite(factor))
    if len(by_fill):
        units[by_fill] = least_base_stock(protection.cycle.rows(by_fill), promise.promised[by_fill])
    units = np.maximum(units, settings["presentation_minimum_units"].to_numpy(dtype=np.int64))
    return _bounded(units, settings)


def _implied(known: Situation, base_stock: Integers, placed: pd.DataFrame) -> Promise:
    """Return the promise that base stocks come to where they do not follow from a ratio.

    A fill rate implies a ratio, and so a shortage cost; a placed warehouse promises what its base stock covers.
    """
    promise = known.promise
    reached = probability_of_at_most(known.protection.order, base_stock.astype(np.float64) + CONTINUITY)
    by_fill, moved = promise.by_fill_rate, placed["safety_factor"].notna().to_numpy()
    by_fill = by_fill & ~moved
    implied = implied_shortage_cost(known.settings, reached, known.shortage_weight)
    return replace(
        promise,
        ratio=np.where(by_fill, reached, promise.ratio),
        shortage_cost=np.where(by_fill, implied, promise.shortage_cost),
        measure=np.where(moved, CYCLE_SERVICE, promise.measure).astype(object),
        promised=np.where(moved, reached, promise.promised),
    )


def _protected(settings: pd.DataFrame, protection: Protection, quantile: float, base_stock: Integers) -> Integers:
    kept = _whole_units(protection.donor.quantile(np.full(len(settings), quantile)))
    kept = np.minimum(kept, base_stock)
    kept = np.maximum(kept, settings["presentation_minimum_units"].to_numpy(dtype=np.int64))
    return _bounded(kept, settings)


def _whole_units(units: Reals) -> Integers:
    return np.maximum(np.ceil(units - CONTINUITY - 1e-9), 0).astype(np.int64)


def _bounded(units: Integers, settings: pd.DataFrame) -> Integers:
    most = settings["maximum_units"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    active = (settings["lifecycle"] != DELISTED).to_numpy() & holds_stock(settings)
    return np.where(active, np.minimum(units, most), 0).astype(np.int64)


def _levels(
    settings: pd.DataFrame,
    protection: Protection,
    promise: Promise,
    base_stock: Integers,
    kept: Integers,
    calendar: PlanCalendar,
) -> dict[str, Any]:
    mean = protection.order.mean
    return {
        "protection_buckets": protection.buckets,
        "critical_ratio": promise.ratio,
        "critical_ratio_source": promise.source,
        "shortage_cost_per_unit": promise.shortage_cost,
        "service_price_per_unit": promise.floor_price,
        "holding_cost_per_unit_bucket": settings["holding_cost_per_unit_day"] * calendar.bucket.days,
        "protection_mean_units": mean,
        "protection_std_units": protection.order.std,
        "base_stock_units": base_stock,
        "safety_stock_units": base_stock - np.round(mean).astype(np.int64),
        "reorder_point_units": np.maximum(base_stock - 1, 0),
        "protection_units": kept,
        "target_amount": base_stock * settings["unit_cost"],
    }


def _promised(settings: pd.DataFrame, promise: Promise, expected: ExpectedService) -> dict[str, Any]:
    return {
        "service_measure": promise.measure,
        "promised_service": promise.promised,
        "expected_cycle_service": expected.cycle_service,
        "expected_fill_rate": expected.fill_rate,
        "expected_ready_rate": expected.ready_rate,
        "expected_stock_units": expected.stock,
        "expected_stock_amount": expected.stock * settings["unit_cost"],
    }
