"""Limits on stock that a plan had to relax, by name: it goes out all the same, and says so.

Not here: faults that were known before anything was solved (``faults``), or shared limits
(``market.verify``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.costs import cumulative_supply
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import KEY, Ints
from assets.rebalancing.snapshot import note


def relaxations(network: Network, flow: Flow, units: Ints) -> list[str]:
    """Return which limits on stock a plan relaxes, one sentence a kind; empty if none.

    Parameters
    ----------
    network : Network
        Of every item.
    flow : Flow
        The plan, every item in order.
    units : int array, shape (m,)
        Of every move of the plan.
    """
    item_sites, faults = network.problem.item_sites, list[str]()
    keys = item_sites.keys()
    broken = np.array(network.problem.item_sites.item_ids, dtype=object)[flow.variant.items[flow.broken]]
    over = keys.loc[keys["item_id"].isin(broken)].drop_duplicates("item_id")
    note(over, ["item_id"], "limits on stock that cannot be kept, at a penalty", faults)
    if item_sites.cross_dock.any():
        stock = cumulative_supply(network, units)[:, :-1]
        could = stock > constraints.held_back(item_sites, network.problem.moves)
        stays = item_sites.cross_dock & could.any(axis=1)
        note(keys[stays], KEY, "stock stays at a cross-dock that could leave, at its landed value a bucket", faults)
    return faults
