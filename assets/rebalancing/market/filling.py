"""Order documents below their minimum: closed, or filled by a promise, whichever costs less.

*Close*: nothing of the document is bought today. *Fill*: whoever could be on it is promised a share
of what its units cost, the smallest of ``PROMISES`` steps that fills it. Not here: how the items
of a change are planned again (``consolidated``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing.arcs import TIE_STEPS
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.agents import whole_plans
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.minimums import Minimums
from assets.rebalancing.market.parts import part

PROMISES = 32
"""Steps of a promise, up to the whole of what a unit costs."""


@dataclass(frozen=True)
class Promise:
    """What moves of a document are promised for each unit of its amount, in currency."""

    document: int
    per_amount: float

    def prices(self, minimums: Minimums, network: Network) -> Floats:
        """Return what a unit of each move costs less, as a price below 0, in whole money steps, shape (m,)."""
        step = TIE_STEPS / network.scale
        per_move = minimums.use[[self.document]].toarray()[0] * -self.per_amount
        return np.asarray(np.floor(per_move / step) * step)


def candidates(network: Network, minimums: Minimums, document: int) -> Ints:
    """Return the items that could be on a document, ascending."""
    moves = np.unique(minimums.use[[document]].indices)
    moves = moves[largest_units(network)[moves] > 0]
    problem = network.problem
    return np.unique(problem.item_sites.item[problem.moves.destination[moves]])


def promise(
    network: Network, minimums: Minimums, document: int, units: Ints, prices: Floats
) -> Promise | None:
    """Return the smallest promise that fills a document; none if no promise does.

    Parameters
    ----------
    network : Network
        Of every item.
    minimums : Minimums
        Over its moves.
    document : int
        That is below its minimum.
    units : int array, shape (m,)
        Of every move as planned so far.
    prices : float array, shape (m,)
        Of other promises.
    """
    items = candidates(network, minimums, document)
    if not len(items):
        return None
    some = part(network, items)
    mine, others = minimums.take(some.moves), units.copy()
    others[some.moves] = 0
    asked = minimums.least[document] - float(minimums.amount(others)[document])
    row = mine.use[[document]]
    dearest = float((network.problem.moves.unit_amount[some.moves][row.indices] / row.data).max())

    def filled(step: int) -> bool:
        told = Promise(document, dearest * step / PROMISES)
        flow = whole_plans(some.network.priced(prices[some.moves] + told.prices(mine, some.network)))
        every = np.zeros(len(some.moves), dtype=np.int64)
        every[some.network.first] = flow.units
        return float((row @ every)[0]) >= asked

    low, high = 0, PROMISES
    if not filled(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if filled(middle) else (middle, high)
    return Promise(document, dearest * high / PROMISES)
