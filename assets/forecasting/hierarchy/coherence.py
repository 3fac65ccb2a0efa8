"""Whether forecasts that use their groups decide better: the rolling backtest of reconciliation.

Here: every method at every origin, the loss at item-site level, and the method that is used. Not
here: the methods (``reconcile``), the groups (``hierarchy``), or what is published of them
(``forecast``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assets.forecasting.evaluation.backtest import known_at
from assets.forecasting.hierarchy.hierarchy import BOTTOM, Hierarchy, build_hierarchy, summed_panel
from assets.forecasting.hierarchy.named_means import MeansAt
from assets.forecasting.hierarchy.reconcile import (
    GROUP_MODELS,
    WLS_VAR,
    by_level,
    error_variance,
    group_means,
    reconciled_bottom,
)
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.panel import MINIMUM_OBSERVED, SeriesPanel
from assets.forecasting.models.known import Known

# Whole items are left out above this many series; the test needs pairs, not all of them.
MOST_SERIES = 10_000


@dataclass(frozen=True)
class CoherenceOrigin:
    """What was forecast at one origin, and what happened.

    Attributes
    ----------
    cut : int
        First bucket forecast.
    bottom : array (n, H)
        Base forecast of the series.
    by_model : dict
        Model to the base forecast of the groups, shape (m, H).
    demand, known : array (n, H)
        What happened, 0 where it is not known, and whether it is.
    tells : array (n,)
        Whether the series is scored: it was not thin then.
    """

    cut: int
    bottom: Reals
    by_model: dict[str, Reals]
    demand: Reals
    known: Flags
    tells: Flags


@dataclass(frozen=True)
class CoherenceTest:
    """Base forecasts of series and groups over all origins, ready to be reconciled.

    Attributes
    ----------
    panel : SeriesPanel
        Series that were tested.
    hierarchy : Hierarchy
        Their groups.
    origins : tuple of CoherenceOrigin
        The earliest first.
    models : dict
        Level to the model that forecasts its groups best.
    is_part : bool
        Whether items were left out.
    """

    panel: SeriesPanel
    hierarchy: Hierarchy
    origins: tuple[CoherenceOrigin, ...]
    models: dict[str, str]
    is_part: bool

    def groups_at(self, origin: CoherenceOrigin) -> Reals:
        """Return the base forecast of the groups, each level by its model, shape (m, H)."""
        return by_level(self.hierarchy, self.models, origin.by_model)

    def variance_ratios(self, without: int | None = None) -> dict[str, float]:
        """Return squared error over mean of a bucket, by level; the series are level ``item_site``.

        ``without`` leaves one origin out: what a method is tested on must not weigh it.
        """
        told = [origin for origin in self.origins if origin.cut != without] or list(self.origins)
        squares = dict.fromkeys([*self.hierarchy.levels, BOTTOM], 0.0)
        means = dict.fromkeys(squares, 0.0)
        for origin in told:
            expected, actual = comparable(self.hierarchy, origin, self.groups_at(origin))
            own = np.where(origin.known, origin.bottom, 0.0)
            for level, rows in self.hierarchy.levels.items():
                squares[level] += float(((expected[rows] - actual[rows]) ** 2).sum())
                means[level] += float(expected[rows].sum())
            squares[BOTTOM] += float(((own - origin.demand) ** 2).sum())
            means[BOTTOM] += float(own.sum())
        return {level: squares[level] / means[level] if means[level] > 0 else 1.0 for level in squares}

    def reconciled(self, method: str, origin: CoherenceOrigin) -> Reals:
        """Return the item-site means of one method at one origin, shape (n, H)."""
        groups = self.groups_at(origin)
        ratios = self.variance_ratios(origin.cut) if method == WLS_VAR else {}
        variance = error_variance(self.hierarchy, ratios, groups, origin.bottom) if ratios else None
        return reconciled_bottom(method, self.hierarchy, groups, origin.bottom, variance)


def coherence_test(
    panel: SeriesPanel,
    region_of: Mapping[str, str],
    means_at: MeansAt,
    origins: int,
    horizon: int,
    models: Sequence[str] = GROUP_MODELS,
) -> CoherenceTest:
    """Forecast series and groups at rolling origins, one horizon apart.

    Parameters
    ----------
    panel : SeriesPanel
        All series.
    region_of : mapping
        Site to region.
    means_at : callable
        Item-site forecast that is to be judged.
    origins, horizon : int
        How often, and buckets ahead; origins nearer the beginning than a series needs are left out.
    models : sequence of str
        What groups are forecast with; each level takes the best.
    """
    rows = _whole_items(panel)
    tested = panel.take(rows)
    hierarchy = build_hierarchy(tested.index, region_of)
    cuts = [tested.length - horizon * (place + 1) for place in range(origins)]
    # The earliest first, which is when a model of all series is fitted.
    earliest = sorted(cut for cut in cuts if cut >= MINIMUM_OBSERVED)
    found = tuple(_origin(known_at(panel, cut, horizon, rows), tested, hierarchy, means_at, models) for cut in earliest)
    best = {level: _best_model(hierarchy, found, rows, models) for level, rows in hierarchy.levels.items()}
    return CoherenceTest(tested, hierarchy, found, best, tested.size < panel.size)


def comparable(hierarchy: Hierarchy, origin: CoherenceOrigin, groups: Reals) -> tuple[Reals, Reals]:
    """Return forecast and demand of the groups over what is known of their members, both (m, H).

    A group's own forecast is of all its members; the share that the members' forecasts give to
    those out of stock drops out of it.
    """
    known = hierarchy.sums(np.where(origin.known, origin.bottom, 0.0))
    whole = hierarchy.sums(origin.bottom)
    share = np.where(whole > 0, known / np.where(whole > 0, whole, 1.0), 1.0)
    return groups * share, hierarchy.sums(origin.demand)


def _whole_items(panel: SeriesPanel) -> Integers:
    """Return the series of evenly spaced items, all of them where they are few enough."""
    items = panel.index["item_id"].to_numpy()
    code = np.unique(items, return_inverse=True)[1]
    every = -(-panel.size // MOST_SERIES)
    return np.flatnonzero(code % max(every, 1) == 0)


def _origin(
    known: Known, panel: SeriesPanel, hierarchy: Hierarchy, means_at: MeansAt, models: Sequence[str]
) -> CoherenceOrigin:
    cut = known.panel.length
    ahead = slice(cut, cut + len(known.phase))
    summed, history = summed_panel(known.panel, known.history, hierarchy)
    seen = panel.observed[:, ahead]
    return CoherenceOrigin(
        cut=cut,
        bottom=means_at(known),
        by_model={model: group_means(model, summed, history, known.phase) for model in models},
        demand=np.where(seen, panel.demand[:, ahead], 0.0),
        known=seen,
        tells=~known.panel.is_thin,
    )


def _best_model(hierarchy: Hierarchy, origins: tuple[CoherenceOrigin, ...], rows: slice, models: Sequence[str]) -> str:
    """Return the model with the least sum of absolute cumulative errors; the earlier on ties."""
    loss = [0.0] * len(models)
    for origin in origins:
        for place, model in enumerate(models):
            expected, actual = comparable(hierarchy, origin, origin.by_model[model])
            error = np.cumsum(expected[rows] - actual[rows], axis=1)
            loss[place] += float(np.abs(error).sum())
    return models[min(range(len(models)), key=lambda place: (round(loss[place], 6), place))]
