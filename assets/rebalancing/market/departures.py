"""Trucks: a departure costs a fixed amount for each truck that leaves, however little it carries.

``load[d] <= capacity[d] trucks[d]`` with whole trucks, ``load = use @ units``. Not here: which trucks
leave (``charged``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.limits import TOLERANCE, Limits


@dataclass(frozen=True)
class Departures:
    """Departures of trucks over the moves of a problem; ``d`` of them.

    Attributes
    ----------
    names : tuple of str
        Unique.
    capacity, cost : float array, shape (d,)
        Load that a truck takes, above 0, and what it costs if it leaves.
    most : int array, shape (d,)
        Most trucks.
    use : sparse float array, shape (d, m)
        Load per unit of each move; never negative. A move loads at most one departure.

    Raises
    ------
    EquipoiseError
        If a figure of a departure is none that a truck can have.
    """

    names: tuple[str, ...]
    capacity: Floats
    cost: Floats
    most: Ints
    use: csr_array

    def __post_init__(self) -> None:
        """Refuse what no truck is."""
        entry = np.repeat(np.arange(len(self)), np.diff(self.use.indptr))
        checks = (
            ("capacity of a truck is not above 0, or has no end", ~((self.capacity > 0) & np.isfinite(self.capacity))),
            ("cost of a truck is negative or no number", ~((self.cost >= 0) & np.isfinite(self.cost))),
            ("most trucks is negative", self.most < 0),
            ("load per unit is negative or no number", entry[~((self.use.data >= 0) & np.isfinite(self.use.data))]),
        )
        for what, bad in checks:
            for name in np.array(self.names, dtype=object)[bad][:1]:
                raise EquipoiseError(what, where=f"departure {name}", remedy="Correct it, or leave the departure out")

    def __len__(self) -> int:
        return len(self.names)

    def load(self, units: Ints) -> Floats:
        """Return the load of each departure, shape (d,)."""
        return np.asarray(self.use @ units.astype(np.float64))

    def trucks(self, units: Ints) -> Ints:
        """Return how many trucks each departure needs, shape (d,)."""
        return np.asarray(np.ceil(self.load(units) / self.capacity * (1 - TOLERANCE))).astype(np.int64)

    def bill(self, units: Ints) -> float:
        """Return what all trucks cost."""
        return float(self.cost @ self.trucks(units))

    def limits(self, room: Floats) -> Limits:
        """Return the limits that loads stay within, given the room of each departure."""
        names, kinds = tuple(f"trucks {name}" for name in self.names), ("other",) * len(self)
        return Limits(names, kinds, room, np.zeros(len(self)), self.use)

    def slopes(self, network: Network) -> Floats:
        """Return the least that a unit of load costs, shape (d,): its share of the fullest truck there can be."""
        largest = np.asarray(self.use @ largest_units(network).astype(np.float64))
        return np.asarray(self.cost / np.maximum(np.minimum(self.capacity, largest), 1e-12))

    def charging(self, network: Network, slopes: Floats) -> Network:
        """Return a network whose moves pay for their load by unit, rounded down to money steps."""
        step = TIE_STEPS / network.scale
        return network.priced(np.floor(self.use.T @ slopes / step) * step)

    def take(self, moves: Ints) -> Departures:
        """Return the departures over some of the moves."""
        return Departures(self.names, self.capacity, self.cost, self.most, csr_array(self.use[:, moves]))


def no_departures(moves: int) -> Departures:
    """Return the departures of a problem that has none."""
    nothing = np.zeros(0)
    return Departures((), nothing, nothing, nothing.astype(np.int64), csr_array((0, moves)))
