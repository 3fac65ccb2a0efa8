"""The supply executor: which stock, lanes and sources meet needs at least cost at given prices.

It plans every item by itself and says what it bids: the plan's saving against waiting, what it
asks of shared limits, and where what is left of them saves nothing. Whole plans keep lots, cycles
and least gains; relaxed ones do not, and prove the bound. Deterministic. Not here: which plans are
allowed (``constraint_evaluator``), and who gets what (``conflict_resolver``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing import lots
from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import FREE_UNITS, Flow, Variant, gather, solve_flows, started
from assets.rebalancing.gains import drop_small_gains
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.constraint_evaluator import whole
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices, Proposals, Refusal
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.transcript import Row, saved, uses

AGENT = "supply_executor"


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


def paid(proposals: Proposals, prices: Prices) -> Floats:
    """Return what each proposal pays at the prices, in currency."""
    return np.asarray(proposals.use @ prices.per_limit)


def bids(network: Network, limits: Limits, waiting: Proposals, prices: Prices, made: Proposals) -> list[Row]:
    """Return the rows of proposals: what each saves against waiting, pays and asks for.

    Parameters
    ----------
    network, limits : Network, Limits
        Of the items that share the limits.
    waiting : Proposals
        What each item costs if nothing moves, in order.
    prices : Prices
        At which the proposals were made.
    made : Proposals
        Of any items.
    """
    names, amounts = network.problem.item_sites.item_ids, paid(made, prices)
    saving = saved(waiting, made.item, made.cost, network.scale)
    return [
        Row(
            prices.round,
            AGENT,
            names[item],
            float(saving[k]),
            float(amounts[k]),
            "proposed",
            f"asks for {use}" if use else "asks for nothing that is shared",
        )
        for k, (item, use) in enumerate(zip(made.item.tolist(), uses(limits, prices, made.use), strict=True))
    ]


def declined(network: Network, waiting: Proposals, offer: Refusal, round_: int) -> Row:
    """Return the row of an offer that an item declines, because it is as well off with what it has."""
    saving = float(saved(waiting, [offer.item], [offer.cost], network.scale)[0])
    name = network.problem.item_sites.item_ids[offer.item]
    return Row(round_, AGENT, name, saving, offer.payment, "declined", offer.reason)
