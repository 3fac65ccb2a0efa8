"""A choice in which some items were chosen again, by themselves: the others stay to the bit.

Not here: why they were (``consolidated``, ``documented``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.charges import Charges
from assets.rebalancing.choice import Choice, choose
from assets.rebalancing.expansion import Network, Start
from assets.rebalancing.flow import Flow, gather
from assets.rebalancing.hedge import Hedges
from assets.rebalancing.item_sites import Flags, Ints
from assets.rebalancing.market.filling import pinned
from assets.rebalancing.market.parts import capped, part, shut, started_part


def chosen_again(base: Network, choice: Choice, charges: Charges, barred: Flags) -> Choice:
    """Return the choice after some more moves were barred: whoever uses them, in whatever plan, chooses again.

    Parameters
    ----------
    base : Network
        Of every item, everything open.
    choice : Choice
        Before.
    charges : Charges
        After; all moves that it bars are shut.
    barred : bool array, shape (m,)
        Moves that are barred now.
    """
    flows = [choice.flow, choice.relaxed, *choice.policies.values()]
    most = np.where(barred, 0, choice.network.problem.moves.capacity)
    network = replace(capped(choice.network, most), start=choice.network.start)
    owner, used = lots.first_items(network), barred[network.first]
    items = np.unique(np.concatenate([owner[used & (flow.units > 0)] for flow in flows]))
    return _chosen_on(base, replace(choice, network=network), charges, items)


def chosen_items_again(base: Network, choice: Choice, charges: Charges, items: Ints) -> Choice:
    """Return the choice after some items chose again on all that ``charges`` leaves open; see ``chosen_again``."""
    most = np.where(charges.barred, 0, base.problem.moves.capacity)
    return _chosen_on(
        base, replace(choice, network=replace(capped(base, most), start=choice.network.start)), charges, items
    )


def _chosen_on(base: Network, choice: Choice, charges: Charges, items: Ints) -> Choice:
    if not len(items):
        return choice
    some = started_part(base, items)
    found = choose(shut(some.network, charges.barred[some.moves]))
    return with_pins(merged(choice, choice.network, items, found), charges.pins, items)


def with_pins(choice: Choice, pins: Ints, items: Ints) -> Choice:
    """Return the choice after items with pinned lines chose what else to do; costs are their own.

    Parameters
    ----------
    choice : Choice
        Before.
    pins : int array, shape (m,)
        Units of lines that stand; 0 for others.
    items : int array
        Among which those with a pinned line choose.
    """
    of_item = choice.network.problem.item_sites.item[choice.network.problem.moves.destination]
    items = np.intersect1d(items, of_item[pins > 0])
    if not len(items):
        return choice
    some = part(choice.network, items)
    units = choose(pinned(some.network, pins[some.moves])).units
    return placed(choice, items, lots.evaluate(some.network, units))


def every_unit(network: Network, units: Ints) -> Ints:
    """Return units of every move where only those of the first bucket carry anything, shape (m,)."""
    every = np.zeros(len(network.problem.moves), dtype=np.int64)
    every[network.first] = units
    return every


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
    flows, potential, known = start.flows.copy(), start.potential.copy(), start.known.copy()
    flows[gather(network.arc_start, items)[0]] = fresh.flows
    potential[gather(network.node_start, items)[0]] = fresh.potential
    known[items] = fresh.known
    return Start(flows, potential, known)


def _hedges(hedges: Hedges, rows: Ints, again: Hedges, units: Ints) -> Hedges:
    """Return the hedges of other item-sites, and those of the ones chosen again."""
    kept = ~np.isin(hedges.row, rows)
    row = np.concatenate([hedges.row[kept], rows[again.row]])
    order = np.argsort(row, kind="stable")
    amounts = [
        np.concatenate([getattr(hedges, name)[kept], getattr(again, name)])[order] for name in ("premium", "saved")
    ]
    return Hedges(units, row[order], *amounts)
