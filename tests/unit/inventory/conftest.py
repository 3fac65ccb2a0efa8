"""A network of a supplier, a hub and stores, in the shape of the marts, with nothing on disk."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assets.inventory.master_data import MasterData
from assets.inventory.targets import set_targets
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames import Frame
from assets.kernel.frames.forecasts import LEAD_TIME, QUANTILE_COLUMNS, QUANTILE_LEVELS
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_LANE, DIM_SOURCING
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release

PLAN_DATE = dt.date(2025, 6, 30)  # a Monday
STAMP = pd.Timestamp(PLAN_DATE)
SETTING: dict[str, Any] = {
    "holding_cost_per_unit_day": 0.01, "shortage_cost_per_unit": 1.0, "service_target": None,
    "presentation_minimum_units": 0, "maximum_units": None, "review_days": 1, "lifecycle": "active",
}  # fmt: skip
LANE: dict[str, Any] = {
    "mode": "truck", "fixed_cost_per_departure": 10.0, "cost_per_kg": 0.0, "cost_per_m3": 0.0,
    "cost_per_unit": 0.1, "capacity_kg": None, "capacity_m3": None, "truck_kg": None, "truck_m3": None,
    "departure_days": "", "quoted_transit_days": 2,
}  # fmt: skip
SOURCE: dict[str, Any] = {
    "supplier_id": "maker", "unit_cost": 4.0, "minimum_order_units": 0, "order_multiple_units": 1,
    "quoted_lead_time_days": 10, "minimum_order_amount": 0.0, "capacity_units_per_day": None,
    "supplier_capacity_units_per_day": None, "minimum_document_units": None,
}  # fmt: skip
ITEM: dict[str, Any] = {
    "description": "", "category": "c", "base_unit": "each", "unit_cost": 4.0, "unit_price": 6.0,
    "weight_kg_per_unit": 1.0, "volume_m3_per_unit": 0.01, "shelf_life_days": None, "is_sensitive": False,
}  # fmt: skip


def rows_of(frame: Frame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        return frame.empty()
    typed = pd.DataFrame(rows)
    for column in frame.columns:
        if column.nullable and column.name in typed:
            typed[column.name] = pd.Series(typed[column.name].tolist(), dtype="object")
    return frame.conform(typed)


def poisson_forecast(item: str, site: str, rate: float, correlation: float, horizon: int = 21) -> pd.DataFrame:
    mean = rate * np.arange(1, horizon + 1)
    frame = pd.DataFrame({"bucket_index": np.arange(horizon), "cumulative_mean_units": mean})
    frame["cumulative_std_units"] = np.sqrt(mean)
    frame["site_correlation"] = correlation
    for level, name in zip(QUANTILE_LEVELS, QUANTILE_COLUMNS, strict=True):
        frame[name] = stats.poisson(mean).ppf(level) if rate else 0.0
    return frame.assign(item_id=item, site_id=site, mean_units=rate)


@dataclass(frozen=True)
class Network:
    """Everything that targets read; changed by ``with_``."""

    rates: dict[tuple[str, str], float] = field(default_factory=lambda: {("i", "a"): 5.0, ("i", "b"): 3.0})
    settings: dict[tuple[str, str], dict[str, Any]] = field(
        default_factory=lambda: {("i", "a"): {}, ("i", "b"): {}, ("i", "hub"): {}}
    )
    echelons: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0, "hub": 1})
    kinds: dict[str, str] = field(default_factory=dict)
    lanes: tuple[dict[str, Any], ...] = (
        {"origin_id": "hub", "destination_id": "a"},
        {"origin_id": "hub", "destination_id": "b"},
    )
    sourcing: tuple[dict[str, Any], ...] = ({"item_id": "i", "site_id": "hub"},)
    lead_times: tuple[dict[str, Any], ...] = ()
    abc_class: str = "A"
    bucket: Bucket = Bucket.DAY
    correlation: float = 0.0

    def with_(self, **changes: Any) -> "Network":
        return replace(self, **changes)

    def frames(self) -> list[pd.DataFrame]:
        items = sorted({item for item, _ in self.settings})
        settings = [
            {"plan_date": STAMP, "item_id": i, "site_id": s, **SETTING, **more}
            for (i, s), more in self.settings.items()
        ]
        forecasts = [poisson_forecast(i, s, rate, self.correlation) for (i, s), rate in self.rates.items()]
        return [
            pd.concat(forecasts, ignore_index=True),
            rows_of(LEAD_TIME, [{"plan_date": STAMP, **row} for row in self.lead_times]),
            rows_of(DIM_ITEM_SITE, settings),
            pd.DataFrame(
                [(site, self.kinds.get(site, "store"), echelon) for site, echelon in self.echelons.items()],
                columns=["site_id", "site_kind", "echelon"],
            ),
            rows_of(DIM_LANE, [{"plan_date": STAMP, **LANE, **row} for row in self.lanes]),
            rows_of(DIM_SOURCING, [{"plan_date": STAMP, **SOURCE, **row} for row in self.sourcing]),
            rows_of(DIM_ITEM, [{"plan_date": STAMP, "item_id": item, **ITEM} for item in items]),
            pd.DataFrame(list(self.settings), columns=["item_id", "site_id"]).assign(abc_class=self.abc_class),
        ]

    def targets(self, release: Release, *, shuffled: bool = False) -> pd.DataFrame:
        frames = self.frames()
        if shuffled:
            frames = [frame.sample(frac=1, random_state=5) for frame in frames]
        return set_targets(*frames[:2], MasterData(*frames[2:]), release, PlanCalendar(self.bucket, "UTC"), PLAN_DATE)

    def target(self, release: Release, site: str, item: str = "i") -> pd.Series:
        found = self.targets(release)
        return found[(found["item_id"] == item) & (found["site_id"] == site)].iloc[0]


@pytest.fixture(scope="session")
def release() -> Release:
    return PolicyRegistry().active()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture(scope="session")
def lead_time_rows() -> Callable[..., tuple[dict[str, Any], ...]]:
    def rows(days: dict[int, float], site: str = "a") -> tuple[dict[str, Any], ...]:
        key = {"receipt_kind": "transfer", "source_id": "hub", "site_id": site, "mode": "truck"}
        return tuple({**key, "lead_time_days": day, "probability": share} for day, share in days.items())

    return rows
