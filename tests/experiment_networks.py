"""A network to play experiments on, told in a few words: items at two stores below one warehouse."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from small_networks import frame

from assets.kernel.calendar import Bucket
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_LANE, DIM_SITE, DIM_SOURCING, FCT_DEMAND
from assets.kernel.network import NetworkProfile

PLAN_DATE = dt.date(2026, 3, 2)
STORES, WAREHOUSE = ("s1", "s2"), "w1"
DAYS = 60


def profile() -> NetworkProfile:
    """Return a daily network whose unmet demand is lost."""
    return NetworkProfile(
        name="tiny", bucket=Bucket.DAY, horizon_buckets=8, first_plan_date=PLAN_DATE, declared_date=PLAN_DATE
    )


def tables(items: int = 3, *, seed: int = 5) -> dict[str, pd.DataFrame]:
    """Return what a home publishes of it, with ``DAYS`` days of demand."""
    names, random = [f"i{number}" for number in range(items)], np.random.default_rng(seed)
    places = [(item, site) for item in names for site in (*STORES, WAREHOUSE)]
    begin = PLAN_DATE - dt.timedelta(days=DAYS)
    demand = [
        {
            "item_id": item, "site_id": store, "bucket_start": pd.Timestamp(begin + dt.timedelta(days=day)),
            "sold_units": units, "demand_lower_bound_units": units, "in_stock_share": 1.0, "is_censored": False,
            "is_promoted": False, "unit_price": 15.0,
            "available_at": pd.Timestamp(begin + dt.timedelta(days=day + 1)), "batch_id": "b",
        }
        for item in names
        for store in STORES
        for day, units in enumerate(random.poisson(3.0, DAYS).tolist())
    ]  # fmt: skip
    lane = {"origin_id": WAREHOUSE, "quoted_transit_days": 1}
    return {
        "dim_item": frame(DIM_ITEM, [{"item_id": item} for item in names]),
        "dim_site": frame(
            DIM_SITE,
            [*({"site_id": store} for store in STORES),
             {"site_id": WAREHOUSE, "site_kind": "regional_warehouse", "echelon": 1}],
        ),
        "dim_lane": frame(
            DIM_LANE,
            [*({**lane, "destination_id": store} for store in STORES),
             {"origin_id": "s1", "destination_id": "s2", "fixed_cost_per_departure": 3.0}],
        ),
        "dim_sourcing": frame(
            DIM_SOURCING, [{"item_id": item, "supplier_id": "supplier", "site_id": WAREHOUSE} for item in names]
        ),
        "dim_item_site": frame(DIM_ITEM_SITE, [{"item_id": item, "site_id": site} for item, site in places]),
        "fct_demand": FCT_DEMAND.conform(pd.DataFrame(demand)),
    }  # fmt: skip
