"""A market with trucks and with documents that have a minimum: its proven bound, and a search for a good plan.

*Bound*: the market in which a unit of load pays its share of the fullest truck, and minimums are
left out. *Slope scaling* (Kim and Pardalos 1999): a unit pays its share of the trucks that the last
plan needed. *Open and close* (``opening``): one truck or document less, or more, at a time, and only
what rides on it plans again. Not here: the market by itself (``negotiate``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.agents import priced, propose
from assets.rebalancing.market.bound import lagrangian
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.market.messages import Prices
from assets.rebalancing.market.minimums import Minimums
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.opening import Case, searched
from assets.rebalancing.market.rounds import Budget, base_cost
from assets.rebalancing.market.settlement import Settlement

SCALINGS = 3
"""Plans at slopes of the plan before."""
STARTS = 2
"""Plans that trucks and documents are opened and closed from, the cheapest first."""


@dataclass(frozen=True)
class Charged:
    """What a market with trucks and minimums settled.

    Attributes
    ----------
    settlement : Settlement
        Cost, bound and gaps with the trucks' cost; prices, rounds and transcript of the bound's
        market, in which a unit of load pays its share of the fullest truck.
    trucks : int array, shape (d,)
        That leave, of each departure.
    closed : tuple of str
        Documents that were asked for, but not by enough.
    """

    settlement: Settlement
    trucks: Ints
    closed: tuple[str, ...]


def negotiate_charged(
    network: Network, limits: Limits, departures: Departures, minimums: Minimums, budget: Budget | None = None
) -> Charged:
    """Settle what items do within limits, trucks and minimums.

    Parameters
    ----------
    network : Network
        Of every item.
    limits : Limits
        Over the moves of the network's problem.
    departures : Departures
        Trucks over the same moves.
    minimums : Minimums
        Documents over the same moves.
    budget : Budget, optional
        When each market stops.
    """
    case = Case(network, limits.ordered(), departures, minimums, budget or Budget())
    room = departures.capacity * departures.most
    bounding = departures.charging(network, departures.slopes(network))
    shared = together([case.limits, departures.limits(room)]).ordered()
    first = negotiate(bounding, shared, case.budget)
    plans = [np.zeros_like(first.units), case.feasible(first.units)]
    slopes = departures.slopes(network)
    for _ in range(SCALINGS if len(departures) else 0):
        slopes = _scaled(departures, plans[-1], slopes)
        found = negotiate(departures.charging(network, slopes), shared, case.budget)
        plans.append(case.feasible(found.units))
    best = sorted(plans, key=case.cost)[:STARTS]
    units = min((searched(case, start) for start in best), key=case.cost)
    closed = minimums.amount(first.units) * (minimums.amount(units) == 0) > 0
    return Charged(
        _told(case, bounding, shared, first, units),
        departures.trucks(units),
        tuple(name for name, shut in zip(minimums.names, closed, strict=True) if shut),
    )


def _scaled(departures: Departures, units: Ints, slopes: Floats) -> Floats:
    """Return what a unit of load paid of the trucks it needed; where none left, what it paid before."""
    load = departures.load(units)
    paid = departures.cost * departures.trucks(units) / np.maximum(load, 1e-12)
    return np.where(load > 0, paid, slopes)


def _told(case: Case, bounding: Network, shared: Limits, first: Settlement, units: Ints) -> Settlement:
    """Return the settlement of the bound's market with the plan and the cost that were found."""
    cost, least = case.cost(units), _still(bounding, shared, first) - first.bound
    over = max(0.0, cost - first.bound)
    return replace(
        first, units=units, cost=max(cost, first.bound), gap=over / abs(cost) if cost else 0.0,
        decidable_gap=over / least if least > 1e-9 else 0.0, used=shared.used(units),
    )  # fmt: skip


def _still(network: Network, limits: Limits, settlement: Settlement) -> float:
    """Return a lower bound of the cost if nothing starts today, at the prices of the bound."""
    prices = Prices(0, settlement.prices)
    nothing = np.zeros(len(network.first), dtype=np.int64)
    held = solve_flows(priced(network, limits, prices), Variant(np.arange(network.items), nothing))
    bids = replace(propose(network, limits, prices), bid=held.cost)
    return base_cost(network) + lagrangian(bids, prices, limits.room, network.scale).value / network.scale
