"""One boosted model of all series: how far demand will be from each series' own level.

A model is fitted on what was known at past origins and what happened after them, and forecasts
any panel of the same network until it is fitted again. Not here: what it sees
(``boosted_features``), or drivers known ahead such as price (``driven``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assets.forecasting.boosted_features import Origin, features_at
from assets.forecasting.series import KEY, Integers, Reals, SeriesPanel
from assets.kernel.calendar import Bucket

GROUPS: tuple[str, ...] = ("item_id", "site_id", "category")
# Buckets before the first origin: enough for a level, and for weeks for the same week of last year. A
# history of less than twice as many starts in its middle.
LEAST_HISTORY = {Bucket.DAY: 28, Bucket.WEEK: 52}
# Examples are thinned evenly over buckets ahead, then over origins, then over series: 200,000 take a
# model about three seconds to learn on one core.
MOST_EXAMPLES = 200_000
MOST_ORIGINS = 104
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
    """

    rounds: int = 250
    seeds: tuple[int, ...] = (3, 4)
    learning_rate: float = 0.05
    leaves: int = 15
    least_examples_in_leaf: int = 500

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return LightGBM's parameters; the same seed grows the same trees to the bit."""
        return {
            "objective": "poisson",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.least_examples_in_leaf,
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


@dataclass(frozen=True)
class BoostedModel:
    """A fitted model.

    Attributes
    ----------
    boosters : tuple
        LightGBM's, one a seed; none where the panel taught nothing.
    groups : tuple of str
        Columns of the index whose members move together.
    seasonal : bool
        Whether demand has a season.
    """

    boosters: tuple[Any, ...]
    groups: tuple[str, ...]
    seasonal: bool

    def means(self, panel: SeriesPanel, phase: Integers) -> Reals:
        """Return the mean demand of each bucket ahead, shape (n, H), in the panel's order.

        Without anything learned it is the shrunken exponential mean in season.
        """
        order = _key_order(panel)
        origin = features_at(_taken(panel, order), phase, self.groups, seasonal=self.seasonal)
        count, horizon, width = origin.features.shape
        correction = np.zeros(count * horizon)
        for booster in self.boosters:
            flat = origin.features.reshape(count * horizon, width)
            correction += np.asarray(booster.predict(flat, raw_score=True, num_threads=1)) / len(self.boosters)
        means = np.empty((count, horizon))
        means[order] = origin.base * np.exp(correction.reshape(count, horizon))
        return means


def fit_boosted(
    panel: SeriesPanel,
    phase: Integers,
    *,
    groups: Sequence[str] = GROUPS,
    seasonal: bool = True,
    boosting: Boosting | None = None,
    made: dict[int, Origin] | None = None,
) -> BoostedModel:
    """Fit one model on all series and past origins.

    The target is the demand of a bucket ahead, its loss Poisson's with the logarithm of the base
    forecast as offset: trees learn the correction only, and a series of hundreds a week teaches
    one of one a month. Censored buckets teach nothing.

    Parameters
    ----------
    panel : SeriesPanel
        What is known; seasons and levels are estimated again at each origin.
    phase : array (H,)
        Season positions of the buckets ahead.
    groups : sequence of str
        Columns of the index whose members move together.
    seasonal : bool
        Whether demand has a season.
    boosting : Boosting or None
        How the trees are grown.
    made : dict or None
        Features of past origins by column, read and added to: a later fit of the same series with
        the same choices makes only those that are new.
    """
    sorted_panel, chosen = _taken(panel, _key_order(panel)), boosting or Boosting()
    features, target, base = _examples(sorted_panel, phase, tuple(groups), seasonal, {} if made is None else made)
    if len(target) < 2 * chosen.least_examples_in_leaf or not target.any():
        return BoostedModel((), tuple(groups), seasonal)
    boosters = tuple(_grown(features, target, base, chosen, seed) for seed in chosen.seeds)
    return BoostedModel(boosters, tuple(groups), seasonal)


def boosted_means(
    panel: SeriesPanel, phase: Integers, *, groups: Sequence[str] = GROUPS, boosting: Boosting | None = None
) -> Reals:
    """Return the mean demand of each bucket ahead by a model fitted on the panel's own past.

    Parameters
    ----------
    panel : SeriesPanel
        What is known.
    phase : array (H,)
        Season positions of the buckets ahead.
    groups, boosting
        As in ``fit_boosted``.

    Returns
    -------
    array (n, H)
        Base units, above 0; the same for any order of the series.
    """
    return fit_boosted(panel, phase, groups=groups, boosting=boosting).means(panel, phase)


def training_origins(panel: SeriesPanel, horizon: int) -> tuple[Integers, Integers]:
    """Return the origins and the buckets ahead that teach, both evenly spaced and ascending."""
    ahead = _evenly(np.arange(horizon), MOST_BUCKETS_AHEAD)
    first = min(LEAST_HISTORY[panel.bucket], panel.length // 2)
    possible = np.arange(max(first, 1), panel.length)
    most = max(MOST_EXAMPLES // max(panel.size * len(ahead), 1), 1)
    return _evenly(possible, min(most, MOST_ORIGINS)), ahead


def _examples(
    panel: SeriesPanel, phase: Integers, groups: tuple[str, ...], seasonal: bool, made: dict[int, Origin]
) -> tuple[Reals, Reals, Reals]:
    origins, ahead = training_origins(panel, len(phase))
    positions = np.concatenate([panel.phase, phase])
    rows = _evenly(np.arange(panel.size), MOST_EXAMPLES)
    features, target, base = [], [np.empty(0)], [np.empty(0)]
    for cut in origins.tolist():
        if cut not in made:
            made[cut] = features_at(panel.until(cut), positions[cut : cut + len(phase)], groups, seasonal=seasonal)
        for place in ahead[ahead < panel.length - cut]:
            teaches = rows[panel.observed[rows, cut + place] & (panel.begins[rows] < cut)]
            features.append(made[cut].features[teaches, place])
            target.append(panel.demand[teaches, cut + place])
            base.append(made[cut].base[teaches, place])
    return np.concatenate(features or [np.empty((0, 0))]), np.concatenate(target), np.concatenate(base)


def _grown(features: Reals, target: Reals, base: Reals, boosting: Boosting, seed: int) -> Any:
    # Importing LightGBM takes most of a second.
    import lightgbm

    examples = lightgbm.Dataset(features, target, init_score=np.log(base))
    return lightgbm.train(boosting.parameters(seed), examples, boosting.rounds)


def _evenly(values: Integers, most: int) -> Integers:
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).round().astype(np.int64)]


def _key_order(panel: SeriesPanel) -> Integers:
    return np.lexsort([panel.index[name].to_numpy(dtype=str) for name in reversed(KEY)])


def _taken(panel: SeriesPanel, order: Integers) -> SeriesPanel:
    return replace(
        panel,
        index=panel.index.iloc[order].reset_index(drop=True),
        demand=panel.demand[order],
        observed=panel.observed[order],
        begins=panel.begins[order],
    )
