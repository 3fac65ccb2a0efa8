"""What stands still in a world: items, sites, lanes, who ranges what and who supplies it.

A *place* is one item at one site that ranges it; everything that moves is an array over
places. Not here: anything that changes from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.changes import FAR_DAY
from assets.feeds.synthetic.items import Floats, Integers, Items, Texts, draw_items
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.sites import Lanes, Sites, draw_lanes, draw_sites
from assets.feeds.synthetic.sourcing import Sourcing, draw_sourcing

# How generously a store's parameters were once set: the reason why rebalancing pays.
_STORE_BIAS = (1.9, 0.55, 1.0, 1.4, 0.75)


@dataclass(frozen=True)
class Places:
    """Arrays of length ``places``: those of stores first.

    Attributes
    ----------
    item, site : int
        Numbers of item and site.
    at : int, shape (sites, items)
        Number of the place, -1 where the item is not ranged.
    store_count : int
        The first ``store_count`` places are at stores, where demand is met.
    rate : float
        Units a day asked for at the place and below it, when the item is in full life.
    bias : float
        Factor on the stock that the replenishment rule aims at.
    supply_lane : int
        Lane it is replenished over; -1 where it is bought.
    supply_row : int
        Row of the sourcing it is bought by; -1 where it is shipped to.
    opening_day : int
        Day from birth on which its site opens; far in the past unless it opens in the history.
    """

    item: Integers
    site: Integers
    at: Integers
    store_count: int
    rate: Floats
    bias: Floats
    supply_lane: Integers
    supply_row: Integers
    opening_day: Integers

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True)
class Catalogue:
    """Everything that stands still."""

    parameters: WorldParameters
    items: Items
    sites: Sites
    lanes: Lanes
    sourcing: Sourcing
    places: Places

    @property
    def item_ids(self) -> Texts:
        """Item id of each place."""
        return np.asarray(self.items.ids[self.places.item])

    @property
    def site_ids(self) -> Texts:
        """Site id of each place."""
        return np.asarray(self.sites.ids[self.places.site])

    @property
    def shelf_life_days(self) -> Integers:
        """Shelf life of each place's item; 0 keeps for ever."""
        return np.asarray(self.items.shelf_life_days[self.places.item])

    def settings(self, day: int) -> pd.DataFrame:
        """Return the rows of ``erp/item_site_settings`` on a day."""
        return _settings(self, day)


def build_catalogue(parameters: WorldParameters) -> Catalogue:
    """Draw the network of a world."""
    items = draw_items(parameters)
    sites = draw_sites(parameters)
    lanes = draw_lanes(parameters, sites)
    ranged, is_direct, home_dc = _ranging(parameters, sites)
    site, item = np.nonzero(ranged)
    at = np.full(ranged.shape, -1, dtype=np.int64)
    at[site, item] = np.arange(len(item))
    store_count = int((site < parameters.size.stores).sum())
    bought = (site >= parameters.size.stores) & (
        (sites.kind[site] == "supply_dc") | (is_direct[item] & (sites.kind[site] == "regional_warehouse"))
    )
    sourcing = draw_sourcing(parameters, items, sites.ids, item, site, bought)
    supply_lane = _supply_lanes(sites, lanes, site, item, bought, home_dc)
    places = Places(
        item=item.astype(np.int64),
        site=site.astype(np.int64),
        at=at,
        store_count=store_count,
        rate=_rates(parameters, items, item, at, store_count, lanes, supply_lane),
        bias=_biases(parameters, site, store_count),
        supply_lane=supply_lane,
        supply_row=np.where(bought, np.cumsum(bought) - 1, -1),
        opening_day=np.full(len(item), -FAR_DAY, dtype=np.int64),
    )
    return Catalogue(parameters, items, sites, lanes, sourcing, places)


def _ranging(parameters: WorldParameters, sites: Sites) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw which site ranges which item: warehouses and DCs keep what the stores below them sell."""
    rng = parameters.generator(streams.RANGING)
    size = parameters.size
    breadth = rng.beta(1.1, 2.0, size.items)
    breadth = 1 + breadth / breadth.mean() * (size.stores_per_item - 1)
    count = np.clip(np.rint(breadth), 1, size.stores).astype(np.int64)
    # Items favour regions, so that a warehouse does not keep everything.
    favour = rng.random((size.regional_warehouses, size.items))[sites.region[: size.stores]]
    rank = np.argsort(np.argsort(favour + 0.9 * rng.random((size.stores, size.items)), axis=0), axis=0)
    ranged = np.zeros((size.sites, size.items), dtype=bool)
    ranged[: size.stores] = rank < count
    warehouses = sites.of_kind("regional_warehouse")
    for store in range(size.stores):
        ranged[warehouses[sites.region[store]]] |= ranged[store]
    is_direct = rng.random(size.items) < parameters.direct_share
    home_dc = rng.integers(0, size.supply_dcs, size.items)
    ranged[sites.of_kind("supply_dc")[home_dc], np.arange(size.items)] = ~is_direct
    return ranged, is_direct, home_dc


def _supply_lanes(
    sites: Sites, lanes: Lanes, site: np.ndarray, item: np.ndarray, bought: np.ndarray, home_dc: np.ndarray
) -> Integers:
    by_ends = np.full((len(sites.ids), len(sites.ids)), -1, dtype=np.int64)
    by_ends[lanes.origin, lanes.destination] = np.arange(len(lanes.origin))
    warehouse = sites.of_kind("regional_warehouse")[sites.region[site]]
    origin = np.where(sites.kind[site] == "store", warehouse, sites.of_kind("supply_dc")[home_dc[item]])
    return np.where(bought, -1, by_ends[origin, site])


def _rates(
    parameters: WorldParameters, items: Items, item: np.ndarray, at: np.ndarray, store_count: int,
    lanes: Lanes, supply_lane: np.ndarray,
) -> Floats:  # fmt: skip
    """Draw the daily rate of each place at a store, and add them up over the sites above it."""
    rng = parameters.generator(streams.DEMAND_SHAPE)
    popularity = np.clip(rng.lognormal(np.log(1.3), 0.65, parameters.size.items), 0.4, 5.0)
    slow = np.isin(items.segment, ("intermittent", "lumpy"))
    popularity = np.where(slow, rng.uniform(0.3, 0.7, parameters.size.items), popularity)
    rate = np.zeros(len(item))
    local = rng.lognormal(0.0, 0.3, store_count)
    rate[:store_count] = np.clip(popularity[item[:store_count]] * local, 0.25, 6.0)
    # Stores come first and DCs last, so one pass over each echelon is enough.
    for lower, upper in ((0, store_count), (store_count, len(item))):
        served = np.arange(lower, upper)[supply_lane[lower:upper] >= 0]
        source = at[lanes.origin[supply_lane[served]], item[served]]
        np.add.at(rate, source, rate[served])
    return rate


def _biases(parameters: WorldParameters, site: np.ndarray, store_count: int) -> Floats:
    rng = parameters.generator(streams.BIAS)
    pattern = np.array(_STORE_BIAS)[site % len(_STORE_BIAS)] * rng.lognormal(0.0, 0.3, len(site))
    return np.where(np.arange(len(site)) < store_count, pattern**parameters.imbalance, 1.0)


def _settings(catalogue: Catalogue, day: int) -> pd.DataFrame:
    rng = catalogue.parameters.generator(streams.SETTINGS)
    places, items = catalogue.places, catalogue.items
    count = len(places)
    is_store = np.arange(count) < places.store_count
    margin = np.round(items.unit_price - items.unit_cost, 2)[places.item]
    by_cost = rng.random(count) < 0.55
    target = rng.choice([0.92, 0.95, 0.97, 0.98], count)
    rate = np.where(items.shelf_life_days[places.item] > 0, 0.45, np.where(is_store, 0.30, 0.20))
    cover = np.ceil(places.rate * np.where(is_store, 60, 90)) + 12
    limited = rng.random(count) < 0.3
    maximum = pd.array(cover.astype(np.int64), dtype="Int64")
    maximum[~limited] = pd.NA
    facing = np.where(is_store & (places.rate > 1), rng.integers(0, 3, count), 0)
    stage = items.lifecycle(day)[places.item]
    return pd.DataFrame(
        {
            "item_id": catalogue.item_ids,
            "site_id": catalogue.site_ids,
            "holding_rate_per_year": rate,
            "shortage_cost_per_unit": np.where(is_store & by_cost, margin, np.nan),
            "service_target": np.where(by_cost & is_store, np.nan, target),
            "presentation_minimum_units": np.where(np.isin(stage, ("ending", "delisted")), 0, facing),
            "maximum_units": maximum,
            "review_days": np.where(places.supply_row >= 0, 7, np.where(is_store, 2, 3)),
            "lifecycle": stage,
        }
    )
