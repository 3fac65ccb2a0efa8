"""The deal of one component: its items bid for its limits, and get whole plans within them.

Here the four roles meet: demand planner, supply executor, constraint evaluator, conflict resolver.
Not here: which items and limits make a component (``components``), and the rounds (``rounds``).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market import conflict_resolver, constraint_evaluator, demand_planner, supply_executor
from assets.rebalancing.market.components import Component
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Proposals, units_of
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.payments import paid_by_sites
from assets.rebalancing.market.rounds import Bidding, Budget, Round, Watch
from assets.rebalancing.market.settlement import Deal
from assets.rebalancing.market.supply_executor import idle, priced


def strike(
    network: Network, limits: Limits, component: Component, free: Proposals, today: Proposals | None, budget: Budget,
    watch: Watch | None,
) -> Deal:  # fmt: skip
    """Negotiate one component.

    Parameters
    ----------
    network, limits : Network, Limits
        The whole.
    component : Component
        Items and limits, as positions in the whole.
    free, today : Proposals
        What every item of the network would do for nothing: at its optimum, and in whole lots.
    budget, watch : Budget, callable
        When to stop, and who is told of every round.
    """
    some = part(network, component.items)
    shared = limits.take(component.limits, some.moves)
    asked = _own(free, component, some.moves)
    plans = None if today is None else _own(today, component, some.moves)
    waiting, rows = idle(some.network, shared), [demand_planner.statement(some.network)]

    def heard(round_: Round) -> None:
        fresh = round_.bids.take(np.flatnonzero(round_.fresh))
        rows.extend(supply_executor.bids(some.network, shared, waiting, round_.prices, fresh))
        rows.extend(conflict_resolver.meetings(shared, round_))
        if watch is not None:
            watch(round_)

    bidding, found = conflict_resolver.resolve(some.network, shared, waiting, asked, plans, budget, heard)
    prices, last = bidding.bound.prices, bidding.rounds - 1
    for one in found.refusals:
        says = supply_executor.declined if one.saves_nothing else constraint_evaluator.refused
        rows.append(says(some.network, waiting, one, last))
    rows += conflict_resolver.awards(some.network, shared, waiting, found, prices, last)
    paid = paid_by_sites(some.network, shared, prices, waiting, asked, found)
    rows += conflict_resolver.charges(some.network, shared, found, prices, paid, last)
    units = np.zeros(len(network.problem.moves), dtype=np.int64)
    units[some.moves] = units_of(found.plans)
    return Deal(
        component, units, int(found.plans.cost.sum()), bidding.bound.value, _still(some.network, shared, bidding),
        prices.per_limit, paid, rows, bidding.rounds,
    )  # fmt: skip


def _own(plans: Proposals, component: Component, moves: Ints) -> Proposals:
    """Return the proposals of a component's items, over its moves and limits."""
    mine = plans.take(component.items)
    return Proposals(
        np.arange(len(mine)), mine.cost, mine.bid,
        csr_array(mine.units[:, moves]), csr_array(mine.use[:, component.limits]),
    )  # fmt: skip


def _still(network: Network, limits: Limits, bidding: Bidding) -> int:
    """Return a lower bound of the cost if nothing starts today, at the prices of the bound."""
    at = priced(network, limits, bidding.bound.prices)
    nothing = np.zeros(len(network.first), dtype=np.int64)
    flow = solve_flows(at, Variant(np.arange(network.items), nothing))
    return int(flow.cost.sum()) - int(bidding.bound.bids.bid.sum()) + bidding.bound.value
