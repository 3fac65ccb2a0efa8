"""The demand planner: what needs are worth, as the network's value curves say.

Needs come from the forecast alone (``assets.rebalancing.value``), so that asking for more gets
nobody more. The curves are convex: no further unit is worth more than the first that is stated
here. Not here: how needs are met (``supply_executor``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.transcript import Row

AGENT = "demand_planner"


@dataclass(frozen=True)
class Needs:
    """Where one more unit would be worth something.

    Attributes
    ----------
    row : int array, shape (k,)
        Item-sites, ascending.
    worth : float array, shape (k,)
        Most that one more unit saves there, on whichever date it can come: shortage and what is
        left at the end, less holding; before what it takes to bring it. In currency.
    """

    row: Ints
    worth: Floats


def needs(network: Network) -> Needs:
    """Return where one more unit beside what is there and due would be worth something.

    Notes
    -----
    A unit that comes in bucket t moves every curve from t on, the end included, by one unit.
    """
    item_sites, moves, curves = network.problem.item_sites, network.problem.moves, network.curves
    known = np.concatenate([item_sites.known_supply, item_sites.known_supply[:, -1:]], axis=1)
    here = np.maximum(0, known)[curves.row, curves.bucket]
    on = np.flatnonzero((curves.starts <= here) & (here - curves.starts < curves.width))
    slope = np.zeros(known.shape)
    slope[curves.row[on], curves.bucket[on]] = curves.slope[on]
    saved = -np.cumsum(slope[:, ::-1], axis=1)[:, ::-1]
    arrives = moves.arrival < item_sites.horizon
    worth = np.zeros(len(item_sites))
    np.maximum.at(worth, moves.destination[arrives], saved[moves.destination[arrives], moves.arrival[arrives]])
    row = np.flatnonzero(worth > 0)
    return Needs(row, worth[row])


def statement(network: Network) -> Row:
    """Return the row that states the needs of items that meet, at the item whose next unit is worth most."""
    found, item_sites = needs(network), network.problem.item_sites
    if not len(found.row):
        return Row(0, AGENT, item_sites.item_ids[0], 0.0, 0.0, "needed", "no item has a use for more")
    best = int(found.worth.argmax())
    row = found.row[best]
    items, sites = (len(np.unique(of[found.row])) for of in (item_sites.item, item_sites.site))
    reason = (
        f"{items} of {network.items} items have a use for more, at {sites} sites ({len(found.row)} item-sites); "
        f"no unit more is worth more than {found.worth[best]:.6g}, what the first is worth at "
        f"{item_sites.site_ids[item_sites.site[row]]}"
    )
    name = item_sites.item_ids[item_sites.item[row]]
    return Row(0, AGENT, name, float(found.worth[best]), 0.0, "needed", reason)
