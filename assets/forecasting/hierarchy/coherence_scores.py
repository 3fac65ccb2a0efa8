"""What reconciliation does to the decision: losses of every method, and which of them is used.

Here: losses at item-site level and by level of the hierarchy, and the tested margin. Not here: the
forecasts that are compared (``coherence``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.evaluation.outcomes import Outcomes, joined
from assets.forecasting.evaluation.promotion import challenge, decision_losses
from assets.forecasting.hierarchy.coherence import CoherenceOrigin, CoherenceTest, comparable
from assets.forecasting.hierarchy.hierarchy import BOTTOM, Hierarchy
from assets.forecasting.hierarchy.reconcile import BOTTOM_UP, METHODS
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.ranged import decision_levels
from assets.forecasting.history.segments import rows_by_segment
from assets.policy.release import ForecastRules

# The groups' own forecasts, which do not add up; shown beside the methods.
BASE = "base"
# All series of an origin share its forecast of the groups, so that many series in few origins can win by
# luck: beside the margin, a method must be better at this share of the origins, and at two at least.
BETTER_ORIGINS = 0.75
LEAST_ORIGINS = 2


@dataclass(frozen=True)
class LevelScore:
    """Accuracy of cumulative demand at one level: WAPE, bias, and how far its sums are off before."""

    level: str
    members: int
    model: str
    wape: float
    bias: float
    incoherence: float


@dataclass(frozen=True)
class MethodScore:
    """What one method does.

    Attributes
    ----------
    method : str
        One of ``METHODS``, or ``base``.
    pinball_loss : float or None
        Mean pinball loss of cumulative item-site demand at the decision levels, calibrated at the
        other origins, over mean demand; none for ``base``, which has no item-site forecast of its own.
    gain, gain_low : float or None
        Share of the loss of bottom-up that the method saves, and its lower bound (``promotion.challenge``).
    better_origins : int
        Origins at which it loses less than bottom-up.
    levels : tuple of LevelScore
        By level.
    """

    method: str
    pinball_loss: float | None
    gain: float | None
    gain_low: float | None
    better_origins: int
    levels: tuple[LevelScore, ...]


@dataclass(frozen=True)
class CoherenceScores:
    """All methods, and the one that is used: ``bottom_up`` unless another wins."""

    methods: tuple[MethodScore, ...]
    used: str
    origin_count: int


def coherence_scores(test: CoherenceTest, rules: ForecastRules) -> CoherenceScores:
    """Score every method and choose: the surest gain among those that pass the margin, else bottom-up.

    Parameters
    ----------
    test : CoherenceTest
        Base forecasts at rolling origins.
    rules : ForecastRules
        The margin that a challenger must reach, and the level of series that are told none.
    """
    means = {method: [test.reconciled(method, origin) for origin in test.origins] for method in METHODS}
    decided = decision_levels(test.panel.index, rules)
    losses = {method: _losses(test, found, decided) for method, found in means.items()}
    scores, passing = [_base_score(test)], {}
    for method, loss in losses.items():
        told = challenge(
            (BOTTOM_UP, losses[BOTTOM_UP].values), (method, loss.values), loss.item, rules.promotion_margin
        )
        better = _better_origins(loss, losses[BOTTOM_UP])
        levels = _level_scores(test, means[method])
        scores.append(MethodScore(method, loss.mean, told.gain, told.gain_low, better, levels))
        enough = max(LEAST_ORIGINS, math.ceil(BETTER_ORIGINS * len(test.origins)))
        if told.promoted and method != BOTTOM_UP and better >= enough:
            passing[method] = told.gain_low
    used = max(passing, key=lambda method: (round(passing[method], 9), method)) if passing else BOTTOM_UP
    return CoherenceScores(tuple(scores), used, len(test.origins))


@dataclass(frozen=True)
class _Losses:
    """Decision losses of pairs of series and origin, their items and origins, and the demand scored."""

    values: Reals
    item: Integers
    origin: Integers
    demand: float

    @property
    def mean(self) -> float:
        return float(self.values.sum()) / self.demand if self.demand > 0 else 0.0


def outcomes_of(test: CoherenceTest, means: list[Reals]) -> Outcomes:
    """Return the item-site outcomes of a method over all origins, thin series left out."""
    parts = [_outcomes(origin, mean) for origin, mean in zip(test.origins, means, strict=True)]
    horizon = means[0].shape[1] if means else 1
    return joined(parts, horizon)


def _outcomes(origin: CoherenceOrigin, mean: Reals) -> Outcomes:
    rows = np.flatnonzero(origin.tells)
    unused = np.full(len(rows), np.nan)
    return Outcomes(
        mean=mean[rows],
        demand=origin.demand[rows],
        known=origin.known[rows],
        series=rows,
        origin=np.full(len(rows), origin.cut, dtype=np.int64),
        naive_error=unused,
        naive_square=unused,
        decision_level=unused,
        excess=np.zeros(mean[rows].shape),
    )


def _losses(test: CoherenceTest, means: list[Reals], ratio: Reals) -> _Losses:
    every = outcomes_of(test, means)
    every = replace(every, decision_level=ratio[every.series])
    # Series of an item are one draw, because they share the forecast of their group.
    item = np.unique(test.panel.index["item_id"].to_numpy(), return_inverse=True)[1][every.series]
    values, demand = np.zeros(len(every.series)), 0.0
    for rows in rows_by_segment(test.panel.index).values():
        chosen = np.isin(every.series, rows)
        outcomes = every.rows(chosen)
        values[chosen] = decision_losses(outcomes)
        demand += float(outcomes.actual[outcomes.scored].sum())
    return _Losses(values, item, every.origin, demand)


def _better_origins(loss: _Losses, reference: _Losses) -> int:
    cuts = np.unique(loss.origin)
    saved = [float((reference.values - loss.values)[loss.origin == cut].sum()) for cut in cuts]
    return sum(one > 0 for one in saved)


def _base_score(test: CoherenceTest) -> MethodScore:
    groups = [test.groups_at(origin) for origin in test.origins]
    levels = tuple(_level_score(test, level, rows, groups) for level, rows in test.hierarchy.levels.items())
    return MethodScore(BASE, None, None, None, 0, levels)


def _level_scores(test: CoherenceTest, means: list[Reals]) -> tuple[LevelScore, ...]:
    hierarchy = test.hierarchy
    sums = [hierarchy.sums(mean * origin.known) for mean, origin in zip(means, test.origins, strict=True)]
    actual = [hierarchy.sums(origin.demand) for origin in test.origins]
    found = [
        LevelScore(level, rows.stop - rows.start, "", *_errors([s[rows] for s in sums], [a[rows] for a in actual]), 0.0)
        for level, rows in hierarchy.levels.items()
    ]
    bottom = [mean * origin.known for mean, origin in zip(means, test.origins, strict=True)]
    own = _errors(bottom, [origin.demand for origin in test.origins])
    return (*found, LevelScore(BOTTOM, test.panel.size, "", *own, 0.0))


def _level_score(test: CoherenceTest, level: str, rows: slice, groups: list[Reals]) -> LevelScore:
    hierarchy = test.hierarchy
    pairs = [comparable(hierarchy, origin, group) for origin, group in zip(test.origins, groups, strict=True)]
    errors = _errors([expected[rows] for expected, _ in pairs], [actual[rows] for _, actual in pairs])
    off = _incoherence(hierarchy, rows, test.origins, groups)
    return LevelScore(level, rows.stop - rows.start, test.models[level], *errors, off)


def _incoherence(hierarchy: Hierarchy, rows: slice, origins: tuple[CoherenceOrigin, ...], groups: list[Reals]) -> float:
    sums = [hierarchy.sums(origin.bottom)[rows] for origin in origins]
    gap = sum(float(np.abs(group[rows] - own).sum()) for group, own in zip(groups, sums, strict=True))
    whole = sum(float(own.sum()) for own in sums)
    return gap / whole if whole > 0 else 0.0


def _errors(expected: list[Reals], actual: list[Reals]) -> tuple[float, float]:
    """Return WAPE and bias of cumulative demand over all horizons."""
    ahead = [(np.cumsum(one, axis=1), np.cumsum(other, axis=1)) for one, other in zip(expected, actual, strict=True)]
    demand = sum(float(happened.sum()) for _, happened in ahead)
    if demand <= 0:
        return 0.0, 0.0
    absolute = sum(float(np.abs(told - happened).sum()) for told, happened in ahead)
    return absolute / demand, sum(float((told - happened).sum()) for told, happened in ahead) / demand
