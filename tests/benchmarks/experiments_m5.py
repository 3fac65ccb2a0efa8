"""M5 as a test of scale: one snapshot of 3,049 items at 10 stores, planned once, with what it takes.

The files tell units sold only: costs, lanes and warehouses are stated here. Not here: any window, or
what the plan is worth.
"""

from __future__ import annotations

import datetime as dt
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from plans_feeds import Feeds, between_stores, marts_of, of_items, weekly_panel
from scorecard_panels import BenchPanel

from assets.feeds.importers.files import require_files
from assets.kernel.calendar import Bucket
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry
from assets.rebalancing.plan import solve
from assets.twin.day import Ints
from assets.twin.experiment.network import KEY, ExperimentNetwork, stock_of
from assets.twin.experiment.player import Player
from assets.twin.experiment.setting import Setting

FILE = "m5_item_store_daily_d1914_d1941.csv.gz"
LAST_DAY = dt.date(2016, 5, 22)
UNIT_COST, SHORTAGE, RATE = 2.0, 1.5, 0.25
SUPPLIER_DAYS, LANE_DAYS, LATERAL_DAYS = 3, 1, 1
LANE_COST, LATERAL_COST = 0.02, 0.3
COVER_DAYS, SMALL_ITEMS, HORIZON = 4, 30, 14


def measured(data: Path, items: int | None, seed: int, small: bool) -> dict[str, Any]:
    """Return what planning the day after the last takes: seconds of processor time, lines, memory.

    Parameters
    ----------
    data : Path
        Folder with a folder a data set.
    items : int, optional
        Drawn by the seed; all where it is none or 0.
    seed : int
        Of the draw.
    small : bool
        Few items, to see it work.
    """
    network = m5(data, (SMALL_ITEMS if small else 0) if items is None else items, seed)
    setting, date = Setting(network, PolicyRegistry().active()), network.starts[0]
    began = time.process_time()
    setting.known(date)
    known = time.process_time()
    problem = Player(setting, date, 1.0).problem(date, network.opening(date))
    built = time.process_time()
    plan = solve(problem)
    planned = time.process_time()
    lines, stores = plan.lines, set(network.sites.loc[network.sites["echelon"] == 0, "site_id"])
    lateral = lines["origin_id"].isin(stores) & lines["destination_id"].isin(stores)
    joint = plan.summary.set_index("policy")["cost_amount"] if "cost_amount" in plan.summary else None
    return {
        "items": int(network.places["item_id"].nunique()),
        "stores": len(stores),
        "item_sites": len(network.places),
        "lateral_lanes": len(network.laterals),
        "buckets": network.profile.horizon_buckets,
        "plan_date": f"{date}",
        "known_cpu_seconds": known - began,
        "problem_cpu_seconds": built - known,
        "plan_cpu_seconds": planned - built,
        "item_sites_a_second": len(network.places) / (planned - built),
        "lines": len(lines),
        "lateral_lines": int(lateral.sum()),
        "cost": plan.cost,
        "gap_share": plan.gap,
        "decidable_gap_share": plan.decidable_gap,
        "policies": {} if joint is None else {str(name): float(cost) for name, cost in joint.items()},
        "plan_digest": plan.plan_digest,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def m5(data: Path, items: int, seed: int) -> ExperimentNetwork:
    """Return M5 with a warehouse a state and lanes between the stores of a state."""
    path = require_files(data / "m5_28_days", [FILE], data_set="M5")[FILE]
    table = pd.read_csv(path)
    feeds = of_items(_feeds(table), items, seed)
    first = LAST_DAY + dt.timedelta(days=1)
    profile = NetworkProfile(
        name="m5", title="M5, 10 stores", bucket=Bucket.DAY, horizon_buckets=HORIZON, first_plan_date=first,
        declared_date=first, currency="USD", lost_sales=True,
    )  # fmt: skip
    marts, sales = marts_of(feeds, profile), feeds["demand.sales"]
    asked = daily_units(sales, marts["item_sites"][KEY])
    panel: BenchPanel = replace(weekly_panel(sales, feeds["erp.items"], profile), horizon=HORIZON)

    def opening(_date: dt.date) -> Any:
        # Whole days of recent sales; those that sold most in the last week have run down most.
        mean = asked.mean(axis=1)
        on_hand = np.maximum(0, np.ceil(COVER_DAYS * mean) - asked[:, -2:].sum(axis=1))
        return stock_of(on_hand, np.zeros((len(asked), 1), dtype=np.int64))

    return ExperimentNetwork(
        profile, **marts, panel=panel, first=first - dt.timedelta(days=asked.shape[1]), asked=asked, opening=opening,
        starts=(first,), buckets=0, lane_costs=(1.0,), demand_told="sales as told",
    )  # fmt: skip


def daily_units(sales: pd.DataFrame, places: pd.DataFrame) -> Ints:
    """Return units sold by item-site and day."""
    days = pd.to_datetime(sales["sales_date"])
    units = np.zeros((len(places), (days.max() - days.min()).days + 1), dtype=np.int64)
    told = sales.merge(places.assign(place=np.arange(len(places))), on=KEY)
    units[told["place"].to_numpy(), (pd.to_datetime(told["sales_date"]) - days.min()).dt.days.to_numpy()] = told[
        "sold_units"
    ].to_numpy(np.int64)
    return units


def _feeds(table: pd.DataFrame) -> Feeds:
    """Return the tables of a network that sells what the file tells."""
    stores = table[["store_id", "state_id"]].drop_duplicates().sort_values("store_id", ignore_index=True)
    states = sorted(stores["state_id"].unique())
    days = [column for column in table if column.startswith("d_")]
    dates = pd.date_range(end=LAST_DAY, periods=len(days), freq="D")
    sales = table[["item_id", "store_id"]].rename(columns={"store_id": "site_id"})
    sales = sales.loc[sales.index.repeat(len(days))].assign(
        sales_date=np.tile(dates.to_numpy(), len(table)), sold_units=table[days].to_numpy().ravel(),
        in_stock_share=1.0, unit_price=np.nan, is_promoted=False,
    )  # fmt: skip
    items = table[["item_id", "cat_id"]].drop_duplicates("item_id").rename(columns={"cat_id": "category"})
    items = items.assign(
        description=items["item_id"], base_unit="each", unit_cost=UNIT_COST, unit_price=UNIT_COST + SHORTAGE,
        weight_kg_per_unit=0.0, volume_m3_per_unit=0.0, shelf_life_days=None, is_sensitive=False,
    )  # fmt: skip
    sites = pd.concat(
        [
            pd.DataFrame({"site_id": stores["store_id"], "site_kind": "store", "region": stores["state_id"]}),
            pd.DataFrame({"site_id": [f"DC_{s}" for s in states], "site_kind": "regional_warehouse", "region": states}),
        ],
        ignore_index=True,
    )
    sites = sites.assign(site_name=sites["site_id"], timezone="UTC", is_open=True)
    down = stores.assign(origin_id="DC_" + stores["state_id"], destination_id=stores["store_id"])
    lanes = down[["origin_id", "destination_id"]].assign(
        mode="truck", fixed_cost_per_departure=0.0, cost_per_kg=0.0, cost_per_m3=0.0, cost_per_unit=LANE_COST,
        capacity_kg=np.nan, departure_days=None, quoted_transit_days=LANE_DAYS, is_allowed=True,
    )  # fmt: skip
    sideways = [between_stores(sorted(own["store_id"]), LATERAL_DAYS) for _, own in stores.groupby("state_id")]
    sideways = [one.assign(cost_per_unit=LATERAL_COST) for one in sideways]
    places = items[["item_id"]].merge(sites[["site_id", "site_kind"]], how="cross")
    settings = places.assign(
        holding_rate_per_year=RATE, shortage_cost_per_unit=np.where(places["site_kind"] == "store", SHORTAGE, np.nan),
        service_target=np.nan, presentation_minimum_units=0, maximum_units=None, review_days=1, lifecycle="active",
    ).drop(columns="site_kind")  # fmt: skip
    sourcing = items[["item_id"]].merge(pd.DataFrame({"site_id": [f"DC_{state}" for state in states]}), how="cross")
    sourcing = sourcing.assign(
        supplier_id="supplier", unit_cost=UNIT_COST, minimum_order_units=0, order_multiple_units=1,
        quoted_lead_time_days=SUPPLIER_DAYS, minimum_order_amount=0.0, capacity_units_per_day=None,
    )  # fmt: skip
    return {
        "erp.items": items, "erp.sites": sites, "erp.sourcing": sourcing, "erp.item_site_settings": settings,
        "tms.lanes": pd.concat([lanes, *sideways], ignore_index=True), "demand.sales": sales,
    }  # fmt: skip
