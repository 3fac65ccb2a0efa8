"""Rolling-origin backtest: every candidate of a segment, judged on the decision's own loss.

An origin sees only what precedes it: season factors and fills are made again at each. A model of
all series is fitted once, on what precedes the oldest origin, and forecasts from each. Not here:
the numbers of a score (``scorecard``), the models (``candidates``), or whether a new champion
replaces a standing one (``promotion``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.evaluation.outcomes import Outcomes, joined
from assets.forecasting.evaluation.scorecard import Score, score_of
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.fills import spike_excess
from assets.forecasting.history.index import DECISION_LEVEL
from assets.forecasting.history.origin_segments import Names, segments_at
from assets.forecasting.history.panel import MINIMUM_OBSERVED, SeriesPanel
from assets.forecasting.history.ranged import decision_levels
from assets.forecasting.history.seasonality import season_factors
from assets.forecasting.history.segments import rows_by_segment
from assets.forecasting.history.without_drivers import without_drivers
from assets.forecasting.models.boosted import BoostedModel
from assets.forecasting.models.candidates import candidates_of
from assets.forecasting.models.known import Candidate, Known, learned
from assets.policy.release import ForecastRules

# Series of a segment that are backtested, evenly spaced by level: 400 series and 3 origins make
# 1,200 residual paths, and keep the slowest model (OptimizedTheta, 3 ms a fit) at seconds.
SAMPLE_SERIES = 400


@dataclass(frozen=True)
class Tested:
    """One candidate over the backtest of a segment."""

    candidate: Candidate
    score: Score
    outcomes: Outcomes


@dataclass(frozen=True)
class _Happened:
    """What is known now of the series that are tested, and what of it are spikes, shape (m, T)."""

    panel: SeriesPanel
    excess: Reals


@dataclass(frozen=True)
class SegmentBacktest:
    """The backtest of one segment.

    Attributes
    ----------
    segment : str
        Demand segment.
    rows : array
        Its series in the panel.
    tested : tuple of Tested
        In menu order; the same series and origins for each.
    """

    segment: str
    rows: Integers
    tested: tuple[Tested, ...]

    @property
    def best(self) -> Tested:
        """The candidate of least pinball loss; the earlier in the menu on ties."""
        return min(self.tested, key=lambda found: found.score.compared)

    @property
    def champion(self) -> Candidate:
        """The best candidate, which is the champion where none stood before."""
        return self.best.candidate

    @property
    def outcomes(self) -> Outcomes:
        """Outcomes of the best candidate."""
        return self.best.outcomes

    @property
    def scores(self) -> tuple[Score, ...]:
        """Scores in menu order."""
        return tuple(found.score for found in self.tested)

    @property
    def origin_count(self) -> int:
        """Origins at which any of its series could be scored."""
        return len(np.unique(self.outcomes.origin))


@dataclass(frozen=True)
class Backtest:
    """The backtests of all segments.

    Attributes
    ----------
    segments : tuple of SegmentBacktest
        One a segment that occurs.
    boosted : BoostedModel or None
        The model of all series as it was tested: it knows nothing from the oldest origin on.
    """

    segments: tuple[SegmentBacktest, ...]
    boosted: BoostedModel | None


def backtest(panel: SeriesPanel, rules: ForecastRules, horizon: int) -> Backtest:
    """Backtest the menus of all segments over rolling origins, one horizon apart.

    Parameters
    ----------
    panel : SeriesPanel
        All series.
    rules : ForecastRules
        Menus, number of origins and the level of series that are told none.
    horizon : int
        Buckets ahead.
    """
    segments = rows_by_segment(panel.index)
    menus = {segment: candidates_of(rules, segment, panel.bucket) for segment in segments}
    cuts = [panel.length - horizon * (origin + 1) for origin in range(rules.origins)]
    cuts = [cut for cut in cuts if cut >= MINIMUM_OBSERVED]
    then = segments_at(panel, cuts)
    samples = {segment: _sample(panel, np.flatnonzero(_ever(then, segment, panel.size))) for segment in segments}
    tested = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *samples.values()]))
    origins = _origins(panel, tested, cuts, horizon, [choice for menu in menus.values() for choice in menu])
    happened = _happened(panel, tested, rules)
    found = []
    for segment, rows in segments.items():
        sampled = [samples[segment][names[samples[segment]] == segment] for names in then]
        places = [np.searchsorted(tested, sample) for sample in sampled]
        whole = [joined(_over_origins(happened, origins, places, choice), horizon) for choice in menus[segment]]
        scores = [score_of(choice.name, part) for choice, part in zip(menus[segment], whole, strict=True)]
        found.append(SegmentBacktest(segment, rows, tuple(map(Tested, menus[segment], scores, whole))))
    return Backtest(tuple(found), origins[0].boosted if origins else None)


def known_at(panel: SeriesPanel, cut: int, horizon: int, rows: Integers) -> Known:
    """Return what is known of some series at an origin in the past, without a model of all series.

    Parameters
    ----------
    panel : SeriesPanel
        All series.
    cut : int
        First bucket forecast.
    horizon : int
        Buckets ahead.
    rows : array (n,)
        Ascending rows of the series to forecast.
    """
    # Seasons and drivers are pooled over all series; the rest is needed of those forecast only.
    past = panel.until(cut)
    whole, driven = without_drivers(past)
    ahead = None if driven is None else driven[rows]
    history = fill_censored(whole.take(rows), season_factors(whole)[rows], ahead)
    return Known(past.take(rows), history, panel.phase[cut : cut + horizon], whole, rows)


def _origins(
    panel: SeriesPanel, tested: Integers, cuts: list[int], horizon: int, choices: Iterable[Candidate]
) -> list[Known]:
    """Return what is known at each origin of the series that are backtested, the latest first."""
    found = [known_at(panel, cut, horizon, tested) for cut in cuts]
    boosted = learned(choices, found[-1].whole, found[-1].phase) if found else None
    return [replace(known, boosted=boosted) for known in found]


def _happened(panel: SeriesPanel, tested: Integers, rules: ForecastRules) -> _Happened:
    part, plain = panel.take(tested), without_drivers(panel)[0]
    index = part.index.assign(**{DECISION_LEVEL: decision_levels(part.index, rules)})
    # What stands out is told from both sides, and from all that is known now: outcomes are of the past.
    return _Happened(replace(part, index=index), spike_excess(plain.take(tested), season_factors(plain)[tested]))


def _ever(then: list[Names], segment: str, size: int) -> Flags:
    """Return which series were in a segment at any origin."""
    return np.logical_or.reduce([names == segment for names in then], axis=0) if then else np.zeros(size, dtype=bool)


def _sample(panel: SeriesPanel, rows: Integers) -> Integers:
    if len(rows) <= SAMPLE_SERIES:
        return rows
    level = panel.demand[rows].sum(axis=1) / np.maximum(panel.observed_count[rows], 1)
    by_level = rows[np.argsort(level, kind="stable")]
    places = np.linspace(0, len(rows) - 1, SAMPLE_SERIES).round().astype(np.int64)
    return np.sort(by_level[places])


def _over_origins(
    happened: _Happened, origins: list[Known], samples: list[Integers], choice: Candidate
) -> list[Outcomes]:
    """Return a candidate's outcomes at each origin.

    What it fits to a series at the oldest origin is updated at the later ones, as between two refits.
    """
    fitted = np.full((happened.panel.size, len(choice.fits)), np.nan)
    found = [
        _outcomes(happened, known, sample, choice, fitted)
        for known, sample in zip(reversed(origins), reversed(samples), strict=True)
    ]
    return found[::-1]


def _outcomes(happened: _Happened, known: Known, sample: Integers, choice: Candidate, fitted: Reals) -> Outcomes:
    panel, rows = happened.panel, sample[~known.panel.is_thin[sample]]
    cut, horizon = known.panel.length, len(known.phase)
    ahead = slice(cut, cut + horizon)
    seen = panel.observed[rows, ahead]
    error, square = _naive_errors(known.panel, rows)
    told = choice.forecast(known, rows, fitted[rows])
    fitted[rows] = told.fitted
    return Outcomes(
        mean=told.mean,
        demand=np.where(seen, panel.demand[rows, ahead], 0.0),
        known=seen,
        series=rows,
        origin=np.full(len(rows), cut, dtype=np.int64),
        naive_error=error,
        naive_square=square,
        decision_level=panel.index[DECISION_LEVEL].to_numpy(dtype=np.float64)[rows],
        excess=np.where(seen, happened.excess[rows, ahead], 0.0),
    )


def _naive_errors(past: SeriesPanel, rows: Integers) -> tuple[Reals, Reals]:
    both = past.observed[rows, 1:] & past.observed[rows, :-1]
    change = np.where(both, np.diff(past.demand[rows], axis=1), 0.0)
    count = both.sum(axis=1)
    pairs = np.where(count > 0, count, np.nan)
    return np.abs(change).sum(axis=1) / pairs, (change**2).sum(axis=1) / pairs
