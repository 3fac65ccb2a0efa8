"""A choice in which some items were chosen again, by themselves: the others stay to the bit.

Not here: why they were (``consolidated``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rebalancing.choice import Choice
from assets.rebalancing.expansion import Network, Start
from assets.rebalancing.flow import Flow, gather
from assets.rebalancing.hedge import Hedges
from assets.rebalancing.item_sites import Ints


def merged(choice: Choice, network: Network, items: Ints, again: Choice) -> Choice:
    """Return a choice with that of some items in place of what it had of them.

    Parameters
    ----------
    choice : Choice
        Of every item.
    network : Network
        Of every item, as it is now.
    items : int array
        Ascending.
    again : Choice
        Of these items, on their part of the network.
    """
    rows = np.flatnonzero(np.isin(network.problem.item_sites.item, items))
    flow = _placed(network, choice.flow, items, again.flow)
    return Choice(
        network=replace(network, start=_start(choice, network, items, again), solved={}),
        relaxed=_placed(network, choice.relaxed, items, again.relaxed),
        units=flow.units,
        flow=flow,
        policies={
            name: _placed(network, policy, items, again.policies[name]) for name, policy in choice.policies.items()
        },
        hedges=_hedges(choice.hedges, rows, again.hedges, flow.units),
    )


def placed(choice: Choice, items: Ints, flow: Flow) -> Choice:
    """Return a choice in which some items do what a flow on their part says; the rest stands."""
    whole = _placed(choice.network, choice.flow, items, flow)
    return replace(choice, flow=whole, units=whole.units, hedges=replace(choice.hedges, units=whole.units))


def _placed(network: Network, whole: Flow, items: Ints, some: Flow) -> Flow:
    """Return a flow of every item in order with that of some items in its place."""
    arcs, first, nodes = (
        gather(starts, items)[0] for starts in (network.arc_start, network.first_start, network.node_start)
    )
    placed = {}
    for name, at in (
        ("flows", arcs), ("units", first), ("potential", nodes), ("cost", items), ("broken", items),
    ):  # fmt: skip
        values = getattr(whole, name).copy()
        values[at] = getattr(some, name)
        placed[name] = values
    fixed = whole.variant.units.copy()
    fixed[first] = some.variant.units
    return replace(whole, variant=replace(whole.variant, units=fixed), **placed)


def _start(choice: Choice, network: Network, items: Ints, again: Choice) -> Start | None:
    start, fresh = choice.network.start, again.network.start
    if start is None or fresh is None:
        return None
    flows, potential = start.flows.copy(), start.potential.copy()
    flows[gather(network.arc_start, items)[0]] = fresh.flows
    potential[gather(network.node_start, items)[0]] = fresh.potential
    return Start(flows, potential)


def _hedges(hedges: Hedges, rows: Ints, again: Hedges, units: Ints) -> Hedges:
    """Return the hedges of other item-sites, and those of the ones chosen again."""
    kept = ~np.isin(hedges.row, rows)
    row = np.concatenate([hedges.row[kept], rows[again.row]])
    order = np.argsort(row, kind="stable")
    amounts = [
        np.concatenate([getattr(hedges, name)[kept], getattr(again, name)])[order] for name in ("premium", "saved")
    ]
    return Hedges(units, row[order], *amounts)
