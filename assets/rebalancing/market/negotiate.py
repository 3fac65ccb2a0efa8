"""The market's one entry: plans of every item within the limits that they share, with a proven gap.

Today's plan stands wherever it breaks no limit; each component of the coordination graph in
which it does negotiates. Not here: the steps (``rounds``, ``award``) and what a limit is (``limits``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing import lots
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.agents import idle, priced, proposals
from assets.rebalancing.market.award import award
from assets.rebalancing.market.components import Component, components
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Proposals
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.rounds import Bidding, Budget, Round, Watch, base_cost, bid
from assets.rebalancing.market.transcript import Row, award_rows, round_rows
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.plan import choose


@dataclass(frozen=True)
class Settlement:
    """What the market settled.

    Attributes
    ----------
    units : int array, shape (m,)
        Of every move; those of later buckets are intentions.
    cost, bound : float
        Expected cost over the horizon and its proven lower bound, in currency, in the model.
    gap : float
        (cost - bound) / cost.
    decidable_gap : float
        (cost - bound) / (least cost if nothing starts today - bound), with a lower bound in place of
        that least cost, so that the share is never too small.
    limits : tuple of str
        Names, sorted.
    prices : float array, shape (L,)
        Currency per unit of each limit, as in the best bound; smoothing can leave a trace of one
        where a limit does not bind.
    used, room : float array, shape (L,)
        Use of each limit, and what there is.
    transcript : list of Row
        Who bid what, and what came of it.
    rounds : int
        Most rounds that a component took.
    negotiated : int
        Components in which items negotiated.
    faults : tuple of str
        What was wrong with the limits, and how it was relaxed.
    """

    units: Ints
    cost: float
    bound: float
    gap: float
    decidable_gap: float
    limits: tuple[str, ...]
    prices: Floats
    used: Floats
    room: Floats
    transcript: list[Row]
    rounds: int
    negotiated: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Deal:
    """What one component came to; costs are integers."""

    units: Ints
    cost: int
    bound: int
    still: int
    prices: Floats
    rows: list[Row]
    rounds: int


def negotiate(network: Network, limits: Limits, budget: Budget | None = None, watch: Watch | None = None) -> Settlement:
    """Settle what items do within the limits that they share.

    Parameters
    ----------
    network : Network
        Of every item.
    limits : Limits
        Over the moves of the network's problem.
    budget : Budget, optional
        When to stop.
    watch : callable, optional
        Told of every round.

    Raises
    ------
    EquipoiseError
        If a limit is no number, unknown or stands twice, or an award fails its verification.
    """
    limits, budget = limits.ordered(), budget or Budget()
    faults = limits.consistency(len(network.problem.moves))
    _require_numbers(faults)
    relaxed = lots.relaxed_optimum(network)
    free = proposals(network, limits, relaxed)
    apart = components(network, limits)
    scarce = [c for c in apart if breaches(limits.take(c.limits), _units(free, network))]
    covered = sum(len(component.items) for component in scarce) == network.items
    # Where everybody negotiates, nobody needs to know what today's plan would have been.
    today = None if covered else choose(network)
    plans = free if today is None else proposals(network, limits, today.flow)
    still = relaxed.cost if today is None else today.policies["do_nothing"].cost
    units, cost, bound = _units(plans, network), plans.cost, relaxed.cost
    deals = []
    for component in apart:
        if component in scarce or breaches(limits.take(component.limits), units):
            mine = None if today is None else plans.take(component.items)
            deals.append(
                (component, _settle(network, limits, component, mine, free.take(component.items), budget, watch))
            )
    prices = np.zeros(len(limits))
    apart_from_deals = np.ones(network.items, dtype=bool)
    for component, deal in deals:
        apart_from_deals[component.items] = False
        units = np.where(_owned(network, component.items), deal.units, units)
        prices[component.limits] = deal.prices
    total = int(cost[apart_from_deals].sum()) + sum(deal.cost for _, deal in deals)
    least = int(bound[apart_from_deals].sum()) + sum(deal.bound for _, deal in deals)
    nothing = int(still[apart_from_deals].sum()) + sum(deal.still for _, deal in deals)
    _require_within(limits, units)
    base = base_cost(network)
    amount, proven = base + total / network.scale, base + least / network.scale
    over, decidable = (total - least) / network.scale, (nothing - least) / network.scale
    return Settlement(
        units, amount, proven, over / abs(amount) if amount else 0.0, over / decidable if decidable > 1e-9 else 0.0,
        limits.names, prices, limits.used(units), limits.room,
        [row for _, deal in deals for row in deal.rows], max((deal.rounds for _, deal in deals), default=0),
        len(deals), tuple(faults),
    )  # fmt: skip


def _require_numbers(faults: list[str]) -> None:
    """Refuse what cannot be relaxed: only capacities that are too small can."""
    hard = [fault for fault in faults if "negative" not in fault and "exceeded" not in fault]
    if hard:
        raise EquipoiseError(hard[0], where="shared limits", remedy="Look at the limits' consistency()")


def _require_within(limits: Limits, units: Ints) -> None:
    """Refuse an award that breaks a limit: the sums of whoever made it are not trusted."""
    broken = breaches(limits, units)
    if broken:
        raise EquipoiseError(
            f"the award uses {broken[0].used} of {broken[0].room}",
            where=broken[0].limit,
            remedy="Report it: no award may",
        )


def _settle(
    network: Network, limits: Limits, component: Component, plans: Proposals | None, free: Proposals, budget: Budget,
    watch: Watch | None,
) -> Deal:  # fmt: skip
    """Negotiate one component."""
    some = part(network, component.items)
    shared = limits.take(component.limits, some.moves)
    asked = _own(free, some.moves, component.limits)
    today = None if plans is None else _own(plans, some.moves, component.limits)
    rows: list[Row] = []

    def heard(round_: Round) -> None:
        rows.extend(round_rows(some.network, shared, round_))
        if watch is not None:
            watch(round_)

    bidding = bid(some.network, shared, idle(some.network, shared), asked, budget, heard)
    found = award(some.network, shared, bidding, today, budget)
    rows += award_rows(some.network, found, bidding.rounds - 1, bidding.bound.prices)
    units = np.zeros(len(network.problem.moves), dtype=np.int64)
    units[some.moves] = _units(found.plans, some.network)
    return Deal(
        units, int(found.plans.cost.sum()), bidding.bound.value, _still(some.network, shared, bidding),
        bidding.bound.prices.per_limit, rows, bidding.rounds,
    )  # fmt: skip


def _own(plans: Proposals, moves: Ints, limits: Ints) -> Proposals:
    """Return proposals over the moves and limits of a component."""
    count = len(plans)
    return Proposals(
        np.arange(count), plans.cost, plans.bid, csr_array(plans.units[:, moves]), csr_array(plans.use[:, limits])
    )


def _still(network: Network, limits: Limits, bidding: Bidding) -> int:
    """Return a lower bound of the cost if nothing starts today, at the prices of the bound."""
    at = priced(network, limits, bidding.bound.prices)
    nothing = np.zeros(len(network.first), dtype=np.int64)
    flow = solve_flows(at, Variant(np.arange(network.items), nothing))
    return int(flow.cost.sum()) - int(bidding.bound.bids.bid.sum()) + bidding.bound.value


def _units(plans: Proposals, network: Network) -> Ints:
    units = np.zeros(len(network.problem.moves), dtype=np.int64)
    units[plans.units.indices] = plans.units.data
    return units


def _owned(network: Network, items: Ints) -> np.ndarray:
    item_sites, moves = network.problem.item_sites, network.problem.moves
    return np.isin(item_sites.item[moves.destination], items)
