"""The sample network for `equipoise bench plans`: the synthetic world on some of its days.

Items keep for ever and stay on sale: shelf lives are not played, and a launch or an end would need
settings of each day. Lead times are as quoted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
from plans_feeds import marts_of, of_items
from scorecard_panels import BenchPanel, synthetic

from assets.feeds.synthetic.demo import demo_profile
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.transition import LONGEST_LEAD_DAYS
from assets.feeds.synthetic.world import World
from assets.twin.day import Ints, Stock
from assets.twin.experiment.network import KEY, ExperimentNetwork, stock_of, windows_before

DAYS = 28
AS_FED = 1.0
DEMAND = "what the world's customers asked for, served or not: unbiased"


def sample(_data: Path, items: int, windows: int, seed: int) -> ExperimentNetwork:
    """Return the last windows of the world's history, its own stock and orders under way before each."""
    world = World(WorldParameters())
    parameters, catalogue, profile = world.parameters, world.catalogue, demo_profile(world.parameters)
    last = parameters.day_index(parameters.last_date)
    plain = (catalogue.items.shelf_life_days == 0) & (catalogue.items.lifecycle(last) == "active")
    feeds = {
        "erp.items": catalogue.items.frame().loc[plain],
        "erp.sites": catalogue.sites.frame(),
        "erp.sourcing": catalogue.sourcing.frame,
        "erp.item_site_settings": catalogue.settings(last),
        "tms.lanes": catalogue.lanes.frame,
    }
    marts = marts_of(of_items(feeds, items, seed), profile)
    number = _numbers(world, marts["item_sites"])

    def opening(date: dt.date) -> Stock:
        before = parameters.day_index(date) - 1
        day = world.history.days[before]
        return stock_of((day.on_hand - day.blocked)[number], _due(world, before)[number])

    return ExperimentNetwork(
        profile, **marts, panel=_panel(set(marts["items"]["item_id"])), first=parameters.first_date,
        asked=_asked(world, number), opening=opening,
        starts=windows_before(parameters.last_date + dt.timedelta(days=1), DAYS, windows), buckets=DAYS,
        lane_costs=(AS_FED,), demand_told=DEMAND,
    )  # fmt: skip


def _panel(items: set[str]) -> BenchPanel:
    panel = synthetic(Path())
    cut = {
        name: getattr(panel, name).loc[getattr(panel, name)["item_id"].isin(items)].reset_index(drop=True)
        for name in ("demand", "items", "ranged")
    }
    return replace(panel, **cut)


def _numbers(world: World, item_sites: object) -> Ints:
    """Return the world's number of each item-site."""
    catalogue = world.catalogue
    number = dict(
        zip(zip(catalogue.item_ids, catalogue.site_ids, strict=True), range(len(catalogue.places)), strict=True)
    )
    return np.array([number[key] for key in item_sites[KEY].itertuples(index=False, name=None)], dtype=np.int64)


def _asked(world: World, number: Ints) -> Ints:
    """Return what was asked for on every day that can be observed; nothing where there is no shop."""
    begin = world.parameters.day_index(world.parameters.first_date)
    days, at_store = world.history.days[begin:], number < world.catalogue.places.store_count
    asked = np.zeros((len(number), len(days)), dtype=np.int64)
    asked[at_store] = np.stack([day.flows.demanded for day in days], axis=1)[number[at_store]]
    return asked


def _due(world: World, day: int) -> Ints:
    """Return what is under way in the evening of a day, by place and day of arrival from the next morning on."""
    due = np.zeros((len(world.catalogue.places), LONGEST_LEAD_DAYS), dtype=np.int64)
    bought_for = world.catalogue.sourcing.place
    for age in range(LONGEST_LEAD_DAYS):
        flows, orders = world.history.days[day - age].flows, world.history.days[day - age].orders
        for place, lead, units in (
            (orders.destination, flows.arrival_days, flows.shipped_units),
            (bought_for[orders.sourcing_row], flows.lead_days, flows.supplied_units),
        ):
            left = lead - 1 - age
            np.add.at(due, (place[left >= 0], left[left >= 0]), units[left >= 0])
    return due
