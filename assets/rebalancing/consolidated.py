"""What goes out where departures cost something whatever they carry, and not any document can go out.

Departures that save less than they cost close on the relaxed flow (``market.closing``); items choose
whole plans on those that leave; documents are filled or stay (``documented``); departures are looked at
again in whole lots; what is still shared is settled. Where nothing costs by departure, no document has
a minimum and sites handle any number, items choose and are settled, and nothing else happens. Not
here: words (``reasons``), and the market (``settled``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.charges import Charges, total
from assets.rebalancing.choice import Choice, choose
from assets.rebalancing.costs import Costs, units_of_flow
from assets.rebalancing.documented import documented, wanted, without_documents
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.charging import ChargedBound, charged_bound
from assets.rebalancing.market.closing import Open, sooner, ways
from assets.rebalancing.market.departure_search import LEAST_SAVING
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.filling import filled
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.market.parts import shut
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.merged import chosen_again, every_unit
from assets.rebalancing.settled import MARKET, Settled, settle
from assets.rebalancing.worth import worth_in_lots

TURNS = 2
"""Most times that departures are looked at in whole lots, before and after what is shared is settled."""


@dataclass(frozen=True)
class Consolidated:
    """What goes out, and what it was found by.

    Attributes
    ----------
    choice : Choice
        Of every item by itself, on the departures that leave.
    limits : Limits
        Shared ones, with those of trucks that leave.
    found : Settled
        What goes out.
    charges : Charges, optional
        None where any departure and document may go out for what its lines cost.
    bound : ChargedBound, optional
        Of what any plan costs; none where ``found`` has it.
    """

    choice: Choice
    limits: Limits
    found: Settled
    charges: Charges | None = None
    bound: ChargedBound | None = None

    @property
    def paid(self) -> Floats:
        """What each site pays beside goods and freight, in currency, shape (sites,).

        For the room of shared limits that its lines of today take (``market.payments``), and the bills of
        the departures that leave for it.
        """
        problem, paid = self.choice.network.problem, self.found.settlement.paid
        if self.charges is None:
            return paid
        site = problem.item_sites.site[problem.moves.destination]
        bills = np.bincount(site, weights=self.charges.departures.shares(self.found.every_unit), minlength=len(paid))
        return np.asarray(paid + bills)


def consolidated(network: Network, limits: Limits) -> Consolidated:
    """Return what goes out within the limits that items share, departures and documents decided.

    Parameters
    ----------
    network : Network
        Of every item.
    limits : Limits
        Over its moves.
    """
    problem = network.problem
    if problem.departures is None and problem.minimums is None and problem.documents is None:
        choice = choose(network)
        return Consolidated(choice, limits, settle(choice, limits))
    charges = Charges.of(problem)
    opened = ways(network, charges.departures)
    found = [_on(one, charges, limits) for one in opened]
    again = (sooner(one, done.found.every_unit) for one, done in zip(opened, found, strict=True))
    found += [_on(one, charges, limits) for one in again if one is not None]
    return min(found, key=lambda done: (len(done.found.faults), done.found.costs.total))


def _on(opened: Open, charges: Charges, limits: Limits) -> Consolidated:
    """Return what goes out on departures that leave."""
    charges = replace(
        charges, departures=opened.departures, stays=opened.shut, trucks=opened.trucks, worth=opened.worth,
        asked=charges.departures.trucks(units_of_flow(opened.network, opened.free)),
    )  # fmt: skip
    choice = choose(shut(opened.network, charges.barred))
    choice, charges = documented(opened.network, choice, charges)
    for _ in range(TURNS):
        choice, charges, changed = _without_poor(opened.network, choice, charges, choice.units, choice.flow.cost)
        if not changed:
            break
        choice, charges = documented(opened.network, choice, charges)
    return _settled(opened, choice, charges, limits)


def _settled(opened: Open, choice: Choice, charges: Charges, limits: Limits) -> Consolidated:
    """Settle what is shared; where the market moved lines, look at departures and documents once more."""
    for turn in range(TURNS + len(charges.minimums) + len(charges.documents.sites) + 1):
        shared = together([limits, charges.departures.limits(charges.trucks)])
        found = settle(choice, shared)
        if found.settled_by != MARKET:
            if not _unfit(charges, found.every_unit).any():
                break
            choice, charges = documented(opened.network, choice, charges)
            continue
        found, charges = _mended(found, charges, shared)
        changed, short = False, charges.minimums.broken(found.every_unit)
        crowded = charges.documents.excess(found.every_unit).any()
        if turn < TURNS:
            choice, charges, changed = _without_poor(
                opened.network, choice, charges, found.units, found.flow.cost, found.network
            )
        if short.any():
            gone = charges.minimums.moves_of(short)
            charges = replace(
                charges, closed=charges.closed | short, filled=charges.filled & ~short,
                pins=np.where(gone, 0, charges.pins), wanted=wanted(charges, short, found.every_unit),
            )  # fmt: skip
            choice = chosen_again(opened.network, choice, charges, gone)
        if crowded:
            # The market opened documents where there was no room: those of the choice are what there is.
            full = charges.documents.unopened(units_of_flow(choice.network, choice.flow))
            choice, charges = without_documents(opened.network, choice, charges, full)
            choice, charges = documented(opened.network, choice, charges)
        if not (changed or short.any() or crowded):
            break
    return _told(opened, choice, charges, limits, shared, found)


def _told(
    opened: Open, choice: Choice, charges: Charges, limits: Limits, shared: Limits, found: Settled
) -> Consolidated:
    """Return what goes out with its bound, and with what could not be mended among its faults."""
    names = shared.ordered()
    prices = np.where(np.isin(names.names, limits.names), found.settlement.prices, 0.0)
    bound = charged_bound(opened.network, charges.departures, names, np.maximum(prices, 0.0), opened.free)
    over = found.settlement.cost + float(charges.departures.beyond(found.every_unit).sum()) - bound.amount
    faults = [
        f"{name} goes out below its minimum: no way was found to fill or to close it"
        for name in np.array(charges.minimums.names, dtype=object)[charges.minimums.broken(found.every_unit)]
    ]
    faults += [
        f"{name} are too many: no way was found to keep some of them"
        for name in np.array(charges.documents.sites, dtype=object)[charges.documents.excess(found.every_unit) > 0]
    ]
    told = replace(found, over_bound=max(0.0, over), faults=(*found.faults, *faults))
    charges = replace(charges, worth=np.where(charges.stays, charges.worth, _worth(charges.departures, found)))
    return Consolidated(choice, shared, told, charges, bound)


def _worth(departures: Departures, found: Settled) -> Floats:
    """Return what lines on each departure save together before its bill, no more than a little above it."""
    bills = departures.bills(found.every_unit)
    asked = bills - departures.decided_by(found.every_unit)
    worth = worth_in_lots(found.network, departures.row, asked, found.units, found.flow.cost)
    return np.asarray(worth + np.where(bills > 0, departures.decided_by(found.every_unit), 0.0))


def _unfit(charges: Charges, units: Ints) -> Flags:
    """Return which documents are below their minimum and which sites have too many, one after the other."""
    return np.concatenate([charges.minimums.broken(units), charges.documents.excess(units) > 0])


def _mended(found: Settled, charges: Charges, limits: Limits) -> tuple[Settled, Charges]:
    """Return what the market awarded with documents filled again that it left below their minimum, within the limits.

    Filled for less than they would lose without; those that are still below close.
    """
    minimums, network = charges.minimums, found.network
    for document in np.flatnonzero(minimums.broken(found.every_unit)).tolist():
        mine = minimums.moves_of(np.arange(len(minimums)) == document)
        without = lots.evaluate(network, np.where(mine[network.first], 0, found.units))
        lost = int(without.cost.sum() - found.flow.cost.sum()) / network.scale
        units = filled(network, minimums, document, lots.Incumbent(found.units, found.flow.cost), lost)
        if units is None:
            continue
        full = _refound(found, units)
        if breaches(limits, full.every_unit) or minimums.broken(full.every_unit)[document]:
            continue
        chosen = np.arange(len(minimums)) == document
        told, asked = charges.filled | chosen, wanted(charges, chosen, found.every_unit)
        found = full
        charges = replace(charges, filled=told, wanted=asked, pins=np.where(mine, full.every_unit, charges.pins))
    return found, charges


def _refound(found: Settled, units: Ints) -> Settled:
    """Return what goes out with other units of today."""
    flow = lots.evaluate(found.network, units)
    every = units_of_flow(found.network, flow)
    costs, departures = Costs.of_units(found.network, every), found.network.problem.departures
    cost = costs.total - (float(departures.beyond(every).sum()) if departures else 0.0)
    return replace(
        found, units=units, flow=flow, every_unit=every, costs=costs,
        settlement=replace(found.settlement, units=every, cost=cost),
    )  # fmt: skip


def _without_poor(
    base: Network, choice: Choice, charges: Charges, units: Ints, cost: Ints, priced: Network | None = None
) -> tuple[Choice, Charges, bool]:
    """Close departures whose lines together save less than they cost; say if one did."""
    network = priced or choice.network
    # Those that do not fit into the trucks that leave find no room there: nobody is billed for another one.
    departures = replace(charges.departures, most=np.maximum(1, charges.trucks))
    every = every_unit(network, units)
    bills, decided_by = departures.bills(every), departures.decided_by(every)
    # What riders lose without it, but for the shares that they no longer pay.
    worth = worth_in_lots(network, departures.row, bills - decided_by, units, cost) + decided_by
    # On what others pay for there is room for nothing; trucks beyond it were looked at by themselves.
    poor = (bills - worth > LEAST_SAVING) & (departures.paid == 0)
    if not poor.any():
        return choice, charges, False
    closed = replace(charges, stays=charges.stays | poor, worth=np.where(poor, worth, charges.worth))
    again = chosen_again(base, choice, closed, departures.moves_of(poor))
    if total(again, departures) < total(choice, departures) - LEAST_SAVING:
        return again, closed, True
    if poor.sum() == 1:
        return choice, charges, False
    # Riders of several that stand in for each other lose more than they do one by one: only the worst goes.
    worst = np.arange(len(poor)) == np.argmax(np.where(poor, bills - worth, -np.inf))
    closed = replace(charges, stays=charges.stays | worst, worth=np.where(worst, worth, charges.worth))
    again = chosen_again(base, choice, closed, departures.moves_of(worst))
    if total(again, departures) < total(choice, departures) - LEAST_SAVING:
        return again, closed, True
    return choice, charges, False
