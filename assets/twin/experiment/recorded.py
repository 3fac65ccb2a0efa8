"""A home's network as an experiment plays it: demand as it was recorded, master data as they are published.

Demand of the past is what tills told, which understates it where a shelf was empty; stock of past dates
is not recorded, so that each window opens after some buckets lived under recent means (``warm_up``). Not
here: reading published tables, or playing (``trial``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.origin_segments import classified
from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile
from assets.twin.day import Ints
from assets.twin.experiment.network import KEY, ExperimentNetwork, windows_before
from assets.twin.experiment.warm_up import warmed_up_by_means

TABLES = ("fct_demand", "dim_item", "dim_site", "dim_lane", "dim_sourcing", "dim_item_site")
"""Published tables that a network is made of."""

SHARED = (
    "fixed_cost_per_departure", "capacity_kg", "capacity_m3", "truck_kg", "truck_m3", "minimum_order_amount",
    "minimum_document_units",
)  # fmt: skip
"""Columns that say what items use together: scaled to the share of items that is played."""

WHERE = "experiment"


@dataclass(frozen=True)
class Window:
    """What is played.

    Attributes
    ----------
    count, buckets : int
        Windows, one after the other, the last of which ends on the eve of the plan date; buckets of each.
    warm_up : int
        Buckets lived before each.
    items : int
        Items drawn; 0 for all.
    seed : int
        Of the draw.
    """

    count: int
    buckets: int
    warm_up: int
    items: int
    seed: int


@dataclass(frozen=True)
class RecordedHistory:
    """Demand as it was recorded, with the segment that a series was in on any date.

    Attributes
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``.
    ranged : DataFrame
        ``item_id``, ``site_id`` and ``category`` of the series.
    profile : NetworkProfile
        Calendar of the network.
    buckets : int
        Of history that segments are told from.
    """

    demand: pd.DataFrame
    ranged: pd.DataFrame
    profile: NetworkProfile
    buckets: int

    def features(self, plan_date: dt.date) -> pd.DataFrame:
        """Return the series sold before a date, with the segments that they were in then."""
        ranged = self.ranged.assign(demand_segment="new")
        known = build_panel(self.demand, ranged, self.profile.calendar, plan_date, self.buckets)
        found = known.index.assign(demand_segment=classified(known))
        return found[known.begins < known.length].reset_index(drop=True)


def recorded_network(
    tables: Mapping[str, pd.DataFrame], profile: NetworkProfile, plan_date: dt.date, window: Window, history: int
) -> ExperimentNetwork:  # fmt: skip
    """Return the network of published tables.

    Parameters
    ----------
    tables : mapping
        ``TABLES`` by name.
    profile : NetworkProfile
        Of the network.
    plan_date : date
        Of the tables; demand before it is played.
    window : Window
        What is played.
    history : int
        Buckets of history that forecasts look back.

    Raises
    ------
    EquipoiseError
        If the history is too short, or has a gap, in what is to be played or lived before.
    """
    tables, drawn = _of_items({name: tables[name] for name in TABLES}, window)
    settings, sites = tables["dim_item_site"].sort_values(KEY, ignore_index=True), tables["dim_site"]
    demand, level = tables["fct_demand"], tables["dim_site"].set_index("site_id")["echelon"]
    days, lanes = profile.calendar.bucket.days, tables["dim_lane"]
    lanes = lanes[lanes["origin_id"].isin(level.index) & lanes["destination_id"].isin(level.index)]
    sideways = lanes["origin_id"].map(level) <= lanes["destination_id"].map(level)
    first, asked = _asked(demand, settings[KEY], plan_date, days)
    starts = windows_before(plan_date, window.buckets * days, window.count)
    _require_history(demand, first, starts[0] - dt.timedelta(days=window.warm_up * days), plan_date, days)
    ranged = settings[KEY].merge(tables["dim_item"][["item_id", "category"]], on="item_id")
    ranged = ranged.merge(demand[KEY].drop_duplicates(), on=KEY).sort_values(KEY, ignore_index=True)
    network = ExperimentNetwork(
        profile, items=tables["dim_item"], sites=sites, lanes=lanes[~sideways].reset_index(drop=True),
        laterals=lanes[sideways].reset_index(drop=True), sourcing=tables["dim_sourcing"], item_sites=settings,
        panel=RecordedHistory(demand, ranged, profile, history), first=first, asked=asked,
        opening=lambda date: warmed_up_by_means(network, date, window.warm_up, window.warm_up),
        starts=starts, buckets=window.buckets, lane_costs=(1.0,),
        demand_told=_told(float(demand["is_censored"].mean()), drawn),
    )  # fmt: skip
    return network


def _told(censored: float, drawn: float | None) -> str:
    """Return where demand comes from, and what was scaled to the items drawn."""
    scaled = "" if drawn is None else f"; departures and minimums scaled to {drawn:.1%} of the items"
    return f"sales as recorded, which understate demand in {censored:.1%} of buckets{scaled}"


def _of_items(tables: dict[str, pd.DataFrame], window: Window) -> tuple[dict[str, pd.DataFrame], float | None]:
    """Return the tables of the items drawn, and their share of all; None of all."""
    names = np.sort(tables["dim_item_site"]["item_id"].unique())
    if window.items < 0 or window.items > len(names):
        raise EquipoiseError(
            f"{window.items} items cannot be drawn of {len(names)}", where=WHERE, remedy="Ask for fewer, or 0 for all"
        )
    if window.items in (0, len(names)):
        return tables, None
    chosen = set(names[np.random.default_rng(window.seed).permutation(len(names))[: window.items]])
    share, found = window.items / len(names), {}
    for name, table in tables.items():
        mine = table[table["item_id"].isin(chosen)] if "item_id" in table else table
        found[name] = mine.assign(**{column: mine[column] * share for column in SHARED if column in mine})
    return found, share


def _asked(demand: pd.DataFrame, places: pd.DataFrame, plan_date: dt.date, days: int) -> tuple[dt.date, Ints]:
    """Return the first bucket of the history, and units asked for by item-site and bucket."""
    latest = demand.sort_values("available_at").drop_duplicates([*KEY, "bucket_start"], keep="last")
    begins = pd.to_datetime(latest["bucket_start"])
    told = latest[begins < pd.Timestamp(plan_date)].merge(places.assign(place=np.arange(len(places))), on=KEY)
    if told.empty:
        raise EquipoiseError("no demand was recorded", where=WHERE, remedy="Land sales and plan a date first")
    begins = pd.to_datetime(told["bucket_start"])
    first = begins.min().date()
    units = np.zeros((len(places), (plan_date - first).days // days), dtype=np.int64)
    bucket = (begins - pd.Timestamp(first)).dt.days.to_numpy() // days
    units[told["place"].to_numpy(), bucket] = np.rint(told["demand_lower_bound_units"].to_numpy(np.float64))
    return first, units


def _require_history(demand: pd.DataFrame, first: dt.date, since: dt.date, plan_date: dt.date, days: int) -> None:
    """Refuse a window that begins before the history, or in which a whole bucket tells nothing."""
    if since <= first:
        raise EquipoiseError(
            f"recorded demand begins {first}, and windows with what is lived before them {since}",
            where=WHERE,
            remedy="Ask for fewer or shorter windows, or less warm-up",
        )
    told = set(pd.to_datetime(demand["bucket_start"]).dt.date)
    wanted = [since + dt.timedelta(days=k) for k in range(0, (plan_date - since).days, days)]
    missing = [date for date in wanted if date not in told]
    if missing:
        raise EquipoiseError(
            f"nothing was recorded in {len(missing)} of {len(wanted)} buckets, the first {missing[0]}",
            where=WHERE,
            remedy="Land the sales that are missing, or ask for windows after the gap",
        )
