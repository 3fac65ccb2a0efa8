"""Small networks as snapshots, told in a few words."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import poisson

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, LEAD_TIME, QUANTILE_LEVELS, quantile_column
from assets.kernel.frames.marts import (
    DIM_ITEM,
    DIM_ITEM_SITE,
    DIM_LANE,
    DIM_SITE,
    DIM_SOURCING,
    FCT_INVENTORY_POSITION,
    FCT_OPEN_ORDER,
    FCT_SCHEDULED_RECEIPT,
)
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.network import NetworkProfile
from assets.policy.release import ForecastRules, Guardrails, Objective, Release, TargetRules
from assets.rebalancing.snapshot import Snapshot

PLAN_DATE = dt.date(2026, 3, 2)
"""A Monday."""

_DEFAULTS: dict[str, Any] = {
    "plan_date": pd.Timestamp(PLAN_DATE), "description": "", "category": "c", "base_unit": "each",
    "unit_cost": 10.0, "unit_price": 15.0, "weight_kg_per_unit": 0.0, "volume_m3_per_unit": 0.0,
    "shelf_life_days": None, "is_sensitive": False, "site_name": "", "site_kind": "store", "region": "r",
    "timezone": "UTC", "echelon": 0, "mode": "van", "fixed_cost_per_departure": 0.0, "cost_per_kg": 0.0,
    "cost_per_m3": 0.0, "cost_per_unit": 0.5, "capacity_kg": None, "departure_days": "",
    "quoted_transit_days": 1, "minimum_order_units": 0, "order_multiple_units": 1,
    "quoted_lead_time_days": 3, "minimum_order_amount": 0.0, "capacity_units_per_day": None,
    "holding_cost_per_unit_day": 0.05, "shortage_cost_per_unit": 5.0, "service_target": None,
    "presentation_minimum_units": 0, "maximum_units": None, "review_days": 1, "lifecycle": "active",
    "on_hand_units": 0, "reserved_units": 0, "blocked_units": 0, "expiring_units": 0, "available_units": 0,
    "in_transit_units": 0, "on_order_units": 0, "position_units": 0, "stock_amount": 0.0, "batch_ids": "",
    "counted_date": None, "first_expiry_date": None, "receipt_kind": "purchase", "source_id": "supplier",
    "lead_time_mean_days": 3.0, "lead_time_std_days": 0.0, "protection_buckets": 4, "critical_ratio": 0.95,
    "critical_ratio_source": "cost", "holding_cost_per_unit_bucket": 0.05, "protection_mean_units": 8.0,
    "protection_std_units": 3.0, "base_stock_units": 12, "safety_stock_units": 4, "reorder_point_units": 8,
    "protection_units": 6, "target_amount": 0.0, "is_late": False, "demand_segment": "smooth", "model": "m",
    "model_version": "v", "gate": "feeds", "rule": "freshness", "feed": "wms_inventory", "site_id": "",
    "item_id": "", "severity": "warning", "observed": None, "expected": None, "offender_count": 1,
    "anomaly_score": 0.5, "message": "", "remedy": "", "placement": "local", "service_measure": "cycle_service",
    "promised_service": 0.95, "expected_cycle_service": 0.95, "expected_fill_rate": 0.98,
    "expected_ready_rate": 0.97, "expected_stock_units": 4.0, "expected_stock_amount": 40.0, "demand_mean_units": 2.0,
}  # fmt: skip


def frame(kind: Frame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a conformed frame; what a row does not say takes a default."""
    if not rows:
        return kind.empty()
    return kind.conform(pd.DataFrame([{c: row.get(c, _DEFAULTS.get(c)) for c in kind.names} for row in rows]))


@functools.lru_cache
def _poisson_quantiles(mean: float) -> dict[str, float]:
    values = poisson.ppf(np.array(QUANTILE_LEVELS), mean) if mean > 0 else np.zeros(len(QUANTILE_LEVELS))
    return {quantile_column(level): float(value) for level, value in zip(QUANTILE_LEVELS, values, strict=True)}


def poisson_forecast(
    item: str, site: str, rate: float, horizon: int, days: int = 1, correlation: float = 0.0
) -> list[dict[str, Any]]:
    """Return forecast rows of Poisson demand with ``rate`` units a bucket."""
    return [
        {
            "item_id": item,
            "site_id": site,
            "bucket_index": t,
            "mean_units": rate,
            "cumulative_mean_units": rate * (t + 1),
            "bucket_start": pd.Timestamp(PLAN_DATE) + pd.Timedelta(days=t * days),
            "cumulative_std_units": float(np.sqrt(rate * (t + 1))),
            "site_correlation": correlation,
            "decision_level": 0.9,
            **_poisson_quantiles(rate * (t + 1)),
        }
        for t in range(horizon)
    ]


def certain_forecast(item: str, site: str, demand: list[float]) -> list[dict[str, Any]]:
    """Return forecast rows of demand that is known."""
    total = np.cumsum(demand)
    return [
        {
            "item_id": item, "site_id": site, "bucket_index": t,
            "mean_units": demand[t], "cumulative_mean_units": total[t],
            "bucket_start": pd.Timestamp(PLAN_DATE) + pd.Timedelta(days=t), "cumulative_std_units": 0.0,
            "site_correlation": 0.0,
            "decision_level": 0.9,
            **{quantile_column(level): float(total[t]) for level in QUANTILE_LEVELS},
        }
        for t in range(len(demand))
    ]  # fmt: skip


def snapshot(
    stores: list[dict[str, Any]],
    forecast: list[dict[str, Any]],
    *,
    lanes: list[dict[str, Any]] | None = None,
    sourcing: list[dict[str, Any]] | None = None,
    receipts: list[dict[str, Any]] | None = None,
    verdicts: list[dict[str, Any]] | None = None,
    items: dict[str, dict[str, Any]] | None = None,
    recent: list[dict[str, Any]] | None = None,
    sites: dict[str, dict[str, Any]] | None = None,
    ordered: list[dict[str, Any]] | None = None,
) -> Snapshot:
    """Return a snapshot; each row of ``stores`` speaks for settings, stock and target of an item-site."""
    item_ids, site_ids = sorted({s["item_id"] for s in stores}), sorted({s["site_id"] for s in stores})
    echelon = {s["site_id"]: s.get("echelon", 0) for s in stores}
    return Snapshot(
        position=frame(FCT_INVENTORY_POSITION, stores),
        scheduled_receipts=frame(FCT_SCHEDULED_RECEIPT, receipts or []),
        forecast=frame(DEMAND_FORECAST, forecast),
        lead_times=LEAD_TIME.empty(),
        targets=frame(TARGETS, stores),
        items=frame(DIM_ITEM, [{"item_id": i, **(items or {}).get(i, {})} for i in item_ids]),
        sites=frame(DIM_SITE, [{"site_id": s, "echelon": echelon[s], **(sites or {}).get(s, {})} for s in site_ids]),
        lanes=frame(DIM_LANE, lanes or []),
        sourcing=frame(DIM_SOURCING, sourcing or []),
        item_sites=frame(DIM_ITEM_SITE, stores),
        verdicts=frame(VERDICTS, verdicts or []),
        recent_receipts=pd.DataFrame(recent) if recent else None,
        open_orders=frame(FCT_OPEN_ORDER, ordered) if ordered else None,
    )


def profile(horizon: int = 6, bucket: str = "day", *, lost_sales: bool = True) -> NetworkProfile:
    """Return a network profile."""
    return NetworkProfile(
        name="small", bucket=bucket, horizon_buckets=horizon, first_plan_date=PLAN_DATE, lost_sales=lost_sales
    )


def release(**guardrails: Any) -> Release:
    """Return a release with the given guardrails; no least gain and no cool-down unless asked for."""
    rules = {"minimum_gain_amount": 0.0, "cool_down_days": 0, **guardrails}
    return Release(
        name="test",
        stage="active",
        forecast=ForecastRules(candidates={}),
        targets=TargetRules(default_service_target={"A": 0.95, "B": 0.95, "C": 0.95}),
        guardrails=Guardrails(**rules),
        objective=Objective(),
    )
