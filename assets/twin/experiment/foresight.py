"""The clairvoyant bound of an experiment's window: its ways from master data, its cost by item.

Not here: the bound itself (``clairvoyant``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.twin.clairvoyant import Clairvoyant, Ways, clairvoyant
from assets.twin.day import SUPPLIER, Rates
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.tariff import unit_freight


def bound_of(network: ExperimentNetwork, rates: Rates, start: dt.date, lanes: pd.DataFrame) -> Clairvoyant:
    """Return what a window would have cost who knew its demand, by item in sorted order.

    Parameters
    ----------
    network : ExperimentNetwork
        Whose demand was played.
    rates : Rates
        What things cost.
    start : date
        First of the window.
    lanes : DataFrame
        Frame ``DIM_LANE``: every lane that could be used.

    Raises
    ------
    EquipoiseError
        If departures have a cost of their own, or bringing a unit gains money by itself.
    """
    if (network.lanes["fixed_cost_per_departure"] > 0).any():
        raise EquipoiseError(
            "departures cost something whatever they carry, and stock is worth a share of that, so that a full truck "
            "gains money and no least cost exists",
            where="clairvoyant bound",
            remedy="Play a network whose freight is by the unit",
        )
    begin = network.column(start)
    demand = network.asked[:, begin : begin + network.buckets]
    items = pd.factorize(network.places["item_id"], sort=True)[0].astype(np.int64)
    return clairvoyant(network.opening(start), demand, rates, ways_of(network, lanes), items)


def ways_of(network: ExperimentNetwork, lanes: pd.DataFrame) -> Ways:
    """Return every purchase and lane of every item, at what a unit costs on it whatever else rides."""
    index = network.places.assign(place=np.arange(len(network.places)))
    days = network.profile.calendar.bucket.days
    bought = network.sourcing.merge(index, on=["item_id", "site_id"])
    moved = unit_freight(lanes, network.items, departures=False).merge(
        lanes[["origin_id", "destination_id", "mode", "quoted_transit_days"]],
        on=["origin_id", "destination_id", "mode"],
    )
    for end in ("origin", "destination"):
        moved = moved.merge(index.rename(columns={"site_id": f"{end}_id", "place": end}), on=["item_id", f"{end}_id"])
    ahead = np.concatenate([bought["quoted_lead_time_days"].to_numpy(), moved["quoted_transit_days"].to_numpy()])
    return Ways(
        origin=np.concatenate([np.full(len(bought), SUPPLIER), moved["origin"].to_numpy()]).astype(np.int64),
        destination=np.concatenate([bought["place"].to_numpy(), moved["destination"].to_numpy()]).astype(np.int64),
        buckets=-(-ahead.astype(np.int64) // days),
        amount=np.concatenate([bought["unit_cost"].to_numpy(), moved["freight"].to_numpy()]).astype(np.float64),
    )
