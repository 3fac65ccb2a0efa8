"""What a plan is expected to cost over the horizon, in parts.

Of every item, and of all: the sum of the same rows, so that no part can be counted in one and not
in the other. Not here: integer costs, which solvers compare.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import Floats, Ints


@dataclass(frozen=True)
class Costs:
    """Parts of a plan's expected cost, in currency."""

    holding: float
    shortage: float
    transport: float
    purchase: float
    change: float

    @property
    def total(self) -> float:
        """All parts together."""
        return self.holding + self.shortage + self.transport + self.purchase + self.change

    @classmethod
    def of(cls, network: Network, flow: Flow) -> Costs:
        """Add up a flow of every item."""
        return cls.of_units(network, units_of_flow(network, flow))

    @classmethod
    def of_units(cls, network: Network, units: Ints) -> Costs:
        """Add up what the units of every move, shape (m,), bring about."""
        parts = of_items(network, units).sum()
        return cls(*(float(parts[part.name]) for part in fields(cls)))


def of_items(network: Network, units: Ints) -> pd.DataFrame:
    """Return the parts of every item's cost, as ``Costs`` has them of all: one row an item, in order.

    What departures of today cost is shared by what rides on them.

    Parameters
    ----------
    network : Network
        Whose moves they are.
    units : int array, shape (m,)
        Of every move.
    """
    curves, moves, item = network.curves, network.problem.moves, network.problem.item_sites.item
    supply = cumulative_supply(network, units)[curves.row, curves.bucket]
    stock, move = np.clip(supply - curves.starts, 0, curves.width), np.flatnonzero(units)
    told = np.flatnonzero(network.change)

    def summed(of: Ints, amount: Floats) -> Floats:
        return np.bincount(item[of], weights=amount, minlength=network.items).astype(np.float64)

    def on_curves(base: Floats, slope: Floats) -> Floats:
        return summed(np.arange(len(item)), base) + summed(curves.row, stock * slope)

    def on_moves(per_unit: Floats) -> Floats:
        return summed(moves.destination[move], units[move] * per_unit[move])

    return pd.DataFrame(
        {
            "holding": on_curves(curves.base_holding, curves.holding) + on_moves(moves.under_way + moves.early),
            "shortage": on_curves(curves.base_shortage, curves.shortage),
            "transport": on_moves(moves.transport) + _departure_shares(network, units),
            "purchase": on_curves(curves.base_purchase, curves.purchase) + on_moves(moves.price),
            "change": summed(moves.destination[told], _change_amounts(network, move, units[move])),
        }
    )


def _departure_shares(network: Network, units: Ints) -> Floats:
    """Return what each item pays of departures, in currency."""
    problem = network.problem
    if problem.departures is None:
        return np.zeros(network.items)
    share, item = problem.departures.shares(units), problem.item_sites.item[problem.moves.destination]
    ridden = np.bincount(item, weights=share, minlength=network.items)
    return np.asarray(ridden + problem.departures.owed_by_all(units) / max(1, network.items))


def _change_amounts(network: Network, move: Ints, sent: Ints) -> Floats:
    """Return what changing each announced move costs, in currency, in the order of the moves that have a price."""
    told, units = np.flatnonzero(network.change), np.zeros(len(network.change), dtype=np.int64)
    units[move] = sent
    announced = network.problem.moves.announced[told]
    return constraints.announced_change(units[told], announced, network.change[told]) / network.scale


def cumulative_supply(network: Network, units: Ints) -> Ints:
    """Return the supply of every item-site by the end of each bucket and at the horizon, shape (n, T + 1).

    Parameters
    ----------
    network : Network
        Whose moves they are.
    units : int array, shape (m,)
        Of every move.
    """
    item_sites, moves = network.problem.item_sites, network.problem.moves
    change = np.zeros_like(item_sites.known_supply)
    sent = np.flatnonzero(units)
    np.add.at(change, (moves.destination[sent], moves.arrival[sent]), units[sent])
    out = sent[moves.is_transfer[sent]]
    np.subtract.at(change, (moves.origin[out], moves.bucket[out]), units[out])
    supply = item_sites.known_supply + change.cumsum(axis=1)
    return np.concatenate([supply, supply[:, -1:]], axis=1)


def units_of_flow(network: Network, flow: Flow) -> Ints:
    """Return the units of every move in a flow of different items, shape (m,)."""
    units = np.zeros(len(network.problem.moves), dtype=np.int64)
    move = network.move[flow.arcs]
    units[move[move >= 0]] = flow.flows[move >= 0]
    return units
