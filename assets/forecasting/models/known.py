"""What every candidate of a menu is: something that says the mean of each bucket ahead.

Here: what a candidate is told at an origin, and what it answers. Not here: the candidates
(``series_models``, ``network_models``), or the menu (``candidates``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.censoring import History
from assets.forecasting.history.levels import shrunken_means
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.boosted import BoostedModel, fit_boosted
from assets.forecasting.models.lagged import lagged_means


@dataclass(frozen=True)
class Known:
    """What is known at an origin of the series to forecast.

    Attributes
    ----------
    panel : SeriesPanel
        Series to forecast.
    history : History
        What models of single series see of them.
    phase : array (H,)
        Season positions of the buckets ahead.
    whole : SeriesPanel
        All series, their drivers and season of the year taken out: what levels pool, and what a model of all
        series sees.
    rows : array (n,)
        Ascending rows of ``whole`` that ``panel`` holds.
    boosted : BoostedModel or None
        The model of all series, where any candidate asks it.
    """

    panel: SeriesPanel
    history: History
    phase: Integers
    whole: SeriesPanel
    rows: Integers
    boosted: BoostedModel | None = None

    @cached_property
    def boosted_means(self) -> Reals:
        """Means by the model of all series, shape (n, H); computed once for all who ask."""
        assert self.boosted is not None, "a candidate that learns from all series asks for a model first"
        return self._driven(self.boosted.means(self.whole, self.phase, self.rows))

    @cached_property
    def shrunken_means(self) -> Reals:
        """Means by the shrunken exponential mean in season, shape (n, H)."""
        return self._driven(shrunken_means(self.whole, self.phase, self.rows))

    @cached_property
    def lagged_means(self) -> Reals | None:
        """Means by lags of the series and its groups, shape (n, H); None where the panel teaches too little."""
        means = lagged_means(self.panel, self.history, self.phase)
        return None if means is None else self._driven(means)

    def _driven(self, means: Reals) -> Reals:
        """Put back what was taken out of ``whole``: drivers and season of the year of the buckets ahead."""
        if self.history.driven is None:
            return means
        return means * self.history.driven_ahead(np.arange(len(means)), means.shape[1])


@dataclass(frozen=True)
class MeanForecast:
    """What a candidate says of some series.

    Attributes
    ----------
    mean : array (m, H)
        Mean demand of each bucket ahead; base units, finite and at least 0.
    stood_in : array (m,)
        Whether the candidate's ``fallback`` stands in: too little history for it, or it failed.
    fitted : array (m, P)
        Parameters fitted to each series, as ``Candidate.fits`` names them; NaN without any.
    """

    mean: Reals
    stood_in: Flags
    fitted: Reals


class Candidate(Protocol):
    """One entry of a menu."""

    @property
    def name(self) -> str:
        """As the policy release calls it."""

    @property
    def fallback(self) -> str:
        """What stands in where it cannot forecast a series, as the output names it."""

    @property
    def fits(self) -> tuple[str, ...]:
        """Parameters that it fits to each series, which a later run may update without a fit."""

    @property
    def learns_from_all(self) -> bool:
        """Whether it asks the model of all series, which is fitted before any series is forecast."""

    def settings(self) -> Mapping[str, Any]:
        """Return what it depends on beside the data, for the digest of the rules."""

    def forecast(self, known: Known, rows: Integers, fitted: Reals | None = None) -> MeanForecast:
        """Forecast some series.

        Parameters
        ----------
        known : Known
            What is known at the origin.
        rows : array (m,)
            Rows of ``known.panel``.
        fitted : array (m, P), optional
            Parameters of an earlier fit, which is then updated and not made again; NaN to fit.
        """


def learned(choices: Iterable[Candidate], past: SeriesPanel, phase: Integers) -> BoostedModel | None:
    """Return the one model of all series that candidates share, fitted on a past; none where nobody asks it."""
    return fit_boosted(past, phase) if any(choice.learns_from_all for choice in choices) else None


def said(mean: Reals, stood_in: Flags | None = None, fitted: Reals | None = None) -> MeanForecast:
    """Return an answer in which no mean is missing, infinite or negative."""
    count = len(mean)
    finite = np.nan_to_num(mean, nan=0.0, posinf=0.0, neginf=0.0)
    return MeanForecast(
        np.maximum(finite, 0.0),
        np.zeros(count, dtype=bool) if stood_in is None else stood_in,
        np.empty((count, 0)) if fitted is None else fitted,
    )
