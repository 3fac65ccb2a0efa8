"""Order documents below their minimum: what filling one takes, and lines that stand because they fill it.

Lots are added one at a time, the one that comes cheapest by amount first, each judged by solving its
item again. Lines of a document that was filled are pinned: whatever else their items do, those stay.
Not here: whether a document is filled or closed (``consolidated``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.arcs import has_room
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.lots import Incumbent, copies, first_items
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.minimums import Minimums


def filled(network: Network, minimums: Minimums, document: int, plan: Incumbent, most: float) -> Ints | None:
    """Return units of first-bucket moves with a document filled; none if no lots do, or only for more than ``most``.

    Parameters
    ----------
    network : Network
        Of every item.
    minimums : Minimums
        Over its moves.
    document : int
        That is below its minimum.
    plan : Incumbent
        Units of first-bucket moves, and cost by item; the other lines stay.
    most : float
        Currency that filling may cost.
    """
    amount, owner = minimums.use[[document]].toarray()[0][network.first], first_items(network)
    moves, units, cost = network.problem.moves.take(network.first), plan.units.copy(), plan.cost.copy()
    multiple = np.maximum(1, moves.multiple)
    could = np.flatnonzero((amount > 0) & (largest_units(network)[network.first] > 0))
    lacks = float(minimums.least[document] - minimums.others[document] - amount @ units)
    spent, asked, dearer = 0.0, could, np.full(len(units), np.inf)
    while lacks > 0 and len(could):
        dearer[asked] = np.inf
        more = np.where(units > 0, units + multiple, constraints.smallest_lot(moves.minimum, multiple))
        asked = asked[has_room(network.problem.item_sites, moves, units, asked, more[asked])]
        items = owner[asked]
        tried, offset = copies(network, items, units)
        tried[offset + asked - network.first_start[items]] = more[asked]
        flow = solve_flows(network, Variant(items, tried))
        fits = ~flow.broken & (more[asked] <= moves.capacity[asked])
        dearer[asked] = np.where(fits, (flow.cost - cost[items]) / network.scale, np.inf)
        best = int(could[np.argmin(dearer[could] / ((more - units) * amount)[could])])
        spent, lacks = spent + float(dearer[best]), lacks - float((more - units)[best] * amount[best])
        if spent > most:
            return None
        cost[owner[best]] += round(float(dearer[best]) * network.scale)
        units[best] = more[best]
        asked = could[owner[could] == owner[best]]
    return units if lacks <= 0 else None


def pinned(network: Network, pins: Ints) -> Network:
    """Return a network in which some moves carry what they are told, shape (m,); 0 leaves a move free.

    They can carry only that, and earn more for it than any unit can cost.
    """
    told = pins > 0
    if not told.any():
        return network
    moves, item_sites = network.problem.moves, network.problem.item_sites
    worth = 2.0 * moves.unit_amount + 2.0 * item_sites.holding_cost[moves.destination] * (item_sites.horizon + 1) + 1.0
    exact = {name: np.where(told, pins, getattr(moves, name)) for name in ("minimum", "multiple", "capacity")}
    pin = network.by_arc(pins)
    capacity = np.where(pin > 0, pin, network.capacity)
    held = replace(
        network, problem=replace(network.problem, moves=replace(moves, **exact)), capacity=capacity, solved={}
    )
    return held.priced(np.where(told, -worth, 0.0))
