"""What the days of a world cost, from its master data: the world's flows as the twin costs any play.

Not here: scores (``scorecard``).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.world import World
from assets.policy.critical_ratio import critical_ratios
from assets.policy.release import Release
from assets.twin.day import Floats, Flows, Ints, Rates
from assets.twin.full_record import LivedDay
from assets.twin.tariff import departure_shares, landed_costs, unit_freight

DAYS_OF_YEAR = 365
_TRUCK_SIZE = ("truck_kg", "truck_m3")


class Costing:
    """What things cost in a world, from its master data.

    Parameters
    ----------
    world : World
        The world; what disrupts it changes the price of freight.
    release : Release
        Gives the service of item-sites of which the feed states neither cost nor target.
    """

    def __init__(self, world: World, release: Release) -> None:
        self._world = world
        self._release = release

    @cached_property
    def rates(self) -> Rates:
        """Holding, shortage and landed cost of each place, per unit and day."""
        catalogue = self._catalogue
        day = self._world.parameters.day_index(self._world.parameters.last_date)
        settings = catalogue.settings(day).merge(
            catalogue.items.frame()[["item_id", "unit_cost", "unit_price"]], on="item_id", how="left"
        )
        holding = settings["unit_cost"] * settings["holding_rate_per_year"] / DAYS_OF_YEAR
        # The default service of the release is by class; the world states a cost or a target of every place.
        settings = settings.assign(holding_cost_per_unit_day=holding, abc_class="C")
        lanes = catalogue.lanes.frame
        ways = unit_freight(lanes[lanes["mode"] == "truck"], catalogue.items.frame())
        places = pd.DataFrame({"item_id": catalogue.item_ids, "site_id": catalogue.site_ids})
        landed = landed_costs(places, catalogue.sourcing.frame, ways)
        shortage = critical_ratios(settings, self._release).shortage_cost
        return Rates(holding.to_numpy(np.float64), shortage, landed, lost_sales=True)

    def flows(self, lived: LivedDay) -> Flows:
        """Return a day of the world as the twin costs it."""
        catalogue, day, rates = self._catalogue, lived.day, self.rates
        flows, orders, count = day.flows, day.orders, len(catalogue.places)
        asked, sold = _at_stores(flows.demanded, count), _at_stores(flows.sold, count)
        moving = rates.holding[orders.origin] * flows.arrival_days * flows.shipped_units
        bought_for = catalogue.sourcing.place[orders.sourcing_row]
        price = catalogue.sourcing.frame["unit_cost"].to_numpy(np.float64)[orders.sourcing_row]
        return Flows(
            bought=_summed(count, bought_for, flows.supplied_units).astype(np.int64),
            sent=flows.issued,
            received=flows.received,
            asked=asked,
            sold=sold,
            unmet=asked - sold,
            holding=rates.holding * day.on_hand + _summed(count, orders.origin, moving),
            shortage=rates.shortage * (asked - sold),
            transport=_summed(count, orders.destination, self.freight(lived)),
            paid=_summed(count, bought_for, price * flows.supplied_units),
        )

    def freight(self, lived: LivedDay) -> Floats:
        """Return currency that each transfer line of a day pays: by unit, and its share of the departure."""
        catalogue, orders, units = self._catalogue, lived.day.orders, lived.day.flows.shipped_units
        item = catalogue.places.item[orders.destination]
        lanes = catalogue.lanes.frame.reindex(columns=[*catalogue.lanes.frame.columns, *_TRUCK_SIZE])
        mine = lanes.iloc[orders.lane].reset_index(drop=True)
        weight, volume = catalogue.items.weight_kg[item], catalogue.items.volume_m3[item]
        by_unit = mine["cost_per_unit"] + mine["cost_per_kg"] * weight + mine["cost_per_m3"] * volume
        riding = mine[["origin_id", "destination_id", "mode"]].assign(
            quantity_units=units, weight_kg_per_unit=weight, volume_m3_per_unit=volume
        )
        left = (units > 0).astype(np.float64)
        share = np.zeros(len(units))
        if left.any():
            rows = np.flatnonzero(left)
            share[rows] = departure_shares(riding.iloc[rows].reset_index(drop=True), lanes)
        conditions = self._world.conditions(lived.day.date)
        dearer = np.ones(len(lanes)) if conditions is None else conditions.freight_factor
        return np.asarray((by_unit.to_numpy(np.float64) + share) * units * dearer[orders.lane])

    @property
    def _catalogue(self) -> Catalogue:
        return self._world.catalogue


def _at_stores(units: Ints, count: int) -> Ints:
    return np.concatenate([units, np.zeros(count - len(units), dtype=np.int64)])


def _summed(count: int, place: Ints, amount: np.ndarray) -> Floats:
    return np.bincount(place, weights=amount, minlength=count).astype(np.float64)
