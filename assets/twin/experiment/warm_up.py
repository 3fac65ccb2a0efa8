"""Opening stock where none is told: weeks lived before a window under a rule that forecasts nothing.

Every item-site orders up to its recent mean over lead time and two weeks, from its normal source; a
site with less than all ask for serves the emptiest first. Not here: any policy that is judged.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.twin.day import SUPPLIER, Floats, Lines, Rates, Stock
from assets.twin.experiment.levels import demand_below, rationed, usual_sources
from assets.twin.experiment.network import ExperimentNetwork, stock_of
from assets.twin.run import run

COVER_BUCKETS = 2


def warmed_up_by_means(network: ExperimentNetwork, date: dt.date, buckets: int, recent: int) -> Stock:
    """Return the stock on the eve of a date.

    Parameters
    ----------
    network : ExperimentNetwork
        Whose demand is lived.
    date : date
        First plan date of a window.
    buckets : int
        Lived before it.
    recent : int
        Buckets whose mean demand sets the levels.

    Raises
    ------
    EquipoiseError
        If no demand is known before them.
    """
    sources = usual_sources(network)
    parent, lead, demand = sources.parent, sources.lead, demand_below(network, sources)
    begin = network.column(date) - buckets
    if begin < 1:
        raise EquipoiseError(
            f"there is no demand before the {buckets} buckets that are lived before {date}", where="warm-up",
            remedy="Begin later, or live fewer buckets",
        )  # fmt: skip
    free = np.zeros(len(parent))
    rates = Rates(free, free, free, network.profile.lost_sales)

    def levels(bucket: int) -> tuple[Floats, Floats]:
        now = begin + bucket
        mean = demand[:, max(0, now - recent) : now].mean(axis=1)
        return mean, np.ceil(mean * (lead + COVER_BUCKETS))

    def order(bucket: int, stock: Stock) -> Lines:
        _, level = levels(bucket)
        position = stock.on_hand + stock.under_way.sum(axis=1)
        wanted = np.maximum(level - position, 0).astype(np.int64)
        units = np.where(parent >= 0, rationed(wanted, parent, stock.on_hand, position / np.maximum(level, 1)), wanted)
        rows = np.flatnonzero(units)
        origin = np.where(parent[rows] >= 0, parent[rows], SUPPLIER)
        return Lines(origin, rows, units[rows], lead[rows], np.zeros(len(rows)), np.zeros(len(rows)))

    mean, level = levels(0)
    pipeline = np.rint(mean).astype(np.int64)[:, None] * (np.arange(lead.max()) < lead[:, None])
    opening = stock_of(np.maximum(level - pipeline.sum(axis=1), 0), pipeline)
    return run(opening, network.asked[:, begin : begin + buckets], rates, order).closing
