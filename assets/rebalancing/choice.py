"""Every item by itself: its cheapest whole plan, and the baselines it was found beside.

Not here: what items share (``market``), and what is published of a plan (``plan``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing import baselines, lots
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow, started
from assets.rebalancing.gains import drop_small_gains
from assets.rebalancing.hedge import Hedges, hedged
from assets.rebalancing.item_sites import Ints


@dataclass(frozen=True)
class Choice:
    """The cheapest whole plan of every item, and what it was found beside.

    Attributes
    ----------
    network : Network
        With the optima that further solves start from.
    relaxed : Flow
        Optimum without lots, least gains and cycles.
    units : int array
        Of first-bucket moves, in the order of ``network.first``.
    flow : Flow
        Of these units.
    policies : dict
        Flow of each baseline.
    hedges : Hedges
        Purchases that lateness moved; those of baselines that buy are hedged as well.
    """

    network: Network
    relaxed: Flow
    units: Ints
    flow: Flow
    policies: dict[str, Flow]
    hedges: Hedges


def choose(network: Network) -> Choice:
    """Return the cheapest whole plan of every item, each by itself.

    Parameters
    ----------
    network : Network
        Of every item.
    """
    relaxed = lots.relaxed_optimum(network)
    everything = np.ones(len(network.first), dtype=bool)
    whole = lots.search(network, relaxed, everything)
    network = started(network, lots.evaluate(network, whole.units))
    found = drop_small_gains(network, whole)
    network = started(network, lots.evaluate(network, found.units))
    policies = {
        name: _cleared(network, found, flow)
        for name, flow in baselines.all_policies(baselines.Ground(network, relaxed, found)).items()
    }
    hedges = hedged(network, _cheapest(network, found, list(policies.values())))
    if len(hedges.row):
        policies = {name: lots.evaluate(network, hedged(network, flow.units).units) for name, flow in policies.items()}
    return Choice(network, relaxed, hedges.units, lots.evaluate(network, hedges.units), policies, hedges)


def _cleared(network: Network, found: lots.Incumbent, policy: Flow) -> Flow:
    """Return a baseline that is held to the least gain where it beats the search.

    Elsewhere its own reckoning stands: judging it would only make it dearer.
    """
    better = ~policy.broken & (policy.cost < found.cost)
    owner = lots.first_items(network)
    units = np.where(better[owner], policy.units, found.units)
    offer = drop_small_gains(network, lots.Incumbent(units, np.where(better, policy.cost, found.cost)), found)
    return lots.evaluate(network, np.where(better[owner], offer.units, policy.units))


def _cheapest(network: Network, found: lots.Incumbent, policies: list[Flow]) -> Ints:
    """Return, item by item, the units of the cheapest candidate; the search's on a tie."""
    costs = np.stack([found.cost, *(np.where(flow.broken, lots.FAR, flow.cost) for flow in policies)])
    choice = costs.argmin(axis=0)[lots.first_items(network)]
    units = np.stack([found.units, *(flow.units for flow in policies)])
    return np.asarray(units[choice, np.arange(len(network.first))])
