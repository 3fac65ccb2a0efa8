"""What a backtest compares: forecasts of one candidate beside what happened, by series and origin.

Not here: making them (``backtest``), scoring them (``scores``), or learning from them (``calibrate``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import bdtrc

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.kernel.frames.forecasts import QUANTILE_LEVELS

# Least share of buckets with known demand for a cumulative outcome to be scored.
SCORED_SHARE = 0.5
# Spikes in more outcomes than lie beyond the outermost published level are no chance, at this probability.
BEYOND_LEVELS = 1.0 - QUANTILE_LEVELS[-1]
CHANCE = 0.05


@dataclass(frozen=True)
class Outcomes:
    """Forecasts of one candidate against what happened, over m pairs of series and origin.

    A bucket whose demand is not known drops out of both sides of whatever is added up.

    Attributes
    ----------
    mean, demand : array (m, H)
        Forecast mean and demand of each bucket after the origin; demand is 0 where it is not known.
    known : array (m, H)
        Whether the whole demand of the bucket is known.
    series : array (m,)
        Row of the series in the panel.
    origin : array (m,)
        First bucket forecast.
    naive_error, naive_square : array (m,)
        Mean absolute and mean squared difference of consecutive known buckets before the origin: the
        error of the naive forecast, which MASE and RMSSE are measured in. NaN without two of them.
    decision_level : array (m,)
        Quantile of demand that decisions about the series rest on; NaN where none are made.
    excess : array (m, H)
        What demand of each bucket has beyond what a spike counts as (``fills``), in base units; 0 where it is none.
    """

    mean: Reals
    demand: Reals
    known: Flags
    series: Integers
    origin: Integers
    naive_error: Reals
    naive_square: Reals
    decision_level: Reals
    excess: Reals

    @property
    def level(self) -> Reals:
        """Forecast mean per bucket, shape (m,)."""
        level: Reals = self.mean.mean(axis=1)
        return level

    @property
    def expected(self) -> Reals:
        """Cumulative forecast over known buckets, shape (m, H)."""
        return self.over(0)[0]

    @property
    def actual(self) -> Reals:
        """Cumulative demand over known buckets, shape (m, H)."""
        return self.over(0)[1]

    @property
    def scored(self) -> Flags:
        """Whether enough of the buckets up to each are known to score, shape (m, H)."""
        return self.over(0)[2]

    def over(self, first: int) -> tuple[Reals, Reals, Flags]:
        """Return forecast, demand and whether to score them, from bucket ``first`` to each later one.

        Returns
        -------
        expected, actual, scored : array (m, H - first)
        """
        known = self.known[:, first:]
        share = np.cumsum(known, axis=1) / np.arange(1, known.shape[1] + 1)
        expected = np.cumsum(np.where(known, self.mean[:, first:], 0.0), axis=1)
        return expected, np.cumsum(np.where(known, self.demand[:, first:], 0.0), axis=1), share >= SCORED_SHARE

    def scaled(self, factor: float) -> Outcomes:
        """Return the outcomes of the same candidate with its means multiplied."""
        return replace(self, mean=self.mean * factor)

    def without_spikes(self) -> Outcomes:
        """Return the outcomes with spikes cut as models see them: what is learned from, and never what is scored.

        One bucket of one series would otherwise be in the tails of all that are pooled with it. Where more
        outcomes hold a spike than chance puts beyond the outermost published level, spikes are how
        demand varies, and stay.
        """
        spiky, none = int((self.excess > 0).any(axis=1).sum()), np.zeros_like(self.excess)
        # One is never a habit, however few there are.
        is_usual = spiky > 1 and bdtrc(spiky - 1, len(self.series), BEYOND_LEVELS) < CHANCE
        return replace(self, demand=self.demand if is_usual else self.demand - self.excess, excess=none)

    def rows(self, chosen: Flags) -> Outcomes:
        """Return the chosen rows."""
        return Outcomes(**{name: values[chosen] for name, values in vars(self).items()})


def joined(parts: list[Outcomes], horizon: int) -> Outcomes:
    """Return all outcomes as one."""
    reals, whole = np.empty((0, horizon)), np.empty(0, dtype=np.int64)
    number = np.empty(0)
    none = Outcomes(
        reals, reals, np.empty((0, horizon), dtype=bool), whole, whole, number, number, number, excess=reals
    )
    every = [none, *parts]
    return Outcomes(**{name: np.concatenate([getattr(part, name) for part in every]) for name in vars(none)})
