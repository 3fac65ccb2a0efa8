"""Rolling-origin backtest: every candidate of a segment, judged on the decision's own loss.

An origin sees only what precedes it: season factors and fills are made again at each. Not here:
the metrics (``scores``) or the models (``candidates``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.calibrate import LEVELS, Outcomes, calibrate, joined, untested
from assets.forecasting.candidates import Candidate, candidate, forecast_means
from assets.forecasting.censoring import History, fill_censored
from assets.forecasting.scores import bias, coverage, pinball_loss, wape
from assets.forecasting.seasonality import season_factors
from assets.forecasting.segments import menu, rows_by_segment
from assets.forecasting.series import MINIMUM_OBSERVED, Integers, Reals, SeriesPanel
from assets.policy.release import ForecastRules

# Series of a segment that are backtested, evenly spaced by level: 400 series and 3 origins make
# 1,200 residual paths, and keep the slowest model (OptimizedTheta, 3 ms a fit) at seconds.
SAMPLE_SERIES = 400
# Least share of buckets with known demand for a cumulative outcome to be scored.
SCORED_SHARE = 0.5


@dataclass(frozen=True)
class Score:
    """How one candidate did in one segment; columns of ``FORECAST_SCORES``."""

    model: str
    pinball_loss: float
    wape: float
    bias: float
    coverage_80: float | None


@dataclass(frozen=True)
class SegmentBacktest:
    """The backtest of one segment.

    Attributes
    ----------
    segment : str
        Demand segment.
    rows : array
        Its series in the panel.
    origin_count : int
        Origins at which any of its series could be scored.
    scores : tuple of Score
        In menu order.
    champion : Candidate
        Least pinball loss; the earlier in the menu on ties.
    outcomes : Outcomes
        Of the champion.
    """

    segment: str
    rows: Integers
    origin_count: int
    scores: tuple[Score, ...]
    champion: Candidate
    outcomes: Outcomes


def backtest(panel: SeriesPanel, rules: ForecastRules, horizon: int) -> list[SegmentBacktest]:
    """Backtest the menus of all segments over rolling origins, one horizon apart.

    Parameters
    ----------
    panel : SeriesPanel
        All series.
    rules : ForecastRules
        Menus, number of origins and the quantile decided at.
    horizon : int
        Buckets ahead.
    """
    segments = rows_by_segment(panel.index)
    samples = {segment: _sample(panel, rows) for segment, rows in segments.items()}
    tested = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *samples.values()]))
    cuts = [panel.length - horizon * (origin + 1) for origin in range(rules.origins)]
    origins = [_origin(panel, tested, cut) for cut in cuts if cut >= MINIMUM_OBSERVED]
    ahead = panel.take(tested)
    return [
        _backtest_segment(segment, rows, ahead, np.searchsorted(tested, samples[segment]), origins, rules, horizon)
        for segment, rows in segments.items()
    ]


@dataclass(frozen=True)
class _Origin:
    """What is known at one origin of the series that are backtested."""

    cut: int
    past: SeriesPanel
    history: History


def _origin(panel: SeriesPanel, tested: Integers, cut: int) -> _Origin:
    # Season factors are pooled over all series; the rest is needed of those backtested only.
    past = panel.until(cut)
    known = past.take(tested)
    return _Origin(cut, known, fill_censored(known, season_factors(past)[tested]))


def _backtest_segment(
    segment: str,
    rows: Integers,
    panel: SeriesPanel,
    sample: Integers,
    origins: list[_Origin],
    rules: ForecastRules,
    horizon: int,
) -> SegmentBacktest:
    choices = [candidate(name, panel.bucket, panel.season_length) for name in menu(rules, segment)]
    outcomes = [
        joined([_outcomes(panel, origin, sample, choice, horizon) for origin in origins], horizon) for choice in choices
    ]
    scores = tuple(
        _score(choice.name, outcome, rules.decision_quantile) for choice, outcome in zip(choices, outcomes, strict=True)
    )
    best = min(range(len(choices)), key=lambda place: (round(scores[place].pinball_loss, 9), place))
    count = len(np.unique(outcomes[best].origin))
    return SegmentBacktest(segment, rows, count, scores, choices[best], outcomes[best])


def _sample(panel: SeriesPanel, rows: Integers) -> Integers:
    if len(rows) <= SAMPLE_SERIES:
        return rows
    level = panel.demand[rows].sum(axis=1) / np.maximum(panel.observed_count[rows], 1)
    by_level = rows[np.argsort(level, kind="stable")]
    places = np.linspace(0, len(rows) - 1, SAMPLE_SERIES).round().astype(np.int64)
    return np.sort(by_level[places])


def _outcomes(panel: SeriesPanel, origin: _Origin, sample: Integers, choice: Candidate, horizon: int) -> Outcomes:
    rows = sample[~origin.past.is_thin[sample]]
    ahead = slice(origin.cut, origin.cut + horizon)
    mean = forecast_means(choice, origin.past, origin.history, rows, panel.phase[ahead])
    known = panel.observed[rows, ahead]
    share = np.cumsum(known, axis=1) / np.arange(1, horizon + 1)
    return Outcomes(
        level=mean.mean(axis=1),
        expected=np.cumsum(np.where(known, mean, 0.0), axis=1),
        actual=np.cumsum(np.where(known, panel.demand[rows, ahead], 0.0), axis=1),
        scored=share >= SCORED_SHARE,
        origin=np.full(len(rows), origin.cut, dtype=np.int64),
    )


def _score(model: str, outcomes: Outcomes, level: float) -> Score:
    quantiles = cross_calibrated(outcomes)
    scored = outcomes.scored
    actual, expected = outcomes.actual[scored], outcomes.expected[scored]
    demand = float(actual.mean()) if actual.size else 0.0
    at_level = _at_level(quantiles, level)[scored]
    band = [quantiles[:, :, int(np.flatnonzero(edge == LEVELS)[0])][scored] for edge in (0.1, 0.9)]
    return Score(
        model,
        pinball_loss(actual, at_level, level) / demand if demand > 0 else 0.0,
        wape(actual, expected),
        bias(actual, expected),
        coverage(actual, band[0], band[1]),
    )


def cross_calibrated(outcomes: Outcomes) -> Reals:
    """Return quantiles of each outcome, calibrated on the other origins only.

    With a single origin, its two halves (every other series) calibrate each other.
    """
    fold = outcomes.origin
    if len(np.unique(fold)) < 2:
        fold = np.arange(len(fold), dtype=np.int64) % 2
    horizon = outcomes.expected.shape[1]
    quantiles = np.empty((*outcomes.expected.shape, len(LEVELS)))
    for value in np.unique(fold):
        held_out = fold == value
        calibration = calibrate(outcomes.rows(~held_out), untested(horizon))
        quantiles[held_out] = calibration.quantiles_of(outcomes.expected[held_out], outcomes.level[held_out])
    return quantiles


def _at_level(quantiles: Reals, level: float) -> Reals:
    upper = int(np.clip(np.searchsorted(LEVELS, level), 1, len(LEVELS) - 1))
    lower = upper - 1
    weight = float(np.clip((level - LEVELS[lower]) / (LEVELS[upper] - LEVELS[lower]), 0.0, 1.0))
    return quantiles[:, :, lower] * (1.0 - weight) + quantiles[:, :, upper] * weight
