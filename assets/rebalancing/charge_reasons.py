"""What is told of departures and documents: rows of shared limits, lines that ride, lines that there are not.

Not here: which leave (``consolidated``), and what is told of everything else (``reasons``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assets.kernel.frames.decisions import DECISIONS, PLAN_LINES
from assets.kernel.frames.market import SHARED_LIMITS
from assets.rebalancing.charges import Charges
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import KEY, Floats, Ints
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.minimums import Minimums
from assets.rebalancing.merged import every_unit
from assets.rebalancing.reasons import NET
from assets.rebalancing.site_reasons import NEGLIGIBLE, STAYS

TRUCK, DOCUMENT, DOCUMENTS = "truck", "document", "documents"
"""Kinds of the rows of shared limits: departures, documents with a minimum, sites that handle so many."""

BEFORE_BILL = "before the bill of its departure"
_WAY = ["origin_id", "destination_id", "mode"]


def with_charges(limits: pd.DataFrame, network: Network, charges: Charges | None, units: Ints) -> pd.DataFrame:
    """Return SHARED_LIMITS with a row a departure, a document with a minimum and a site that handles so many.

    Parameters
    ----------
    limits : DataFrame
        SHARED_LIMITS.
    network : Network
        Of every item.
    charges : Charges, optional
        None for none.
    units : int array, shape (m,)
        Of every move of the plan.
    """
    if charges is None:
        return limits
    departures, minimums, documents = charges.departures, charges.minimums, charges.documents
    trucks, amount, sites = departures.trucks(units), minimums.amount(units) - minimums.others, len(documents.sites)
    there = np.maximum(np.maximum(trucks, charges.asked), departures.trucks(largest_units(network)))
    rows = pd.DataFrame(
        {
            "limit_id": [*departures.names, *minimums.names, *documents.sites],
            "kind": [TRUCK] * len(departures) + [DOCUMENT] * len(minimums) + [DOCUMENTS] * sites,
            "unit": ["trucks"] * len(departures)
            + ["currency" if " amount " in name else "base units" for name in minimums.names]
            + ["documents"] * sites,
            "capacity": [*np.minimum(departures.most, there), *minimums.least, *documents.most],
            "fixed": [*np.zeros(len(departures)), *minimums.others, *documents.stand()],
            "asked": [
                *np.minimum(departures.most, charges.asked),
                *np.maximum(0.0, charges.wanted - minimums.others),
                *charges.handled,
            ],
            "used": [*trucks, *np.maximum(0.0, amount), *documents.handled(units)],
            "price": 0.0,
            "truck_amount": [*departures.cost, *np.full(len(minimums) + sites, np.nan)],
            "worth_amount": [*charges.worth, *np.full(len(minimums) + sites, np.nan)],
            "fill_share": [*departures.fill, *np.full(len(minimums) + sites, np.nan)],
        }
    ).assign(plan_date=pd.Timestamp(network.problem.plan_date))
    joined = [part for part in (limits, rows) if len(part)]
    unknown = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    joined[-1] = rows.assign(component=unknown, deal=unknown)
    return SHARED_LIMITS.conform(pd.concat(joined, ignore_index=True))


def told_lines(lines: pd.DataFrame, network: Network, charges: Charges | None, units: Ints) -> pd.DataFrame:
    """Return PLAN_LINES that name the departure they ride on, or the document that they fill."""
    if charges is None:
        return lines
    departures = charges.departures
    trucks, bills, told = departures.trucks(units), departures.bills(units), dict[tuple[object, ...], str]()
    for move, way in _ways(network, departures.row >= 0):
        k = departures.row[move]
        each = f"{trucks[k]} of {charges.trucks[k]} trucks, {departures.cost[k]:.2f} each"
        worth = f", for lines that save {charges.worth[k]:.2f} or more together" if bills[k] > 0 else ""
        told[way] = f"; rides on {departures.names[k]}: {each}{worth}"
    ways = pd.Series(list(lines[_WAY].itertuples(index=False, name=None)), index=lines.index)
    sent = lines["kind"] != "purchase"
    said = ways.map(told).where(sent, "").fillna("")
    before = lines["reason"].where(said == "", lines["reason"].str.replace(NET, BEFORE_BILL, regex=False))
    reason, names = before + said, lines["binding_constraints"]
    minimums = charges.minimums
    for k in np.flatnonzero(charges.filled).tolist():
        ends = {way for _, way in _ways(network, minimums.moves_of(np.arange(len(minimums)) == k))}
        mine = ~sent & ways.isin(list(ends))
        names = names.where(~mine, (names + ",").where(names != "", "") + minimums.names[k])
        reason = reason.where(~mine, reason + f"; it fills {minimums.names[k]} of at least {minimums.least[k]:.2f}")
    return PLAN_LINES.conform(lines.assign(reason=reason, binding_constraints=names))


def told_decisions(
    decisions: pd.DataFrame, network: Network, charges: Charges | None, units: Ints, prices: Floats
) -> pd.DataFrame:
    """Return DECISIONS in which whoever receives nothing because something does not go out says so.

    Parameters
    ----------
    decisions : DataFrame
        DECISIONS.
    network : Network
        Of every item, with what does not go out shut.
    charges : Charges, optional
        None for none.
    units : int array
        Plan, in the order of ``network.first``.
    prices : float array, shape (nodes,)
        See ``flow.unit_prices``.
    """
    if charges is None:
        return decisions
    table = decisions.set_index(KEY)
    idle = table["decision"].isin(["wait", "move_out"])
    for missed in _missed(network, charges, units, prices):
        if not idle.get(missed.key, False):
            continue
        if missed.saved <= NEGLIGIBLE and STAYS not in str(table.loc[missed.key, "reason"]):
            continue
        names = str(table.loc[missed.key, "binding_constraints"])
        table.loc[missed.key, "binding_constraints"] = f"{names},{missed.name}" if names else missed.name
        table.loc[missed.key, "reason"] = f"{table.loc[missed.key, 'reason']}; {missed.reason}"
        table.loc[missed.key, "flips_when"] = missed.flips
    return DECISIONS.conform(table.reset_index())


@dataclass(frozen=True)
class _Missed:
    """The best way in that an item-site could not use, and in words why."""

    key: tuple[str, str]
    saved: float
    name: str
    reason: str
    flips: str


def _missed(network: Network, charges: Charges, units: Ints, prices: Floats) -> list[_Missed]:
    """Return, of each item-site, what of what does not go out would have saved most by the unit."""
    moves, item_sites, first = network.problem.moves, network.problem.item_sites, network.first
    full = charges.documents.unopened(every_unit(network, units))
    charges = replace(charges, unhandled=charges.unhandled | full)
    rows = np.flatnonzero(charges.barred[first])
    move = first[rows]
    origin = np.maximum(moves.origin[move], 0)
    here = prices[network.chain_node(moves.destination[move], moves.arrival[move])]
    there = np.where(moves.is_transfer[move], prices[network.chain_node(origin, 0 * origin)], 0.0)
    saved = here - there - moves.unit_amount[move]
    given = np.zeros(len(item_sites), dtype=np.int64)
    np.add.at(given, np.maximum(moves.origin[first], 0), np.where(moves.is_transfer[first], units, 0))
    left = ~moves.is_transfer[move] | (item_sites.available[origin] > given[origin])
    order = np.flatnonzero(left)
    order = order[np.lexsort((order, -saved[order], moves.destination[move[order]]))]
    order = order[np.unique(moves.destination[move[order]], return_index=True)[1]]
    keys = item_sites.keys()[KEY].to_numpy()
    found = []
    for k in order.tolist():
        name, why, flips = _why(charges, int(move[k]))
        key = tuple(keys[moves.destination[move[k]]])
        if saved[k] > NEGLIGIBLE:
            told = f"one more unit now would save {saved[k]:.2f}, but {why}"
        else:
            told = f"{name} stays, and one more unit now would save nothing"
            flips = "a unit here is worth more than it costs to bring, and what could bring it goes out"
        found.append(_Missed(key, float(saved[k]), name, told, flips))
    return found


def _why(charges: Charges, move: int) -> tuple[str, str, str]:
    departures, minimums = charges.departures, charges.minimums
    row = int(departures.row[move])
    if row >= 0 and charges.stays[row]:
        name, cost, worth = departures.names[row], float(departures.cost[row]), float(charges.worth[row])
        return (
            name,
            f"{name} does not leave: what would ride on it saves {worth:.2f}, and a truck costs {cost:.2f}",
            f"what would ride on {name} saves {max(0.0, cost - worth):.2f} more, or a truck costs so much less",
        )
    document = int(charges.documents.row[move])
    if document >= 0 and charges.unhandled[document]:
        return _full(charges, document)
    on = np.flatnonzero(charges.closed & (minimums.use[:, [move]].toarray()[:, 0] > 0))
    if minimums.never[on].any():
        return _out_of_reach(minimums, int(on[minimums.never[on]][0]))
    name, least, wanted = minimums.names[on[0]], float(minimums.least[on[0]]), float(charges.wanted[on[0]])
    return (
        name,
        f"{name} stays: {wanted:.2f} was asked for of at least {least:.2f}, and to wait costs less than to fill it",
        f"{max(0.0, least - wanted):.2f} more is asked for on {name}",
    )


def _out_of_reach(minimums: Minimums, document: int) -> tuple[str, str, str]:
    name, least, by = minimums.names[document], float(minimums.least[document]), minimums.hindered_by[document]
    most = 0.0 if minimums.reach is None else float(minimums.reach[document])
    return (
        name,
        f"{name} stays: it can come to {most:.2f} at most of at least {least:.2f}, because of {by}",
        f"{name} asks for {most:.2f} or less, or there is more room in {by}",
    )


def _full(charges: Charges, document: int) -> tuple[str, str, str]:
    documents = charges.documents
    site = int(np.flatnonzero(documents.handles[:, [document]].toarray()[:, 0])[0])
    name, most = documents.sites[site], int(documents.most[site])
    return (
        name,
        f"{documents.names[document]} stays: {name} are {most} at most, and those that go out save more",
        f"one document more can be handled than the {most} of {name}",
    )


def _ways(network: Network, chosen: np.ndarray) -> list[tuple[int, tuple[object, ...]]]:
    """Return moves with origin, destination and mode, one of each way."""
    moves, item_sites = network.problem.moves, network.problem.item_sites
    rows = np.flatnonzero(chosen)
    sites = np.array(item_sites.site_ids, dtype=object)[item_sites.site[moves.destination[rows]]]
    ways = pd.DataFrame({"move": rows, "origin": moves.source_id[rows], "destination": sites, "mode": moves.mode[rows]})
    first = ways.drop_duplicates(["origin", "destination", "mode"])
    return [(int(row[0]), tuple(row[1:])) for row in first.itertuples(index=False, name=None)]
