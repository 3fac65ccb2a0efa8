"""Item agents: what each item would do at given prices. Deterministic functions of what they see.

The demand planner states needs as value curves, which is what a network holds; the supply
executor offers the cheapest plan that meets them. Whole plans keep lots, cycles and least
gains; relaxed ones do not, and prove the bound. Not here: who gets what (``award``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing import constraints, lots
from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Flow, Variant, gather, solve_flows, started
from assets.rebalancing.gains import drop_small_gains
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices, Proposals
from assets.rebalancing.market.parts import part


def priced(network: Network, limits: Limits, prices: Prices) -> Network:
    """Return a network in which every move pays for its use of limits.

    Rounded down to money steps, so that what is least there never exceeds what is least at
    the prices themselves: bounds stay bounds.
    """
    step = TIE_STEPS / network.scale
    per_move = limits.use.T @ prices.per_limit
    return network.priced(np.floor(per_move / step) * step) if per_move.any() else network


def propose(network: Network, limits: Limits, prices: Prices) -> Proposals:
    """Return every item's cheapest plan at the prices, lots and least gains apart: proven optima.

    Parameters
    ----------
    network : Network
        At its own costs.
    limits : Limits
        Over the network's moves.
    prices : Prices
        Of the limits.
    """
    flow = lots.relaxed_optimum(priced(network, limits, prices))
    return proposals(network, limits, flow)


def propose_whole(network: Network, limits: Limits, prices: Prices) -> Proposals:
    """Return a good plan of every item at the prices that keeps lots, cycles and least gains."""
    return proposals(network, limits, whole_plans(priced(network, limits, prices)))


def idle(network: Network, limits: Limits) -> Proposals:
    """Return the plans in which nothing moves, now or later: they use nothing."""
    still = still_network(network)
    return proposals(network, limits, lots.relaxed_optimum(still))


def still_network(network: Network) -> Network:
    """Return a network in which nothing can move."""
    return replace(network, capacity=np.where(network.move >= 0, 0, network.capacity), solved={}, start=None)


def proposals(network: Network, limits: Limits, flow: Flow) -> Proposals:
    """Return the plans of a flow with their own costs and their use of limits.

    Parameters
    ----------
    network : Network
        At its own costs; the flow may have been found at others.
    limits : Limits
        Over the network's moves.
    flow : Flow
        Each item once.
    """
    counts = gather(network.arc_start, flow.variant.items)[1]
    owner = np.repeat(np.arange(len(counts)), counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    cost = np.diff(np.concatenate([[0], np.cumsum(flow.flows * network.cost[flow.arcs])])[ends])
    move = network.move[flow.arcs]
    used = (move >= 0) & (flow.flows > 0)
    shape = (len(counts), len(network.problem.moves))
    units = csr_array((flow.flows[used], (owner[used], move[used])), shape=shape)
    units.sort_indices()
    return Proposals(flow.variant.items, cost, flow.cost, units, csr_array(units.astype(np.float64) @ limits.use.T))


def whole_plans(network: Network) -> Flow:
    """Return plans that keep lots, cycles and least gains at the network's costs, each item once.

    Items whose optimum keeps them already are not searched.
    """
    relaxed = lots.relaxed_optimum(network)
    units = relaxed.units.copy()
    broken = np.flatnonzero(~whole(network, network.first, _spread(network, units)))
    if not len(broken):
        return relaxed
    some = part(network, broken)
    start = lots.relaxed_optimum(some.network)
    found = lots.search(some.network, start, np.ones(len(some.network.first), dtype=bool))
    if network.problem.release.guardrails.minimum_gain_amount > 0:
        found = drop_small_gains(started(some.network, lots.evaluate(some.network, found.units)), found)
    fixed = np.full(len(units), FREE_UNITS)
    fixed[np.isin(lots.first_items(network), broken)] = found.units
    return solve_flows(started(network, relaxed), Variant(np.arange(network.items), fixed))


def _spread(network: Network, units: Ints) -> csr_array:
    owner = lots.first_items(network)
    return csr_array((units, (owner, np.arange(len(units)))), shape=(network.items, len(units)))


def whole(network: Network, columns: Ints, units: csr_array) -> Flags:
    """Return which plans keep lots, go in no cycles and have no line that a least gain could forbid.

    Parameters
    ----------
    network : Network
        Whose moves they are.
    columns : int array
        Move behind each column of ``units``.
    units : sparse int array
        A plan a row.
    """
    moves = network.problem.moves
    row, units_, move = np.repeat(np.arange(units.shape[0]), np.diff(units.indptr)), units.data, columns[units.indices]
    now = (moves.bucket[move] == 0) & (units_ > 0)
    lot = constraints.is_lot(units_, moves.minimum[move], np.maximum(1, moves.multiple[move]))
    bad = now & ~lot
    if network.problem.release.guardrails.minimum_gain_amount > 0:
        bad |= now & ~moves.usual[move]
    result: Flags = np.asarray(np.bincount(row[bad], minlength=units.shape[0]) == 0)
    sideways = now & moves.lateral[move]
    sites = np.int64(len(network.problem.item_sites))
    given, taken = (row[sideways] * sites + ends[move[sideways]] for ends in (moves.origin, moves.destination))
    result[np.intersect1d(given, taken) // max(1, sites)] = False
    return result


def paid(proposals: Proposals, prices: Prices) -> Floats:
    """Return what each proposal pays at the prices, in currency."""
    return np.asarray(proposals.use @ prices.per_limit)
