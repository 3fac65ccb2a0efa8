"""Boosted regression of log demand on own history and known future drivers, and its best point.

Price and promotion of the buckets ahead are known when they are planned. Two models look at a panel
from two sides: one corrects the log-linear effects of the drivers, the other starts from the recent
level and has to find the effects itself; their logs are averaged. Both minimise the relative error
directly. Not here: what they see (``driven_features``), or the effects (``elasticity``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from assets.forecasting.history.arrays import Reals
from assets.forecasting.models.driven_features import DrivenPanel, FeatureRows
from assets.kernel.errors import EquipoiseError

# Origins before this have no windows to compare with.
FIRST_ORIGIN = 18
# Beyond e^1.5 times too much, more says nothing; a nearly flat loss needs a curvature to step by.
MOST_OVER, MOST_UNDER, LEAST_CURVATURE = 1.5, -3.0, 0.3

# Series differ most by what resembles them most; its codes have no order.
CATEGORY = "group_0"

Loss = Literal["relative", "mean", "quantile"]


@dataclass(frozen=True)
class View:
    """One boosted model.

    Attributes
    ----------
    corrects_effects : bool
        Whether it starts from the log-linear effects and sees what they leave, or from the recent
        mean and sees nothing of them.
    objective : str
        ``relative`` for the relative error of units, else LightGBM's name, on log units.
    trees, leaves, least_rows : int
        Size of the model, and the fewest rows in a leaf.
    rate : float
        Learning rate.
    seeds : tuple of int
        One model is grown for each; the more of them, the more the view weighs in the average.
    """

    corrects_effects: bool
    objective: str = "relative"
    trees: int = 200
    leaves: int = 15
    least_rows: int = 200
    rate: float = 0.05
    seeds: tuple[int, ...] = (1,)


# Retail weeks are few and each is shared by all shops, so trees are small, slow and see little at once.
VIEWS = (
    View(corrects_effects=True, trees=250, rate=0.04, seeds=(1, 2, 3)),
    View(corrects_effects=False, trees=250, least_rows=100, rate=0.06),
)


class DrivenModel:
    """Forecasts of a panel from any of its origins, each learned from what was known there.

    Parameters
    ----------
    panel : DrivenPanel
        Units after an origin are not looked at when it forecasts; drivers are, up to the last step.
    steps : sequence of int
        Buckets after the origin to forecast.
    views : sequence of View
        Models whose logs are averaged, seed by seed.
    first_origin : int
        First origin that teaches.
    """

    def __init__(
        self,
        panel: DrivenPanel,
        steps: Sequence[int],
        views: Sequence[View] = VIEWS,
        first_origin: int = FIRST_ORIGIN,
        rows: FeatureRows | None = None,
    ) -> None:
        self.steps = tuple(steps)
        self.views = tuple(views)
        self.first_origin = first_origin
        self.rows = FeatureRows(panel) if rows is None else rows

    def centre(self, origin: int) -> Reals:
        """Return log units of each series and step after the last known bucket ``origin``; (n, steps).

        Raises
        ------
        EquipoiseError
            If no origin is old enough to have seen its outcome.
        """
        taught = self._taught(origin)
        if not taught:
            raise EquipoiseError(
                f"origin {origin} leaves no earlier one to learn from",
                where="driven forecast",
                remedy=f"Give at least {self.first_origin + max(self.steps) + 1} known buckets",
            )
        asked = [(origin, step) for step in self.steps]
        logs = np.mean(np.concatenate([self._view(view, taught, asked) for view in self.views]), axis=0)
        return np.ascontiguousarray(logs.reshape(len(self.steps), -1).T)

    def _taught(self, origin: int) -> list[tuple[int, int]]:
        # Steps take turns, so that each bucket teaches once: its demand seen from two origins is the
        # same noise twice, and costs twice the time.
        turns = ((bucket, self.steps[bucket % len(self.steps)]) for bucket in range(origin + 1))
        return [(bucket - step, step) for bucket, step in turns if bucket - step >= self.first_origin]

    def _view(self, view: View, taught: list[tuple[int, int]], asked: list[tuple[int, int]]) -> Reals:
        past, ahead = self._stacked(view, taught), self._stacked(view, asked)
        target = np.concatenate([self.rows.target(origin, step) for origin, step in taught])
        known = np.isfinite(target)
        learned = replace(past, features=past.features[known], start=past.start[known])
        if not _splits(view, learned.features):
            return ahead.start[None]
        grown = [_boosted(view, seed, learned, target[known]) for seed in view.seeds]
        return np.stack([ahead.start + trees.predict(ahead.features, num_threads=1) for trees in grown])

    def _stacked(self, view: View, places: list[tuple[int, int]]) -> _Stack:
        rows = [self.rows.at(origin, step) for origin, step in places]
        seen = [{**row.plain, **row.adjusted} if view.corrects_effects else row.plain for row in rows]
        start = np.concatenate([row.expected if view.corrects_effects else row.recent for row in rows])
        return _Stack(list(seen[0]), np.concatenate([np.column_stack(list(row.values())) for row in seen]), start)


@dataclass(frozen=True)
class _Stack:
    names: list[str]
    features: Reals
    start: Reals


def _splits(view: View, features: Reals) -> bool:
    # LightGBM refuses rows of which no feature can part two leaves: the start stands alone.
    if len(features) < 2 * view.least_rows:
        return False
    filled = np.nan_to_num(features)
    return bool((filled != filled[0]).any())


def _boosted(view: View, seed: int, past: _Stack, target: Reals) -> Any:
    # Importing LightGBM takes a second, and most who import this never fit.
    import lightgbm

    parameters = {
        "objective": relative_error if view.objective == "relative" else view.objective,
        "learning_rate": view.rate,
        "num_leaves": view.leaves,
        "min_data_in_leaf": view.least_rows,
        "max_bin": 63,
        "feature_fraction": 0.25,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "lambda_l2": 20.0,
        "seed": seed,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    data = lightgbm.Dataset(past.features, target - past.start, feature_name=past.names, categorical_feature=[CATEGORY])
    return lightgbm.train(parameters, data, num_boost_round=view.trees)


def relative_error(forecast: Reals, data: Any) -> tuple[Reals, Reals]:
    """Return gradient and curvature of ``|exp(m - y) - 1|``, the relative error of units, in log units m.

    The slope is ``sign(m - y) exp(m - y)``: too much costs without limit, too little at most 1. The
    true curvature is negative below the outcome, so the step uses the slope's size instead.

    Parameters
    ----------
    forecast : array
        Log units, less where the model starts.
    data : lightgbm.Dataset
        Its labels are the outcomes on the same scale.
    """
    over = forecast - data.get_label()
    slope = np.exp(np.clip(over, MOST_UNDER, MOST_OVER))
    return np.sign(over) * slope, np.maximum(slope, LEAST_CURVATURE)


def point(centre: Reals, errors: Reals, loss: Loss = "relative", level: float = 0.5) -> Reals:
    """Return the units that minimise a loss over the predictive distribution ``exp(centre + error)``.

    Parameters
    ----------
    centre : array
        Log units.
    errors : array (m,)
        Log outcome less log centre, out of sample; without any, the centre itself is returned.
    loss : str
        ``relative`` (MAPE: the median weighted by one over the outcome), ``mean`` or ``quantile``.
    level : float
        Level of the quantile.

    Returns
    -------
    array
        Base units, of the shape of ``centre``.

    Examples
    --------
    >>> errors = np.log([0.5, 1.0, 2.0])
    >>> [round(float(point(np.log(np.array([8.0])), errors, loss)[0]), 2) for loss in ("relative", "mean", "quantile")]
    [4.0, 9.33, 8.0]
    """
    return np.exp(centre) * (_factor(np.sort(errors), loss, level) if errors.size else 1.0)


def _factor(errors: Reals, loss: Loss, level: float) -> float:
    if loss == "mean":
        return float(np.mean(np.exp(errors)))
    if loss == "quantile":
        return float(np.exp(np.quantile(errors, level)))
    # Gneiting (2011), Making and evaluating point forecasts, section 3.3: the (-1)-median.
    weight = np.cumsum(np.exp(-errors))
    return float(np.exp(errors[np.searchsorted(weight, weight[-1] / 2)]))


def earlier_errors(centres: dict[int, Reals], log_demand: Reals, steps: Sequence[int], origin: int) -> Reals:
    """Return the errors of earlier origins whose outcome is known at ``origin``.

    Parameters
    ----------
    centres : dict of arrays (n, steps)
        Log units by origin.
    log_demand : array (n, T)
        NaN where unknown.
    steps : sequence of int
        Buckets after the origin.
    origin : int
        Last known bucket.

    Returns
    -------
    array (m,)
        Log outcome less log centre.
    """
    found = [
        log_demand[:, earlier + step] - centre[:, place]
        for earlier, centre in sorted(centres.items())
        for place, step in enumerate(steps)
        if earlier < origin and earlier + step <= origin
    ]
    errors = np.concatenate(found) if found else np.empty(0)
    return errors[np.isfinite(errors)]
