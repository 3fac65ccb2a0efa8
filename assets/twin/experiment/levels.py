"""Minimum and maximum levels of every item-site, and the orders they make: what an ERP without a model does.

A level is a number of buckets of reference demand: fixed, or following recent means. Not here: how
levels are found (``tuned_levels``), or playing (``player``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.supply import normal_sources
from assets.twin.day import SUPPLIER, Floats, Ints, Lines, Stock
from assets.twin.experiment.network import KEY, ExperimentNetwork
from assets.twin.experiment.policies import LINE_COLUMNS, Policy, Sights


@dataclass(frozen=True)
class Sources:
    """Where each item-site orders.

    Attributes
    ----------
    parent : int array, shape (n,)
        Item-site; -1 for a supplier.
    lead : int array, shape (n,)
        Buckets until an order can be sold.
    source_id, mode : tuple of str, n
        As a line tells them.
    """

    parent: Ints
    lead: Ints
    source_id: tuple[str, ...]
    mode: tuple[str, ...]


@dataclass(frozen=True)
class Levels:
    """Levels of ``n`` item-sites.

    Attributes
    ----------
    sources : Sources
        Where each orders.
    reference : float array, shape (n, T)
        Demand per bucket that levels are told in, by bucket of the network's history.
    cover : float array, shape (n,)
        Buckets of reference demand that the maximum holds.
    gap : float array, shape (n,)
        Share of the maximum by which the position must fall below it before an order starts.
    """

    sources: Sources
    reference: Floats
    cover: Floats
    gap: Floats

    def maximum(self, column: int) -> Ints:
        """Return the maximum in a bucket of the history, shape (n,)."""
        return np.ceil(self.cover * self.reference[:, column] - 1e-9).astype(np.int64)

    def orders(self, column: int, stock: Stock) -> Ints:
        """Return what each item-site gets of its source, shape (n,): the emptiest first where a source is short."""
        level = self.maximum(column)
        position = stock.on_hand + stock.under_way.sum(axis=1)
        asks = position < level - np.floor(self.gap * level)
        wanted = np.where(asks, np.maximum(level - position, 0), 0).astype(np.int64)
        parent = self.sources.parent
        given = rationed(wanted, parent, stock.on_hand, position / np.maximum(level, 1))
        return np.where(parent >= 0, given, wanted)


def rationed(wanted: Ints, parent: Ints, on_hand: Ints, fullness: Floats) -> Ints:
    """Return what each is given by its parent, the emptiest first."""
    rows = np.lexsort((fullness, parent))
    asked, giver = wanted[rows], parent[rows]
    before = np.cumsum(asked) - asked
    before = before - before[np.searchsorted(giver, giver, side="left")]
    given = np.zeros_like(wanted)
    given[rows] = np.clip(on_hand[giver] - before, 0, asked)
    return given


def usual_sources(network: ExperimentNetwork, *, fastest: bool = False) -> Sources:
    """Return the normal source of each item-site, the cheapest; with ``fastest`` the lane that is soonest there.

    Parameters
    ----------
    network : ExperimentNetwork
        Whose lanes and sourcing are looked at.
    fastest : bool
        Only the soonest lanes into a site count, the cheapest of them.
    """
    lanes = network.lanes
    if fastest:
        soonest = lanes.groupby("destination_id")["quoted_transit_days"].transform("min")
        lanes = lanes[lanes["quoted_transit_days"] == soonest]
    settings = network.item_sites.merge(network.sites[["site_id", "echelon"]], on="site_id")
    settings = settings.sort_values(KEY, ignore_index=True)
    found = normal_sources(settings, lanes, network.sourcing, network.items)
    place = {key: row for row, key in enumerate(zip(settings["item_id"], settings["site_id"], strict=True))}
    kinds = zip(found["item_id"], found["receipt_kind"], found["source_id"], strict=True)
    parent = [place[item, source] if kind == "transfer" else -1 for item, kind, source in kinds]
    lead = -(-found["quoted_days"].to_numpy() // network.profile.calendar.bucket.days)
    return Sources(
        np.array(parent, dtype=np.int64), lead.astype(np.int64), tuple(found["source_id"]), tuple(found["mode"])
    )


def demand_below(network: ExperimentNetwork, sources: Sources) -> Floats:
    """Return demand by item-site and bucket, that of the sites it serves included, shape (n, T)."""
    total, level = network.asked.astype(np.float64), network.echelons
    for echelon in range(int(level.max(initial=0)) + 1):
        child = np.flatnonzero((level == echelon) & (sources.parent >= 0))
        np.add.at(total, sources.parent[child], total[child])
    return total


def recent_means(demand: Floats, width: int) -> Floats:
    """Return the mean of up to ``width`` buckets before each, shape of ``demand``; the first bucket's own before any.

    >>> recent_means(np.array([[2.0, 4.0, 6.0]]), 2).tolist()
    [[2.0, 2.0, 3.0]]
    """
    before = np.cumsum(np.concatenate([np.zeros((len(demand), 1)), demand], axis=1), axis=1)
    t = np.arange(demand.shape[1])
    first = np.maximum(0, t - width)
    mean = (before[:, t] - before[:, first]) / np.maximum(t - first, 1)
    mean[:, 0] = demand[:, 0]
    return np.asarray(mean)


def lines_in_bucket(levels: Levels, column: int, stock: Stock) -> Lines:
    """Return the orders of a bucket as the twin plays them, free of price and freight."""
    units = levels.orders(column, stock)
    rows = np.flatnonzero(units)
    parent = levels.sources.parent[rows]
    origin, free = np.where(parent >= 0, parent, SUPPLIER), np.zeros(len(rows))
    return Lines(origin, rows, units[rows], levels.sources.lead[rows], free, free)


def level_policy(levels: Levels, network: ExperimentNetwork) -> Policy:
    """Return the policy that orders by levels."""
    places, days = network.places, network.profile.calendar.bucket.days

    def order(sights: Sights) -> pd.DataFrame:
        units = levels.orders(network.column(sights.date), sights.stock)
        rows = np.flatnonzero(units)
        sources = levels.sources
        arrival = pd.Timestamp(sights.date) + pd.to_timedelta(sources.lead[rows] * days, unit="D")
        told = (
            np.where(sources.parent[rows] >= 0, "transfer", "purchase"), places["item_id"].to_numpy(object)[rows],
            np.array(sources.source_id, dtype=object)[rows], places["site_id"].to_numpy(object)[rows],
            np.array(sources.mode, dtype=object)[rows], units[rows], pd.Timestamp(sights.date), arrival,
        )  # fmt: skip
        return pd.DataFrame(dict(zip(LINE_COLUMNS, told, strict=True)))

    return order
