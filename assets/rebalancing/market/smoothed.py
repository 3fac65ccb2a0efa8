"""Prices from a smoothed master: what the proposals so far would prove, made differentiable.

The linear master's dual is a minimum over proposals, whose best prices jump from round to round.
Here each item takes the soft minimum of its plans, ``-mu log(sum exp(-cost / mu))``, which errs by at
most mu log(plans) an item and has a gradient: the use of a mixture less the room (Nesterov 2005).
Its time grows with the proposals' entries, that of the simplex method much faster. Not here: where
proposals come from, and exact mixtures (``master``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.messages import Proposals, joined
from assets.rebalancing.market.pool import Mixture

SMOOTHING = 0.3
"""Share of what may still be gained by which the soft minimum may err."""
SHARPEST = 1e-7
"""Share of what moving saves at all that the error never falls below: beyond it steps are rounding."""
STEPS = 200
"""Most steps of the search (limited-memory BFGS) within a round."""


@dataclass(frozen=True)
class Columns:
    """Proposals of items in order, each item's waiting first.

    Attributes
    ----------
    start : int array, shape (items,)
        Where each item's columns begin.
    item : int array, shape (k,)
    cost : float array, shape (k,)
        Currency, less that of waiting.
    use : sparse float array, shape (k, L)
    place : int array
        Where each proposal of the pool stands.
    """

    start: Ints
    item: Ints
    cost: Floats
    use: csr_array
    place: Ints

    @classmethod
    def of(cls, idle: Proposals, pool: Proposals, scale: float) -> Columns:
        """Line up proposals with what their items cost if they wait."""
        every = joined([idle, pool])
        order = np.argsort(every.item, kind="stable")
        item, place = every.item[order], np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        cost = (every.cost - idle.cost[every.item])[order] / scale
        return cls(np.searchsorted(item, idle.item), item, cost, csr_array(every.use[order]), place[len(idle) :])

    def least(self, prices: Floats) -> tuple[Floats, Floats]:
        """Return what each column costs at the prices, and the least of each item."""
        cost = self.cost + self.use @ prices
        return cost, np.minimum.reduceat(cost, self.start)

    def shares(self, prices: Floats, width: float) -> tuple[Floats, Floats]:
        """Return the soft minimum of each item and the share of each column."""
        cost, least = self.least(prices)
        weight = np.exp((least[self.item] - cost) / width)
        total = np.add.reduceat(weight, self.start)
        return least - width * np.log(total), weight / total[self.item]


def smoothed(
    idle: Proposals, pool: Proposals, limits: Limits, scale: float, prices: Floats, gain: float,
    sharpest: float = SHARPEST,
) -> Mixture:  # fmt: skip
    """Return the smooth mixture of proposals and its prices.

    Parameters
    ----------
    idle, pool : Proposals
        What each item costs if it waits, in order; what they proposed.
    limits : Limits
        Shared.
    scale : float
        Integer cost of one unit of currency.
    prices : float array, shape (L,)
        Where the search starts.
    gain : float
        What may still be gained, in currency; the less, the sharper the minimum.
    sharpest : float
        Share of what moving saves that the error never falls below.
    """
    columns = Columns.of(idle, pool, scale)
    saving = -float(columns.least(np.zeros(len(limits)))[1].sum())
    plans = math.log(1 + len(columns.cost) / max(1, len(idle)))
    width = max(SMOOTHING * gain, sharpest * saving, 1e-9) / (max(1, len(idle)) * plans)
    unit = _units(columns, saving)
    found = _search(columns, limits, width, unit, prices)
    value = float(columns.least(found)[1].sum()) - math.fsum(found * limits.room)
    return Mixture(value, columns.shares(found, width)[1][columns.place], found)


def _units(columns: Columns, saving: float) -> Floats:
    """Return a price of each limit that is neither small nor large, shape (L,); nought where nobody uses it.

    What all save, by what their plans use of it: steps in prices of this size change use alike.
    """
    used = np.abs(columns.use).sum(axis=0) * (len(columns.start) / max(1, len(columns.cost)))
    return np.asarray(np.where(used > 0, max(saving, 1e-9) / np.where(used > 0, used, 1.0), 0.0))


def _search(columns: Columns, limits: Limits, width: float, unit: Floats, prices: Floats) -> Floats:
    """Return the prices at which the soft bound is highest."""
    across, room, free = csr_array(columns.use.T), limits.room, unit > 0
    size = max(1.0, float((unit * room).sum()))

    def loss(point: Floats) -> tuple[float, Floats]:
        at = point * unit
        soft, share = columns.shares(at, width)
        return -(float(soft.sum()) - float(at @ room)) / size, -(across @ share - room) * unit / size

    start = np.where(free, prices / np.where(free, unit, 1.0), 0.0)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(start),
        options={"maxiter": STEPS, "maxfun": 2 * STEPS, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-10},
    )  # fmt: skip
    return np.asarray(np.maximum(0.0, found.x) * unit)


def undecided(idle: Proposals, pool: Proposals, mixture: Mixture, sure: float) -> tuple[Ints, Flags]:
    """Return the proposal each item has made up its mind for, and which items have not.

    Parameters
    ----------
    idle, pool : Proposals
        As in ``smoothed``.
    mixture : Mixture
        Of the pool.
    sure : float
        Least share of what is decided.

    Returns
    -------
    chosen : int array, shape (items,)
        Position in the pool; -1 for waiting.
    open_ : bool array, shape (items,)
    """
    chosen, waits = np.full(len(idle), -1, dtype=np.int64), np.ones(len(idle))
    np.subtract.at(waits, pool.item, mixture.share)
    taken = np.flatnonzero(mixture.share >= sure)
    chosen[pool.item[taken]] = taken
    return chosen, (chosen < 0) & (waits < sure)
