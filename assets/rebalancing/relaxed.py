"""Limits on stock that a plan had to relax: where, by how many units, and at which price.

Not here: faults that were known before anything was solved (``faults``), or shared limits
(``market.verify``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.costs import cumulative_supply
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import KEY, Floats, Ints
from assets.rebalancing.snapshot import note


def relaxations(network: Network, flow: Flow, units: Ints) -> list[str]:
    """Return which limits on stock a plan relaxes, one sentence a kind; empty if none.

    Units are the most of any bucket, prices are in currency a unit and bucket.

    Parameters
    ----------
    network : Network
        Of every item.
    flow : Flow
        The plan, every item in order.
    units : int array, shape (m,)
        Of every move of the plan.
    """
    faults: list[str] = []
    price = network.penalty[network.problem.item_sites.item] / network.scale
    what = "maximum stock that cannot be kept, at a penalty that is in no printed cost"
    _note(network, _over_maximum(network, flow), price, what, faults)
    what = "stock stays at a cross-dock that could leave, at its landed value a bucket"
    _note(network, _kept_at_docks(network, units), network.landed, what, faults)
    return faults


def _over_maximum(network: Network, flow: Flow) -> Ints:
    """Return the units of each item-site above its maximum, the most of any bucket, shape (n,)."""
    curves, segment = network.curves, network.segment[flow.arcs]
    penalty = network.penalty[network.problem.item_sites.item[curves.row[np.maximum(segment, 0)]]]
    over = (flow.flows > 0) & (network.cost[flow.arcs] >= penalty // 2) & (segment >= 0)
    by_bucket = np.zeros((len(network.problem.item_sites), network.problem.horizon + 1), dtype=np.int64)
    np.add.at(by_bucket, (curves.row[segment[over]], curves.bucket[segment[over]]), flow.flows[over])
    return np.asarray(by_bucket.max(axis=1))


def _kept_at_docks(network: Network, units: Ints) -> Ints:
    """Return the units of each cross-dock that could have left, the most of any bucket, shape (n,)."""
    item_sites = network.problem.item_sites
    if not item_sites.cross_dock.any():
        return np.zeros(len(item_sites), dtype=np.int64)
    stock = cumulative_supply(network, units)[:, :-1]
    could = np.maximum(0, stock - constraints.held_back(item_sites, network.problem.moves)).max(axis=1)
    return np.where(item_sites.cross_dock, could, 0)


def _note(network: Network, over: Ints, price: Floats, what: str, faults: list[str]) -> None:
    there = over > 0
    told = zip(over[there], price[there], strict=True)
    rows = network.problem.item_sites.keys().loc[there]
    note(rows.assign(told=[f"by {u} units, {p:.2f} each" for u, p in told]), [*KEY, "told"], what, faults)
