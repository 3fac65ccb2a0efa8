"""The networks of `equipoise bench plans`, by name; those of public data through their importers.

Not here: the synthetic one (``plans_sample``), or playing (``assets.twin.experiment``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from plans_feeds import Feeds, between_stores, imported, marts_of, of_items, weekly_panel, weekly_units
from plans_sample import sample
from vn2_files import published_files, read_challenge
from vn2_rules import warmed_up

from assets.feeds.importers.favorita import import_favorita
from assets.feeds.importers.vn2 import Vn2Assumptions, import_vn2
from assets.kernel.network import NetworkProfile
from assets.twin.day import Stock
from assets.twin.experiment.network import KEY, ExperimentNetwork, stock_of, windows_before
from assets.twin.experiment.warm_up import warmed_up_by_means

VN2_WEEKS, VN2_WARM_UP_WEEKS, VN2_LANE_COSTS = 8, 12, (0.1, 0.3, 0.9)
FAVORITA_WEEKS, FAVORITA_WARM_UP_WEEKS, FAVORITA_LANE_COSTS = 13, 13, (0.5, 2.0, 6.0)
RECENT_WEEKS, LATERAL_DAYS = 13, 7


def vn2(data: Path, items: int, windows: int, seed: int) -> ExperimentNetwork:
    """Return VN2 with its importer's lanes between stores; opening stock as the organiser's policy leaves it."""
    folder, lanes = data / "vn2", Vn2Assumptions(lateral_cost_per_unit=1.0)
    profile, feeds = imported(folder, lambda *where: import_vn2(*where, lanes))
    challenge = read_challenge(*published_files(folder))
    series = challenge.series
    number = {
        (f"product-{product:03d}", f"store-{store:02d}"): row
        for row, (store, product) in enumerate(zip(series["Store"], series["Product"], strict=True))
    }

    def opening(network: ExperimentNetwork, date: dt.date) -> Stock:
        week = (pd.Timestamp(date) - challenge.weeks[0]).days // 7
        left = warmed_up(challenge, week, VN2_WARM_UP_WEEKS)
        rows = np.array([number[key] for key in network.places.itertuples(index=False, name=None)])
        return stock_of(left.on_hand[rows], left.pipeline[rows])

    told = f"sales as told, which understate it in the {1 - challenge.in_stock.mean():.1%} of weeks with an empty shelf"
    return _weekly(profile, of_items(feeds, items, seed), opening, VN2_WEEKS, windows, VN2_LANE_COSTS, told)


def favorita(data: Path, items: int, windows: int, seed: int) -> ExperimentNetwork:
    """Return Favorita with a lane of a week between any two stores; opening stock from a warm-up by recent means."""
    profile, feeds = imported(data / "favorita_21_stores", import_favorita)
    feeds = of_items(feeds, items, seed)
    stores = sorted(feeds["erp.sites"].query("site_kind == 'store'")["site_id"])
    feeds["tms.lanes"] = pd.concat(
        [feeds["tms.lanes"].dropna(axis=1, how="all"), between_stores(stores, LATERAL_DAYS)], ignore_index=True
    )

    def opening(network: ExperimentNetwork, date: dt.date) -> Stock:
        return warmed_up_by_means(network, date, FAVORITA_WARM_UP_WEEKS, RECENT_WEEKS)

    told = "sales as told, returns as nothing sold; the files tell no stock-outs, so that it may be understated"
    return _weekly(profile, feeds, opening, FAVORITA_WEEKS, windows, FAVORITA_LANE_COSTS, told)


NETWORKS: dict[str, Callable[[Path, int, int, int], ExperimentNetwork]] = {
    "sample": sample,
    "vn2": vn2,
    "favorita": favorita,
}


def _weekly(
    profile: NetworkProfile, feeds: Feeds, opening: Callable[[ExperimentNetwork, dt.date], Stock], weeks: int,
    windows: int, lane_costs: tuple[float, ...], told: str,
) -> ExperimentNetwork:  # fmt: skip
    """Return a network of imported tables; its windows are the last of the history."""
    marts, end = marts_of(feeds, profile), profile.first_plan_date
    sales = feeds["demand.sales"]
    first, asked = weekly_units(sales, marts["item_sites"][KEY], end)
    network = ExperimentNetwork(
        profile, **marts, panel=weekly_panel(sales, feeds["erp.items"], profile), first=first, asked=asked,
        opening=lambda date: opening(network, date), starts=windows_before(end, 7 * weeks, windows), buckets=weeks,
        lane_costs=lane_costs, demand_told=told,
    )  # fmt: skip
    return network
