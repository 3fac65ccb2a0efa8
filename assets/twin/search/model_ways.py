"""How item-sites of a network are supplied, as the fast twin plays it: normal ways, limits of suppliers, neighbours.

Read off master data and the sources that targets are set against. Not here: chance (``model_chance``), or money.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from assets.inventory.master_data import MasterData
from assets.inventory.settings import normal_parents
from assets.inventory.situation import Situation
from assets.inventory.supply import KEY, NO_SOURCE
from assets.kernel.calendar import PlanCalendar
from assets.kernel.network import departure_weekdays
from assets.twin.day import SUPPLIER, Ints
from assets.twin.fast.network import Flags, Laterals, Limit, Ways
from assets.twin.search.model_chance import in_buckets

HELPERS = 4
"""Most item-sites that may help one out; those on the cheapest lanes."""


def normal_ways(known: Situation, master: MasterData, freight: pd.DataFrame, plan_date: dt.date) -> Ways:
    """Return how each item-site is normally supplied; one without a source never orders."""
    settings, sources = known.settings, known.sources
    parents = normal_parents(settings, sources)
    bought = (sources["receipt_kind"] == "purchase").to_numpy()
    terms = sources[["item_id", "site_id", "source_id"]].merge(
        master.sourcing.rename(columns={"supplier_id": "source_id"}), on=["item_id", "site_id", "source_id"], how="left"
    )
    lane = sources.rename(columns={"source_id": "origin_id", "site_id": "destination_id"})
    lane = lane[["item_id", "origin_id", "destination_id", "mode"]].merge(
        freight, on=["item_id", "origin_id", "destination_id", "mode"], how="left"
    )

    def lot(name: str) -> Ints:
        told = terms[name].astype("Float64").fillna(1).to_numpy(np.int64)
        return np.where(bought, np.maximum(told, 1), 1)

    nothing = (sources["receipt_kind"] == NO_SOURCE).to_numpy() | (~bought & (parents < 0))
    return Ways(
        origin=np.where(bought | nothing, SUPPLIER, parents),
        buckets=np.maximum(1, in_buckets(np.rint(known.supply.mean).astype(np.int64), known.calendar)),
        departs=_departs(known, plan_date) & ~nothing[:, None],
        minimum=lot("minimum_order_units"),
        multiple=lot("order_multiple_units"),
        price=np.where(bought, terms["unit_cost"].astype("float64").fillna(0.0).to_numpy(), 0.0),
        freight=np.where(bought, 0.0, lane["freight"].fillna(0.0).to_numpy()),
        fixed=np.zeros(len(settings)),
    )


def _departs(known: Situation, plan_date: dt.date) -> Flags:
    """Return in which buckets of a cycle an item-site orders: as its lane departs, else as it is reviewed."""
    days = known.calendar.bucket.days
    review = np.maximum(1, known.settings["review_days"].to_numpy(np.int64) // days)
    cycle = int(np.lcm.reduce(np.append(np.unique(review), 7 if days == 1 else 1)))
    reviewed = np.arange(cycle) % review[:, None] == 0
    told = known.sources["departure_days"].fillna("")
    if days > 1:
        return np.asarray(reviewed)
    weekday = (plan_date.isoweekday() - 1 + np.arange(cycle)) % 7 + 1
    leaves = {text: np.isin(weekday, departure_weekdays(text) or [0]) for text in sorted(set(told)) if text}
    return np.asarray([leaves.get(text, row) for text, row in zip(told, reviewed, strict=True)], dtype=bool)


def supplier_limits(known: Situation, master: MasterData, calendar: PlanCalendar) -> tuple[Limit, ...]:
    """Return what suppliers can ship of an item, where they say so."""
    sources = known.sources
    bought = sources[["item_id", "site_id", "source_id"]].merge(
        master.sourcing.rename(columns={"supplier_id": "source_id"}), on=["item_id", "site_id", "source_id"], how="left"
    )
    capacity = bought["capacity_units_per_day"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    limited = np.isfinite(capacity)
    if not limited.any():
        return ()
    names = (bought["item_id"] + "\n" + bought["source_id"])[limited]
    group = np.full(len(sources), -1)
    group[limited] = pd.factorize(names, sort=True)[0]
    # Who orders once in a review has the capacity of all its days.
    days = np.maximum(known.settings["review_days"].to_numpy(np.float64), calendar.bucket.days)
    most = pd.Series((capacity * days)[limited]).groupby(group[limited]).max().to_numpy()
    return (Limit(group, most.astype(np.int64), np.ones(len(sources), dtype=np.int64)),)


def neighbours(
    settings: pd.DataFrame, master: MasterData, freight: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date
) -> Laterals | None:
    """Return who may help out whom: sites of the same echelon with a lane between them, the cheapest first."""
    found = _lateral_lanes(settings, master, freight)
    if found.empty:
        return None
    rank = found.groupby("place").cumcount().to_numpy()
    days = calendar.bucket.days
    weekday = (plan_date.isoweekday() - 1 + np.arange(7)) % 7 + 1
    shape = (int(rank.max()) + 1, len(settings))
    origin, buckets, cost = np.full(shape, -1), np.ones(shape, dtype=np.int64), np.zeros(shape)
    departs = np.zeros((*shape, 7 if days == 1 else 1), dtype=bool)
    at = (rank, found["place"].to_numpy())
    origin[at] = found["origin_place"]
    buckets[at] = np.maximum(1, -(-found["quoted_transit_days"].to_numpy(np.int64) // days))
    cost[at] = found["freight"]
    told = found["departure_days"].fillna("")
    leaves = {text: np.isin(weekday, departure_weekdays(text) or [0]) for text in sorted(set(told)) if text}
    departs[at] = [leaves.get(text, np.ones(7, dtype=bool)) for text in told] if days == 1 else True
    return Laterals(origin, buckets, departs, cost)


def _lateral_lanes(settings: pd.DataFrame, master: MasterData, freight: pd.DataFrame) -> pd.DataFrame:
    """Return lanes between item-sites of one echelon: ``place``, ``origin_place``, freight, days; few a place."""
    place = settings[[*KEY, "echelon"]].assign(place=np.arange(len(settings)))
    origin = place.rename(columns={"site_id": "origin_id", "echelon": "origin_echelon", "place": "origin_place"})
    lane = ["origin_id", "destination_id", "mode"]
    lanes = freight.merge(master.lanes[[*lane, "quoted_transit_days", "departure_days"]], on=lane)
    found = lanes.merge(origin, on=["item_id", "origin_id"])
    found = found.merge(place.rename(columns={"site_id": "destination_id"}), on=["item_id", "destination_id"])
    found = found[found["origin_echelon"] == found["echelon"]]
    found = found.sort_values(["place", "freight", "origin_place", "mode"], kind="stable")
    found = found.drop_duplicates(["place", "origin_place"])
    return found[found.groupby("place").cumcount() < HELPERS].reset_index(drop=True)
