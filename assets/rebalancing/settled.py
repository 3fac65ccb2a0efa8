"""What goes out: every item by itself where no shared limit is broken, else what the market awards.

The network comes back at the prices of scarce limits, so that what is told of lines and sites
counts what their room is worth to others. Not here: the market (``market``) and published
frames (``plan``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.baselines import within
from assets.rebalancing.choice import Choice
from assets.rebalancing.costs import Costs, units_of_flow
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow, Variant, gather, solve_flows, started
from assets.rebalancing.item_sites import Flags, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Prices
from assets.rebalancing.market.negotiate import negotiate, standing
from assets.rebalancing.market.rounds import Budget
from assets.rebalancing.market.scarcity import Scarcity, plenty, scarcity
from assets.rebalancing.market.settlement import BrokenAwardError, Settlement
from assets.rebalancing.market.supply_executor import priced
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.merged import every_unit

ITEMS, MARKET, FALLBACK = "items", "market", "fallback"

DAILY = Budget(rounds=20, tolerance=1e-6)
"""Close enough that a limit which costs cents has its price, and bounded where many items share many."""


@dataclass(frozen=True)
class Settled:
    """What goes out.

    Attributes
    ----------
    settled_by : str
        items, market or fallback.
    network : Network
        At the prices of scarce limits.
    units : int array
        Of first-bucket moves, in the order of ``network.first``.
    flow : Flow
        Of these units at these prices.
    every_unit : int array, shape (m,)
        Of every move, those of later buckets included.
    costs : Costs
        Without prices.
    over_bound : float
        Cost less its proven bound, in currency; never negative.
    scarcity : Scarcity
        What is scarce, and what moves pay for it.
    settlement : Settlement
        Of the market; of items alone where nothing was broken.
    faults : tuple of str
        What went wrong on the way.
    """

    settled_by: str
    network: Network
    units: Ints
    flow: Flow
    every_unit: Ints
    costs: Costs
    over_bound: float
    scarcity: Scarcity
    settlement: Settlement
    faults: tuple[str, ...]


def settle(choice: Choice, limits: Limits, market: Callable[..., Settlement] = negotiate) -> Settled:
    """Return what goes out within the limits.

    Parameters
    ----------
    choice : Choice
        The cheapest whole plan of every item by itself.
    limits : Limits
        Over the moves of its problem.
    market : callable, optional
        Settles what is shared, as ``negotiate`` does.

    Notes
    -----
    If the market's award fails its verification, the min/max baseline goes out as far as the limits
    let it, and the plan says so; nothing, where that fails as well: to wait is within every limit.
    """
    try:
        found = market(choice.network, limits, DAILY, today=choice)
    except BrokenAwardError as error:
        return _fallback(choice, limits, str(error))
    return _awarded(choice, limits, found) if found.deals else _alone(choice, found)


def _alone(choice: Choice, found: Settlement) -> Settled:
    return Settled(
        ITEMS, choice.network, choice.units, choice.flow, units_of_flow(choice.network, choice.flow),
        Costs.of(choice.network, choice.flow), _over(choice, choice.flow), plenty(len(found.units)), found, (),
    )  # fmt: skip


def _fallback(choice: Choice, limits: Limits, why: str) -> Settled:
    flow, what = within(choice.network, limits, choice.policies["min_max"]), "what min/max asks for goes out"
    if breaches(limits, every_unit(choice.network, flow.units)):
        flow, what = choice.policies["do_nothing"], "nothing starts today"
    faults = (f"the market's award failed its verification, so that {what}: {why}",)
    return Settled(
        FALLBACK, choice.network, flow.units, flow, units_of_flow(choice.network, flow), Costs.of(choice.network, flow),
        _over(choice, flow), plenty(len(choice.network.problem.moves)), standing(choice, limits, flow), faults,
    )  # fmt: skip


def _over(choice: Choice, flow: Flow) -> float:
    """Return cost less bound in currency, from integer costs, so that it is never negative."""
    return float(int(flow.cost.sum()) - int(choice.relaxed.cost.sum())) / choice.network.scale


def _awarded(choice: Choice, limits: Limits, found: Settlement) -> Settled:
    scarce, units = scarcity(limits, found), found.units[choice.network.first]
    network = _at_prices(choice, scarce, units)
    return Settled(
        MARKET, network, units, lots.evaluate(network, units), found.units, Costs.of_units(choice.network, found.units),
        max(0.0, found.cost - found.bound), scarce, found, (),
    )  # fmt: skip


def _at_prices(choice: Choice, scarce: Scarcity, units: Ints) -> Network:
    """Return the network at the prices; items that none touches keep what was solved of them."""
    plain = choice.network
    dear = priced(plain, scarce.limits, Prices(0, scarce.prices))
    changed = _priced_items(plain, scarce)
    kept = {key: answer for key, answer in plain.solved.items() if not changed[key[0]]}
    dear = replace(dear, solved=kept, start=None)
    items = np.flatnonzero(changed)
    flow = solve_flows(dear, Variant(items, units[gather(plain.first_start, items)[0]]))
    return started(replace(dear, start=plain.start), flow) if len(items) else replace(dear, start=plain.start)


def _priced_items(network: Network, scarce: Scarcity) -> Flags:
    moves, item_sites = network.problem.moves, network.problem.item_sites
    changed = np.zeros(network.items, dtype=bool)
    changed[item_sites.item[moves.destination[scarce.per_unit != 0]]] = True
    return changed
