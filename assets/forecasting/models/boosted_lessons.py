"""What a boosted model of all series learns from: its settings, and the past of a panel as lessons.

Not here: what is known at an origin (``boosted_features``), or the model (``boosted``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.index import codes_of, key_order
from assets.forecasting.history.levels import demand_without_spikes
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.boosted_features import Origin, features_at
from assets.kernel.calendar import Bucket

# Buckets before the first origin: enough for a level, and for weeks for the same week of last year. A
# history of less than twice as many starts in its middle.
LEAST_HISTORY = {Bucket.DAY: 28, Bucket.WEEK: 52}
MOST_BUCKETS_AHEAD = 4


@dataclass(frozen=True)
class Boosting:
    """How the trees are grown: shallow, in large leaves, because retail weeks are mostly noise.

    The defaults were chosen on the sum of all windows of VN2 (README).

    Attributes
    ----------
    rounds : int
        Trees of a model.
    seeds : tuple of int
        One model each; their forecasts are averaged in logs.
    learning_rate : float
        Share of each tree that counts.
    leaves, least_examples_in_leaf : int
        Size of a tree.
    bins : int
        Most values of a feature that a split tells apart.
    most_series : int
        A larger network teaches by whole items, evenly spaced, so that an item's sites stay together.
    most_examples, most_origins : int
        Origins are thinned evenly until there are no more of either.
    """

    rounds: int = 250
    seeds: tuple[int, ...] = (3, 4)
    learning_rate: float = 0.05
    leaves: int = 15
    least_examples_in_leaf: int = 500
    bins: int = 255
    most_series: int = 6_000
    most_examples: int = 200_000
    most_origins: int = 104

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return LightGBM's parameters; the same seed grows the same trees to the bit."""
        return {
            "objective": "poisson",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.least_examples_in_leaf,
            "max_bin": self.bins,
            "lambda_l2": 5.0,
            "feature_fraction": 0.6,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }


# Days are many and alike: fewer, faster trees on fewer examples lose next to nothing (README).
DAILY = Boosting(60, (3,), 0.1, leaves=8, bins=63, most_series=2_500, most_examples=100_000, most_origins=26)
BOOSTING = {Bucket.DAY: DAILY, Bucket.WEEK: Boosting()}


def training_origins(panel: SeriesPanel, horizon: int, boosting: Boosting) -> tuple[Integers, Integers]:
    """Return the origins and the buckets ahead that teach, both evenly spaced and ascending."""
    ahead = _evenly(np.arange(horizon), MOST_BUCKETS_AHEAD)
    first = max(min(LEAST_HISTORY[panel.bucket], panel.length // 2), 1)
    most = min(max(boosting.most_examples // max(panel.size * len(ahead), 1), 1), boosting.most_origins)
    return _evenly(np.arange(first, panel.length), most), ahead


def teachers(panel: SeriesPanel, most: int) -> SeriesPanel:
    """Return the series that teach, in the order of their keys."""
    return panel.take(teaching_rows(panel, most))


def teaching_rows(panel: SeriesPanel, most: int) -> Integers:
    """Return the rows of about so many series at most, whole items evenly spaced, in the order of their keys."""
    order = key_order(panel.index)
    if panel.size > most:
        item = codes_of(panel.index, "item_id")
        count = int(item.max()) + 1
        teaching = _evenly(np.arange(count), max(count * most // panel.size, 1))
        order = order[np.isin(item[order], teaching)]
    return order


@dataclass(frozen=True)
class Past:
    """The past of a panel as lessons: what was known at its origins, and what happened after them."""

    panel: SeriesPanel
    phase: Integers
    groups: tuple[str, ...]
    seasonal: bool
    driven: bool
    made: dict[int, Origin]

    @cached_property
    def demand(self) -> Reals:
        """What happened, spikes cut as in features: one order of a series is no lesson for any."""
        return demand_without_spikes(self.panel, seasonal=self.seasonal)

    def examples(self, boosting: Boosting) -> tuple[Reals, Reals, Reals]:
        """Return features, demand and base of every bucket that teaches."""
        cuts, ahead = training_origins(self.panel, len(self.phase), boosting)
        rows = _evenly(np.arange(self.panel.size), boosting.most_examples)
        found = [
            self._example(self._at(cut, ahead), rows, order, cut, cut + place)
            for cut in cuts.tolist()
            for order, place in enumerate(ahead.tolist())
            if cut + place < self.panel.length
        ]
        features, target, base = (
            zip(*found, strict=True) if found else ([np.empty((0, 0))], [np.empty(0)], [np.empty(0)])
        )
        return np.concatenate(features), np.concatenate(target), np.concatenate(base)

    def _example(self, origin: Origin, rows: Integers, order: int, cut: int, bucket: int) -> tuple[Reals, Reals, Reals]:
        teaches = rows[self.panel.observed[rows, bucket] & (self.panel.begins[rows] < cut)]
        return origin.features[teaches, order], self.demand[teaches, bucket], origin.base[teaches, order]

    def _at(self, cut: int, ahead: Integers) -> Origin:
        if cut not in self.made:
            positions = np.concatenate([self.panel.phase, self.phase])[cut : cut + len(self.phase)]
            past = self.panel.until(cut)
            self.made[cut] = features_at(
                past, positions, self.groups, seasonal=self.seasonal, driven=self.driven, places=ahead
            )
        return self.made[cut]


def _evenly(values: Integers, most: int) -> Integers:
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).round().astype(np.int64)]
