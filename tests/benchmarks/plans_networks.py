"""The networks that plans are played on: master data, sales told before a date, demand after it, opening stock.

Master data come through the importers, or from the synthetic world, in the shape of the marts. Not
here: policies (``plans_policies``), playing (``plans_play``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from scorecard_panels import BenchPanel, synthetic
from vn2_files import published_files, read_challenge
from vn2_rules import warmed_up

from assets.feeds.contract import feed_table
from assets.feeds.importers.favorita import import_favorita
from assets.feeds.importers.report import ImportReport
from assets.feeds.importers.vn2 import Vn2Assumptions, import_vn2
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic.demo import demo_profile
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.world import World
from assets.kernel.clock import Clock, FixedClock
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_LANE, DIM_SITE, DIM_SOURCING
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.twin.day import Ints, Stock

KEY = ["item_id", "site_id"]
ECHELON = {"store": 0, "regional_warehouse": 1, "supply_dc": 2}
DAYS_OF_YEAR = 365
VN2_WEEKS, VN2_WARM_UP_WEEKS = 8, 12
FAVORITA_WEEKS, FAVORITA_WARM_UP_WEEKS, RECENT_WEEKS = 13, 13, 13
SAMPLE_DAYS = 28
AS_FED = 1.0
"""Lane cost of the sample: its own lanes, times this."""


@dataclass(frozen=True)
class BenchNetwork:
    """One network.

    Attributes
    ----------
    name : str
        As it is chosen and printed.
    profile : NetworkProfile
        Bucket, horizon, lost sales.
    items, sites, lanes, laterals, sourcing, item_sites : DataFrame
        Marts; ``lanes`` replenish, ``laterals`` are between stores, at ``lane_costs`` of 1.
    panel : BenchPanel
        What the tills told, with stock-outs flagged: all that a forecast sees.
    first : date
        Of the first bucket of ``asked``.
    asked : int array, shape (n, T)
        Demand that is played, by row of ``places`` and bucket.
    opening : callable
        Stock on the eve of a date.
    starts : tuple of date
        First plan dates of the windows, which do not overlap.
    buckets : int
        Of a window.
    lane_costs : tuple of float
        What moving a unit sideways costs, one run each; for the sample a factor on its own lanes.
    demand_told : str
        Where the demand comes from, and its bias.
    """

    name: str
    profile: NetworkProfile
    items: pd.DataFrame
    sites: pd.DataFrame
    lanes: pd.DataFrame
    laterals: pd.DataFrame
    sourcing: pd.DataFrame
    item_sites: pd.DataFrame
    panel: BenchPanel
    first: dt.date
    asked: Ints
    opening: Callable[[dt.date], Stock]
    starts: tuple[dt.date, ...]
    buckets: int
    lane_costs: tuple[float, ...]
    demand_told: str

    @property
    def places(self) -> pd.DataFrame:
        """``item_id`` and ``site_id`` of the item-sites, sorted."""
        return self.item_sites[KEY]

    def column(self, date: dt.date) -> int:
        """Return the bucket of ``asked`` that starts on a date."""
        return (date - self.first).days // self.profile.calendar.bucket.days

    def lateral_lanes(self, cost: float) -> pd.DataFrame:
        """Return the lanes between stores at a cost."""
        money = ["fixed_cost_per_departure", "cost_per_kg", "cost_per_m3", "cost_per_unit"]
        return self.laterals.assign(**{name: self.laterals[name] * cost for name in money})


def vn2(data: Path, items: int, windows: int, seed: int) -> BenchNetwork:
    """Return VN2 with its importer's lanes between stores; opening stock as the organiser's policy leaves it."""
    lanes = Vn2Assumptions(lateral_cost_per_unit=1.0)
    report, feeds = _imported(data / "vn2", lambda *a: import_vn2(*a, lanes))
    feeds = _of_items(feeds, items, seed)
    challenge = read_challenge(*published_files(data / "vn2"))
    keys = challenge.series.assign(
        item_id=[f"product-{number:03d}" for number in challenge.series["Product"]],
        site_id=[f"store-{number:02d}" for number in challenge.series["Store"]],
    )

    def opening(date: dt.date) -> Stock:
        week = (pd.Timestamp(date) - challenge.weeks[0]).days // 7
        left = warmed_up(challenge, week, VN2_WARM_UP_WEEKS)
        order = made.places.merge(keys.reset_index()[[*KEY, "index"]], on=KEY)["index"].to_numpy()
        return stock_of(left.on_hand[order], np.stack([left.next_week, left.week_after], axis=1)[order])

    censored = 1 - float(challenge.in_stock.mean())
    told = f"sales as told; {censored:.1%} of weeks had an empty shelf and understate it"
    made = _network("vn2", report, feeds, opening, VN2_WEEKS, windows, (0.1, 0.3, 0.9), told)
    return made


def favorita(data: Path, items: int, windows: int, seed: int) -> BenchNetwork:
    """Return Favorita with a lane of a week between any two stores; opening stock from a warm-up by recent means."""
    report, feeds = _imported(data / "favorita_21_stores", import_favorita)
    feeds = _of_items(feeds, items, seed)
    stores = sorted(feeds["erp.sites"].query("site_kind == 'store'")["site_id"])
    feeds["tms.lanes"] = pd.concat([feeds["tms.lanes"], _between(stores, 7)], ignore_index=True)

    def opening(date: dt.date) -> Stock:
        from plans_warm_up import warmed_up_by_means

        return warmed_up_by_means(made, date, FAVORITA_WARM_UP_WEEKS, RECENT_WEEKS)

    told = "sales as told, returns as nothing sold; the files tell no stock-outs, so that it may be understated"
    made = _network("favorita", report, feeds, opening, FAVORITA_WEEKS, windows, (0.5, 2.0, 6.0), told)
    return made


def sample(_data: Path, items: int, windows: int, seed: int) -> BenchNetwork:
    """Return items of the synthetic world that keep for ever and stay on sale, with what it really asked for."""
    world = World(WorldParameters())
    parameters, catalogue = world.parameters, world.catalogue
    last = parameters.last_date
    settings = catalogue.settings(parameters.day_index(last))
    # Shelf lives are not played, and a launch or an end would need settings of each day.
    plain = (catalogue.items.shelf_life_days == 0) & (catalogue.items.lifecycle(parameters.day_index(last)) == "active")
    feeds = {
        "erp.items": catalogue.items.frame().loc[plain],
        "erp.sites": catalogue.sites.frame(),
        "erp.sourcing": catalogue.sourcing.frame,
        "erp.item_site_settings": settings,
        "tms.lanes": catalogue.lanes.frame,
    }
    feeds = _of_items(feeds, items, seed)
    profile = demo_profile(parameters)
    panel = synthetic(Path())
    chosen = set(feeds["erp.items"]["item_id"])
    panel = replace(
        panel,
        demand=panel.demand[panel.demand["item_id"].isin(chosen)],
        items=panel.items[panel.items["item_id"].isin(chosen)].reset_index(drop=True),
        ranged=panel.ranged[panel.ranged["item_id"].isin(chosen)].reset_index(drop=True),
    )
    marts = _marts(feeds, profile)
    number = _numbers(marts["item_sites"], catalogue.item_ids, catalogue.site_ids)
    begin = parameters.day_index(parameters.first_date)
    days = world.history.days
    asked = np.zeros((len(number), len(days) - begin), dtype=np.int64)
    at_store = number < catalogue.places.store_count
    asked[at_store] = np.stack([day.flows.demanded for day in days[begin:]], axis=1)[number[at_store]]

    def opening(date: dt.date) -> Stock:
        before = parameters.day_index(date) - 1
        free = days[before].on_hand - days[before].blocked
        return stock_of(free[number], _due(world, before)[number])

    starts = tuple(last + dt.timedelta(days=1 - SAMPLE_DAYS * (place + 1)) for place in range(windows))
    return BenchNetwork(
        "sample", profile, **marts, panel=panel, first=parameters.first_date, asked=asked, opening=opening,
        starts=tuple(sorted(starts)), buckets=SAMPLE_DAYS, lane_costs=(AS_FED,),
        demand_told="what the world's customers asked for, served or not: unbiased",
    )  # fmt: skip


NETWORKS: dict[str, Callable[[Path, int, int, int], BenchNetwork]] = {
    "sample": sample,
    "vn2": vn2,
    "favorita": favorita,
}


def _imported(
    folder: Path, importer: Callable[[Path, NetworkHome, Clock], ImportReport]
) -> tuple[ImportReport, dict[str, pd.DataFrame]]:
    """Import a data set into a home that is gone afterwards; return the tables that it landed, by name."""
    with TemporaryDirectory() as home:
        clock = FixedClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        report = importer(folder, NetworkHome(Path(home)), clock)
        landing = LandingArea(NetworkHome(Path(home)).landing, clock)
        feeds = {
            f"{one.source}.{one.table}": pd.concat(
                [pd.read_parquet(landing.directory(one) / name) for name in one.files], ignore_index=True
            )
            for one in report.envelopes
        }
    return report, feeds


def _of_items(feeds: dict[str, pd.DataFrame], count: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of ``count`` items drawn by a seed; of all where there are no more."""
    every = np.sort(feeds["erp.items"]["item_id"].to_numpy())
    drawn = np.random.default_rng(seed).permutation(len(every))[: count or len(every)]
    chosen = set(every[drawn])
    return {
        name: table[table["item_id"].isin(chosen)] if "item_id" in table else table for name, table in feeds.items()
    }


def _between(stores: list[str], transit_days: int) -> pd.DataFrame:
    """Return lanes from every store to every other, at a cost of 1 a unit."""
    ends = [(origin, destination) for origin in stores for destination in stores if origin != destination]
    return pd.DataFrame(ends, columns=["origin_id", "destination_id"]).assign(
        mode="van", fixed_cost_per_departure=0.0, cost_per_kg=0.0, cost_per_m3=0.0, cost_per_unit=1.0,
        capacity_kg=np.nan, departure_days=None, quoted_transit_days=transit_days, is_allowed=True,
    )  # fmt: skip


def _network(
    name: str, report: ImportReport, feeds: dict[str, pd.DataFrame], opening: Callable[[dt.date], Stock],
    buckets: int, windows: int, lane_costs: tuple[float, ...], told: str,
) -> BenchNetwork:  # fmt: skip
    """Return a weekly network of imported tables; its windows are the last of the history."""
    profile, sales = report.profile, feeds["demand.sales"]
    marts = _marts(feeds, profile)
    end = profile.first_plan_date
    starts = tuple(sorted(end - dt.timedelta(days=7 * buckets * (place + 1)) for place in range(windows)))
    panel = _panel(sales, feeds["erp.items"], profile, end)
    first = pd.Timestamp(sales["sales_date"].min()).date()
    asked = np.zeros((len(marts["item_sites"]), (end - first).days // 7), dtype=np.int64)
    told_at = sales.merge(marts["item_sites"][KEY].assign(place=np.arange(len(asked))), on=KEY)
    week = (pd.to_datetime(told_at["sales_date"]) - pd.Timestamp(first)).dt.days.to_numpy() // 7
    # Returns come back to the shelf by ways that nobody plays.
    asked[told_at["place"].to_numpy(), week] = np.maximum(told_at["sold_units"].to_numpy(np.int64), 0)
    return BenchNetwork(
        name, profile, **marts, panel=panel, first=first, asked=asked, opening=opening, starts=starts,
        buckets=buckets, lane_costs=lane_costs, demand_told=told,
    )  # fmt: skip


def _panel(sales: pd.DataFrame, items: pd.DataFrame, profile: NetworkProfile, end: dt.date) -> BenchPanel:
    demand = sales.rename(columns={"sales_date": "bucket_start"}).assign(
        bucket_start=lambda table: pd.to_datetime(table["bucket_start"]),
        demand_lower_bound_units=np.maximum(sales["sold_units"], 0),
        is_censored=sales["in_stock_share"] < 1.0,
        batch_id="published",
    )
    demand["available_at"] = demand["bucket_start"]
    ranged = sales[KEY].drop_duplicates().sort_values(KEY, ignore_index=True)
    categories = items[["item_id", "category"]].reset_index(drop=True)
    return BenchPanel(demand, categories, ranged, profile.bucket, end, profile.horizon_buckets, 1)


def _marts(feeds: dict[str, pd.DataFrame], profile: NetworkProfile) -> dict[str, pd.DataFrame]:
    """Return the marts of master data, as their SQL makes them, without a gate; lanes by what they are for."""
    date = pd.Timestamp(profile.first_plan_date)
    items, settings = feeds["erp.items"], feeds["erp.item_site_settings"]
    settings = settings.merge(items[["item_id", "unit_cost"]], on="item_id")
    ranged = set(settings["site_id"])
    sites = feeds["erp.sites"].loc[feeds["erp.sites"]["site_id"].isin(ranged)]
    sites = sites.assign(echelon=sites["site_kind"].map(ECHELON).astype("int64"))
    lanes = feeds["tms.lanes"]
    lanes = lanes[lanes["is_allowed"] & lanes["origin_id"].isin(ranged) & lanes["destination_id"].isin(ranged)]
    lanes = lanes.assign(departure_days=lanes["departure_days"].fillna(""))
    level = sites.set_index("site_id")["echelon"]
    sideways = lanes["origin_id"].map(level) <= lanes["destination_id"].map(level)
    sourcing = feeds["erp.sourcing"]
    sourcing = sourcing[sourcing["item_id"].isin(set(items["item_id"]))]
    holding = settings["unit_cost"].astype(float) * settings["holding_rate_per_year"].astype(float) / DAYS_OF_YEAR

    def made(frame: Any, table: pd.DataFrame) -> pd.DataFrame:
        return frame.conform(table.assign(plan_date=date))

    return {
        "items": made(DIM_ITEM, items),
        "sites": made(DIM_SITE, sites),
        "lanes": made(DIM_LANE, lanes[~sideways]),
        "laterals": made(DIM_LANE, lanes[sideways]),
        "sourcing": made(DIM_SOURCING, sourcing),
        "item_sites": made(DIM_ITEM_SITE, settings.assign(holding_cost_per_unit_day=holding)),
    }


def stock_of(on_hand: Ints, under_way: Ints) -> Stock:
    return Stock(on_hand.astype(np.int64), under_way.astype(np.int64), np.zeros(len(on_hand), dtype=np.int64))


def _numbers(places: pd.DataFrame, item_ids: Any, site_ids: Any) -> Ints:
    """Return the world's number of each item-site."""
    known = pd.DataFrame({"item_id": item_ids, "site_id": site_ids, "number": np.arange(len(item_ids))})
    return places[KEY].merge(known, on=KEY)["number"].to_numpy(np.int64)


def _due(world: World, day: int) -> Ints:
    """Return what is under way in the evening of a day, by place and day of arrival from the next morning on."""
    due = np.zeros((len(world.catalogue.places), 60), dtype=np.int64)
    bought_for = world.catalogue.sourcing.place
    for age in range(60):
        lived = world.history.days[day - age]
        flows, orders = lived.flows, lived.orders
        for place, lead, units in (
            (orders.destination, flows.arrival_days, flows.shipped_units),
            (bought_for[orders.sourcing_row], flows.lead_days, flows.supplied_units),
        ):
            left = lead - 1 - age
            np.add.at(due, (place[left >= 0], left[left >= 0]), units[left >= 0])
    return due
