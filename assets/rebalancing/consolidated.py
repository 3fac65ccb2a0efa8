"""What goes out where departures cost something whatever they carry, and documents have a minimum.

Departures that save less than they cost close on the relaxed flow (``market.closing``); items choose
whole plans on those that leave; documents are filled or closed (``market.filling``); departures are
looked at again in whole lots; what is still shared is settled. Where nothing costs by departure and no
document has a minimum, items choose and are settled, and nothing else happens. Not here: words
(``reasons``), and the market (``settled``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.choice import Choice, choose
from assets.rebalancing.costs import Costs, units_of_flow
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.charging import ChargedBound, charged_bound
from assets.rebalancing.market.closing import LEAST_SAVING, Open, close
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.filling import filled, pinned
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.market.minimums import Minimums, no_minimums
from assets.rebalancing.market.parts import capped, part, shut, started_part
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.merged import merged, placed
from assets.rebalancing.poor import worth_in_lots
from assets.rebalancing.settled import MARKET, Settled, settle

TURNS = 2
"""Most times that departures are looked at in whole lots, before and after what is shared is settled."""


@dataclass(frozen=True)
class Charges:
    """What became of departures and documents.

    Attributes
    ----------
    departures, minimums : Departures, Minimums
        Over the moves of the problem.
    stays : bool array, shape (d,)
        Departures that do not leave.
    trucks, asked : int array, shape (d,)
        Most trucks that may leave; trucks if every departure were open for nothing.
    worth : float array, shape (d,)
        What riders would have saved by a departure that stays, in currency.
    closed, filled : bool array, shape (D,)
        Documents that were asked for, but not by enough: those that stay, and those that were filled.
    pins : int array, shape (m,)
        Units of lines that stand because they fill a document; 0 for others.
    wanted : float array, shape (D,)
        Amount of each document before any was filled or closed.
    """

    departures: Departures
    minimums: Minimums
    stays: Flags
    trucks: Ints
    asked: Ints
    worth: Floats
    closed: Flags
    filled: Flags
    pins: Ints
    wanted: Floats

    @property
    def barred(self) -> Flags:
        """Which moves carry nothing, shape (m,)."""
        return np.asarray(self.departures.moves_of(self.stays) | self.minimums.moves_of(self.closed))


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
        None where nothing costs by departure and no document has a minimum.
    bound : ChargedBound, optional
        Of what any plan costs; none where ``found`` has it.
    """

    choice: Choice
    limits: Limits
    found: Settled
    charges: Charges | None = None
    bound: ChargedBound | None = None


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
    if problem.departures is None and problem.minimums is None:
        choice = choose(network)
        return Consolidated(choice, limits, settle(choice, limits))
    count = len(problem.moves)
    departures, minimums = problem.departures or no_departures(count), problem.minimums or no_minimums(count)
    opened = close(network, departures)
    charges = Charges(
        departures, minimums, opened.shut, opened.trucks, departures.trucks(units_of_flow(network, opened.free)),
        opened.worth, np.zeros(len(minimums), dtype=bool), np.zeros(len(minimums), dtype=bool),
        np.zeros(count, dtype=np.int64), np.zeros(len(minimums)),
    )  # fmt: skip
    choice = choose(shut(opened.network, charges.barred))
    choice, charges = _with_documents(opened.network, choice, charges)
    for _ in range(TURNS):
        choice, charges, changed = _without_poor(opened.network, choice, charges, choice.units, choice.flow.cost)
        if not changed:
            break
        choice, charges = _with_documents(opened.network, choice, charges)
    return _settled(opened, choice, charges, limits)


def _settled(opened: Open, choice: Choice, charges: Charges, limits: Limits) -> Consolidated:
    """Settle what is shared; where the market moved lines, look at departures and documents once more."""
    for turn in range(TURNS + len(charges.minimums) + 1):
        shared = together([limits, charges.departures.limits(charges.trucks)])
        found = settle(choice, shared)
        if found.settled_by != MARKET:
            if not charges.minimums.broken(found.every_unit).any():
                break
            choice, charges = _with_documents(opened.network, choice, charges)
            continue
        found, charges = _mended(found, charges, shared)
        changed, short = False, charges.minimums.broken(found.every_unit)
        if turn < TURNS:
            choice, charges, changed = _without_poor(
                opened.network, choice, charges, found.units, found.flow.cost, found.network
            )
        if short.any():
            gone = charges.minimums.moves_of(short)
            charges = replace(
                charges, closed=charges.closed | short, filled=charges.filled & ~short,
                pins=np.where(gone, 0, charges.pins), wanted=_asked(charges, short, found.every_unit),
            )  # fmt: skip
            choice = _again(opened.network, choice, charges, gone)
        if not (changed or short.any()):
            break
    names = shared.ordered()
    prices = np.where(np.isin(names.names, limits.names), found.settlement.prices, 0.0)
    bound = charged_bound(opened.network, charges.departures, names, np.maximum(prices, 0.0), opened.free)
    over = found.settlement.cost + float(charges.departures.beyond(found.every_unit).sum()) - bound.amount
    left = tuple(np.array(charges.minimums.names, dtype=object)[charges.minimums.broken(found.every_unit)])
    faults = tuple(f"{name} goes out below its minimum: no way was found to fill or to close it" for name in left)
    told = replace(found, over_bound=max(0.0, over), faults=(*found.faults, *faults))
    return Consolidated(choice, shared, told, charges, bound)


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
        told, wanted = charges.filled | chosen, _asked(charges, chosen, found.every_unit)
        found = full
        charges = replace(charges, filled=told, wanted=wanted, pins=np.where(mine, full.every_unit, charges.pins))
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


def _with_documents(base: Network, choice: Choice, charges: Charges) -> tuple[Choice, Charges]:
    """Return a choice in which no document is below its minimum: each is filled or closed, the cheaper."""
    minimums = charges.minimums
    every = units_of_flow(choice.network, choice.flow)
    charges = replace(charges, wanted=np.where(charges.wanted > 0, charges.wanted, minimums.amount(every)))
    for _ in range(2 * len(minimums)):
        every = units_of_flow(choice.network, choice.flow)
        broken = np.flatnonzero(minimums.broken(every))
        if not len(broken):
            break
        document = np.arange(len(minimums)) == broken[0]
        charges = replace(charges, wanted=_asked(charges, document, every))
        closed = replace(
            charges, closed=charges.closed | document, filled=charges.filled & ~document,
            pins=np.where(minimums.moves_of(document), 0, charges.pins),
        )  # fmt: skip
        without = _again(base, choice, closed, minimums.moves_of(document))
        lost = _total(without, charges.departures) - _total(choice, charges.departures)
        full = None if charges.filled[broken[0]] else _filled(choice, charges, int(broken[0]), lost)
        choice, charges = full if full is not None else (without, closed)
    return choice, charges


def _filled(choice: Choice, charges: Charges, document: int, most: float) -> tuple[Choice, Charges] | None:
    """Return a choice with a document filled; none if that costs more than ``most``."""
    minimums, network = charges.minimums, choice.network
    units = filled(network, minimums, document, lots.Incumbent(choice.units, choice.flow.cost), most)
    if units is None:
        return None
    every, mine = _every(network, units), minimums.moves_of(np.arange(len(minimums)) == document)
    told = replace(
        charges,
        pins=np.where(mine, every, charges.pins),
        filled=charges.filled | (np.arange(len(minimums)) == document),
    )
    full = _chosen(choice, told, np.unique(lots.first_items(network)[mine[network.first] & (units > 0)]))
    cost = _total(full, charges.departures) - _total(choice, charges.departures)
    kept = not minimums.broken(units_of_flow(network, full.flow))[document]
    return (full, told) if kept and cost <= most else None


def _without_poor(
    base: Network, choice: Choice, charges: Charges, units: Ints, cost: Ints, priced: Network | None = None
) -> tuple[Choice, Charges, bool]:
    """Close departures whose lines together save less than they cost; say if one did."""
    network = priced or choice.network
    departures = charges.departures
    worth = worth_in_lots(network, departures, units, cost)
    poor = departures.beyond(_every(network, units)) - worth > LEAST_SAVING
    if not poor.any():
        return choice, charges, False
    closed = replace(charges, stays=charges.stays | poor, worth=np.where(poor, worth, charges.worth))
    again = _again(base, choice, closed, departures.moves_of(poor))
    if _total(again, departures) < _total(choice, departures) - LEAST_SAVING:
        return again, closed, True
    if poor.sum() == 1:
        return choice, charges, False
    # Riders of several that stand in for each other lose more than they do one by one: only the worst goes.
    lost = departures.beyond(_every(network, units)) - worth
    worst = np.arange(len(poor)) == np.argmax(np.where(poor, lost, -np.inf))
    closed = replace(charges, stays=charges.stays | worst, worth=np.where(worst, worth, charges.worth))
    again = _again(base, choice, closed, departures.moves_of(worst))
    if _total(again, departures) < _total(choice, departures) - LEAST_SAVING:
        return again, closed, True
    return choice, charges, False


def _again(base: Network, choice: Choice, charges: Charges, barred: Flags) -> Choice:
    """Return the choice after some more moves were barred: whoever uses them, in whatever plan, chooses again."""
    flows = [choice.flow, choice.relaxed, *choice.policies.values()]
    most = np.where(barred, 0, choice.network.problem.moves.capacity)
    network = replace(capped(choice.network, most), start=choice.network.start)
    owner, used = lots.first_items(network), barred[network.first]
    items = np.unique(np.concatenate([owner[used & (flow.units > 0)] for flow in flows]))
    if not len(items):
        return replace(choice, network=network)
    some = started_part(base, items)
    found = choose(shut(some.network, charges.barred[some.moves]))
    return _chosen(merged(choice, network, items, found), charges, items)


def _chosen(choice: Choice, charges: Charges, items: Ints) -> Choice:
    """Return the choice after items with pinned lines chose what else to do; costs are their own."""
    moves, of_item = charges.pins > 0, choice.network.problem.item_sites.item[choice.network.problem.moves.destination]
    items = np.intersect1d(items, of_item[moves])
    if not len(items):
        return choice
    some = part(choice.network, items)
    units = choose(pinned(some.network, charges.pins[some.moves])).units
    return placed(choice, items, lots.evaluate(some.network, units))


def _total(choice: Choice, departures: Departures) -> float:
    """Return what a choice costs with its departures, less what no plan changes."""
    every = units_of_flow(choice.network, choice.flow)
    return int(choice.flow.cost.sum()) / choice.network.scale + float(departures.beyond(every).sum())


def _asked(charges: Charges, documents: Flags, units: Ints) -> Floats:
    """Return what was asked for on each document, that of some as they are found below their minimum."""
    return np.where(documents, charges.minimums.amount(units), charges.wanted)


def _every(network: Network, units: Ints) -> Ints:
    every = np.zeros(len(network.problem.moves), dtype=np.int64)
    every[network.first] = units
    return every
