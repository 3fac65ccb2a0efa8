"""The public baselines, on the same snapshot, under the same guardrails, lots and cost function.

``no_transfers`` replenishes as well as the flow can but never moves stock sideways;
``greedy_pairs`` adds lateral moves that pair the largest excess with the largest shortage while
the benefit, by its own reckoning, exceeds the cost and the least gain; ``min_max`` orders up to base
stocks as ERPs do; ``do_nothing`` waits. Later buckets are planned optimally for all, as if nothing
were shared then; ``within`` holds what starts today to the limits that items share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from assets.rebalancing import constraints, lots
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.gains import drop_small_gains, line_gains
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.lots import Incumbent
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.min_max import min_max


@dataclass(frozen=True)
class Ground:
    """What a baseline may look at.

    Attributes
    ----------
    network : Network
        Of every item.
    relaxed : Flow
        Optimum without lots, of every item in order.
    found : Incumbent
        The joint plan's search, which ``no_transfers`` starts from.
    """

    network: Network
    relaxed: Flow
    found: Incumbent

    @cached_property
    def replenished(self) -> Ints:
        """Units of ``no_transfers``."""
        return no_transfers(self.network, self.relaxed, self.found).units


Baseline = Callable[[Ground], Ints]
"""Units of first-bucket moves, in the order of ``network.first``."""


def all_policies(ground: Ground) -> dict[str, Flow]:
    """Return every baseline's flow, by the summary's policy name."""
    return {name: lots.evaluate(ground.network, units_of(ground)) for name, units_of in BASELINES.items()}


def do_nothing(network: Network) -> Ints:
    """Return no units at all: no move starts in the first bucket."""
    return np.zeros(len(network.first), dtype=np.int64)


def no_transfers(network: Network, relaxed: Flow, found: Incumbent | None = None) -> Incumbent:
    """Buy and replenish down the echelons at the least cost, without lateral moves today."""
    whole = lots.search(network, relaxed, ~network.problem.moves.lateral[network.first], found)
    return drop_small_gains(network, whole, found)


def greedy_pairs(network: Network, without: Ints) -> Ints:
    """Add lateral moves to ``no_transfers``: largest excess to largest shortage while it pays.

    Excess is position above the base stock that donor protection spares; shortage is base stock
    less position and what was already bought or sent. One unit is taken to be worth the
    receiver's shortage cost plus one bucket of the giver's holding.
    """
    item_sites, moves = network.problem.item_sites, network.problem.moves
    position = item_sites.available + item_sites.incoming
    excess = np.minimum(np.maximum(0, position - item_sites.base_stock), constraints.donor_protection(item_sites))
    inbound = np.zeros(len(item_sites), dtype=np.int64)
    np.add.at(inbound, moves.destination[network.first], without)
    outbound = np.zeros(len(item_sites), dtype=np.int64)
    sent = moves.is_transfer[network.first]
    np.add.at(outbound, moves.origin[network.first][sent], without[sent])
    excess = np.maximum(0, np.minimum(excess - outbound, item_sites.available - outbound))
    shortage = np.maximum(0, item_sites.base_stock - position - inbound)
    room = np.where(item_sites.maximum < 2**31 - 1, np.maximum(0, item_sites.maximum - position - inbound), shortage)
    units = without.copy()
    _pair(network, units, excess, np.minimum(shortage, room))
    return units


def within(network: Network, limits: Limits, flow: Flow) -> Flow:
    """Return a baseline whose lines of today keep to the limits: those that gain least are left out.

    So are those of order documents below their minimum, and of the least ones of sites that handle no more.

    Parameters
    ----------
    network : Network
        Of every item.
    limits : Limits
        Over its moves; their first buckets are looked at.
    flow : Flow
        Of the baseline, every item in order.
    """
    units = flow.units.copy()
    names = {name: k for k, name in enumerate(limits.names)}
    while broken := breaches(limits, _today(network, units)):
        row = limits.use[[names[broken[0].limit]]]
        per_unit = np.asarray(row.toarray()).ravel()[network.first]
        lines = np.flatnonzero((units > 0) & (per_unit > 0))
        if not len(lines):
            break
        gains = line_gains(network, units, lots.evaluate(network, units).cost, lines)
        order = lines[np.lexsort((lines, gains))]
        freed = np.cumsum(units[order] * per_unit[order])
        units[order[: int(np.searchsorted(freed, broken[0].used - broken[0].room)) + 1]] = 0
    units = _without_short_documents(network, _without_crowds(network, units))
    return flow if np.array_equal(units, flow.units) else lots.evaluate(network, units)


def _without_crowds(network: Network, units: Ints) -> Ints:
    """Return units without the lines of what sites cannot handle: documents of the least value, one by one."""
    documents = network.problem.documents
    while documents is not None and (excess := documents.excess(_today(network, units))).any():
        row = documents.row[network.first]
        on = row >= 0
        value = np.bincount(row[on], weights=(units * _line_value(network))[on], minlength=len(documents))
        mine = documents.handles[[int(np.argmax(excess))]].toarray()[0] > 0
        out = np.flatnonzero(mine & documents.out(_today(network, units)))
        units = np.where(
            documents.moves_of(np.arange(len(documents)) == out[np.argmin(value[out])])[network.first], 0, units
        )
    return units


def _line_value(network: Network) -> Floats:
    """Return the cost of a unit of the item of each move of today, in currency."""
    item_sites, moves = network.problem.item_sites, network.problem.moves
    return item_sites.unit_cost[moves.destination[network.first]]


def _without_short_documents(network: Network, units: Ints) -> Ints:
    """Return units without the lines of order documents below their minimum."""
    minimums = network.problem.minimums
    while minimums is not None and (short := minimums.broken(_today(network, units))).any():
        units = np.where(minimums.moves_of(short)[network.first], 0, units)
    return units


def _today(network: Network, units: Ints) -> Ints:
    """Return units of every move where nothing is meant for later."""
    every = np.zeros(len(network.problem.moves), dtype=np.int64)
    every[network.first] = units
    return every


def _pair(network: Network, units: Ints, excess: Ints, shortage: Ints) -> None:
    """Fill ``units`` in place, item by item; a site gives or receives, never both."""
    moves, rules = network.problem.moves, network.problem.release.guardrails
    lateral = np.flatnonzero(moves.lateral[network.first])
    worth = _unit_benefit(network, network.first[lateral])
    origin, destination = moves.origin[network.first[lateral]], moves.destination[network.first[lateral]]
    useful = (worth > 0) & (excess[origin] > 0) & (shortage[destination] > 0)
    rows = np.flatnonzero(useful)
    order = rows[np.lexsort((lateral[rows], -worth[rows], -shortage[destination[rows]], -excess[origin[rows]],
                             network.problem.item_sites.item[destination[rows]]))]  # fmt: skip
    for row in order.tolist():
        quantity = int(
            min(excess[origin[row]], shortage[destination[row]], moves.capacity[network.first[lateral[row]]])
        )
        if quantity > 0 and quantity * worth[row] >= rules.minimum_gain_amount:
            units[lateral[row]] += quantity
            excess[origin[row]] -= quantity
            shortage[destination[row]] -= quantity


def _unit_benefit(network: Network, moves: Ints) -> Floats:
    """Return currency per unit moved: shortage avoided and holding saved, less transport."""
    item_sites, every = network.problem.item_sites, network.problem.moves
    saved = item_sites.shortage_cost[every.destination[moves]] + item_sites.holding_cost[every.origin[moves]]
    return saved - every.usual_transport[moves]


def _taken(network: Network, units: Ints) -> Ints:
    """Return units of which the flow has no use left out, whole lots: more than could ever be sold."""
    moves, most = network.problem.moves.take(network.first), largest_units(network)[network.first]
    fewer = constraints.lot_below(most, moves.minimum, np.maximum(1, moves.multiple))
    return np.where(units > most, fewer, units)


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "do_nothing": lambda ground: do_nothing(ground.network),
        "no_transfers": lambda ground: ground.replenished,
        "greedy_pairs": lambda ground: greedy_pairs(ground.network, ground.replenished),
        "min_max": lambda ground: _taken(ground.network, min_max(ground.network)),
    }
)
"""By the name of their rows in the summary."""
