"""Daily networks of several years with a season of the year, in the shape of the marts."""

import datetime as dt

import numpy as np
import pandas as pd
from unit.forecasting.conftest import PLAN_DATE, World, demand_rows

from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.remembered import remembered_panel
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.marts import DIM_EVENT

DAILY = PlanCalendar(Bucket.DAY, "UTC")
THREE_YEARS = 1_096
LONG_AGO = dt.datetime(2020, 1, 1)  # before any origin


def swing(length: int = THREE_YEARS, size: float = 0.8, horizon: int = 0) -> np.ndarray:
    """A sine over the days before and after the plan, which stands in the middle of its rise."""
    return 1.0 + size * np.sin(2.0 * np.pi * np.arange(-length, horizon) / 365.25)


def network(mean: np.ndarray, *, seed: int = 3, horizon: int = 42) -> World:
    """Four items at as many stores as there are means left, each Poisson around its own."""
    random = np.random.default_rng(seed)
    names = [(f"item-{row % 4}", f"store-{row // 4}") for row in range(len(mean))]
    rows = [demand_rows(random.poisson(of), item=item, site=site) for of, (item, site) in zip(mean, names, strict=True)]
    ranged = pd.DataFrame(names, columns=["item_id", "site_id"]).assign(demand_segment="smooth")
    return World(pd.concat(rows, ignore_index=True), ranged, horizon=horizon)


def panel_of(
    world: World, origins: int = 3, *, events: pd.DataFrame | None = None, categories: dict[str, str] | None = None
) -> SeriesPanel:
    """Return the panel of 364 days; all items are of one category unless told."""
    category = world.features["item_id"].map(categories or {}).fillna("food")
    ranged = world.features.assign(category=category, region="")
    return remembered_panel(
        world.demand, ranged, DAILY, PLAN_DATE, 364, events=events, horizon=world.horizon, origins=origins
    )


def event(name: str, starts_in: int, days: int = 1, **of: object) -> dict[str, object]:
    """One event that starts so many days after the plan, a holiday of every site unless told."""
    start = PLAN_DATE + dt.timedelta(days=starts_in)
    concerned = {"region": None, "site_id": None, "item_id": None, "unit_price": None, **of}
    return {
        "event_kind": "holiday",
        "available_at": LONG_AGO,
        **concerned,
        "event_id": f"{name} {start} {concerned['item_id']}",
        "event_name": name,
        "start_date": start,
        "end_date": start + dt.timedelta(days=days - 1),
    }


def calendar_of(*rows: dict[str, object]) -> pd.DataFrame:
    if not rows:
        return DIM_EVENT.empty()
    return DIM_EVENT.conform(pd.DataFrame(rows).assign(plan_date=pd.Timestamp(PLAN_DATE)))
