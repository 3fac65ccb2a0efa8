"""The market's one entry: plans of every item within the limits that they share, with a proven gap.

What items would do for nothing stands wherever it breaks no limit. Limits that it breaks, on
whatever dates, are negotiated over by the items that use them; then those that the award breaks
join, until none is broken. Fewer limits are a relaxation, so that the bound holds for all. Not here: one component's
deal (``deal``) and what a limit is (``limits``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing import lots
from assets.rebalancing.choice import Choice, choose
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.components import components, largest_use, touched_items
from assets.rebalancing.market.deal import strike
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Proposals, joined, units_of
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.rounds import Budget, Watch, base_cost
from assets.rebalancing.market.settlement import BrokenAwardError, Deal, Settlement
from assets.rebalancing.market.supply_executor import proposals
from assets.rebalancing.market.verify import breaches

WIDENINGS = 8
"""Times that broken limits join; after that all that can bind do."""


def negotiate(
    network: Network,
    limits: Limits,
    budget: Budget | None = None,
    watch: Watch | None = None,
    today: Choice | None = None,
) -> Settlement:
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
    today : Choice, optional
        Whole plans of every item as if there were no limits; made where needed if not given.

    Raises
    ------
    EquipoiseError
        If a limit is no number, unknown or stands twice.
    BrokenAwardError
        If an award fails its verification.
    """
    limits, budget = limits.ordered(), budget or Budget()
    faults = limits.consistency(len(network.problem.moves))
    _require_numbers(faults)
    market = _opened(network, limits, today)
    possible = largest_use(network, limits) > limits.room
    active = _relatives(limits, _broken(limits, market.units), possible)
    struck: dict[bytes, Deal] = {}
    for number in range(WIDENINGS + 1):
        deals = _deals(market, active, struck, budget, watch)
        units = _together(market, deals)
        more = _broken(limits, units) & ~active
        if not more.any():
            break
        active |= _relatives(limits, more, possible) if number < WIDENINGS - 1 else possible
    _require_within(limits, units)
    return _settlement(market, deals, units, active, tuple(faults))


def standing(choice: Choice, limits: Limits, flow: Flow) -> Settlement:
    """Return the settlement of a plan that nobody negotiated, whatever limits it breaks."""
    limits = limits.ordered()
    market = replace(_opened(choice.network, limits, choice), standing=proposals(choice.network, limits, flow))
    nothing = np.zeros(len(limits), dtype=bool)
    return _settlement(market, [], market.units, nothing, tuple(limits.consistency(len(market.units))))


@dataclass(frozen=True)
class _Market:
    """Every item's plan as if nothing were shared: at its optimum, and in whole lots where they are known."""

    network: Network
    limits: Limits
    free: Proposals
    standing: Proposals
    today: Choice | None
    still: Ints

    @property
    def units(self) -> Ints:
        return units_of(self.standing)

    def concerned(self, active: Flags) -> Flags:
        """Return the items that negotiate over limits: at any prices the others stay as they are."""
        uses = np.asarray(abs(self.free.use)[:, active].sum(axis=1) + abs(self.standing.use)[:, active].sum(axis=1)) > 0
        freeing = replace(self.limits.take(active), use=csr_array(self.limits.use[active].minimum(0.0)))
        return uses | touched_items(self.network, freeing)


def _opened(network: Network, limits: Limits, today: Choice | None) -> _Market:
    if today is not None:
        free = proposals(network, limits, today.relaxed)
        standing = proposals(network, limits, today.flow)
        return _Market(network, limits, free, standing, today, today.policies["do_nothing"].cost)
    relaxed = lots.relaxed_optimum(network)
    free = proposals(network, limits, relaxed)
    market = _Market(network, limits, free, free, None, relaxed.cost)
    # Whoever negotiates is not asked what he would have done otherwise.
    apart = np.flatnonzero(~market.concerned(_broken(limits, market.units)))
    return _whole(market, apart) if len(apart) else market


def _whole(market: _Market, items: Ints) -> _Market:
    """Return the market with whole plans of some items, and what they cost if nothing starts today."""
    everybody = len(items) == market.network.items
    some = part(market.network, items)
    choice = choose(market.network if everybody else some.network)
    found = proposals(some.network, market.limits.take(slice(None), some.moves), choice.flow)
    wide = csr_array(
        (found.units.data, some.moves[found.units.indices], found.units.indptr),
        shape=(len(items), market.free.units.shape[1]),
    )
    place, still = np.arange(market.network.items), market.still.copy()
    place[items] = market.network.items + np.arange(len(items))
    still[items] = choice.policies["do_nothing"].cost
    every = joined([market.free, replace(found, item=items, units=wide)])
    return replace(market, standing=every.take(place), still=still)


def _broken(limits: Limits, units: Ints) -> Flags:
    names = {breach.limit for breach in breaches(limits, units)}
    return np.array([name in names for name in limits.names], dtype=bool)


def _relatives(limits: Limits, broken: Flags, possible: Flags) -> Flags:
    """Return broken limits and the same ones on other dates: what finds no room on one looks for it on another."""
    families = np.array(limits.families, dtype=object)
    return broken | (possible & np.isin(families, np.unique(families[broken])))


def _deals(
    market: _Market, active: Flags, struck: dict[bytes, Deal], budget: Budget, watch: Watch | None
) -> list[Deal]:
    """Return the deal of every component over the active limits; those struck before stand."""
    rows, network = np.flatnonzero(active), market.network
    deals = []
    for local in components(network, market.limits.take(active), market.concerned(active)) if len(rows) else []:
        component = replace(local, limits=rows[local.limits])
        key = component.items.tobytes() + b"/" + component.limits.tobytes()
        if key not in struck:
            today = None if market.today is None else market.standing
            struck[key] = strike(network, market.limits, component, market.free, today, budget, watch)
        deals.append(struck[key])
    return deals


def _together(market: _Market, deals: list[Deal]) -> Ints:
    """Return the units of every move: as dealt, and as they stand for items outside of any deal."""
    item_sites, moves = market.network.problem.item_sites, market.network.problem.moves
    units = market.units
    for deal in deals:
        mine = np.isin(item_sites.item[moves.destination], deal.component.items)
        units = np.where(mine, deal.units, units)
    return units


def _settlement(market: _Market, deals: list[Deal], units: Ints, active: Flags, faults: tuple[str, ...]) -> Settlement:
    network, limits = market.network, market.limits
    prices, apart = np.zeros(len(limits)), np.ones(network.items, dtype=bool)
    paid = np.zeros(len(network.problem.item_sites.site_ids))
    for deal in deals:
        apart[deal.component.items] = False
        prices[deal.component.limits] = deal.prices
        paid += deal.paid
    total = int(market.standing.cost[apart].sum()) + sum(deal.cost for deal in deals)
    least = int(market.free.cost[apart].sum()) + sum(deal.bound for deal in deals)
    nothing = int(market.still[apart].sum()) + sum(deal.still for deal in deals)
    base = base_cost(network)
    amount, proven = base + total / network.scale, base + least / network.scale
    over, decidable = (total - least) / network.scale, (nothing - least) / network.scale
    return Settlement(
        units, amount, proven, _share(over, abs(amount)), _share(over, decidable), limits.names, prices,
        limits.used(units), limits.room, _asked(market), active, paid, tuple(deals), faults,
    )  # fmt: skip


def _share(part_: float, whole: float) -> float:
    return part_ / whole if whole > 1e-9 else 0.0


def _asked(market: _Market) -> Floats:
    return market.limits.used(market.units)


def _require_numbers(faults: list[str]) -> None:
    """Refuse what cannot be relaxed: only capacities that are too small can."""
    hard = [fault for fault in faults if "negative" not in fault and "exceeded" not in fault]
    if hard:
        raise EquipoiseError(hard[0], where="shared limits", remedy="Look at the limits' consistency()")


def _require_within(limits: Limits, units: Ints) -> None:
    """Refuse an award that breaks a limit: the sums of whoever made it are not trusted."""
    broken = breaches(limits, units)
    if broken:
        raise BrokenAwardError(
            f"the award uses {broken[0].used} of {broken[0].room}",
            where=broken[0].limit,
            remedy="Report it: no award may",
        )
