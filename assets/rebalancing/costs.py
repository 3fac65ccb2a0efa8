"""What a plan is expected to cost over the horizon, in parts.

From a flow, or from the units of every move alone: both add up the same curves. Not here:
integer costs, which solvers compare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import Ints


@dataclass(frozen=True)
class Costs:
    """Parts of a plan's expected cost, in currency."""

    holding: float
    shortage: float
    transport: float
    purchase: float

    @property
    def total(self) -> float:
        """All parts together."""
        return self.holding + self.shortage + self.transport + self.purchase

    @classmethod
    def of(cls, network: Network, flow: Flow) -> Costs:
        """Add up a flow of every item."""
        segment, move = network.segment[flow.arcs], network.move[flow.arcs]
        on_curve, moved = segment >= 0, move >= 0
        return cls._of(network, segment[on_curve], flow.flows[on_curve], move[moved], flow.flows[moved])

    @classmethod
    def of_units(cls, network: Network, units: Ints) -> Costs:
        """Add up what the units of every move, shape (m,), bring about."""
        curves = network.curves
        supply = cumulative_supply(network, units)[curves.row, curves.bucket]
        stock = np.clip(supply - curves.starts, 0, curves.width)
        move = np.flatnonzero(units)
        return cls._of(network, np.arange(len(stock)), stock, move, units[move])

    @classmethod
    def _of(cls, network: Network, segment: Ints, stock: Ints, move: Ints, sent: Ints) -> Costs:
        curves, moves = network.curves, network.problem.moves
        return cls(
            float(
                curves.base_holding.sum()
                + (stock * curves.holding[segment]).sum()
                + (sent * (moves.under_way + moves.early)[move]).sum()
            ),
            float(curves.base_shortage.sum() + (stock * curves.shortage[segment]).sum()),
            float((sent * moves.transport[move]).sum()),
            float(
                curves.base_purchase.sum() + (stock * curves.purchase[segment]).sum() + (sent * moves.price[move]).sum()
            ),
        )


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
