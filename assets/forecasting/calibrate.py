"""Conformal quantiles of cumulative demand from the residuals of the backtest.

Here: pooling scaled residuals within a segment and level group, and applying them. Not here:
making the residuals (``backtest``), or series without any (``analogue``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from assets.forecasting.series import Flags, Integers, Reals
from assets.kernel.frames.decisions import QUANTILE_LEVELS

LEVELS: Reals = np.array(QUANTILE_LEVELS)
# Fewer residuals than this say too little of a 5 % tail; a wider pool speaks then.
MINIMUM_POOL = 50
GROUP_RESIDUALS = 150
MOST_GROUPS = 5
# Added to the mean under the root: a forecast of nothing may still be wrong by a unit.
SCALE_FLOOR_UNITS = 0.05
# Where nothing at all was backtested: counts twice as variable as Poisson.
UNTESTED_VARIANCE_RATIO = 2.0


@dataclass(frozen=True)
class Outcomes:
    """Forecasts of one candidate against what happened, over series and origins.

    Attributes
    ----------
    level : array (m,)
        Forecast mean per bucket.
    expected, actual : array (m, H)
        Cumulative forecast and demand over the buckets whose demand is known.
    scored : array (m, H)
        Whether enough of the buckets up to h are known to score.
    origin : array (m,)
        Origin of the row.
    """

    level: Reals
    expected: Reals
    actual: Reals
    scored: Flags
    origin: Integers

    def rows(self, chosen: Flags) -> Outcomes:
        """Return the chosen rows."""
        return Outcomes(
            self.level[chosen],
            self.expected[chosen],
            self.actual[chosen],
            self.scored[chosen],
            self.origin[chosen],
        )


@dataclass(frozen=True)
class Calibration:
    """Quantiles and root mean square of scaled residuals, by level group and horizon.

    Attributes
    ----------
    edges : array (G - 1,)
        Levels that part the groups.
    quantiles : array (G, H, 13)
        Of ``(demand - mean) / scale``, at ``QUANTILE_LEVELS``.
    deviation : array (G, H)
        Root mean square of the same.
    """

    edges: Reals
    quantiles: Reals
    deviation: Reals

    def group(self, level: Reals) -> Integers:
        """Return the level group of each forecast."""
        return np.searchsorted(self.edges, level, side="right").astype(np.int64)

    def quantiles_of(self, cumulative_mean: Reals, level: Reals) -> Reals:
        """Return quantiles of cumulative demand, shape (n, H, 13).

        They never cross, are at least 0, and do not fall with the horizon, because demand is
        never negative.
        """
        shape = self.quantiles[self.group(level)]
        raw = cumulative_mean[:, :, None] + scale(cumulative_mean)[:, :, None] * shape
        return np.maximum.accumulate(np.maximum.accumulate(np.maximum(raw, 0.0), axis=1), axis=2)

    def deviation_of(self, cumulative_mean: Reals, level: Reals) -> Reals:
        """Return the standard deviation of cumulative demand, shape (n, H)."""
        return scale(cumulative_mean) * self.deviation[self.group(level)]


def scale(cumulative_mean: Reals) -> Reals:
    """Return the unit that residuals are measured in: the root of the mean, as counts vary."""
    return np.sqrt(cumulative_mean + SCALE_FLOOR_UNITS)


def untested(horizon: int) -> Calibration:
    """Return the calibration of a network without any backtest: normal, twice Poisson's variance."""
    spread = float(np.sqrt(UNTESTED_VARIANCE_RATIO))
    quantiles = np.broadcast_to(spread * ndtri(LEVELS), (1, horizon, len(LEVELS)))
    return Calibration(np.empty(0), quantiles.copy(), np.full((1, horizon), spread))


def calibrate(outcomes: Outcomes, wider: Calibration) -> Calibration:
    """Pool the scaled residuals of a segment within groups of similar level.

    Quantiles are split-conformal order statistics at ``(n + 1) * level`` (Vovk, Gammerman and
    Shafer 2005), interpolated. A group and horizon with fewer than ``MINIMUM_POOL`` residuals
    takes those of the wider pool.

    Parameters
    ----------
    outcomes : Outcomes
        Backtest of the segment's champion.
    wider : Calibration
        Pool to fall back to.
    """
    rows = len(outcomes.level)
    groups = int(np.clip(rows // GROUP_RESIDUALS, 1, MOST_GROUPS))
    edges = np.quantile(outcomes.level, np.arange(1, groups) / groups) if rows else np.empty(0)
    horizon = wider.quantiles.shape[1]
    member = np.searchsorted(edges, outcomes.level, side="right")
    residual = (outcomes.actual - outcomes.expected) / scale(outcomes.expected)
    quantiles, deviation = np.empty((groups, horizon, len(LEVELS))), np.empty((groups, horizon))
    for group in range(groups):
        chosen = member == group
        centre = np.median(outcomes.level[chosen], keepdims=True) if chosen.any() else np.zeros(1)
        fallback = int(wider.group(centre)[0])
        for ahead in range(horizon):
            pool = residual[chosen & outcomes.scored[:, ahead], ahead] if rows else np.empty(0)
            if pool.size < MINIMUM_POOL:
                quantiles[group, ahead] = wider.quantiles[fallback, ahead]
                deviation[group, ahead] = wider.deviation[fallback, ahead]
            else:
                quantiles[group, ahead] = np.quantile(pool, LEVELS, method="weibull")
                deviation[group, ahead] = np.sqrt(np.mean(pool**2))
    return Calibration(edges, quantiles, deviation)


def joined(parts: list[Outcomes], horizon: int) -> Outcomes:
    """Return all outcomes as one."""
    none = Outcomes(
        np.empty(0),
        np.empty((0, horizon)),
        np.empty((0, horizon)),
        np.empty((0, horizon), dtype=bool),
        np.empty(0, dtype=np.int64),
    )
    every = [none, *parts]
    return Outcomes(
        np.concatenate([part.level for part in every]),
        np.concatenate([part.expected for part in every]),
        np.concatenate([part.actual for part in every]),
        np.concatenate([part.scored for part in every]),
        np.concatenate([part.origin for part in every]),
    )
