"""Synthetic demand: seeded, in the shape of the marts, with nothing on disk."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.forecast import DemandForecast, forecast_demand
from assets.forecasting.registry.prescribed import Prescribed
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release

PLAN_DATE = dt.date(2025, 6, 30)  # a Monday, so that it starts a bucket of either kind


def demand_rows(
    units: np.ndarray,
    *,
    item: str = "item-0",
    site: str = "store-0",
    bucket: Bucket = Bucket.DAY,
    censored: np.ndarray | None = None,
    plan_date: dt.date = PLAN_DATE,
) -> pd.DataFrame:
    """Rows of ``FCT_DEMAND`` for one series that ends in the bucket before the plan date."""
    count = len(units)
    step = dt.timedelta(days=bucket.days)
    flags = np.zeros(count, dtype=bool) if censored is None else np.asarray(censored, dtype=bool)
    starts = pd.to_datetime([plan_date - step * (count - place) for place in range(count)])
    return pd.DataFrame(
        {
            "item_id": item,
            "site_id": site,
            "bucket_start": starts.astype("datetime64[us]"),
            "sold_units": np.asarray(units, dtype="int64"),
            "demand_lower_bound_units": np.maximum(np.asarray(units, dtype="int64"), 0),
            "in_stock_share": np.where(flags, 0.0, 1.0),
            "is_censored": flags,
            "is_promoted": False,
            "unit_price": 1.0,
            "available_at": (starts + pd.Timedelta(days=bucket.days, hours=2)).astype("datetime64[us]"),
            "batch_id": "batch",
        }
    )


@dataclass(frozen=True)
class World:
    """Demand and features of a network of stores."""

    demand: pd.DataFrame
    features: pd.DataFrame
    bucket: Bucket = Bucket.DAY
    horizon: int = 7

    def with_series(self, rows: pd.DataFrame | None, item: str, site: str, segment: str = "new") -> "World":
        """Add one ranged item-site, with its rows if it has any."""
        ranged = pd.DataFrame({"item_id": [item], "site_id": [site], "demand_segment": [segment]})
        demand = self.demand if rows is None else pd.concat([self.demand, rows], ignore_index=True)
        return replace(self, demand=demand, features=pd.concat([self.features, ranged], ignore_index=True))

    def forecast(self, release: Release, **told: Any) -> DemandForecast:
        """Forecast, with what is told of the models (``Prescribed``) and of all else."""
        models = Prescribed(**{field.name: told.pop(field.name) for field in fields(Prescribed) if field.name in told})
        calendar = PlanCalendar(self.bucket, "UTC")
        return forecast_demand(
            self.demand, self.features, release, calendar, PLAN_DATE, self.horizon, models=models, **told
        )


def make_world(
    *, items: int = 6, sites: int = 3, length: int = 120, bucket: Bucket = Bucket.DAY, seed: int = 7
) -> World:
    """A world of Poisson demand with a weekday pattern and a few stock-outs."""
    random = np.random.default_rng(seed)
    pattern = np.array([0.6, 0.8, 1.0, 1.0, 1.2, 1.6, 0.8])
    factor = np.tile(pattern, length // 7 + 1)[:length] if bucket is Bucket.DAY else np.ones(length)
    parts, ranged = [], []
    for item in range(items):
        for site in range(sites):
            level = 0.3 * 2.0**item
            empty = random.random(length) < 0.05
            units = np.where(empty, 0, random.poisson(level * factor))
            names = f"item-{item}", f"store-{site}"
            parts.append(demand_rows(units, item=names[0], site=names[1], bucket=bucket, censored=empty))
            ranged.append((*names, "smooth" if level >= 2 else "intermittent"))
    features = pd.DataFrame(ranged, columns=["item_id", "site_id", "demand_segment"])
    return World(pd.concat(parts, ignore_index=True), features, bucket)


@pytest.fixture(scope="session")
def release() -> Release:
    return PolicyRegistry().active()


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def rows() -> Callable[..., pd.DataFrame]:
    return demand_rows


@pytest.fixture(scope="session")
def worlds() -> Callable[..., World]:
    return make_world


@pytest.fixture(scope="session")
def made(world: World, release: Release) -> DemandForecast:
    return world.forecast(release)
