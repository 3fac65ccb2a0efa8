"""Trucks: a departure of today costs a fixed amount for each truck that leaves, however little it carries.

``load[d] <= truck[d] trucks[d]`` in weight and in volume, with whole trucks; one at least where
anything rides. What others pay for already (lines that stand) is free to ride on. Not here: how
feeds state them (``stated_charges``), and which leave (``closing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import TOLERANCE, Limits, no_limits, together

LOAD_KINDS = ("truck_weight", "truck_volume")
"""Kinds of the limits that trucks which leave put on a load, in the order of the columns of a load."""


@dataclass(frozen=True)
class Departures:
    """Departures of today over the moves of a problem; ``d`` of them.

    Attributes
    ----------
    names : tuple of str
        Unique.
    cost : float array, shape (d,)
        Currency for a truck that leaves.
    most : int array, shape (d,)
        Most trucks.
    truck : float array, shape (d, 2)
        Weight and volume that a truck takes, above 0; infinite for no end.
    sized : bool array, shape (d,)
        Whether a feed states a truck's size; else it is one vehicle, and its load is a limit already.
    row : int array, shape (m,)
        Departure that each move rides on; -1 for none.
    load : float array, shape (m, 2)
        Weight and volume of a unit of each move.
    spread : float array, shape (m,)
        Share of the cost by which a unit of each move decides, in currency: see ``Moves.spread``.
    others : float array, shape (d, 2)
        Load of lines that stand.
    paid : int array, shape (d,)
        Trucks that they pay for.
    owed : float array, shape (d,)
        What these cost, as far as the costs of other items do not tell of it; whatever is decided.
    fill : float array, shape (d,)
        Load by which units decide, as a share of a truck.

    Raises
    ------
    EquipoiseError
        If a figure of a departure is none that a truck can have.
    """

    names: tuple[str, ...]
    cost: Floats
    most: Ints
    truck: Floats
    sized: Flags
    row: Ints
    load: Floats
    spread: Floats
    others: Floats
    paid: Ints
    owed: Floats
    fill: Floats

    def __post_init__(self) -> None:
        """Refuse what no truck is."""
        checks = (
            ("a truck takes nothing, or no number of anything", ~(self.truck > 0).all(axis=1)),
            ("cost of a truck is negative or no number", ~((self.cost >= 0) & np.isfinite(self.cost))),
            ("most trucks is negative", self.most < 0),
        )
        for what, bad in checks:
            for name in np.array(self.names, dtype=object)[bad][:1]:
                raise EquipoiseError(what, where=name, remedy="Correct it, or leave the departure out")

    def __len__(self) -> int:
        return len(self.names)

    def loads(self, units: Ints) -> Floats:
        """Return the load of each departure, that of lines that stand included, shape (d, 2)."""
        on = self._riding(units)
        own = [self._summed(on, units[on] * self.load[on, k]) for k in range(self.load.shape[1])]
        return np.asarray(self.others + np.stack(own, axis=1))

    def trucks(self, units: Ints) -> Ints:
        """Return how many trucks each departure needs, those that are paid for included, shape (d,)."""
        on = self._riding(units)
        ridden = (self._summed(on, 1.0) > 0) | (self.paid > 0)
        full = np.ceil(self.loads(units) / self.truck * (1 - TOLERANCE)).max(axis=1, initial=0.0)
        return np.where(ridden, np.maximum(full, np.maximum(1, self.paid)), 0).astype(np.int64)

    def bills(self, units: Ints) -> Floats:
        """Return what each departure costs beyond what is paid, for as many trucks as may leave, shape (d,)."""
        return np.asarray(self.cost * np.maximum(0, np.minimum(self.trucks(units), self.most) - self.paid))

    def bill(self, units: Ints) -> float:
        """Return what all departures cost beyond what is paid."""
        return float(self.bills(units).sum())

    def beyond(self, units: Ints) -> Floats:
        """Return what each departure costs beyond the shares by which units decide; below 0 if less, shape (d,)."""
        return np.asarray(self.bills(units) - self.decided_by(units))

    def decided_by(self, units: Ints) -> Floats:
        """Return the shares by which units of each departure decide, added up, in currency, shape (d,)."""
        on = self._riding(units)
        return self._summed(on, units[on] * self.spread[on])

    def at_fill(self, fill: Floats) -> Departures:
        """Return departures whose units decide by another load of a truck, shape (d,), where a truck has one."""
        fill = np.where(self.fills, fill, self.fill)
        times = np.append(self.fill / fill, 1.0)[self.row]
        return replace(self, fill=fill, spread=self.spread * times)

    def decided_at(self, shared_limits: pd.DataFrame) -> Departures:
        """Return departures whose units decide by the loads that a plan published (SHARED_LIMITS)."""
        known = shared_limits.set_index("limit_id")["fill_share"].reindex(list(self.names)).to_numpy(np.float64)
        return self.at_fill(np.where(np.isnan(known), self.fill, known))

    def spread_of(self, others: Floats) -> Floats:
        """Return the share by which a unit of each move decides; that of ``others`` where it rides on none of these."""
        return np.where(self.row >= 0, self.spread, others)

    @property
    def fills(self) -> Flags:
        """Which departures are shared by the weight of what fills them, shape (d,)."""
        return np.asarray(np.isfinite(self.truck[:, 0]) & (self.cost > 0))

    def shares(self, units: Ints) -> Floats:
        """Return what each move pays of its departure's bill and what is owed: by weight, else by units, shape (m,)."""
        on = self._riding(units)
        weight = units[on] * self.load[on, 0]
        weighed = self._summed(on, weight)[self.row[on]] > 0
        part = np.where(weighed, weight, units[on])
        share = np.zeros(len(units))
        share[on] = (self.bills(units) + self.owed)[self.row[on]] * part / self._summed(on, part)[self.row[on]]
        return share

    def owed_by_all(self, units: Ints) -> float:
        """Return what is owed of departures that nothing rides on."""
        return float(self.owed[self._summed(self._riding(units), 1.0) == 0].sum())

    def least_shares(self, largest: Ints, likely: Ints) -> Floats:
        """Return the least that a unit of each move costs of its departure, in currency, shape (m,).

        ``sum_j share[j] units[j] <= bill`` of any plan: the cost over the fullest truck that there
        can be, by weight, volume or number of units, whichever charges most of a likely plan; or,
        of one vehicle, each move by the fullest that it can be itself.

        Parameters
        ----------
        largest : int array, shape (m,)
            Most units of each move.
        likely : int array, shape (m,)
            Units of a plan; any will do.
        """
        on = np.flatnonzero((self.row >= 0) & (largest > 0))
        row, one = self.row[on], np.ones((len(on), 1))
        per_unit = np.concatenate([self.load[on], one], axis=1)
        full = np.concatenate([self.truck, np.full((len(self), 1), np.inf)], axis=1)
        most = np.stack([self._summed(on, largest[on] * per_unit[:, k]) for k in range(3)], axis=1)
        ways = [per_unit / np.maximum(np.minimum(full, most)[row], 1e-300)]
        asked = self._summed(on, likely[on])[row]
        alone = np.divide(likely[on], asked, out=np.zeros(len(on)), where=asked > 0) / largest[on]
        ways.append(alone[:, None])
        share = np.concatenate(ways, axis=1)
        charged = np.stack([self._summed(on, likely[on] * share[:, k]) for k in range(share.shape[1])], axis=1)
        best = charged.argmax(axis=1)
        result = np.zeros(len(self.row))
        result[on] = (self.cost * (self.paid == 0))[row] * share[np.arange(len(on)), best[row]]
        return result

    def moves_of(self, which: Flags) -> Flags:
        """Return which moves ride on some departures, shape (m,)."""
        return np.asarray(np.append(which, False)[self.row])

    def limits(self, trucks: Ints) -> Limits:
        """Return the limits of loads where trucks have a stated size, given how many of each leave."""
        on = np.flatnonzero(self.row >= 0)
        shape = (len(self), len(self.row))
        parts = [no_limits(len(self.row))]
        for column, kind in enumerate(LOAD_KINDS):
            use = csr_array(coo_array((self.load[on, column], (self.row[on], on)), shape=shape))
            rows = np.flatnonzero(self.sized & np.isfinite(self.truck[:, column]))
            names = [f"{kind.replace('_', ' ')} {self.names[k].removeprefix('departure ')}" for k in rows]
            room = self.truck[rows, column] * trucks[rows]
            parts.append(Limits(tuple(names), (kind,) * len(rows), room, self.others[rows, column], use[rows]))
        return together(parts)

    def beside(self, units: Ints) -> Departures:
        """Return departures that units which stand ride on already: their trucks are paid for."""
        return replace(self, others=self.loads(units), paid=self.trucks(units))

    def paid_by(self, others: Ints, ours: Ints) -> Departures:
        """Return departures whose trucks others pay for, with what their shares of an earlier bill left to us.

        Parameters
        ----------
        others, ours : int array, shape (m,)
            Units of the lines that stand, and of those that are decided again, as they were planned together.
        """
        riding, stands = self._riding(others), self.beside(others)
        told = self._summed(riding, self.shares(others + ours)[riding])
        return replace(stands, owed=self.bills(others) - told)

    def ridden(self) -> Departures:
        """Return those that any move rides on."""
        rows = np.unique(self.row[self.row >= 0])
        place = np.full(len(self) + 1, -1)
        place[rows] = np.arange(len(rows))
        names = ("cost", "most", "truck", "sized", "others", "paid", "owed", "fill")
        return replace(
            self, names=tuple(self.names[k] for k in rows), row=place[self.row],
            **{name: getattr(self, name)[rows] for name in names},
        )  # fmt: skip

    def take(self, moves: Any) -> Departures:
        """Return the departures over some of the moves."""
        return replace(self, row=self.row[moves], load=self.load[moves], spread=self.spread[moves])

    def _riding(self, units: Ints) -> Ints:
        return np.flatnonzero((units > 0) & (self.row >= 0))

    def _summed(self, on: Ints, amount: Any) -> Floats:
        weights = np.broadcast_to(amount, (len(on),))
        return np.bincount(self.row[on], weights=weights, minlength=len(self)).astype(np.float64)


def no_departures(moves: int) -> Departures:
    """Return the departures of a problem that has none."""
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Departures(
        (), nothing, none, np.zeros((0, 2)), np.zeros(0, dtype=bool), np.full(moves, -1), np.zeros((moves, 2)),
        np.zeros(moves), np.zeros((0, 2)), none, nothing, nothing,
    )  # fmt: skip


def side_by_side(parts: Sequence[Departures]) -> Departures:
    """Return the departures of problems that stand side by side, as many of each, those of one after the other's."""
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("cost", "most", "truck", "sized", "load", "spread", "others", "paid", "owed", "fill")
    }
    rows = [np.where(part.row >= 0, part.row + number * len(part), -1) for number, part in enumerate(parts)]
    names = tuple(f"{name} {number}" for number, part in enumerate(parts) for name in part.names)
    return Departures(names=names, row=np.concatenate(rows), **joined)
