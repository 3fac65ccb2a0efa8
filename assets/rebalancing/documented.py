"""Order documents that can go out: none below its minimum, and no more than the sites can handle.

A document below its minimum is filled or closed, the cheaper. Where a site has more than it handles,
those whose lines save least stay, a few at a time, because lines move to others of the same site.
Not here: lots that fill one (``market.filling``), and departures (``consolidated``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

import numpy as np

from assets.rebalancing import lots
from assets.rebalancing.charges import Charges, total
from assets.rebalancing.choice import Choice
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.departure_search import LEAST_SAVING
from assets.rebalancing.market.filling import filled
from assets.rebalancing.merged import chosen_again, chosen_items_again, every_unit, with_pins
from assets.rebalancing.worth import worth_in_lots

_MOST_EXCHANGES = 100
"""Each solves the items on two documents or three anew, so that many are dear."""


def documented(base: Network, choice: Choice, charges: Charges) -> tuple[Choice, Charges]:
    """Return a choice whose documents can all go out.

    Parameters
    ----------
    base : Network
        Of every item, everything open.
    choice : Choice
        On what is open so far.
    charges : Charges
        What is.
    """
    documents = charges.documents
    charges = replace(
        charges, handled=np.maximum(charges.handled, documents.handled(units_of_flow(choice.network, choice.flow)))
    )
    choice, charges = _handled(base, choice, charges)
    return _exchanged(base, choice, charges)


def _exchanged(base: Network, choice: Choice, charges: Charges) -> tuple[Choice, Charges]:
    """Return a choice with documents that stayed opened again, beside those that go out or in their place."""
    left, better = _MOST_EXCHANGES, True
    while better:
        better = False
        for document in np.flatnonzero(charges.unhandled).tolist():
            again = _with_one_more(base, choice, charges, document)
            for stay in () if again else islice(_in_its_way(choice, charges, document), left):
                left -= 1
                closed = without_documents(base, choice, charges, stay)
                again = _cheaper(choice, charges, _with_one_more(base, *closed, document))
                if again is not None:
                    break
            if again is not None:
                (choice, charges), better = again, True
    return choice, charges


def _handled(base: Network, choice: Choice, charges: Charges) -> tuple[Choice, Charges]:
    """Return a choice in which no site has more documents than it handles, none of them below its minimum."""
    # Every turn closes a document for good.
    for _ in range(len(charges.documents) + 1):
        choice, charges = _with_minimums(base, choice, charges)
        stay = _least_worth(choice, charges)
        if not stay.any():
            break
        choice, charges = without_documents(base, choice, charges, stay)
    return choice, charges


def _with_one_more(base: Network, choice: Choice, charges: Charges, document: int) -> tuple[Choice, Charges] | None:
    """Return a choice with a document that stayed, if sites have room for it after all and it saves something."""
    documents, chosen = charges.documents, np.arange(len(charges.documents)) == document
    every = units_of_flow(choice.network, choice.flow)
    if (documents.handles @ chosen.astype(np.int64) + documents.handled(every) > documents.room()).any():
        return None
    opened = replace(charges, unhandled=charges.unhandled & ~chosen)
    moves = documents.moves_of(chosen)
    items = np.unique(base.problem.item_sites.item[base.problem.moves.destination[moves]])
    found, told = _handled(base, chosen_items_again(base, choice, opened, items), opened)
    return _cheaper(choice, charges, (found, told))


def _cheaper(choice: Choice, charges: Charges, again: tuple[Choice, Charges] | None) -> tuple[Choice, Charges] | None:
    """Return another choice if it saves anything."""
    if again is None:
        return None
    saved = total(choice, charges.departures) - total(again[0], charges.departures)
    return again if saved > LEAST_SAVING else None


def _in_its_way(choice: Choice, charges: Charges, document: int) -> Iterator[Flags]:
    """Return what could stay so that sites have room for a document: one at each full site, the least worth first."""
    documents, every = charges.documents, units_of_flow(choice.network, choice.flow)
    out, handles = documents.out(every), documents.handles.toarray() > 0
    full = np.flatnonzero(handles[:, document] & (documents.handled(every) >= documents.room()))
    order = np.lexsort((np.arange(len(documents)), _worth(choice, charges, out)))
    rivals = [[k for k in order.tolist() if out[k] and handles[site, k]] for site in full.tolist()]
    for stay in product(*rivals) if rivals else ():
        yield np.isin(np.arange(len(documents)), stay)


def without_documents(base: Network, choice: Choice, charges: Charges, stay: Flags) -> tuple[Choice, Charges]:
    """Return a choice without some documents of sites that cannot handle them."""
    barred = charges.documents.moves_of(stay)
    # One that was filled and cannot be handled is not filled any more.
    stays = np.asarray(charges.minimums.use @ barred.astype(np.float64)) > 0
    charges = replace(
        charges, unhandled=charges.unhandled | stay, filled=charges.filled & ~stays,
        pins=np.where(barred, 0, charges.pins),
    )  # fmt: skip
    return chosen_again(base, choice, charges, barred), charges


def _least_worth(choice: Choice, charges: Charges) -> Flags:
    """Return documents that stay next: of each site with too many, half of what is too many, those worth least."""
    documents, every = charges.documents, units_of_flow(choice.network, choice.flow)
    excess, stay = documents.excess(every), np.zeros(len(documents), dtype=bool)
    if not excess.any():
        return stay
    crowded = np.asarray(documents.handles.T @ (excess > 0).astype(np.int64)) > 0
    asked = documents.out(every) & crowded
    worth = _worth(choice, charges, asked)
    order = np.lexsort((np.arange(len(documents)), worth))
    for site in np.flatnonzero(excess).tolist():
        mine = documents.handles[[site]].toarray()[0] > 0
        stay[[k for k in order.tolist() if asked[k] and mine[k]][: (int(excess[site]) + 1) // 2]] = True
    return stay


def _worth(choice: Choice, charges: Charges, asked: Flags) -> Floats:
    """Return what the lines of some documents are worth together, shape (d,)."""
    of = np.where(asked, np.inf, 0.0)
    return worth_in_lots(choice.network, charges.documents.row, of, choice.units, choice.flow.cost)


def _with_minimums(base: Network, choice: Choice, charges: Charges) -> tuple[Choice, Charges]:
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
        charges = replace(charges, wanted=wanted(charges, document, every))
        closed = replace(
            charges, closed=charges.closed | document, filled=charges.filled & ~document,
            pins=np.where(minimums.moves_of(document), 0, charges.pins),
        )  # fmt: skip
        without = chosen_again(base, choice, closed, minimums.moves_of(document))
        lost = total(without, charges.departures) - total(choice, charges.departures)
        full = None if charges.filled[broken[0]] else _filled(choice, charges, int(broken[0]), lost)
        choice, charges = full if full is not None else (without, closed)
    return choice, charges


def _filled(choice: Choice, charges: Charges, document: int, most: float) -> tuple[Choice, Charges] | None:
    """Return a choice with a document filled; none if that costs more than ``most``."""
    minimums, network = charges.minimums, choice.network
    units = filled(network, minimums, document, lots.Incumbent(choice.units, choice.flow.cost), most)
    if units is None:
        return None
    every, mine = every_unit(network, units), minimums.moves_of(np.arange(len(minimums)) == document)
    told = replace(
        charges,
        pins=np.where(mine, every, charges.pins),
        filled=charges.filled | (np.arange(len(minimums)) == document),
    )
    full = with_pins(choice, told.pins, np.unique(lots.first_items(network)[mine[network.first] & (units > 0)]))
    cost = total(full, charges.departures) - total(choice, charges.departures)
    kept = not minimums.broken(units_of_flow(network, full.flow))[document]
    return (full, told) if kept and cost <= most else None


def wanted(charges: Charges, documents: Flags, units: Ints) -> Floats:
    """Return what was asked for on each document, that of some as they are found below their minimum, shape (D,)."""
    return np.where(documents, charges.minimums.amount(units), charges.wanted)
