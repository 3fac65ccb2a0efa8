"""One boosted model of all series: how far demand will be from each series' own level.

A model is fitted on what was known at past origins and what happened after them, and forecasts
any panel of the same network until it is fitted again. Not here: what it sees
(``boosted_features``), its place in a menu (``network_models``), or single drivers (``driven``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.index import key_order
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.models.boosted_features import Origin, features_at
from assets.forecasting.models.boosted_lessons import BOOSTING, Boosting, Past, teachers

GROUPS: tuple[str, ...] = ("item_id", "site_id", "category")


@dataclass(frozen=True)
class BoostedModel:
    """A fitted model, as text that any later run can read.

    Attributes
    ----------
    trees : tuple of str
        LightGBM's text of each booster, one a seed; none where the panel taught nothing.
    groups : tuple of str
        Columns of the index whose members move together.
    seasonal : bool
        Whether demand has a season.
    driven : bool
        Whether it saw what promotions, prices and events did, and what was announced of them.
    """

    trees: tuple[str, ...]
    groups: tuple[str, ...]
    seasonal: bool
    driven: bool = False

    @property
    def taught(self) -> bool:
        """Whether the panel that it was fitted on taught anything."""
        return bool(self.trees)

    @cached_property
    def _boosters(self) -> list[Any]:
        # Importing LightGBM takes most of a second.
        import lightgbm

        return [lightgbm.Booster(model_str=text) for text in self.trees]

    def means(self, panel: SeriesPanel, phase: Integers, rows: Integers | None = None) -> Reals:
        """Return the mean demand of each bucket ahead, shape (m, H), in the panel's order.

        Without anything learned it is the shrunken exponential mean in season.

        Parameters
        ----------
        panel : SeriesPanel
            All series of the network.
        phase : array (H,)
            Season positions of the buckets ahead.
        rows : array (m,), optional
            Ascending rows to forecast; all without it.
        """
        order = key_order(panel.index)
        chosen = np.isin(order, np.arange(panel.size) if rows is None else rows)
        origin = features_at(
            panel.take(order),
            phase,
            self.groups,
            seasonal=self.seasonal,
            driven=self.driven,
            rows=np.flatnonzero(chosen),
        )
        means = np.empty(origin.base.shape)
        # Rows of the answer, in the order of the keys.
        place = np.argsort(np.argsort(order[chosen]))
        means[place] = origin.base * np.exp(self._correction(origin.features))
        return means

    def _correction(self, features: Reals) -> Reals:
        count, horizon, width = features.shape
        correction = np.zeros((count, horizon))
        for booster in self._boosters:
            for block in row_blocks(count):
                flat = features[block].reshape(-1, width)
                told = np.asarray(booster.predict(flat, raw_score=True, num_threads=1))
                correction[block] += told.reshape(-1, horizon) / len(self.trees)
        return correction

    def document(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        told = {"trees": list(self.trees), "groups": list(self.groups), "seasonal": self.seasonal}
        # Left out where nothing drives, as in what was kept before any was seen.
        return {**told, "driven": True} if self.driven else told

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> BoostedModel:
        """Return the model that a document holds."""
        trees = tuple(str(text) for text in document["trees"])
        return cls(trees, tuple(document["groups"]), bool(document["seasonal"]), bool(document.get("driven", False)))


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
        How the trees are grown; ``BOOSTING`` of the panel's bucket without it.
    made : dict or None
        Features of past origins by column, read and added to: a later fit of the same series with
        the same choices makes only those that are new.
    """
    chosen = boosting or BOOSTING[panel.bucket]
    driven, origins = panel.driven is not None, {} if made is None else made
    past = Past(teachers(panel, chosen.most_series), phase, tuple(groups), seasonal, driven, origins)
    features, target, base = past.examples(chosen)
    if len(target) < 2 * chosen.least_examples_in_leaf or not target.any():
        return BoostedModel((), tuple(groups), seasonal, driven)
    # LightGBM works outside the interpreter's lock: seeds grow beside each other, each on one thread.
    with ThreadPoolExecutor(len(chosen.seeds)) as side_by_side:
        trees = tuple(side_by_side.map(partial(_grown, features, target, base, chosen), chosen.seeds))
    return BoostedModel(trees, tuple(groups), seasonal, driven)


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


def _grown(features: Reals, target: Reals, base: Reals, boosting: Boosting, seed: int) -> str:
    import lightgbm

    parameters = boosting.parameters(seed)
    examples = lightgbm.Dataset(features, target, init_score=np.log(base), params={"max_bin": boosting.bins})
    return str(lightgbm.train(parameters, examples, boosting.rounds).model_to_string())
