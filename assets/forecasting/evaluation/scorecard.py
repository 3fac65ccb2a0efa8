"""How one candidate did over the outcomes of its backtest: the numbers of a scorecard.

Here: which outcomes count, and the quantiles they are held against. Not here: the metrics
(``scores``, ``pit``), making outcomes (``backtest``), or who wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.evaluation.bias import mean_factor
from assets.forecasting.evaluation.calibrate import LEVELS, calibrate, untested
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.evaluation.pit import pit_bounds, pit_coverage
from assets.forecasting.evaluation.scores import bias, coverage, mase, pinball_loss, rmsse, scaled_pinball_loss, wape
from assets.forecasting.history.arrays import Flags, Reals

# The band whose coverage is judged.
BAND = (0.1, 0.9)


@dataclass(frozen=True)
class Score:
    """How one candidate did in one segment; columns of ``FORECAST_SCORES``.

    Attributes
    ----------
    model : str
        Candidate.
    pinball_loss, wape, bias : float or None
        Of cumulative demand over every window that is scored; the loss at each series' decision level, over
        mean demand. ``None`` without demand to measure them in, as of a segment without an origin.
    coverage_80, pit_coverage_80 : float or None
        Of cumulative demand over *uncensored* windows: the share inside the band of published
        quantiles, and the share of randomised transforms between their levels. ``None`` without one.
    mase, rmsse : float or None
        Of the mean of each bucket.
    scaled_pinball : float or None
        Of all published quantiles of cumulative demand.
    window_count, uncensored_window_count : int
        Windows that are scored, and those of them with every bucket known. A window is a series,
        an origin and the buckets from it up to one of the horizon.
    """

    model: str
    pinball_loss: float | None
    wape: float | None
    bias: float | None
    coverage_80: float | None
    mase: float | None = None
    rmsse: float | None = None
    scaled_pinball: float | None = None
    pit_coverage_80: float | None = None
    window_count: int = 0
    uncensored_window_count: int = 0

    @property
    def compared(self) -> float:
        """What candidates are compared by, the least being the best; infinite where nothing was scored."""
        return math.inf if self.pinball_loss is None else round(self.pinball_loss, 9)


def score_of(model: str, outcomes: Outcomes) -> Score:
    """Score a candidate over its outcomes, its means corrected and its quantiles calibrated at the other origins.

    Parameters
    ----------
    model : str
        Name of the candidate.
    outcomes : Outcomes
        Its forecasts beside what happened.
    """
    return score_against(model, *cross_calibrated(outcomes))


def score_against(model: str, outcomes: Outcomes, quantiles: Reals) -> Score:
    """Score outcomes against quantiles of cumulative demand, shape (m, H, 13)."""
    expected, actual, scored = outcomes.over(0)
    whole = uncensored(outcomes)
    demand = float(actual[scored].mean()) if scored.any() else 0.0
    sold = demand > 0
    ratio = np.broadcast_to(outcomes.decision_level[:, None], actual.shape)
    at_ratio = at_quantile_level(quantiles, outcomes.decision_level)
    loss = pinball_loss(actual[scored], at_ratio[scored], ratio[scored])
    lower, upper = pit_bounds(actual[whole], quantiles[whole], LEVELS)
    known = outcomes.known
    return Score(
        model=model,
        pinball_loss=loss / demand if sold else None,
        wape=wape(actual[scored], expected[scored]) if sold else None,
        bias=bias(actual[scored], expected[scored]) if sold else None,
        coverage_80=coverage(actual[whole], *band_of(quantiles[whole])),
        mase=mase(outcomes.demand, outcomes.mean, known, outcomes.naive_error),
        rmsse=rmsse(outcomes.demand, outcomes.mean, known, outcomes.naive_square),
        scaled_pinball=scaled_pinball_loss(actual, quantiles, LEVELS, scored, outcomes.naive_error),
        pit_coverage_80=pit_coverage(lower, upper, *BAND),
        window_count=int(scored.sum()),
        uncensored_window_count=int(whole.sum()),
    )


def uncensored(outcomes: Outcomes) -> Flags:
    """Return which windows have every bucket known, shape (m, H): only these tell of coverage."""
    whole: Flags = np.logical_and.accumulate(outcomes.known, axis=1)
    return whole


def cross_calibrated(outcomes: Outcomes) -> tuple[Outcomes, Reals]:
    """Return outcomes with means as they would be published, and their quantiles, both told by the other origins only.

    With a single origin, its two halves (every other series) calibrate each other.
    """
    fold = outcomes.origin
    if len(np.unique(fold)) < 2:
        fold = np.arange(len(fold), dtype=np.int64) % 2
    mean, quantiles = outcomes.mean.copy(), np.empty((*outcomes.mean.shape, len(LEVELS)))
    for value in np.unique(fold):
        held_out = fold == value
        others, mine = outcomes.rows(~held_out).without_spikes(), outcomes.rows(held_out)
        factor = mean_factor(others)
        calibration = calibrate(others.scaled(factor), untested(mean.shape[1]))
        corrected = mine.scaled(factor)
        mean[held_out] = corrected.mean
        quantiles[held_out] = calibration.quantiles_of(corrected.expected, corrected.level)
    return replace(outcomes, mean=mean), quantiles


def at_quantile_level(quantiles: Reals, level: Reals | float) -> Reals:
    """Return the quantile at any level, interpolated between the published ones; the last axis goes.

    Parameters
    ----------
    quantiles : array (m, H, 13)
        Of cumulative demand, at the published levels.
    level : float or array (m,)
        Level wanted, of all or of each row; beyond the published ones the outermost counts.
    """
    wanted = np.broadcast_to(np.asarray(level, dtype=np.float64), len(quantiles))
    upper = np.clip(np.searchsorted(LEVELS, wanted), 1, len(LEVELS) - 1)
    weight = np.clip((wanted - LEVELS[upper - 1]) / (LEVELS[upper] - LEVELS[upper - 1]), 0.0, 1.0)[:, None]
    below, above = (
        np.take_along_axis(quantiles, place[:, None, None], axis=2)[:, :, 0] for place in (upper - 1, upper)
    )
    found: Reals = below * (1.0 - weight) + above * weight
    return found


def band_of(quantiles: Reals) -> tuple[Reals, Reals]:
    """Return the lower and upper bound of the 80 % interval; the last axis goes."""
    low, high = (int(np.flatnonzero(level == LEVELS)[0]) for level in BAND)
    return quantiles[..., low], quantiles[..., high]
