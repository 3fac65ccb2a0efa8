"""What a unit costs to bring: freight by lane, and the landed cost of replacing it at a site.

From master data alone, so that a simulation owes nothing to the model it judges. Not here: what
was brought (``day``). What a unit is worth where it lies holds a share of a departure, spread by weight
over half its capacity and left out where a lane tells none; what leaves pays the departure itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.twin.day import Floats

FILLED_SHARE = 0.5
"""Share of a departure's capacity over which its fixed cost is spread."""

LANE = ["origin_id", "destination_id", "mode"]


def unit_freight(lanes: pd.DataFrame, items: pd.DataFrame, *, departures: bool = True) -> pd.DataFrame:
    """Return currency per unit of every item on every lane.

    Parameters
    ----------
    lanes, items : DataFrame
        Frames ``DIM_LANE``, ``DIM_ITEM``.
    departures : bool
        Whether a share of a departure's fixed cost is in it.

    Returns
    -------
    DataFrame
        ``origin_id``, ``destination_id``, ``mode``, ``item_id``, ``freight``.
    """
    table = lanes.merge(items[["item_id", "weight_kg_per_unit", "volume_m3_per_unit"]], how="cross")
    weight, volume = table["weight_kg_per_unit"], table["volume_m3_per_unit"]
    capacity = table["capacity_kg"].astype("float64")
    share = (weight / (FILLED_SHARE * capacity.where(capacity > 0))).fillna(0.0)
    freight = (
        table["cost_per_unit"]
        + table["cost_per_kg"] * weight
        + table["cost_per_m3"] * volume
        + (table["fixed_cost_per_departure"] * share if departures else 0.0)
    )
    return table[[*LANE, "item_id"]].assign(freight=freight.astype("float64"))


def departure_shares(sent: pd.DataFrame, lanes: pd.DataFrame) -> Floats:
    """Return what each line of a date pays a unit for the departure that it rides on.

    A departure costs its fixed cost for every truck that its load takes, one where the lane tells no
    size; those who ride share it by weight, by units where nothing weighs.

    Parameters
    ----------
    sent : DataFrame
        Transfers: ``origin_id``, ``destination_id``, ``mode``, ``quantity_units``,
        ``weight_kg_per_unit``, ``volume_m3_per_unit``, ``n`` rows.
    lanes : DataFrame
        Frame ``DIM_LANE``.

    Returns
    -------
    float array, shape (n,)
        Currency per unit; 0 on what is no lane.
    """
    terms = lanes.set_index(LANE)[["fixed_cost_per_departure", "truck_kg", "truck_m3"]]
    per_unit = ["weight_kg_per_unit", "volume_m3_per_unit"]
    told = sent[[*LANE, "quantity_units", *per_unit]].join(terms, on=LANE)
    weight, volume = (told[name].astype("float64") * told["quantity_units"] for name in per_unit)
    told = told.assign(load=weight, room=volume)
    ride = told.groupby(LANE, sort=False)
    load, units = ride["load"].transform("sum"), ride["quantity_units"].transform("sum")
    by_truck = (
        load / told["truck_kg"].astype("float64"),
        ride["room"].transform("sum") / told["truck_m3"].astype("float64"),
    )
    trucks = np.nan_to_num(np.maximum(1.0, np.ceil(np.fmax(*by_truck))), nan=1.0)
    by_weight = told["weight_kg_per_unit"].astype("float64") / load.where(load > 0)
    share = by_weight.fillna(1.0 / units.clip(lower=1))
    paid = (told["fixed_cost_per_departure"].astype("float64") * trucks * share).fillna(0.0)
    return np.asarray(paid, dtype=np.float64)


def landed_costs(places: pd.DataFrame, sourcing: pd.DataFrame, freight: pd.DataFrame) -> Floats:
    """Return what replacing a unit costs at each item-site: the cheapest way from a supplier.

    Parameters
    ----------
    places : DataFrame
        ``item_id`` and ``site_id`` of ``n`` item-sites.
    sourcing : DataFrame
        Frame ``DIM_SOURCING``.
    freight : DataFrame
        What ``unit_freight`` returned for the lanes that replenish.

    Returns
    -------
    float array, shape (n,)
        Infinite where no supplier reaches.
    """
    keys = ["item_id", "site_id"]
    index = places[keys].assign(place=np.arange(len(places)))
    cost = np.full(len(places), np.inf)
    bought = sourcing.merge(index, on=keys)
    np.minimum.at(cost, bought["place"].to_numpy(), bought["unit_cost"].to_numpy(np.float64))
    ways = freight.merge(index.rename(columns={"site_id": "origin_id", "place": "origin"}), on=["item_id", "origin_id"])
    ways = ways.merge(
        index.rename(columns={"site_id": "destination_id", "place": "destination"}), on=["item_id", "destination_id"]
    )
    origin, destination = ways["origin"].to_numpy(), ways["destination"].to_numpy()
    # Bellman and Ford: at most one lane fewer than sites on any cheapest way.
    for _ in range(places["site_id"].nunique()):
        before = cost.copy()
        np.minimum.at(cost, destination, cost[origin] + ways["freight"].to_numpy())
        if np.array_equal(before, cost):
            break
    return cost
