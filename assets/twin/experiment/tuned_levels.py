"""Levels tuned by simulation on history: a grid over cover, then every site's maximum and minimum in turn.

Items share nothing here, so that all are tried side by side and each keeps what costs it least. The
physics are the twin's (``run``). Not here: what levels order (``levels``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Floats, Ints, Lines, Rates, Stock
from assets.twin.experiment.levels import (
    Levels,
    Sources,
    demand_below,
    lines_in_bucket,
    recent_means,
    usual_sources,
)
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.run import run

STORE_COVERS = (0.6, 0.8, 1.0, 1.25, 1.5, 2.0)
SERVER_COVERS = (0.0, 0.5, 0.8, 1.0, 1.25, 1.6)
"""Multiples of lead time and a bucket of demand that the grid tries, of sites that sell and that serve others."""

STEPS = (0.7, 0.85, 1.15, 1.4)
"""Multiples of its cover that a site tries in turn."""

GAPS = (0.15, 0.4)
"""Shares of the maximum that an item tries between minimum and maximum; none is where each starts."""

ROUNDS = 2

Flags = NDArray[np.bool_]
Change = Callable[[Levels], Levels]


@dataclass(frozen=True)
class Tuned:
    """What was found.

    Attributes
    ----------
    levels : Levels
        The cheapest of each item.
    cost : float
        Of the buckets that they were tuned on.
    simulations : int
        Simulations of the whole network that it took.
    """

    levels: Levels
    cost: float
    simulations: int


@dataclass
class _Trial:
    """Costs of levels by item over the buckets tuned on."""

    network: ExperimentNetwork
    rates: Rates
    opening: Stock
    columns: range
    item: Ints
    simulations: int = 0

    def cost(self, levels: Levels) -> Floats:
        """Return currency by item."""
        demand = self.network.asked[:, self.columns.start : self.columns.stop]
        price, freight = self._prices(levels.sources)

        def order(bucket: int, stock: Stock) -> Lines:
            lines = lines_in_bucket(levels, self.columns.start + bucket, stock)
            return replace(lines, price=price[lines.destination], freight=freight[lines.destination])

        self.simulations += 1
        return np.bincount(self.item, weights=run(self.opening, demand, self.rates, order).cost).astype(np.float64)

    def _prices(self, sources: Sources) -> tuple[Floats, Floats]:
        """Return what a unit costs to buy and to bring; lanes down are priced by what they add to landed cost."""
        landed, bought = self.rates.landed, sources.parent < 0
        return np.where(bought, landed, 0.0), np.where(bought, 0.0, landed - landed[sources.parent])


def tuned(
    network: ExperimentNetwork, rates: Rates, opening: Stock, columns: range, *, following: bool, recent: int
) -> Tuned:  # fmt: skip
    """Return levels tuned on some buckets of the history.

    Parameters
    ----------
    network : ExperimentNetwork
        Whose demand is played.
    rates : Rates
        What things cost.
    opening : Stock
        On the eve of the first bucket.
    columns : range
        Buckets of the history that count.
    following : bool
        Whether levels follow the mean of recent demand; fixed at the mean of the buckets tuned on if not.
    recent : int
        Buckets of that mean.

    Raises
    ------
    EquipoiseError
        If there are fewer than two buckets to tune on.
    """
    if len(columns) < 2 or columns.start < 0 or columns.stop > network.asked.shape[1]:
        raise EquipoiseError(
            f"buckets {columns.start} to {columns.stop} are no history to tune on", where="tuned levels",
            remedy=f"Name two or more of the {network.asked.shape[1]} buckets that there are",
        )  # fmt: skip
    item = pd.factorize(network.places["item_id"], sort=True)[0].astype(np.int64)
    trial = _Trial(network, rates, opening, columns, item)
    best: Levels | None = None
    cost = np.full(int(item.max()) + 1, np.inf)
    for fastest in (False, True):
        found, own = _searched(trial, usual_sources(network, fastest=fastest), following, recent)
        better = own < cost - 1e-9
        best = found if best is None else _merged(best, found, better[item])
        cost = np.where(better, own, cost)
    assert best is not None
    return Tuned(best, float(cost.sum()), trial.simulations)


def _searched(trial: _Trial, sources: Sources, following: bool, recent: int) -> tuple[Levels, Floats]:
    """Return the cheapest levels that were found of each item with these sources, and their cost."""
    network, item = trial.network, trial.item
    demand = demand_below(network, sources)
    known = demand[:, trial.columns.start : trial.columns.stop].mean(axis=1, keepdims=True)
    reference = recent_means(demand, recent) if following else np.repeat(known, demand.shape[1], axis=1)
    sells, stretch = network.echelons == 0, (sources.lead + 1).astype(np.float64)
    best = Levels(sources, reference, stretch, np.zeros(len(item)))
    cost = trial.cost(best)
    for store, server in product(STORE_COVERS, SERVER_COVERS):
        best, cost = _kept(trial, best, cost, replace(best, cover=np.asarray(stretch * np.where(sells, store, server))))
    for _ in range(ROUNDS):
        for candidate in _in_turn(trial, sells):
            best, cost = _kept(trial, best, cost, candidate(best))
    return best, cost


def _in_turn(trial: _Trial, sells: Flags) -> Iterator[Change]:
    """Yield changes of levels: each site's cover by a step, then the gaps of all that sell and of all that serve."""
    sites = trial.network.places["site_id"].to_numpy(object)
    for site, step in product(np.unique(sites), STEPS):
        yield _covering(sites == site, step)
    for group, gap in product((sells, ~sells), GAPS):
        yield _gapped(group, gap)


def _covering(rows: Flags, step: float) -> Change:
    return lambda levels: replace(levels, cover=np.where(rows, levels.cover * step, levels.cover))


def _gapped(rows: Flags, gap: float) -> Change:
    return lambda levels: replace(levels, gap=np.where(rows, gap, levels.gap))


def _kept(trial: _Trial, best: Levels, cost: Floats, tried: Levels) -> tuple[Levels, Floats]:
    """Return what is cheaper of each item."""
    own = trial.cost(tried)
    better = own < cost - 1e-9
    return _merged(best, tried, better[trial.item]), np.where(better, own, cost)


def _merged(one: Levels, other: Levels, rows: Flags) -> Levels:
    """Return levels of ``other`` in some rows, else of ``one``."""
    a, b = one.sources, other.sources
    sources = a if a is b else Sources(
        np.where(rows, b.parent, a.parent), np.where(rows, b.lead, a.lead),
        _mixed(a.source_id, b.source_id, rows), _mixed(a.mode, b.mode, rows),
    )  # fmt: skip
    reference = one.reference if one.reference is other.reference else np.where(
        rows[:, None], other.reference, one.reference
    )  # fmt: skip
    return Levels(sources, reference, np.where(rows, other.cover, one.cover), np.where(rows, other.gap, one.gap))


def _mixed(one: Sequence[str], other: Sequence[str], rows: Flags) -> tuple[str, ...]:
    return tuple(b if row else a for a, b, row in zip(one, other, rows.tolist(), strict=True))
